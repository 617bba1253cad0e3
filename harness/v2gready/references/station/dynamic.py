"""Dynamic profiles: values pushed and pulled, how long they count (K28, K29, Q04, Q05)."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

from v2gready.protocols.ocpp.frames import CallError, CallResult, Payload
from v2gready.references.station.charging import Reply, rejected
from v2gready.references.station.composite import expires, seconds
from v2gready.references.station.context import Handler
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.energy_state import EnergyState
from v2gready.references.station.operation_modes import FIELDS, phased
from v2gready.references.station.profiles import EXTERNAL, Installed
from v2gready.references.station.timers import Timer
from v2gready.references.station.validation import UPDATE_RULES, refusal

_VALUES = tuple(name for field in FIELDS for name in (field, *phased(field)))
_RETRY = 1.0
"""Shortest time between two pulls in s, whatever the profile says."""


class DynamicDesk:
    """Keeps the values of Dynamic profiles fresh.

    Args:
        state: Shared state.
    """

    def __init__(self, state: EnergyState) -> None:
        self._state = state
        self._pulls: dict[int, Timer] = {}
        self._ends: dict[int, Timer] = {}

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By action."""
        return {"UpdateDynamicSchedule": self._update}

    def noticed(self, installed: Installed, now: float) -> None:
        """A profile was installed: pull timers and its end."""
        for timers in (self._pulls, self._ends):
            if (timer := timers.pop(installed.id, None)) is not None:
                timer.cancel()
        if installed.kind == "Dynamic":
            self._arm(installed, now)

    def _arm(self, installed: Installed, now: float) -> None:
        """The next pull and the moment from which the values are stale."""
        state = self._state
        updated = seconds(installed.profile["dynUpdateTime"]) - state.seconds(now)
        interval = installed.profile.get("dynUpdateInterval", 0)
        if interval > 0 and installed.purpose != EXTERNAL:
            # K28.FR.10 is misprinted; meant is dynUpdateTime + dynUpdateInterval (conflict 11).
            due = state.seams.value(EnergyKnob.PULL_DELAY, max(updated + interval, _RETRY))
            self._set(self._pulls, installed.id, now + due)
        expiry = expires(installed)
        if expiry is not None:
            left = max(expiry - state.seconds(now), 0.0)
            # Valid with the last moment itself: look just behind it.
            self._set(self._ends, installed.id, math.nextafter(now + left, math.inf) + 0.001)

    def _set(self, timers: dict[int, Timer], profile_id: int, when: float) -> None:
        if (timer := timers.get(profile_id)) is not None:
            timer.cancel()
        if math.isfinite(when):

            def due(now: float) -> None:
                if timers is self._pulls:
                    self._pull(profile_id, now)
                else:
                    self._state.context.refresh(now)

            timers[profile_id] = self._state.context.timers.at(when, due)

    def _update(self, payload: Payload, now: float) -> Reply:
        profile_id = int(payload["chargingProfileId"])
        installed = self._state.store.find(profile_id)
        wrong = installed is None or installed.kind != "Dynamic" or installed.purpose == EXTERNAL
        if self._state.seams.check(ChargingCheck.UPDATE_KIND, violated=wrong) or installed is None:
            return rejected("InvalidProfile", f"profile {profile_id} is not Dynamic")
        problem = self.apply(installed, payload["scheduleUpdate"], now)
        return {"status": "Accepted"} if problem is None else problem

    def apply(self, installed: Installed, update: Payload, now: float) -> Payload | None:
        """Takes new values into a profile (K28.FR.06, K28.FR.08, K28.FR.09).

        Args:
            installed: A Dynamic profile.
            update: A ChargingScheduleUpdate.
            now: The time.

        Returns:
            The refusal where the values do not go with the mode, otherwise None.
        """
        state = self._state
        values = {name: update[name] for name in _VALUES if name in update}
        values = state.seams.value(EnergyKnob.UPDATED, values)
        changed = copy.deepcopy(installed.profile)
        changed["chargingSchedule"][0]["chargingSchedulePeriod"][0].update(values)
        found = refusal(state.proposal(changed, installed.evse_id), state.seams, UPDATE_RULES)
        if found is not None:
            return rejected(found.code, found.info)
        self.refresh_values(installed, changed, now)
        return None

    def refresh_values(self, installed: Installed, changed: Payload, now: float) -> None:
        """A Dynamic profile has new values, from whomever: they count from now on."""
        state = self._state
        before = installed.profile.get("dynUpdateTime")
        stamp = state.context.stamp(now)
        changed["dynUpdateTime"] = state.seams.value(EnergyKnob.UPDATE_TIME, stamp)
        if changed["dynUpdateTime"] is None:
            changed["dynUpdateTime"] = before
        installed.profile = changed
        self._arm(installed, now)
        state.context.refresh(now)

    def _pull(self, profile_id: int, now: float) -> None:
        installed = self._state.store.find(profile_id)
        if installed is None or installed.kind != "Dynamic":
            return
        # The next attempt, should no answer come; an answer with values moves it.
        interval = float(installed.profile.get("dynUpdateInterval", 0))
        delay = self._state.seams.value(EnergyKnob.PULL_DELAY, max(interval, _RETRY))
        self._set(self._pulls, profile_id, now + delay)
        if not self._state.context.online:
            return

        def answered(answer: CallResult | CallError | None, when: float) -> None:
            current = self._state.store.find(profile_id)
            if current is None or not isinstance(answer, CallResult) or answer.payload.get("status") != "Accepted":
                return
            update = self._state.seams.value(EnergyKnob.PULLED, answer.payload.get("scheduleUpdate", {}))
            self.apply(current, update, when)

        self._state.context.send("PullDynamicScheduleUpdate", {"chargingProfileId": profile_id}, now, then=answered)

    def restore(self, now: float) -> None:
        """After a power cycle: timers of what has survived."""
        for installed in self._state.store:
            self.noticed(installed, now)
