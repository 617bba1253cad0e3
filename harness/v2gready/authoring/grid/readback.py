"""Words for the settings that a device shows: whether they are those of the code, stay, and are what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.judgements import remark
from v2gready.bench.grid.registers import SettingCheck, compare_settings
from v2gready.grid.profile import Profile
from v2gready.model.measurement import Limit
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Event, EventKind, Trace

SETTINGS: Final = ("702.", "703.", "704.AntiIslEna", "705.", "706.", "707.", "708.", "709.", "710.", "711.", "712.")
"""Beginnings of the names of registers that hold settings; the others hold measurements and commands."""
SHOWN: Final = 0.001
"""Share by which a register may differ between two readings: its resolution."""


def readings(trace: Trace, count: int) -> list[Event]:
    """So many readings of the registers, in order.

    Raises:
        Inconclusive: There are fewer.
    """
    found = list(trace.events(EventKind.SETTINGS_READ, source=trace.dut))
    if len(found) < count:
        raise Inconclusive(f"the registers were read {len(found)} times, {count} are needed")
    return found


def code_of(trace: Trace) -> Profile:
    """The grid code of the run."""
    return Profile.from_json(trace.declared["grid_code"])


def as_the_code(requirement: str, code: Profile, reading: Event) -> Iterator[Observation]:
    """Each number of the code that a register shows is the one that the register holds.

    Raises:
        Inconclusive: No register shows any of them.
    """
    checks = compare_settings(numbers(reading), code)
    told = [one for one in checks if one.agrees is not None]
    if not told:
        raise Inconclusive("no register shows a number that the code sets")
    for one in told:
        yield replace(
            holds(
                requirement,
                bool(one.agrees),
                expected=f"{one.parameter} {one.expected} ({code.cite(one.parameter)})"
                if one.parameter in code
                else f"{one.parameter}: {one.expected}",
                seen=f"{one.seen} ({one.note})" if one.note else one.seen,
                at=(reading.index,),
            ),
            provenance=code[one.parameter].provenance if one.parameter in code else Limit("").provenance,
        )
    silent = [one.parameter for one in checks if one.agrees is None]
    if silent:
        yield remark(requirement, f"cannot be read back: {', '.join(silent)}", at=(reading.index,))


def kept(requirement: str, before: Event, after: Event) -> Observation:
    """All settings of the second reading are those of the first.

    Raises:
        Inconclusive: The readings have no setting in common.
    """
    first, second = (_settings(numbers(one)) for one in (before, after))
    if not first:
        raise Inconclusive("the first reading holds no settings")
    changed = [
        f"{name}: {value:g} before, {'gone' if name not in second else f'{second[name]:g}'} after"
        for name, value in first.items()
        if name not in second or abs(second[name] - value) > SHOWN * abs(value)
    ]
    new = [f"{name}: new, {value:g}" for name, value in second.items() if name not in first]
    told = changed + new
    return holds(
        requirement,
        not told,
        expected="the settings are those from before",
        seen="; ".join(told[:4]) or f"{len(first)} settings unchanged",
        at=(before.index, after.index),
    )


def shown(reading: Event, name: str) -> float:
    """The value of a register.

    Raises:
        Inconclusive: The device does not have it.
    """
    value = numbers(reading).get(name)
    if value is None:
        raise Inconclusive(f"the device has no register {name}")
    return value


def stages_shown(reading: Event, model: str, quantity: str) -> list[tuple[float, float]]:
    """Values and delays of the must-trip curve of a model.

    Raises:
        Inconclusive: It shows none.
    """
    registers = numbers(reading)
    stages = []
    number = 1
    while (value := registers.get(f"{model}.Crv.MustTrip.Pt{number}.{quantity}")) is not None:
        stages.append((value, shown(reading, f"{model}.Crv.MustTrip.Pt{number}.Tms")))
        number += 1
    if not stages:
        raise Inconclusive(f"the device shows no stages in model {model}")
    return stages


def numbers(reading: Event) -> dict[str, float]:
    """The registers of a reading that hold numbers."""
    return {name: float(value) for name, value in reading.detail.items() if isinstance(value, int | float)}


def _settings(registers: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in registers.items() if name.startswith(SETTINGS)}


__all__ = ["SettingCheck", "as_the_code", "code_of", "kept", "numbers", "readings", "shown", "stages_shown"]
