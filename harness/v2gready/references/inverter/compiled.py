"""Compiles the simulation loops if numba is there; otherwise they run interpreted, with equal results.

At an ideal grid the interpreted waveform plant is `plant_ideal`, the same model in arrays.

Set ``V2GREADY_NUMBA=0`` to run interpreted although numba is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import types
from collections.abc import Callable
from functools import cache
from typing import Any

from v2gready.references.inverter import (
    active_power,
    cells,
    controller,
    curves,
    plant_phasor,
    plant_waveform,
)

Simulation = Callable[..., int]
_MODULES = (cells, curves, active_power, controller, plant_phasor, plant_waveform)


def available() -> bool:
    """Numba is installed and not forbidden."""
    return os.environ.get("V2GREADY_NUMBA", "1") != "0" and importlib.util.find_spec("numba") is not None


def phasor_loop(*, fast: bool) -> Simulation:
    """`plant_phasor.simulate_phasor`."""
    return _compiled(plant_phasor.simulate_phasor) if fast else plant_phasor.simulate_phasor


def waveform_loop(*, fast: bool) -> Simulation:
    """`plant_waveform.simulate_waveform`."""
    return _compiled(plant_waveform.simulate_waveform) if fast else plant_waveform.simulate_waveform


@cache
def _compiled(function: Simulation) -> Simulation:
    import numba  # noqa: PLC0415 - optional, and slow to import

    _teach_helpers()
    # Numba's cache on disk looks at the file of the loop alone; the digest in the name covers what the loop calls.
    named = types.FunctionType(function.__code__, function.__globals__, function.__name__)
    named.__qualname__ = f"{function.__name__}_{_digest()}"
    named.__module__ = function.__module__
    loop: Simulation = numba.njit(cache=True)(named)
    return loop


@cache
def _teach_helpers() -> None:
    from numba.extending import register_jitable  # noqa: PLC0415 - optional

    teach: Callable[[Any], Any] = register_jitable
    for module in (curves, active_power, controller):
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                teach(function)


@cache
def _digest() -> str:
    source = "".join(inspect.getsource(module) for module in _MODULES)
    return hashlib.sha256(source.encode()).hexdigest()[:12]
