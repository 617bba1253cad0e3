"""A tap that writes what passes a network into a pcapng file, with the TLS secrets inside.

It sits on byte streams and datagrams, under TLS, and therefore works over the null modem as over sockets. The packets
are synthesised (see `v2gready.protocols.ethernet`): bytes, order and direction are what passed; a received byte bears
the time at which the harness took it. Bytes that nobody took, as after our own close, are not in the file.

Each packet is on disk as soon as it is told. Secrets have to stand at the front, because a reader decrypts nothing of
a TLS 1.3 session of which it could not read the handshake, and they are known only in the midst of it. So the file
begins with a block of empty lines into which they are written as they come: whatever ends the run, what is on disk can
be decrypted. `close` takes the empty lines out again.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Self

import v2gready
from v2gready.protocols import pcapng
from v2gready.protocols.ethernet import Address, TcpFlow, udp_packet
from v2gready.transports.clock import Clock
from v2gready.transports.network import Accept, Datagrams, Listener, Network
from v2gready.transports.stream import ByteStream, Endpoint, StreamReset
from v2gready.transports.tls import KeyLog

_COMMENT = (
    "Synthesised packets: taken from the byte streams and datagrams of the harness, not from a network card. "
    "Payload bytes, order and direction are original; addresses of hardware, segmentation and bare "
    "acknowledgements are not."
)
_RESERVED = 0x1_0000
"""Bytes for secrets at the front of an open file: some sixty sessions. More follow between the packets until `close`
moves them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CaptureTap:
    """Writes one pcapng file.

    Args:
        path: the file; an older one is overwritten.
        keylog: where the TLS sessions put their secrets; close the tap before it.
    """

    def __init__(self, path: Path, keylog: KeyLog | None = None) -> None:
        self._path = path
        self._keylog = keylog
        self._head = pcapng.section_header(application=f"v2gready {v2gready.__version__}", comment=_COMMENT)
        self._head += pcapng.interface_description("v2gready")
        self._secrets_written = 0
        self._packets = 0
        self._note: str | None = None
        self._file = path.open("wb")
        self._file.write(self._head)
        if keylog is not None:
            self._file.write(pcapng.decryption_secrets(b"\n" * _RESERVED))
        self._file.flush()

    @property
    def packets(self) -> int:
        """Packets so far: the number of the latest one as an analyser shows it."""
        return self._packets

    def wrap(self, network: Network, clock: Clock) -> Network:
        """Return a network that does the same and is captured."""
        return _TappedNetwork(self, network, clock)

    def annotate(self, comment: str) -> None:
        """Put a comment on the next packet, as where a test case begins."""
        self._note = comment

    def write(self, packets: Iterable[bytes], at: datetime) -> None:
        """Append packets that passed at one instant."""
        time_ns = (at - _EPOCH) // timedelta(microseconds=1) * 1000
        self._write_secrets()
        for packet in packets:
            self._file.write(pcapng.enhanced_packet(packet, time_ns=time_ns, comment=self._note))
            self._packets += 1
            self._note = None
        self._file.flush()

    def close(self) -> None:
        """Finish the file: exactly the secrets stand at its front."""
        if self._file.closed:
            return
        self._file.close()
        if self._keylog is not None:
            self._rewrite(self._keylog.secrets())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_secrets(self) -> None:
        if self._keylog is None:
            return
        fresh = self._keylog.secrets()[self._secrets_written :]
        if not fresh:
            return
        if self._secrets_written + len(fresh) <= _RESERVED:
            self._file.seek(len(self._head) + pcapng.SECRETS_OFFSET + self._secrets_written)
            self._file.write(fresh)
            self._file.seek(0, os.SEEK_END)
        else:
            self._file.write(pcapng.decryption_secrets(fresh))
        self._secrets_written += len(fresh)

    def _rewrite(self, secrets: bytes) -> None:
        """Write the file again beside itself, secrets first, and put it in its place at once."""
        beside = self._path.with_name(f"{self._path.name}.part")
        with self._path.open("rb") as source, beside.open("wb") as target:
            target.write(source.read(len(self._head)))
            if secrets:
                target.write(pcapng.decryption_secrets(secrets))
            while start := source.read(8):
                kind, length = struct.unpack("<II", start)
                rest = source.read(length - 8)
                if kind != pcapng.BLOCK_SECRETS:
                    target.write(start + rest)
        beside.replace(self._path)


