"""Everything that a station can do to a CSMS without a network, so that every fault gets its chance."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.references.csms.rig import Rig
from v2gready.authoring.ocpp.signing import damaged, signing_request
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallResult, Send, encode
from v2gready.references.csms.door import Knock, enter

HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa" * 32, "issuerKeyHash": "bb" * 32, "serialNumber": "1"}
BOTH = ("ocpp2.1", "ocpp2.0.1")
LONG_CSR = signing_request("SERIAL-1", filling=3600)


def tour(rig: Rig, csr: str) -> None:
    """Does it all; what comes back does not matter here."""
    _doors(rig)
    _boot(rig)
    _frames(rig)
    _payloads(rig)
    _transactions(rig)
    _charging(rig)
    _der(rig)
    _certificates(rig, csr)
    _two_evses(rig)
    _signed(rig)
    _quiet(rig)


def settle(rig: Rig, messages: list[Any]) -> None:
    """Answers the CALLs of the CSMS with yes, as long as there are any."""
    for _ in range(20):
        calls = [message for message in messages if isinstance(message, Call)]
        if not calls:
            return
        messages = [more for call in calls for more in _yes(rig, call)]


def _yes(rig: Rig, call: Call) -> list[Any]:
    payload: dict[str, Any] = {"status": "Accepted"}
    if call.action == "GetTransactionStatus":
        payload = {"messagesInQueue": False}
    return rig.hear(encode(CallResult(call.id, payload)))


def _tell(rig: Rig, action: str, payload: dict[str, Any], message_id: str | None = None) -> None:
    settle(rig, rig.say(action, payload, message_id))


def _doors(rig: Rig) -> None:
    password = rig.backend.config.stations["CS001"].password
    longest = max(rig.backend.config.stations, key=len)
    knocks = [
        Knock(f"/ocpp/{path}", offered, user, password)
        for path, user in (("CS001", "CS001"), ("RDAM%7C123", "RDAM|123"), ("cs001", "cs001"), ("nobody", "nobody"))
        for offered in (BOTH, ("ocpp2.0.1",), ("ocpp1.6",), ())
    ]
    knocks += [
        Knock(f"/ocpp/{longest}", BOTH, longest, password),
        Knock("/ocpp/CS001", BOTH, "CS001", "wrong"),
        Knock("/ocpp/CS001", BOTH, "CS002", password),
        Knock("/ocpp/CS001", BOTH),
    ]
    for knock in knocks:
        entrance = enter(rig.backend, knock)
        rig.wire.append(f"{entrance.status} {entrance.edition}")


def _boot(rig: Rig) -> None:
    for identity in ("PENDING", "REJECTED"):
        rig.connect(identity)
        rig.boot_quietly()
        _tell(rig, "Heartbeat", {})
        rig.get_base_report()
        settle(rig, rig.read())
        _tell(rig, "NotifyReport", {"requestId": 1, "generatedAt": rig.at(), "seqNo": 0})
    rig.connect("CS002", Edition.V201)
    rig.boot_quietly()
    _tell(rig, "Authorize", {"idToken": {"idToken": "V2G-TOKEN", "type": "Central"}})
    rig.reset()
    for call in [message for message in rig.read() if isinstance(message, Call)][:1]:
        rig.hear(encode(CallResult(call.id, {"status": "Perhaps"})))
    rig.connect("CS001")
    rig.boot_quietly()
    rig.connect("CS001")
    _tell(rig, "Heartbeat", {})


def _frames(rig: Rig) -> None:
    rig.hear(encode(Send("s", "NotifyPeriodicEventStream", _stream(rig))))
    rig.hear(encode(CallResult("nobody-asked", {})))
    for text in ('[9,"nine",{}]', '{"a":1}', "[2]", '[2,7,"Heartbeat",{}]', f'[2,"{"x" * 37}","Heartbeat",{{}}]'):
        rig.hear(text)
    _tell(rig, "Nonsense", {})
    _tell(rig, "Reset", {"type": "OnIdle"})
    _tell(rig, "Heartbeat", {}, "twice")
    _tell(rig, "StatusNotification", _status(rig), "twice")
    _tell(rig, "DataTransfer", {"vendorId": "v", "data": "x" * 70_000})
    rig.reset()
    rig.reset()
    calls = [message for message in rig.read() if isinstance(message, Call)]
    _tell(rig, "Heartbeat", {})
    for call in calls[:1]:
        rig.hear(encode(CallResult(call.id, {"status": "Perhaps"})))
    rig.wait(31)
    settle(rig, calls)
    rig.reset()
    late = [message for message in rig.read() if isinstance(message, Call)]
    rig.wait(31)
    rig.trigger_message("Heartbeat")
    rig.trigger_message("MeterValues")
    rig.read()
    settle(rig, late)
    _tell(rig, "Heartbeat", {})
    rig.wait(62)
    rig.hear("[2,")
    rig.hear('[2,"short","Heartbeat"]')
    rig.hear('[2,"nul","DataTransfer",{"vendorId":"v","data":"\\u0000"}]')


def _payloads(rig: Rig) -> None:
    good = _status(rig)
    for bad in (
        {"connectorId": 1},
        {**good, "evseId": "1"},
        {**good, "extra": 1},
        {**good, "connectorStatus": "Perhaps"},
        {**good, "timestamp": "yesterday"},
        {**good, "customData": {"vendorId": "v" * 256}},
        {**good, "customData": None},
    ):
        _tell(rig, "StatusNotification", bad)
    _tell(rig, "StatusNotification", {**good, "customData": {"vendorId": "v"}})
    _tell(rig, "MeterValues", {"evseId": 1, "meterValue": []})
    token = {"idToken": "V2G-TOKEN", "type": "ISO14443"}
    _tell(rig, "TransactionEvent", rig.event("Started", 0, tx="refused", idToken=token))
    _tell(rig, "TransactionEvent", {**rig.event("Ended", 1, tx="refused"), "extra": 1})
    _tell(rig, "NotifyEVChargingNeeds", rig.needs())
    _tell(rig, "TransactionEvent", rig.event("Ended", 1, tx="refused"))
    text = json.dumps([2, "dup", "StatusNotification", good])
    rig.hear(text.replace('"evseId": 1', '"evseId": 1, "evseId": 1'))
    rig.hear('[2,"nan","MeterValues",{"evseId":1,"meterValue":[{"timestamp":"","sampledValue":[{"value":NaN}]}]}]')
    rig.hear('[2,"deep","DataTransfer",{"vendorId":"v","data":' + "[" * 100 + "]" * 100 + "}]")
    for limit in (8.1, 8.0):
        _tell(rig, "NotifyEVChargingSchedule", _schedule(rig, limit=limit, dischargeLimit=-1.0))
    _tell(rig, "NotifyEVChargingSchedule", _schedule(rig, dischargeLimit=1.0))
    _tell(rig, "Authorize", {"idToken": {"idToken": "V2G-TOKEN", "type": "Fingerprint"}})
    for name in ("V2G-TOKEN", "UNDECIDED-TOKEN", "BLOCKED-TOKEN"):
        _tell(rig, "Authorize", {"idToken": {"idToken": name, "type": "ISO14443"}})
    _tell(rig, "SecurityEventNotification", {"type": "StartupOfTheDevice", "timestamp": rig.at()})
    _tell(rig, "NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "EMS"}})
    sample = {"value": 1.0, "measurand": "Power.Active.Export"}
    _tell(rig, "MeterValues", {"evseId": 1, "meterValue": [{"timestamp": rig.at(), "sampledValue": [sample]}]})


def _transactions(rig: Rig) -> None:
    token = {"idToken": "V2G-TOKEN", "type": "ISO14443"}
    _tell(rig, "TransactionEvent", rig.event("Started", 0, idToken=token))
    first = rig.event("Updated", 1, meterValue=rig.meter(0.0, 0.0))
    _tell(rig, "TransactionEvent", first)
    more = rig.event("Updated", 2, at=60, meterValue=rig.meter(1000.0, 5000.0, at=60))
    _tell(rig, "TransactionEvent", more)
    _tell(rig, "TransactionEvent", more)
    _tell(rig, "TransactionEvent", rig.event("Ended", 5, at=120, meterValue=rig.meter(3.0, 9.0, at=120, unit="kWh")))
    old = rig.event("Updated", 4, at=-25_200, offline=True, meterValue=rig.meter(0.0, 0.0, at=-25_200, multiplier=3))
    _tell(rig, "TransactionEvent", old)
    rig.request_stop()
    settle(rig, rig.read())
    for seq, at in ((0, -25_200), (1, -25_140)):
        value = rig.meter(1000.0 * seq, at=at)
        _tell(rig, "TransactionEvent", rig.event("Updated", seq, tx="tx-3", at=at, offline=True, meterValue=value))
    _tell(rig, "TransactionEvent", rig.event("Ended", 2, tx="tx-2"))
    _tell(rig, "TransactionEvent", rig.event("Started", 0, tx="tx-2"))


def _charging(rig: Rig) -> None:
    for name, wanted in (("V2G-TOKEN", "DC_BPT"), ("CHARGE-TOKEN", "DC_BPT"), ("CHARGE-TOKEN", "DC")):
        for mode in ("ScheduledControl", "DynamicControl"):
            tx = f"{name}-{wanted}-{mode}"
            id_token = {"idToken": name, "type": "ISO14443"}
            _tell(rig, "TransactionEvent", rig.event("Started", 0, tx=tx, idToken=id_token))
            _tell(rig, "NotifyEVChargingNeeds", rig.needs(wanted, controlMode=mode))
            for profile in list(rig.csms.station.profiles)[-1:]:
                _tell(rig, "PullDynamicScheduleUpdate", {"chargingProfileId": profile})
                rig.update_dynamic_schedule({"setpoint": -8.1, "setpoint_L2": 1.0})
                settle(rig, rig.read())
                _tell(rig, "PullDynamicScheduleUpdate", {"chargingProfileId": profile})
                rig.connect("CS002")
                rig.boot_quietly()
                _tell(rig, "PullDynamicScheduleUpdate", {"chargingProfileId": profile})
                rig.connect("CS001")
            rig.wait(80)
    _tell(rig, "PullDynamicScheduleUpdate", {"chargingProfileId": 4711})
    rig.answer_needs("NoChargingProfile")
    _tell(rig, "NotifyEVChargingNeeds", rig.needs("DC"))
    rig.set_charging_profile(periods=[{"limit": 8.1, "limit_L2": 8.1}], unit="A")
    rig.notify_allowed_energy_transfer()
    rig.send_afrr_signal(1)
    settle(rig, rig.read())
    rig.wait(31)


def _der(rig: Rig) -> None:
    for kind in ("FixedPFAbsorb", "VoltWatt", "Gradients", "FreqDroop"):
        rig.set_der_control(kind)
        settle(rig, rig.read())
    rig.get_der_control()
    settle(rig, rig.read())
    rig.get_der_control()
    rig.clear_der_control()
    settle(rig, rig.read())
    _tell(rig, "ReportDERControl", {"requestId": 1})
    _tell(rig, "NotifyDERStartStop", {"controlId": "1", "started": True, "timestamp": rig.at()})
    for _ in range(25):
        _tell(rig, "NotifyDERAlarm", {"controlType": "HVMustTrip", "timestamp": rig.at()})


def _certificates(rig: Rig, csr: str) -> None:
    for serial in ("1", "2", "0bad", "404", "503"):
        data = {**HASH, "serialNumber": serial, "responderURL": "http://ocsp.invalid/"}
        _tell(rig, "GetCertificateStatus", {"ocspRequestData": data})
    asked = [
        {"certificateHashData": {**HASH, "serialNumber": serial}, "source": "OCSP", "urls": ["http://o.invalid/"]}
        for serial in ("1", "2")
    ]
    _tell(rig, "GetCertificateChainStatus", {"certificateStatusRequests": asked})
    _tell(rig, "SignCertificate", {"csr": csr, "requestId": 3, "certificateType": "V2G20Certificate"})
    _tell(rig, "SignCertificate", {"csr": "nonsense"})
    _tell(rig, "SignCertificate", {"csr": damaged(csr)})
    _tell(rig, "SignCertificate", {"csr": LONG_CSR})
    who = {"idToken": {"idToken": "V2G-TOKEN", "type": "eMAID"}}
    _tell(rig, "Authorize", {**who, "certificate": "x" * 10_000})
    for _ in range(2):
        exi = {"iso15118SchemaVersion": "-20", "action": "Install", "exiRequest": "AAAA"}
        _tell(rig, "Get15118EVCertificate", {**exi, "maximumContractCertificateChains": 3})


def _two_evses(rig: Rig) -> None:
    """Two cars, the older of which has needs, and a decision that comes late."""
    rig.answer_needs("Accepted")
    token = {"idToken": "UNDECIDED-TOKEN", "type": "ISO14443"}
    for evse in (1, 2):
        started = rig.event("Started", 0, tx=f"evse-{evse}", idToken=token)
        _tell(rig, "TransactionEvent", {**started, "evse": {"id": evse}})
    _tell(rig, "NotifyEVChargingNeeds", rig.needs("DC"))
    rig.notify_allowed_energy_transfer(["DC_BPT"], "evse-1")
    settle(rig, rig.read())
    _tell(rig, "NotifyEVChargingNeeds", rig.needs("DC_BPT"))
    rig.send_afrr_signal(1)
    settle(rig, rig.read())
    rig.send_afrr_signal(2, delay=60.0)
    settle(rig, rig.read())


def _signed(rig: Rig) -> None:
    """Signed readings, an operation mode, a stream, and DER controls with times and filters."""
    value = rig.meter(0.0)
    value[0]["sampledValue"][0]["signedMeterValue"] = {
        "signedMeterData": "x",
        "encodingMethod": "OCMF",
        "publicKey": "x",
    }
    _tell(rig, "TransactionEvent", rig.event("Updated", 1, tx="signed", meterValue=value))
    mode = rig.event("Updated", 2, tx="signed")
    mode["transactionInfo"] |= {"operationMode": "CentralSetpoint"}
    _tell(rig, "TransactionEvent", mode)
    stream = {"id": 7, "params": {"interval": 1}, "variableMonitoringId": 7}
    _tell(rig, "OpenPeriodicEventStream", {"constantStreamData": stream})
    times = {"startTime": rig.at(3600), "duration": 60.0}
    rig.set_der_control("FreqDroop", is_default=False, value=times)
    settle(rig, rig.read())
    rig.get_der_control(is_default=True, control_type="VoltVar")
    settle(rig, rig.read())


def _quiet(rig: Rig) -> None:
    rig.get_transaction_status()
    settle(rig, rig.read())
    rig.wait(100)


def _status(rig: Rig) -> dict[str, Any]:
    return {"timestamp": rig.at(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}


def _stream(rig: Rig) -> dict[str, Any]:
    return {"id": 1, "pending": 0, "basetime": rig.at(), "data": [{"t": 0.0, "v": "1"}]}


def _schedule(rig: Rig, **period: float) -> dict[str, Any]:
    periods = [{"startPeriod": 0, "limit_L2": 8.0, "limit": 8.0, **period}]
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    return {"timeBase": rig.at(), "evseId": 1, "chargingSchedule": schedule}
