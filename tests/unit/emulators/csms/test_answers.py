"""Every action is known to one side, and every good answer fits its schema."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulators.pair import Pair, play
from v2gready.emulators.csms.answers import OUT_OF_SCOPE as NOT_FOR_CSMS
from v2gready.emulators.ocpp.answers import Followed, Refusal, Reply, reaction
from v2gready.emulators.station.answers import OUT_OF_SCOPE as NOT_FOR_STATIONS
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call
from v2gready.protocols.ocpp.schema import actions, check

HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
WHERE = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
ASKED: dict[str, dict[str, Any]] = {
    "Authorize": {"idToken": {"idToken": "x", "type": "y"}, "certificate": "z"},
    "ClearVariableMonitoring": {"id": [1, 2]},
    "GetCertificateChainStatus": {
        "certificateStatusRequests": [{"certificateHashData": HASH, "source": "CRL", "urls": ["u"]}]
    },
    "GetVariables": {"getVariableData": [WHERE, WHERE | {"attributeType": "Target"}]},
    "SetVariables": {"setVariableData": [WHERE | {"attributeValue": "1"}]},
    "SetVariableMonitoring": {
        "setMonitoringData": [WHERE | {"value": 1, "type": "Delta", "severity": 5, "transaction": False}]
    },
    "TransactionEvent": {"idToken": {"idToken": "x", "type": "y"}},
}
"""Requests to which an answer to ``{}`` would be too short."""


def tables(profile: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    found: list[dict[str, Any]] = []

    async def act(pair: Pair) -> None:
        found.extend(
            {name: reaction(one, Call("1", name, ASKED.get(name, {}))) for name, one in table.items()}
            for table in (pair.csms.answers, pair.station.answers)
        )

    play(act, profile)
    return found[0], found[1]


def test_both_tables_together_know_every_action() -> None:
    csms, station = tables()
    assert csms.keys() | station.keys() == actions(Edition.V21)
    assert csms.keys() & station.keys() == {"DataTransfer"}


@pytest.mark.parametrize("edition", list(Edition))
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("profile", [1, 2])
def test_good_answers_fit_their_schemas(edition: Edition, side: int, profile: int) -> None:
    for name, what in tables(profile)[side].items():
        if name not in actions(edition):
            continue
        first = reaction(what.inner, Call("1", name, {})) if isinstance(what, Followed) else what
        if isinstance(first, Refusal):
            assert name in {*NOT_FOR_CSMS, *NOT_FOR_STATIONS}
        else:
            assert isinstance(first, Reply)
            assert check(edition, name, first.payload, response=True) == (), name


@pytest.mark.parametrize("payload", [{}, {"csr": 5}, {"certificateStatusRequests": [7]}, {"setVariableData": "x"}])
def test_answers_survive_nonsense(payload: dict[str, Any]) -> None:
    async def act(pair: Pair) -> None:
        for table in (pair.csms.answers, pair.station.answers):
            for name, one in table.items():
                assert reaction(one, Call("1", name, payload)) is not None

    play(act, 2)
