from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.references.csms.rig import Rig
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, Send, encode
from v2gready.protocols.pki import Curve
from v2gready.references.csms.config import BIDIRECTIONAL, ORGANISATION, StationEntry, entry_of

HASH: dict[str, Any] = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa" * 32,
    "issuerKeyHash": "bb" * 32,
    "serialNumber": "0BAD",
}


def token(name: str) -> dict[str, Any]:
    return {"idToken": {"idToken": name, "type": "ISO14443"}}


def csr(organisation: str = ORGANISATION) -> str:
    key = Curve.P256.generate()
    names = [(NameOID.COMMON_NAME, "SERIAL-1"), (NameOID.ORGANIZATION_NAME, organisation)]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_nothing_but_boot_before_accepted() -> None:
    rig = Rig(stations={"CS001": StationEntry(boot=("Rejected", "Pending", "Accepted"))})
    assert rig.refused("Heartbeat", {}) == "SecurityError"
    assert [rig.boot()["status"] for _ in range(3)] == ["Rejected", "Pending", "Accepted"]
    assert rig.ask("Heartbeat", {})["currentTime"] == "2026-01-01T12:00:00.000Z"


def test_a_pending_station_may_send_what_it_was_asked_for() -> None:
    rig = Rig(stations={"CS001": StationEntry(boot=("Pending",))})
    rig.boot()
    assert rig.refused("Heartbeat", {}) == "SecurityError"
    rig.trigger_message("Heartbeat")
    rig.answer(rig.read()[0], {"status": "Accepted"})
    assert set(rig.ask("Heartbeat", {})) == {"currentTime"}


def test_a_reconnect_needs_no_boot() -> None:
    rig = Rig()
    rig.boot()
    rig.connect()
    assert set(rig.ask("Heartbeat", {})) == {"currentTime"}


def test_a_boot_on_a_new_connection_is_the_first_again() -> None:
    rig = Rig(stations={"CS001": StationEntry(boot=("Pending", "Accepted"))})
    assert [rig.boot()["status"] for _ in range(2)] == ["Pending", "Accepted"]
    rig.connect()
    assert rig.boot()["status"] == "Pending"


def test_stations_of_a_process_of_its_own() -> None:
    assert entry_of("PENDING", "its own").boot == ("Pending", "Accepted")
    assert (entry_of("ANY", "its own").boot, entry_of("ANY", "its own").password) == (("Accepted",), "its own")


def test_known_action_of_the_other_side_is_not_supported() -> None:
    rig = Rig()
    rig.boot()
    assert rig.refused("Reset", {"type": "OnIdle"}) == "NotSupported"
    assert rig.refused("Nonsense", {}) == "NotImplemented"


def test_send_is_never_answered() -> None:
    rig = Rig()
    rig.boot()
    data = [{"t": 0.0, "v": "1"}]
    stream = {"id": 1, "pending": 0, "basetime": rig.at(), "data": data}
    assert rig.hear(encode(Send("s", "NotifyPeriodicEventStream", stream))) == []


def test_an_id_with_another_content_has_no_effect_even_after_a_reconnect() -> None:
    rig = Rig()
    rig.boot()
    rig.say("TransactionEvent", rig.event("Started", 0), "same")
    rig.connect()
    (reply,) = rig.say("TransactionEvent", rig.event("Started", 0, tx="tx-2"), "same")
    assert isinstance(reply, CallError)
    assert list(rig.csms.station.transactions) == ["tx-1"]


def test_one_open_call_and_crossing_calls() -> None:
    rig = Rig()
    rig.boot()
    rig.reset()
    rig.get_base_report()
    (first,) = rig.read()
    assert rig.ask("Heartbeat", {})
    (second,) = rig.answer(first, {"status": "Accepted"})
    assert isinstance(second, Call)
    assert second.action == "GetBaseReport"
    assert rig.wait(31) == []


@pytest.mark.parametrize(
    ("name", "status", "transfers"),
    [
        ("V2G-TOKEN", "Accepted", True),
        ("v2g-token", "Accepted", True),
        ("UNDECIDED-TOKEN", "Accepted", False),
        ("BLOCKED-TOKEN", "Blocked", False),
        ("nobody", "Unknown", False),
    ],
)
def test_authorize(name: str, status: str, transfers: bool) -> None:
    rig = Rig()
    rig.boot()
    answer = rig.ask("Authorize", token(name))
    assert answer["idTokenInfo"]["status"] == status
    assert ("DC_BPT" in answer.get("allowedEnergyTransfer", ())) is transfers


