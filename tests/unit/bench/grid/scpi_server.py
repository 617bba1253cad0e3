"""Fake instruments in a process of their own: written from the public drivers, knowing nothing of our command sets.

``python scpi_server.py ametek --fault drop:list:freq`` prints its port and serves until its input ends. Any client may
ask ``MODEL?`` for the state of the model as JSON: that is how a test sees whether the output is off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import struct
import sys
import time
from collections.abc import Callable
from typing import ClassVar

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
            "transientnow": lambda _: None,
            "transientrestart": lambda _: None,
            "trpstat?": lambda _: "5",
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


KINDS = {"ametek": Ametek, "chroma": Chroma, "pacific": Pacific, "yokogawa": Yokogawa, "zimmer": Zimmer}


async def serve(model: Model, slow: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal slow
        try:
            while line := (await reader.readline()).decode("latin-1").strip():
                answers = model.handle(line)
                if slow and slow in line.lower():
                    slow = ""
                    await asyncio.sleep(1.5)
                if answers:
                    # In two pieces, as networks do.
                    content = b";".join(one if isinstance(one, bytes) else one.encode("latin-1") for one in answers)
                    writer.write(content[:3])
                    await writer.drain()
                    writer.write(content[3:] + b"\n")
                    await writer.drain()
        except (Dropped, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the test finds us
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--slow", default="")
    parser.add_argument("--identity")
    options = parser.parse_args()
    model = KINDS[options.kind](options.fault)
    if options.identity:
        model.identity = options.identity
    asyncio.run(serve(model, options.slow))


if __name__ == "__main__":
    main()
