"""Faults of smart charging and V2X (reference K05, K11, V05, V13, V23, Q01-Q04)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import copy
from dataclasses import replace

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import BIDIRECTIONAL
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import Answers, Ignores, Refuses, Requests, periods
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Check, Fault, swapped
from v2gready.references.csms.turn import Reply, Request, Turn


class _Profile(Requests):
    action = "SetChargingProfile"


class _Needs(Answers):
    action = "NotifyEVChargingNeeds"


class _Authorize(Answers):
    action = "Authorize"


class _Pull(Answers):
    action = "PullDynamicScheduleUpdate"


@fault("absolute-profile-without-start-schedule", "Sends Absolute profiles without startSchedule.")
class AbsoluteWithoutStart(_Profile):
    """K05, citrineos-core#785."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Left out."""
        for schedule in payload["chargingProfile"]["chargingSchedule"]:
            schedule.pop("startSchedule", None)
        return payload


@fault("profile-after-needs-missing", "Sends no profile after it accepted the needs of a car.")
class ProfileMissing(Fault):
    """K11."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Accepted and forgotten."""
        return replace(reply, then=()) if turn.action == "NotifyEVChargingNeeds" else reply


@fault("profile-after-needs-late", "Sends the profile for the needs of a car 75 s later.")
class ProfileLate(Fault):
    """K11: within 60 s."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Late."""
        if turn.action != "NotifyEVChargingNeeds":
            return reply
        return replace(reply, then=tuple(replace(one, after=75.0) for one in reply.then))


@fault("four-schedules", "Sends four schedules in one profile.")
class FourSchedules(_Profile):
    """K11: at most three, and not more than maxScheduleTuples."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Copies with ids of their own."""
        schedules = payload["chargingProfile"]["chargingSchedule"]
        first = schedules[0]
        schedules[:] = [{**copy.deepcopy(first), "id": first["id"] + number} for number in range(4)]
        return payload


@fault("two-schedules-for-dynamic-control", "Sends two schedules whatever the car can take.")
class TwoSchedules(_Profile):
    """K11, K19: one in Dynamic mode, and not more than maxScheduleTuples."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """A copy with an id of its own."""
        schedules = payload["chargingProfile"]["chargingSchedule"]
        schedules.append({**copy.deepcopy(schedules[0]), "id": schedules[0]["id"] + 1000})
        return payload


@fault("profile-without-transaction", "Sends TxProfiles without transactionId.")
class ProfileWithoutTransaction(_Profile):
    """A TxProfile belongs to an active transaction."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Left out."""
        payload["chargingProfile"].pop("transactionId", None)
        return payload


