"""The DUT file: what is tested, how to reach it, what it declares, and how to make it act.

Parsing collects every problem at once, each with key and remedy, so that one reading of the message is one visit to
the editor. Source: ISO/IEC 9646-7 (PICS, PIXIT), ISO/IEC 17025 7.8.2.1 (identity of the item).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from v2gready.model.pics import PicsItem

SCHEMA = 1
_DEVICE_KEYS = ("make", "model", "serial", "hardware_version", "firmware_version", "firmware_sha256", "role")
_HOOK_KINDS = {"prompt": "text", "command": "command", "http": "url", "python": "entry_point"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to fix in a file.

    Attributes:
        key: Dotted key, e.g. ``interfaces.iso15118.security``.
        what: What is wrong.
        remedy: What to write instead.
    """

    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}; {self.remedy}"


class ConfigurationError(Exception):
    """The user's input cannot be used. Exit code 2; nothing was tested.

    Attributes:
        source: File (or interface) at fault.
        problems: What to fix.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class Device:
    """Identity of the device under test, as the report's cover needs it."""

    make: str
    model: str
    serial: str
    hardware_version: str
    firmware_version: str
    firmware_sha256: str
    role: str


@dataclass(frozen=True, slots=True)
class Hook:
    """How to make the device act.

    Attributes:
        name: Action, e.g. ``set_power``.
        kind: ``prompt``, ``command``, ``http`` or ``python``.
        target: The text, command line, URL or entry point.
        timeout: Seconds to wait for it.
    """

    name: str
    kind: str
    target: str
    timeout: float


@dataclass(frozen=True, slots=True)
class DutFile:
    """A checked DUT file.

    Attributes:
        source: Where it was read from.
        device: Identity.
        interfaces: Settings per interface; the emulator of that neighbour checks its own keys.
        pics: Yes or No by question.
        pixit: Parameters by name: numbers, strings.
        hooks: Actions by name.
    """

    source: str
    device: Device
    interfaces: Mapping[str, Mapping[str, Any]]
    pics: Mapping[str, bool]
    pixit: Mapping[str, Any]
    hooks: Mapping[str, Hook]

    @property
    def declared(self) -> dict[str, Any]:
        """PICS and PIXIT side by side, for judges that look for contradictions."""
        return {**self.pixit, **self.pics}


def parse_dut(
    document: Mapping[str, Any], source: str, questionnaires: Mapping[str, Mapping[str, PicsItem]]
) -> DutFile:
    """Checks a parsed DUT file.

    Args:
        document: The TOML document.
        source: File name for messages.
        questionnaires: PICS questions by role.

    Raises:
        ConfigurationError: With every problem found.
    """
    problems: list[Problem] = []
    if document.get("schema") != SCHEMA:
        problems.append(Problem("schema", f"is {document.get('schema')!r}", f"write schema = {SCHEMA}"))
    known = {"schema", "device", "interfaces", "pics", "pixit", "hooks"}
    problems += [
        Problem(key, "is not a key of a DUT file", f"use one of {', '.join(sorted(known))}")
        for key in sorted(set(document) - known)
    ]
    device = _device(document.get("device", {}), problems)
    pics = _pics(document, questionnaires, problems)
    hooks = _hooks(document.get("hooks", {}), problems)
    interfaces = document.get("interfaces", {})
    if not interfaces:
        problems.append(Problem("interfaces", "is missing", "say how to reach the device: [interfaces.iso15118]"))
    if problems or device is None:
        raise ConfigurationError(source, problems)
    return DutFile(source, device, interfaces, pics, document.get("pixit", {}), hooks)


def _device(table: Mapping[str, Any], problems: list[Problem]) -> Device | None:
    missing = [key for key in _DEVICE_KEYS if not isinstance(table.get(key), str) or not table[key]]
    problems += [
        Problem(
            f"device.{key}",
            "is missing, empty or no string",
            "the report must identify the item tested (17025 7.8.2.1)",
        )
        for key in missing
    ]
    extra = sorted(set(table) - set(_DEVICE_KEYS))
    problems += [Problem(f"device.{key}", "is unknown", f"use one of {', '.join(_DEVICE_KEYS)}") for key in extra]
    return None if missing else Device(**{key: table[key] for key in _DEVICE_KEYS})


def _pics(
    document: Mapping[str, Any], questionnaires: Mapping[str, Mapping[str, PicsItem]], problems: list[Problem]
) -> dict[str, bool]:
    role = document.get("device", {}).get("role")
    questions = questionnaires.get(str(role))
    table: Mapping[str, Any] = document.get("pics", {})
    if questions is None:  # without a role nobody knows what to ask
        if role is not None:
            known = ", ".join(sorted(questionnaires))
            problems.append(Problem("device.role", f"{role!r} has no catalogue", f"use one of {known}"))
        return {}
    for key, item in questions.items():
        if key not in table and item.interface in document.get("interfaces", {}):
            problems.append(Problem(f"pics.{key}", f"no answer to: {item.question}", "answer true or false"))
    for key, answer in table.items():
        if key not in questions:
            problems.append(Problem(f"pics.{key}", "is no question of this role", "see v2gready new dut for the list"))
        elif not isinstance(answer, bool):
            problems.append(Problem(f"pics.{key}", f"is {answer!r}", "answer true or false"))
    return {key: answer for key, answer in table.items() if isinstance(answer, bool)}


def _hooks(table: Mapping[str, Any], problems: list[Problem]) -> dict[str, Hook]:
    hooks: dict[str, Hook] = {}
    for name, settings in table.items():
        kind = settings.get("kind") if isinstance(settings, Mapping) else None
        field = _HOOK_KINDS.get(str(kind))
        if field is None:
            problems.append(Problem(f"hooks.{name}.kind", f"is {kind!r}", f"use one of {', '.join(_HOOK_KINDS)}"))
        elif not isinstance(settings.get(field), str):
            problems.append(Problem(f"hooks.{name}.{field}", "is missing", f"a hook of kind {kind} needs {field}"))
        else:
            hooks[name] = Hook(name, str(kind), settings[field], float(settings.get("timeout", 30)))
    return hooks
