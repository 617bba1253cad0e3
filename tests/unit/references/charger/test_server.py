"""The charger on a network: discovery, connections, TLS, and what it must survive."""

from __future__ import annotations

import random

import pytest

from tests.unit.references.charger.car import Wire
from tests.unit.references.charger.rig import encoded, ends, exchange, next_frame, pki, rig, virtually
from v2gready.emulators.ev import TlsUse, Unreached
from v2gready.hosts.secc.discovery import granted
from v2gready.model.trace import EventKind
from v2gready.protocols import sdp
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.protocols.pki import EVCCID
from v2gready.protocols.v2gtp import encode_frame
from v2gready.references.charger import DC_CHARGER, REFERENCE, Eim, SecurityPolicy
from v2gready.transports.clock import Clock
from v2gready.transports.network import ConnectError
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.tls import TlsStream, client_context

TLS, NONE = sdp.Security.TLS, sdp.Security.NONE


# Discovery


@pytest.mark.parametrize(
    ("policy", "asked", "expected"),
    [
        (SecurityPolicy.TLS, TLS, TLS),
        (SecurityPolicy.TLS, NONE, TLS),
        (SecurityPolicy.NONE, TLS, NONE),
        (SecurityPolicy.NONE, NONE, NONE),
        (SecurityPolicy.BOTH, TLS, TLS),
        (SecurityPolicy.BOTH, NONE, NONE),
    ],
)
def test_granted_security(policy: SecurityPolicy, asked: sdp.Security, expected: sdp.Security) -> None:
    """[V2G2-626], [V2G2-627]."""
    assert granted(policy, asked) is expected


def test_sdp_answers_what_is_valid_and_nothing_else() -> None:
    """[V2G2-144], [V2G2-151]; SDP-S-3, SDP-S-4."""

    async def main() -> None:
        async with rig(security=SecurityPolicy.BOTH) as bench:
            good = sdp.SdpRequest(TLS).encode()
            for bad in (
                b"",
                good[:5],
                b"\x02\xfd" + good[2:],
                good + b"\x00",
                good[:8] + b"\x20\x00",
                good[:8] + b"\x00\x10",
                encode_frame(0x9001, bytes(20)),
                bytes(2000),
            ):
                assert await bench.ask_sdp(bad) is None
            for asked in (TLS, NONE):
                answer = await bench.ask_sdp(sdp.SdpRequest(asked).encode())
                assert answer is not None
                datagram, sender = answer
                response = sdp.SdpResponse.decode(datagram)
                assert response.security is asked
                assert not sdp.suspicions(response)
                assert sender.port == bench.charger.endpoint.port
                endpoint = bench.charger.tcp_endpoint(asked)
                assert endpoint is not None
                assert response.port == endpoint.port

    virtually(main)


# Whole sessions


@pytest.mark.parametrize("security", [SecurityPolicy.NONE, SecurityPolicy.TLS])
@pytest.mark.parametrize("service", list(ServiceId))
@pytest.mark.parametrize("control", list(ControlMode))
def test_sessions_of_the_emulated_car(security: SecurityPolicy, service: ServiceId, control: ControlMode) -> None:
    async def main() -> None:
        async with rig(security=security) as bench:
            async with bench.ev.session(service=service, control=control) as session:
                await session.run_to_end()
                await session.silence(5.0)
            codes = [
                frame.message.ResponseCode.name
                for frame in bench.recorder.trace().frames(sender="charger")
                if hasattr(frame.message, "ResponseCode")
            ]
            assert len(codes) > 15
            assert all(one.startswith("OK") for one in codes), codes
            assert next(bench.recorder.trace().events(EventKind.CLOSED, source="charger"))
            assert bench.charger.effects == ()
            assert bench.charger.power == 0
            channel = "dc.current" if service.is_dc else "ac.voltage"
            values = [value for name, value, _ in bench.samples if name == channel]
            assert max(values) > 5
            assert values[-1] == 0

    virtually(main)