def test_201_gets_no_fields_of_21() -> None:
    rig = Rig(edition=Edition.V201)
    rig.boot()
    assert "allowedEnergyTransfer" not in rig.ask("Authorize", token("V2G-TOKEN"))
    rig.send_afrr_signal(1)
    assert rig.read() == []


# Money


def test_import_costs_and_export_pays() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    rig.ask("TransactionEvent", rig.event("Updated", 1, meterValue=rig.meter(1000.0, 0.0)))
    answer = rig.ask("TransactionEvent", rig.event("Ended", 2, at=60, meterValue=rig.meter(3000.0, 5000.0, at=60)))
    assert answer["totalCost"] == pytest.approx(2 * 0.40 - 5 * 0.30)


def test_units_and_multiplier() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    rig.ask("TransactionEvent", rig.event("Updated", 1, meterValue=rig.meter(1.0, unit="kWh")))
    more = rig.meter(2.0, at=60, unit="Wh", multiplier=3)
    assert rig.ask("TransactionEvent", rig.event("Ended", 2, meterValue=more))["totalCost"] == pytest.approx(0.40)


def test_energy_has_the_price_of_its_time() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    night = -11 * 3600.0
    rig.ask("TransactionEvent", rig.event("Updated", 1, offline=True, meterValue=rig.meter(0.0, at=night)))
    more = rig.meter(1000.0, at=night + 60)
    assert rig.ask("TransactionEvent", rig.event("Ended", 2, offline=True, meterValue=more))["totalCost"] == 0.20


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=4))
def test_order_and_repetition_change_no_cost(order: list[int], again: list[int]) -> None:
    rig = Rig()
    rig.boot()
    kinds = ["Started", "Updated", "Updated", "Updated", "Ended"]
    answer: dict[str, Any] = {}
    for seq in [*order, *again]:
        value = rig.meter(1000.0 * seq, 500.0 * seq, at=60.0 * seq)
        answer = rig.ask("TransactionEvent", rig.event(kinds[seq], seq, at=60.0 * seq, meterValue=value))
        for call in rig.read():
            rig.answer(call, {"messagesInQueue": False})
    assert answer["totalCost"] == pytest.approx(4 * 0.40 - 2 * 0.30)
    (transaction,) = rig.csms.station.transactions.values()
    assert transaction.ended
    assert not transaction.gap


def test_ended_before_started_asks_for_the_rest_and_stays_ended() -> None:
    rig = Rig()
    rig.boot()
    reply, question = rig.say("TransactionEvent", rig.event("Ended", 2))
    assert isinstance(reply, CallResult)
    assert isinstance(question, Call)
    assert question.action == "GetTransactionStatus"
    rig.answer(question, {"messagesInQueue": True})
    rig.start()
    rig.request_stop()
    assert rig.read() == []


def test_many_readings_take_bounded_memory() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    for seq in range(1, 1500):
        value = rig.meter(10.0 * seq, 0.0, at=float(seq))
        answer = rig.ask("TransactionEvent", rig.event("Updated", seq, meterValue=value))
    (transaction,) = rig.csms.station.transactions.values()
    assert len(transaction.readings) <= 512
    assert answer["totalCost"] == pytest.approx(1498 * 10 / 1000 * 0.40)


# Charging


def profile_of(messages: list[Any]) -> dict[str, Any]:
    call = next(message for message in messages if isinstance(message, Call))
    assert call.action == "SetChargingProfile"
    profile: dict[str, Any] = call.payload["chargingProfile"]
    return profile


def test_scheduled_needs_get_an_absolute_profile() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    messages = rig.say("NotifyEVChargingNeeds", rig.needs(controlMode="ScheduledControl"))
    profile = profile_of(messages)
    (schedule,) = profile["chargingSchedule"]
    assert (profile["chargingProfileKind"], profile["transactionId"]) == ("Absolute", "tx-1")
    assert schedule["startSchedule"] == rig.at()
    assert [period["setpoint"] for period in schedule["chargingSchedulePeriod"]] == [7000.0, -5000.0, 7000.0]
    rig.answer(messages[1], {"status": "Accepted"})


