"""A Chroma source."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.unit.bench.grid.scpi.model import Model, Point, numbers


class Chroma(Model):
    identity = "Chroma ATE,61845,618450000066,2.10"

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.lists: dict[str, str] = {}
        self.relay = False
        self.table |= {
            "system:error?": self.error,
            "output:relay": lambda a: setattr(self, "relay", a.lower() == "on"),
            "output:state": lambda a: self.switch(a.lower() == "on" and self.relay),
            "output:state?": lambda _: str(int(self.output)),
            "trig": self.trigger,
            "trig:state?": lambda _: "ON" if time.monotonic() < self.until else "OFF",
        }
        for name in ("dwel", "shape", "volt:ac:star", "volt:ac:end", "freq:star", "freq:end"):
            self.table[f"list:{name}"] = self.keep(name)
            self.table[f"list:{name}?"] = lambda _, name=name: self.lists[name]
        for name in (
            "list:coup",
            "list:count",
            "list:base",
            "list:trig",
            "output:mode",
            "inst:phase",
            "inst:edit",
            *(
                "sour:phase:p12",
                "sour:phase:p13",
                "sour:phase:three",
                "sour:func:shap:a",
                "sour:func:shape",
                "source:curr:lim",
                "source:freq",
                "source:volt:lev:imm:ampl:ac",
            ),
        ):
            self.table[name] = self.store(name)

    def keep(self, name: str) -> Callable[[str], None]:
        def keep(argument: str) -> None:
            if name != "shape":
                numbers(argument)
            self.lists[name] = argument

        return keep

    def trigger(self, argument: str) -> None:
        if argument.lower() == "off":
            self.until = 0.0
            return
        if self.settings.get("output:mode") != "list":
            raise ValueError("no list")
        *dwell, last = numbers(self.lists["dwel"])
        columns = [numbers(self.lists[name]) for name in ("freq:star", "freq:end", "volt:ac:star", "volt:ac:end")]
        if last != 0 or {len(column) for column in columns} != {len(dwell)}:
            raise ValueError("no list")
        points: list[Point] = []
        at = 0.0
        for milliseconds, f0, f1, u0, u1 in zip(dwell, *columns, strict=True):
            points.append((at, f0, u0, u0, u0))
            at += milliseconds / 1000
            points.append((at, f1, u1, u1, u1))
        self.play(points)
