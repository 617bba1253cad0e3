"""The faultless station: boot, variables, transactions, queue, remote control."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.references.station.desk import EPOCH, TOKEN, Desk, setting, variables
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, CallResultError, ErrorCode
from v2gready.protocols.ocpp.schema import check
from v2gready.references.station.station import DemandKind

REFUSED = CallError("", "InternalError")


def valid(desk: Desk) -> None:
    """Everything that the station sent fits the schema, and no fault was at work."""
    for _, frame in desk.frames:
        if isinstance(frame, Call):
            assert check(desk.edition, frame.action, frame.payload) == ()
    assert not desk.effects


class TestBoot:
    def test_tells_all_after_accepted(self) -> None:
        desk = Desk().start()
        assert desk.actions() == ["BootNotification", "SecurityEventNotification", "NotifyEvent", "NotifyEvent"]
        assert desk.calls("BootNotification")[0]["reason"] == "PowerUp"
        valid(desk)

    def test_status_notification_in_2_0_1(self) -> None:
        desk = Desk(edition=Edition.V201).start()
        assert desk.actions().count("StatusNotification") == 2
        valid(desk)

    @pytest.mark.parametrize("status", ["Pending", "Rejected"])
    def test_nothing_but_boot_before_accepted(self, status: str) -> None:
        desk = Desk()
        desk.answers["BootNotification"] = {"currentTime": "2026-01-01T00:00:00Z", "interval": 20, "status": status}
        desk.start().advance(65.0)
        assert set(desk.actions()) == {"BootNotification"}
        assert desk.times("BootNotification") == [0.0, 20.0, 40.0, 60.0]

    def test_pending_serves_configuration_alone(self) -> None:
        desk = Desk()
        desk.answers["BootNotification"] = {"currentTime": "2026-01-01T00:00:00Z", "interval": 20, "status": "Pending"}
        desk.start()
        assert desk.result("GetVariables", variables(("OCPPCommCtrlr", "HeartbeatInterval")))
        start = {"idToken": TOKEN, "remoteStartId": 1}
        assert desk.result("RequestStartTransaction", start) == {"status": "Rejected"}
        assert desk.error("GetTransactionStatus") == "SecurityError"
        assert desk.result("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})["status"] == "Accepted"
        assert desk.calls("NotifyReport")
        assert desk.result("TriggerMessage", {"requestedMessage": "BootNotification"})["status"] == "Accepted"
        assert desk.calls("BootNotification")[-1]["reason"] == "Triggered"

    def test_unanswered_boot_is_repeated(self) -> None:
        desk = Desk(message_timeout=5, boot_retry=10)
        desk.answers["BootNotification"] = None
        desk.start().advance(31.0)
        assert desk.times("BootNotification") == [0.0, 15.0, 30.0]

    def test_no_boot_after_a_reconnect(self) -> None:
        desk = Desk().start()
        desk.lose().advance(5.0).connect()
        assert desk.actions().count("BootNotification") == 1
        assert desk.station.online

    def test_clock_follows(self) -> None:
        desk = Desk(clock_error=-3600.0, heartbeat_interval=60)
        desk.skew = 1800.0
        desk.start()
        assert (desk.station.utc(desk.now) - EPOCH).total_seconds() == pytest.approx(1800.0)
        desk.skew = -7200.0
        desk.advance(301.0)
        assert (desk.station.utc(desk.now) - EPOCH).total_seconds() == pytest.approx(desk.now - 7200.0)
        assert [one["type"] for one in desk.calls("SecurityEventNotification")].count("SettingSystemTime") == 2

    def test_heartbeat_interval_of_the_csms(self) -> None:
        desk = Desk().start()
        desk.result("SetVariables", setting("OCPPCommCtrlr", "HeartbeatInterval", "10"))
        desk.advance(35.0)
        assert len(desk.calls("Heartbeat")) == 3

    def test_token_waits_for_boot(self) -> None:
        desk = Desk()
        desk.answers["BootNotification"] = None
        desk.start().plug_in().present()
        assert not desk.calls("Authorize")
        desk.answers["BootNotification"] = {"currentTime": "2026-01-01T00:00:00Z", "interval": 20, "status": "Accepted"}
        desk.advance(60.0)
        assert desk.calls("Authorize")
        assert desk.events()[0] == ("Started", "Authorized", 0)


class TestRpc:
    def test_errors(self) -> None:
        desk = Desk().start()
        assert desk.error("Nonsense") == "NotImplemented"
        assert desk.error("getVariables") == "NotImplemented"
        assert desk.error("SendLocalList", {"versionNumber": 1, "updateType": "Full"}) == "NotSupported"
        assert desk.error("GetVariables") in {"OccurrenceConstraintViolation", "ProtocolError"}
        assert desk.error("Reset", {"type": "Later"}) == "PropertyConstraintViolation"
        assert desk.error("Reset", {"type": 1}) == "TypeConstraintViolation"

    @pytest.mark.parametrize(
        "data", ["{", "[]", "{}", '[2,"a"]', '[2,"","Reset",{}]', '["2","a","Reset",{}]', "[9]", b"\xff", "[" * 100]
    )
    def test_survives_anything(self, data: str | bytes) -> None:
        desk = Desk().start()
        answers = desk.send(data)
        assert all(isinstance(one, CallError) for one in answers)
        assert desk.result("GetTransactionStatus") == {"messagesInQueue": False}
        assert not desk.demands

    def test_unknown_result_is_dropped(self) -> None:
        desk = Desk().start()
        assert desk.send('[3,"nobody",{}]') == []
        assert desk.send('[4,"nobody","GenericError","",{}]') == []

    @pytest.mark.parametrize("edition", list(Edition))
    def test_bad_result(self, edition: Edition) -> None:
        desk = Desk(edition=edition).start()
        desk.answers["Heartbeat"] = {"currentTime": 5}
        desk.result("TriggerMessage", {"requestedMessage": "Heartbeat"})
        refused = [one for _, one in desk.frames if isinstance(one, CallResultError)]
        assert bool(refused) is (edition is Edition.V21)

    def test_one_call_at_a_time_and_late_answers(self) -> None:
        desk = Desk(message_timeout=10).start()
        desk.answers["Heartbeat"] = None
        for _ in range(2):
            desk.result("TriggerMessage", {"requestedMessage": "Heartbeat"})
        beats = [one for _, one in desk.frames if isinstance(one, Call) and one.action == "Heartbeat"]
        assert len(beats) == 1
        assert desk.result("GetTransactionStatus")  # calls cross
        desk.advance(10.5)
        beats = [one for _, one in desk.frames if isinstance(one, Call) and one.action == "Heartbeat"]
        assert len(beats) == 2
        late = CallResult(beats[0].id, {"currentTime": "2030-01-01T00:00:00Z"})
        from v2gready.protocols.ocpp.frames import encode  # noqa: PLC0415 - one use

        assert desk.send(encode(late)) == []
        assert desk.station.utc(desk.now).year == 2026

    def test_custom_data(self) -> None:
        desk = Desk().start()
        answer = desk.result("GetTransactionStatus", {"customData": {"vendorId": "x", "more": 1}})
        assert answer == {"messagesInQueue": False}


class TestVariables:
    def test_get(self) -> None:
        desk = Desk().start()
        names = variables(
            ("OCPPCommCtrlr", "HeartbeatInterval"),
            ("ocppcommctrlr", "heartbeatINTERVAL"),
            ("Nothing", "X"),
            ("OCPPCommCtrlr", "X"),
            ("SecurityCtrlr", "BasicAuthPassword"),
        )
        results = desk.result("GetVariables", names)["getVariableResult"]
        assert [one["attributeStatus"] for one in results] == [
            "Accepted", "Accepted", "UnknownComponent", "UnknownVariable", "Rejected",
        ]  # fmt: skip
        assert results[0]["attributeValue"] == "300"
        target = {"getVariableData": [names["getVariableData"][0] | {"attributeType": "Target"}]}
        assert (
            desk.result("GetVariables", target)["getVariableResult"][0]["attributeStatus"]
            == "NotSupportedAttributeType"
        )

    @pytest.mark.parametrize(
        ("component", "name", "value", "status"),
        [
            ("OCPPCommCtrlr", "WebSocketPingInterval", "60", "Accepted"),
            ("OCPPCommCtrlr", "WebSocketPingInterval", "-1", "Rejected"),
            ("OCPPCommCtrlr", "WebSocketPingInterval", "soon", "Rejected"),
            ("OCPPCommCtrlr", "ActiveNetworkProfile", "1", "Rejected"),
            ("OCPPCommCtrlr", "QueueAllMessages", "perhaps", "Rejected"),
            ("SampledDataCtrlr", "TxUpdatedMeasurands", "SoC,Voltage", "Accepted"),
            ("SampledDataCtrlr", "TxUpdatedMeasurands", "SoC,Mood", "Rejected"),
            ("SecurityCtrlr", "BasicAuthPassword", "too short", "Rejected"),
            ("SecurityCtrlr", "Identity", "another", "RebootRequired"),
            ("SecurityCtrlr", "Identity", "a:b", "Rejected"),
            ("OCPPCommCtrlr", "NetworkConfigurationPriority", "1", "Rejected"),
            ("Nothing", "X", "1", "UnknownComponent"),
        ],
    )
    def test_set(self, component: str, name: str, value: str, status: str) -> None:
        desk = Desk().start()
        results = desk.result("SetVariables", setting(component, name, value))["setVariableResult"]
        assert results[0]["attributeStatus"] == status

    def test_too_many_items(self) -> None:
        desk = Desk().start()
        many = variables(*[("OCPPCommCtrlr", "HeartbeatInterval")] * 51)
        assert desk.error("GetVariables", many) == "OccurrenceConstraintViolation"

    def test_base_report_comes_in_parts(self) -> None:
        desk = Desk(report_items=10).start()
        desk.result("GetBaseReport", {"requestId": 7, "reportBase": "FullInventory"})
        parts = desk.calls("NotifyReport")
        assert len(parts) > 3
        assert [one["seqNo"] for one in parts] == list(range(len(parts)))
        assert [one["tbc"] for one in parts] == [True] * (len(parts) - 1) + [False]
        assert {one["requestId"] for one in parts} == {7}
        assert "a-password" not in str(parts)
        valid(desk)

    def test_custom_report(self) -> None:
        desk = Desk().start()
        wanted = {"requestId": 8, "componentVariable": [{"component": {"name": "EVSE", "evse": {"id": 2}}}]}
        assert desk.result("GetReport", wanted)["status"] == "Accepted"
        data = [entry for part in desk.calls("NotifyReport") for entry in part["reportData"]]
        assert data
        assert all(one["component"]["evse"]["id"] == 2 for one in data)
        nothing = {"requestId": 9, "componentVariable": [{"component": {"name": "Nothing"}}]}
        assert desk.result("GetReport", nothing)["status"] == "EmptyResultSet"

    def test_settings_survive_a_power_cycle(self) -> None:
        desk = Desk().start()
        desk.result("SetVariables", setting("SampledDataCtrlr", "TxUpdatedInterval", "7"))
        desk.reboot().connect()
        found = desk.result("GetVariables", variables(("SampledDataCtrlr", "TxUpdatedInterval")))
        assert found["getVariableResult"][0]["attributeValue"] == "7"


class TestTransactions:
    def test_from_plug_to_unplug(self) -> None:
        desk = Desk().start().charge().advance(65.0)
        authorize = desk.calls("Authorize")[0]
        assert authorize["idToken"]["additionalInfo"] == [{"additionalIdToken": "EVCC1", "type": "EVCCID"}]
        assert desk.station.evses[1].power == 22_000.0
        desk.unplug()
        events = desk.events()
        assert events[0] == ("Started", "Authorized", 0)
        assert ("Updated", "ChargingStateChanged", 1) in events
        assert events[-1][:2] == ("Ended", "EVCommunicationLost")
        assert [one[2] for one in events] == list(range(len(events)))
        last = desk.calls("TransactionEvent")[-1]
        energy = last["meterValue"][0]["sampledValue"][0]
        assert energy["value"] == pytest.approx(22_000 * 66 / 3600, rel=1e-3)
        assert last["transactionInfo"]["stoppedReason"] == "EVDisconnected"
        assert desk.samples[-1][2] == 0.0
        valid(desk)

    def test_card_before_cable(self) -> None:
        desk = Desk().start().present().advance(2.0)
        assert not desk.events()
        desk.plug_in().advance(1.0)
        assert desk.events()[0] == ("Started", "CablePluggedIn", 0)

    def test_no_cable_in_time(self) -> None:
        desk = Desk().start().present().advance(61.0).plug_in().advance(1.0)
        assert not desk.events()

    def test_same_card_stops_another_does_not(self) -> None:
        desk = Desk().start().charge()
        desk.present(token={"idToken": "OTHER", "type": "ISO14443"})
        assert desk.events()[-1][0] == "Updated"
        desk.present()
        assert desk.events()[-1][:2] == ("Ended", "StopAuthorized")

    def test_refused_card(self) -> None:
        desk = Desk().start()
        desk.answers["Authorize"] = {"idTokenInfo": {"status": "Blocked"}}
        desk.charge()
        assert not desk.events()

    def test_deauthorized(self) -> None:
        desk = Desk().start()
        desk.answers["TransactionEvent"] = lambda event: (
            {"idTokenInfo": {"status": "Blocked"}} if event["eventType"] == "Started" else {}
        )
        desk.charge()
        assert desk.events()[-1][:2] == ("Ended", "Deauthorized")

    def test_remote_start_and_stop(self) -> None:
        desk = Desk().start().plug_in()
        started = {"idToken": TOKEN, "remoteStartId": 5, "evseId": 1}
        assert desk.result("RequestStartTransaction", started)["status"] == "Accepted"
        event = desk.calls("TransactionEvent")[0]
        assert event["triggerReason"] == "RemoteStart"
        assert event["transactionInfo"]["remoteStartId"] == 5
        assert desk.result("RequestStartTransaction", started)["status"] == "Rejected"
        identifier = event["transactionInfo"]["transactionId"]
        status = desk.result("GetTransactionStatus", {"transactionId": identifier})
        assert status == {"messagesInQueue": False, "ongoingIndicator": True}
        assert desk.result("RequestStopTransaction", {"transactionId": "nobody"})["status"] == "Rejected"
        assert desk.result("RequestStopTransaction", {"transactionId": identifier})["status"] == "Accepted"
        last = desk.calls("TransactionEvent")[-1]
        assert (last["triggerReason"], last["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")
        valid(desk)

    def test_offline_over_a_power_cycle(self) -> None:
        desk = Desk().start()
        desk.lose().advance(5.0)
        desk.charge().advance(40.0)
        desk.reboot().advance(3.0)
        desk.connect()
        events = desk.calls("TransactionEvent")
        assert events[0]["eventType"] == "Started"
        assert [one["seqNo"] for one in events] == list(range(len(events)))
        assert all(one["offline"] for one in events)
        assert events[-1]["transactionInfo"]["stoppedReason"] == "PowerLoss"
        assert len({one["transactionInfo"]["transactionId"] for one in events}) == 1
        valid(desk)

    def test_resumes(self) -> None:
        desk = Desk(resumes=True).start().charge()
        desk.reboot().connect().advance(1.0)
        assert any(event[1] == "TxResumed" for event in desk.events())
        assert desk.station.evses[1].transaction is not None

    def test_retries(self) -> None:
        desk = Desk().start()
        desk.answers["TransactionEvent"] = REFUSED
        desk.charge().advance(60.0)
        times = [when for when, one in zip(desk.times("TransactionEvent"), desk.events(), strict=True) if one[2] == 0]
        assert [when - times[0] for when in times] == [0.0, 5.0, 15.0]

    def test_lost_event_is_sent_again(self) -> None:
        desk = Desk().start()
        desk.answers["TransactionEvent"] = None
        desk.charge()
        desk.lose().advance(2.0)
        desk.answers["TransactionEvent"] = {}
        desk.connect()
        events = desk.calls("TransactionEvent")
        assert [one["seqNo"] for one in events[:2]] == [0, 0]
        assert events[0] == events[1]
        assert "offline" not in events[1]

    def test_low_memory(self) -> None:
        desk = Desk(queue_limit=10, sampling_interval=1).start()
        desk.lose()
        desk.charge().advance(60.0).unplug()
        desk.connect()
        kinds = [one[0] for one in desk.events()]
        assert len(kinds) <= 11
        assert (kinds[0], kinds[-1]) == ("Started", "Ended")

    def test_2_0_1_gets_nothing_new(self) -> None:
        desk = Desk(edition=Edition.V201).start().charge().advance(40.0).unplug()
        assert all("operationMode" not in one["transactionInfo"] for one in desk.calls("TransactionEvent"))
        valid(desk)


class TestDevice:
    @pytest.mark.parametrize(
        ("message", "action"),
        [
            ("Heartbeat", "Heartbeat"),
            ("StatusNotification", "NotifyEvent"),
            ("MeterValues", "MeterValues"),
            ("TransactionEvent", "TransactionEvent"),
            ("LogStatusNotification", "LogStatusNotification"),
            ("SignChargingStationCertificate", "SignCertificate"),
        ],
    )
    def test_trigger(self, message: str, action: str) -> None:
        desk = Desk().start().charge()
        before = len(desk.frames)
        assert desk.result("TriggerMessage", {"requestedMessage": message})["status"] == "Accepted"
        kinds = [one.action if isinstance(one, Call) else "answer" for _, one in desk.frames[before:]]
        assert kinds[:2] == ["answer", action]
        valid(desk)

    def test_trigger_refused(self) -> None:
        desk = Desk().start()
        assert desk.result("TriggerMessage", {"requestedMessage": "BootNotification"})["status"] == "Rejected"
        assert desk.result("TriggerMessage", {"requestedMessage": "TransactionEvent"})["status"] == "Rejected"
        answer = desk.result("TriggerMessage", {"requestedMessage": "PublishFirmwareStatusNotification"})
        assert answer["status"] == "NotImplemented"

    def test_reset(self) -> None:
        desk = Desk().start().charge()
        assert desk.result("Reset", {"type": "Immediate"}) == {"status": "Accepted"}
        desk.advance(10.0)
        assert [one.kind for one in desk.demands] == [DemandKind.REBOOT]
        assert ("Ended", "ResetCommand") in {one[:2] for one in desk.events()}
        assert [one["reason"] for one in desk.calls("BootNotification")] == ["PowerUp", "RemoteReset"]
        assert desk.calls("SecurityEventNotification")[-1]["type"] == "ResetOrReboot"

    def test_reset_on_idle(self) -> None:
        desk = Desk().start().charge()
        assert desk.result("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        desk.advance(30.0)
        assert not desk.demands
        desk.unplug().advance(10.0)
        assert desk.calls("BootNotification")[-1]["reason"] == "ScheduledReset"

    def test_availability(self) -> None:
        desk = Desk().start().charge()
        assert desk.result("ChangeAvailability", {"operationalStatus": "Inoperative"})["status"] == "Scheduled"
        states = [one["eventData"][0]["actualValue"] for one in desk.calls("NotifyEvent")]
        assert states[-1] == "Unavailable"  # EVSE 2 at once
        desk.unplug()
        assert desk.calls("NotifyEvent")[-1]["eventData"][0]["component"]["evse"]["id"] == 1
        assert desk.result("ChangeAvailability", {"operationalStatus": "Operative"})["status"] == "Accepted"

    def test_unlock(self) -> None:
        desk = Desk().start()
        assert desk.result("UnlockConnector", {"evseId": 1, "connectorId": 1})["status"] == "Unlocked"
        assert desk.result("UnlockConnector", {"evseId": 1, "connectorId": 2})["status"] == "UnknownConnector"
        desk.charge()
        busy = desk.result("UnlockConnector", {"evseId": 1, "connectorId": 1})["status"]
        assert busy == "OngoingAuthorizedTransaction"

    def test_log(self) -> None:
        desk = Desk().start()
        log: dict[str, Any] = {"requestId": 3, "logType": "SecurityLog", "log": {"remoteLocation": "https://x/"}}
        assert desk.result("GetLog", log)["status"] == "Accepted"
        assert [one["status"] for one in desk.calls("LogStatusNotification")] == ["Uploading", "Uploaded"]

    def test_error_codes_are_known(self) -> None:
        assert {"NotImplemented", "NotSupported", "SecurityError"} <= set(ErrorCode)
