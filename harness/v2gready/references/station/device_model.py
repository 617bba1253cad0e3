"""Components and variables: what the CSMS can read, set and have reported (B05 to B08)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from v2gready.protocols.ocpp.frames import Payload

Key = tuple[str, str, int, int, str, str]
"""Component, its instance, EVSE, connector, variable, its instance; names in lower case: they have none (Part 2)."""
Guard = Callable[[str], str | None]
"""Looks at a value that the CSMS wants to set; gives a reason code where it must not."""

MAX_VALUE: Final = 2500


class DataType(Enum):
    """Types of values."""

    STRING = "string"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"
    OPTION_LIST = "OptionList"
    SEQUENCE_LIST = "SequenceList"
    MEMBER_LIST = "MemberList"


_LISTS: Final = frozenset({DataType.OPTION_LIST, DataType.SEQUENCE_LIST, DataType.MEMBER_LIST})
_STRINGS: Final = _LISTS | {DataType.STRING}


@dataclass(slots=True)
class Variable:
    """One variable with its attribute Actual.

    Attributes:
        component: Name of the component.
        name: Name of the variable.
        value: As text; empty where there is none.
        instance: Of the variable.
        component_instance: Of the component.
        evse: EVSE; 0: the station.
        connector: Connector; 0: none.
        type: Data type.
        writable: The CSMS may set it.
        readable: The CSMS may read it; a password may not be.
        unit: Of the value.
        minimum: minLimit.
        maximum: maxLimit; of a text its length.
        values: valuesList of a list.
        monitored: supportsMonitoring.
        reboot: A new value counts after a reboot.
        volatile: It starts anew after a power cycle.
        guard: A further check of a new value.
    """

    component: str
    name: str
    value: str = field(default="", repr=False)
    instance: str = ""
    component_instance: str = ""
    evse: int = 0
    connector: int = 0
    type: DataType = DataType.STRING
    writable: bool = False
    readable: bool = True
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    monitored: bool = False
    reboot: bool = False
    volatile: bool = False
    guard: Guard | None = field(default=None, repr=False)

    @property
    def key(self) -> Key:
        """By which it is found."""
        return key_of(
            self.component,
            self.name,
            instance=self.instance,
            component_instance=self.component_instance,
            evse=self.evse,
            connector=self.connector,
        )

    def problem(self, value: str) -> str | None:
        """The reason code against a new value; None where it may be set."""
        if not self._fits(value):
            return "InvalidValue"
        return None if self.guard is None else self.guard(value)

    def _fits(self, value: str) -> bool:
        if self.type in _STRINGS and self.maximum is not None and len(value) > self.maximum:
            return False
        match self.type:
            case DataType.BOOLEAN:
                return value.lower() in {"true", "false"}
            case DataType.INTEGER:
                return _whole(value) and self._within(float(value))
            case DataType.DECIMAL:
                return _finite(value) and self._within(float(value))
            case DataType.DATE_TIME:
                return value == "" or _moment(value)
            case DataType.OPTION_LIST:
                return not self.values or value in self.values
            case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
                members = split(value)
                return len(set(members)) == len(members) and (not self.values or set(members) <= set(self.values))
            case _:
                least = 0 if self.minimum is None else self.minimum
                return least <= len(value) <= MAX_VALUE

    def _within(self, number: float) -> bool:
        low = self.minimum is None or number >= self.minimum
        return low and (self.maximum is None or number <= self.maximum)

    def names(self) -> Payload:
        """Component and variable of a message."""
        component: Payload = {"name": self.component}
        if self.component_instance:
            component["instance"] = self.component_instance
        if self.evse:
            component["evse"] = {"id": self.evse} | ({"connectorId": self.connector} if self.connector else {})
        variable: Payload = {"name": self.name} | ({"instance": self.instance} if self.instance else {})
        return {"component": component, "variable": variable}

    def report(self) -> Payload:
        """The entry of a NotifyReport. A value that may not be read is not in it."""
        attribute: Payload = {"type": "Actual"}
        if self.readable:
            attribute["value"] = self.value
        attribute["mutability"] = "ReadWrite" if self.writable else "ReadOnly"
        if not self.readable:
            attribute["mutability"] = "WriteOnly"
        attribute["persistent"] = not self.volatile
        attribute["constant"] = False
        traits: Payload = {} if not self.unit else {"unit": self.unit}
        traits["dataType"] = self.type.value
        if self.minimum is not None:
            traits["minLimit"] = self.minimum
        if self.maximum is not None:
            traits["maxLimit"] = self.maximum
        if self.values:
            traits["valuesList"] = ",".join(self.values)
        traits["supportsMonitoring"] = self.monitored
        return {**self.names(), "variableAttribute": [attribute], "variableCharacteristics": traits}


def key_of(
    component: str,
    name: str,
    *,
    instance: str | None = None,
    component_instance: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Key:
    """By which a variable is found; names have no case."""
    return (
        component.lower(),
        (component_instance or "").lower(),
        evse or 0,
        connector or 0,
        name.lower(),
        (instance or "").lower(),
    )


def split(value: str) -> list[str]:
    """The members of a comma-separated list."""
    return [member.strip() for member in value.split(",") if member.strip()]


def _whole(value: str) -> bool:
    return value.removeprefix("-").isdecimal() and value.isascii()


def _finite(value: str) -> bool:
    try:
        return math.isfinite(float(value)) and "_" not in value
    except ValueError:
        return False


def _moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


class DeviceModel:
    """All variables of a station."""

    def __init__(self) -> None:
        self._variables: dict[Key, Variable] = {}
        self._watchers: list[Callable[[Variable, float], None]] = []

    def __iter__(self) -> Iterator[Variable]:
        return iter(list(self._variables.values()))

    def define(self, variable: Variable) -> Variable:
        """Adds a variable; one of the same names is replaced."""
        self._variables[variable.key] = variable
        return variable

    def remove(self, component: str, name: str, **place: Any) -> None:
        """Takes a variable away, if it is there; arguments as of `find`."""
        self._variables.pop(key_of(component, name, **place), None)

    def on_change(self, watcher: Callable[[Variable, float], None]) -> None:
        """Calls somebody after the CSMS has set a variable."""
        self._watchers.append(watcher)

    def forget_watchers(self) -> None:
        """A power cycle: whoever watched is no more."""
        self._watchers.clear()

    def find(self, component: str, name: str, **place: Any) -> Variable | None:
        """A variable.

        Args:
            component: Name of the component.
            name: Name of the variable.
            **place: ``instance``, ``component_instance``, ``evse``, ``connector``.
        """
        return self._variables.get(key_of(component, name, **place))

    def get(self, component: str, name: str, **place: Any) -> str | None:
        """Its value as text, None where there is no such variable; arguments as of `find`."""
        variable = self.find(component, name, **place)
        return None if variable is None else variable.value

    def boolean(self, component: str, name: str, **place: Any) -> bool:
        """Whether its value is true; arguments as of `find`."""
        return (self.get(component, name, **place) or "").lower() == "true"

    def number(self, component: str, name: str, **place: Any) -> float | None:
        """Its value as a number, None where there is none; arguments as of `find`."""
        value = self.get(component, name, **place)
        return float(value) if value and _finite(value) else None

    def members(self, component: str, name: str, **place: Any) -> list[str]:
        """Its value as a list; arguments as of `find`."""
        return split(self.get(component, name, **place) or "")

    def put(self, component: str, name: str, value: object, **place: Any) -> None:
        """Sets a value from within; arguments as of `find`.

        Raises:
            KeyError: There is no such variable.
        """
        self._variables[key_of(component, name, **place)].value = text_of(value)

    def values(self) -> dict[Key, str]:
        """Everything that survives a power cycle."""
        return {key: one.value for key, one in self._variables.items() if not one.volatile}

    def restore(self, values: Mapping[Key, str]) -> None:
        """Takes the values that survived."""
        for key, value in values.items():
            if key in self._variables:
                self._variables[key].value = value

    # Messages

    def read(self, item: Payload) -> Payload:
        """One entry of GetVariables (B06)."""
        found = self._lookup(item)
        kind = item.get("attributeType", "Actual")
        result: Payload = {"component": item["component"], "variable": item["variable"]}
        if "attributeType" in item:
            result["attributeType"] = kind
        if isinstance(found, str):
            return {"attributeStatus": found, **result}
        if kind != "Actual":
            return {"attributeStatus": "NotSupportedAttributeType", **result}
        if not found.readable:
            return {"attributeStatus": "Rejected", **result}
        return {"attributeStatus": "Accepted", "attributeValue": found.value, **result}

    def write(self, item: Payload, now: float) -> Payload:
        """One entry of SetVariables (B05)."""
        found = self._lookup(item)
        kind = item.get("attributeType", "Actual")
        result: Payload = {"component": item["component"], "variable": item["variable"]}
        if "attributeType" in item:
            result["attributeType"] = kind
        if isinstance(found, str):
            return {"attributeStatus": found, **result}
        if kind != "Actual":
            return {"attributeStatus": "NotSupportedAttributeType", **result}
        value = item["attributeValue"]
        problem = "ReadOnly" if not found.writable else found.problem(value)
        if problem is not None:
            return {"attributeStatus": "Rejected", "attributeStatusInfo": {"reasonCode": problem}, **result}
        found.value = value
        for watcher in self._watchers:
            watcher(found, now)
        return {"attributeStatus": "RebootRequired" if found.reboot else "Accepted", **result}

    def inventory(self, base: str) -> list[Payload]:
        """The entries of a base report (B07)."""
        wanted = list(self._variables.values())
        if base == "ConfigurationInventory":
            wanted = [one for one in wanted if one.writable]
        elif base == "SummaryInventory":
            wanted = [one for one in wanted if one.name in {"AvailabilityState", "Available", "Enabled", "Problem"}]
        return [one.report() for one in wanted]

    def selection(self, criteria: Iterable[str], wanted: Iterable[Payload]) -> list[Payload]:
        """The entries of a custom report (B08)."""
        conditions, names = list(criteria), list(wanted)
        chosen = [
            one
            for one in self._variables.values()
            if (not names or any(_matches(one, item) for item in names))
            and (not conditions or self._meets(one, conditions))
        ]
        return [one.report() for one in chosen]

    def _meets(self, variable: Variable, criteria: Iterable[str]) -> bool:
        """A component without the variable of a criterion counts as meeting it, but for Problem (B08)."""
        place = {
            "component_instance": variable.component_instance,
            "evse": variable.evse,
            "connector": variable.connector,
        }
        for criterion in criteria:
            value = self.get(variable.component, criterion, **place)
            if (value is None and criterion != "Problem") or (value or "").lower() == "true":
                return True
        return False

    def _lookup(self, item: Payload) -> Variable | str:
        component, variable = item["component"], item["variable"]
        evse = component.get("evse", {})
        key = key_of(
            component["name"],
            variable["name"],
            instance=variable.get("instance"),
            component_instance=component.get("instance"),
            evse=evse.get("id"),
            connector=evse.get("connectorId"),
        )
        if key in self._variables:
            return self._variables[key]
        known = any(other[:4] == key[:4] for other in self._variables)
        return "UnknownVariable" if known else "UnknownComponent"


def _matches(variable: Variable, item: Payload) -> bool:
    component = item["component"]
    wanted = item.get("variable")
    evse = component.get("evse", {})
    instance = str(component.get("instance", variable.component_instance))
    same = (
        variable.component.lower() == str(component["name"]).lower()
        and variable.component_instance.lower() == instance.lower()
        and evse.get("id", variable.evse) == variable.evse
        and evse.get("connectorId", variable.connector) == variable.connector
    )
    if wanted is None or not same:
        return bool(same)
    named = variable.name.lower() == str(wanted["name"]).lower()
    return named and str(wanted.get("instance", variable.instance)).lower() == variable.instance.lower()


def text_of(value: object) -> str:
    """A value as the device model writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ",".join(value) if isinstance(value, list | tuple) else str(value)
