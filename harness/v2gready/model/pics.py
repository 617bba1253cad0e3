"""PICS: what a device declares it can do, and conditions over those declarations.

A missing answer is not a No (ISO/IEC 9646-7): conditions are three-valued, and an unanswered question that decides
about a case is a configuration error, found before the first test.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class PicsError(ValueError):
    """A condition cannot be read, or asks something the questionnaire does not hold."""


@dataclass(frozen=True, slots=True)
class PicsItem:
    """One question of the questionnaire.

    Attributes:
        key: Name in the DUT file.
        question: What is asked, for the person who fills it in.
        reference: Clause or requirement id.
        status: ``m`` mandatory capability, ``o`` optional.
        interface: Interface of the DUT file that it is about; without that interface it need not be answered.
    """

    key: str
    question: str
    reference: str
    status: str
    interface: str = "iso15118"


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed PICS condition such as ``dc_bpt and not public``.

    Names are questions answered by yes or no; ``and``, ``or``, ``not`` and brackets combine them. The empty
    condition always holds.
    """

    text: str

    def __post_init__(self) -> None:
        self._tree()

    def _tree(self) -> ast.expr | None:
        if not self.text.strip():
            return None
        try:
            tree = ast.parse(self.text, mode="eval").body
        except SyntaxError:
            raise PicsError(f"PICS condition {self.text!r} is not an expression of and, or, not and names") from None
        for node in ast.walk(tree):
            if not isinstance(node, ast.BoolOp | ast.UnaryOp | ast.Name | ast.And | ast.Or | ast.Not | ast.Load):
                raise PicsError(f"PICS condition {self.text!r} holds more than and, or, not and names")
        return tree

    @property
    def names(self) -> frozenset[str]:
        """All questions the condition asks."""
        tree = self._tree()
        return frozenset() if tree is None else frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))

    def holds(self, answers: Mapping[str, bool]) -> bool | None:
        """Kleene's three-valued truth: None where unanswered questions decide."""
        tree = self._tree()
        return True if tree is None else _evaluate(tree, answers)

    def unanswered(self, answers: Mapping[str, bool]) -> tuple[str, ...]:
        """The questions that keep the condition undecided."""
        return () if self.holds(answers) is not None else tuple(sorted(self.names - set(answers)))


def _evaluate(node: ast.expr, answers: Mapping[str, bool]) -> bool | None:
    match node:
        case ast.Name(id=name):
            return answers.get(name)
        case ast.UnaryOp(operand=operand):
            inner = _evaluate(operand, answers)
            return None if inner is None else not inner
        case ast.BoolOp(op=op, values=values):
            parts = [_evaluate(value, answers) for value in values]
            decisive = isinstance(op, ast.Or)
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
    raise PicsError("not a PICS condition")


def parse_questionnaire(document: Mapping[str, Any], source_name: str) -> dict[str, PicsItem]:
    """Reads one parsed ``fixtures/pics/*.toml``.

    Raises:
        PicsError: An item lacks a key or stands twice.
    """
    items: dict[str, PicsItem] = {}
    for entry in document.get("item", []):
        try:
            item = PicsItem(
                entry["key"], entry["question"], entry["reference"], entry["status"], entry.get("interface", "iso15118")
            )
        except KeyError as missing:
            raise PicsError(f"{source_name}: item {entry.get('key', '?')} lacks {missing}") from None
        if item.key in items:
            raise PicsError(f"{source_name}: item {item.key} stands twice")
        items[item.key] = item
    return items
