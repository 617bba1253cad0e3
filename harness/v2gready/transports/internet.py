"""Real TCP to wherever a name or an address leads, IPv4 or IPv6: a back end and its stations, not one link of a car.

Which interface is used and which port we call from is the system's business. There is no SDP here, hence no datagrams.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from ipaddress import IPv6Address, ip_address

from v2gready.transports.network import Accept, ConnectError, ConnectFault, Datagrams, HandlerTasks, Listener, Network
from v2gready.transports.stream import ByteStream, Endpoint, TransportError
from v2gready.transports.tcp import SocketListener, SocketStream

BACKLOG = 1024
"""Connections that wait to be accepted: many stations may come back at once after an outage."""


class InternetNetwork(Network):
    """This machine among all others.

    Args:
        address: IPv4 or IPv6 address to listen on; ``0.0.0.0`` or ``::`` for all. Connections go out from whichever
            address the system chooses.

    Raises:
        TransportError: no such address form.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        try:
            parsed = ip_address(address)
        except ValueError:
            raise TransportError(f"{address!r} is no IP address to listen on; give one of this machine") from None
        self._family = socket.AF_INET6 if isinstance(parsed, IPv6Address) else socket.AF_INET
        self._address = address
        self._open: dict[SocketStream | SocketListener, None] = {}
        self._handlers = HandlerTasks()

    @property
    def address(self) -> str:
        """The address that listeners get."""
        return self._address

    async def connect(self, host: str, port: int, *, timeout: float) -> ByteStream:  # noqa: ASYNC109 - Network
        """Open a TCP connection to a name or an address, trying all addresses of a name; see `Network.connect`."""
        loop = asyncio.get_running_loop()
        where = Endpoint(host, port)
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(lambda: SocketStream(self._forget), host, port)
        except TimeoutError:
            sentence = f"no answer from {where} within {timeout:g} s; check the address and any firewall between"
            raise ConnectError(ConnectFault.TIMEOUT, sentence) from None
        except socket.gaierror as error:
            sentence = f"the name {host} cannot be resolved: {error.strerror}; check the name and the resolver"
            raise ConnectError(ConnectFault.UNREACHABLE, sentence) from None
        except OSError as error:
            raise _connect_error(where, error) from None
        self._open[stream] = None
        return stream

    async def listen(self, accept: Accept, *, port: int = 0) -> Listener:
        """Serve incoming connections; see `Network.listen`."""
        loop = asyncio.get_running_loop()

        def accepted(stream: SocketStream) -> None:
            self._open[stream] = None
            self._handlers.start(accept, stream)

        sock = self._bind(port)
        endpoint = Endpoint(self._address, sock.getsockname()[1])
        server = await loop.create_server(
            lambda: SocketStream(self._forget, accepted=accepted), sock=sock, backlog=BACKLOG
        )
        listener = SocketListener(endpoint, server, self._forget)
        self._open[listener] = None
        return listener

    async def open_datagrams(self, *, port: int = 0, join: str | None = None) -> Datagrams:
        """Never.

        Raises:
            TransportError: always.
        """
        raise TransportError(f"no UDP port {port} (group {join}) here: this network is TCP only; use a SocketNetwork")

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

    def _forget(self, item: SocketStream | SocketListener) -> None:
        self._open.pop(item, None)

    def _bind(self, port: int) -> socket.socket:
        # With the protocol named, asyncio knows the socket for TCP and switches Nagle's delay off.
        sock = socket.socket(self._family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.setblocking(False)
            if port:
                # A port that a former run left in TIME_WAIT is free; one with a listener stays taken.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self._address, port))
        except OSError as error:
            sock.close()
            remedies = {
                errno.EADDRINUSE: "is taken; stop the program that uses it or choose another port",
                errno.EACCES: "needs a privilege; choose a port above 1023 or run with CAP_NET_BIND_SERVICE",
                errno.EADDRNOTAVAIL: "cannot be had, this machine does not have the address; check the address",
            }
            remedy = remedies.get(error.errno or 0, f"cannot be had: {error.strerror}")
            raise TransportError(f"TCP port {port} of {self._address} {remedy}") from None
        return sock


def _connect_error(where: Endpoint, error: OSError) -> ConnectError:
    # asyncio tries all addresses of a name and sums the failures up; one of several has no number.
    if isinstance(error, ConnectionRefusedError) or (
        error.errno is None and f"[Errno {errno.ECONNREFUSED}]" in str(error)
    ):
        return ConnectError(ConnectFault.REFUSED, f"{where} refused the connection; nothing listens there")
    if error.errno == errno.ETIMEDOUT:
        return ConnectError(ConnectFault.TIMEOUT, f"no answer from {where}; check the address and any firewall between")
    reason = error.strerror or str(error)
    return ConnectError(ConnectFault.UNREACHABLE, f"{where} cannot be reached: {reason}; check address and network")