def _address(endpoint: Endpoint) -> Address:
    host = ip_address(endpoint.host)
    # The packets are IPv6 all of them; an IPv4 address stands in its mapped form (RFC 4291, 2.5.5.2).
    return Address(host if isinstance(host, IPv6Address) else IPv6Address(f"::ffff:{host}"), endpoint.port)


class _TappedNetwork(Network):
    def __init__(self, tap: CaptureTap, network: Network, clock: Clock) -> None:
        self._tap = tap
        self._network = network
        self._clock = clock

    @property
    def address(self) -> str:
        return self._network.address

    @property
    def sdp(self) -> Endpoint:
        return self._network.sdp

    async def connect(self, host: str, port: int, *, timeout: float) -> ByteStream:  # noqa: ASYNC109 - Network
        began = self._clock.utc()
        stream = await self._network.connect(host, port, timeout=timeout)
        return _TappedStream(self._tap, stream, self._clock, began, is_client=True)

    async def listen(self, accept: Accept, *, port: int = 0) -> Listener:
        async def tapped(stream: ByteStream) -> None:
            outer = _TappedStream(self._tap, stream, self._clock, self._clock.utc(), is_client=False)
            try:
                await accept(outer)
            except BaseException:
                outer.abort()  # the listener would do it too, but underneath the tap
                raise

        return await self._network.listen(tapped, port=port)

    async def open_datagrams(self, *, port: int = 0, join: str | None = None) -> Datagrams:
        datagrams = await self._network.open_datagrams(port=port, join=join)
        # UDP does not tell where a datagram went: who joined the group of SDP did so to be asked through it.
        target = datagrams.endpoint if join is None else Endpoint(self._network.sdp.host, datagrams.endpoint.port)
        return _TappedDatagrams(self._tap, datagrams, self._clock, target)

    async def aclose(self) -> None:
        await self._network.aclose()


class _TappedDatagrams(Datagrams):
    def __init__(self, tap: CaptureTap, datagrams: Datagrams, clock: Clock, target: Endpoint) -> None:
        self._tap = tap
        self._datagrams = datagrams
        self._clock = clock
        self._target = target

    @property
    def endpoint(self) -> Endpoint:
        return self._datagrams.endpoint

    def send(self, data: bytes, to: Endpoint) -> None:
        self._datagrams.send(data, to)
        self._write(data, self.endpoint, to)

    async def receive(self) -> tuple[bytes, Endpoint]:
        data, sender = await self._datagrams.receive()
        self._write(data, sender, self._target)
        return data, sender

    def close(self) -> None:
        self._datagrams.close()

    def _write(self, data: bytes, source: Endpoint, destination: Endpoint) -> None:
        self._tap.write([udp_packet(_address(source), _address(destination), data)], self._clock.utc())


class _TappedStream(ByteStream):
    def __init__(self, tap: CaptureTap, stream: ByteStream, clock: Clock, began: datetime, *, is_client: bool) -> None:
        self._tap = tap
        self._stream = stream
        self._clock = clock
        self._we = is_client
        self._ended = False
        self._peer_ended = False
        client, server = (stream.local, stream.remote) if is_client else (stream.remote, stream.local)
        self._flow = TcpFlow(_address(client), _address(server))
        syn, syn_ack, ack = self._flow.handshake()
        tap.write([syn], began)
        self._write([syn_ack, ack])

    @property
    def local(self) -> Endpoint:
        return self._stream.local

    @property
    def remote(self) -> Endpoint:
        return self._stream.remote

    async def receive(self) -> bytes:
        try:
            data = await self._stream.receive()
        except StreamReset:
            if not self._ended:
                self._ended = True
                self._write(self._flow.rst(from_client=not self._we))
            raise
        if data:
            self._write(self._flow.data(data, from_client=not self._we))
        elif not self._ended and not self._peer_ended:
            self._peer_ended = True
            self._write(self._flow.fin(from_client=not self._we))
        return data

    def send(self, data: bytes) -> None:
        self._stream.send(data)
        self._write(self._flow.data(data, from_client=self._we))

    async def drain(self) -> None:
        await self._stream.drain()

    def close(self) -> None:
        self._stream.close()
        if not self._ended:
            self._ended = True
            self._write(self._flow.fin(from_client=self._we))

    def abort(self) -> None:
        self._stream.abort()
        if not self._ended:
            self._ended = True
            self._write(self._flow.rst(from_client=self._we))

    async def wait_closed(self) -> None:
        await self._stream.wait_closed()

    def _write(self, packets: Iterable[bytes]) -> None:
        self._tap.write(packets, self._clock.utc())
