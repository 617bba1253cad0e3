"""A ZES Zimmer power analyser."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable

from tests.unit.bench.grid.scpi.model import Model


class Zimmer(Model):
    identity = "ZES ZIMMER Electronic Systems GmbH,LMG670,01234567,2.034"
    cycle = 0.05

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.language = "scpi"
        self.tracks: dict[int, str] = {}
        self.cycles = 0
        self.table |= {
            "*zlang": lambda a: setattr(self, "language", a),
            "syst:err?": self.error,
            "inim": self.next_cycle,
            "tsnorm?": self.stamp,
            "trctrac": self.assign,
            "transientnow": self.fill,
            "transientrestart": lambda _: None,
            "trpstat?": lambda _: "5" if time.monotonic() >= self.until else "3",
            "trptlen?": lambda _: str(self.length),
            "trpval?": self.samples,
        }
        for name in ("frmt", "cyclmod", "cycl", "cont", "trcsr", "trreclen", "trcptrt", "samplestoragemode", "trcond"):
            self.table[name] = self.store(name)

    def find(self, header: str) -> Callable[[str], str | bytes | None] | None:
        short_alone = not header.startswith(("*", "syst"))
        if short_alone and self.language != "short":
            return None
        known = {"utrms": 229.9, "itrms": 5.0, "fcyc": 49.98, "p": 1150.0, "q": 10.0}
        name = header.rstrip("?").rstrip("0123456789")
        if header.endswith("?") and name in known and header not in self.table:
            return lambda _: f"{known[name]:.6g}"
        return super().find(header)

    def next_cycle(self, _: str) -> None:
        time.sleep(self.cycle / 10)  # ten times faster than its own clock says
        self.cycles += 1

    def stamp(self, _: str) -> str:
        seconds = 59.9 + self.cycles * self.cycle  # goes over the minute
        return f"2026:11:20D13:{int(seconds // 60):02}:{seconds % 60:012.9f}"

    def assign(self, argument: str) -> None:
        track, signal = argument.split(",")
        self.tracks[int(track)] = signal.strip("'")

    def fill(self, _: str) -> None:
        self.until = time.monotonic() + float(self.settings["trreclen"])

    @property
    def length(self) -> int:
        return int(float(self.settings["trcsr"]) * float(self.settings["trreclen"]))

    def samples(self, argument: str) -> bytes:
        track, _, span = argument.partition(",")
        first, _, last = span.strip("()").partition(":")
        amplitude = 325.0 if self.tracks[int(track)].startswith("U") else 10.0
        rate = float(self.settings["trcsr"])
        values = [amplitude * math.sin(2 * math.pi * 50 * n / rate) for n in range(int(first), int(last) + 1)]
        content = struct.pack(f"<{len(values) + 2}f", 0.0, 0.0, *values)
        if self.faults.get("samples") == "short":
            content = content[:-4]
        length = str(len(content))
        return f"#{len(length)}{length}".encode() + content
