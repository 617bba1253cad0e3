"""The grid code of a place as DERControl of AC_DER_IEC.

Which parameter goes into which element is data: `fixtures/der/iec.toml`.
"""

from __future__ import annotations

import functools
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any, Final

from v2gready.protocols.exi import OneOf
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import AcRatings
from v2gready.protocols.iso15118.secc.der import DerSettings, functions_of
from v2gready.protocols.iso15118.services import DerControlFunctions
from v2gready.resources import folder

_SETPOINTS: Final = DerControlFunctions.DSO_Q_SETPOINT | DerControlFunctions.DSO_COS_PHI_SETPOINT
_BASIC: Final = (
    DerControlFunctions.OVER_FREQUENCY_WATT | DerControlFunctions.UNDER_FREQUENCY_WATT | DerControlFunctions.VOLT_WATT
)
_MOST_POINTS: Final = 10


@functools.cache
def der_settings(code: str, ratings: AcRatings, **changes: Any) -> DerSettings:
    """What a charger in the area of a grid code wants of an inverter in the car.

    Two bitmaps are offered: everything that the grid code sets, and what no inverter does without.

    Args:
        code: Name of a file in ``fixtures/gridcodes``, without its ending.
        ratings: Of the AC outlet, for shares and per-unit values.
        **changes: Other fields of `DerSettings`.

    Raises:
        FileNotFoundError: There is no such grid code.
    """
    document = tomllib.loads((folder("fixtures") / "gridcodes" / f"{code}.toml").read_text("utf-8"))
    rules = tomllib.loads((folder("fixtures") / "der" / "iec.toml").read_text("utf-8"))
    control = _control(_Code(document, ratings), rules)
    everything = functions_of(control) | _SETPOINTS
    bitmaps = (everything, everything & _BASIC) if everything & _BASIC else (everything,)
    return DerSettings(control=control, bitmaps=bitmaps, **changes)


class _Missing(LookupError):  # noqa: N818 - a fact about the grid code, not an error
    """The grid code does not set a parameter."""


class _Code:
    """Numbers of a grid code in the units of DERControl."""

    def __init__(self, document: Mapping[str, Any], ratings: AcRatings) -> None:
        self._parameters: Mapping[str, Any] = document["parameter"]
        power = ratings.maximum_discharge_power
        self._per_unit = {"V": float(document["nominal_voltage"]), "W": power, "var": power, "1": 1.0}

    def number(self, rule: Mapping[str, Any]) -> m.RationalNumber:
        """The number that a rule names."""
        entry = self._entry(rule["of"])
        value = entry["value"] if "value" in entry else entry["rows"][rule.get("row", 0)][rule.get("column", 0)]
        return m.RationalNumber.of(round(float(value) * (self._per_unit[rule["pu"]] if "pu" in rule else 1.0), 4))

    def curve(self, rule: Mapping[str, Any]) -> m.CurveDataPointList:
        """The curve that a rule names; where two points have one x, the later one counts: x has to rise."""
        points: dict[float, float] = {}
        for x, y in self._entry(rule["curve"])["rows"]:
            points[x * self._per_unit[rule["x"]]] = y * self._per_unit[rule["y"]]
        excitation = m.Excitation[rule["excitation"]] if "excitation" in rule else None
        return m.CurveDataPointList(
            CurveDataPoint=tuple(
                m.CurveDataPoint(
                    xValue=m.RationalNumber.of(round(x, 2)),
                    yValue=m.SetpointExcitation(SetpointValue=m.RationalNumber.of(round(y, 3)), Excitation=excitation),
                )
                for x, y in list(points.items())[:_MOST_POINTS]
            )
        )

    def _entry(self, name: str) -> Mapping[str, Any]:
        entry = self._parameters.get(name)
        if entry is None:
            raise _Missing(name)
        found: Mapping[str, Any] = entry
        return found


def _control(code: _Code, rules: Mapping[str, Any]) -> m.DERControl:
    groups: dict[str, dict[str, Any]] = {}
    values: dict[str, Any] = {}
    for function in DerControlFunctions:
        rule = rules.get(function.name or "")
        if rule is None:
            continue
        group, _, name = rule["element"].partition(".")
        if group in groups and _is_choice(_type_of(m.DERControl, group)):
            continue  # the first one that the grid code sets
        kind = _type_of(_type_of(m.DERControl, group), name) if name else _type_of(m.DERControl, group)
        try:
            value = _element(code, kind, {key: one for key, one in rule.items() if key != "element"})
        except _Missing:
            continue
        if name:
            groups.setdefault(group, {})[name] = value
        else:
            values[group] = value
    made = {group: _type_of(m.DERControl, group)(**members) for group, members in groups.items()}
    return m.DERControl(**made, **values)


def _element(code: _Code, kind: type, rule: Mapping[str, Any]) -> Any:
    if not is_dataclass(kind) or kind is m.RationalNumber:
        return _value(code, kind, rule["value"])
    optional = {one.name for one in fields(kind) if one.default is None}
    values: dict[str, Any] = {}
    for name, given in rule.items():
        try:
            values[name] = _value(code, _type_of(kind, name), given)
        except _Missing:
            if name not in optional:
                raise
    return kind(**values)


def _value(code: _Code, kind: type, given: Any) -> Any:
    match given:
        case {"of": _}:
            return code.number(given)
        case {"curve": _}:
            return code.curve(given)
        case float():
            return m.RationalNumber.of(given)
        case str() if issubclass(kind, IntEnum):
            return kind[given]
        case _:
            return given


def _is_choice(declaration: type) -> bool:
    """Whether one of its elements is sent, and no more."""
    hints = typing.get_type_hints(declaration, include_extras=True).values()
    return any(isinstance(one, OneOf) for hint in hints for one in getattr(hint, "__metadata__", ()))


def _type_of(declaration: type, name: str) -> Any:
    """Type of a field, None left aside."""
    hint = typing.get_type_hints(declaration)[name]
    return next((one for one in typing.get_args(hint) if one is not type(None)), hint)
