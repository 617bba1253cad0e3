"""A Yokogawa power analyser."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from tests.unit.bench.grid.scpi.model import Model


class Yokogawa(Model):
    identity = "YOKOGAWA,760304-SV,91K123456,F3.01"
    values: ClassVar = {"U": 230.0, "I": 16.0, "P": 11040.0, "Q": -120.0, "FU": 50.01}

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.items: dict[int, str] = {}
        self.count = 0
        self.reads = 0
        self.table |= {
            "status:error?": self.error,
            "communicate:header": self.store("header"),
            "rate": self.store("rate"),
            "numeric:format": self.store("format"),
            "numeric:normal:number": lambda a: setattr(self, "count", int(a)),
            "numeric:normal:value?": self.read,
        }

    def find(self, header: str) -> Callable[[str], str | bytes | None] | None:
        name, _, tail = header.partition("numeric:normal:item")
        if not name and tail:
            n = int(tail.rstrip("?"))
            if tail.endswith("?"):
                return lambda _: self.items[n]
            return lambda argument: self.items.__setitem__(n, argument)
        return super().find(header)

    def read(self, _: str) -> str:
        self.reads += 1
        shown = [self.values[self.items[n].partition(",")[0]] for n in range(1, self.count + 1)]
        if self.faults.get("values") == "over" and self.reads == 3:
            return ",".join(["NAN", "INF"] + [f"{value:.5E}" for value in shown[2:]])
        return ",".join(f"{value:.5E}" for value in shown)
