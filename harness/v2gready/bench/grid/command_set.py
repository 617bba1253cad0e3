"""Command sets: how one family of instruments wants to be spoken to. Data (``fixtures/instruments/*.toml``), no code.

docs/instruments.md explains the file. Shapes come from public drivers and manuals (reference 5, "SCPI shapes"); each
file says from where, and that nobody here has tried it on the real instrument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from v2gready.bench.grid.drivers import Capabilities
from v2gready.bench.grid.listmode import Shape
from v2gready.bench.grid.templates import Template
from v2gready.grid.recording import ChannelNames, Uncertainty

TAGS: Final = ("S", "S2", "M", "u")
DECIMALS: Final[Mapping[str, int]] = {
    "volts": 2,
    "hertz": 3,
    "seconds": 4,
    "milliseconds": 1,
    "degrees": 1,
    "volts_per_second": 3,
    "hertz_per_second": 4,
}
"""Digits after the point unless a command set says otherwise, by kind of quantity."""
UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(ChannelNames.VOLTAGES, "V"),
    **dict.fromkeys(ChannelNames.CURRENTS, "A"),
    ChannelNames.FREQUENCY: "Hz",
    ChannelNames.POWER: "W",
    ChannelNames.REACTIVE: "var",
    ChannelNames.POSITIVE_SEQUENCE: "V",
}
STEADY_FIELDS: Final = frozenset({"u", "u1", "u2", "u3", "f"})
ROW_FIELDS: Final = frozenset(
    {"n", "seconds", "milliseconds", "f_start", "f_end", "f_slew", "u_start", "u_end", "u_slew"}
    | {f"{name}{phase}{end}" for name in "ua" for phase in (1, 2, 3) for end in ("_start", "_end")}
    | {f"u{phase}_slew" for phase in (1, 2, 3)}
)


@dataclass(frozen=True, slots=True)
class Header:
    """What every command set has.

    Attributes:
        id: Name in DUT files; the file stem.
        title: For reports.
        provenance: Tag of the reference: S, S2, M or u.
        source: Where the commands were learnt.
        tested: What they were tried on.
        notes: What a laboratory has to know.
        identity: Query that names the instrument.
        pattern: What the answer must match.
        clear: Commands that make it listen and forget old errors.
        error_before: Commands around the error query, for instruments with two languages.
        error_query: Asks for the oldest error.
        error_after: See ``error_before``.
        no_error: What the answer is when there is none.
        options: Fields that a DUT file may set, with what they are otherwise.
        port: TCP port.
        timeout: Seconds to wait for an answer.
        longest_line: Bytes of the longest answer.
    """

    id: str
    title: str
    provenance: str
    source: str
    tested: str
    notes: tuple[str, ...]
    identity: str
    pattern: re.Pattern[str]
    clear: tuple[Template, ...]
    error_before: tuple[str, ...]
    error_query: str
    error_after: tuple[str, ...]
    no_error: re.Pattern[str]
    options: Mapping[str, str]
    port: int
    timeout: float
    longest_line: int

    @property
    def remark(self) -> str:
        """What a report says about the driver."""
        return f"{self.title} [{self.provenance}]: commands from {self.source}; tested {self.tested}"


@dataclass(frozen=True, slots=True)
class Check:
    """A read-back.

    Attributes:
        query: Asks for what was uploaded.
        expected: The answer, a comma-separated list; numbers may differ by the tolerance. None: see ``pairs``.
        pairs: Key in the answer (``FSEG,50.0,…``) -> the field of the rows that it shows.
        tolerance: Of numbers.
    """

    query: Template
    expected: Template | None
    pairs: Mapping[str, Template]
    tolerance: float


@dataclass(frozen=True, slots=True)
class State:
    """A query about a state.

    Attributes:
        query: Asks.
        pattern: What the answer matches in that state.
        mask: Bits of a numeric answer instead, one of which is set in that state; 0: the pattern counts.
    """

    query: Template
    pattern: re.Pattern[str]
    mask: int = 0

    def holds(self, answer: str) -> bool:
        """The answer says that the state is there.

        Raises:
            ValueError: A number was asked for, and this is none.
        """
        if self.mask:
            return bool(int(float(answer)) & self.mask)
        return self.pattern.search(answer) is not None


@dataclass(frozen=True, slots=True)
class Column:
    """Text made of all rows of a list.

    Attributes:
        row: What a row contributes.
        join: What stands between.
    """

    row: Template
    join: str


@dataclass(frozen=True, slots=True)
class SimulatorCommands:
    """How to speak to a grid simulator.

    Attributes:
        header: What every command set has.
        capabilities: Its limits.
        capability_tag: How well those are known.
        decimals: Digits after the point by kind of quantity.
        shape: What a row of the list means.
        fastest: Word for "as fast as you can" in a column of slew rates.
        columns: Fields of ``upload`` that are made of rows.
        prepare: Steady values and modes, output still off.
        on: Switches the output on.
        off: Switches it off.
        abort: Ends a list at once.
        upload: Writes the list; knows the columns and ``count``.
        verify: Reads it back.
        trigger: Starts it.
        settle: After the list, for simulators that hold its last values: makes them the steady ones.
        done: The list has ended.
        output_on: The output is on.
        output_off: The output is off.
        poll: Seconds between two looks at ``done``.
    """

    header: Header
    capabilities: Capabilities
    capability_tag: str
    decimals: Mapping[str, int]
    shape: Shape
    fastest: str
    columns: Mapping[str, Column]
    prepare: tuple[Template, ...]
    on: tuple[Template, ...]
    off: tuple[Template, ...]
    abort: tuple[Template, ...]
    upload: tuple[Template, ...]
    verify: tuple[Check, ...]
    trigger: tuple[Template, ...]
    settle: tuple[Template, ...]
    done: State
    output_on: State
    output_off: State
    poll: float


@dataclass(frozen=True, slots=True)
class WaveformCommands:
    """How an analyser records instantaneous values.

    Attributes:
        setup: Knows ``rate`` and ``seconds``.
        assign: Puts a signal on a track; knows ``track`` (from 0) and ``signal``.
        start: Starts recording.
        stop: Ends it.
        done: The memory is complete.
        length: Asks for the samples recorded.
        read: Asks for a block of samples; knows ``track``, ``first`` and ``last``.
        block: Most samples of one block.
        kind: NumPy type of a sample, with byte order.
        lead: Bytes at the start of a block that are no samples.
        signals: Signal by channel.
        rates: Lowest and highest samples per second.
    """

    setup: tuple[Template, ...]
    assign: Template
    start: tuple[Template, ...]
    stop: tuple[Template, ...]
    done: State
    length: Template
    read: Template
    block: int
    kind: str
    lead: int
    signals: Mapping[str, str]
    rates: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AnalyserCommands:
    """How to speak to a power analyser.

    Attributes:
        header: What every command set has.
        setup: Knows ``count`` and ``interval`` (seconds between readings).
        assign: For each item; knows ``n`` and ``item``. None: items stand in the read query alone.
        verify: Reads an assignment back: query and expected answer.
        start: Begins.
        stop: Ends.
        read: Asks for one reading; knows ``queries``, the items joined by ``separator``.
        item_query: An item inside ``queries``.
        separator: Between values of an answer.
        stamp: The first value of an answer is the instrument's own time, written so; None: it has none.
        paced: The instrument answers when its next reading is complete; nobody needs to wait in between.
        age: Seconds that a value may be old when it is read.
        items: Items by channel; several are added up.
        rates: Lowest and highest readings per second.
        usual_rate: Readings per second unless asked otherwise.
        accuracy: Expanded uncertainty by unit.
        waveform: How it records instantaneous values; None: it does not.
    """

    header: Header
    setup: tuple[Template, ...]
    assign: Template | None
    verify: tuple[Check, ...]
    start: tuple[Template, ...]
    stop: tuple[Template, ...]
    read: Template
    item_query: Template
    separator: str
    stamp: re.Pattern[str] | None
    paced: bool
    age: float
    items: Mapping[str, tuple[str, ...]]
    rates: tuple[float, float]
    usual_rate: float
    accuracy: Mapping[str, Uncertainty]
    waveform: WaveformCommands | None


CommandSet = SimulatorCommands | AnalyserCommands
