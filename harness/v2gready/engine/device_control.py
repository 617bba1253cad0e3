"""The hooks of a reference device that runs as a process of its own: a small HTTP server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Collection
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from v2gready.engine.ocpp_hooks import carried_out
from v2gready.model.dut import ConfigurationError, Problem

LOOPBACK: Final = "127.0.0.1"
_UNFILLED: Final = re.compile(r"\{\w+\}")
"""What stays of a URL where the case gives no value."""
MAX_REQUEST: Final = 64 * 1024
"""Octets of one hook over HTTP."""


@contextlib.asynccontextmanager
async def controlled(device: Any, names: Collection[str], port: int) -> AsyncIterator[None]:
    """Serves hooks as ``POST /name?value=...``; whoever sends one is on this machine."""
    if not port:
        yield
        return

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
            status = await _obeyed(device, names, head.decode("latin-1").split("\r\n", 1)[0])
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            status = "400 Bad Request"
        with contextlib.suppress(ConnectionError):
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(serve, LOOPBACK, port, limit=MAX_REQUEST)
    except OSError as reason:
        wrong = Problem("--control", f"{LOOPBACK}:{port}: {reason.strerror}", "name a free port")
        raise ConfigurationError("device", [wrong]) from None
    async with server:
        yield


async def _obeyed(device: Any, names: Collection[str], request: str) -> str:
    method, _, rest = request.partition(" ")
    parts = urlsplit(rest.partition(" ")[0])
    name = parts.path.strip("/")
    if method != "POST" or name not in names:
        return "404 Not Found"
    values = {key: _value(text) for key, text in parse_qsl(parts.query) if not _UNFILLED.fullmatch(text)}
    try:
        await carried_out(device, name, values)
    except (TypeError, ValueError, KeyError, AttributeError) as wrong:
        return f"400 {type(wrong).__name__}"
    return "204 No Content"


def _value(text: str) -> Any:
    """A value of a URL: JSON where it is some, ``True`` and ``False`` as Python writes them, else a text."""
    if text in {"True", "False"}:
        return text == "True"
    try:
        return json.loads(text)
    except ValueError:
        return text
