"""Reads the settings of a device by SunSpec Modbus TCP, models 701 to 714. Never writes.

The model definitions and the transport are those of pysunspec2 (extra ``bench``); names and units of the result are
those of `v2gready.bench.grid.registers`.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import Any, Final

from v2gready.bench.grid.drivers import InstrumentError
from v2gready.bench.grid.registers import DerRegisters, SettingCheck, compare_settings
from v2gready.bench.grid.wire import one_line

MODELS: Final = range(701, 715)
TIMEOUT: Final = 5.0
PERCENT: Final = 100.0
_CURVES: Final = frozenset({"Crv", "Ctl"})
"""Repeating groups of which the first member is the one in force."""
_TURNED: Final = frozenset({"ID", "L"})
_REFERENCES: Final[Mapping[int, tuple[str, Mapping[int, tuple[str, str]]]]] = {
    # DeptRef of a curve: share of rated active power, of rated reactive power (either side), of rated apparent power
    705: ("Var", {0: ("WMax", "WMax"), 1: ("VarMaxInj", "VarMaxAbs"), 3: ("VAMax", "VAMax")}),
    706: ("W", {0: ("", "")}),
    712: ("Var", {0: ("WMax", "WMax"), 1: ("VarMaxInj", "VarMaxAbs"), 3: ("VAMax", "VAMax")}),
}

__all__ = ["DerRegisters", "SettingCheck", "compare_settings", "read_settings"]


async def read_settings(host: str, port: int = 502, unit: int = 1, timeout: float = TIMEOUT) -> DerRegisters:  # noqa: ASYNC109
    """Reads the registers of a device.

    Args:
        host: Name or address.
        port: TCP port.
        unit: Modbus unit.
        timeout: Seconds to wait for an answer.

    Raises:
        InstrumentError: It does not answer, is no SunSpec device, or has none of the models.
    """
    try:
        client = importlib.import_module("sunspec2.modbus.client")
    except ImportError:
        raise InstrumentError("reading registers needs pysunspec2: pip install 'v2gready[bench]'") from None
    registers = await asyncio.to_thread(_read, client, host, port, unit, timeout)
    if not registers:
        raise InstrumentError(f"{host}:{port} unit {unit} has none of the SunSpec models 701 to 714")
    return registers


def _read(client: Any, host: str, port: int, unit: int, timeout: float) -> dict[str, float]:
    device = client.SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr=host, ipport=port, timeout=timeout)
    try:
        device.connect()
        device.scan(connect=False, full_model_read=False)
        registers: dict[str, float] = {}
        for number in MODELS:
            for model in device.models.get(number, [])[:1]:
                model.read()
                if model.error_info:
                    raise InstrumentError(f"model {number}: {one_line(model.error_info)}")  # noqa: TRY301 - as below
                registers |= flattened(number, model)
    except Exception as problem:  # noqa: BLE001 - pysunspec2 raises many kinds, plain ones among them
        raise InstrumentError(f"cannot read {host}:{port} unit {unit}: {one_line(problem)}") from None
    finally:
        device.disconnect()
    return _shares_of_ratings(registers)


def flattened(number: int, group: Any, prefix: str = "") -> dict[str, float]:
    """The implemented numbers of a model or of a group in it, by name, scaled."""
    found: dict[str, float] = {}
    for name, point in group.points.items():
        if name in _TURNED or point.pdef["type"] in {"sunssf", "pad", "string"}:
            continue
        value = point.cvalue
        if isinstance(value, int | float):
            percent = str(point.pdef.get("units", "")).endswith("Pct") or (name in {"Var", "W"} and "Pt" in prefix)
            found[f"{number}.{prefix}{name}"] = value / PERCENT if percent else value
    for name, members in group.groups.items():
        if not isinstance(members, list):
            found |= flattened(number, members, f"{prefix}{name}.")
        elif name in _CURVES:
            found |= flattened(number, members[0], f"{prefix}{name}.")
        else:
            active = getattr(group.points.get("ActPt"), "value", None)
            shown = members if active is None else members[:active]
            for position, member in enumerate(shown, start=1):
                found |= flattened(number, member, f"{prefix}{name}{position}.")
    return found


def _shares_of_ratings(registers: dict[str, float]) -> dict[str, float]:
    """Powers of curves as shares of the rating that the names promise; those that cannot be are left out."""
    ratings = {
        name: registers.get(f"702.{name}", registers.get(f"702.{name}Rtg"))
        for name in ("WMax", "VAMax", "VarMaxInj", "VarMaxAbs")
    }
    result = {}
    for name, value in registers.items():
        model, _, point = name.partition(".")
        quantity, references = _REFERENCES.get(int(model), ("", {}))
        if not (point.startswith("Crv.Pt") and point.endswith(f".{quantity}") and quantity):
            result[name] = value
            continue
        reference = references.get(int(registers.get(f"{model}.Crv.DeptRef", -1)))
        if reference is None:
            continue
        if quantity == "W":
            result[name] = value
            continue
        rated, apparent = ratings[reference[0] if value >= 0 else reference[1]], ratings["VAMax"]
        if rated is not None and apparent:
            result[name] = value * rated / apparent
    return result
