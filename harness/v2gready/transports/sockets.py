"""Real sockets on one network interface: a PLC modem, a veth pair, or loopback for a device on the same machine.

On loopback there is no link-local address and no multicast to rely on: the address is ::1, and whatever is meant for
a multicast group goes to ::1 itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import cast

from v2gready.transports.network import (
    ALL_NODES,
    FIRST_PORT,
    LAST_PORT,
    SDP_PORT,
    Accept,
    ConnectError,
    ConnectFault,
    DatagramInbox,
    Datagrams,
    HandlerTasks,
    Listener,
    Network,
)
from v2gready.transports.stream import (
    ByteStream,
    Endpoint,
    TransportError,
)
from v2gready.transports.tcp import BACKLOG, SocketListener, SocketStream, endpoint_of, without_zone

_LOOPBACKS = ("lo", "lo0")
"""What Linux and the BSDs call it."""


class SocketNetwork(Network):
    """This machine's view of one interface.

    Args:
        interface: name as the system shows it, `eth0` or `lo`.
        address: IPv6 address to use where the interface has several; by default its link-local one, or ::1.
        sdp_port: UDP port of SDP; another than 15118 only where several devices share one loopback.

    Raises:
        TransportError: no such interface, or no IPv6 on it.
    """

    def __init__(self, interface: str, *, address: str | None = None, sdp_port: int = SDP_PORT) -> None:
        try:
            self._index = socket.if_nametoindex(interface)
        except OSError:
            names = ", ".join(name for _, name in socket.if_nameindex())
            raise TransportError(f"there is no interface {interface!r}; this machine has {names}") from None
        self._interface = interface
        self._loopback = interface in _LOOPBACKS if address is None else IPv6Address(address).is_loopback
        self._address = address or self._find_address()
        self._sdp_port = sdp_port
        # Two processes that begin at the same port would meet at every step; at a random one they hardly ever do.
        self._next_port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT + 1)
        self._open: dict[SocketStream | SocketListener | _SocketDatagrams, None] = {}
        self._handlers = HandlerTasks()

    @property
    def address(self) -> str:
        """The IPv6 address of this machine on the interface, without zone."""
        return self._address

    @property
    def sdp(self) -> Endpoint:
        """Where SDP requests go: the group of all nodes, or ::1 on loopback."""
        return Endpoint(self._address if self._loopback else ALL_NODES, self._sdp_port)

    async def connect(self, host: str, port: int, *, timeout: float) -> ByteStream:  # noqa: ASYNC109 - Network
        """Open a TCP connection from a dynamic port; see `Network.connect`."""
        loop = asyncio.get_running_loop()
        remote = Endpoint(host, port)
        sock = self._bind(socket.SOCK_STREAM, self._address, 0)
        try:
            async with asyncio.timeout(timeout):
                await loop.sock_connect(sock, self._socket_address(remote))
        except TimeoutError:
            sock.close()
            sentence = f"no answer from {remote} on {self._interface} within {timeout:g} s; is the device on this link?"
            raise ConnectError(ConnectFault.TIMEOUT, sentence) from None
        except OSError as error:
            sock.close()
            raise self._connect_error(remote, error) from None
        except BaseException:
            sock.close()
            raise
        _, stream = await loop.create_connection(lambda: SocketStream(self._forget, remote=remote), sock=sock)
        self._open[stream] = None
        return stream

    async def listen(self, accept: Accept, *, port: int = 0) -> Listener:
        """Serve incoming connections; see `Network.listen`."""
        loop = asyncio.get_running_loop()
        sock = self._bind(socket.SOCK_STREAM, self._address, port)

        def accepted(stream: SocketStream) -> None:
            self._open[stream] = None
            self._handlers.start(accept, stream)

        endpoint = Endpoint(self._address, sock.getsockname()[1])
        server = await loop.create_server(
            lambda: SocketStream(self._forget, accepted=accepted), sock=sock, backlog=BACKLOG
        )
        listener = SocketListener(endpoint, server, self._forget)
        self._open[listener] = None
        return listener

    async def open_datagrams(self, *, port: int = 0, join: str | None = None) -> Datagrams:
        """Bind a UDP port; see `Network.open_datagrams`."""
        loop = asyncio.get_running_loop()
        group = None if self._loopback else join
        sock = self._bind(socket.SOCK_DGRAM, "::" if group else self._address, port)
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self._index)
            if group is not None:
                membership = IPv6Address(group).packed + struct.pack("@I", self._index)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        except OSError as error:
            sock.close()
            raise TransportError(
                f"{self._interface} cannot join the multicast group {group}: {error.strerror}; is the interface up?"
            ) from None
        endpoint = Endpoint(self._address, sock.getsockname()[1])
        _, datagrams = await loop.create_datagram_endpoint(
            lambda: _SocketDatagrams(endpoint, self._index, self._socket_address, self._forget), sock=sock
        )
        self._open[datagrams] = None
        return datagrams

    async def aclose(self) -> None:
        """Close and abort everything that was opened here and wait for the end of it."""
        ending = list(self._open)
        for item in ending:
            if isinstance(item, SocketStream):
                item.abort()
            else:
                item.close()
        await self._handlers.cancel()
        for item in ending:
            await item.wait_closed()

    def _forget(self, item: SocketStream | SocketListener | _SocketDatagrams) -> None:
        self._open.pop(item, None)

    def _find_address(self) -> str:
        if self._loopback:
            return "::1"
        # Asks the routing table which source address a datagram to this link would bear; nothing is sent.
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            remedy = "bring it up and enable IPv6 on it"
            try:
                probe.connect((ALL_NODES, SDP_PORT, 0, self._index))
            except OSError as error:
                sentence = f"{self._interface} has no link-local IPv6 address ({error.strerror}); {remedy}"
                raise TransportError(sentence) from None
            found = without_zone(probe.getsockname()[0])
        if not IPv6Address(found).is_link_local:
            raise TransportError(f"{self._interface} has no link-local IPv6 address, only {found}; {remedy}")
        return found

    def _socket_address(self, endpoint: Endpoint) -> tuple[str, int, int, int]:
        """Return an endpoint as the socket layer wants it: with a zone where the address is ambiguous without."""
        host = IPv6Address(endpoint.host)
        if host.is_multicast and self._loopback:
            return (self._address, endpoint.port, 0, 0)
        zone = self._index if host.is_link_local or host.is_multicast else 0
        return (str(host), endpoint.port, 0, zone)

    def _bind(self, kind: socket.SocketKind, host: str, port: int) -> socket.socket:
        """Return a bound socket; port 0 takes the next free dynamic one, which the system would not stick to."""
        for _ in range(FIRST_PORT, LAST_PORT + 1):
            chosen = port or self._take_port()
            # With the protocol named, asyncio knows the socket for TCP and switches Nagle's delay off.
            protocol = socket.IPPROTO_TCP if kind is socket.SOCK_STREAM else socket.IPPROTO_UDP
            sock = socket.socket(socket.AF_INET6, kind, protocol)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                if port and kind is socket.SOCK_STREAM:
                    # A port that a former run left in TIME_WAIT is free; one with a listener stays taken.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if host == "::":
                    self._bind_to_device(sock)
                sock.bind(self._socket_address(Endpoint(host, chosen)))
            except OSError as error:
                sock.close()
                if error.errno != errno.EADDRINUSE or port:
                    raise self._bind_error(kind, chosen, error) from None
            else:
                return sock
        raise TransportError(f"{self._interface} has no free dynamic port left; close connections first")

    def _bind_to_device(self, sock: socket.socket) -> None:
        """Keep the ports of several interfaces apart where the system allows it; the zone is checked in any case."""
        option = getattr(socket, "SO_BINDTODEVICE", None)
        if option is not None:
            with contextlib.suppress(PermissionError):
                sock.setsockopt(socket.SOL_SOCKET, option, self._interface.encode())

    def _take_port(self) -> int:
        port = self._next_port
        self._next_port = FIRST_PORT if port == LAST_PORT else port + 1
        return port

    def _bind_error(self, kind: socket.SocketKind, port: int, error: OSError) -> TransportError:
        what = f"{'TCP' if kind is socket.SOCK_STREAM else 'UDP'} port {port} of {self._address} on {self._interface}"
        remedies = {
            errno.EADDRINUSE: "is taken; stop the program that uses it or choose another port",
            errno.EACCES: "needs a privilege; choose a port above 1023 or run with CAP_NET_BIND_SERVICE",
            errno.EADDRNOTAVAIL: "cannot be had, the interface does not have this address; check the address",
        }
        return TransportError(f"{what} {remedies.get(error.errno or 0, f'cannot be had: {error.strerror}')}")

    def _connect_error(self, remote: Endpoint, error: OSError) -> ConnectError:
        where = f"{remote} on {self._interface}"
        if isinstance(error, ConnectionRefusedError):
            return ConnectError(ConnectFault.REFUSED, f"{where} refused the connection; nothing listens there")
        if error.errno == errno.ETIMEDOUT:
            return ConnectError(ConnectFault.TIMEOUT, f"no answer from {where}; is the device on this link?")
        sentence = f"{where} cannot be reached: {error.strerror}; check address and link"
        return ConnectError(ConnectFault.UNREACHABLE, sentence)


class _SocketDatagrams(Datagrams, asyncio.DatagramProtocol):
    def __init__(
        self,
        endpoint: Endpoint,
        index: int,
        socket_address: Callable[[Endpoint], tuple[str, int, int, int]],
        closed: Callable[[_SocketDatagrams], None],
    ) -> None:
        self._endpoint = endpoint
        self._index = index
        self._socket_address = socket_address
        self._closed = closed
        self._inbox = DatagramInbox()
        self._error: OSError | None = None
        self._gone = asyncio.Event()

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    def send(self, data: bytes, to: Endpoint) -> None:
        self._inbox.check_open()
        self._error = None
        self._transport.sendto(data, self._socket_address(to))
        if self._error is not None:
            # Without this a bench whose link is down would look like a device that does not answer.
            raise TransportError(
                f"{self._endpoint} cannot send to {to}: {self._error.strerror}; check the interface and its cable"
            )

    def error_received(self, exc: Exception) -> None:
        """Runs inside `sendto` when the system refuses a datagram."""
        if isinstance(exc, OSError):
            self._error = exc

    async def receive(self) -> tuple[bytes, Endpoint]:
        return await self._inbox.take()

    def close(self) -> None:
        self._inbox.close()
        self._transport.close()
        self._closed(self)

    async def wait_closed(self) -> None:
        """Wait until the socket is gone."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.DatagramProtocol
        self._gone.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int, int, int]) -> None:
        # A socket bound to :: hears all interfaces, this network is one of them.
        if addr[3] in {0, self._index}:
            self._inbox.feed(data, endpoint_of(addr))
