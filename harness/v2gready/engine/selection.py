"""Which cases run: PICS decide what applies, the user what is wanted, the bench what can be done."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from v2gready.model.case import CaseInfo
from v2gready.model.dut import ConfigurationError, DutFile, Problem
from v2gready.model.pics import Condition
from v2gready.model.verdict import Lifecycle

_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9_.*?\[\]:-]+)")


class Equipment(Protocol):
    """What a bench brings along."""

    @property
    def hooks(self) -> Collection[str]:
        """Actions it can trigger."""

    @property
    def instruments(self) -> Collection[str]:
        """Instruments on it."""

    @property
    def code(self) -> str:
        """The grid code it tests against, empty if none."""

    @property
    def parameters(self) -> Collection[str]:
        """What that code sets."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A case and whether it runs.

    Attributes:
        info: The case.
        lifecycle: ``NOT_RUN`` with an empty reason: it will run.
        reason: Why it does not.
    """

    info: CaseInfo
    lifecycle: Lifecycle
    reason: str

    @property
    def runs(self) -> bool:
        """It is going to run."""
        return self.lifecycle is Lifecycle.NOT_RUN and not self.reason


class Selector:
    """A ``--select`` expression: words joined by ``and``, ``or``, ``not`` and brackets.

    A word matches a case's role, area, weight, a requirement, or its id or alias as a shell pattern (``CHG-SDP-*``).

    Raises:
        ConfigurationError: It is no such expression.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = self._tokenise(text)
        if self._tokens:
            self._evaluate(set())

    def matches(self, info: CaseInfo) -> bool:
        """Whether a case is wanted."""
        if not self._tokens:
            return True
        words = {
            info.role,
            info.area,
            info.weight,
            info.id,
            *info.aliases,
            *info.requirements,
            info.id.split("-")[1].lower(),
        }
        return self._evaluate(words)

    def _tokenise(self, text: str) -> list[str]:
        tokens, position = [], 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._wrong(f"character {text[position]!r} at {position + 1}")
            tokens.append(found.group(1))
            position = found.end()
        return tokens

    def _evaluate(self, words: Collection[str]) -> bool:
        result, rest = self._or(self._tokens, words)
        if rest:
            raise self._wrong(f"unexpected {rest[0]!r}")
        return result

    def _or(self, tokens: list[str], words: Collection[str]) -> tuple[bool, list[str]]:
        result, rest = self._and(tokens, words)
        while rest and rest[0] == "or":
            right, rest = self._and(rest[1:], words)
            result = result or right
        return result, rest

    def _and(self, tokens: list[str], words: Collection[str]) -> tuple[bool, list[str]]:
        result, rest = self._not(tokens, words)
        while rest and rest[0] == "and":
            right, rest = self._not(rest[1:], words)
            result = result and right
        return result, rest

    def _not(self, tokens: list[str], words: Collection[str]) -> tuple[bool, list[str]]:
        if not tokens:
            raise self._wrong("it ends too early")
        head, rest = tokens[0], tokens[1:]
        if head == "not":
            result, rest = self._not(rest, words)
            return not result, rest
        if head == "(":
            result, rest = self._or(rest, words)
            if not rest or rest[0] != ")":
                raise self._wrong("a bracket is not closed")
            return result, rest[1:]
        if head in {")", "and", "or"}:
            raise self._wrong(f"unexpected {head!r}")
        return any(fnmatchcase(word.lower(), head.lower()) for word in words), rest

    def _wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            "--select", [Problem(repr(self.text), what, "write words joined by and, or, not and brackets")]
        )


def select(
    infos: Iterable[CaseInfo], dut: DutFile, selector: Selector, benches: Mapping[str, Equipment]
) -> list[Selected]:
    """Decides for each case of the device's role.

    Args:
        infos: The catalogue.
        dut: The device with its PICS.
        selector: What the user wants.
        benches: The bench for each neighbour that the harness can play.

    Raises:
        ConfigurationError: An unanswered PICS question decides about a case.
    """
    chosen = []
    problems = []
    for info in infos:
        if info.role != dut.device.role:
            continue
        bench = benches.get(info.neighbour)
        condition = Condition(info.pics)
        if bench is None:
            reason = f"the DUT file names no interface for the {info.neighbour}"
            chosen.append(Selected(info, Lifecycle.NOT_RUN, reason))
        elif condition.holds(dut.pics) is None:
            problems += [
                Problem(f"pics.{key}", f"no answer, {info.id} depends on it", "answer true or false")
                for key in condition.unanswered(dut.pics)
            ]
        else:
            chosen.append(_decided(info, dut, selector, bench))
    if problems:
        raise ConfigurationError(dut.source, problems)
    return chosen


def _decided(info: CaseInfo, dut: DutFile, selector: Selector, bench: Equipment) -> Selected:
    lifecycle, reason = Lifecycle.NOT_RUN, ""
    if not Condition(info.pics).holds(dut.pics):
        lifecycle, reason = Lifecycle.NOT_APPLICABLE, f"PICS: {info.pics} does not hold"
    elif missing := [name for name in info.parameters if name not in bench.parameters]:
        lifecycle, reason = Lifecycle.NOT_APPLICABLE, f"{bench.code} says nothing on {', '.join(missing)}"
    elif not selector.matches(info):
        reason = f"not selected by {selector.text!r}"
    elif missing := [name for name in info.hooks if name not in bench.hooks]:
        reason = f"the DUT file has no hook {', '.join(missing)}"
    elif missing := [name for name in info.instruments if name not in bench.instruments]:
        reason = f"the bench has no {', '.join(missing)}"
    return Selected(info, lifecycle, reason)
