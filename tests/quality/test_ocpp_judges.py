"""No judge of an OCPP case passes what proves nothing: damaged traces and devices that only look alive.

A pass is no mistake where the judge has seen the same as on the faultless trace, in records that nobody touched. What
passes beyond that needs a pin with a reason, see ``ocpp_pins.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from zlib import crc32

import pytest

from tests.quality import ocpp_pins, ocpp_pins_csms
from tests.quality.ocpp_evidence import (
    DUMB,
    OCPP_CASES,
    UNPROVEN,
    Case,
    broken,
    evidence_of,
    judged,
    told,
    untouched,
    with_device,
)
from tests.quality.ocpp_mutations import MUTATIONS, Mutation, cuts, replies_of
from tests.quality.ocpp_pins import ALONE, THOROUGH, pinned, unneeded
from v2gready.model.trace import Trace
from v2gready.model.verdict import Verdict

EVERY = [pytest.param(case, id=case.id) for case in OCPP_CASES]
PINS = {
    "charger": (ocpp_pins.TRACES, ocpp_pins.DEVICES),
    "csms": (ocpp_pins_csms.TRACES, ocpp_pins_csms.DEVICES),
}
"""Of traces and of dumb devices, by role."""
DONORS = 2
"""Cases of the same role whose replies each case gets."""
EVERY_NTH = 4
"""Without ``V2GREADY_THOROUGH`` each case meets one in so many of the dumb devices."""


def good(case: Case) -> Trace:
    """The trace of the case on the faultless device."""
    evidence = evidence_of(case)
    assert evidence.verdict is Verdict.PASS, f"{case.id} does not even pass as it should: {evidence.reason}"
    return evidence.trace


def of_others(case: Case) -> Iterator[Mutation]:
    """The replies of other cases of that role, drawn by id."""
    role = [one for one in OCPP_CASES if one.role == case.role and one is not case]
    start = crc32(case.id.encode())
    for step in range(len(role) if THOROUGH else DONORS):
        donor = role[(start + step * 7) % len(role)]
        yield Mutation("replies of another case", replies_of(evidence_of(donor).trace))


@pytest.mark.parametrize("case", EVERY)
def test_a_damaged_trace_proves_nothing(case: Case) -> None:
    trace = good(case)
    wrong = []
    for mutation in (*MUTATIONS, *of_others(case), *(cuts(trace) if THOROUGH else ())):
        damaged = mutation.change(trace)
        if damaged is None:
            continue
        judgement = judged(case, damaged)
        if judgement.verdict in UNPROVEN:
            continue
        if judgement.verdict is Verdict.PASS and (
            untouched(evidence_of(case), damaged, judgement, dead=mutation.dead)
            or pinned(PINS[case.role][0], mutation.name, case.id, partial(broken, damaged))
        ):
            continue
        wrong.append(told(case, mutation.name, judgement))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("case", EVERY)
def test_a_dumb_device_does_not_pass(case: Case) -> None:
    """Real runs: who refuses, accepts or ignores everything has done nothing right."""
    names = sorted(DUMB)
    mine = names if THOROUGH else names[crc32(case.id.encode()) % EVERY_NTH :: EVERY_NTH]
    wrong = []
    for name in mine:
        evidence = with_device(case, name)
        if evidence.verdict in UNPROVEN:
            continue
        pins = PINS[case.role][1]
        if evidence.verdict is Verdict.PASS and pinned(pins, name, case.id, partial(broken, evidence.trace)):
            continue
        wrong.append(told(case, name, evidence))
    assert not wrong, "\n".join(wrong)


def test_a_mutation_takes_effect() -> None:
    """Each changes the trace of some case, and some judge minds; that we listened, the frames alone show as well."""
    idle = {one.name for one in MUTATIONS} - {"nobody watched"}
    unminded = set(idle)
    for case in OCPP_CASES:
        for mutation in MUTATIONS:
            if mutation.name in unminded:
                damaged = mutation.change(good(case))
                if damaged is not None:
                    idle.discard(mutation.name)
                    if judged(case, damaged).verdict in UNPROVEN:
                        unminded.discard(mutation.name)
        if not unminded:
            break
    assert not idle, f"changes nothing: {', '.join(sorted(idle))}"
    assert not unminded, f"no judge minds: {', '.join(sorted(unminded))}"


@pytest.mark.skipif(not ALONE, reason="only every mutation of every case in one process tells (V2GREADY_THOROUGH=1)")
def test_every_pin_is_needed() -> None:
    assert not unneeded(*(table for tables in PINS.values() for table in tables))
