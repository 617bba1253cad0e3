"""The network of the emulated charger: every SDP datagram is recorded, and answers follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from v2gready.emulators.charger.sdp_script import Datagram, Step
from v2gready.protocols.sdp import SdpResponse
from v2gready.transports.network import Accept, Datagrams, Listener, Network
from v2gready.transports.stream import ByteStream, Endpoint, TransportClosed


class SdpScript:
    """What is answered to the SDP requests to come."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._forever = False

    def set(self, steps: Iterable[Step], *, forever: bool) -> None:
        """Replaces the script; ``forever`` repeats its last step without end."""
        self._steps = list(steps)
        self._forever = forever

    def answers(self, good: bytes) -> tuple[Datagram, ...]:
        """What goes out in place of the good answer."""
        if not self._steps:
            return (Datagram(good),)
        last = len(self._steps) == 1
        step = self._steps[0] if last and self._forever else self._steps.pop(0)
        return step(SdpResponse.decode(good))


class ScriptedNetwork(Network):
    """A network whose UDP port is watched and scripted; all else passes through.

    Args:
        inner: The network.
        script: Answers.
        seen: Called with each datagram, and whether it came from the car.
    """

    def __init__(self, inner: Network, script: SdpScript, seen: Callable[[bytes, bool], None]) -> None:
        self._inner = inner
        self._script = script
        self._seen = seen

    @property
    def address(self) -> str:
        """See `Network.address`."""
        return self._inner.address

    @property
    def sdp(self) -> Endpoint:
        """See `Network.sdp`."""
        return self._inner.sdp

    async def connect(self, host: str, port: int, *, timeout: float) -> ByteStream:  # noqa: ASYNC109 - Network
        """See `Network.connect`."""
        return await self._inner.connect(host, port, timeout=timeout)

    async def listen(self, accept: Accept, *, port: int = 0) -> Listener:
        """See `Network.listen`."""
        return await self._inner.listen(accept, port=port)

    async def open_datagrams(self, *, port: int = 0, join: str | None = None) -> Datagrams:
        """See `Network.open_datagrams`."""
        return _ScriptedDatagrams(await self._inner.open_datagrams(port=port, join=join), self._script, self._seen)

    async def aclose(self) -> None:
        """Leaves the network underneath open: it is not ours."""


class _ScriptedDatagrams(Datagrams):
    def __init__(self, inner: Datagrams, script: SdpScript, seen: Callable[[bytes, bool], None]) -> None:
        self._inner = inner
        self._script = script
        self._seen = seen
        self._later: set[asyncio.TimerHandle] = set()

    @property
    def endpoint(self) -> Endpoint:
        return self._inner.endpoint

    def send(self, data: bytes, to: Endpoint) -> None:
        for one in self._script.answers(data):
            if one.pause > 0:
                handle = asyncio.get_running_loop().call_later(one.pause, self._send, one.data, to)
                self._later.add(handle)
            else:
                self._send(one.data, to)

    def _send(self, data: bytes, to: Endpoint) -> None:
        with suppress(TransportClosed):
            self._inner.send(data, to)
            self._seen(data, False)

    async def receive(self) -> tuple[bytes, Endpoint]:
        data, sender = await self._inner.receive()
        self._seen(data, True)
        return data, sender

    def close(self) -> None:
        for handle in self._later:
            handle.cancel()
        self._inner.close()
