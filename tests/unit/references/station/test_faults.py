"""The catalogue of faults: each has a name and a sentence, and makes the station behave differently."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from tests.unit.references.station.desk import TOKEN, Desk, setting, variables
from v2gready.emulators.csms.issuing import issue_certificate
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, encode
from v2gready.protocols.ocpp.pki import BackendPki
from v2gready.protocols.pki import pem
from v2gready.references.station import REFERENCE, StationCredentials
from v2gready.references.station.faults import boot, certificates, connection, rpc, transactions
from v2gready.references.station.faults import variables as model
from v2gready.references.station.faults.registry import CATALOGUE, fault, make
from v2gready.references.station.seams import Fault, Seams, difference
from v2gready.references.station.station import PowerKnob

OURS = (rpc, boot, model, transactions, certificates)
"""Areas that show without a network; those of `connection` are in test_server.py."""
NAMES = sorted(name for name, kind in CATALOGUE.items() if kind.__module__ in {area.__name__ for area in OURS})
TOURS: list[Callable[[str], Desk]] = []


def tour(scenario: Callable[[str], Desk]) -> Callable[[str], Desk]:
    """Registers a scenario."""
    TOURS.append(scenario)
    return scenario


@cache
def pki() -> BackendPki:
    """One for all."""
    return BackendPki(datetime.now(UTC) - timedelta(days=1))


def credentials() -> StationCredentials:
    """What a station has that trusts the PKI."""
    return StationCredentials(roots=pki().roots[:1], certificate=pki().station())


@tour
def messages(name: str) -> Desk:
    """Everything that can be wrong with a call."""
    desk = Desk(name).start()
    profile = {
        "id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "dischargeLimit": 1}]}
        ],
    }  # fmt: skip
    for action, payload in (
        ("Nonsense", {}),
        ("getVariables", variables(("EVSE", "X"))),
        ("SendLocalList", {"versionNumber": 1, "updateType": "Full"}),
        ("Reset", {}),
        ("Reset", {"type": 1}),
        ("Reset", {"type": "Later"}),
        ("GetTransactionStatus", {"extra": 1}),
        ("GetTransactionStatus", {"transactionId": "x" * 37}),
        ("GetTransactionStatus", {"customData": {"vendorId": "x"}}),
        ("AFRRSignal", {"timestamp": "now", "signal": 1}),
        ("GetVariables", {"getVariableData": []}),
        ("SetChargingProfile", {"evseId": 0, "chargingProfile": profile}),
        ("SetChargingProfile", {"evseId": -1, "chargingProfile": profile}),
        ("RequestStartTransaction", {"remoteStartId": 1, "idToken": {"idToken": "a", "type": "EVCCID"}}),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}),
        ("ClearCache", {}),
    ):
        desk.call(action, payload)
    desk.send('[3,"nobody",{}]')
    desk.answers["Heartbeat"] = {}
    desk.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    return desk.advance(60.0)


@tour
def frames(name: str) -> Desk:
    """Everything that is no message."""
    desk = Desk(name).start()
    for data in ("{", "[]", '[2,"a"]', "[9]", '[2,"","Reset",{}]', "[" * 100, '[2,"a","Reset",{"type":1,"type":2}]'):
        desk.send(data)
    desk.send(encode(Call("big", "DataTransfer", {"vendorId": "x", "data": "y" * 60_000})))
    return desk


@tour
def silence(name: str) -> Desk:
    """Calls without an answer, answers that come late."""
    desk = Desk(name, message_timeout=10).start()
    desk.answers["Heartbeat"] = None
    for _ in range(3):
        desk.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    desk.call("GetTransactionStatus")
    desk.advance(11.0)
    beats = [one for _, one in desk.frames if isinstance(one, Call) and one.action == "Heartbeat"]
    desk.send(encode(CallResult(beats[0].id, {"currentTime": "2026-01-01T00:00:00Z"})))
    return desk.advance(60.0)


@tour
def pending(name: str) -> Desk:
    """Boot that is not accepted at once."""
    desk = Desk(name, clock_error=100.0)
    desk.skew = 50.0
    desk.answers["BootNotification"] = {"currentTime": "2026-01-01T01:00:00+01:00", "interval": 7, "status": "Pending"}
    desk.start().advance(20.0)
    desk.call("RequestStartTransaction", {"remoteStartId": 1, "idToken": TOKEN})
    desk.answers["BootNotification"] = {"currentTime": "2026-01-01T01:00:00+01:00", "interval": 7, "status": "Rejected"}
    desk.advance(10.0)
    desk.call("GetTransactionStatus")
    desk.answers["BootNotification"] = {"currentTime": "2026-01-01T01:00:00+01:00", "interval": 7, "status": "Accepted"}
    desk.advance(60.0)
    desk.call("Reset", {"type": "Immediate"})
    return desk.advance(20.0)


@tour
def settings(name: str) -> Desk:
    """Variables and reports."""
    desk = Desk(name).start()
    desk.call("SetVariables", setting("OCPPCommCtrlr", "HeartbeatInterval", "20"))
    desk.call("SetVariables", setting("OCPPCommCtrlr", "HeartbeatInterval", "soon"))
    desk.call("SetVariables", setting("OCPPCommCtrlr", "Nothing", "1"))
    names = variables(("Nothing", "X"), ("OCPPCommCtrlr", "HeartbeatInterval"))
    desk.call("GetVariables", names)
    desk.call("GetVariables", variables(*[("OCPPCommCtrlr", "HeartbeatInterval")] * 50))
    desk.call("GetVariables", variables(*[("OCPPCommCtrlr", "HeartbeatInterval")] * 51))
    desk.call("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"})
    desk.advance(50.0)
    return desk.reboot().connect()


@tour
def charging(name: str) -> Desk:
    """A transaction with all that can happen to it."""
    desk = Desk(name).start().charge().advance(100.0)
    desk.call("Reset", {"type": "OnIdle"})
    desk.present(token={"idToken": "OTHER", "type": "ISO14443"})
    desk.unplug().advance(5.0)
    desk.call("RequestStopTransaction", {"transactionId": "nobody"})
    desk.call("RequestStartTransaction", {"remoteStartId": 1, "idToken": TOKEN})
    desk.plug_in().advance(50.0)
    running = desk.station.evses[1].transaction or desk.station.evses[2].transaction
    desk.call("TriggerMessage", {"requestedMessage": "TransactionEvent"})
    if running is not None:
        desk.call("RequestStopTransaction", {"transactionId": running.id})
    desk.answers["Authorize"] = {"idTokenInfo": {"status": "Blocked"}}
    desk.unplug().charge()
    return desk


@tour
def discharging(name: str) -> Desk:
    """Energy from the vehicle."""
    desk = Desk(name).start().charge()
    running = desk.station.evses[1].transaction
    profile: dict[str, Any] = {
        "id": 10, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute",
        "transactionId": running.id if running else "none",
        "chargingSchedule": [
            {
                "id": 1, "chargingRateUnit": "W", "startSchedule": "2026-01-01T00:00:00Z",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -5000}
                ],
            }
        ],
    }  # fmt: skip
    assert desk.result("SetChargingProfile", {"evseId": 1, "chargingProfile": profile})["status"] == "Accepted"
    return desk.advance(120.0).unplug()


@tour
def offline(name: str) -> Desk:
    """Transactions that the CSMS learns of later."""
    desk = Desk(name).start()
    desk.lose().charge().advance(40.0).unplug()
    return desk.connect().advance(5.0)


@tour
def refusing(name: str) -> Desk:
    """A CSMS that takes no transaction events, and then no token."""
    desk = Desk(name).start()
    desk.answers["TransactionEvent"] = CallError("", "InternalError")
    desk.charge().advance(60.0).unplug().advance(60.0)
    desk.answers["TransactionEvent"] = {"idTokenInfo": {"status": "Blocked"}}
    return desk.charge().advance(10.0)


@tour
def old_edition(name: str) -> Desk:
    """OCPP 2.0.1."""
    return Desk(name, edition=Edition.V201).start().charge().advance(40.0).unplug()


def _sign(desk: Desk, payload: dict[str, Any], **changes: Any) -> None:
    """What a CSMS does with SignCertificate; a CSR that nobody can read gets nothing."""
    chain = issue_certificate(payload["csr"], changes.pop("issuer", pki().authority()), **changes)
    if chain is not None:
        desk.call("CertificateSigned", {"certificateChain": chain, "requestId": payload.get("requestId", 1)})


@tour
def renewing(name: str) -> Desk:
    """Certificates that come late, wrong and right."""
    desk = Desk(name, credentials=credentials()).start()
    desk.call("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    desk.advance(300.0)
    payload = desk.calls("SignCertificate")[-1]
    leaf = issue_certificate(payload["csr"], pki().authority())
    if leaf is None:
        return desk
    other = pki().station()
    begin, end = datetime.now(UTC) - timedelta(days=9), datetime.now(UTC) - timedelta(days=8)
    desk.call("CertificateSigned", {"certificateChain": leaf, "requestId": 99})
    desk.call("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    payload = desk.calls("SignCertificate")[-1]
    wrong: list[dict[str, Any]] = [
        {"key": other.certificate.public_key()},
        {"begin": begin, "end": end},
        {"issuer": pki().foreign_root()},
        {"subject": pki().root().certificate.subject},
    ]
    for changes in wrong:
        _sign(desk, desk.calls("SignCertificate")[-1], **changes)
        desk.call("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    _sign(desk, desk.calls("SignCertificate")[-1])
    return desk


@tour
def roots(name: str) -> Desk:
    """Roots installed, listed, deleted."""
    desk = Desk(name, credentials=credentials()).start()
    for text in ("nonsense", pem(pki().station().certificate).decode()):
        desk.call("InstallCertificate", {"certificateType": "V2GRootCertificate", "certificate": text})
    found = desk.call("GetInstalledCertificateIds", {})
    if isinstance(found, CallResult) and found.payload["status"] == "Accepted":
        first = found.payload["certificateHashDataChain"][0]["certificateHashData"]
        desk.call("DeleteCertificate", {"certificateHashData": first})
    root = pem(pki().foreign_root().certificate).decode()
    desk.call("InstallCertificate", {"certificateType": "MORootCertificate", "certificate": root})
    found = desk.call("GetInstalledCertificateIds", {"certificateType": ["MORootCertificate"]})
    if isinstance(found, CallResult) and found.payload["status"] == "Accepted":
        gone = found.payload["certificateHashDataChain"][0]["certificateHashData"]
        for _ in range(2):
            desk.call("DeleteCertificate", {"certificateHashData": gone})
        desk.call("GetInstalledCertificateIds", {"certificateType": ["MORootCertificate"]})
    left = iter((2, 1, 0))
    desk.answers["Get15118EVCertificate"] = lambda _: {
        "status": "Accepted",
        "exiResponse": "AA==",
        "remainingContracts": next(left),
    }
    desk.station.certificates.contract(desk.now, exi="AAAA" * 30, update=False, remaining=2, version="x")
    return desk.advance(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_shows(name: str) -> None:
    seen: list[str] = []
    for scenario in TOURS:
        # A fault may well lead the rest of a tour astray.
        with contextlib.suppress(AssertionError, KeyError, IndexError):
            desk = scenario(name)
            seen += [effect.fault for effect in desk.effects]
        if seen:
            break
    assert seen, f"{name} made no difference"
    assert set(seen) == {name}


@pytest.mark.parametrize("scenario", TOURS)
def test_no_effect_without_a_fault(scenario: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.references.station.desk.make", lambda _: ())
    assert not scenario("none").effects


def test_names_and_sentences() -> None:
    assert len(CATALOGUE) >= 45
    for name, sentence in REFERENCE.faults.items():
        assert name == name.lower()
        assert " " not in name
        assert sentence.endswith(".")
        assert CATALOGUE[name].__doc__
    with pytest.raises(KeyError, match="no fault nonsense"):
        make(["nonsense"])
    with pytest.raises(ValueError, match="two faults"):
        fault("seqno-gap", "Again.")(Fault)


def test_seams() -> None:
    seams = Seams(make(["power-below-setpoint"]))
    assert seams.value(PowerKnob.WATTS, 1000.0) == 800.0
    assert [effect.what for effect in seams.effects] == ["power at the outlet in W: 1000.0 -> 800.0"]
    assert seams.value(PowerKnob.WATTS, 0.0) == 0.0
    assert len(seams.effects) == 1
    assert difference({"a": 1, "b": 2}, {"a": 1, "b": 3}) == "b 2 -> 3"
    assert connection.__doc__
