"""The read-back image in SunSpec terms (models 701 to 714): ``model.point``, curve points counted from 1.

Examples: ``703.ESHzLo``, ``711.Ctl.DbOf``, ``709.Crv.MustTrip.Pt1.Hz``. SI units and shares of 1 instead of scale
factors; times in seconds. What SunSpec cannot express (RoCoF stages, the charging branch of P(f)) is missing here too.
"""

from __future__ import annotations

import math

from v2gready.references.inverter.rating import Rating
from v2gready.references.inverter.settings import Curve, DerSettings, Relay

Registers = dict[str, float | int]


def setting_registers(rating: Rating, settings: DerSettings) -> Registers:
    """Models 702 to 712: ratings and settings. V in pu of nominal, Hz, s, W, pu of power."""
    f_low, f_high = settings.reconnect_frequency
    u_low, u_high = settings.reconnect_voltage
    gradient = settings.reconnect_gradient
    image: Registers = {
        "702.WMaxRtg": rating.power,
        "702.WChaRteMaxRtg": rating.charge_power,
        "702.VAMaxRtg": rating.apparent,
        "702.VNomRtg": rating.voltage,
        "702.AMaxRtg": rating.current,
        "703.ES": 1,
        "703.ESVLo": u_low,
        "703.ESVHi": u_high,
        "703.ESHzLo": f_low,
        "703.ESHzHi": f_high,
        "703.ESDlyTms": settings.reconnect_wait,
        "703.ESRndTms": settings.reconnect_random,
        "703.ESRmpTms": 1 / gradient if gradient else 0.0,
        "704.AntiIslEna": int(settings.anti_islanding),
        "705.Crv.RspTms": settings.qu_time,
        "711.Ena": int(math.isfinite(settings.lfsmo_threshold)),
        "711.Ctl.RspTms": 1.0,
        "711.Ctl.PMin": -1.0,
    }
    if math.isfinite(settings.lfsmo_threshold):
        image["711.Ctl.DbOf"] = round(settings.lfsmo_threshold - 50.0, 6)
        image["711.Ctl.KOf"] = settings.lfsmo_droop / 100.0
    if math.isfinite(settings.lfsmu_threshold):
        image["711.Ctl.DbUf"] = round(50.0 - settings.lfsmu_threshold, 6)
        image["711.Ctl.KUf"] = settings.lfsmu_droop / 100.0
    for model, relay, quantity in (
        ("707", Relay.U_UNDER, "V"),
        ("708", Relay.U_OVER, "V"),
        ("709", Relay.F_UNDER, "Hz"),
        ("710", Relay.F_OVER, "Hz"),
    ):
        stages = [stage for stage in settings.stages if stage.relay is relay]
        image[f"{model}.Ena"] = int(bool(stages))
        for number, stage in enumerate(stages, 1):
            image[f"{model}.Crv.MustTrip.Pt{number}.{quantity}"] = stage.value
            image[f"{model}.Crv.MustTrip.Pt{number}.Tms"] = stage.delay
    _curve(image, "705", settings.qu_curve, x="V", y="Var")
    _curve(image, "706", settings.voltwatt_curve, x="V", y="W")
    _curve(image, "712", _q_of_p(settings.cosphi_p_curve), x="W", y="Var")
    return image


def _q_of_p(curve: Curve) -> Curve:
    """The curve of cos φ(P) as Q(P): under-excited, hence negative."""
    return tuple((power, -abs(power) * math.sqrt(max(0.0, 1 - cosphi**2)) / cosphi) for power, cosphi in curve)


def _curve(image: Registers, model: str, curve: Curve, *, x: str, y: str) -> None:
    image[f"{model}.Ena"] = int(bool(curve))
    for number, point in enumerate(curve, 1):
        image[f"{model}.Crv.Pt{number}.{x}"], image[f"{model}.Crv.Pt{number}.{y}"] = point
