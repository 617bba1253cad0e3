"""What is shown of a trace: judged records always, loops and tails folded, silence named."""

from __future__ import annotations

from v2gready.model.observation import Observation
from v2gready.model.trace import Event, Frame, Record, Sample
from v2gready.model.verdict import Verdict
from v2gready.report import timeline
from v2gready.report.checks import Check
from v2gready.report.timeline import Folded, Gap, Shown, Step


def frame(index: int, name: str, t: float | None = None, sender: str = "ev", code: str = "") -> Frame:
    body = {"ResponseCode": code} if code else {}
    at = index * 0.1 if t is None else t
    return Frame(index=index, t=at, link="tcp-1", protocol="v2gtp", sender=sender, raw=b"\x01", message={name: body})


def loop(turns: int, start: int = 0) -> list[Record]:
    return [
        frame(start + 2 * turn + half, f"Loop{'Res' if half else 'Req'}", sender=("ev", "charger")[half])
        for turn in range(turns)
        for half in (0, 1)
    ]


def seen(*at: int, verdict: Verdict = Verdict.PASS, number: int = 1) -> Check:
    return Check(number, Observation(requirement="R-1", expected="", seen="", verdict=verdict, at=at), 1)


def shown(steps: list[Step]) -> list[int]:
    return [step.record.index for step in steps if isinstance(step, Shown)]


def folds(steps: list[Step]) -> list[Folded]:
    return [step for step in steps if isinstance(step, Folded)]


def test_the_turns_between_the_first_and_the_last_are_folded() -> None:
    steps = timeline.steps([frame(0, "Setup"), *loop(40, 1), frame(81, "Stop")], {}, frozenset())
    assert shown(steps) == [0, 1, 2, 79, 80, 81]
    (fold,) = folds(steps)
    assert (fold.turns, fold.names, len(fold.records)) == (38, ("LoopReq", "LoopRes"), 76)


def test_a_short_loop_stays() -> None:
    assert not folds(timeline.steps(loop(3), {}, frozenset()))


def test_a_loop_with_an_odd_period() -> None:
    records = [frame(index, f"Step{index % 3}") for index in range(30)]
    (fold,) = folds(timeline.steps(records, {}, frozenset()))
    assert fold.turns == 8
    assert fold.names == ("Step0", "Step1", "Step2")


def test_a_deviating_answer_and_a_judged_frame_break_the_loop() -> None:
    records = loop(40)
    records[31] = frame(31, "LoopRes", sender="charger", code="FAILED")
    steps = timeline.steps(records, timeline.marks_of([seen(61)]), frozenset({61}))
    assert {31, 61} <= set(shown(steps))
    assert sum(len(fold.records) for fold in folds(steps)) + len(shown(steps)) == 80


def test_nothing_is_lost_and_the_order_stays() -> None:
    records = [*loop(10), frame(20, "A"), *loop(200, 21), *(frame(421 + n, f"Fuzz{n}") for n in range(300))]
    order: list[int] = []
    for step in timeline.steps(records, {}, frozenset({600})):
        if isinstance(step, Shown):
            order.append(step.record.index)
        elif isinstance(step, Folded):
            order += [record.index for record in step.records]
    assert order == list(range(721))


def test_the_middle_of_a_long_trace_is_folded_but_for_what_is_judged() -> None:
    records: list[Record] = [frame(n, f"Fuzz{n}") for n in range(1000)]
    steps = timeline.steps(records, {}, frozenset({500}))
    assert len(shown(steps)) == timeline.HEAD + timeline.TAIL + 1
    assert 500 in shown(steps)
    assert [fold.turns for fold in folds(steps)] == [0, 0]


def test_silence_is_a_step() -> None:
    steps = timeline.steps([frame(0, "A", 1.0), frame(1, "B", 60.5), frame(2, "C", 61.0)], {}, frozenset())
    assert [step for step in steps if isinstance(step, Gap)] == [Gap(59.5, 1.0)]


def test_samples_are_left_to_the_plots() -> None:
    sample = Sample(index=0, t=0.0, channel="dc.voltage", value=1.0, unit="V", uncertainty=0.1)
    assert timeline.steps([sample], {}, frozenset()) == []
    assert timeline.samples_by_channel([sample]) == {"dc.voltage": [sample]}


def test_steps_of_the_stimulus_are_never_folded() -> None:
    phases = [Event(index=n, t=n * 0.1, kind="phase", source="harness", detail={"text": str(n)}) for n in range(9)]
    assert len(shown(timeline.steps(phases, {}, frozenset()))) == 9


def test_the_worst_checks_are_in_focus_first_and_long_ones_by_their_ends() -> None:
    long = seen(*range(1000))
    assert timeline.focus([long]) == {0, 1, 2, 3, 998, 999}
    many = [seen(n) for n in range(200)]
    chosen = timeline.focus([*many, seen(5000, verdict=Verdict.FAIL)])
    assert 5000 in chosen
    assert len(chosen) == timeline.FOCUS


def test_the_state_of_a_record_is_its_worst_check() -> None:
    marks = timeline.marks_of([seen(0), seen(0, verdict=Verdict.FAIL, number=2)])
    (step,) = timeline.steps([frame(0, "A")], marks, frozenset({0}))
    assert isinstance(step, Shown)
    assert step.state == "fail"
    assert [mark.number for mark in step.marks] == [1, 2]


def test_a_frame_without_a_message_is_named_by_its_protocol() -> None:
    broken = Frame(index=0, t=0.0, protocol="sdp", sender="ev", raw=b"", problem="too short")
    assert timeline.title(broken) == "undecodable sdp frame"
    assert timeline.response_code(broken) == ""
    odd = Frame(index=0, t=0.0, protocol="sdp", sender="ev", raw=b"", message={"A": 1, "B": 2})
    assert timeline.title(odd) == "message"
