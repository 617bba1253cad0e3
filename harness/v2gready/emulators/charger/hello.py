"""Looks at the first octets of a connection for a ClientHello."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from v2gready.protocols.tls_hello import Incomplete, NoHello, read_client_hello

_LONGEST = 0x1_0000


class HelloWatch:
    """Reads the ClientHello of a connection, if it begins with one, and looks no further.

    Args:
        found: Called once with its facts.
    """

    def __init__(self, found: Callable[[Mapping[str, str | float | bool]], None]) -> None:
        self._found = found
        self._octets: bytearray | None = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes octets of the car."""
        if self._octets is None:
            return
        self._octets += data
        try:
            hello = read_client_hello(bytes(self._octets))
        except Incomplete:
            if len(self._octets) > _LONGEST:
                self._octets = None
        except NoHello:
            self._octets = None
        else:
            self._octets = None
            self._found(hello.facts())
