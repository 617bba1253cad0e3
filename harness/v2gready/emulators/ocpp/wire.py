"""One WebSocket of an OCPP peer as a tester holds it: sends anything, records everything, never stops reading.

A task reads for as long as the connection lives: what comes while a case looks elsewhere is on the timeline, too.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from v2gready.emulators.reach import Unreached
from v2gready.model.trace import EventKind, Frame
from v2gready.protocols.dissect import OCPP
from v2gready.protocols.ocpp.redaction import redacted
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder, TraceFull
from v2gready.transports.websocket import Binary, Closed, Opcode, Ping, Pong, Text, WebSocket

CALL_TIMEOUT: Final = 30.0
"""Seconds to wait for the answer to a call; the standard leaves it to either side."""
WAIT_TIMEOUT: Final = 60.0
"""Seconds to wait for something the peer does on its own."""
CLOSE_TIMEOUT: Final = 5.0
"""Seconds for the peer to answer a Close frame before the connection is cut."""


def stamp(instant: datetime) -> str:
    """A date-time as OCPP wants it: RFC 3339 in UTC with milliseconds."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def raise_first(results: Sequence[BaseException | None]) -> None:
    """Raises what sessions ended with; a failure of a case goes before a trace that is full."""
    failures = [one for one in results if one is not None]
    if failures:
        raise min(failures, key=lambda one: isinstance(one, TraceFull))


