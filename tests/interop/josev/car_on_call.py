"""Josev's car as a device under test: plugged in, stopped and unplugged by lines on a Unix socket.

Runs in Josev's environment: ``python car_on_call.py CONFIG ROUNDS SOCKET``, with ROUNDS through the codec before it
listens. A line is the name of a hook and ``key=value`` for each of its parameters; the answer is ``ok`` or what is
wrong. Each plugging-in is a fresh car with the configuration of the file and what ``prefer`` changed since.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import sys
from pathlib import Path
from typing import Any

from iso15118.evcc import Config, EVCCHandler
from iso15118.evcc.controller.simulator import SimEVController
from iso15118.evcc.evcc_config import EVCCConfig
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from warm_up import warm_up

log = logging.getLogger(__name__)


class Car:
    """The car between two pluggings.

    Args:
        config: Its configuration, by the names of the file.
        rounds: Rounds through the codec before the first session.
    """

    def __init__(self, config: dict[str, Any], rounds: int) -> None:
        """Warm it up."""
        self._config = config
        self._settings = Config()
        self._settings.load_envs()
        self._codec = ExificientEXICodec()
        warm_up(self._codec, rounds)
        self._controller: SimEVController | None = None
        self._handler: EVCCHandler | None = None
        self._task: asyncio.Task[None] | None = None

    async def plug_in(self) -> None:
        """A new session from SDP on."""
        await self.unplug()
        random.seed(1)  # whether its power profile is ready at once is a coin toss (docs/interop/josev-car.md)
        config = EVCCConfig(**self._config)
        config.load_raw_values()
        self._controller = SimEVController(config)
        self._handler = EVCCHandler(
            evcc_config=config, iface=self._settings.iface, exi_codec=self._codec, ev_controller=self._controller
        )
        self._task = asyncio.create_task(self._charge(self._handler))

    @staticmethod
    async def _charge(handler: EVCCHandler) -> None:
        try:
            await handler.start()
        except Exception:
            log.exception("the car failed")

    async def unplug(self) -> None:
        """Nothing of a session is left: tasks cancelled, sockets gone."""
        task, handler, self._task, self._handler = self._task, self._handler, None, None
        if task is None or handler is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        talking = getattr(handler, "comm_session", (None, None))[1]
        if talking is not None:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        if handler.tcp_client is not None:
            with contextlib.suppress(Exception):
                handler.tcp_client.writer.transport.abort()
        if handler.udp_client is not None and handler.udp_client._transport is not None:
            handler.udp_client._transport.close()

    async def stop(self) -> None:
        """The driver has had enough: no charge loop behind the one under way."""
        if self._controller is not None:
            self._controller.charging_loop_cycles = 0

    async def prefer(self, service: str = "", **_: str) -> None:
        """Another energy transfer service from the next session on; it has nothing else to choose from.

        A value that the case did not give stands in braces.
        """
        if service and not service.startswith("{"):
            self._config["supportedEnergyServices"] = [service.upper()]
            family = "DC" if service.upper().startswith("DC") else "AC"
            self._config["supportedProtocols"] = [f"ISO_15118_20_{family}"]


async def main(car: Car, where: str) -> None:
    """Serve hooks until killed."""
    hooks = {
        "plug_in": car.plug_in,
        "start": car.plug_in,
        "unplug": car.unplug,
        "stop": car.stop,
        "prefer": car.prefer,
    }

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name, *values = (await reader.readline()).decode().split()
        try:
            await hooks[name](**dict(value.split("=", 1) for value in values))
            writer.write(b"ok\n")
        except Exception as wrong:
            log.exception("hook %s", name)
            writer.write(f"{type(wrong).__name__}: {wrong}\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(obey, where) as server:
        log.info("the car waits to be plugged in")
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Car(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])), sys.argv[3]))