def test_actions_reach_the_car() -> None:
    async def main() -> None:
        async with rig() as bench:
            async with bench.ev.session(service=ServiceId.DC_BPT, control=ControlMode.DYNAMIC, loops=50) as session:
                await session.reach(m.DC_ChargeLoopReq)
                bench.charger.set_power(-4_000)
                await session.charge(20)
                assert bench.charger.power == pytest.approx(-4_000, rel=0.01)
                bench.charger.notify(m.EvseNotification.Terminate)
                await session.run_to_end()
            bench.charger.reject_authorization()
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationReq)
                assert (await session.proceed()).ResponseCode is m.ResponseCode.WARNING_EIMAuthorizationFailure
                bench.charger.accept_authorization()
                assert (await session.proceed()).ResponseCode is m.ResponseCode.OK

    virtually(main)


def test_pause_and_resume_over_the_wire() -> None:
    async def main() -> None:
        async with rig(security=SecurityPolicy.TLS) as bench:
            async with bench.ev.session(ending=m.ChargingSession.Pause) as session:
                await session.run_to_end()
                session_id = session.evcc.memory.session_id
            async with bench.ev.session(session_id=session_id) as session:
                await session.reach(m.SessionSetupReq)
                assert (await session.proceed()).ResponseCode is m.ResponseCode.OK_OldSessionJoined
                await session.run_to_end()

    virtually(main)


# What it must survive


def test_silence_ends_the_connection_at_the_right_time() -> None:
    async def main() -> None:
        async with rig() as bench:
            stream = await bench.dial()
            assert not await ends(stream, 59.0)
            assert await ends(stream, 2.0)
            async with bench.ev.session() as session:
                await session.reach(m.DC_ChargeLoopReq)
                await session.proceed()
                await session.silence(2.0)
            trace = bench.recorder.trace()
            last = list(trace.frames(sender="charger"))[-1]
            closed = trace.closed(last.link)
            assert closed is not None
            assert 0.45 < closed.t - last.t < 0.55
            assert not bench.charger.station.dc.contactor

    virtually(main)


def test_frames_of_unknown_type_are_skipped() -> None:
    """[V2G2-800]."""

    async def main() -> None:
        async with rig() as bench:
            stream = await bench.dial()
            kind, payload = encoded(Wire().build(m.SupportedAppProtocolReq))
            for ignored in (0xA001, 0x8005, 0x0000, 0x9000):
                stream.send(encode_frame(ignored, payload))
            frame = await exchange(stream, kind, payload)
            assert frame is not None
            assert codec.decode(codec.MessageSet.SAP, frame.payload).ResponseCode.name == "OK_SuccessfulNegotiation"
            assert await next_frame(stream, 1.0) is None

    virtually(main)


def test_frames_come_in_any_chunking() -> None:
    async def main() -> None:
        async with rig() as bench:
            stream = await bench.dial()
            kind, payload = encoded(Wire().build(m.SupportedAppProtocolReq))
            for octet in encode_frame(kind, payload):
                stream.send(bytes([octet]))
            assert await next_frame(stream) is not None

    virtually(main)


GARBAGE = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x02\xfd\x80\x01\x00\x00\x00\x00",
    b"\x01\xfe\x80\x01\xff\xff\xff\xff",
    encode_frame(0x8001, b""),
    encode_frame(0x8001, b"\x80"),
    encode_frame(0x8001, b"\x80\xff\xff\xff"),
    encode_frame(0x8002, b"\x80\xff\xff\xff"),
    encode_frame(0x8001, bytes(60_000)),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_ends_its_connection_and_no_other(garbage: bytes) -> None:
    async def main() -> None:
        async with rig() as bench:
            for _ in range(20):
                stream = await bench.dial()
                stream.send(garbage)
                assert await ends(stream, 1.0)
                stream.close()
            async with bench.ev.session() as session:
                await session.run_to_end()
            assert bench.charger.alive

    virtually(main)


