"""Both OCPP emulators facing each other, on the null modem or on loopback sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from v2gready.emulators.csms import EMULATOR as CSMS
from v2gready.emulators.csms import CsmsConfig, CsmsCredentials, CsmsDriver, CsmsSession
from v2gready.emulators.station import EMULATOR as STATION
from v2gready.emulators.station import StationConfig, StationCredentials, StationDriver, StationSession
from v2gready.model.trace import Event, Frame, Trace
from v2gready.protocols.ocpp.pki import CSMS_HOST, BackendPki
from v2gready.transports.clock import Clock, run
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder

PASSWORD = "a-secret-of-24-letters!!"  # noqa: S105


@cache
def pki() -> BackendPki:
    return BackendPki(datetime(2025, 6, 1, tzinfo=UTC))


@dataclass
class Pair:
    """Both sides with a recorder each."""

    csms: CsmsDriver
    station: StationDriver
    at_csms: Recorder
    at_station: Recorder

    def seen(self) -> tuple[Trace, Trace]:
        return self.at_csms.trace(), self.at_station.trace()

    @asynccontextmanager
    async def sessions(self, **approach: Any) -> AsyncIterator[tuple[CsmsSession, StationSession]]:
        async with self.station.connect(**approach) as station:
            yield await self.csms.connection(5), station


@asynccontextmanager
async def facing(
    back: Network, front: Network, profile: int = 1, csms: CsmsConfig | None = None, **station: Any
) -> AsyncIterator[Pair]:
    clock = Clock()
    recorders = [
        Recorder(clock.now, tester="csms", dut="charger"),
        Recorder(clock.now, tester="station", dut="csms"),
    ]
    secured = profile > 1
    served = replace(
        csms or CsmsConfig(),
        password=PASSWORD,
        security_profile=profile,
        credentials=CsmsCredentials.of(pki()) if secured else None,
    )
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(CSMS.open(served, recorders[0], clock, back))
        config = StationConfig(
            host=driver.endpoint.host,
            port=driver.endpoint.port,
            server_name=CSMS_HOST if secured else "",
            password=PASSWORD,
            security_profile=profile,
            credentials=StationCredentials.of(pki()) if secured else None,
        )
        config = replace(config, **station)
        other = await stack.enter_async_context(STATION.open(config, recorders[1], clock, front))
        yield Pair(driver, other, *recorders)


Act = Callable[[Pair], Awaitable[None]]


def play(act: Act, profile: int = 1, csms: CsmsConfig | None = None, **station: Any) -> Pair:
    """Lets both meet over the null modem on virtual time; the traces stay."""

    async def main() -> Pair:
        link = NullLink()
        async with link.host("csms") as back, link.host("station") as front:
            async with facing(back, front, profile, csms, **station) as pair:
                await act(pair)
            return pair

    return run(main(), virtual=True)


def play_on_sockets(act: Act, profile: int = 1, **station: Any) -> Pair:
    """The same over loopback."""

    async def main() -> Pair:
        async with InternetNetwork() as back, InternetNetwork() as front:
            async with facing(back, front, profile, **station) as pair:
                await act(pair)
            return pair

    return run(main(), virtual=False)


def events(trace: Trace, kind: str, source: str | None = None) -> list[Event]:
    return list(trace.events(kind, source=source))


def messages(trace: Trace, kind: type, sender: str | None = None) -> list[Any]:
    return [frame.message for frame, _ in trace.messages(kind) if sender in {None, frame.sender}]


def raws(trace: Trace, sender: str) -> list[bytes]:
    return [one.raw for one in trace.records if isinstance(one, Frame) and one.sender == sender]
