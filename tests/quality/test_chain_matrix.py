"""Every defect before everybody who looks at such a chain: refused by the reference, shown by a case, or told why not.

That a case is red on each fault it names is proven by `test_cases_find_faults`; here the device's own check is asked.
"""

from __future__ import annotations

import pytest

from tests.quality.chain_matrix import CHECKS, DEFECTS, DOCUMENT, Cell, accepts, documented, possible, shown

CELLS = [(name, defect) for name, check in CHECKS.items() for defect in possible(check)]
JUDGED = [cell for cell in CELLS if cell in shown()]
BY_FAULT = [cell for cell in JUDGED if cell[0] != "service-installation"]


def told(cell: Cell) -> str:
    return f"{cell[1]} to {cell[0]}"


def test_each_cell_has_a_case_or_a_reason_and_not_both() -> None:
    reasons = {(name, defect) for name, check in CHECKS.items() for defect in check.not_judged}
    assert sorted(set(shown()) & reasons) == []
    assert sorted(set(CELLS) - set(shown()) - reasons) == []
    assert sorted((set(shown()) | reasons) - set(CELLS)) == []


def test_no_defect_is_only_told_about() -> None:
    assert sorted(DEFECTS.keys() - {defect for _, defect in shown()}) == sorted(
        {
            *("too-long-valid", "missing-key-usage", "missing-basic-constraints", "basic-constraints-not-critical"),
            *("missing-path-length", "wrong-domain-component", "extra-attribute", "missing-extension"),
            *("missing-ocsp-address", "negative-serial", "long-serial", "root-included", "issued-by-root"),
        }
    )


@pytest.mark.parametrize("name", CHECKS)
def test_a_good_chain_is_taken(name: str) -> None:
    assert accepts(name, "")


@pytest.mark.parametrize("name", CHECKS)
def test_the_reference_refuses_what_cases_show_and_what_the_table_says(name: str) -> None:
    check = CHECKS[name]
    refused = {defect for defect in possible(check) if not accepts(name, defect)}
    judged = {defect for one, defect in shown() if one == name}
    assert refused - check.unshowable == judged | check.refused_all_the_same


@pytest.mark.parametrize("name", sorted({name for name, _ in BY_FAULT}))
def test_a_fault_of_its_case_takes_it(name: str) -> None:
    lost = [
        told(cell)
        for cell in BY_FAULT
        if cell[0] == name and not any(accepts(*cell, fault) for case in shown()[cell] for fault in case.faults)
    ]
    assert lost == []


def test_the_document_tells_it() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert documented(text) == text, "docs/pki.md is stale: python -m tests.quality.chain_matrix"
