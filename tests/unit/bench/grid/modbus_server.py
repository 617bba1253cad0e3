"""A SunSpec device on Modbus TCP: our own few lines of server, a register image made by the encoder of pysunspec2."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sunspec2 import device

BASE = 40000


def encoded(number: int, data: Mapping[str, Any]) -> bytes:
    """One model with header."""
    model = device.Model(number, data=dict(data))
    assert not model.error_info, model.error_info
    return bytes(model.get_mb())


def image_of(models: Mapping[int, Mapping[str, Any]]) -> bytes:
    content = b"".join(encoded(number, data) for number, data in models.items())
    return b"SunS" + content + struct.pack(">HH", 0xFFFF, 0)


class _Handler(socketserver.BaseRequestHandler):
    """Function 3 alone; anything else is noted and refused."""

    def handle(self) -> None:
        server: Any = self.server
        while True:
            header = self._exactly(7)
            if header is None:
                return
            transaction, _, length, unit = struct.unpack(">HHHB", header)
            body = self._exactly(length - 1) or b"\0"
            server.functions.append(body[0])
            answer = self._answer(body)
            if server.silent:
                continue
            self.request.sendall(struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer)

    def _answer(self, body: bytes) -> bytes:
        server: Any = self.server
        if body[0] != 3:
            return bytes([body[0] | 0x80, 1])
        address, count = struct.unpack(">HH", body[1:5])
        start = (address - BASE) * 2
        if start < 0 or start + 2 * count > len(server.image):
            return bytes([0x83, 2])
        return bytes([3, 2 * count]) + server.image[start : start + 2 * count]

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            part = self.request.recv(count - len(data))
            if not part:
                return None
            data += part
        return data


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, image: bytes, *, silent: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.image = image
        self.silent = silent
        self.functions: list[int] = []


@contextmanager
def serving(image: bytes, *, silent: bool = False) -> Iterator[_Server]:
    with _Server(image, silent=silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
