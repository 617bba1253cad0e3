"""Smart charging as the CSMS asks for it: set, get, clear profiles, composite schedules, priority charging (K)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping

from v2gready.protocols.ocpp.frames import ErrorCode, Payload
from v2gready.references.station.composite import band_at, composite, leading, on_the_wire, seconds, tidy
from v2gready.references.station.context import ErrorReply, Handler, Transaction
from v2gready.references.station.energy_model import SMART
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.energy_state import EnergyState, Session
from v2gready.references.station.profiles import EXTERNAL, GENERATION, MAXIMUM, PERSISTENT, PRIORITY, TX, Installed
from v2gready.references.station.proposals import Refusal
from v2gready.references.station.validation import refusal

Reply = Payload | ErrorReply
Noticed = Callable[[Installed, float], None]
"""Gets a profile that was just installed, and the time."""


def rejected(code: str, info: str = "", status: str = "Rejected") -> Payload:
    """A refusal on the wire.

    Args:
        code: reasonCode.
        info: additionalInfo.
        status: status.
    """
    details = {"reasonCode": code} | ({"additionalInfo": info} if info else {})
    return {"status": status, "statusInfo": details}


class ChargingDesk:
    """Answers the messages of block K.

    Args:
        state: Shared state.
        noticed: Is told of every profile that was installed.
    """

    def __init__(self, state: EnergyState, noticed: Noticed) -> None:
        self._state = state
        self._noticed = noticed
        self._stored: dict[str, float] = {}

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By action."""
        return {
            "SetChargingProfile": self._guarded(self._set),
            "GetChargingProfiles": self._guarded(self._get),
            "ClearChargingProfile": self._guarded(self._clear),
            "GetCompositeSchedule": self._guarded(self._composite),
            "UsePriorityCharging": self._guarded(self._use_priority),
        }

    def _guarded(self, handler: Handler) -> Handler:
        def answer(payload: Payload, now: float) -> Reply:
            off = not self._state.context.model.boolean(SMART, "Enabled")
            if self._state.seams.check(ChargingCheck.SMART_CHARGING, violated=off):
                return ErrorReply(ErrorCode.NOT_SUPPORTED, "smart charging is off")
            return handler(payload, now)

        return answer

    # Profiles

    def _set(self, payload: Payload, now: float) -> Reply:
        profile, evse_id = payload["chargingProfile"], int(payload["evseId"])
        found = self.judge(profile, evse_id, now)
        if found is not None:
            return {"status": "Rejected", "statusInfo": found.status_info}
        self.install(profile, evse_id, now)
        return {"status": "Accepted"}

    def judge(self, profile: Payload, evse_id: int, now: float, *, pending: bool = False) -> Refusal | None:
        """Why a profile may not be installed, None where it may.

        Args:
            profile: A ChargingProfile.
            evse_id: Where; 0: the station.
            now: The time.
            pending: It waits for the transaction of RequestStartTransaction.
        """
        purpose = str(profile["chargingProfilePurpose"])
        interval = self._state.context.model.number(SMART, "UpdateRateLimit") or 0.0
        last = self._stored.get(purpose)
        soon = 0.0 if last is None or purpose not in PERSISTENT else last + interval - now
        proposal = self._state.proposal(profile, evse_id, soon=soon, pending=pending)
        return refusal(proposal, self._state.seams)

    def install(self, profile: Payload, evse_id: int, now: float) -> None:
        """Puts a profile that passed every check to its place."""
        state = self._state
        wanted = copy.deepcopy(profile)
        if profile["chargingProfileKind"] == "Dynamic" and "dynUpdateTime" not in profile:
            wanted["dynUpdateTime"] = state.seams.value(EnergyKnob.UPDATE_TIME, state.context.stamp(now))  # K28.FR.05
        if not state.settings.refuse_overlap:
            new = Installed(profile, evse_id)
            state.store.remove(
                [
                    one
                    for one in state.store
                    if (one.purpose, one.stack, one.evse_id, one.transaction_id)
                    == (new.purpose, new.stack, evse_id, new.transaction_id)
                ]
            )
        installed = state.store.install(wanted, evse_id)
        self._stored[installed.purpose] = now
        for evse in state.running():
            self.draw_delays(installed, state.session(evse, now))
        self.count()
        self._noticed(installed, now)
        state.context.refresh(now)

    def draw_delays(self, installed: Installed, session: Session) -> None:
        """Draws the random delays of a profile for a transaction (K01.FR.92, K01.FR.93)."""
        most = installed.schedule.get("randomizedDelay", 0)
        if most > 0:
            later = len(installed.periods) - 1
            drawn = (float(self._state.context.rng.randint(0, most)) for _ in range(later))
            installed.delays[session.transaction_id] = self._state.seams.value(EnergyKnob.DELAYS, (0.0, *drawn))

    def count(self) -> None:
        """Keeps Entries[ChargingProfiles] right."""
        variable = self._state.context.model.find(SMART, "Entries", instance="ChargingProfiles")
        if variable is not None:
            variable.value = str(len(self._state.store))

    def check_profile(self, profile: Payload, evse_id: int, now: float) -> str | None:
        """The reason against a profile of RequestStartTransaction (K05.FR.02), None where there is none."""
        if profile["chargingProfilePurpose"] != TX:
            return "InvalidProfile"
        found = self.judge(profile, evse_id, now, pending=True)
        return None if found is None else found.code

    def take_profile(self, profile: Payload, transaction: Transaction, now: float) -> None:
        """Its transaction has started."""
        self.install({**profile, "transactionId": transaction.id}, transaction.evse_id, now)

    def _get(self, payload: Payload, now: float) -> Reply:
        state = self._state
        found = state.store.select(payload["chargingProfile"], payload.get("evseId"))
        if not found:
            return {"status": "NoProfiles"}
        request_id = payload["requestId"]
        state.context.timers.at(now, lambda when: self._report(found, request_id, when))
        return {"status": "Accepted"}

    def _report(self, found: list[Installed], request_id: int, now: float) -> None:
        """ReportChargingProfiles, by EVSE and source, in pages (K09.FR.01, K09.FR.02)."""
        state = self._state
        groups: dict[tuple[int, str], list[Payload]] = {}
        for one in found:
            groups.setdefault((one.evse_id, one.source), []).append(copy.deepcopy(one.profile))
        size = state.settings.profile_page
        pages = [
            {
                "requestId": request_id,
                "chargingLimitSource": source,
                "evseId": evse_id,
                "chargingProfile": profiles[start : start + size],
            }
            for (evse_id, source), profiles in groups.items()
            for start in range(0, len(profiles), size)
        ]
        pages = [page | ({"tbc": True} if page is not pages[-1] else {}) for page in pages]
        for page in state.seams.value(EnergyKnob.REPORT, pages):
            state.context.send("ReportChargingProfiles", page, now)

    def _clear(self, payload: Payload, now: float) -> Reply:
        cleared = self._state.store.clear(payload)
        if not cleared:
            return {"status": "Unknown"}
        self.count()
        self._state.context.refresh(now)
        return {"status": "Accepted"}

    # Composite schedule

    def _composite(self, payload: Payload, now: float) -> Reply:
        state = self._state
        evse_id, duration = int(payload["evseId"]), int(payload["duration"])
        units = state.context.model.members(SMART, "RateUnit")
        unit = payload.get("chargingRateUnit", "W" if "W" in units else "A")
        unknown = evse_id != 0 and evse_id not in state.context.evses
        if state.seams.check(ChargingCheck.COMPOSITE_EVSE, violated=unknown):
            return rejected("UnknownEvse", f"there is no EVSE {evse_id}")
        if state.seams.check(ChargingCheck.COMPOSITE_UNIT, violated=unit not in units):
            return rejected("UnsupportedRateUnit", f"no schedules in {unit}")
        begin = math.floor(state.seconds(now))
        periods = self._station(begin, duration, unit, now) if evse_id == 0 else []
        if evse_id != 0:
            situation = state.situation(evse_id, now)
            bands = composite(state.store, begin, max(duration, 1), situation, state.seams)
            periods = [on_the_wire(at, band, unit, situation.outlet, full=state.full) for at, band in bands]
        schedule = {
            "evseId": evse_id,
            "duration": duration,
            "scheduleStart": state.context.stamp(now - (state.seconds(now) - begin)),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": periods,
        }
        return {"status": "Accepted", "schedule": state.seams.value(EnergyKnob.COMPOSITE, schedule)}

    def _station(self, begin: float, duration: int, unit: str, now: float) -> list[Payload]:
        """What the station as a whole may take (K08.FR.03): the sum of its EVSEs within the limit of the station."""
        state = self._state
        situations = [state.situation(evse_id, now) for evse_id in state.context.evses]
        runs = [
            dict(composite(state.store, begin, max(duration, 1), situation, state.seams)) for situation in situations
        ]
        periods: list[Payload] = []
        for at in sorted({at for run in runs for at in run}):
            total = 0.0
            for situation in situations:
                band = band_at(state.store, begin + at, situation, state.seams)
                most = situation.outlet.charge if band.limit is None else band.limit
                total += 0.0 if band.mode == "Idle" else most
            limit, discharge = self.station_limits(begin + at, now)
            total = total if limit is None else min(total, limit)
            factor = state.station_outlet.watts_per_ampere(None) if unit == "A" else 1.0
            period: Payload = {"startPeriod": round(at), "limit": tidy(total / factor)}
            if state.full and discharge is not None:
                period["dischargeLimit"] = tidy(discharge / factor)
            if not periods or {**periods[-1], "startPeriod": 0} != {**period, "startPeriod": 0}:
                periods.append(period)
        return periods

    def station_limits(self, when: float, now: float) -> tuple[float | None, float | None]:
        """Limit and dischargeLimit in W of the station as a whole at a time (K 3.6, Q06.FR.30)."""
        state = self._state
        situation = state.situation(0, now)
        found = [leading(state.store, one, (0,), when, situation, state.seams) for one in (MAXIMUM, EXTERNAL)]
        limits = [one.limit for one in found if one is not None and one.limit is not None]
        discharges = [one.discharge for one in found if one is not None and one.discharge is not None]
        extra = leading(state.store, GENERATION, (0,), when, situation, state.seams)
        limit = min(limits) if limits else None
        if limit is not None and extra is not None:
            limit += extra.limit or 0.0
        return limit, max(discharges) if discharges else None

    # Priority charging

    def _use_priority(self, payload: Payload, now: float) -> Reply:
        state = self._state
        transaction = state.context.transaction(payload["transactionId"])
        if state.seams.check(ChargingCheck.PRIORITY_TRANSACTION, violated=transaction is None) or transaction is None:
            return rejected("TxNotFound", "no such transaction")
        missing = payload["activate"] and not self._has_priority(transaction.evse_id)
        if state.seams.check(ChargingCheck.PRIORITY_PROFILE, violated=missing):
            return rejected("NotFound", "no PriorityCharging profile", status="NoProfile")
        active = bool(payload["activate"])
        state.context.timers.at(now, lambda when: self.set_priority(transaction.evse_id, active, when))
        return {"status": "Accepted"}

    def _has_priority(self, evse_id: int) -> bool:
        return any(one.purpose == PRIORITY and one.evse_id in {0, evse_id} for one in self._state.store)

    def set_priority(self, evse_id: int, active: bool, now: float) -> None:  # noqa: FBT001 - of the message
        """Switches priority charging, by the CSMS or by a button (K21, K22); tells the CSMS when it changed."""
        state = self._state
        evse = state.context.evses[evse_id]
        if evse.transaction is None or (active and not self._has_priority(evse_id)):
            return
        session = state.session(evse, now)
        if session.priority == active:
            return
        session.priority = active
        state.context.send("NotifyPriorityCharging", {"transactionId": evse.transaction.id, "activated": active}, now)
        state.context.refresh(now)

    def offline_verdicts(self, now: float) -> None:
        """The connection is back: what was invalid and is marked so stays invalid (K01.FR.102)."""
        away = self._state.away(now)
        for one in self._state.store:
            longest = one.profile.get("maxOfflineDuration")
            too_long = longest is not None and away is not None and away > longest
            if too_long and one.profile.get("invalidAfterOfflineDuration"):
                one.void = True

    def next_change(self, now: float) -> float | None:
        """Seconds until a profile in sight begins or ends by the clock; None where nothing is in sight."""
        state = self._state
        here = state.seconds(now)
        times = [
            seconds(one.profile[name])
            for one in state.store
            for name in ("validFrom", "validTo")
            if name in one.profile
        ]
        later = [when - here for when in times if when > here]
        return min(later) if later else None