@pytest.mark.parametrize("seed", range(5))
def test_random_frames_never_get_an_ok(seed: int) -> None:
    async def main() -> None:
        rng = random.Random(seed)
        async with rig() as bench:
            for _ in range(30):
                stream = await bench.dial()
                kind = rng.choice((0x8001, 0x8002, 0x8003, 0x8004))
                payload = b"\x80" + rng.randbytes(rng.randrange(40))
                frame = await exchange(stream, kind, payload, wait=1.0)
                if frame is not None:
                    message_set = next(one for one in codec.MessageSet if one.payload_type == frame.payload_type)
                    response = codec.decode(message_set, frame.payload)
                    assert response.ResponseCode.name.upper().startswith("FAILED"), response
                stream.abort()
            async with bench.ev.session() as session:
                await session.run_to_end()

    virtually(main)


def test_half_open_connections_do_not_lock_out_the_car() -> None:
    async def main() -> None:
        async with rig(connections=4) as bench:
            idle = [await bench.dial() for _ in range(3)]
            async with bench.ev.session() as session:
                await session.run_to_end()
            idle.append(await bench.dial())
            refused = await bench.dial()
            assert await ends(refused, 1.0)
            for stream in idle:
                stream.close()
            async with bench.ev.session() as session:
                await session.run_to_end()

    virtually(main)


def test_a_second_car_waits_for_the_outlet() -> None:
    async def main() -> None:
        async with rig() as bench:
            async with bench.ev.session(loops=1000) as first:
                await first.reach(m.DC_ChargeLoopReq)
                await first.proceed()
                async with bench.ev.session() as second:
                    await second.reach(m.SessionSetupReq)
                    assert (await second.proceed()).ResponseCode is m.ResponseCode.FAILED
                assert (await first.proceed()).ResponseCode is m.ResponseCode.OK
                await first.cut()
            async with bench.ev.session() as third:
                await third.run_to_end()

    virtually(main)


def test_a_cut_connection_opens_the_contactor() -> None:
    async def main() -> None:
        async with rig() as bench:
            async with bench.ev.session() as session:
                await session.reach(m.DC_ChargeLoopReq)
                await session.proceed()
                assert bench.charger.station.dc.contactor
                await session.cut()
            await ends(await bench.dial(), 0.1)
            assert not bench.charger.station.dc.contactor

    virtually(main)


# TLS


@pytest.mark.parametrize(
    "use",
    [TlsUse.NO_CERTIFICATE, TlsUse.FOREIGN, TlsUse.EXPIRED, TlsUse.CONTRACT, TlsUse.TLS_1_2],
)
def test_cars_that_tls_must_keep_out(use: TlsUse) -> None:
    """[V2G20-2400], [V2G20-2331], [V2G20-2339], [V2G20-1264]; the next car is served."""

    async def main() -> None:
        async with rig(security=SecurityPolicy.TLS) as bench:
            try:
                async with bench.ev.session(tls=use) as session:
                    response = await session.proceed()
                    assert response is None
            except Unreached:
                pass  # refused in the handshake already
            async with bench.ev.session() as session:
                await session.run_to_end()
            assert bench.charger.effects == ()

    virtually(main)


def test_a_half_open_handshake_is_given_up() -> None:
    async def main() -> None:
        async with rig(security=SecurityPolicy.TLS) as bench:
            endpoint = bench.charger.tcp_endpoint(TLS)
            assert endpoint is not None
            stream = await bench.inlet.connect(endpoint.host, endpoint.port, timeout=5.0)
            assert not await ends(stream, 9.0)
            assert await ends(stream, 2.0)

    virtually(main)


def test_plain_bytes_on_the_tls_port_are_refused() -> None:
    async def main() -> None:
        async with rig(security=SecurityPolicy.TLS) as bench:
            endpoint = bench.charger.tcp_endpoint(TLS)
            assert endpoint is not None
            stream = await bench.inlet.connect(endpoint.host, endpoint.port, timeout=5.0)
            kind, payload = encoded(Wire().build(m.SupportedAppProtocolReq))
            assert await exchange(stream, kind, payload) is None

    virtually(main)


