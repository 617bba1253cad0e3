"""An AMETEK (California Instruments) source."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.unit.bench.grid.scpi.model import Model, Point, numbers


class Ametek(Model):
    identity = "CALIFORNIA INSTRUMENTS,MX30-3PI,57234,1.23"

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.phase = 1
        self.coupled = False
        self.u = [0.0, 0.0, 0.0]
        self.f = 0.0
        self.lists: dict[str, str] = {}
        per_phase = ("list:volt", "list:volt:slew")
        plain = ("list:dwel", "list:freq", "list:freq:slew")
        self.table |= {
            "system:error?": self.error,
            "abort": lambda _: setattr(self, "until", 0.0),
            "inst:coup": lambda a: setattr(self, "coupled", a == "all"),
            "inst:nsel": lambda a: setattr(self, "phase", int(a)),
            "outp": lambda a: self.switch(a.lower() == "on"),
            "outp?": lambda _: str(int(self.output)),
            "freq": lambda a: setattr(self, "f", float(a)),
            "volt:ac": self.set_voltage,
            "init": self.init,
        }
        for name in plain:
            self.table[name] = self.keep(name)
            self.table[f"{name}?"] = lambda _, name=name: self.lists[name]
        for name in per_phase:
            self.table[name] = lambda a, name=name: self.keep(f"{name}{self.phase}")(a)
            self.table[f"{name}?"] = lambda _, name=name: self.lists[f"{name}{self.phase}"]
        for name in (
            "phas",
            "regenerate:state",
            "volt:rang",
            "trig:tran:sour",
            "trig:sync:sour",
            "list:step",
            *(
                "list:coun",
                "freq:mode",
                "freq:slew:mode",
                "volt:mode",
                "volt:slew:mode",
            ),
        ):
            self.table[name] = self.store(name)

    def keep(self, name: str) -> Callable[[str], None]:
        def keep(argument: str) -> None:
            for item in argument.split(","):
                if item.upper() != "MAX":
                    float(item)
            self.lists[name] = argument

        return keep

    def set_voltage(self, argument: str) -> None:
        if self.coupled:
            self.u = [float(argument)] * 3
        else:
            self.u[self.phase - 1] = float(argument)

    def init(self, _: str) -> None:
        dwell = numbers(self.lists["list:dwel"])
        targets = [numbers(self.lists["list:freq"])] + [numbers(self.lists[f"list:volt{n}"]) for n in (1, 2, 3)]
        slews = [self.lists["list:freq:slew"].split(",")]
        slews += [self.lists[f"list:volt:slew{n}"].split(",") for n in (1, 2, 3)]
        if len({len(column) for column in (dwell, *targets, *slews)}) != 1:
            self.errors.append('226,"Lists not same length"')
            return
        now = [self.f, *self.u]
        points: list[Point] = [(0.0, *now)]
        at = 0.0
        for row, seconds in enumerate(dwell):
            times = {0.0, seconds}
            moves = []
            for quantity in range(4):
                change = targets[quantity][row] - now[quantity]
                slew = slews[quantity][row]
                rate = math.inf if slew.upper() == "MAX" else float(slew)
                needs = 0.0 if math.isinf(rate) or change == 0 else abs(change) / rate if rate else math.inf
                moves.append((now[quantity], change, rate, needs))
                times.add(min(needs, seconds))
            for t in sorted(times):
                now = [a + c if t >= n else a + math.copysign(r * t, c) for a, c, r, n in moves]
                points.append((at + t, *now))
            at += seconds
        self.play(points)
