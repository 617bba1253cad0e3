"""Traces of OCPP cases to try the judges on: each case runs once, its trace is judged often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import pytest

from tests.quality.conftest import BENCHES, CATALOGUE
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.judging import Judgement, judge_case, judge_invariants
from v2gready.model.case import TestCase
from v2gready.model.observation import Observation
from v2gready.model.trace import Record, Trace
from v2gready.model.verdict import Verdict
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, ErrorCode, Payload
from v2gready.references.csms import faults as of_csms
from v2gready.references.csms import seams as csms_seams
from v2gready.references.csms.turn import Reply, Turn
from v2gready.references.station import faults as of_station
from v2gready.references.station import seams as station_seams

Case = type[TestCase[Any]]
OCPP_CASES: tuple[Case, ...] = tuple(
    case for case in CATALOGUE.cases if (case.role, case.neighbour) in {("charger", "csms"), ("csms", "station")}
)
UNPROVEN = frozenset({Verdict.INCONC, Verdict.FAIL})
"""What a judge may say of evidence that does not show what its case wants."""


@dataclass(frozen=True)
class Evidence:
    """A case run on a device.

    Attributes:
        trace: Its trace.
        verdict: Of its own judge.
        reason: Of the verdict.
        observations: Of its own judge.
    """

    trace: Trace
    verdict: Verdict
    reason: str
    observations: tuple[Observation, ...]


@cache
def evidence_of(case: Case) -> Evidence:
    """The case on the faultless device, run once a session."""
    return _run(case)


def _run(case: Case, *faults: str) -> Evidence:
    ready, bench = BENCHES[case.neighbour](case, faults, [])
    surroundings = Surroundings(CATALOGUE.registry, (), ready.dut.declared, 1, VIRTUAL_TIMING_UNCERTAINTY)
    record, trace = execute(case(), bench, surroundings)
    return Evidence(trace, record.verdict, record.reason, record.observations)


def judged(case: Case, trace: Trace) -> Judgement:
    """What the judge of a case says of a trace, whichever case it is of."""
    return judge_case(case(), trace, CATALOGUE.registry)


def broken(trace: Trace) -> frozenset[str]:
    """Ids of the invariants that are broken on a trace."""
    found = judge_invariants(CATALOGUE.invariants, trace, CATALOGUE.registry)
    return frozenset(one.id for one in found if one.verdict is Verdict.FAIL)


def told(case: Case, what: str, judgement: Judgement | Evidence) -> str:
    """The sentence of a failed proof."""
    lines = [f"{case.id} says {judgement.verdict.label} of: {what}; {judgement.reason}"]
    lines += [
        f"  {one.requirement} {one.verdict.label}: {one.seen} (expected {one.expected})"
        for one in judgement.observations
    ]
    return "\n".join(lines)


# --- what a pass may rest on ------------------------------------------------------------------------------------------

_NOTHING: Final = ("none", "no ", "nothing", "still open", "0 ")
"""How observations begin that rest on what did not happen: death looks the same."""


def untouched(evidence: Evidence, damaged: Trace, judgement: Judgement, *, dead: bool) -> bool:
    """The judge passed by records that are as they were.

    Args:
        evidence: The faultless run.
        damaged: The trace that was judged.
        judgement: Of the damaged trace.
        dead: The device does less: what was seen has to be the same, and may not be an absence.
    """
    if {one.requirement for one in judgement.observations} != {one.requirement for one in evidence.observations}:
        return False
    before = {_as_such(one) for one in evidence.trace.records}
    if not all(_as_such(damaged.records[at]) in before for one in judgement.observations for at in one.at):
        return False
    if not dead:
        return True
    same = [(one.requirement, one.expected, one.seen) for one in judgement.observations] == [
        (one.requirement, one.expected, one.seen) for one in evidence.observations
    ]
    return same and not any(one.seen.startswith(_NOTHING) for one in judgement.observations)


def _as_such(record: Record) -> str:
    return repr(replace(record, index=0))


# --- dumb devices -----------------------------------------------------------------------------------------------------


def _is_boot(action: str) -> bool:
    return action == "BootNotification"


class _DumbCsms(csms_seams.Fault):
    """Answers every CALL but the boot alike, and does nothing behind it."""

    def __init__(self, error: ErrorCode | None, answer: Payload | None) -> None:
        super().__init__()
        self._error, self._answer = error, answer

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        if _is_boot(turn.action):
            return reply
        if self._error is None and self._answer is None:
            return Reply(delay=float("inf"))
        return Reply(payload=self._answer or {}, error=self._error)


class _DumbStation(station_seams.Fault):
    """Answers every CALL alike."""

    def __init__(self, error: ErrorCode | None, answer: Payload | None) -> None:
        super().__init__()
        self._error, self._answer = error, answer

    def reply(self, call: Call, answering: station_seams.Answering) -> station_seams.Answering:
        if self._error is not None:
            return station_seams.Answering((CallError(call.id, self._error.value),))
        if self._answer is not None:
            return station_seams.Answering((CallResult(call.id, self._answer),))
        return station_seams.Answering()


DUMB: Mapping[str, tuple[ErrorCode | None, Payload | None]] = {
    "a device that refuses everything": (ErrorCode.NOT_SUPPORTED, None),
    "a device that fails at everything": (ErrorCode.INTERNAL_ERROR, None),
    "a device that accepts everything": (None, {"status": "Accepted"}),
    "a device that rejects everything": (None, {"status": "Rejected"}),
    "a device that answers nothing": (None, None),
}
"""What each answers: an error, or a payload; neither: nothing."""


def with_device(case: Case, name: str) -> Evidence:
    """The case on a device that answers every CALL alike."""
    fault = "of-the-judges"
    table: Any = of_csms.CATALOGUE if case.role == "csms" else of_station.CATALOGUE
    kind: Any = _DumbCsms if case.role == "csms" else _DumbStation

    class Dumb(kind):  # type: ignore[misc] # one of two
        def __init__(self) -> None:
            super().__init__(*DUMB[name])
            self.name = fault

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table, fault, Dumb)
        return _run(case, fault)
