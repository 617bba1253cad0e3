"""Lines and binary blocks to and from an instrument: a TCP socket, or VISA.

An answer that does not come leaves the wire unusable: it may still come, and would then be taken for the answer to the
next question. So every failure closes the wire, and whoever wants to go on opens a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from v2gready.bench.grid.drivers import InstrumentError

BLOCK_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of the largest binary block that is believed."""
VISA_REMEDY: Final = "VISA needs PyVISA: pip install 'v2gready[bench]'"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instrument is.

    Attributes:
        text: ``host``, ``host:port``, ``[v6]:port`` or a VISA resource such as ``TCPIP0::192.0.2.7::INSTR``.
        backend: VISA library: ``@py``, ``@sim`` with a file before it, or empty for the installed one.
    """

    text: str
    backend: str = "@py"

    @property
    def visa(self) -> bool:
        """It is a VISA resource."""
        kind = self.text.partition("::")[0].rstrip("0123456789").upper()
        return "::" in self.text and kind in {"TCPIP", "GPIB", "USB", "ASRL", "VICP", "PRLGX-TCPIP"}

    def endpoint(self, default_port: int) -> tuple[str, int]:
        """Host and port.

        Raises:
            ValueError: It is none.
        """
        host, colon, port = self.text.rpartition(":")
        if not colon or self.text.endswith("]") or (":" in host and not host.startswith("[")):
            host, port = self.text, str(default_port)
        host = host.removeprefix("[").removesuffix("]")
        if not host or any(letter.isspace() or letter == "/" for letter in host) or not port.isdecimal():
            raise ValueError(f"{self.text!r} is no address")
        if not 0 < int(port) < 65536:
            raise ValueError(f"{port} is no TCP port")
        return host, int(port)


class Wire(ABC):
    """A way to an instrument. One caller at a time; `v2gready.bench.grid.session` sees to that."""

    broken = False

    @abstractmethod
    async def write(self, line: str) -> None:
        """Sends a line."""

    @abstractmethod
    async def read_line(self) -> str:
        """Reads a line.

        Raises:
            InstrumentError: None came in time, it is too long, or the connection is gone.
        """

    @abstractmethod
    async def read_block(self) -> bytes:
        """Reads a definite-length block (IEEE 488.2, 8.7.9: ``#``, digits of the length, the length, the bytes).

        Raises:
            InstrumentError: As `read_line`, or what came is no block.
        """

    @abstractmethod
    async def close(self) -> None:
        """Gives the connection up."""


async def open_wire(address: Address, port: int, timeout: float, longest_line: int) -> Wire:  # noqa: ASYNC109
    """Connects.

    Raises:
        InstrumentError: Nobody answers, or VISA is not installed.
    """
    if address.visa:
        return await _VisaWire.open(address, timeout, longest_line)
    return await _SocketWire.open(address, port, timeout, longest_line)


def block_length(digits: bytes) -> int:
    """The length in the header of a block.

    Raises:
        InstrumentError: It is none, or beyond belief.
    """
    if not digits.isdigit() or int(digits) > BLOCK_LIMIT:
        raise InstrumentError(f"the header of a binary block says length {digits!r}")
    return int(digits)


class _SocketWire(Wire):
    """A raw TCP socket, as most instruments offer on port 5025."""

    def __init__(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float, longest: int
    ) -> None:
        self._name = name
        self._reader = reader
        self._writer = writer
        self._timeout = timeout
        self._longest = longest

    @classmethod
    async def open(cls, address: Address, default_port: int, timeout: float, longest: int) -> _SocketWire:  # noqa: ASYNC109
        try:
            host, port = address.endpoint(default_port)
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(host, port, limit=longest)
        except TimeoutError:
            raise InstrumentError(f"{address.text} does not answer within {timeout:g} s") from None
        except (OSError, ValueError) as problem:
            raise InstrumentError(f"cannot connect to {address.text}: {problem}") from None
        return cls(address.text, reader, writer, timeout, longest)

    async def write(self, line: str) -> None:
        async def send() -> None:
            self._writer.write(line.encode("latin-1") + b"\n")
            await self._writer.drain()

        await self._guarded(send, f"does not take {shortened(line)!r}")

    async def read_line(self) -> str:
        async def read() -> str:
            return (await self._reader.readuntil(b"\n")).decode("latin-1").strip()

        return await self._guarded(read, "does not answer")

    async def read_block(self) -> bytes:
        async def read() -> bytes:
            head = await self._reader.readexactly(2)
            if head[:1] != b"#" or not head[1:].isdigit() or head == b"#0":
                raise InstrumentError(f"{self._name} answers {head!r}… where a binary block should be")
            length = block_length(await self._reader.readexactly(int(head[1:])))
            content = await self._reader.readexactly(length)
            await self._reader.readuntil(b"\n")
            return content

        return await self._guarded(read, "does not send a whole binary block")

    async def close(self) -> None:
        self.broken = True
        self._writer.close()
        with contextlib.suppress(OSError):  # it is gone either way
            await self._writer.wait_closed()

    async def _guarded(self, action: Callable[[], Awaitable[Result]], fails: str) -> Result:
        if self.broken:
            raise InstrumentError(f"the connection to {self._name} is closed")
        try:
            async with asyncio.timeout(self._timeout):
                return await action()
        except TimeoutError:
            problem = f"{self._name} {fails} within {self._timeout:g} s"
        except asyncio.IncompleteReadError as broken:
            half = f" after {shortened(broken.partial.decode('latin-1'))!r}" if broken.partial else ""
            problem = f"{self._name} closed the connection{half}"
        except asyncio.LimitOverrunError:
            problem = f"{self._name} answers with a line of more than {self._longest} bytes"
        except OSError as lost:
            problem = f"the connection to {self._name} is lost: {lost.strerror or lost}"
        except BaseException:
            await self.close()
            raise
        await self.close()
        raise InstrumentError(problem)


class _VisaWire(Wire):
    """A VISA resource. PyVISA blocks, so it lives in a thread of its own, which also keeps its calls in order."""

    def __init__(self, name: str, resource: Any, thread: ThreadPoolExecutor, timeout: float, longest: int) -> None:
        self._name = name
        self._resource = resource
        self._thread = thread
        self._timeout = timeout
        self._longest = longest

    @classmethod
    async def open(cls, address: Address, timeout: float, longest: int) -> _VisaWire:  # noqa: ASYNC109
        try:
            pyvisa = importlib.import_module("pyvisa")
        except ImportError:
            raise InstrumentError(f"{address.text}: {VISA_REMEDY}") from None

        def connect() -> Any:
            resource = pyvisa.ResourceManager(address.backend).open_resource(
                address.text, open_timeout=int(timeout * 1000)
            )
            resource.timeout = timeout * 1000
            resource.read_termination = resource.write_termination = "\n"
            return resource

        thread = ThreadPoolExecutor(1, thread_name_prefix="visa")
        try:
            resource = await asyncio.get_running_loop().run_in_executor(thread, connect)
        except Exception as problem:  # noqa: BLE001 - every VISA library raises its own kinds
            thread.shutdown(wait=False)
            raise InstrumentError(f"cannot connect to {address.text}: {one_line(problem)}") from None
        return cls(address.text, resource, thread, timeout, longest)

    async def write(self, line: str) -> None:
        await self._call(lambda: self._resource.write(line), f"does not take {shortened(line)!r}")

    async def read_line(self) -> str:
        def read() -> bytes:
            line: bytes = self._resource.read_bytes(self._longest, break_on_termchar=True)
            if not line.endswith(b"\n") and len(line) >= self._longest:
                raise InstrumentError(f"{self._name} answers with a line of more than {self._longest} bytes")
            return line

        return (await self._call(read, "does not answer")).decode("latin-1").strip()

    async def read_block(self) -> bytes:
        def read() -> bytes:
            head: bytes = self._resource.read_bytes(2)
            if head[:1] != b"#" or not head[1:].isdigit() or head == b"#0":
                raise InstrumentError(f"{self._name} answers {head!r}… where a binary block should be")
            content: bytes = self._resource.read_bytes(block_length(self._resource.read_bytes(int(head[1:]))))
            self._resource.read_bytes(1)  # the end of the line
            return content

        return await self._call(read, "does not send a whole binary block")

    async def close(self) -> None:
        if self.broken:
            return
        self.broken = True
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._resource.close)
        except Exception:  # noqa: BLE001, S110 - it is gone either way
            pass
        finally:
            self._thread.shutdown(wait=False)

    async def _call(self, action: Callable[[], Result], fails: str) -> Result:
        if self.broken:
            raise InstrumentError(f"the connection to {self._name} is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, action)
        except InstrumentError:
            await self.close()
            raise
        except Exception as problem:  # noqa: BLE001 - every VISA library raises its own kinds
            await self.close()
            raise InstrumentError(f"{self._name} {fails}: {one_line(problem)}") from None
        except BaseException:
            await self.close()
            raise


def shortened(text: str, length: int = 60) -> str:
    """A text fit for a message."""
    text = text.strip()
    return text if len(text) <= length else f"{text[: length - 1]}…"


def one_line(problem: BaseException) -> str:
    """An exception in one line."""
    return " ".join(str(problem).split()) or type(problem).__name__
