"""Faults of the device model and its reports (B05 to B08)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from typing import Any

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.references.station.faults.kinds import Answers, Ignores, Sends, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.reports import ReportCheck
from v2gready.references.station.station import PowerKnob


class _Results(Answers):
    """Answers SetVariables wrongly."""

    actions = frozenset({"SetVariables"})
    status = ""
    """The status that is not told."""

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Accepted instead."""
        results = [
            without(one, "attributeStatusInfo") | {"attributeStatus": "Accepted"}
            if one["attributeStatus"] == self.status
            else one
            for one in payload["setVariableResult"]
        ]
        return payload | {"setVariableResult": results}


@fault("bad-value-accepted", "Says that it accepts a value that the variable cannot have, or must not get.")
class BadValueAccepted(_Results):
    """B05."""

    status = "Rejected"


@fault("unknown-variable-set", "Says that it accepts a variable that it does not have.")
class UnknownVariableSet(_Results):
    """B05."""

    status = "UnknownVariable"


@fault("unknown-component-read", "Says UnknownVariable for a component that it does not have.")
class UnknownComponentRead(Answers):
    """B06."""

    actions = frozenset({"GetVariables"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """The wrong status."""
        results = [
            one | {"attributeStatus": "UnknownVariable"} if one["attributeStatus"] == "UnknownComponent" else one
            for one in payload["getVariableResult"]
        ]
        return payload | {"getVariableResult": results}


@fault("only-first-variable", "Answers the first variable of a list alone.")
class OnlyFirstVariable(Answers):
    """B06: one result for each."""

    actions = frozenset({"GetVariables", "SetVariables"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """One."""
        return {key: value[:1] if isinstance(value, list) else value for key, value in payload.items()}


@fault("items-limit-ignored", "Takes more items in one message than ItemsPerMessage.")
class ItemsLimitIgnored(Ignores):
    """B06.FR.16: a limit that is announced and not kept."""

    ignored = frozenset({ReportCheck.ITEMS})


@fault("settings-lost-at-reboot", "Loses what was set when it reboots.")
class SettingsLost(Turns):
    """B05: persistent."""

    knob = PowerKnob.STORED

    def bend(self, value: Any) -> Any:
        """Factory settings, as far as the CSMS can tell."""
        return {key: "300" if key[4] == "heartbeatinterval" else text for key, text in value.items()} | {
            key: "30" for key in value if key[4] in {"txupdatedinterval", "websocketpinginterval"}
        }


class _Reports(Sends):
    """Sends wrong reports."""

    action = "NotifyReport"


@fault("report-request-id-lost", "Sends reports with requestId 0.")
class ReportRequestIdLost(_Reports):
    """B07."""

    def bend(self, payload: Payload) -> Payload:
        """Forgotten."""
        return payload | {"requestId": 0}


@fault("report-never-ends", "Says tbc in the last part of a report as well.")
class ReportNeverEnds(_Reports):
    """B07."""

    def bend(self, payload: Payload) -> Payload:
        """Always more."""
        return payload | {"tbc": True}


@fault("report-seqno-wrong", "Counts the parts of a report from 1.")
class ReportSeqNo(_Reports):
    """B07."""

    def bend(self, payload: Payload) -> Payload:
        """One too many."""
        return payload | {"seqNo": payload["seqNo"] + 1}


@fault("report-part-lost", "Loses the last part of a report.")
class ReportPartLost(_Reports):
    """B07."""

    def bend(self, payload: Payload) -> Payload | None:
        """The last of several."""
        return None if payload["seqNo"] and not payload["tbc"] else payload


@fault("report-without-characteristics", "Reports variables without their characteristics.")
class ReportWithoutCharacteristics(_Reports):
    """B07."""

    def bend(self, payload: Payload) -> Payload:
        """Left out."""
        return payload | {"reportData": [without(one, "variableCharacteristics") for one in payload["reportData"]]}


@fault("long-lists-cut", "Answers the first ten variables of a list alone, whatever ItemsPerMessage says.")
class LongListsCut(Answers):
    """B06.FR.16: what is announced can be asked for."""

    actions = frozenset({"GetVariables"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """The buffer is full."""
        return {**payload, "getVariableResult": payload["getVariableResult"][:10]}
