"""The catalogue of faults: each has a name and a sentence, and makes the car behave differently."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

import pytest

from tests.unit.references.ev.rig import Rig, rig, virtually
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Eim
from v2gready.protocols.iso15118.services import BptChannel, ControlMode, ServiceId
from v2gready.protocols.sdp import SdpResponse, Security
from v2gready.protocols.v2gtp import encode_frame
from v2gready.references.ev import REFERENCE, BatteryData, Effect, PauseStyle, PauseWindow
from v2gready.references.ev.faults import AREAS, CATALOGUE

Drive = Callable[[Rig], Awaitable[None]]
SCENARIOS: dict[str, tuple[Drive, dict[str, Any]]] = {}
"""What has to happen for a fault to show, and the rig it happens on."""

SCHEDULED, DYNAMIC = (ControlMode.SCHEDULED,), (ControlMode.DYNAMIC,)
PAUSED = {"loops": None, "pauses": (PauseWindow(after=5, seconds=60),)}
IN_TLS = {"tls": True}


def shows(names: str, **settings: Any) -> Callable[[Drive], Drive]:
    """Registers a scenario for some faults."""

    def register(drive: Drive) -> Drive:
        for name in names.split():
            assert name not in SCENARIOS, name
            SCENARIOS[name] = (drive, settings)
        return drive

    return register


async def _visit(one: Rig) -> None:
    await one.visit()


async def _for(one: Rig, seconds: float) -> None:
    one.ev.plug_in()
    await asyncio.sleep(seconds)


def bent(kind: type, change: Callable[[Any], Any]) -> Drive:
    """A session in which the charger says something else."""

    async def drive(one: Rig) -> None:
        one.script.alter(kind, change)
        await _for(one, 20)

    return drive


def code(value: m.ResponseCode) -> Callable[[Any], Any]:
    return lambda response: replace(response, ResponseCode=value)


def ongoing(response: Any) -> Any:
    return replace(response, EVSEProcessing=m.Processing.Ongoing)


# A session is enough

_EVERYWHERE = """session-id-not-adopted evccid-empty evccid-not-of-certificate session-setup-repeated
    timestamp-in-milliseconds timestamp-frozen session-id-made-up auth-pnc-without-contract auth-eim-signed
    auth-skips-setup service-detail-skipped parameter-set-not-offered service-vas-selected sap-priority-twice
    sap-schema-id-twice sap-wrong-major cpd-minimum-above-maximum cpd-implausible-power
    schedule-of-other-mode energy-requests-out-of-order session-stop-left-out power-stop-left-out
    connection-cut-out-of-loop connection-left-open termination-code-too-long request-slow request-too-slow
    v2gtp-bad-version v2gtp-length-short payload-type-of-common request-truncated request-twice
    contactor-closed-after-stop loop-slow loop-of-other-mode charging-complete-early sdp-bad-header sdp-wrong-length
    sdp-asks-for-udp pre-charge-not-awaited pre-charge-target-too-high pre-charge-skipped contactor-closed-early
    present-voltage-zero contactor-opens-under-load cable-check-not-awaited"""
shows(_EVERYWHERE, services=(ServiceId.DC_BPT, ServiceId.AC_BPT))(_visit)
_SCHEDULED = """schedule-tuple-not-offered profile-missing profile-of-other-mode profile-time-anchor-zero
    target-current-above-own-limit target-voltage-above-own-limit profile-above-schedule profile-not-kept"""
shows(_SCHEDULED, controls=SCHEDULED)(_visit)
_BPT = "cpd-without-bpt cpd-discharge-sign-differs loop-without-bpt v2x-energy-missing"
shows(_BPT, services=(ServiceId.DC_BPT,), controls=DYNAMIC)(_visit)
shows("cpd-bpt-unasked", services=(ServiceId.DC,))(_visit)
shows("soc-pair-incomplete", controls=DYNAMIC)(_visit)
_PRESENT = "ac-present-power-zero ac-present-power-is-target"
shows(_PRESENT, services=(ServiceId.AC,), loops=20)(_visit)
shows("sdp-asks-without-tls tls-no-client-certificate tls-left-out", **IN_TLS)(_visit)
shows("power-tolerance-unanswered", shapes={"power_tolerance": 500.0})(_visit)
shows("parameter-set-first parameter-set-by-number", controls=DYNAMIC)(
    bent(
        m.ServiceDetailRes,
        lambda res: replace(
            res,
            ServiceParameterList=m.ServiceParameterList(
                ParameterSet=tuple(
                    replace(one, ParameterSetID=10 * one.ParameterSetID)
                    for one in res.ServiceParameterList.ParameterSet
                )
            ),
        ),
    )
)


# SDP


@shows("sdp-retries-too-fast sdp-asks-once sdp-never-gives-up", sdp_attempts=20)
async def _silence(one: Rig) -> None:
    one.script.answers = [None] * 1000
    await one.visit()


def sdp(**changes: Any) -> Drive:
    async def drive(one: Rig) -> None:
        endpoint = one.charger.tcp_endpoint(Security.TLS) or one.charger.tcp_endpoint(Security.NONE)
        assert endpoint is not None
        good = SdpResponse(IPv6Address(endpoint.host), endpoint.port, Security.NONE)
        one.script.answers = [replace(good, **changes).encode()]
        await one.visit()

    return drive


shows("sdp-accepts-downgrade", **IN_TLS)(sdp())
shows("sdp-accepts-off-link")(sdp(address=IPv6Address("2001:db8::1")))
shows("sdp-accepts-multicast")(sdp(address=IPv6Address("ff02::1")))
shows("sdp-accepts-unspecified")(sdp(address=IPv6Address("::")))
shows("sdp-accepts-port-zero")(sdp(port=0))
shows("sdp-accepts-any-port sdp-ends-at-bad-answer")(sdp(port=80))


@shows("sdp-dies-of-garbage")
async def _garbage(one: Rig) -> None:
    one.script.answers = [b"garbage"]
    await one.visit()
    assert one.ev.alive is not (one.ev.effects != ())


# SAP, session, authorization

_NONE = m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.Failed_NoNegotiation)
shows("sap-refusal-ignored")(bent(m.SupportedAppProtocolRes, lambda _: _NONE))
shows("sap-takes-any-schema-id")(bent(m.SupportedAppProtocolRes, lambda res: replace(res, SchemaID=99)))
shows("sap-schema-id-ignored", services=(ServiceId.DC, ServiceId.AC))(
    bent(m.SupportedAppProtocolRes, lambda res: replace(res, SchemaID=20))
)


def other_id(response: Any) -> Any:
    return replace(response, Header=replace(response.Header, SessionID=b"\x11" * 8))


shows("session-id-change-followed")(bent(m.ServiceDiscoveryRes, other_id))
shows("session-zero-id-accepted")(
    bent(m.SessionSetupRes, lambda res: replace(res, Header=replace(res.Header, SessionID=bytes(8))))
)
shows("session-joins-unasked")(bent(m.SessionSetupRes, code(m.ResponseCode.OK_OldSessionJoined)))
_REFUSED = {"shapes": {"authorization": (Eim.REJECT,)}}


@shows("auth-refusal-ignored auth-retries-forever", **_REFUSED)
async def _refused(one: Rig) -> None:
    await _for(one, 30)


_WAITING = {"shapes": {"authorization": (Eim.ONGOING,) * 300 + (Eim.ACCEPT,)}}


@shows("auth-ongoing-as-finished ongoing-timeout-missing ongoing-timeout-short", **_WAITING)
async def _endless(one: Rig) -> None:
    await _for(one, 100)


# Services


def unknown_service(response: Any) -> Any:
    services = (m.Service(ServiceID=60_000, FreeService=False), *response.EnergyTransferServiceList.Service)
    vas = m.ServiceList(Service=(m.Service(ServiceID=65, FreeService=True),))
    return replace(response, EnergyTransferServiceList=m.ServiceList(Service=services), VASList=vas)


shows("service-unknown-id-fatal service-vas-fatal")(bent(m.ServiceDiscoveryRes, unknown_service))
shows(
    "service-first-offered",
    services=(ServiceId.DC_BPT, ServiceId.DC),
    shapes={"services": (ServiceId.DC, ServiceId.DC_BPT)},
)(_visit)
shows("service-not-offered", services=(ServiceId.DC_BPT,), shapes={"services": (ServiceId.DC,)})(_visit)
shows("service-detail-of-other-accepted")(bent(m.ServiceDetailRes, lambda res: replace(res, ServiceID=2)))


def many_parameters(response: Any) -> Any:
    more = tuple(m.Parameter(Name=f"New{n}", boolValue=True) for n in range(20))
    sets = tuple(replace(one, Parameter=one.Parameter + more) for one in response.ServiceParameterList.ParameterSet)
    return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=sets))


shows("parameter-unknown-fatal parameter-many-fatal")(bent(m.ServiceDetailRes, many_parameters))


# Parameters, schedules


def energy_mode(**changes: float) -> Callable[[Any], Any]:
    numbers = {name: m.RationalNumber.of(value) for name, value in changes.items()}
    return lambda res: replace(res, EnergyTransferMode=replace(res.EnergyTransferMode, **numbers))


def without_bpt(response: Any) -> Any:
    mode, base = response.EnergyTransferMode, m.DC_CPDResEnergyTransferMode
    plain: Any = {name: getattr(mode, name) for name in base.__dataclass_fields__}
    return replace(response, EnergyTransferMode=base(**plain))


_CPD = m.DC_ChargeParameterDiscoveryRes
shows("cpd-mode-not-in-kind-accepted", services=(ServiceId.DC_BPT,))(bent(_CPD, without_bpt))
shows("cpd-implausible-limits-accepted")(bent(_CPD, energy_mode(EVSEMinimumChargePower=90_000)))
shows("cpd-voltage-window-ignored")(bent(_CPD, energy_mode(EVSEMaximumVoltage=250)))
shows("schedule-ongoing-as-finished", shapes={"schedule_ongoing": 5})(_visit)
shows("schedule-mode-not-in-kind-accepted")(
    bent(m.ScheduleExchangeRes, lambda res: replace(res, SEResControlMode=m.Dynamic_SEResControlMode()))
)


def renumbered(response: Any) -> Any:
    tuples = tuple(
        replace(one, ScheduleTupleID=one.ScheduleTupleID + 40) for one in response.SEResControlMode.ScheduleTuple
    )
    return replace(response, SEResControlMode=replace(response.SEResControlMode, ScheduleTuple=tuples))


shows("schedule-tuple-always-one")(bent(m.ScheduleExchangeRes, renumbered))


# DC

shows("cable-check-failed-ignored")(bent(m.DC_CableCheckRes, code(m.ResponseCode.FAILED)))
shows("overvoltage-ignored")(
    bent(m.DC_ChargeLoopRes, lambda res: replace(res, EVSEPresentVoltage=m.RationalNumber.of(600)))
)


@shows("overpower-ignored", loops=None)
async def _much(one: Rig) -> None:
    much = m.RationalNumber.of(200)
    one.script.alter(m.DC_ChargeLoopRes, lambda res: replace(res, EVSEPresentCurrent=much))
    await _for(one, 20)


@shows("welding-detection-endless")
async def _welded(one: Rig) -> None:
    await _for(one, 20)


def other_mode(response: Any) -> Any:
    power = m.RationalNumber.of(1)
    limits: Any = dict.fromkeys(("EVSEMaximumChargePower", "EVSEMinimumChargePower", "EVSEMaximumChargeCurrent"), power)
    mode = m.Dynamic_DC_CLResControlMode(**limits, EVSEMaximumVoltage=m.RationalNumber.of(900))
    return replace(response, CLResControlMode=mode)


shows("loop-mode-not-in-kind-accepted", controls=SCHEDULED)(bent(m.DC_ChargeLoopRes, other_mode))


# Power

_STEERED = {"services": (ServiceId.AC_BPT,), "controls": DYNAMIC, "loops": None}


@shows(
    "ac-target-ignored ac-target-not-limited ac-target-sign-ignored ac-target-first-phase-alone ac-target-slowly "
    "ac-present-power-magnitude bpt-never-discharges bpt-sign-inverted",
    **_STEERED,
)
async def _steered(one: Rig) -> None:
    mode_of: Any = None

    def far(response: Any) -> Any:
        nonlocal mode_of
        mode_of = response.CLResControlMode
        watts = m.RationalNumber.of(-20_000)
        return replace(response, CLResControlMode=replace(mode_of, EVSETargetActivePower=watts))

    one.ev.plug_in()
    for target in (5_000, -3_000):
        one.charger.set_power(target)
        await asyncio.sleep(6)
    one.script.alter(m.AC_ChargeLoopRes, far)
    await asyncio.sleep(6)


@shows("bpt-target-current-magnitude", loops=None)
async def _discharging(one: Rig) -> None:
    one.ev.set_power(-3_000)
    await _for(one, 15)


@shows("bpt-discharges-without-bpt", services=(ServiceId.AC,), loops=None)
async def _driver_discharges(one: Rig) -> None:
    one.ev.set_power(-3_000)
    await _for(one, 15)


_LOW = {"battery": BatteryData(soc=0.25, capacity=2_000), "minimum_soc": 10, "v2x_minimum_soc": 30}


@shows(
    "v2x-band-ignored bpt-full-limits-when-empty", services=(ServiceId.DC_BPT,), controls=DYNAMIC, loops=None, **_LOW
)
async def _below_the_band(one: Rig) -> None:
    one.charger.set_power(-5_000)
    await _for(one, 10)


@shows("bpt-reserve-ignored", services=(ServiceId.AC_BPT,), controls=DYNAMIC, loops=None, battery=_LOW["battery"])
async def _reserve(one: Rig) -> None:
    one.charger.set_power(-5_000)
    await _for(one, 10)


_MOVING = {"battery": BatteryData(soc=0.5, capacity=500), "services": (ServiceId.DC_BPT,), "loops": None}


@shows("present-soc-frozen energy-requests-frozen v2x-energy-frozen departure-frozen", controls=DYNAMIC, **_MOVING)
async def _moving(one: Rig) -> None:
    await _for(one, 30)


@shows("target-soc-ignored", controls=SCHEDULED, **_MOVING)
async def _full(one: Rig) -> None:
    await _for(one, 200)


@shows("departure-ignored", loops=None, departure=20)
async def _departs(one: Rig) -> None:
    await _for(one, 40)


@shows("bpt-channel-missing bpt-channel-wrong", shapes={"bpt_channel": BptChannel.SEPARATED})
async def _separated(one: Rig) -> None:
    await one.visit()


# Notifications


def notified(kind: m.EvseNotification) -> Drive:
    async def drive(one: Rig) -> None:
        await _for(one, 8)
        one.charger.notify(kind, 2)
        await asyncio.sleep(15)

    return drive


_FOREVER = {"loops": None}
shows("terminate-notification-ignored notification-late", **_FOREVER)(notified(m.EvseNotification.Terminate))
shows("pause-notification-ignored pause-as-terminate", **_FOREVER)(notified(m.EvseNotification.Pause))
shows(
    "schedule-renegotiation-ignored schedule-renegotiation-ends schedule-renegotiation-repeats-cable-check", **_FOREVER
)(notified(m.EvseNotification.ScheduleRenegotiation))
shows(
    "service-renegotiation-ignored service-renegotiation-ends service-renegotiation-authorizes "
    "service-renegotiation-closes",
    **_FOREVER,
)(notified(m.EvseNotification.ServiceRenegotiation))
shows("metering-notification-ignored metering-reading-altered metering-session-wrong", **_FOREVER)(
    notified(m.EvseNotification.MeteringConfirmation)
)


@shows("schedule-renegotiation-keeps-profile", **_FOREVER)
async def _lower(one: Rig) -> None:
    await _for(one, 8)
    config = one.charger.station.config
    one.charger.station.config = replace(config, schedule=((3600, 0.1),))
    one.charger.notify(m.EvseNotification.ScheduleRenegotiation)
    await asyncio.sleep(5)


# Pauses


@shows(
    "pause-without-power-stop pause-as-terminate-at-stop pause-never-wakes pause-wakes-late pause-wakes-at-once "
    "pause-contactor-closed resume-with-zero-id resume-with-wrong-id resume-with-other-evccid resume-starts-over "
    "pause-interval-not-in-profile",
    **PAUSED,
)
async def _paused(one: Rig) -> None:
    await _for(one, 100)


@shows("resume-keeps-old-session", **PAUSED)
async def _forgotten(one: Rig) -> None:
    await _for(one, 30)
    one.charger.station.paused.clear()
    await asyncio.sleep(70)


@shows("resume-at-any-secc", **PAUSED)
async def _elsewhere(one: Rig) -> None:
    await _for(one, 30)
    one.script.alter(m.SessionSetupRes, lambda res: replace(res, EVSEID="DE*OTH*E00002"))
    await asyncio.sleep(70)


@shows("pause-unasked-in-dynamic", controls=DYNAMIC, **_FOREVER)
async def _wish(one: Rig) -> None:
    await _for(one, 8)
    one.ev.pause()
    await asyncio.sleep(5)


_ZERO = {"loops": None, "pauses": (PauseWindow(after=3, seconds=30, style=PauseStyle.ZERO_POWER),)}
shows("zero-power-not-zero", **_ZERO)(_paused)
shows("zero-power-terminates zero-power-stays", **_ZERO)(_paused)


@shows("resume-too-soon-starts-anew", **_FOREVER)
async def _woken_at_once(one: Rig) -> None:
    await _for(one, 8)
    one.ev.pause()
    await one.ev.settled()
    one.ev.wake_up()
    await asyncio.sleep(5)


@shows("pause-forgets-reserve", services=(ServiceId.DC_BPT,), minimum_soc=60, target_soc=90, **PAUSED)
async def _below(one: Rig) -> None:
    await _for(one, 100)


@shows("bpt-turns-once", services=(ServiceId.AC_BPT,), controls=SCHEDULED, **_FOREVER)
async def _there_and_back(one: Rig) -> None:
    one.ev.set_power(-4_000)
    await _for(one, 12)
    one.ev.set_power(4_000)
    await asyncio.sleep(5)


_STANDBY = {"loops": None, "pauses": (PauseWindow(after=3, seconds=30, style=PauseStyle.STANDBY),)}


@shows("standby-draws-power exit-standby-ignored", **_STANDBY)
async def _standby(one: Rig) -> None:
    await _for(one, 15)
    one.charger.notify(m.EvseNotification.ExitStandby)
    await asyncio.sleep(5)


shows("standby-refusal-ends", shapes={"standby": False}, **_STANDBY)(_paused)


# Endings


def failing(kind: type) -> Drive:
    return bent(kind, code(m.ResponseCode.FAILED))


shows("failed-ignored failed-ignored-before-power")(failing(m.ServiceDiscoveryRes))
shows("failed-ignored-in-loop contactor-closed-after-failure")(failing(m.ChargeLoopRes))
shows("failed-ignored-at-power-delivery")(failing(m.PowerDeliveryRes))
shows("retries-without-end")(failing(m.SessionSetupRes))


# Timers


def slow(kind: type, seconds: float) -> Drive:
    async def drive(one: Rig) -> None:
        one.script.delay(kind, seconds, nth=0)
        await _for(one, 60)

    return drive


shows("message-timeout-long")(slow(m.AuthorizationSetupRes, 3.0))
shows("message-timeout-short")(slow(m.AuthorizationSetupRes, 1.8))
shows("detail-timeout-long")(slow(m.ServiceDetailRes, 6.0))
shows("detail-timeout-short")(slow(m.ServiceDetailRes, 4.0))
shows("loop-timeout-long")(slow(m.ChargeLoopRes, 0.8))
shows("loop-timeout-short")(slow(m.ChargeLoopRes, 0.4))


@shows("cable-check-timeout-missing")
async def _long_check(one: Rig) -> None:
    one.charger.station.dc._proceed_with_test = lambda _seconds: None  # type: ignore[method-assign]
    await _for(one, 60)


@shows("pre-charge-timeout-missing")
async def _cold(one: Rig) -> None:
    one.script.alter(m.DC_PreChargeRes, lambda res: replace(res, EVSEPresentVoltage=m.RationalNumber.of(0)))
    await _for(one, 30)


@shows("setup-timeout-missing", sdp_attempts=1000)
async def _long_search(one: Rig) -> None:
    one.script.answers = [None] * 100
    await _for(one, 60)


# Octets


def octets(change: Callable[[bytes], bytes]) -> Drive:
    async def drive(one: Rig) -> None:
        one.script.octets = [bytes] * 6 + [change]
        await _for(one, 20)

    return drive


shows("undecodable-ignored dies-of-undecodable")(octets(lambda data: data[:8] + b"\xff" * (len(data) - 8)))
shows("unknown-frame-fatal")(octets(lambda data: encode_frame(0xA001, b"?") + data))
shows("unasked-message-taken")(octets(lambda data: data + data))
shows("segments-not-joined")(octets(lambda data: data[:10]))


@shows("wrong-response-ignored")
async def _wrong(one: Rig) -> None:
    header = m.MessageHeader(SessionID=bytes(8), TimeStamp=0)
    other = m.ServiceSelectionRes(Header=header, ResponseCode=m.ResponseCode.OK)
    one.script.instead(m.ServiceDiscoveryRes, other)
    await _for(one, 20)


# The catalogue

ELSEWHERE = {
    *(name for name, kind in CATALOGUE.items() if kind.__module__.endswith((".pnc", ".tls"))),
    "tampered-prices-believed",
} - {"tls-no-client-certificate", "tls-left-out"}
"""Their scenarios are in test_chain.py and test_plug_and_charge.py."""


def test_the_scenarios_are_of_known_faults() -> None:
    """A fault that came with a case has none here: it is proven with its case (tests/quality)."""
    assert set(SCENARIOS) | ELSEWHERE <= set(CATALOGUE)


def test_the_catalogue_is_well_kept() -> None:
    assert len(CATALOGUE) >= 80
    modules = {area.__name__ for area in AREAS}
    for name, kind in CATALOGUE.items():
        assert kind.__module__ in modules, name
        assert kind.sentence.endswith("."), name
        assert name == name.lower()
    assert len({kind.sentence for kind in CATALOGUE.values()}) == len(CATALOGUE)
    assert REFERENCE.faults["loop-slow"].startswith("Takes 0.4 s")


def _run(faults: Sequence[str], name: str) -> Sequence[Effect]:
    drive, settings = SCENARIOS[name]

    async def main() -> Sequence[Effect]:
        async with rig(*faults, **settings) as one:
            await drive(one)
            return one.ev.effects

    return virtually(main)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_fault_shows(name: str) -> None:
    effects = _run((name,), name)
    assert {effect.fault for effect in effects} == {name}
    assert all(effect.what for effect in effects)


@pytest.mark.parametrize(
    "name",
    sorted({drive.__name__ + str(sorted(settings)): name for name, (drive, settings) in SCENARIOS.items()}.values()),
)
def test_a_faultless_car_shows_nothing(name: str) -> None:
    assert not _run((), name)
