"""Josev's charger with a warm Java virtual machine: its own main program, after some rounds through the codec.

Runs in Josev's environment: ``python charger_runner.py ROUNDS``. It listens when it is warm.
"""

from __future__ import annotations

import asyncio
import sys

from iso15118.secc import SECCHandler
from iso15118.secc.controller.simulator import SimEVSEController
from iso15118.secc.secc_settings import Config
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from warm_up import warm_up


async def main(rounds: int) -> None:
    """Warm up, then serve until killed."""
    settings = Config()
    settings.load_envs()
    codec = ExificientEXICodec()
    warm_up(codec, rounds)
    await SECCHandler(exi_codec=codec, evse_controller=SimEVSEController(), config=settings).start(settings.iface)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
