"""Faults of DER control (reference D01 to D12)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.protocols.ocpp.schema import SchemaProblem
from v2gready.references.station.energy_rules import DerCheck, DerKnob
from v2gready.references.station.faults.charging import ignoring, mute, turning
from v2gready.references.station.faults.kinds import Answers, Ignores, Sends, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.seams import Fault

_ENDLESS = 1e9


# D01 to D03 nameplate and checks


@fault("nameplate-incomplete", "Leaves MaxVA and the inverter's software version out of its nameplate.")
class NameplateIncomplete(Sends):
    """R01.FR.02."""

    action = "NotifyReport"

    def bend(self, payload: Payload) -> Payload:
        """Two are missing."""
        kept = [one for one in payload.get("reportData", []) if not _is_left_out(one)]
        return {**payload, "reportData": kept} if kept else without(payload, "reportData")


def _is_left_out(entry: Payload) -> bool:
    names = {"MaxVA", "InverterSwVersion"}
    return entry["component"]["name"] == "DCDERCtrlr" and entry["variable"]["name"] in names


@fault("supported-control-refused", "Refuses FreqDroop, which it announces.")
class SupportedControlRefused(Answers):
    """D02."""

    actions = frozenset({"SetDERControl"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Not built yet."""
        return {"status": "NotSupported"} if call.payload["controlType"] == "FreqDroop" else payload


ignoring("unsupported-control-accepted", "Accepts every type of DER control.", DerCheck.SUPPORTED)
ignoring("der-field-mismatch-accepted", "Accepts a DER control with fields of other types.", DerCheck.MATCH)
ignoring("der-default-timed-accepted", "Accepts a default DER control with a start time.", DerCheck.DEFAULT_TIMED)
ignoring("der-gradients-scheduled", "Accepts scheduled Gradients and EnterService.", DerCheck.DEFAULT_ONLY)
ignoring("der-unit-unchecked", "Accepts any yUnit of a curve.", DerCheck.Y_UNIT)
ignoring("der-start-any-year", "Accepts a DER control that starts in a thousand years.", DerCheck.HORIZON)
ignoring("der-entries-unlimited", "Accepts DER controls without end.", DerCheck.ENTRIES)
ignoring("der-get-unsupported-accepted", "Accepts GetDERControl of an unsupported type.", DerCheck.GET_SUPPORTED)
ignoring("der-get-nothing-accepted", "Accepts GetDERControl where there is none.", DerCheck.GET_FOUND)


@fault("der-points-unlimited", "Accepts curves of more than ten points.")
class DerPointsUnlimited(Ignores):
    """D10."""

    ignored = frozenset({DerCheck.POINTS})

    def problems(self, call: Call, problems: tuple[SchemaProblem, ...]) -> tuple[SchemaProblem, ...]:
        """The schema does not count either."""
        if call.action != "SetDERControl":
            return problems
        return tuple(one for one in problems if one.rule != "maxItems")


# D04 priority


@fault("der-priority-inverted", "Lets the DER control of the higher priority number win.")
class DerPriorityInverted(Turns):
    """R04.FR.03, R04.FR.06, R04.FR.08."""

    knob = DerKnob.BETTER

    def bend(self, value: Any) -> Any:
        """More is more."""
        return not value


turning("der-newest-wins", "Lets the newest DER control win, whatever its priority.", DerKnob.BETTER, wrong=True)


@fault("der-superseded-ids-missing", "Does not tell which DER controls are superseded.")
class DerSupersededIdsMissing(Turns):
    """R04.FR.03, R04.FR.08."""

    knob = DerKnob.SUPERSEDED

    def bend(self, value: list[str]) -> list[str]:
        """None."""
        return []


@fault("der-superseded-not-marked", "Reports superseded DER controls as in force.")
class DerSupersededNotMarked(Turns):
    """R04.FR.03."""

    knob = DerKnob.REPORTED

    def bend(self, value: list[Payload]) -> list[Payload]:
        """All of them are."""
        return [
            {
                name: [_not_superseded(one) for one in entries] if isinstance(entries, list) else entries
                for name, entries in page.items()
            }
            for page in value
        ]


def _not_superseded(entry: Payload) -> Payload:
    return {**entry, "isSuperseded": False} if "isSuperseded" in entry else entry


# D05, D06 events and power cycle

mute("der-events-not-told", "Does not tell when DER controls start and end.", "NotifyDERStartStop")


class _Events(Sends):
    """Wrong NotifyDERStartStop."""

    action = "NotifyDERStartStop"


@fault("der-end-not-told", "Does not tell when a DER control ends.")
class DerEndNotTold(_Events):
    """R04.FR.22."""

    def bend(self, payload: Payload) -> Payload | None:
        """Only starts."""
        return payload if payload["started"] else None


@fault(
    "der-event-in-local-time", "Stamps start and end of DER controls with the time of its own zone, and calls it UTC."
)
class DerEventInLocalTime(_Events):
    """R04.FR.20: an hour ahead in Central Europe."""

    def bend(self, payload: Payload) -> Payload:
        """A clock on the wall."""
        local = datetime.fromisoformat(payload["timestamp"]) + timedelta(hours=1)
        return {**payload, "timestamp": local.isoformat().replace("+00:00", "Z")}


