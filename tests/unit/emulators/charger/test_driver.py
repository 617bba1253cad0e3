"""The charger as a case drives it: what is on the trace, and what each rule of the script does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.emulators.charger.conftest import Rig
from v2gready.emulators.charger import Unequipped, Unreached, sdp_script
from v2gready.emulators.charger.driver import AGAIN
from v2gready.emulators.charger.stream import PATIENCE
from v2gready.emulators.ev import TlsUse
from v2gready.model.trace import EventKind, Frame, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.pki import TestPki
from v2gready.protocols.sdp import SdpRequest, SdpResponse, Security

Play = Callable[..., Trace]


async def run_through(rig: Rig, **changes: Any) -> None:
    """A whole session of the car."""
    await rig.charger.ready()
    async with rig.car.session(**changes) as session:
        await session.run_to_end()
    await rig.charger.ended()


def kinds(trace: Trace, sender: str) -> list[str]:
    return [type(frame.message).__name__ for frame in trace.frames(sender=sender) if frame.link.startswith("tcp")]


def test_a_session_is_on_the_trace_of_the_charger(play: Play) -> None:
    trace = play(run_through)
    requests, responses = kinds(trace, "ev"), kinds(trace, "charger")
    assert requests[:2] == ["SupportedAppProtocolReq", "SessionSetupReq"]
    assert requests[-1] == "SessionStopReq"
    assert [name.removesuffix("Req") for name in requests] == [name.removesuffix("Res") for name in responses]
    assert not [frame for frame in trace.frames() if frame.problem]
    assert [type(frame.message) for frame in trace.frames(link="sdp")] == [SdpRequest, SdpResponse]
    [connected] = trace.events(EventKind.CONNECTED)
    assert (connected.source, connected.link) == ("ev", "tcp-1")
    first, *_ = trace.events(EventKind.CLOSED, link="tcp-1")
    assert first.source == "ev"


def test_tls_shows_version_group_and_the_vehicle_certificate(play: Play, pki: TestPki) -> None:
    trace = play(run_through, pki)
    [hello] = trace.events(EventKind.TLS_HELLO)
    assert hello.detail["versions"] == "TLSv1.3"
    assert hello.detail["groups"] == "secp521r1"
    assert "TLS_AES_256_GCM_SHA384" in str(hello.detail["suites"])
    [secured] = trace.events(EventKind.TLS_ESTABLISHED)
    assert (secured.detail["version"], secured.detail["group"]) == ("TLSv1.3", "secp521r1")
    assert secured.detail["peer_key"] == "secp521r1"


def test_a_car_that_is_refused_and_one_that_refuses(play: Play, pki: TestPki) -> None:
    async def foreign_car(rig: Rig) -> None:
        await rig.charger.ready()
        with pytest.raises(Unreached):
            async with rig.car.session(tls=TlsUse.FOREIGN) as session:
                await session.reach(m.AuthorizationReq)
        await rig.charger.ended()

    async def foreign_charger(rig: Rig) -> None:
        rig.charger.tls(chain="foreign-root")
        await rig.charger.ready()
        with pytest.raises(Unreached):
            await rig.car.connect()
        await rig.charger.ended()

    [refused] = play(foreign_car, pki).events(EventKind.TLS_FAILED)
    assert refused.source == "charger"
    [refuses] = play(foreign_charger, pki).events(EventKind.TLS_FAILED)
    assert (refuses.source, refuses.detail["alert"]) == ("ev", "unknown_ca")


def test_a_defect_that_the_bench_does_not_have(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        with pytest.raises(Unequipped):
            rig.charger.tls(chain="expired")

    play(scene)


def test_rules_alter_fail_and_count(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        rig.charger.alter(m.SessionSetupRes, lambda response: replace(response, EVSEID="XX"))
        rig.charger.fail(m.ServiceDetailRes, m.ResponseCode.FAILED, nth=1)
        await rig.charger.ready()
        async with rig.car.session() as session:
            await session.reach(m.ServiceDetailReq)
            for _ in range(3):
                await session.ask(session.request(m.ServiceDetailReq))

    trace = play(scene)
    [(_, setup)] = trace.messages(m.SessionSetupRes)
    assert setup.EVSEID == "XX"
    codes = [detail.ResponseCode for _, detail in trace.messages(m.ServiceDetailRes)]
    assert codes == [m.ResponseCode.OK, m.ResponseCode.FAILED, m.ResponseCode.OK]


def test_a_second_response_comes_behind_the_first(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        rig.charger.twice(m.SessionSetupRes)
        await rig.charger.ready()
        async with rig.car.session() as session:
            with pytest.raises(Unreached, match="the session ended before"):
                await session.reach(m.ServiceDiscoveryReq)

    first, second = (frame for frame, _ in play(scene).messages(m.SessionSetupRes))
    assert first.raw == second.raw
    assert second.t - first.t == pytest.approx(AGAIN)


def test_octets_and_segments(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        script = rig.charger
        script.segments(m.SessionSetupRes, 5)
        script.payload(m.AuthorizationSetupRes, b"\x80\xff")
        await script.ready()
        async with rig.car.session() as session:
            await session.reach(m.SessionSetupReq)
            await session.reach(m.AuthorizationSetupReq)
            await session.ask(session.request(m.AuthorizationSetupReq))
            script.clear()
            script.payload_type(m.AuthorizationRes, 0x8003)
            await session.ask(session.request(m.AuthorizationReq))
            script.instead(m.ServiceDiscoveryRes, b"\x01\xfe\x80\x02\x00\x00")
            await session.ask(session.request(m.ServiceDiscoveryReq))

    trace = play(scene)
    assert len(list(trace.messages(m.SessionSetupRes))) == 1
    undecodable = [frame.raw for frame in trace.frames(sender="charger") if frame.problem]
    assert undecodable[0].endswith(b"\x80\xff")
    assert undecodable[1][2:4] == b"\x80\x03"
    assert undecodable[2] == b"\x01\xfe\x80\x02\x00\x00"


def test_withheld_delayed_and_closed_behind(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        rig.charger.delay(m.SupportedAppProtocolRes, 1.0)
        rig.charger.close_after(m.SessionSetupRes)
        rig.charger.withhold(m.ServiceDetailRes)
        await rig.charger.ready()
        async with rig.car.session() as session:
            await session.reach(m.SessionSetupReq)
            await session.proceed()
            await session.silence(1.0)
        async with rig.car.session() as session:
            rig.charger.clear()
            rig.charger.withhold(m.SessionSetupRes)
            await session.reach(m.SessionSetupReq)
            await session.proceed()

    trace = play(scene)
    request, answer = (next(trace.messages(kind))[0] for kind in (m.SupportedAppProtocolReq, m.SupportedAppProtocolRes))
    assert answer.t - request.t == pytest.approx(1.0, abs=0.01)
    gone = next(trace.events(EventKind.CLOSED, link="tcp-1"))
    assert gone.source == "charger"
    assert len(list(trace.messages(m.SessionSetupReq))) == 2
    assert len(list(trace.messages(m.SessionSetupRes))) == 1


def test_the_sdp_script(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        step = sdp_script
        rig.charger.sdp(
            step.silence(),
            step.answer(port=0),
            step.both(step.answer(address="::"), step.answer(security=Security.TLS)),
        )
        await rig.charger.ready()
        assert await rig.car.discover() is not None
        rig.charger.sdp(step.silence(), forever=True)
        assert await rig.car.discover(attempts=3) is None
        rig.charger.sdp(step.payload(lambda octets: octets[:-1]))
        assert await rig.car.discover(attempts=1) is None
        assert await rig.car.discover(attempts=1) is not None

    trace = play(scene)
    answers = list(trace.frames(sender="charger", link="sdp"))
    assert [one.message.port == 0 for one in answers[:3]] == [True, False, False]
    assert answers[3].problem
    assert not answers[-1].problem


def test_waiting_for_requests_and_for_the_end(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        task = asyncio.create_task(run_through(rig))
        setup = await rig.charger.wait_for(m.SessionSetupReq)
        assert setup.EVCCID
        mark = rig.charger.mark
        await rig.charger.wait_for(m.ChargeLoopReq, nth=1)
        rig.charger.notify(m.EvseNotification.Terminate)
        assert await rig.charger.ended()
        with pytest.raises(Unreached):
            await rig.charger.wait_for(m.SessionSetupReq, since=mark, within=1.0)
        await task

    trace = play(scene)
    assert [one for one in trace.events(EventKind.OBSERVED_UNTIL) if one.link == "sdp"]


def test_a_paused_session_survives_a_new_configuration(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        await rig.charger.ready()
        async with rig.car.session() as session:
            await session.reach(m.ChargeLoopReq)
            session.end_with(m.ChargingSession.Pause)
            await session.run_to_end()
            paused = session.evcc.memory.session_id
        rig.charger.configure(evse_id="DE*V2G*E00002")
        await rig.charger.ready()
        async with rig.car.session() as session:
            await session.reach(m.SessionSetupReq)
            answer = await session.proceed(
                lambda request: replace(request, Header=replace(request.Header, SessionID=paused))
            )
            assert answer.EVSEID == "DE*V2G*E00002"
            assert answer.ResponseCode is m.ResponseCode.OK_OldSessionJoined

    play(scene)


def test_who_stays_connected_is_disconnected(play: Play) -> None:
    async def scene(rig: Rig) -> None:
        await rig.charger.ready()
        async with rig.car.session() as session:
            await session.reach(m.SessionSetupReq)
            await session.proceed()
            await session.ask(session.request(m.SessionStopReq))
            await session.silence(15.0)

    trace = play(scene)
    gone = next(trace.events(EventKind.CLOSED, link="tcp-1"))
    stopped = next(trace.messages(m.SessionStopRes))[0]
    assert gone.source == "charger"
    assert gone.t - stopped.t == pytest.approx(PATIENCE, abs=0.1)
    assert isinstance(stopped, Frame)
