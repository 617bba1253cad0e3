"""How well this machine can time a response: measured at the start of a run on real time, stated in every verdict."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_ROUNDS: Final = 300
_FLOOR: Final = 0.001
"""No claim below a millisecond, however calm the machine was while it was measured."""


def measure_timing_uncertainty() -> float:
    """Expanded uncertainty (k = 2) of a request-response time taken by this process, in seconds.

    A response that is there at once should measure as zero: the 99th percentile of echo round trips over loopback,
    through the same event loop, is taken as bound of the error that scheduling and sockets add.
    """
    return asyncio.run(_measure())


async def _measure() -> float:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(256):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    took = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        writer.write(bytes(64))
        await reader.readexactly(64)
        took.append(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    return max(_FLOOR, sorted(took)[int(0.99 * _ROUNDS)])
