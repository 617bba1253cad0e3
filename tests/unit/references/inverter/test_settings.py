"""Settings from a profile, the read-back image, and the commands that nothing else tests."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pytest

from tests.unit.references.inverter.device import SETTINGS, device
from v2gready.grid.script import Script
from v2gready.references.inverter import DEFAULT_RATING, REFERENCE, DerSettings, PowerReference, Relay, Stage
from v2gready.references.inverter.cells import MAX_POINTS, MAX_STAGES, parameters
from v2gready.references.inverter.design import Design
from v2gready.references.inverter.rating import Battery
from v2gready.references.inverter.registers import setting_registers


@dataclass(frozen=True)
class One:
    """A parameter."""

    value: float | None = None
    text: str | None = None
    rows: tuple[tuple[float, ...], ...] = ()


def test_an_empty_profile_switches_everything_off() -> None:
    settings = DerSettings.from_profile({})
    assert settings.lfsmo_threshold == math.inf
    assert settings.lfsmu_threshold == settings.lfsmuc_threshold == -math.inf
    assert settings.stages == ()
    assert settings.u_over_10min is None
    assert settings.frt_zero_below is None


def test_what_a_profile_asks_is_set() -> None:
    settings = DerSettings.from_profile(
        {
            "lfsmo_threshold": One(50.4),
            "lfsmo_droop": One(10.0),
            "lfsmo_p_ref": One(text="Pn"),
            "lfsmo_recovery_band": One(rows=((49.8, 50.2),)),
            "lfsmu_charge_curve": One(rows=((49.8, -1.0), (49.0, 0.0))),
            "trip_f_over": One(rows=((52.0, 0.5),)),
            "trip_u_over_10min": One(1.1),
            "reconnect_gradient": One(0.0016),
            "reconnect_random": One(5.0),
            "frt_zero_current_below": One(0.5),
        }
    )
    assert settings.lfsmo_threshold == 50.4
    assert settings.lfsmo_reference is PowerReference.RATED
    assert settings.lfsmo_recovery_band == (49.8, 50.2)
    assert settings.lfsmu_charge_curve == ((49.0, 0.0), (49.8, -1.0))
    assert settings.stages == (Stage("trip_f_over", Relay.F_OVER, 52.0, 0.5),)
    assert settings.stage("trip_f_over") is settings.stages[0]
    assert settings.stage("trip_f_under") is None
    assert settings.u_over_10min == 1.1
    assert (settings.reconnect_gradient, settings.reconnect_random) == (0.0016, 5.0)
    assert settings.frt_zero_below == 0.5


def test_unknown_reference_power() -> None:
    with pytest.raises(ValueError, match="Pfoo"):
        DerSettings.from_profile({"lfsmo_p_ref": One(text="Pfoo")})


def test_registers_hold_the_settings() -> None:
    image = setting_registers(DEFAULT_RATING, SETTINGS)
    assert image["703.ESHzLo"] == 49.5
    assert image["703.ESDlyTms"] == 60.0
    assert image["711.Ctl.DbOf"] == pytest.approx(0.2)
    assert image["711.Ctl.KOf"] == pytest.approx(0.05)
    assert image["707.Crv.MustTrip.Pt2.V"] == 0.45
    assert image["710.Crv.MustTrip.Pt1.Tms"] == 2.0
    assert image["712.Crv.Pt3.Var"] == pytest.approx(-math.tan(math.acos(0.95)))
    assert image["704.AntiIslEna"] == 1


def test_registers_of_a_unit_without_functions() -> None:
    image = setting_registers(DEFAULT_RATING, DerSettings.from_profile({}))
    assert image["711.Ena"] == image["705.Ena"] == image["709.Ena"] == 0
    assert "711.Ctl.DbOf" not in image


def test_state_registers_follow() -> None:
    inverter = device(0.5)
    inverter.set_limit(0.6)
    image = inverter.registers()
    assert image["701.ConnSt"] == 1
    assert image["704.WMaxLimPct"] == 0.6
    assert image["704.WSet"] == -5500.0
    assert image["713.SoC"] == pytest.approx(inverter.soc, abs=1e-6)
    inverter.advance(Script().step(f=52.2).hold(0.5))
    assert inverter.registers()["701.ConnSt"] == 0
    assert inverter.reason == "trip_f_over_2"


def test_new_settings_hold_at_once() -> None:
    inverter = device(1.0)
    inverter.configure(replace(SETTINGS, lfsmo_droop=2.0))
    assert inverter.settings.lfsmo_droop == 2.0
    recording = inverter.advance(Script().step(f=50.6).hold(4.0))
    assert -recording.values("p")[-1] == pytest.approx(0.6 * 11_000, abs=30)


def test_a_profile_or_settings_open_the_same_device() -> None:
    assert REFERENCE.open(DEFAULT_RATING, {}).settings == DerSettings.from_profile({})
    assert REFERENCE.name == "inverter"


def test_too_much_for_the_arrays() -> None:
    stages = (Stage("x", Relay.U_OVER, 1.2, 1.0),) * (MAX_STAGES + 1)
    with pytest.raises(ValueError, match="stages"):
        parameters(DEFAULT_RATING, Battery(), replace(SETTINGS, stages=stages), Design())
    curve = tuple((float(n), 0.0) for n in range(MAX_POINTS + 1))
    with pytest.raises(ValueError, match="points"):
        parameters(DEFAULT_RATING, Battery(), replace(SETTINGS, qu_curve=curve), Design())
