"""The ten-minute mean against closed form, and stimuli that prove nothing about its stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.testcases.grid.command_bench import Change, case, playing, power, ran
from tests.unit.testcases.grid.frequency_bench import Bend, each_segment, first_part
from v2gready.authoring.grid.mean_voltage import exceeded, mean_voltage
from v2gready.grid.rating import Rating
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive
from v2gready.model.verdict import Verdict


class Seen:
    """As much of a view as the words look at."""

    def __init__(self, u: Series) -> None:
        low = replace(u, values=0.9 * u.values)
        self.rating = Rating(power=1.0, charge_power=1.0, apparent=1.0, voltage=230.0, current=1.0)
        self.q: Any = type("Quantities", (), {"u": (low, u, low)})()


def stepped(before: float, after: float, at: float, until: float) -> Any:
    t = np.arange(0.0, until, 0.5)
    u = np.where(t < at, before, after) * 230.0
    return Seen(Series(t, u, "V", np.full(len(t), 0.1), window=0.5))


def scaled(factor: float) -> Bend:
    def change(u: tuple[float, float, float]) -> tuple[float, float, float]:
        one, two, three = (1 + factor * (value - 1) for value in u)
        return one, two, three

    return each_segment(lambda one: replace(one, u=change(one.u), u_end=change(one.u_end)))


@pytest.mark.parametrize(("before", "after", "limit"), [(0.9, 1.13, 1.1), (1.0, 1.11, 1.1), (1.0, 1.2, 1.05)])
def test_the_mean_of_a_step_exceeds_the_limit_when_the_squares_do(before: float, after: float, limit: float) -> None:
    view = stepped(before, after, 700.0, 1600.0)
    due = 700.0 + 600.0 * (limit**2 - before**2) / (after**2 - before**2)
    found = exceeded(view, limit)
    assert abs(found.value - due) <= found.uncertainty + 0.5
    assert mean_voltage(view).values[-1] == pytest.approx(after * 230.0)


def test_less_than_ten_minutes_have_no_ten_minute_mean() -> None:
    with pytest.raises(Inconclusive):
        mean_voltage(stepped(1.0, 1.2, 100.0, 590.0))


def test_a_mean_that_stays_below_never_exceeds() -> None:
    with pytest.raises(Inconclusive):
        exceeded(stepped(1.0, 1.05, 700.0, 1600.0), 1.1)


WRONG: list[tuple[str, str, Change]] = [
    ("MEAN-01", "half as far", playing(scaled(0.5))),
    ("MEAN-01", "nothing happens", playing(scaled(0.0))),
    ("MEAN-01", "ended early", playing(first_part(0.85))),
    ("MEAN-01", "less power", power(0.5)),
    ("MEAN-02", "half as far", playing(scaled(0.5))),
    ("MEAN-02", "ended early", playing(first_part(0.8))),
    ("MEAN-02", "no power", power(0.0)),
    ("MEAN-03", "half as far", playing(scaled(0.5))),
    ("MEAN-03", "further", playing(scaled(1.2))),
    ("MEAN-03", "ended early", playing(first_part(0.85))),
    ("MEAN-03", "no power", power(0.0)),
]


@pytest.mark.parametrize(("topic", "wrong", "change"), WRONG, ids=[f"{topic}-{wrong}" for topic, wrong, _ in WRONG])
def test_another_stimulus_is_inconclusive(topic: str, wrong: str, change: Change) -> None:
    record, _ = ran(case(topic), change)
    assert record.verdict is Verdict.INCONC, f"{wrong}: {record.reason}"


@pytest.mark.parametrize("seed", range(3))
def test_every_error_of_the_analyser_leaves_a_good_device_good(seed: int) -> None:
    record, _ = ran(case("MEAN-01"), seed=seed)
    assert record.verdict is Verdict.PASS, record.reason