def test_dynamic_needs_pull_and_push() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    messages = rig.say("NotifyEVChargingNeeds", rig.needs(controlMode="DynamicControl"))
    profile = profile_of(messages)
    rig.answer(messages[1], {"status": "Accepted"})
    pull = {"chargingProfileId": profile["id"]}
    assert rig.ask("PullDynamicScheduleUpdate", pull)["scheduleUpdate"] == {"setpoint": 7000.0}
    rig.update_dynamic_schedule({"setpoint": -8.1, "setpoint_L2": -2.7})
    (push,) = rig.read()
    assert isinstance(push, Call)
    assert push.payload["scheduleUpdate"] == {"setpoint": -8.1, "setpoint_L2": -2.7}
    rig.answer(push, {"status": "Accepted"})
    assert rig.ask("PullDynamicScheduleUpdate", pull)["scheduleUpdate"]["setpoint"] == -8.1
    unknown = rig.ask("PullDynamicScheduleUpdate", {"chargingProfileId": 4711})
    assert unknown["statusInfo"]["reasonCode"] == "InvalidProfile"


@pytest.mark.parametrize(
    ("name", "transfer", "status"),
    [
        ("V2G-TOKEN", "DC_BPT", "Accepted"),
        ("CHARGE-TOKEN", "DC_BPT", "Rejected"),
        ("UNDECIDED-TOKEN", "DC_BPT", "Rejected"),
        ("UNDECIDED-TOKEN", "DC", "Accepted"),
    ],
)
def test_needs_against_what_is_allowed(name: str, transfer: str, status: str) -> None:
    rig = Rig()
    rig.boot()
    rig.start(name)
    assert rig.ask("NotifyEVChargingNeeds", rig.needs(transfer))["status"] == status


def test_a_late_decision() -> None:
    rig = Rig()
    rig.boot()
    rig.start("UNDECIDED-TOKEN")
    rig.notify_allowed_energy_transfer(BIDIRECTIONAL)
    (told,) = rig.read()
    rig.answer(told, {"status": "Accepted"})
    assert rig.ask("NotifyEVChargingNeeds", rig.needs("DC_BPT"))["status"] == "Accepted"


def test_processing_sends_the_profile_later() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    rig.answer_needs("Processing")
    assert len(rig.say("NotifyEVChargingNeeds", rig.needs())) == 1
    assert profile_of(rig.wait(60))


# DER


@pytest.mark.parametrize("kind", ["FixedPFAbsorb", "VoltVar", "HVMomCess", "Gradients", "EnterService"])
def test_der_controls_are_valid_and_registered(kind: str) -> None:
    rig = Rig()
    rig.boot()
    rig.set_der_control(kind, control_id="one")
    (call,) = rig.read()
    rig.answer(call, {"status": "Accepted"})
    assert rig.csms.station.controls["one"].request["controlType"] == kind
    rig.ask("NotifyDERStartStop", {"controlId": "one", "started": True, "timestamp": rig.at()})
    assert rig.csms.station.controls["one"].started
    rig.clear_der_control(control_id="one")
    (call,) = rig.read()
    rig.answer(call, {"status": "Accepted"})
    assert not rig.csms.station.controls


def test_an_alarm_storm_takes_bounded_memory() -> None:
    rig = Rig()
    rig.boot()
    for _ in range(300):
        rig.ask("NotifyDERAlarm", {"controlType": "HVMustTrip", "timestamp": rig.at()})
    assert len(rig.csms.station.alarms) == 100


# Certificates


def test_sign_certificate_echoes_request_id() -> None:
    rig = Rig()
    rig.boot()
    asked = {"csr": csr(), "requestId": 42, "certificateType": "V2G20Certificate"}
    reply, call = rig.say("SignCertificate", asked)
    assert isinstance(reply, CallResult)
    assert isinstance(call, Call)
    assert call.payload["requestId"] == 42
    chain = x509.load_pem_x509_certificates(call.payload["certificateChain"].encode())
    chain[0].verify_directly_issued_by(chain[1])
    rig.answer(call, {"status": "Accepted"})


@pytest.mark.parametrize("bad", ["nonsense", csr("Somebody else")])
def test_a_bad_csr_is_rejected(bad: str) -> None:
    rig = Rig()
    rig.boot()
    assert rig.ask("SignCertificate", {"csr": bad})["status"] == "Rejected"


