"""What all fake instruments have in common."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

Point = tuple[float, float, float, float, float]


class Dropped(Exception):  # noqa: N818 - what the instrument does, not what fails
    """The instrument closes the connection."""


class Model:
    """State and the commands that every instrument has.

    A fault is ``kind:header`` and strikes once, when the header comes (``kind#3:header``: the third time):
    refuse, drop, slow, garbage, flood, deaf.
    """

    identity = ""

    def __init__(self, faults: list[str]) -> None:
        self.faults = dict(reversed(fault.partition(":")[::2]) for fault in faults)
        self.errors: list[str] = []
        self.log: list[str] = []
        self.output = False
        self.ever_on = False
        self.settings: dict[str, str] = {}
        self.until = 0.0
        self.armed = False
        self.played: list[list[Point]] = []
        self.table: dict[str, Callable[[str], str | bytes | None]] = {
            "*idn?": lambda _: self.identity,
            "*cls": self.clear,
            "*opc": self.arm,
            "*esr?": self.event_status,
        }

    def clear(self, _: str) -> None:
        self.errors.clear()
        self.armed = False

    def arm(self, _: str) -> None:
        self.armed = True

    def event_status(self, _: str) -> str:
        ended = self.armed and time.monotonic() >= self.until
        if ended:
            self.armed = False
        return "1" if ended else "0"

    def error(self, _: str) -> str:
        return self.errors.pop(0) if self.errors else '0,"No error"'

    def store(self, name: str) -> Callable[[str], None]:
        def keep(argument: str) -> None:
            self.settings[name] = argument

        return keep

    def switch(self, on: bool) -> None:
        self.output = on
        self.ever_on = self.ever_on or on

    def play(self, points: list[Point]) -> None:
        self.played.append(points)
        fault = self.faults.get("list")
        lasts = {"early": 0.0, "never": math.inf}.get(str(fault), points[-1][0])
        self.until = time.monotonic() + lasts
        if fault == "trips":
            self.output = False

    def report(self) -> str:
        return json.dumps(
            {
                "output": self.output,
                "ever_on": self.ever_on,
                "settings": self.settings,
                "played": self.played,
                "log": self.log,
                "errors": self.errors,
            }
        )

    def handle(self, line: str) -> list[str | bytes]:  # noqa: C901 - a switch of faults
        """Answers of one line."""
        if line.upper() == "MODEL?":
            return [self.report()]
        self.log.append(line)
        answers: list[str | bytes] = []
        for statement in line.split(";"):
            header, _, argument = statement.strip().lstrip(":").partition(" ")
            header = header.lower()
            if not header:
                continue
            fault, _, times = self.faults.pop(header, "").partition("#")
            if times not in {"", "1"}:  # not yet
                self.faults[header] = f"{fault}#{int(times) - 1}"
                fault = ""
            if fault == "drop":
                raise Dropped
            if fault == "refuse":
                self.errors.append('-222,"Data out of range"')
                continue
            if fault == "deaf":
                continue
            if fault in {"garbage", "flood"}:
                answers.append("\x07\xffblah" if fault == "garbage" else "9" * 300_000)
                continue
            action = self.find(header)
            if action is None:
                self.errors.append(f'-113,"Undefined header;{header}"')
                continue
            try:
                answer = action(argument.strip())
            except (ValueError, IndexError, KeyError):
                self.errors.append('-224,"Illegal parameter value"')
                continue
            if fault == "alter" and isinstance(answer, str):
                values = answer.split(",")
                last = max(n for n, value in enumerate(values) if value.replace(".", "").isdigit())
                values[last] = str(float(values[last]) + 1)
                answer = ",".join(values)
            if answer is not None:
                answers.append(answer)
        return answers

    def find(self, header: str) -> Callable[[str], str | bytes | None] | None:
        return self.table.get(header)


def numbers(argument: str) -> list[float]:
    return [float(item) for item in argument.split(",")]
