"""A device that hangs, floods or sends garbage costs one case a verdict and nothing else."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from tests.unit.engine.cases import REGISTRY, Good
from v2gready.authoring import ChargerBench
from v2gready.emulators.ev import EvConfig, EvDriver
from v2gready.engine.benches import BenchSetup, EmbeddedBench
from v2gready.engine.execution import Surroundings, execute
from v2gready.engine.preflight import embedded_dut, prepare
from v2gready.model.run import CaseRecord
from v2gready.model.trace import Trace
from v2gready.model.verdict import Verdict
from v2gready.protocols import sdp, v2gtp
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder
from v2gready.transports.stream import ByteStream, StreamReset

READY = prepare(embedded_dut())
Serve = Callable[[ByteStream], Awaitable[None]]
OK = v2gtp.encode_frame(
    0x8001,
    codec.encode(m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.OK_SuccessfulNegotiation, SchemaID=10)),
)


class HostileBench(BenchSetup):
    """A charger that answers SDP well and then does what it likes."""

    virtual = True
    hooks = ()
    instruments = ()
    deadline = 600.0

    def __init__(self, serve: Serve, *, datagram: bytes | None = None) -> None:
        self._serve = serve
        self._datagram = datagram

    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[ChargerBench]:
        link = NullLink()
        async with link.host("charger") as outlet, link.host("ev") as inlet:
            listener = await outlet.listen(self._serve)
            answer = self._datagram
            if answer is None:
                answer = sdp.SdpResponse(
                    IPv6Address(outlet.address), listener.endpoint.port, sdp.Security.NONE
                ).encode()
            task = asyncio.create_task(answer_sdp(outlet, answer))
            config = EvConfig(security=sdp.Security.NONE, sdp_attempts=3)
            yield ChargerBench(EvDriver(config, inlet, recorder, clock), {}, {}, no_hook, clock, rng)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def answer_sdp(network: Network, answer: bytes) -> None:
    socket = await network.open_datagrams(port=15118, join="ff02::1")
    while True:
        _, sender = await socket.receive()
        socket.send(answer, sender)


async def no_hook(name: str, **values: object) -> None:
    raise AssertionError(name)


async def hang(stream: ByteStream) -> None:
    await asyncio.Event().wait()


async def swallow(stream: ByteStream) -> None:
    while await stream.receive():
        pass


async def hang_up(stream: ByteStream) -> None:
    stream.close()


async def reset(stream: ByteStream) -> None:
    await stream.receive()
    stream.abort()


def saying(octets: bytes) -> Serve:
    async def serve(stream: ByteStream) -> None:
        await stream.receive()
        stream.send(octets)
        await stream.drain()
        stream.close()

    return serve


def flooding_with(octets: bytes) -> Serve:
    async def serve(stream: ByteStream) -> None:
        await stream.receive()
        try:
            while True:
                stream.send(octets)
                await stream.drain()
                await asyncio.sleep(0.0001)
        except StreamReset:
            pass

    return serve


HOSTILE = {
    "hangs": hang,
    "swallows everything": swallow,
    "hangs up at once": hang_up,
    "resets": reset,
    "closes in mid frame": saying(OK[:6]),
    "closes in mid payload": saying(OK[:-1]),
    "announces 4 GiB": saying(bytes.fromhex("01fe8001ffffffff") + b"x" * 1000),
    "sends garbage": saying(random.Random(3).randbytes(5000)),
    "sends undecodable EXI": saying(v2gtp.encode_frame(0x8001, b"\x80\xff\xff\xff")),
    "sends an empty payload": saying(v2gtp.encode_frame(0x8001, b"")),
    "sends the wrong message": saying(
        v2gtp.encode_frame(
            0x8002,
            codec.encode(
                m.SessionSetupRes(
                    Header=m.MessageHeader(SessionID=bytes(8), TimeStamp=0), ResponseCode=m.ResponseCode.OK, EVSEID="X"
                )
            ),
        )
    ),
    "floods with frames": flooding_with(OK * 200),
    "floods with unknown frames": flooding_with(v2gtp.encode_frame(0xA001, bytes(5000))),
    "floods with garbage": flooding_with(bytes(60_000)),
}


def run(setup: BenchSetup) -> tuple[CaseRecord, Trace]:
    return execute(Good(), setup, Surroundings(REGISTRY, (), {}, seed=1, timing_uncertainty=0.001))


@pytest.mark.parametrize("name", HOSTILE)
def test_costs_one_case_its_verdict(name: str) -> None:
    tracemalloc.start()
    record, _ = run(HostileBench(HOSTILE[name]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert record.verdict in {Verdict.INCONC, Verdict.FAIL}, record.reason
    assert peak < 200 * 1024 * 1024
    settings = replace(READY.settings, security=sdp.Security.NONE)
    assert run(EmbeddedBench(READY.dut, settings, None))[0].verdict is Verdict.PASS


@pytest.mark.parametrize("datagram", [b"", b"\x01\xfe\x90\x01", bytes(2000), bytes.fromhex("01fe9001ffffffff")])
def test_garbage_on_the_sdp_port_is_no_answer(datagram: bytes) -> None:
    record, _ = run(HostileBench(hang, datagram=datagram))
    assert record.verdict is Verdict.INCONC
    assert "no SDP answer to 3 requests" in record.reason