@fault("der-takeover-not-told", "Does not tell which control a starting one supersedes.")
class DerTakeoverNotTold(_Events):
    """R04.FR.21."""

    def bend(self, payload: Payload) -> Payload:
        """It starts."""
        return without(payload, "supersededIds")


@fault("der-expired-kept", "Keeps DER controls whose time is over.")
class DerExpiredKept(Turns):
    """R04.FR.10."""

    knob = DerKnob.EXPIRED

    def bend(self, value: list[str]) -> list[str]:
        """Nothing is deleted."""
        return []


@fault("der-lost-on-reboot", "Forgets its DER controls at a power cycle.")
class DerLostOnReboot(Turns):
    """R01.FR.03."""

    knob = DerKnob.PERSISTENT

    def bend(self, value: Any) -> Any:
        """Nothing is written down."""
        return []


@fault("der-start-told-again", "Tells the start of a DER control again after a power cycle.")
class DerStartToldAgain(Turns):
    """D05: once."""

    knob = DerKnob.PERSISTENT

    def bend(self, value: list[Payload]) -> list[Payload]:
        """It has forgotten that it told."""
        return [{**kept, "reported": False} for kept in value]


# D07, D08 get and clear


class _Reports(Turns):
    """Wrong reports."""

    knob = DerKnob.REPORTED


@fault("der-report-other-request", "Reports DER controls with another requestId.")
class DerReportOtherRequest(_Reports):
    """R04.FR.31."""

    def bend(self, value: list[Payload]) -> list[Payload]:
        """The next one."""
        return [{**page, "requestId": page["requestId"] + 1} for page in value]


@fault("der-report-without-tbc", "Does not say that more reports of DER controls will come.")
class DerReportWithoutTbc(_Reports):
    """R04.FR.32."""

    def bend(self, value: list[Payload]) -> list[Payload]:
        """Each is the last."""
        return [without(page, "tbc") for page in value]


@fault("der-report-missing", "Accepts GetDERControl and reports nothing.")
class DerReportMissing(_Reports):
    """R04.FR.33."""

    def bend(self, value: list[Payload]) -> list[Payload]:
        """Later, perhaps."""
        return []


@fault("der-report-ignores-filter", "Reports a control of the other kind beside those that were asked for.")
class DerReportIgnoresFilter(_Reports):
    """D07."""

    def bend(self, value: list[Payload]) -> list[Payload]:
        """One more in each list that has isDefault."""
        return [
            {
                name: [*entries, _foreign(entries[0])] if _is_filterable(entries) else entries
                for name, entries in page.items()
            }
            for page in value
        ]


def _is_filterable(entries: Any) -> bool:
    return isinstance(entries, list) and bool(entries) and "isDefault" in entries[0]


def _foreign(entry: Payload) -> Payload:
    return {**entry, "id": f"{entry['id'][:30]}-other", "isDefault": not entry["isDefault"]}


@fault("der-clear-has-no-effect", "Accepts ClearDERControl and clears nothing.")
class DerClearHasNoEffect(Turns):
    """R04.FR.44 to R04.FR.46."""

    knob = DerKnob.CLEARED

    def bend(self, value: list[str]) -> list[str]:
        """None."""
        return []


ignoring("der-clear-nothing-accepted", "Accepts to clear a DER control that is not there.", DerCheck.CLEAR_FOUND)
ignoring("der-clear-unsupported-accepted", "Accepts to clear an unsupported type.", DerCheck.CLEAR_SUPPORTED)


# D09 power and alarms

mute("der-alarm-not-sent", "Raises no alarm when a DER control takes over.", "NotifyDERAlarm")


@fault("der-alarm-never-ends", "Does not tell the end of an alarm.")
class DerAlarmNeverEnds(Sends):
    """R05.FR.02."""

    action = "NotifyDERAlarm"

    def bend(self, payload: Payload) -> Payload | None:
        """Only beginnings."""
        return None if payload.get("alarmEnded") else payload


@fault("der-alarm-wrong-fault", "Calls every fault of the grid an over-current.")
class DerAlarmWrongFault(Turns):
    """R05.FR.01."""

    knob = DerKnob.FAULT
    wrong = "OverCurrent"

    def bend(self, value: str | None) -> str | None:
        """There is one word for all."""
        return None if value is None else self.wrong


@fault("der-not-actuated", "Stores DER controls and does not follow them.")
class DerNotActuated(Fault):
    """R01, R04.FR.11."""

    def value(self, knob: Enum, value: Any) -> Any:
        """No cap, no droop."""
        if knob is DerKnob.CAP:
            return _ENDLESS
        return 0.0 if knob is DerKnob.DROOP else value


@fault("der-droop-wrong-way", "Discharges more at over-frequency.")
class DerDroopWrongWay(Turns):
    """FreqDroop."""

    knob = DerKnob.DROOP

    def bend(self, value: float) -> float:
        """The other sign."""
        return -value


turning("der-default-never-used", "Follows no DER control that is in force.", DerKnob.ACTIVE, None)
