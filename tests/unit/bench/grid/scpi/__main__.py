"""``python -m tests.unit.bench.grid.scpi ametek --fault drop:list:freq`` prints its port and serves.

It ends with its input. Any client may ask ``MODEL?`` for the state of the model as JSON: that is how a test sees
whether the output is off.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.unit.bench.grid.scpi.ametek import Ametek
from tests.unit.bench.grid.scpi.chroma import Chroma
from tests.unit.bench.grid.scpi.model import Dropped, Model
from tests.unit.bench.grid.scpi.pacific import Pacific
from tests.unit.bench.grid.scpi.yokogawa import Yokogawa
from tests.unit.bench.grid.scpi.zimmer import Zimmer

KINDS = {"ametek": Ametek, "chroma": Chroma, "pacific": Pacific, "yokogawa": Yokogawa, "zimmer": Zimmer}


async def serve(model: Model, slow: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal slow
        try:
            while line := (await reader.readline()).decode("latin-1").strip():
                answers = model.handle(line)
                if slow and slow in line.lower():
                    slow = ""
                    await asyncio.sleep(1.5)
                if answers:
                    # In two pieces, as networks do.
                    content = b";".join(one if isinstance(one, bytes) else one.encode("latin-1") for one in answers)
                    writer.write(content[:3])
                    await writer.drain()
                    writer.write(content[3:] + b"\n")
                    await writer.drain()
        except (Dropped, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the test finds us
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--slow", default="")
    parser.add_argument("--identity")
    options = parser.parse_args()
    model = KINDS[options.kind](options.fault)
    if options.identity:
        model.identity = options.identity
    asyncio.run(serve(model, options.slow))


if __name__ == "__main__":
    main()
