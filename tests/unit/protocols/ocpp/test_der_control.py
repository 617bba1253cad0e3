"""The priority oracle against the rules of R04, one by one, and against what must hold of any sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.ocpp.der_control import Control, ControlType, DerModel, control_from, field_of

KIND = ControlType.FIXED_VAR


def default(name: str, priority: int) -> Control:
    return Control(name, KIND, default=True, priority=priority, start=0.0)


def scheduled(name: str, priority: int, start: float, duration: float | None = 100.0) -> Control:
    return Control(name, KIND, default=False, priority=priority, start=start, duration=duration)


def told(model: DerModel, control: Control, now: float) -> frozenset[str]:
    (only,) = model.expect(control, now).superseded
    model.learn(control, only, now)
    return only


def test_a_better_default_supersedes_and_a_worse_one_is_superseded() -> None:
    model = DerModel()
    assert told(model, default("a", 5), 0) == frozenset()
    assert told(model, default("b", 3), 1) == {"a"}
    assert told(model, default("c", 4), 2) == {"c"}
    assert model.in_force(KIND, 3) == model.controls["b"]
    assert [one.superseded for one in model.controls.values()] == [True, False, True]


def test_a_better_scheduled_one_supersedes_what_has_not_begun() -> None:
    model = DerModel()
    told(model, scheduled("a", 5, start=10), 0)
    assert told(model, scheduled("b", 3, start=20), 1) == {"a"}
    assert model.in_force(KIND, 15) is None
    assert model.in_force(KIND, 25) == model.controls["b"]


def test_what_runs_goes_on_until_the_better_one_starts() -> None:
    model = DerModel()
    told(model, scheduled("a", 5, start=0), 0)
    assert told(model, scheduled("b", 3, start=50), 1) == frozenset(), "told when it takes over (R04.FR.07, FR.21)"
    assert model.in_force(KIND, 49).id == "a"  # type: ignore[union-attr] # not None here
    assert not model.controls["a"].superseded
    assert model.in_force(KIND, 50).id == "b"  # type: ignore[union-attr] # not None here
    assert model.controls["a"].superseded


def test_a_scheduled_one_goes_before_the_default_and_gives_back() -> None:
    model = DerModel()
    told(model, default("d", 1), 0)
    told(model, scheduled("s", 9, start=10, duration=5), 0)
    assert [model.in_force(KIND, now).id for now in (9, 10, 14.9, 15)] == ["d", "s", "s", "d"]  # type: ignore[union-attr] # not None here
    assert "s" not in model.controls, "expired controls are deleted (R04.FR.10)"


def test_other_types_are_no_rivals() -> None:
    model = DerModel()
    told(model, scheduled("a", 5, start=0, duration=10), 0)
    other = replace(scheduled("x", 1, start=0), kind=ControlType.VOLT_VAR)
    assert told(model, other, 1) == frozenset()


def test_a_better_one_supersedes_what_waits_even_at_another_time() -> None:
    model = DerModel()
    told(model, scheduled("a", 5, start=10, duration=10), 0)
    assert told(model, scheduled("later", 3, start=50, duration=10), 1) == {"a"}, "R04.FR.06 asks for no overlap"


def test_a_worse_one_at_another_time_is_open() -> None:
    model = DerModel()
    told(model, scheduled("a", 3, start=10, duration=10), 0)
    expected = model.expect(scheduled("later", 5, start=50, duration=10), 1)
    assert expected.allows(["later"])
    assert expected.allows([])
    assert not expected.allows(["a"])


def test_one_that_starts_at_once_may_tell_in_the_answer() -> None:
    model = DerModel()
    told(model, scheduled("a", 5, start=0), 0)
    expected = model.expect(scheduled("b", 3, start=1), 1)
    assert expected.allows([])
    assert expected.allows(["a"])


def test_equal_priority_is_open() -> None:
    model = DerModel()
    told(model, default("a", 5), 0)
    expected = model.expect(default("b", 5), 1)
    assert expected.allows([])
    assert expected.allows(["a"])
    assert expected.allows(["b"])
    assert not expected.allows(["a", "b"])


def test_clear_and_select() -> None:
    model = DerModel()
    told(model, default("a", 5), 0)
    told(model, scheduled("s", 5, start=0), 0)
    told(model, replace(default("v", 5), kind=ControlType.VOLT_VAR), 0)
    assert {one.id for one in model.select(default=True)} == {"a", "v"}
    assert model.clear(default=True, kind=ControlType.VOLT_VAR, now=1) == {"v"}
    assert model.clear(default=True, control_id="s", now=1) == frozenset()
    assert model.clear(default=False, now=1) == {"s"}


def test_from_the_wire() -> None:
    request = {
        "isDefault": False,
        "controlId": "c-1",
        "controlType": "FixedPFAbsorb",
        "fixedPFAbsorb": {"priority": 2, "displacement": 0.9, "excitation": True, "startTime": "T", "duration": 60},
    }
    control = control_from(request, 5.0, {"T": 30.0})
    assert control == Control("c-1", ControlType.FIXED_PF_ABSORB, default=False, priority=2, start=30.0, duration=60.0)
    assert field_of(ControlType.WATT_VAR) == "curve"


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[Control, float]]:
    now = 0.0
    found = []
    for number in range(draw(st.integers(1, 12))):
        now += draw(st.integers(0, 20))
        start = now + draw(st.integers(0, 30))
        is_default = draw(st.booleans())
        duration = None if is_default else float(draw(st.integers(1, 50)))
        # Priorities apart, so that nothing is open.
        control = Control(f"c{number}", KIND, is_default, draw(st.integers(0, 9)) * 100 + number, start, duration)
        found.append((replace(control, start=now) if is_default else control, now))
    return found


@given(sequences())
def test_of_any_sequence_the_best_that_runs_is_in_force(sequence: list[tuple[Control, float]]) -> None:
    model = DerModel()
    for control, now in sequence:
        expected = model.expect(control, now)
        model.learn(control, expected.superseded[0], now)
        model.advance(now)
        running = [one for one in model.controls.values() if not one.default and one.active(now)]
        defaults = [one for one in model.controls.values() if one.default and not one.superseded]
        assert len(defaults) <= 1
        in_force = model.in_force(KIND, now)
        assert len(running) <= 1
        if running:
            assert in_force == min(running, key=lambda one: one.priority)
        elif defaults:
            assert in_force == min(defaults, key=lambda one: one.priority)


def test_a_control_that_repeats_its_id_replaces_itself() -> None:
    model = DerModel()
    told(model, default("a", 5), 0)
    assert told(model, default("a", 7), 1) == frozenset()
    assert model.controls["a"].priority == 7


@pytest.mark.parametrize("kind", list(ControlType))
def test_every_type_has_its_field(kind: ControlType) -> None:
    named = {"enterService", "fixedPFAbsorb", "fixedPFInject", "fixedVar", "freqDroop", "gradient", "limitMaxDischarge"}
    assert field_of(kind) in named | {"curve"}
