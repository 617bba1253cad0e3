"""No password gets into a trace, and what holds none keeps every octet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.ocpp.redaction import MASK, redacted

SECRET = "correct-horse-battery"  # noqa: S105 - what must not be seen
PASSWORD = {"name": "BasicAuthPassword"}
SET = {"setVariableData": [{"component": {"name": "SecurityCtrlr"}, "variable": PASSWORD, "attributeValue": SECRET}]}
REPORT = {"reportData": [{"variable": PASSWORD, "variableAttribute": [{"type": "Actual", "value": SECRET}]}]}
PROFILE = {"configurationSlot": 1, "connectionData": {"basicAuthPassword": SECRET, "messageTimeout": 30}}
APN = {"connectionData": {"apn": {"apn": "x", "apnPassword": SECRET, "simPin": 1234}}}
VPN = {"connectionData": {"vpn": {"server": "x", "user": "y", "password": SECRET, "key": SECRET, "type": "IPSec"}}}


@pytest.mark.parametrize("payload", [SET, REPORT, PROFILE, APN, VPN])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", " : ")])
def test_only_the_secret_changes(payload: dict[str, Any], separators: tuple[str, str]) -> None:
    text = json.dumps([2, "1", "A", payload], separators=separators)
    expected = text.replace(SECRET, MASK).replace("1234", "0")
    assert redacted(text) == expected
    assert redacted(text.encode()) == expected.encode()


def test_names_are_found_in_any_case_and_by_their_escapes() -> None:
    text = json.dumps([2, "1", "A", {"variable": {"name": "BASICAUTHPASSWORD"}, "attributeValue": SECRET}])
    assert SECRET not in redacted(text)
    assert SECRET not in redacted(json.dumps(PROFILE).replace("basicAuth", "basic\\u0041uth"))
    assert SECRET not in redacted(json.dumps(PROFILE).replace(SECRET, "c\\u006frrect-horse-battery"))


def test_a_key_that_stands_twice_hides_nothing() -> None:
    raw = '[2,"1","A",{"basicAuthPassword":"first-secret-0001","basicAuthPassword":"second-secret-002"}]'
    assert redacted(raw) == f'[2,"1","A",{{"basicAuthPassword":"{MASK}","basicAuthPassword":"{MASK}"}}]'


@pytest.mark.parametrize("end", ["", "]]", ',{"a"', "\x00", "]" * 3])
def test_what_is_no_json_shows_no_value_that_could_be_the_secret(end: str) -> None:
    assert SECRET not in redacted(json.dumps([2, "1", "A", SET])[:-1] + end)
    assert SECRET not in redacted(json.dumps([2, "1", "A", PROFILE])[:-1] + end)
    assert SECRET not in redacted('[2,"1","SetVariables",{"basicAuthPassword":"' + SECRET)


def test_the_secret_is_masked_wherever_it_is_repeated() -> None:
    text = json.dumps([2, "1", "A", {**PROFILE, "info": f"password {SECRET} is fine", SECRET: 1}])
    assert f'"password {MASK} is fine"' in redacted(text)


def test_a_known_secret_is_masked_in_any_message() -> None:
    text = '[2,"1","SecurityEventNotification",{"techInfo":"got correct-horse-battery"}]'
    assert SECRET not in redacted(text, known=[SECRET])
    assert redacted(text) == text


@pytest.mark.parametrize("around", ["\\q", "\\ud800", "\\", "é", "\n"])
def test_a_known_secret_is_masked_beside_anything(around: str) -> None:
    raw = f'["{around}{SECRET}{around}"'
    assert SECRET not in redacted(raw, known=[SECRET])
    assert SECRET.encode() not in redacted(raw.encode() + b"\xff", known=[SECRET])


@pytest.mark.parametrize("text", [f"[2,{SECRET}]", SECRET, f'""{SECRET}"', f"{{password:'{SECRET}'}}"])
def test_a_known_secret_is_masked_outside_of_literals(text: str) -> None:
    assert redacted(text, known=[SECRET]) == text.replace(SECRET, MASK)


def test_a_short_secret_is_masked_as_a_whole_only() -> None:
    assert redacted('["1","a1b"]', known=["1"]) == f'["{MASK}","a1b"]'


@given(st.text() | st.binary())
def test_nothing_changes_without_a_secret_and_nothing_raises(raw: str | bytes) -> None:
    assert redacted(raw) == raw


@given(st.text(alphabet='{}[]:,"\\ basicAuthPassword123\ud800', max_size=60))
def test_no_noise_raises_or_hides_a_secret(noise: str) -> None:
    assert SECRET not in redacted(noise + '"vpn' + SECRET, known=[SECRET])
    told = json.dumps({"variable": PASSWORD, "value": noise})
    assert json.loads(redacted(told))["variable"] == PASSWORD


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ['\\"', '"', '"vpn"', '"password":"', '"value" ', " ", '"simPin"  '])
def test_a_large_hostile_text_takes_linear_time(part: str) -> None:
    large = 'password"' + part * (1_000_000 // len(part))
    assert SECRET not in redacted(large + SECRET, known=[SECRET])
