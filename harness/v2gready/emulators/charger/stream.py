"""A connection of the emulated charger with a witness on it: every frame of both sides goes to the recorder."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from v2gready.emulators.charger.hello import HelloWatch
from v2gready.model.trace import EventKind, Frame
from v2gready.protocols import v2gtp
from v2gready.protocols.dissect import V2GTP
from v2gready.transports.recorder import Recorder, TraceFull
from v2gready.transports.stream import ByteStream, Endpoint, StreamReset, TransportClosed
from v2gready.transports.tls import TlsFailure

EV, CHARGER = "ev", "charger"
PATIENCE = 11.0
"""Seconds that a connection stays open behind the end of its session: who of both closes it is to be seen.

A little longer than judges allow (`v2gready.authoring.ev.CLOSING`); a car that waits five seconds on purpose was met.
"""


class Carrier(ByteStream):
    """What the car connected by, under TLS or without: it knows its name and looks at a ClientHello.

    Args:
        inner: The connection.
        link: Its name in the trace.
        recorder: Where the ClientHello goes.
        stall: Seconds for which the first octets of the car lie unread: a charger that is busy with something else.
    """

    def __init__(self, inner: ByteStream, link: str, recorder: Recorder, stall: float = 0.0) -> None:
        self.link = link
        self._inner = inner
        self._stall = stall
        self._hello = HelloWatch(lambda facts: recorder.event(EventKind.TLS_HELLO, EV, link=link, detail=facts))

    @property
    def local(self) -> Endpoint:
        """Our end."""
        return self._inner.local

    @property
    def remote(self) -> Endpoint:
        """The car's end."""
        return self._inner.remote

    async def receive(self) -> bytes:
        """See `ByteStream.receive`."""
        data = await self._inner.receive()
        self._hello.feed(data)
        if self._stall > 0:
            stall, self._stall = self._stall, 0.0
            await asyncio.sleep(stall)
        return data

    def send(self, data: bytes) -> None:
        """See `ByteStream.send`."""
        self._inner.send(data)

    async def drain(self) -> None:
        """See `ByteStream.drain`."""
        await self._inner.drain()

    def close(self) -> None:
        """See `ByteStream.close`."""
        self._inner.close()

    def abort(self) -> None:
        """See `ByteStream.abort`."""
        self._inner.abort()

    async def wait_closed(self) -> None:
        """See `ByteStream.wait_closed`."""
        await self._inner.wait_closed()


class WatchedStream(ByteStream):
    """V2GTP both ways, recorded as it passes: what the car sends even while nobody asks for it.

    `close` does not close at once: `wait_closed` gives the car `PATIENCE` to do it first.

    Args:
        inner: The connection, TLS included.
        link: Its name in the trace.
        recorder: Where everything goes.
        changed: Called after everything that somebody may wait for.
    """

    def __init__(self, inner: ByteStream, link: str, recorder: Recorder, changed: Callable[[], None]) -> None:
        self.link = link
        self.frames: list[Frame] = []
        self._inner = inner
        self._recorder = recorder
        self._changed = changed
        self._unread: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._gone: Exception | None = None
        self._ev_closed = False
        self._we_closed = False
        self._leaving = asyncio.Event()
        self._unsent = bytearray()
        self._pump = asyncio.create_task(self._receive(), name=f"charger receives on {link}")

    @property
    def is_open(self) -> bool:
        """Neither side has closed the connection."""
        return not (self._ev_closed or self._we_closed)

    @property
    def local(self) -> Endpoint:
        """Our end."""
        return self._inner.local

    @property
    def remote(self) -> Endpoint:
        """The car's end."""
        return self._inner.remote

    async def receive(self) -> bytes:
        """See `ByteStream.receive`."""
        while not self._unread:
            if self._gone is not None:
                raise self._gone
            if self._ev_closed or self._we_closed:
                return b""
            self._more.clear()
            await self._more.wait()
        return self._unread.popleft()

    def send(self, data: bytes) -> None:
        """Records and sends; see `ByteStream.send`."""
        if self._we_closed:
            return
        self._note_sent(data)
        with suppress(TlsFailure, TransportClosed):  # the pump tells
            self._inner.send(data)

    async def drain(self) -> None:
        """See `ByteStream.drain`; what is no whole frame by now is recorded as it is."""
        if self._unsent:
            self._record(CHARGER, bytes(self._unsent))
            self._unsent.clear()
        await self._inner.drain()

    def close(self) -> None:
        """The session is over for the SECC; see the class."""

    def abort(self) -> None:
        """Ends the connection with RST."""
        self._end("reset")

    def end(self) -> None:
        """Ends the connection with FIN, now."""
        self._end("fin")

    async def wait_closed(self) -> None:
        """Waits for the car to close, closes, and waits until the connection is gone."""
        if self.is_open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), PATIENCE)
        self._end("fin")
        await self._inner.wait_closed()

    def observed(self) -> None:
        """Notes that the link was watched until now."""
        if not self._we_closed:
            with suppress(TraceFull):
                self._recorder.event(EventKind.OBSERVED_UNTIL, CHARGER, link=self.link)

    def _end(self, how: str) -> None:
        if self._we_closed:
            return
        self.observed()
        self._we_closed = True
        with suppress(TraceFull):
            self._recorder.event(EventKind.CLOSED, CHARGER, link=self.link, how=how)
        self._pump.cancel()
        if how == "reset":
            self._inner.abort()
        else:
            self._inner.close()
        self._wake()

    def _note_sent(self, data: bytes) -> None:
        self._unsent += data
        while len(self._unsent) >= v2gtp.HEADER_LENGTH and self._unsent[:2] == b"\x01\xfe":
            length = v2gtp.HEADER_LENGTH + int.from_bytes(self._unsent[4:8], "big")
            if len(self._unsent) < length:
                return
            self._record(CHARGER, bytes(self._unsent[:length]))
            del self._unsent[:length]

    async def _receive(self) -> None:
        decoder = v2gtp.FrameDecoder()
        how = "fin"
        try:
            while octets := await self._inner.receive():
                for event in decoder.feed(octets):
                    self._take(event)
                self._unread.append(octets)
                self._more.set()
        except StreamReset as gone:
            how, self._gone = "reset", gone
        except TlsFailure as failure:
            with suppress(TraceFull):
                self._recorder.event(
                    EventKind.TLS_FAILED, EV, link=self.link, reason=failure.reason, alert=failure.alert or ""
                )
            how, self._gone = "tls alert", failure
        except TransportClosed:  # the SECC was switched off under us
            how = ""
        if self._we_closed or not how:
            self._wake()
            return
        broken = decoder.eof()
        if broken is not None:
            self._take(broken)
        self._ev_closed = True
        with suppress(TraceFull):
            self._recorder.event(EventKind.CLOSED, EV, link=self.link, how=how)
        self._wake()

    def _take(self, event: v2gtp.FrameEvent) -> None:
        with suppress(TraceFull):
            match event:
                case v2gtp.Frame(raw=raw):
                    self._record(EV, raw)
                case v2gtp.SkippedFrame(reason=reason):
                    self._recorder.event(EventKind.SKIPPED, EV, link=self.link, reason=reason)
                case v2gtp.BrokenStream(reason=reason):
                    self._recorder.event(EventKind.BROKEN, EV, link=self.link, reason=reason)

    def _record(self, sender: str, raw: bytes) -> None:
        with suppress(TraceFull):
            self.frames.append(self._recorder.frame(self.link, V2GTP, sender, raw))
            self._changed()

    def _wake(self) -> None:
        self._more.set()
        self._leaving.set()
        self._changed()
