"""What has to happen for a fault of the reference car to show: the registry, and its words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from tests.unit.references.ev.rig import Rig
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev import PauseWindow

Drive = Callable[[Rig], Awaitable[None]]
SCENARIOS: dict[str, tuple[Drive, dict[str, Any]]] = {}
"""What has to happen for a fault to show, and the rig it happens on."""

SCHEDULED, DYNAMIC = (ControlMode.SCHEDULED,), (ControlMode.DYNAMIC,)
PAUSED = {"loops": None, "pauses": (PauseWindow(after=5, seconds=60),)}
IN_TLS = {"tls": True}


def shows(names: str, **settings: Any) -> Callable[[Drive], Drive]:
    """Registers a scenario for some faults."""

    def register(drive: Drive) -> Drive:
        for name in names.split():
            assert name not in SCENARIOS, name
            SCENARIOS[name] = (drive, settings)
        return drive

    return register


async def visit(one: Rig) -> None:
    await one.visit()


async def plugged_in_for(one: Rig, seconds: float) -> None:
    one.ev.plug_in()
    await asyncio.sleep(seconds)


def bent(kind: type, change: Callable[[Any], Any]) -> Drive:
    """A session in which the charger says something else."""

    async def drive(one: Rig) -> None:
        one.script.alter(kind, change)
        await plugged_in_for(one, 20)

    return drive


def code(value: m.ResponseCode) -> Callable[[Any], Any]:
    return lambda response: replace(response, ResponseCode=value)


def ongoing(response: Any) -> Any:
    return replace(response, EVSEProcessing=m.Processing.Ongoing)
