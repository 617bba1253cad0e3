"""The checks of a case as a reader should meet them: equal ones once, and not a hundred passes in a row.

A judge makes one observation for each exchange of a loop. All of them stay in the run record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from v2gready.model.observation import Observation
from v2gready.model.verdict import Verdict

REMARK = "remark"
CHECK_STATES = ("pass", REMARK, "inconc", "fail")
"""What a check can come to, better ones first."""
_MOST_PASSES, _FIRST_PASSES = 6, 4


@dataclass(frozen=True, slots=True)
class Check:
    """Equal observations.

    Attributes:
        number: Position among the checks of the case, from 1.
        observation: What they say; it rests on the records of all of them.
        times: How many they are.
    """

    number: int
    observation: Observation
    times: int

    @property
    def state(self) -> str:
        """One of `CHECK_STATES`."""
        return check_state(self.observation)


def check_state(one: Observation) -> str:
    """One word for a check: its verdict, or a remark if it deviates and is no MUST."""
    return one.verdict.label if one.contribution is one.verdict else REMARK


def merge(observations: Iterable[Observation], start: int = 1) -> list[Check]:
    """Takes observations together that differ in nothing but the records they rest on; the first sets the place."""
    groups: dict[Observation, list[Observation]] = {}
    for one in observations:
        groups.setdefault(replace(one, at=()), []).append(one)
    return [
        Check(
            number,
            replace(key, at=tuple(dict.fromkeys(index for one in several for index in one.at))),
            len(several),
        )
        for number, (key, several) in enumerate(groups.items(), start=start)
    ]


def worth_listing(checks: Sequence[Check]) -> tuple[list[Check], int]:
    """Leaves out passes of a requirement that has many: the first ones and the last stay.

    Returns:
        The checks to list, and how many observations are left out.
    """
    passes = Counter(check.observation.requirement for check in checks if _passes(check))
    seen: Counter[str] = Counter()
    listed = []
    for check in checks:
        name = check.observation.requirement
        if _passes(check):
            seen[name] += 1
            if passes[name] > _MOST_PASSES and _FIRST_PASSES < seen[name] < passes[name]:
                continue
        listed.append(check)
    return listed, sum(check.times for check in checks) - sum(check.times for check in listed)


def _passes(check: Check) -> bool:
    return check.observation.verdict is Verdict.PASS
