"""A Pacific Power source."""

from __future__ import annotations

from tests.unit.bench.grid.scpi.model import Model, Point


class Pacific(Model):
    identity = "PACIFIC,3060MS,UPC32,1.8"

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.steady = ""
        self.segments = ""
        self.table |= {
            "syst:err?": self.error,
            "prog:name": self.store("program"),
            "prog:del": lambda _: setattr(self, "segments", ""),
            "prog:def": self.define,
            "prog:def?": self.defined,
            "prog:exec": self.store("executed"),
            "outp": lambda a: self.switch(a.lower() == "on"),
            "outp?": lambda _: str(int(self.output)),
            "*trg": self.trigger,
        }

    def define(self, argument: str) -> None:
        if argument.startswith("FORM"):
            self.steady = argument
            return
        if not argument.endswith(",LAST"):
            raise ValueError("no end")
        self.rows(argument)
        self.segments = argument

    def rows(self, argument: str) -> list[dict[str, float]]:
        items = argument.removesuffix(",LAST").split(",")
        rows: list[dict[str, float]] = []
        for key, value in zip(items[::2], items[1::2], strict=True):
            if key == "SEG":
                if int(value) != len(rows) + 1:
                    raise ValueError("numbering")
                rows.append({})
            else:
                rows[-1][key] = float(value)
        return rows

    def defined(self, _: str) -> str:
        rows = self.segments.removeprefix("SEG,1,").split(",SEG,")
        last = rows[-1] if len(rows) == 1 else rows[-1].partition(",")[2]
        return f"{self.steady},NSEGS,{len(rows)},{last}"

    def trigger(self, _: str) -> None:
        items = self.steady.split(",")
        steady = dict(zip(items[::2], items[1::2], strict=True))
        now = [float(steady[key]) for key in ("FREQ", "VOLT1", "VOLT2", "VOLT3")]
        points: list[Point] = [(0.0, *now)]
        at = 0.0
        for row in self.rows(self.segments):
            at += row["TSEG"]
            now = [row[key] for key in ("FSEG", "VSEG1", "VSEG2", "VSEG3")]
            points.append((at, *now))
        self.play(points)
