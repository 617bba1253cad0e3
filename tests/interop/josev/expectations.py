"""What is known of a counterpart, and what is not: verdicts of cases and invariants, each with its finding."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

UNSURE = "within the uncertainty of the limit"
"""What an inconclusive measurement says of itself."""

Cases = dict[str, dict[str, Any]]
"""Finished cases of a run by id, as they stand in ``run.json``."""


class Expectations:
    """A table of what does not pass, as TOML.

    ``[cases]`` holds ``ID = { finding = …, verdict = … }``, or a verdict for each transport in place of ``verdict``.
    ``[invariants.ID.verdict]`` holds ``CASE = finding``.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Read it."""
        table = tomllib.loads(path.read_text())
        self.cases: dict[str, dict[str, str]] = table["cases"]
        self.invariants: dict[str, dict[str, dict[str, str]]] = table["invariants"]

    def verdict(self, case: str, transport: str) -> str:
        """The verdict of a case."""
        entry = self.cases.get(case, {})
        return entry.get(transport, entry.get("verdict", "pass"))

    def rules(self, case: str) -> dict[str, str]:
        """The invariants that are broken in a case, with their verdict."""
        return {
            rule: verdict
            for rule, verdicts in self.invariants.items()
            for verdict, cases in verdicts.items()
            if case in cases
        }

    def surprises(
        self, ids: Iterable[str], cases: Cases, transport: str, *, unsure: bool = True
    ) -> dict[str, list[str]]:
        """What nobody has explained yet, by case: another verdict, an invariant broken or no longer broken.

        Args:
            ids: Cases that should have run.
            cases: Those that have.
            transport: How.
            unsure: Whether a time within the uncertainty of its limit is a surprise where a pass is expected. On a busy
                machine it cannot be told, and says nothing about the counterpart.
        """
        found = defaultdict(list)
        for key in ids:
            wanted = self.verdict(key, transport)
            if key not in cases:
                if wanted != "pass":
                    found[key].append(f"{key}: not run, expected {wanted}")
                continue
            case = cases[key]
            if case["verdict"] != wanted and (unsure or wanted != "pass" or UNSURE not in case["reason"]):
                found[key].append(f"{key}: {case['verdict']} ({case['reason']}), expected {wanted}")
            rules = self.rules(key)
            broken = {one["id"]: one for one in case["invariants"] if one["verdict"] not in {"pass", "none"}}
            for rule in sorted(rules.keys() | broken.keys()):
                seen = broken.get(rule, {"verdict": "pass", "reason": "not broken"})
                if seen["verdict"] != rules.get(rule, "pass"):
                    told = f"{rule} {seen['verdict']} ({seen['reason']}), expected {rules.get(rule, 'pass')}"
                    found[key].append(f"{key}: {told}")
        return dict(found)

    def findings(self) -> set[str]:
        """Every finding that is referred to."""
        rules = (
            finding
            for verdicts in self.invariants.values()
            for cases in verdicts.values()
            for finding in cases.values()
        )
        return {entry["finding"] for entry in self.cases.values()} | set(rules)

    def named(self) -> set[str]:
        """Every case that is referred to."""
        return set(self.cases) | {
            key for verdicts in self.invariants.values() for one in verdicts.values() for key in one
        }

    def verdicts(self) -> Iterator[str]:
        """Every verdict that is expected."""
        for entry in self.cases.values():
            yield from (value for key, value in entry.items() if key != "finding")
        for verdicts in self.invariants.values():
            yield from verdicts


def harness_errors(cases: Cases) -> Iterator[str]:
    """Judges and stimuli that raised: never the device's fault, never to be repeated away."""
    for key, case in cases.items():
        for one in ({**case, "id": "the case"}, *case["invariants"]):
            if one["verdict"] == "error":
                yield f"{key}: {one['id']}: {one['reason']}"
