"""PICS conditions: three-valued, and strict about what they are."""

from __future__ import annotations

import itertools

import pytest

from v2gready.model.pics import Condition, PicsError, parse_questionnaire


@pytest.mark.parametrize(("a", "b"), list(itertools.product((True, False, None), repeat=2)))
def test_kleene(a: bool | None, b: bool | None) -> None:
    answers = {key: value for key, value in (("a", a), ("b", b)) if value is not None}
    both = False if False in (a, b) else None if None in (a, b) else True
    either = True if True in (a, b) else None if None in (a, b) else False
    assert Condition("a and b").holds(answers) is both
    assert Condition("a or b").holds(answers) is either
    assert Condition("not a").holds(answers) is (None if a is None else not a)


def test_no_condition_always_holds() -> None:
    assert Condition("").holds({}) is True


def test_only_deciding_gaps_count_as_unanswered() -> None:
    assert Condition("a or b").unanswered({"a": True}) == ()
    assert Condition("a and b").unanswered({"a": True}) == ("b",)


@pytest.mark.parametrize("text", ["a and", "f(a)", "a + b", "a == 1", "a; b", "a if b else c", "__import__('os')"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PicsError):
        Condition(text)


def test_a_questionnaire_names_what_is_missing() -> None:
    with pytest.raises(PicsError, match="charger.toml: item dc lacks 'question'"):
        parse_questionnaire({"item": [{"key": "dc"}]}, "charger.toml")


def test_a_question_stands_once() -> None:
    item = {"key": "dc", "question": "?", "reference": "", "status": "o"}
    with pytest.raises(PicsError, match="twice"):
        parse_questionnaire({"item": [item, item]}, "charger.toml")
