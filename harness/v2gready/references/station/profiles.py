"""The charging profiles of the station: where each is installed, what is reported, cleared, kept (K01, K09, K10)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.seams import Seams

EXTERNAL: Final = "ChargingStationExternalConstraints"
MAXIMUM: Final = "ChargingStationMaxProfile"
TX: Final = "TxProfile"
TX_DEFAULT: Final = "TxDefaultProfile"
PRIORITY: Final = "PriorityCharging"
GENERATION: Final = "LocalGeneration"

PERSISTENT: Final = frozenset({MAXIMUM, TX_DEFAULT, PRIORITY})
"""Purposes that survive a power cycle (K01.FR.27)."""
_UNTOUCHABLE: Final = frozenset({EXTERNAL, GENERATION})
"""ClearChargingProfile passes them over (K10.FR.04, K10.FR.08, K10.FR.09)."""

CSO: Final = "CSO"
"""chargingLimitSource of what the CSMS has installed."""


@dataclass(slots=True)
class Installed:
    """A profile at its place.

    Attributes:
        profile: As it came, so that it is reported as it came; of a Dynamic one with the values in force.
        evse_id: Where; 0: the station.
        source: chargingLimitSource.
        order: The later one has the higher number.
        void: It was invalid while offline and stays so (invalidAfterOfflineDuration).
        delays: Random delay of each period in s, by transaction id (K01.FR.92, K01.FR.93).
    """

    profile: Payload
    evse_id: int
    source: str = CSO
    order: int = 0
    void: bool = False
    delays: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """Of the profile."""
        return int(self.profile["id"])

    @property
    def purpose(self) -> str:
        """ChargingProfilePurpose."""
        return str(self.profile["chargingProfilePurpose"])

    @property
    def kind(self) -> str:
        """ChargingProfileKind."""
        return str(self.profile["chargingProfileKind"])

    @property
    def stack(self) -> int:
        """StackLevel."""
        return int(self.profile["stackLevel"])

    @property
    def transaction_id(self) -> str | None:
        """Of the transaction of a TxProfile."""
        return self.profile.get("transactionId")

    @property
    def schedule(self) -> Payload:
        """The first schedule, the one that is followed."""
        schedule: Payload = self.profile["chargingSchedule"][0]
        return schedule

    @property
    def periods(self) -> list[Payload]:
        """The periods of the schedule that is followed."""
        periods: list[Payload] = self.schedule["chargingSchedulePeriod"]
        return periods


class ProfileStore:
    """All profiles of a station."""

    def __init__(self, seams: Seams | None = None) -> None:
        self._seams = seams or Seams()
        self._installed: list[Installed] = []
        self._count = 0

    def __iter__(self) -> Iterator[Installed]:
        return iter(list(self._installed))

    def __len__(self) -> int:
        return len(self._installed)

    def find(self, profile_id: int) -> Installed | None:
        """The profile of that id."""
        return next((one for one in self._installed if one.id == profile_id), None)

    def install(self, profile: Payload, evse_id: int, source: str = CSO) -> Installed:
        """Puts a profile to its place; one of the same id goes (K01.FR.05).

        Args:
            profile: A ChargingProfile that passed every check.
            evse_id: Where; 0: the station.
            source: chargingLimitSource.
        """
        self._count += 1
        bent = self._seams.value(EnergyKnob.INSTALLED, copy.deepcopy(profile))
        new = Installed(bent, evse_id, source, self._count)
        ids = [one.id for one in self._installed if one.id != new.id] + [new.id]
        wanted = self._seams.value(EnergyKnob.STORED, ids)
        kept = [one for one in self._installed if one.id != new.id or wanted.count(new.id) > 1]
        self._installed = kept + ([new] if new.id in wanted else [])
        return new

    def remove(self, gone: Iterable[Installed]) -> None:
        """Takes profiles away."""
        doomed = {id(one) for one in gone}
        self._installed = [one for one in self._installed if id(one) not in doomed]

    def drop_transaction(self, transaction_id: str) -> None:
        """A transaction has ended: its profiles go with it."""
        self.remove([one for one in self._installed if one.transaction_id == transaction_id])
        for one in self._installed:
            one.delays.pop(transaction_id, None)

    def select(self, criterion: Payload, evse_id: int | None) -> list[Installed]:
        """The profiles that GetChargingProfiles asks for (K09.FR.03 to K09.FR.06).

        Args:
            criterion: A ChargingProfileCriterion.
            evse_id: Of the request; None: all.
        """
        ids = criterion.get("chargingProfileId")
        sources = criterion.get("chargingLimitSource")
        return [
            one
            for one in self._installed
            if (evse_id is None or one.evse_id == evse_id)
            and (ids is None or one.id in ids)
            and (sources is None or one.source in sources)
            and criterion.get("chargingProfilePurpose", one.purpose) == one.purpose
            and criterion.get("stackLevel", one.stack) == one.stack
        ]

    def clear(self, request: Payload) -> bool:
        """Does what ClearChargingProfile asks for; False where nothing matches (K10).

        Args:
            request: A ClearChargingProfileRequest.
        """
        profile_id = request.get("chargingProfileId")
        if profile_id is not None:
            matching = [one for one in self._installed if one.id == profile_id]
        else:
            criteria = request.get("chargingProfileCriteria", {})
            matching = [
                one
                for one in self._installed
                if criteria.get("evseId", one.evse_id) == one.evse_id
                and criteria.get("chargingProfilePurpose", one.purpose) == one.purpose
                and criteria.get("stackLevel", one.stack) == one.stack
            ]
        touchable = [one for one in matching if not self._is_untouchable(one)]
        wanted = self._seams.value(EnergyKnob.CLEARED, [one.id for one in touchable])
        self.remove([one for one in self._installed if one.id in wanted and not self._is_untouchable(one)])
        return bool(touchable)

    def _is_untouchable(self, one: Installed) -> bool:
        return self._seams.check(ChargingCheck.CLEAR_EXTERNAL, violated=one.purpose in _UNTOUCHABLE)

    def memory(self) -> list[dict[str, Any]]:
        """What survives a power cycle."""
        usual = [
            {"profile": copy.deepcopy(one.profile), "evse": one.evse_id, "source": one.source, "void": one.void}
            for one in self._installed
            if one.purpose in PERSISTENT
        ]
        return self._seams.value(EnergyKnob.KEPT, usual)

    def restore(self, memory: list[dict[str, Any]]) -> None:
        """Takes back what `memory` gave."""
        for kept in memory:
            self._count += 1
            self._installed.append(
                Installed(kept["profile"], kept["evse"], kept["source"], self._count, bool(kept["void"]))
            )
