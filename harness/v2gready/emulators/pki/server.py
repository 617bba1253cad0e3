"""OCSP responder and CRL distribution over plain HTTP, on the null modem and on sockets.

    GET  /ocsp/<request in base64, percent-encoded>    RFC 6960 A.1
    POST /ocsp                                         application/ocsp-request
    GET  /crl/<number>.crl                             application/pkix-crl, one for each CA of the register

What is revoked, unknown or stale is set on the register, also while it runs.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import unquote

from v2gready.emulators.pki.http import BadRequest, Request, RequestReader, response
from v2gready.protocols.pki import Addresses
from v2gready.protocols.pki.revocation import Register
from v2gready.transports.network import Listener, Network
from v2gready.transports.stream import ByteStream, StreamReset

OCSP_PATH = "/ocsp"
CRL_PATH = "/crl/"
OCSP_REQUEST = "application/ocsp-request"
OCSP_RESPONSE = "application/ocsp-response"
PKIX_CRL = "application/pkix-crl"
TIMEOUT = 10.0
"""Seconds that a client has for its request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was served, for those who want to know whether revocation was asked for.

    Attributes:
        moment: When.
        path: What for.
        status: HTTP status of the answer.
    """

    moment: datetime
    path: str
    status: int


class RevocationServer:
    """Serves a register.

    Args:
        network: Where it listens.
        register: What is known of certificates.
        now: The time, UTC; that of the machine if left out, which OpenSSL compares with.
        available: False: it takes connections and closes them without a word.
    """

    def __init__(
        self,
        network: Network,
        register: Register,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        available: bool = True,
    ) -> None:
        self.register = register
        self.available = available
        self.asked: list[Asked] = []
        self._network = network
        self._now = now
        self._listener: Listener | None = None

    async def open(self, *, port: int = 0) -> Addresses:
        """Listen; returns what has to be written into certificates.

        Args:
            port: TCP port; 0 takes a free one.

        Raises:
            TransportError: The port cannot be had.
        """
        self._listener = await self._network.listen(self._serve, port=port)
        base = f"http://{self._listener.endpoint}"
        return Addresses(f"{base}{OCSP_PATH}", f"{base}{CRL_PATH}0.crl")

    def close(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            self._listener.close()

    async def _serve(self, stream: ByteStream) -> None:
        reader = RequestReader()
        path = ""
        try:
            async with asyncio.timeout(TIMEOUT):
                request = None
                while self.available and request is None:
                    data = await stream.receive()
                    if not data:
                        break
                    request = reader.feed(data)
            if request is not None:
                path = request.path
                self._answer(stream, path, *self._find(request))
        except BadRequest as problem:
            self._answer(stream, path, problem.status, "text/plain", f"{problem}\n".encode("ascii", "replace"))
        except TimeoutError:
            self._answer(stream, path, HTTPStatus.REQUEST_TIMEOUT, "text/plain", b"no request\n")
        except StreamReset:
            stream.abort()
            return
        stream.close()

    def _answer(self, stream: ByteStream, path: str, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.asked.append(Asked(self._now(), path, status.value))
        stream.send(response(status, kind, body))

    def _find(self, request: Request) -> tuple[HTTPStatus, str, bytes]:
        if request.path.startswith(CRL_PATH) and request.method == "GET":
            number = request.path.removeprefix(CRL_PATH).removesuffix(".crl")
            authorities = self.register.authorities
            if number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(authorities):
                return HTTPStatus.OK, PKIX_CRL, self.register.crl(authorities[int(number)], self._now())
        elif request.path == OCSP_PATH and request.method == "POST":
            if request.content_type != OCSP_REQUEST:
                raise BadRequest(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"only {OCSP_REQUEST} is served")
            return HTTPStatus.OK, OCSP_RESPONSE, self.register.answer(request.body, self._now())
        elif request.path.startswith(f"{OCSP_PATH}/") and request.method == "GET":
            return HTTPStatus.OK, OCSP_RESPONSE, self.register.answer(_from_path(request.path), self._now())
        raise BadRequest(HTTPStatus.NOT_FOUND, "nothing is served there")


def _from_path(path: str) -> bytes:
    try:
        return base64.b64decode(unquote(path.removeprefix(f"{OCSP_PATH}/")), validate=True)
    except (binascii.Error, ValueError):
        return b""  # no request: the responder says so in its own words