def test_a_server_for_both_parts_keeps_20_off_tls_1_2() -> None:
    """[V2G20-2356], [V2G20-2359]."""

    async def main() -> None:
        async with (
            rig(security=SecurityPolicy.TLS, tls_1_2=True) as bench,
            bench.ev.session(tls=TlsUse.TLS_1_2) as session,
        ):
            response = await session.proceed()
            assert response.ResponseCode is m.SapResponseCode.Failed_NoNegotiation

    virtually(main)


def test_tls_needs_credentials() -> None:
    async def main() -> None:
        config = DC_CHARGER
        link = NullLink()
        with pytest.raises(ValueError, match="needs credentials"):
            async with REFERENCE.open(
                link.host("charger"),
                Clock(),
                config=type(config)(security=SecurityPolicy.TLS),
                rng=random.Random(1),
            ):
                pass

    virtually(main)


def test_resumption_is_bound_to_the_certificate() -> None:
    """[V2G20-2545]: the same EVCCID with another vehicle certificate is another car."""

    async def main() -> None:
        async with rig(security=SecurityPolicy.TLS) as bench:
            async with bench.ev.session(ending=m.ChargingSession.Pause) as session:
                await session.run_to_end()
                session_id = session.evcc.memory.session_id
            endpoint = bench.charger.tcp_endpoint(TLS)
            assert endpoint is not None
            stream = await bench.inlet.connect(endpoint.host, endpoint.port, timeout=5.0)
            other = pki().other_vehicle(EVCCID)
            secured = await TlsStream.connect(stream, client_context(pki().roots, other))
            await exchange(secured, *encoded(Wire().build(m.SupportedAppProtocolReq)))
            setup = m.SessionSetupReq(
                Header=m.MessageHeader(SessionID=session_id, TimeStamp=1), EVCCID=session.evcc.plan.evcc_id
            )
            frame = await exchange(secured, *encoded(setup))
            assert frame is not None
            response = codec.decode(codec.MessageSet.COMMON, frame.payload)
            assert response.ResponseCode is m.ResponseCode.OK_NewSessionEstablished

    virtually(main)


# Life


def test_a_dead_charger_is_silent() -> None:
    async def main() -> None:
        async with rig("crash-on-truncated-exi") as bench:
            stream = await bench.dial()
            endpoint = stream.remote
            stream.send(encode_frame(0x8001, b"\x80"))
            assert await ends(stream, 1.0)
            assert not bench.charger.alive
            with pytest.raises(ConnectError):
                await bench.inlet.connect(endpoint.host, endpoint.port, timeout=1.0)
            assert await bench.ask_sdp(sdp.SdpRequest(NONE).encode()) is None

    virtually(main)


def test_it_can_be_switched_on_again() -> None:
    async def main() -> None:
        link = NullLink()
        host = link.host("charger")
        for _ in range(3):
            async with REFERENCE.open(host, Clock(), config=DC_CHARGER, rng=random.Random(1)) as charger:
                assert charger.alive

    virtually(main)


def test_the_same_seed_makes_the_same_session_ids() -> None:
    async def ids() -> list[bytes]:
        async with rig(authorization=(Eim.ACCEPT,)) as bench:
            seen = []
            for _ in range(3):
                async with bench.ev.session() as session:
                    await session.reach(m.AuthorizationSetupReq)
                    seen.append(session.evcc.memory.session_id)
            return seen

    assert virtually(ids) == virtually(ids)


def test_unknown_faults_are_refused() -> None:
    async def main() -> None:
        with pytest.raises(KeyError, match="no-such-fault"):
            REFERENCE.open(
                NullLink().host("charger"), Clock(), config=DC_CHARGER, faults=["no-such-fault"], rng=random.Random(1)
            )

    virtually(main)
