"""The proof of the cases: green on the faultless charger, red for the named reason on each fault they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.quality.conftest import CATALOGUE, Proof
from v2gready.model.case import Invariant, TestCase
from v2gready.model.verdict import Verdict

Case = type[TestCase[Any]]
Prove = Callable[..., Proof]

CASES = [pytest.param(case, id=case.id) for case in CATALOGUE.cases]
FAULTY = [
    pytest.param(case, fault, requirement, id=f"{case.id}-{fault}")
    for case in CATALOGUE.cases
    for fault, requirement in case.faults.items()
]
RULES = [
    pytest.param(rule, fault, requirement, id=f"{rule.id}-{fault}")
    for rule in CATALOGUE.invariants
    for fault, requirement in rule.faults.items()
]


def told(proof: Proof) -> str:
    """What a person needs to see when a proof fails."""
    record = proof.record
    lines = [f"{record.info.id}: {record.verdict.label}: {record.reason}"]
    lines += [
        f"  {one.requirement} {one.verdict.label}: {one.seen} (expected {one.expected})" for one in record.observations
    ]
    lines += [
        f"  {one.id} {one.verdict.label}: {one.reason}" for one in record.invariants if one.verdict > Verdict.PASS
    ]
    lines += [f"  effect of {effect.fault}: {effect.what}" for effect in proof.effects]
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES)
def test_passes_on_the_faultless_charger(case: Case, prove: Prove) -> None:
    proof = prove(case)
    assert proof.record.verdict is Verdict.PASS, told(proof)
    assert proof.effects == ()
    broken = [one for one in proof.record.invariants if one.verdict is not Verdict.PASS]
    assert not broken, told(proof)
    declared = set(case.requirements)
    judged = {one.requirement for one in proof.record.observations}
    assert judged == declared, f"declared but not judged on a good device: {declared - judged}"


@pytest.mark.parametrize(("case", "fault", "requirement"), FAULTY)
def test_fails_on_the_fault_for_its_reason(case: Case, fault: str, requirement: str, prove: Prove) -> None:
    proof = prove(case, fault)
    assert any(effect.fault == fault for effect in proof.effects), f"{fault} took no effect\n{told(proof)}"
    assert proof.record.verdict is Verdict.FAIL, told(proof)
    red = {one.requirement for one in proof.record.observations if one.contribution is Verdict.FAIL}
    assert requirement in red, told(proof)


@pytest.mark.parametrize(("rule", "fault", "requirement"), RULES)
def test_an_invariant_finds_its_fault(rule: type[Invariant], fault: str, requirement: str, prove: Prove) -> None:
    proof = prove(CATALOGUE.case(rule.witness), fault)
    assert any(effect.fault == fault for effect in proof.effects), f"{fault} took no effect\n{told(proof)}"
    results = {one.id: one for one in proof.record.invariants}
    assert rule.id in results, told(proof)
    red = {one.requirement for one in results[rule.id].observations if one.verdict is Verdict.FAIL}
    assert requirement in red, told(proof)


def test_every_case_names_a_fault() -> None:
    assert not [case.id for case in CATALOGUE.cases if not case.faults]
    assert not [rule.id for rule in CATALOGUE.invariants if not rule.faults]


def test_every_requirement_is_covered() -> None:
    """Both ways: no unknown reference (checked while loading), and a stated reason for each that nothing refers to."""
    uncovered = set(CATALOGUE.registry.uncovered(CATALOGUE.references()))
    assert uncovered == {one.id for one in CATALOGUE.registry.values() if one.gap}
