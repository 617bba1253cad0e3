"""Faults of DER control (reference D03, D11)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from v2gready.protocols.ocpp.frames import ErrorCode, Payload
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import Refuses, Requests
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Fault, swapped
from v2gready.references.csms.turn import Reply, Turn, stamp

_STORM = 20


class _Control(Requests):
    action = "SetDERControl"


@fault("alarm-storm-kills", "Ends the connection after twenty DER alarms.")
class AlarmStormKills(Fault):
    """D11."""

    def __init__(self) -> None:
        super().__init__()
        self._alarms: dict[str, int] = {}

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Counts them."""
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        if '"NotifyDERAlarm"' in text:
            name = csms.station.identity
            self._alarms[name] = self._alarms.get(name, 0) + 1
            if self._alarms[name] > _STORM:
                csms.closing = True
                self.took_effect("the connection is ended by a storm of alarms")
        return data


@fault("alarm-storm-unanswered", "Refuses DER alarms after twenty of them.")
class AlarmStormUnanswered(Fault):
    """D11."""

    def __init__(self) -> None:
        super().__init__()
        self._alarms = 0

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Enough of that."""
        if turn.action != "NotifyDERAlarm":
            return reply
        self._alarms += 1
        return Reply(error=ErrorCode.GENERIC_ERROR, description="too many") if self._alarms > _STORM else reply


@fault("report-der-control-refused", "Refuses ReportDERControl as if only a CSMS sent it.")
class ReportRefused(Refuses):
    """D11, Java-OCA-OCPP#405."""

    action = "ReportDERControl"


@fault("der-alarm-refused", "Refuses NotifyDERAlarm as unknown.")
class AlarmRefused(Refuses):
    """R05."""

    action = "NotifyDERAlarm"


@fault("der-start-stop-refused", "Refuses NotifyDERStartStop as unknown.")
class StartStopRefused(Refuses):
    """R04.FR.20-22."""

    action = "NotifyDERStartStop"


@fault("default-control-with-start-time", "Gives default DER controls a start time and a duration.")
class DefaultWithStart(_Control):
    """D03, R04.FR.12-17."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Scheduled and default at once."""
        timed = {"curve", "fixedPFAbsorb", "fixedPFInject", "fixedVar", "freqDroop", "limitMaxDischarge"}
        for name in timed & set(payload):
            if payload["isDefault"]:
                payload[name] |= {"startTime": stamp(csms.backend.unix(0.0)), "duration": 3600.0}
        return payload


@fault("two-control-fields", "Sends two control fields in one SetDERControl.")
class TwoControlFields(_Control):
    """D03."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """One too many."""
        extra = "gradient" if "gradient" not in payload else "freqDroop"
        value = {"priority": 1, "gradient": 1.0, "softGradient": 1.0}
        droop = {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 5.0, "underDroop": 5.0, "responseTime": 1.0}
        return {**payload, extra: value if extra == "gradient" else {"priority": 1, **droop}}


@fault("control-field-of-other-type", "Sends a control type with the field of another.")
class FieldOfOtherType(_Control):
    """D03."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The name of another."""
        other = "VoltVar" if payload["controlType"] != "VoltVar" and "curve" not in payload else "FixedVar"
        return {**payload, "controlType": other}


@fault("scheduled-gradients", "Schedules gradients and enter-service settings, which are defaults alone.")
class ScheduledGradients(_Control):
    """D03, R04.FR.12-17."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """No default."""
        return {**payload, "isDefault": False} if {"gradient", "enterService"} & set(payload) else payload


@fault("der-unit-mismatch", "Sends VoltWatt and FreqWatt curves in percent of reactive power.")
class UnitMismatch(_Control):
    """D12, R04.FR.50-56 of Edition 2 (unconfirmed)."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Another unit."""
        if payload["controlType"] in {"VoltWatt", "FreqWatt"}:
            payload["curve"]["yUnit"] = "PctMaxVar"
        return payload


@fault("control-id-reused", "Gives every DER control the same id.")
class ControlIdReused(_Control):
    """R04: an id stands for one control."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Always 1."""
        return swapped(payload, controlId="1")


@fault("curve-of-eleven-points", "Sends curves of eleven points.")
class ElevenPoints(_Control):
    """D10: at most ten."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """As many as there are."""
        if "curve" in payload:
            last = payload["curve"]["curveData"][-1]
            more = [{"x": last["x"] + step, "y": last["y"]} for step in range(1, 12)]
            payload["curve"]["curveData"] = (payload["curve"]["curveData"] + more)[:11]
        return payload


@fault("der-request-id-reused", "Asks for all DER reports with requestId 1.")
class DerRequestIdReused(Requests):
    """Reports belong to their request."""

    action = "GetDERControl"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Always 1."""
        return swapped(payload, requestId=1)


@fault("clear-control-without-default-flag", "Leaves isDefault out of ClearDERControl.")
class ClearWithoutFlag(Requests):
    """Required field."""

    action = "ClearDERControl"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Left out."""
        return swapped(payload, isDefault=None)


@fault("scheduled-control-starts-at-once", "Leaves start time and duration out of scheduled DER controls.")
class StartsAtOnce(_Control):
    """R04: a scheduled control without startTime runs from now on, and for ever."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Left out."""
        if payload["isDefault"]:
            return payload
        timed = {name: value for name, value in payload.items() if isinstance(value, dict)}
        return payload | {name: swapped(value, startTime=None, duration=None) for name, value in timed.items()}


@fault("control-values-rounded", "Sends whole numbers in DER controls.")
class ValuesRounded(_Control):
    """R04: 50.2 Hz becomes 50 Hz."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Decimals cut off."""
        return {
            name: {key: int(one) if isinstance(one, float) else one for key, one in value.items()}
            if isinstance(value, dict)
            else value
            for name, value in payload.items()
        }


@fault("der-filter-lost", "Asks for all DER controls where the operator asked for one type.")
class FilterLost(Requests):
    """R04: the report is that of another question."""

    action = "GetDERControl"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Without filter."""
        return swapped(payload, controlType=None, isDefault=None)
