"""The three axes of a result: what a case concluded, how far it came, and whether it blocks a label.

They are kept apart on purpose. A case that is not applicable has no verdict; a waived fail is still a fail.
Source: TTCN-3 overwriting rule (ETSI ES 201 873-1, clause 24.2) and ISO/IEC 9646-1.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Verdict(IntEnum):
    """What the evidence of a case allows to say. Ordered: a greater verdict overwrites a smaller one."""

    NONE = 0
    """Nothing was judged. A finished case that ends here is itself an error."""
    PASS = 1
    INCONC = 2
    """The evidence shows neither conformity nor a violation."""
    FAIL = 3
    ERROR = 4
    """The harness or the bench failed. Neither a stimulus nor a judge can say this of itself."""

    @property
    def label(self) -> str:
        """The verdict's name as every report and machine-readable file spells it."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> Verdict:
        """Reads a label back.

        Raises:
            ValueError: No verdict has that label.
        """
        try:
            return cls[label.upper()]
        except KeyError:
            raise ValueError(f"no verdict is called {label!r}") from None


def overwrite(current: Verdict, new: Verdict) -> Verdict:
    """The verdict after ``new`` was set while ``current`` stood (TTCN-3 24.2: it can only get worse)."""
    return max(current, new)


class Lifecycle(StrEnum):
    """How far a case came in a run."""

    NOT_APPLICABLE = "not applicable"
    """The PICS exclude it."""
    NOT_RUN = "not run"
    """Applicable, but not selected or not reached yet."""
    INTERRUPTED = "interrupted"
    """Started and stopped from outside (Ctrl-C, kill); ``--resume`` runs it again."""
    FINISHED = "finished"


class Standing(StrEnum):
    """What a result means for a label."""

    MET = "met"
    BLOCKING = "blocking"
    OPEN = "open"
    """Could still go either way: inconclusive, erroneous, interrupted or not run."""
    WAIVED = "waived"
    INDICATIVE = "indicative"
    """Rests on an unconfirmed limit or requirement: neither blocks nor grants."""
    NOT_APPLICABLE = "not applicable"


def standing(lifecycle: Lifecycle, verdict: Verdict, *, indicative: bool, waived: bool) -> Standing:
    """Whether a required case stands in the way of a label.

    Args:
        lifecycle: How far the case came.
        verdict: Its verdict; only looked at when it finished.
        indicative: The deciding observation rests on something unconfirmed.
        waived: A waiver is on file. It excuses a fail, never an error and never silence.
    """
    if lifecycle is Lifecycle.NOT_APPLICABLE:
        return Standing.NOT_APPLICABLE
    if lifecycle is not Lifecycle.FINISHED or verdict in {Verdict.NONE, Verdict.ERROR}:
        return Standing.OPEN
    if indicative:
        return Standing.INDICATIVE
    if verdict is Verdict.PASS:
        return Standing.MET
    if verdict is Verdict.INCONC:
        return Standing.OPEN
    return Standing.WAIVED if waived else Standing.BLOCKING
