"""What the faultless car does when something is wrong: it ends the session, and its contactor opens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

import pytest

from tests.unit.references.ev.rig import Script, rig, virtually
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Eim
from v2gready.protocols.iso15118.secc.turn import Reply
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.protocols.sdp import SdpResponse, Security
from v2gready.protocols.v2gtp import encode_frame
from v2gready.references.ev import EvState

RESPONSES = [
    m.SessionSetupRes,
    m.AuthorizationSetupRes,
    m.AuthorizationRes,
    m.ServiceDiscoveryRes,
    m.ServiceDetailRes,
    m.ServiceSelectionRes,
    m.DC_ChargeParameterDiscoveryRes,
    m.ScheduleExchangeRes,
    m.DC_CableCheckRes,
    m.DC_PreChargeRes,
    m.PowerDeliveryRes,
    m.DC_ChargeLoopRes,
    m.DC_WeldingDetectionRes,
    m.SessionStopRes,
]


def _foreign(response: Any) -> Any:
    return replace(response, Header=replace(response.Header, SessionID=b"\x55" * 8))


def _octets(change: Callable[[bytes], bytes]) -> Callable[[Script, type], None]:
    """The frame of the response is changed."""

    def defect(script: Script, kind: type) -> None:
        def arm(reply: Reply) -> Reply:
            script.octets.append(change)
            return reply

        script.on(kind, arm)

    return defect


def _wrong_type(script: Script, kind: type) -> None:
    header = m.MessageHeader(SessionID=bytes(8), TimeStamp=0)
    code, zero = m.ResponseCode.OK, m.RationalNumber.of(0)
    other: Any = m.DC_WeldingDetectionRes(Header=header, ResponseCode=code, EVSEPresentVoltage=zero)
    if kind is m.DC_WeldingDetectionRes:
        other = m.DC_CableCheckRes(Header=header, ResponseCode=code, EVSEProcessing=m.Processing.Ongoing)
    script.instead(kind, other)


DEFECTS: dict[str, Callable[[Script, type], None]] = {
    "failed": lambda script, kind: script.fail(kind),
    "foreign id": lambda script, kind: script.alter(kind, _foreign),
    "wrong type": _wrong_type,
    "garbage": _octets(lambda data: data[:8] + b"\xff" * (len(data) - 8)),
    "payload type": _octets(lambda data: data[:2] + b"\x80\x05" + data[4:]),
    "silence": lambda script, kind: script.withhold(kind),
    "closed": lambda script, kind: script.on(kind, lambda reply: replace(reply, messages=(), close=True)),
}


@pytest.mark.parametrize("kind", RESPONSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("defect", DEFECTS)
def test_the_car_ends_the_session(kind: type, defect: str) -> None:
    async def main() -> None:
        async with rig(services=(ServiceId.DC_BPT,)) as one:
            DEFECTS[defect](one.script, kind)
            await one.visit()
            if kind is not m.SessionSetupRes or defect != "foreign id":  # there it is the id that the SECC gives
                assert one.ev.last_end != "ended in order"
                last = one.script.requests[-1][1]
                assert type(last).__name__ == kind.__name__.removesuffix("Res") + "Req"
            assert not one.ev.contactor
            assert one.ev.power == 0
            assert one.ev.state is EvState.IDLE
            assert not one.ev.effects

    virtually(main)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [(m.AuthorizationSetupRes, 2.0), (m.ServiceDetailRes, 5.0), (m.ChargeLoopRes, 0.5)],
    ids=["2 s", "5 s", "0.5 s"],
)
def test_message_timeouts(kind: type, limit: float) -> None:
    async def main() -> None:
        async with rig(loops=20) as one:
            one.script.delay(kind, limit - 0.05, nth=0)
            await one.visit()
            assert one.ev.last_end == "ended in order"
        async with rig() as one:
            one.script.delay(kind, limit + 0.05)
            await one.visit()
            assert f"nothing for {limit:.3f}" in one.ev.last_end

    virtually(main)


def _ongoing(response: Any) -> Any:
    return replace(response, EVSEProcessing=m.Processing.Ongoing)


def _cold(response: Any) -> Any:
    return replace(response, EVSEPresentVoltage=m.RationalNumber.of(0))


@pytest.mark.parametrize(
    ("kind", "change", "limit"),
    [
        (m.AuthorizationRes, _ongoing, 60),
        (m.ScheduleExchangeRes, _ongoing, 60),
        (m.DC_CableCheckRes, _ongoing, 40),
        (m.DC_PreChargeRes, _cold, 10),
    ],
)
def test_ongoing_timeouts(kind: type, change: Any, limit: float) -> None:
    async def main() -> None:
        async with rig(
            shapes={"authorization": (Eim.ONGOING,) if kind is m.AuthorizationRes else (Eim.ACCEPT,)}
        ) as one:
            if kind is m.DC_CableCheckRes:
                one.charger.station.dc._proceed_with_test = lambda _seconds: None
            if kind is m.ScheduleExchangeRes:
                one.charger.station.config = replace(one.charger.station.config, schedule_ongoing=10_000)
            one.script.alter(kind, change)
            await one.visit()
            name = kind.__name__.removesuffix("Res") + "Req"
            times = [at for at, request in one.script.requests if type(request).__name__ == name]
            assert times[-1] - times[0] == pytest.approx(limit, abs=0.6)
            assert not one.ev.contactor

    virtually(main)


def test_communication_setup_takes_twenty_seconds_at_most() -> None:
    async def main() -> None:
        async with rig(sdp_attempts=1000) as one:
            one.script.answers = [None] * 1000
            await one.visit()
            assert one.clock.now() == pytest.approx(20, abs=0.3)
        async with rig(sdp_attempts=50) as one:
            one.script.answers = [None] * 1000
            await one.visit()
            assert len(one.script.asked) == 50
            assert one.clock.now() >= 12.5

    virtually(main)


def _answer(one: Any, **changes: Any) -> bytes:
    endpoint = one.charger.tcp_endpoint(Security.TLS) or one.charger.tcp_endpoint(Security.NONE)
    good = SdpResponse(IPv6Address(endpoint.host), endpoint.port, Security.NONE)
    return replace(good, **changes).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"address": IPv6Address("::")},
        {"address": IPv6Address("ff02::1")},
        {"address": IPv6Address("2001:db8::1")},
        {"port": 0},
        {"port": 80},
    ],
    ids=str,
)
def test_a_bad_sdp_answer_is_not_followed_and_the_good_one_is(changes: dict[str, Any]) -> None:
    async def main() -> None:
        async with rig() as one:
            one.script.answers = [_answer(one, **changes), b"garbage"]
            await one.visit()
            assert len(one.script.asked) == 3
            assert one.ev.last_end == "ended in order"

    virtually(main)


def test_a_downgrade_is_not_followed() -> None:
    async def main() -> None:
        async with rig(tls=True) as one:
            one.script.answers = [_answer(one)]
            await one.visit()
            assert len(one.script.asked) == 2
            assert one.ev.last_end == "ended in order"

    virtually(main)


# Content


def _other_mode(response: Any) -> Any:
    rn = m.RationalNumber.of
    mode = m.Dynamic_DC_CLResControlMode(
        EVSEMaximumChargePower=rn(1),
        EVSEMinimumChargePower=rn(0),
        EVSEMaximumChargeCurrent=rn(1),
        EVSEMaximumVoltage=rn(9),
    )
    return replace(response, CLResControlMode=mode)


def _plain(response: Any) -> Any:
    mode = response.EnergyTransferMode
    base = m.DC_CPDResEnergyTransferMode
    return replace(
        response, EnergyTransferMode=base(**{name: getattr(mode, name) for name in base.__dataclass_fields__})
    )


def _reversed(response: Any) -> Any:
    mode = replace(response.EnergyTransferMode, EVSEMinimumChargePower=m.RationalNumber.of(90_000))
    return replace(response, EnergyTransferMode=mode)


def _dynamic(response: Any) -> Any:
    return replace(response, SEResControlMode=m.Dynamic_SEResControlMode())


def _over(response: Any) -> Any:
    return replace(response, EVSEPresentVoltage=m.RationalNumber.of(600))


def _other_service(response: Any) -> Any:
    return replace(response, ServiceID=2)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (m.DC_ChargeLoopRes, _other_mode),
        (m.DC_ChargeParameterDiscoveryRes, _plain),
        (m.DC_ChargeParameterDiscoveryRes, _reversed),
        (m.ScheduleExchangeRes, _dynamic),
        (m.DC_ChargeLoopRes, _over),
        (m.ServiceDetailRes, _other_service),
        (m.SessionSetupRes, lambda res: replace(res, ResponseCode=m.ResponseCode.OK_OldSessionJoined)),
        (m.SessionSetupRes, lambda res: replace(res, Header=replace(res.Header, SessionID=bytes(8)))),
        (m.SupportedAppProtocolRes, lambda res: replace(res, SchemaID=77)),
        (
            m.SupportedAppProtocolRes,
            lambda _: m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.Failed_NoNegotiation),
        ),
    ],
)
def test_what_contradicts_the_session_ends_it(kind: type, change: Any) -> None:
    async def main() -> None:
        async with rig(services=(ServiceId.DC_BPT,)) as one:
            one.script.alter(kind, change)
            await one.visit()
            assert "not so" in one.ev.last_end
            assert type(one.script.requests[-1][1]).__name__ == kind.__name__.removesuffix("Res") + "Req"
            assert not one.ev.contactor

    virtually(main)


def test_an_evse_that_does_not_reach_the_battery_is_left_in_order() -> None:
    def low(response: Any) -> Any:
        mode = replace(response.EnergyTransferMode, EVSEMaximumVoltage=m.RationalNumber.of(250))
        return replace(response, EnergyTransferMode=mode)

    async def main() -> None:
        async with rig() as one:
            one.script.alter(m.DC_ChargeParameterDiscoveryRes, low)
            await one.visit()
            assert one.script.order()[-1] == "SessionStop"
            assert one.ev.last_end == "ended in order"

    virtually(main)


def test_more_current_than_allowed_opens_the_contactor() -> None:
    def much(response: Any) -> Any:
        return replace(response, EVSEPresentCurrent=m.RationalNumber.of(200))

    async def main() -> None:
        async with rig(loops=None, controls=(ControlMode.DYNAMIC,)) as one:
            one.script.alter(m.DC_ChargeLoopRes, much)
            await one.visit()
            assert "power within" in one.ev.last_end
            assert not one.ev.contactor

    virtually(main)


# Frames


def test_unknown_frames_and_unasked_messages_are_passed_over() -> None:
    async def main() -> None:
        async with rig(loops=20) as one:
            stranger = encode_frame(0xA001, b"hello")
            one.script.octets = [lambda data: data] * 6 + [lambda data: stranger + data, lambda data: data + data]
            await one.visit()
            assert one.ev.last_end == "ended in order"

    virtually(main)


def test_a_broken_stream_ends_the_session() -> None:
    async def main() -> None:
        async with rig() as one:
            one.script.octets = [lambda data: data] * 6 + [lambda data: b"\x05\x05" + data]
            await one.visit()
            assert "no V2GTP" in one.ev.last_end

    virtually(main)


def test_a_reset_opens_the_contactor() -> None:
    async def main() -> None:
        async with rig(loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            assert one.ev.contactor
            for stream in list(one.charger._streams):
                stream.abort()
            await asyncio.sleep(0.2)
            assert not one.ev.contactor
            assert one.ev.state is EvState.IDLE

    virtually(main)