@pytest.mark.parametrize(
    ("serial", "status"),
    [("1", ocsp.OCSPCertStatus.GOOD), ("0BAD", ocsp.OCSPCertStatus.REVOKED), ("404", ocsp.OCSPCertStatus.UNKNOWN)],
)
def test_ocsp_is_der(serial: str, status: ocsp.OCSPCertStatus) -> None:
    rig = Rig()
    rig.boot()
    data = {**HASH, "serialNumber": serial, "responderURL": "http://ocsp.invalid/"}
    answer = rig.ask("GetCertificateStatus", {"ocspRequestData": data})
    response = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
    assert response.certificate_status is status
    assert response.serial_number == int(serial, 16)


def test_status_that_cannot_be_had() -> None:
    rig = Rig()
    rig.boot()
    data = {**HASH, "responderURL": "http://ocsp.invalid/"}
    assert rig.ask("GetCertificateStatus", {"ocspRequestData": {**data, "serialNumber": "503"}})["status"] == "Failed"
    assert rig.ask("GetCertificateStatus", {"ocspRequestData": {**data, "issuerKeyHash": "x"}})["status"] == "Failed"


def test_chain_status_has_one_answer_each() -> None:
    rig = Rig()
    rig.boot()
    asked = [
        {"certificateHashData": {**HASH, "serialNumber": serial}, "source": "OCSP", "urls": ["http://o.invalid/"]}
        for serial in ("1", "0bad", "404", "503")
    ]
    found = rig.ask("GetCertificateChainStatus", {"certificateStatusRequests": asked})["certificateStatus"]
    assert [one["status"] for one in found] == ["Good", "Revoked", "Unknown", "Failed"]


def test_contracts_count_down() -> None:
    rig = Rig()
    rig.boot()
    asked = {
        "iso15118SchemaVersion": "urn:iso:std:iso:15118:-20:CommonMessages",
        "action": "Install",
        "exiRequest": "AAAA",
        "maximumContractCertificateChains": 3,
    }
    answers = [rig.ask("Get15118EVCertificate", asked) for _ in range(4)]
    assert [answer.get("remainingContracts") for answer in answers] == [2, 1, 0, None]
    assert [answer["status"] for answer in answers] == ["Accepted"] * 3 + ["Failed"]
    assert len({answer["exiResponse"] for answer in answers[:3]}) == 3


@pytest.mark.parametrize("data", ["", "{}", "[]", "[2]", '[9,"a","b",{}]', '["2","a","b",{}]', b"\xff", "[2,1,2,3]"])
def test_survives_hostile_messages(data: str | bytes) -> None:
    rig = Rig()
    rig.boot()
    rig.hear(data)
    assert set(rig.ask("Heartbeat", {})) == {"currentTime"}


def test_a_valid_message_with_an_impossible_value() -> None:
    rig = Rig()
    rig.boot()
    value = rig.meter(1.0, multiplier=9999)
    assert rig.refused("TransactionEvent", rig.event("Started", 0, meterValue=value)) == "PropertyConstraintViolation"
    rig.ask("Heartbeat", {})


def test_every_action_is_valid_on_the_wire() -> None:
    rig = Rig()
    rig.boot()
    rig.start()
    rig.request_start()
    rig.get_transaction_status()
    rig.set_charging_profile(periods=[{"limit": 8.1, "limit_L2": 8.1}], unit="A")
    rig.clear_charging_profile()
    rig.get_charging_profiles()
    rig.get_composite_schedule(unit="W")
    rig.use_priority_charging()
    rig.send_afrr_signal(-3, delay=5)
    rig.get_der_control(control_type="VoltVar")
    rig.get_variables("SmartChargingCtrlr", "Enabled")
    rig.set_variables("V2XChargingCtrlr", "Enabled", "true", evse=1)
    rig.get_report("DCDERCtrlr")
    rig.get_log(location="https://csms.invalid/log")
    rig.trigger_message("Heartbeat")
    rig.install_certificate()
    rig.delete_certificate(HASH)
    rig.get_installed_certificates(["CSMSRootCertificate"])
    rig.request_stop()
    seen = []
    (call,) = rig.read()
    while True:
        assert isinstance(call, Call)
        seen.append(call.action)
        following = rig.answer(call, {})
        calls = [message for message in following if isinstance(message, Call)]
        if not calls:
            break
        (call,) = calls
    assert len(seen) == 18
    assert rig.effects == []