class MessageIds:
    """messageIds that no session of this run, and none of the run before, has used.

    A counter behind the instant of opening: the same on each run on virtual time, new on each run on real time.

    Args:
        prefix: First letters, by role.
        opened: When the emulator was opened.
    """

    def __init__(self, prefix: str, opened: datetime) -> None:
        self._prefix = f"{prefix}-{int(opened.timestamp() * 1000):x}"
        self._last = 0

    def __call__(self) -> str:
        """The next id, 36 characters at most."""
        self._last += 1
        return f"{self._prefix}-{self._last}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every session of one emulator shares.

    Attributes:
        recorder: Where every frame and event goes.
        clock: The time.
        own: Role that the emulator plays.
        peer: Role of the device under test.
        new_id: Gives messageIds.
        call_timeout: Seconds to wait for an answer.
        secrets: Passwords that may stand in no record.
    """

    recorder: Recorder
    clock: Clock
    own: str
    peer: str
    new_id: Callable[[], str]
    call_timeout: float = CALL_TIMEOUT
    secrets: Collection[str] = ()


class OcppWire(ABC):
    """Holds one connection with a finished handshake.

    Args:
        socket: The connection.
        link: Its name in the trace.
        around: What the connections of an emulator share.
    """

    def __init__(self, socket: WebSocket, link: str, around: Surroundings) -> None:
        self.link = link
        self._around = around
        self._recorder = around.recorder
        self._clock = around.clock
        self._socket = socket
        self._pongs = asyncio.Event()
        self._fragments = bytearray()
        self._failure: BaseException | None = None
        self._we_closed = False
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reader = asyncio.create_task(self._read(), name=f"{around.own} receives on {link}")

    @abstractmethod
    def _take(self, raw: bytes) -> None:
        """Takes a data message of the peer."""

    @abstractmethod
    def _give_up(self) -> None:
        """The connection is gone: nothing that is awaited will come."""

    @property
    def is_open(self) -> bool:
        """Neither side has closed the connection."""
        return not (self._we_closed or self._gone.is_set())

    @property
    def auto_pong(self) -> bool:
        """Pings are answered."""
        return self._socket.auto_pong

    @auto_pong.setter
    def auto_pong(self, on: bool) -> None:
        self._socket.auto_pong = on

    def stamp(self, offset: float = 0.0) -> str:
        """The time as OCPP writes it, so many seconds from now."""
        return stamp(self._clock.utc() + timedelta(seconds=offset))

    def step(self, text: str) -> None:
        """Notes a step of the stimulus for the reader of the report."""
        self._recorder.event(EventKind.PHASE, self._around.own, link=self.link, text=text)

    # -- sending --------------------------------------------------------------------------------------------------

    def raw(self, data: str | bytes) -> None:
        """Sends a text message as it is; octets may be no UTF-8. Recorded as one frame of ours."""
        self._put(data)

    def binary(self, octets: bytes) -> None:
        """Sends a binary message."""
        self._record(octets)
        self._socket.binary(octets)

    def frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> None:
        """Sends one WebSocket frame as it is: fragments, reserved opcodes and bits.

        Fragments are recorded as one frame once the last is out; what is no data frame, as BROKEN of ours.
        """
        self._check_open()
        if opcode in {Opcode.CONT, Opcode.TEXT, Opcode.BINARY} and not rsv:
            self._fragments += payload
            if fin:
                self._record(bytes(self._fragments))
                self._fragments.clear()
        else:
            reason = f"opcode {opcode}, {len(payload)} octets, fin {int(fin)}, rsv {rsv}"
            self._event(EventKind.BROKEN, reason=reason)
        self._socket.frame(opcode, payload, fin=fin, rsv=rsv)

    def octets(self, octets: bytes) -> None:
        """Sends octets on the stream below the WebSocket. Recorded as BROKEN of ours."""
        self._check_open()
        self._event(EventKind.BROKEN, reason=f"{len(octets)} octets beside the WebSocket: {octets[:32].hex()}")
        self._socket.octets(octets)

    def ping(self, payload: bytes = b"") -> None:
        """Sends a Ping."""
        self._check_open()
        self._pongs.clear()
        self._event(EventKind.PING)
        self._socket.ping(payload)

    async def drain(self, within: float = CALL_TIMEOUT) -> bool:
        """Waits until the peer has taken most of what was sent; whether it did in so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._socket.drain()
        except TimeoutError:
            self._timeout("drain", within)
            return False
        return True

    # -- watching -------------------------------------------------------------------------------------------------

    async def silence(self, seconds: float) -> None:
        """Sends nothing of its own accord and watches, until the connection goes or the time is over.

        The peer is answered as before; set `Silence` in `answers` for a tester that says nothing at all.
        """
        self._check()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        self._check()
        self._event(EventKind.OBSERVED_UNTIL)

    async def gone(self, within: float = WAIT_TIMEOUT) -> bool:
        """Waits for the connection to end; whether it did in so many seconds."""
        await self.silence(within)
        return self._gone.is_set()

    async def pong(self, within: float = CALL_TIMEOUT) -> bool:
        """Waits for the Pong to the last `ping`; whether it came in so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._pongs.wait()
        except TimeoutError:
            self._timeout("pong", within)
            return False
        return True

    # -- the end --------------------------------------------------------------------------------------------------

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Closes in order: Close frame, the peer's, then the connection. Nothing happens on a closed connection."""
        if self._we_closed:
            return
        if self._gone.is_set():
            await self._end()
            return
        self._we_closed = True
        self._last_words(EventKind.WS_CLOSE, code=code, reason=reason)
        await self._socket.close(code, reason, timeout=CLOSE_TIMEOUT)
        await self._gone.wait()
        closed = self._socket.closed
        how = "fin" if closed is None or closed.clean else "reset"
        with suppress(TraceFull):
            self._event(EventKind.CLOSED, how=how, **self._unfinished())
        await self._end()

    def abort(self) -> None:
        """Resets the connection, as pulling the plug does."""
        if self._we_closed:
            return
        self._we_closed = True
        if not self._gone.is_set():
            self._last_words(EventKind.CLOSED, how="reset", **self._unfinished())
            self._socket.abort()

    async def finish(self) -> None:
        """The end of a case: says until when it was watched, closes, and tells what failed in an answer of ours.

        Raises:
            TraceFull: The case has seen more than a trace may hold.
            Exception: What a function in `answers` raised.
        """
        if not self.is_open:
            await self._end()
        else:
            await self.close(1001, "the test is over")
        self._check()

    async def _end(self) -> None:
        tasks = [self._reader, *self._tasks]
        if asyncio.current_task() in tasks:
            return  # an answer that hangs up closes its own connection; whoever finishes the session waits for it
        if self._socket.closed is None:
            self._socket.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._give_up()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._socket.wait_closed()
        except TimeoutError:
            self._socket.abort()  # the peer takes nothing of what was sent before the end

    def _unfinished(self) -> dict[str, int]:
        """What the peer began to say: nothing else in the trace shows it."""
        octets = self._socket.unfinished
        return {"unfinished": octets} if octets else {}

    def _last_words(self, kind: str, **facts: str | float | bool) -> None:
        with suppress(TraceFull):
            self._event(EventKind.OBSERVED_UNTIL)
            self._event(kind, **facts)

    # -- the peer -------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while True:
                match await self._socket.receive():
                    case Text(data=text):
                        self._take(text.encode())
                    case Binary(data=octets):
                        self._take(octets)
                    case Ping():
                        self._event(EventKind.PING, self._around.peer)
                        if self.auto_pong:
                            self._event(EventKind.PONG)
                    case Pong():
                        self._event(EventKind.PONG, self._around.peer)
                        self._pongs.set()
                    case Closed() as closed:
                        self._closed(closed)
                        return
        except asyncio.CancelledError:
            raise
        except Exception as failure:  # noqa: BLE001 - raised again in the stimulus, where the engine sees it
            self._failure = failure
        finally:
            self._gone.set()
            self._give_up()

    def _closed(self, closed: Closed) -> None:
        own, peer = self._around.own, self._around.peer
        match closed:
            case Closed(violation=violation) if violation:
                self._event(EventKind.BROKEN, peer, reason=violation)
                self._event(EventKind.WS_CLOSE, own, code=closed.code, reason=closed.reason)
                self._event(EventKind.CLOSED, own, how="fin")
            case Closed(how="close"):
                self._event(EventKind.WS_CLOSE, peer, code=closed.code, reason=closed.reason)
                if closed.by_peer:
                    self._event(EventKind.WS_CLOSE, own, code=closed.code, reason="")  # the echo of RFC 6455, 5.5.1
                    self._event(EventKind.CLOSED, peer, how="fin")
            case Closed(how="tls"):
                self._event(EventKind.TLS_FAILED, peer, reason=closed.reason, alert="")
                self._event(EventKind.CLOSED, peer, how="tls alert")
            case Closed(how="fin" | "reset" as how):
                self._event(EventKind.CLOSED, peer, how=how, **self._unfinished())
            case Closed(how="timeout"):
                self._event(EventKind.TIMEOUT, own, timer="close", seconds=CLOSE_TIMEOUT)
            case _:
                pass  # our own reset: whoever did it has recorded it

    # -- the wire and the timeline --------------------------------------------------------------------------------

    def _put(self, data: str | bytes) -> None:
        self._check_open()
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        self._record(raw)
        try:
            self._socket.text(raw.decode())
        except UnicodeDecodeError:
            self._socket.frame(Opcode.TEXT, raw)

    def _record(self, raw: bytes, sender: str = "") -> Frame:
        if not sender:
            self._check_open()
        sender = sender or self._around.own
        return self._recorder.frame(self.link, OCPP, sender, redacted(raw, self._around.secrets))

    def _event(self, kind: str, source: str = "", /, **facts: str | float | bool) -> None:
        self._recorder.event(kind, source or self._around.own, link=self.link, detail=facts)

    def _timeout(self, timer: str, seconds: float, **facts: str | float | bool) -> None:
        self._event(EventKind.TIMEOUT, timer=timer, seconds=seconds, **facts)
        self._event(EventKind.OBSERVED_UNTIL)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _check_open(self) -> None:
        self._check()
        if not self.is_open:
            raise Unreached(f"the connection {self.link} is closed")
