"""As much of HTTP/1.1 as a client that asks for revocation needs: one request, one answer, the end."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

MAX_HEAD = 0x2000
MAX_BODY = 0x1_0000
_METHODS = {"GET", "POST"}


class BadRequest(Exception):  # noqa: N818 - says which status answers it
    """The octets are no request that is served here."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for.

    Attributes:
        method: GET or POST.
        path: Target without query.
        content_type: Of the body, in small letters, without parameters.
        body: The octets.
    """

    method: str
    path: str
    content_type: str
    body: bytes


class RequestReader:
    """Takes octets as they come and gives the request once it is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def started(self) -> bool:
        """Whether anything came."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Request | None:
        """Take octets; returns the request, or None while more are needed.

        Raises:
            BadRequest: They are none, or too many.
        """
        self._buffer += data
        head, found, body = bytes(self._buffer).partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the head is longer than {MAX_HEAD} octets")
        if not found:
            return None
        method, path, fields = _head(head)
        size = _size(method, fields)
        if len(body) < size:
            return None
        kind = fields.get("content-type", "").partition(";")[0].strip().lower()
        return Request(method, path.partition("?")[0], kind, body[:size])


def response(status: HTTPStatus, content_type: str = "text/plain", body: bytes | None = None) -> bytes:
    """An answer after which the connection ends."""
    content = f"{status.phrase}\n".encode("ascii") if body is None else body
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(content)}",
        "Cache-Control: no-store",
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii") + content


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    try:
        first, *lines = head.decode("ascii").split("\r\n")
        method, path, version = first.split(" ")
        fields = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    except ValueError:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "the head is no HTTP") from None
    if not version.startswith("HTTP/1."):
        raise BadRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"{version} is not spoken here")
    if method not in _METHODS:
        raise BadRequest(HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not served")
    if "transfer-encoding" in fields:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "a body without length")
    return method, path, fields


def _size(method: str, fields: dict[str, str]) -> int:
    text = fields.get("content-length")
    if text is None:
        if method == "POST":
            raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "a body without length")
        return 0
    if not text.isascii() or not text.isdigit():
        raise BadRequest(HTTPStatus.BAD_REQUEST, "a length that is no number")
    if len(text) > len(str(MAX_BODY)) or int(text) > MAX_BODY:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body longer than {MAX_BODY} octets")
    return int(text)
