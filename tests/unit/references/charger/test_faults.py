"""The catalogue of faults: each has a name and a sentence, and makes the charger behave differently."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.charger.car import Wire, rn, with_header
from tests.unit.references.charger.rig import encoded, exchange, next_frame, rig, virtually
from tests.unit.references.charger.test_table import installation
from v2gready.emulators.ev import TlsUse
from v2gready.protocols import sdp
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.secc.power import ContactorDefect
from v2gready.protocols.iso15118.secc.seams import Died, Fault, Seams, difference
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import BptChannel, ControlMode, ServiceId
from v2gready.protocols.v2gtp import encode_frame
from v2gready.references.charger import REFERENCE, Effect, Eim, SecurityPolicy
from v2gready.references.charger.faults import AREAS, CATALOGUE, make
from v2gready.references.charger.faults.registry import fault

Effects = Sequence[Effect]
Scenario = Callable[[str], Effects]

SCENARIOS: dict[str, Scenario] = {}
"""What has to happen for a fault to show."""


def shows(*names: str) -> Callable[[Scenario], Scenario]:
    """Registers a scenario for some faults."""

    def register(scenario: Scenario) -> Scenario:
        for name in names:
            assert name not in SCENARIOS, name
            SCENARIOS[name] = scenario
        return scenario

    return register


def wired(
    drive: Callable[[Wire], Any],
    service: ServiceId = ServiceId.DC_BPT,
    control: ControlMode = ControlMode.SCHEDULED,
    **settings: Any,
) -> Scenario:
    """A scenario on the sans-I/O core."""

    def scenario(name: str) -> Effects:
        wire = Wire(service, control, faults=(name,), **settings)
        with contextlib.suppress(Died):  # the fault says so in its effects
            drive(wire)
        return wire.effects

    return scenario


# Whole sessions in good order

shows(
    "session-id-zero",
    "session-id-constant",
    "session-id-ascii",
    "session-id-counter",
    "session-id-32-bit",
    "header-session-id-changed",
    "header-session-id-short",
    "timestamp-zero",
    "timestamp-milliseconds",
    "evse-id-empty",
    "session-setup-plain-ok",
    "session-setup-joins-new",
    "setup-code-everywhere",
    "sap-literal-schema-id",
    "sap-schema-id-missing",
    "offers-missing-certificate-installation",
    "bpt-parameters-missing",
    "no-dynamic-offered",
    "no-scheduled-offered",
    "mobility-needs-2-with-scheduled",
    "service-detail-other-service",
    "undeclared-renegotiation",
    "parameters-answered-without-bpt",
    "announces-min-above-max",
    "answers-other-control-mode",
    "schedule-above-limits",
    "discharging-schedule-missing",
    "cable-check-skipped",
    "precharge-voltage-off",
    "precharge-reports-target",
    "energy-before-permission",
    "current-above-limit",
    "welding-voltage-stuck",
    "discharges-when-charging-asked",
    "present-current-inverted",
    "present-current-fabricated",
    "loop-limits-above-cpd",
    "loop-answers-without-bpt",
    "meter-info-missing",
    "meter-discharge-missing",
    "meter-not-monotonic",
    "meter-swaps-registers",
    "power-never-starts",
    "power-delivery-stop-as-failed",
    "contactor-stays-closed-after-stop",
    "no-tcp-close-after-stop",
    "terminate-as-failed",
    "slow-response",
    "slow-sap",
    "slow-session-setup",
    "slow-authorization",
    "slow-services",
    "slow-service-detail",
    "slow-parameters",
    "slow-schedule",
    "slow-cable-check",
    "slow-precharge",
    "slow-power-delivery",
    "slow-loop-response",
    "slow-welding-detection",
    "slow-session-stop",
)(wired(Wire.finish))
shows("discharges-without-bpt")(wired(Wire.finish, ServiceId.DC))
shows("energised-before-start", "nominal-frequency-zero", "phase-limits-missing")(wired(Wire.finish, ServiceId.AC))
shows("ac-target-above-limit", "ac-target-ignores-car", "ac-target-first-phase")(
    wired(Wire.finish, ServiceId.AC_BPT, ControlMode.DYNAMIC)
)


@shows("double-response", "no-response", "res-type-mismatch")
def odd_answers(name: str) -> Effects:
    wire = Wire(faults=(name,))
    wire.reach(m.ServiceDiscoveryReq)
    wire.ask(wire.build(m.ServiceDiscoveryReq))
    wire.ask(wire.build(m.ServiceDetailReq))
    select = m.SelectedService(ServiceID=int(ServiceId.DC), ParameterSetID=1)
    wire.ask(replace(wire.build(m.ServiceSelectionReq), SelectedEnergyTransferService=select))
    return wire.effects


# Negotiation


def offer(**changes: Any) -> m.AppProtocol:
    good: dict[str, Any] = {
        "ProtocolNamespace": m.dc.NAMESPACE,
        "VersionNumberMajor": 1,
        "VersionNumberMinor": 0,
        "SchemaID": 5,
        "Priority": 2,
    }
    return m.AppProtocol(**{**good, **changes})


def offering(*offers: m.AppProtocol) -> Scenario:
    return wired(lambda wire: wire.ask(m.SupportedAppProtocolReq(AppProtocol=offers)))


shows("sap-first-offer-wins", "sap-highest-number-wins")(offering(offer(Priority=3, SchemaID=3), offer()))
shows("sap-accepts-unknown-major")(offering(offer(VersionNumberMajor=2)))
shows("sap-accepts-foreign-namespace", "sap-open-after-failure")(offering(offer(ProtocolNamespace=m.ac.NAMESPACE)))
shows("sap-refuses-minor-deviation", "sap-hides-minor-deviation")(offering(offer(VersionNumberMinor=1)))


# Session and order


def ask(kind: type, change: Callable[[Any], Any] = lambda request: request) -> Callable[[Wire], Any]:
    """Reaches a request and sends it changed."""

    def drive(wire: Wire) -> None:
        wire.reach(kind)
        wire.ask(change(wire.build(kind)))

    return drive


def early(kind: type) -> Callable[[Wire], Any]:
    """Sends a request while the authorization is set up."""

    def drive(wire: Wire) -> None:
        wire.settle(State.ESTABLISHED)
        wire.ask(wire.build(kind))

    return drive


shows("accepts-unknown-session", "unknown-session-wrong-code", "goes-on-after-failed")(
    wired(ask(m.ServiceDiscoveryReq, lambda request: with_header(request, SessionID=b"\x01" * 8)))
)
shows("accepts-zero-session")(
    wired(ask(m.ServiceDiscoveryReq, lambda request: with_header(request, SessionID=bytes(8))))
)
shows(
    "sequence-check-missing",
    "sequence-error-wrong-code",
    "wrong-res-for-sequence-error",
    "sequence-error-unanswered",
)(wired(early(m.ServiceDiscoveryReq)))
shows("terminate-refused-early")(wired(early(m.SessionStopReq)))
shows("stale-certificate-installation")(
    wired(lambda wire: (wire.settle(State.AUTHORIZING), wire.ask(installation(wire))))
)


# Authorization

shows(
    "eim-failure-as-failed",
    "eim-failure-ongoing",
    "eim-failure-without-warning",
    "accepts-refused-card",
    "authorization-never-ends",
)(wired(ask(m.AuthorizationReq), authorization=(Eim.REJECT,)))
shows("authorization-retry-refused")(
    wired(lambda wire: (wire.reach(m.AuthorizationReq), wire.step(), wire.step()), authorization=(Eim.REJECT,))
)


def plug_and_charge(request: m.AuthorizationReq) -> m.AuthorizationReq:
    return replace(request, SelectedAuthorizationService=m.Authorization.PnC)


shows("accepts-unoffered-authorization", "unoffered-authorization-as-failed")(
    wired(ask(m.AuthorizationReq, plug_and_charge))
)


# Services


def selecting(service: int, parameter_set: int) -> Callable[[Any], Any]:
    wanted = m.SelectedService(ServiceID=service, ParameterSetID=parameter_set)
    return lambda request: replace(request, SelectedEnergyTransferService=wanted)


shows("service-id-not-checked")(wired(ask(m.ServiceDetailReq, lambda one: replace(one, ServiceID=99))))
shows("accepts-unoffered-service")(wired(ask(m.ServiceSelectionReq, selecting(1, 1))))
shows("accepts-unoffered-parameter-set", "service-selection-wrong-code")(
    wired(ask(m.ServiceSelectionReq, selecting(6, 9)))
)
shows("service-filter-on-energy")(
    wired(ask(m.ServiceDiscoveryReq, lambda one: replace(one, SupportedServiceIDs=m.ServiceIDList(ServiceID=(77,)))))
)


# Parameters


def parameters(**changes: Any) -> Callable[[Wire], Any]:
    return ask(
        m.DC_ChargeParameterDiscoveryReq,
        lambda one: replace(one, EnergyTransferMode=replace(one.EnergyTransferMode, **changes)),
    )


def parameters_of(other: ServiceId) -> Callable[[Wire], Any]:
    def drive(wire: Wire) -> None:
        wire.reach(m.DC_ChargeParameterDiscoveryReq)
        wire.evcc.plan = replace(wire.evcc.plan, service=other)
        wire.ask(wire.build(m.DC_ChargeParameterDiscoveryReq))

    return drive


shows("accepts-min-above-max", "wrong-charge-parameter-as-failed")(wired(parameters(EVMinimumChargePower=rn(12_000))))
shows("accepts-voltage-mismatch")(wired(parameters(EVMinimumVoltage=rn(50), EVMaximumVoltage=rn(100))))
shows("accepts-implausible-values", "crash-on-huge-exponent")(
    wired(parameters(EVMaximumChargePower=m.RationalNumber(Exponent=120, Value=1)))
)
shows("bpt-mode-accepted-on-non-bpt-service")(wired(parameters_of(ServiceId.DC_BPT), ServiceId.DC))
shows("plain-mode-accepted-on-bpt-service")(wired(parameters_of(ServiceId.DC), ServiceId.DC_BPT))


# Schedule and profile

shows("too-many-schedule-entries")(
    wired(ask(m.ScheduleExchangeReq, lambda one: replace(one, MaximumSupportingPoints=12)))
)
shows("schedule-never-ends", "cable-check-never-ends")(wired(lambda wire: [wire.step() for _ in range(60)]))


def other_control(wire: Wire) -> None:
    wire.reach(m.ScheduleExchangeReq)
    wire.evcc.plan = replace(wire.evcc.plan, control=ControlMode.DYNAMIC)
    wire.ask(wire.build(m.ScheduleExchangeReq))


shows("control-mode-not-checked")(wired(other_control))
shows("soc-pair-not-checked")(
    wired(
        ask(
            m.ScheduleExchangeReq,
            lambda one: replace(one, SEReqControlMode=replace(one.SEReqControlMode, MinimumSOC=None)),
        ),
        control=ControlMode.DYNAMIC,
    )
)


def profile(**changes: Any) -> Callable[[Any], Any]:
    return lambda one: replace(one, EVPowerProfile=replace(one.EVPowerProfile, **changes))


shows("schedule-tuple-not-checked")(
    wired(ask(m.PowerDeliveryReq, profile(EVPPTControlMode=m.Scheduled_EVPPTControlMode(SelectedScheduleTupleID=9))))
)
TOO_MUCH = m.EVPowerProfileEntryList(EVPowerProfileEntry=(m.PowerScheduleEntry(Duration=60, Power=rn(99_000)),))
shows("profile-not-checked")(wired(ask(m.PowerDeliveryReq, profile(EVPowerProfileEntries=TOO_MUCH))))
shows("tolerance-not-answered")(
    wired(
        ask(m.PowerDeliveryReq, profile(EVPPTControlMode=m.Scheduled_EVPPTControlMode(SelectedScheduleTupleID=1))),
        power_tolerance=100.0,
    )
)
shows("channel-not-checked")(
    wired(
        ask(m.PowerDeliveryReq, lambda one: replace(one, BPT_ChannelSelection=None)), bpt_channel=BptChannel.SEPARATED
    )
)


# Loop


def loops(times: int = 5, **mode: Any) -> Callable[[Wire], Any]:
    def drive(wire: Wire) -> None:
        wire.settle(State.LOOP)
        for _ in range(times):
            request = wire.build(m.DC_ChargeLoopReq)
            wire.ask(replace(request, CLReqControlMode=replace(request.CLReqControlMode, **mode)))
            if wire.state is State.CLOSED:
                return

    return drive


shows("profile-violation-unnoticed", "limit-flag-missing", "fails-on-high-target")(
    wired(loops(EVTargetCurrent=rn(200)))
)
shows("no-discharge")(wired(loops(EVTargetCurrent=rn(-20))))
shows("ignores-setpoint")(wired(lambda wire: wire.station.set_power(5_000), control=ControlMode.DYNAMIC))
shows("notification-lost")(wired(lambda wire: wire.station.notify(m.EvseNotification.Terminate)))
shows("display-parameters-required")(wired(ask(m.DC_ChargeLoopReq, lambda one: replace(one, DisplayParameters=None))))
shows("meter-info-missing-first")(wired(ask(m.DC_ChargeLoopReq, lambda one: replace(one, MeterInfoRequested=False))))


# Power delivery and contactor


def progress(state: State, how: m.ChargeProgress) -> Callable[[Wire], Any]:
    def drive(wire: Wire) -> None:
        wire.settle(state)
        wire.ask(replace(wire.build(m.PowerDeliveryReq), ChargeProgress=how))

    return drive


shows("standby-as-failed")(wired(progress(State.LOOP, m.ChargeProgress.Standby), standby=False))
shows("schedule-renegotiation-as-failed", "schedule-renegotiation-cuts-power")(
    wired(progress(State.LOOP, m.ChargeProgress.ScheduleRenegotiation))
)
shows("contactor-edge-trigger")(wired(progress(State.LOOP, m.ChargeProgress.Start), ServiceId.AC))
shows("power-before-precharge")(wired(progress(State.CABLE_CHECKED, m.ChargeProgress.Start)))


@shows("contactor-fault-as-ok")
def contactor_fault(name: str) -> Effects:
    wire = Wire(ServiceId.AC, faults=(name,))
    wire.reach(m.PowerDeliveryReq)
    wire.station.ac.defect = ContactorDefect.STUCK_OPEN
    wire.step()
    return wire.effects


@shows("cable-check-ok-on-isolation-fault")
def isolation_fault(name: str) -> Effects:
    wire = Wire(faults=(name,))
    wire.station.dc.insulated = False
    wire.settle(State.CABLE_CHECKED)
    return wire.effects


shows("keeps-power-after-timeout")(wired(lambda wire: (wire.settle(State.LOOP), wire.wait(1.0))))
shows("keeps-power-after-failure")(wired(lambda wire: (wire.settle(State.LOOP), wire.secc.disconnected(wire.now))))


# Stop, pause, renegotiation


def ending(how: m.ChargingSession) -> Callable[[Wire], Any]:
    def drive(wire: Wire) -> None:
        wire.evcc.ending = how
        wire.finish()

    return drive


def resuming(again: Callable[[Wire], Any], **plan: Any) -> Callable[[Wire], Any]:
    def drive(wire: Wire) -> None:
        ending(m.ChargingSession.Pause)(wire)
        (session_id,) = wire.station.paused
        wire.connect(session_id=session_id, **plan)
        wire.reach(m.SessionSetupReq)
        wire.step()
        again(wire)

    return drive


def nothing(_: Wire) -> None:
    pass


shows("resume-joins-any-vehicle")(wired(resuming(nothing, evcc_id="ANOTHER")))
shows("resume-forgets-session", "resume-changes-session-id")(wired(resuming(nothing)))
shows("resume-accepts-authorization")(wired(resuming(lambda wire: wire.ask(wire.build(m.AuthorizationSetupReq)))))
shows("resume-refuses-parameters")(wired(resuming(Wire.step)))
shows("dynamic-pause-allowed")(wired(ending(m.ChargingSession.Pause), control=ControlMode.DYNAMIC))
shows("pause-refused")(wired(ending(m.ChargingSession.Pause)))
shows("renegotiation-refused")(wired(ending(m.ChargingSession.ServiceRenegotiation)))


@shows("renegotiation-closes")
def renegotiating(name: str) -> Effects:
    wire = Wire(faults=(name,))
    wire.settle(State.STOPPED)
    wire.ask(replace(wire.build(m.SessionStopReq), ChargingSession=m.ChargingSession.ServiceRenegotiation))
    return wire.effects


shows("unsupported-renegotiation-accepted")(
    wired(ending(m.ChargingSession.ServiceRenegotiation), service_renegotiation=False)
)


@shows("renegotiation-before-auth")
def around_authorization(name: str) -> Effects:
    wire = Wire(faults=(name,))
    wire.settle(State.ESTABLISHED)
    wire.ask(replace(wire.build(m.SessionStopReq), ChargingSession=m.ChargingSession.ServiceRenegotiation))
    wire.ask(wire.build(m.ServiceDiscoveryReq))
    assert wire.state is State.DISCOVERED
    return wire.effects


# Time

shows("loop-timeout-60s")(wired(lambda wire: (wire.settle(State.LOOP), wire.wait(60.0))))
shows("no-sequence-timeout")(
    wired(lambda wire: (wire.settle(State.ESTABLISHED), wire.wait(300.0), wire.secc.disconnected(wire.now)))
)
shows("short-sequence-timeout")(wired(lambda wire: (wire.settle(State.ESTABLISHED), wire.wait(20.0))))
shows("long-sequence-timeout")(wired(lambda wire: (wire.settle(State.ESTABLISHED), wire.wait(120.0))))


# Robustness


@shows("crash-on-truncated-exi", "stale-answer-to-garbage")
def garbage(name: str) -> Effects:
    wire = Wire(faults=(name,))
    wire.settle(State.AUTHORIZED)
    try:
        reply = wire.secc.undecodable(b"\x80", wire.now)
        assert reply.messages
    except Died:
        pass
    return wire.effects


@shows("wrong-payload-type", "wrong-v2gtp-version", "undecodable-response")
def frames(name: str) -> Effects:
    async def main() -> Effects:
        async with rig(name) as bench:
            async with bench.ev.session() as session:
                while session.evcc.phase is not Phase.CLOSED:
                    await session.proceed()
            return bench.charger.effects

    return virtually(main)


# On the network

GOOD = sdp.SdpRequest(sdp.Security.TLS).encode()


def asking(*datagrams: bytes, security: SecurityPolicy = SecurityPolicy.NONE) -> Scenario:
    def scenario(name: str) -> Effects:
        async def main() -> Effects:
            async with rig(name, security=security) as bench:
                for datagram in datagrams:
                    await bench.ask_sdp(datagram)
                return bench.charger.effects

        return virtually(main)

    return scenario


shows("sdp-answers-bad-version")(asking(b"\x02\xfd" + GOOD[2:]))
shows("sdp-answers-bad-length")(asking(encode_frame(0x9000, bytes(3))))
shows("sdp-answers-reserved-security")(asking(GOOD[:8] + b"\x20\x00"))
shows(
    "sdp-wrong-port-range",
    "sdp-port-zero",
    "sdp-unspecified-address",
    "sdp-off-link-address",
    "sdp-wrong-payload-type",
    "sdp-silent",
)(asking(GOOD))
shows("sdp-answers-once")(asking(GOOD, GOOD))
shows("sdp-dies-on-malformed")(asking(b"", GOOD))
shows("sdp-downgrade")(asking(GOOD, security=SecurityPolicy.TLS))


@shows("plain-tcp-for-20")
def plain_tcp(name: str) -> Effects:
    async def main() -> Effects:
        async with rig(name, security=SecurityPolicy.TLS, plain_tcp=False) as bench:
            async with bench.ev.session(security=sdp.Security.NONE) as session:
                await session.reach(m.SessionSetupReq)
            return bench.charger.effects

    return virtually(main)


def over_tls(use: TlsUse) -> Scenario:
    def scenario(name: str) -> Effects:
        async def main() -> Effects:
            async with rig(name, security=SecurityPolicy.TLS) as bench:
                async with bench.ev.session(tls=use) as session:
                    await session.reach(m.SessionSetupReq)
                return bench.charger.effects

        return virtually(main)

    return scenario


shows("tls-accepts-12")(over_tls(TlsUse.TLS_1_2))
shows("tls-accepts-no-client-cert")(over_tls(TlsUse.NO_CERTIFICATE))
shows("tls-accepts-foreign-client-cert")(over_tls(TlsUse.FOREIGN))
shows("tls-accepts-contract-cert")(over_tls(TlsUse.CONTRACT))


@shows("next-session-refused", "serves-one-session")
def next_session(name: str) -> Effects:
    async def main() -> Effects:
        async with rig(name) as bench:
            async with bench.ev.session() as session:
                await session.reach(m.SessionSetupReq)
                await session.cut()
            stream = await bench.dial()
            assert await next_frame(stream, 1.0) is None
            return bench.charger.effects

    return virtually(main)


@shows("v2gtp-routes-unknown-type")
def unknown_type(name: str) -> Effects:
    async def main() -> Effects:
        async with rig(name) as bench:
            _, payload = encoded(Wire().build(m.SessionSetupReq))
            assert await exchange(await bench.dial(), 0xA001, payload) is not None
            return bench.charger.effects

    return virtually(main)


# The tests


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_fault_takes_effect(name: str) -> None:
    effects = SCENARIOS[name](name)
    assert effects
    assert {effect.fault for effect in effects} == {name}
    assert all(effect.what for effect in effects)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_fault_that_does_not_show_says_nothing(name: str) -> None:
    """An effect is written down only where behaviour differs: before the car has said a word, nothing has."""
    wire = Wire(faults=(name,))
    assert wire.effects == []


def test_every_fault_has_a_name_and_a_sentence() -> None:
    assert len(CATALOGUE) >= 75
    assert REFERENCE.faults.keys() == CATALOGUE.keys()
    assert set(SCENARIOS) <= set(CATALOGUE)
    for name, kind in CATALOGUE.items():
        assert name == kind.name
        assert name == name.lower().strip("-")
        assert " " not in name
        assert kind.sentence.endswith(".")
        assert kind.sentence[0].isupper()
    sentences = [kind.sentence for kind in CATALOGUE.values()]
    assert len(set(sentences)) == len(sentences)


def test_every_fault_lives_in_an_area() -> None:
    areas = {area.__name__ for area in AREAS}
    assert {kind.__module__ for kind in CATALOGUE.values()} == areas


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="two faults"):
        fault("session-id-zero", "Again.")(Fault)


def test_faults_are_fresh_each_time() -> None:
    (one,), (other,) = make(["meter-not-monotonic"]), make(["meter-not-monotonic"])
    assert one is not other


def test_without_faults_nothing_is_bent() -> None:
    seams = Seams()
    assert not seams.active
    assert seams.frame_out(b"frame") == b"frame"
    assert seams.session_id(b"id") == b"id"
    assert seams.effects == []


def test_differences_name_the_fields() -> None:
    header = m.MessageHeader(SessionID=bytes(8), TimeStamp=1)
    before = m.SessionSetupRes(Header=header, ResponseCode=m.ResponseCode.OK, EVSEID="one")
    after = replace(before, EVSEID="two", Header=replace(header, SessionID=b"\xff" * 8))
    told = difference((before,), (after,))
    assert "EVSEID 'one' -> 'two'" in told
    assert "SessionID 0000000000000000 -> ffffffffffffffff" in told
    assert "TimeStamp" not in told
    assert len(difference("", "x" * 1_000)) < 120