@fault("profile-for-evse-0", "Sends TxProfiles for EVSE 0.")
class ProfileForStation(_Profile):
    """A TxProfile needs evseId above 0."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The whole station."""
        tx = payload["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
        return swapped(payload, evseId=0) if tx else payload


@fault("first-period-not-at-0", "Lets the first period of a schedule begin at 60 s.")
class FirstPeriodLate(_Profile):
    """The first startPeriod is 0."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """A minute later."""
        for period in periods(payload):
            period["startPeriod"] += 60
        return payload


@fault("periods-out-of-order", "Sends periods in falling order.")
class PeriodsOutOfOrder(_Profile):
    """startPeriod rises."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The other way round."""
        for schedule in payload["chargingProfile"]["chargingSchedule"]:
            schedule["chargingSchedulePeriod"].reverse()
        return payload


@fault("charges-over-the-cars-limit", "Plans with more power than the car can take.")
class OverTheCarsLimit(_Profile):
    """Q01: the needs of the car bound the profile."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Ten times."""
        for period in periods(payload):
            for name in ("setpoint", "limit"):
                if name in period:
                    period[name] *= 10
        return payload


@fault("setpoint-without-mode", "Sends setpoints without operationMode, which means ChargingOnly.")
class SetpointWithoutMode(_Profile):
    """Q02, Q03: no setpoint while ChargingOnly."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Left out."""
        for period in periods(payload):
            period.pop("operationMode", None)
        return payload


@fault("central-setpoint-without-setpoint", "Sends CentralSetpoint with a limit in place of a setpoint.")
class SetpointMissing(_Profile):
    """Q03: the setpoint is required."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Another field."""
        for period in periods(payload):
            if "setpoint" in period:
                period["limit"] = abs(period.pop("setpoint"))
        return payload


@fault("discharge-setpoint-positive", "Sends the setpoint of a discharging period as a positive number.")
class DischargePositive(_Profile):
    """Q03: below zero discharges."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Without its sign."""
        for period in periods(payload):
            if "setpoint" in period:
                period["setpoint"] = abs(period["setpoint"])
        return payload


@fault("discharges-an-undecided-car", "Plans discharging for a car that asked for charging only.")
class DischargesUndecided(_Profile):
    """Q02: no setpoint while ChargingOnly."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Below zero all the same."""
        for period in periods(payload):
            if "limit" in period and period.get("operationMode") == "ChargingOnly":
                period["setpoint"] = -period.pop("limit")
        return payload


@fault("discharge-limit-positive", "Adds a dischargeLimit above zero to every period.")
class DischargeLimitPositive(_Profile):
    """Schema: at most 0."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The wrong sign."""
        for period in periods(payload):
            period["dischargeLimit"] = 1000.0
        return payload


@fault("phase-fields-without-base", "Sends setpoint_L2 and limit_L2 without setpoint and limit.")
class PhaseWithoutBase(_Profile):
    """V23: PhaseConflict."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The base is gone."""
        for period in periods(payload):
            for name in ("setpoint", "limit"):
                if name in period:
                    period[f"{name}_L2"] = period.pop(name)
        return payload


@fault("phase-fields-for-single-values", "Adds values for L2 and L3 though the car gave none.")
class PhaseFieldsUnasked(_Profile):
    """V23, V2X.06-10: PhaseConflict."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """A third each."""
        for period in periods(payload):
            for name in ("setpoint", "limit"):
                if name in period:
                    share = period[name] / 3
                    period |= {name: share, f"{name}_L2": share, f"{name}_L3": share}
        return payload


@fault("dynamic-with-two-periods", "Sends dynamic profiles with two periods.")
class DynamicTwoPeriods(_Profile):
    """K28: exactly one."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """And another."""
        profile = payload["chargingProfile"]
        if profile["chargingProfileKind"] == "Dynamic":
            found = profile["chargingSchedule"][0]["chargingSchedulePeriod"]
            found.append({**found[0], "startPeriod": 60})
        return payload


@fault("dynamic-fields-on-absolute", "Adds dynUpdateInterval to profiles that are not dynamic.")
class DynamicFieldsOnAbsolute(_Profile):
    """K01.FR.120-126: InvalidProfile."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Everywhere."""
        payload["chargingProfile"].setdefault("dynUpdateInterval", 30)
        return payload


@fault("reuses-profile-id", "Gives every profile the id 1.")
class ReusesProfileId(_Profile):
    """An id stands for one profile: the second replaces the first."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Always 1."""
        payload["chargingProfile"]["id"] = 1
        return payload


@fault(
    "dynamic-update-flat",
    "Sends the values of UpdateDynamicSchedule beside chargingProfileId, as a text example has it.",
)
class DynamicUpdateFlat(Requests):
    """Conflict 3: the schema nests them in scheduleUpdate."""

    action = "UpdateDynamicSchedule"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """One level less."""
        return {"chargingProfileId": payload["chargingProfileId"], **payload["scheduleUpdate"]}


@fault("undecided-transfer-granted", "Allows discharging though nobody has decided about it.")
class UndecidedGranted(_Authorize):
    """V05, Q01.FR.08."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Everything goes."""
        if payload["idTokenInfo"]["status"] != "Accepted" or "allowedEnergyTransfer" in payload:
            return payload
        return swapped(payload, allowedEnergyTransfer=["DC", *BIDIRECTIONAL])


@fault("decided-transfer-missing", "Does not tell which energy transfers are allowed, though that is decided.")
class DecidedMissing(_Authorize):
    """Q01."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(payload, allowedEnergyTransfer=None)


@fault("21-fields-on-201", "Tells allowedEnergyTransfer on a connection that speaks OCPP 2.0.1.")
class NewFieldsOn201(_Authorize):
    """F26."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """A field of 2.1."""
        return payload if "allowedEnergyTransfer" in payload else {**payload, "allowedEnergyTransfer": ["DC"]}


@fault("transfer-granted-to-refused-token", "Allows energy transfers to a token that it refuses.")
class GrantedToRefused(_Authorize):
    """Q01."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Contradicts itself."""
        refused = payload["idTokenInfo"]["status"] != "Accepted"
        return swapped(payload, allowedEnergyTransfer=["DC_BPT"]) if refused else payload


@fault("forbidden-transfer-accepted", "Accepts needs for an energy transfer that it does not allow.")
class ForbiddenAccepted(Ignores):
    """Q01.FR.04."""

    ignored = frozenset({Check.TRANSFER})


@fault("needs-status-unknown", "Answers the needs of a car with the status Pending, which does not exist.")
class NeedsStatusUnknown(_Needs):
    """Schema."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """A word of its own."""
        return {**payload, "status": "Pending"}


@fault("profile-after-refused-needs", "Sends a profile though it answered NoChargingProfile or Rejected.")
class ProfileAfterRefused(Fault):
    """K11."""

    def __init__(self) -> None:
        super().__init__()
        self._last: Request | None = None

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """All the same."""
        if turn.action != "NotifyEVChargingNeeds" or reply.then:
            return reply
        transaction = turn.payload["evseId"]
        ids = [one.id for one in turn.station.transactions.values()]
        profile = {
            "id": 99,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "transactionId": ids[-1] if ids else "none",
            "chargingSchedule": [
                {"id": 99, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11_000.0}]}
            ],
        }
        return replace(
            reply, then=(Request("SetChargingProfile", {"evseId": transaction, "chargingProfile": profile}),)
        )


@fault("unknown-pull-accepted", "Accepts PullDynamicScheduleUpdate for a profile that does not exist.")
class UnknownPullAccepted(Ignores):
    """V13."""

    ignored = frozenset({Check.PROFILE})


@fault("unknown-pull-without-reason", "Rejects PullDynamicScheduleUpdate without reasonCode InvalidProfile.")
class UnknownPullWithoutReason(_Pull):
    """V13."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """No reason."""
        return swapped(payload, statusInfo=None)


@fault("pull-without-values", "Accepts PullDynamicScheduleUpdate and sends no values.")
class PullWithoutValues(_Pull):
    """V13, K28."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(payload, scheduleUpdate=None)


@fault("pull-never-changes", "Answers every pull with the values of the first.")
class PullNeverChanges(_Pull):
    """V13: new values are for that."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[tuple[str, int], Payload] = {}

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """From the cache."""
        return self._first.setdefault((turn.station.identity, turn.payload["chargingProfileId"]), payload)


@fault("pull-of-other-station-answered", "Answers a pull with the values of another station's profile of that id.")
class PullOfOtherStation(Fault):
    """V13: a profile belongs to a station."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One table for all."""
        if turn.action != "PullDynamicScheduleUpdate" or reply.payload.get("status") == "Accepted":
            return reply
        wanted = turn.payload["chargingProfileId"]
        if any(wanted in station.profiles for station in turn.backend.stations.values()):
            return Reply({"status": "Accepted", "scheduleUpdate": {"setpoint": 0.0}})
        return reply


@fault(
    "allowed-transfer-for-wrong-transaction", "Sends NotifyAllowedEnergyTransfer for a transaction that does not exist."
)
class AllowedForWrongTransaction(Requests):
    """V05."""

    action = "NotifyAllowedEnergyTransfer"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Another id."""
        return swapped(payload, transactionId="none")


@fault("allowed-transfer-never-told", "Never sends NotifyAllowedEnergyTransfer.")
class AllowedNeverTold(Requests):
    """V05."""

    action = "NotifyAllowedEnergyTransfer"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Kept to itself."""
        return None


@fault("afrr-signal-as-text", "Sends the signal of AFRRSignal as a string.")
class AfrrAsText(Requests):
    """Schema."""

    action = "AFRRSignal"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """In quotes."""
        return swapped(payload, signal=str(payload["signal"]))


@fault("ems-limit-refused", "Refuses NotifyChargingLimit with the source EMS.")
class EmsLimitRefused(Refuses):
    """K11-K13."""

    action = "NotifyChargingLimit"

    def applies(self, turn: Turn) -> bool:
        """A source that is not CSO or SO."""
        return turn.payload["chargingLimit"]["chargingLimitSource"] not in {"CSO", "SO"}


@fault("ev-schedule-refused", "Refuses NotifyEVChargingSchedule.")
class EvScheduleRefused(Refuses):
    """K15, K19."""

    action = "NotifyEVChargingSchedule"


@fault("profile-for-newest-transaction", "Plans for the newest transaction of a station, whatever EVSE has needs.")
class ProfileForNewest(_Profile):
    """K01: the car at the other EVSE gets the profile."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The last that began."""
        running = [one.id for one in csms.station.transactions.values() if not one.ended]
        if running and "transactionId" in payload["chargingProfile"]:
            payload["chargingProfile"]["transactionId"] = running[-1]
        return payload


@fault("schedule-tuples-ignored", "Plans as many periods as it likes, whatever maxScheduleTuples says.")
class TuplesIgnored(_Profile):
    """K15, K18: the car cannot take them."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Five at least."""
        for schedule in payload["chargingProfile"]["chargingSchedule"]:
            found = schedule["chargingSchedulePeriod"]
            last = found[-1]
            more = range(1, 6 - len(found))
            found += [{**last, "startPeriod": last["startPeriod"] + number} for number in more]
        return payload
