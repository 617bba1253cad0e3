"""Josev's car, several sessions in one process, so that all but the first meet a warm Java virtual machine.

Runs in Josev's environment: ``python car_runner.py CONFIG SESSIONS ROUNDS``, with ROUNDS through the codec before the
first. Its own main program ends after one session and so never shows anything but its slowest.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from iso15118.evcc import Config, EVCCHandler
from iso15118.evcc.controller.simulator import SimEVController
from iso15118.evcc.evcc_config import load_from_file
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from warm_up import warm_up


async def main(path: str, sessions: int, rounds: int) -> None:
    """Charge as often as asked, each time from SDP on, with one codec."""
    settings = Config()
    settings.load_envs()
    codec = ExificientEXICodec()
    warm_up(codec, rounds)
    for number in range(sessions):
        logging.getLogger(__name__).info("session %d of %d", number + 1, sessions)
        config = await load_from_file(path)
        car = SimEVController(config)
        await EVCCHandler(evcc_config=config, iface=settings.iface, exi_codec=codec, ev_controller=car).start()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
