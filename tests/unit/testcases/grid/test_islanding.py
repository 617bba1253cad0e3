"""An island that was not as wanted proves nothing, and the estimate of its load is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.testcases.grid.command_bench import Change, case, power, ran
from v2gready.authoring.grid import View
from v2gready.authoring.grid.bench import GridBench
from v2gready.authoring.grid.islands import load_of_island, switch_opened
from v2gready.grid.script import Script
from v2gready.model.trace import Recorded, Trace
from v2gready.model.verdict import Verdict

POINTS = ("ISL-01", "ISL-12", "ISL-17")


class BentBank:
    """Another load, or another use of the switch."""

    def __init__(self, bench: GridBench, *, opens: bool = True, **more: float) -> None:
        self._bench, self._opens, self._more = bench, opens, more

    async def island(self, **wanted: float) -> None:
        bank: Any = self._bench.load_bank
        changed = {name: wanted[name] + self._more.get(name, 0.0) for name in wanted}
        await bank.island(**changed)

    async def open_switch(self, seconds: float) -> None:
        bank: Any = self._bench.load_bank
        if self._opens:
            await bank.open_switch(seconds)
        else:
            await self._bench.grid.play(Script().hold(seconds), waveform=True)


def banked(*, opens: bool = True, **more: float) -> Change:
    def change(bench: GridBench) -> GridBench:
        bank: Any = BentBank(bench, opens=opens, **more)
        return replace(bench, load_bank=bank)

    return change


WRONG: dict[str, Change] = {
    "the switch stays closed": banked(opens=False),
    "more active load": banked(p_mismatch=0.08),
    "less active load": banked(p_mismatch=-0.08),
    "more inductive": banked(q_mismatch=0.08),
    "more capacitive": banked(q_mismatch=-0.08),
    "half the power": power(0.5),
}


@pytest.mark.parametrize("topic", POINTS)
def test_a_good_device_leaves(topic: str) -> None:
    record, _ = ran(case(topic))
    assert record.verdict is Verdict.PASS, record.reason


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("topic", POINTS)
def test_another_island_is_inconclusive(topic: str, wrong: str) -> None:
    record, _ = ran(case(topic), WRONG[wrong])
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("wrong", ["more inductive", "more active load"])
def test_a_device_that_stays_in_another_island_is_not_failed(wrong: str) -> None:
    record, _ = ran(case("ISL-01"), WRONG[wrong], faults=("island-unprotected",))
    assert record.verdict is Verdict.INCONC, record.reason


def test_another_quality_factor_is_inconclusive() -> None:
    record, _ = ran(case("ISL-01"), banked(quality_factor=0.4))
    assert record.verdict is Verdict.INCONC
    assert "quality factor" in record.reason


def test_a_recording_that_ends_early_is_inconclusive() -> None:
    """A device that is still there after one second is neither good nor bad."""

    class Short(BentBank):
        async def open_switch(self, seconds: float) -> None:
            await super().open_switch(seconds / 2.3)

    def change(bench: GridBench) -> GridBench:
        bank: Any = Short(bench)
        return replace(bench, load_bank=bank)

    record, _ = ran(case("ISL-01"), change, faults=("island-passive-only",))
    assert record.verdict is Verdict.INCONC
    assert "recorded" in record.reason


def test_a_recording_without_the_channel_of_the_switch_is_inconclusive() -> None:
    kind = case("ISL-01")
    _, trace = ran(kind)
    record = trace.recorded("grid")
    content = record.content
    channels = {name: one for name, one in content.channels.items() if name != "s1"}
    other = replace(record, content=replace(content, channels=channels))
    without = Trace(
        [other if isinstance(one, Recorded) else one for one in trace.records],
        trace.tester, trace.dut, trace.declared, trace.timing_uncertainty,
    )  # fmt: skip
    with pytest.raises(Exception, match="s1"):
        list(kind().judge(without))


@pytest.mark.parametrize("faults", [(), ("island-unprotected",)])
@pytest.mark.parametrize(("p", "q"), [(0.0, 0.0), (0.1, 0.0), (0.0, -0.05), (-0.05, 0.05)])
def test_the_load_is_known_from_the_island(p: float, q: float, faults: tuple[str, ...]) -> None:
    """With a frequency that runs away and with one that stands still."""
    _, trace = ran(case("ISL-01"), banked(p_mismatch=p, q_mismatch=q), faults=faults)
    view = View(trace)
    opened = switch_opened(view).value
    left = view.disconnected(replace(view.span, start=opened))
    before = view.at_power(1.0, before=opened, seconds=0.2).value
    load = load_of_island(view, opened, view.span.end if left is None else left.value, before)
    assert load.active == pytest.approx(1 + p, abs=0.003)
    assert load.surplus == pytest.approx(q, abs=0.01)
    if load.stored is not None:
        assert load.stored == pytest.approx(1.0, abs=0.03)
