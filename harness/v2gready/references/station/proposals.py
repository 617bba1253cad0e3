"""A charging profile that somebody wants to install, and all that decides whether it may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.energy_settings import EnergySettings
from v2gready.references.station.profiles import GENERATION, PRIORITY, ProfileStore


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the station announces in SmartChargingCtrlr and V2XChargingCtrlr, as far as profiles go.

    Attributes:
        units: RateUnit.
        stack_level: ProfileStackLevel.
        periods: PeriodsPerSchedule.
        entries: Profiles that fit into memory.
        purposes: SupportedAdditionalPurposes.
        dynamic: SupportsDynamicProfiles.
        offline: SupportsMaxOfflineDuration.
        local_time: SupportsUseLocalTime.
        delay: SupportsRandomizedDelay.
        soc_limit: SupportsLimitAtSoC.
        sleep: SupportsEvseSleep.
        reserved_ids: MaxExternalConstraintsId; None: there is none.
        phase_switching: ACPhaseSwitchingSupported.
        modes: Operation modes that can be used now.
        balancing: The four thresholds of LocalLoadBalancing are set and in order.
    """

    units: frozenset[str] = frozenset({"A", "W"})
    stack_level: int = 10
    periods: int = 1024
    entries: int = 100
    purposes: frozenset[str] = frozenset({PRIORITY, GENERATION})
    dynamic: bool = True
    offline: bool = True
    local_time: bool = True
    delay: bool = True
    soc_limit: bool = True
    sleep: bool = True
    reserved_ids: int | None = None
    phase_switching: bool = False
    modes: frozenset[str] = frozenset()
    balancing: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """The EVSE of a request.

    Attributes:
        id: Its number; 0: the station.
        known: There is one.
        direct: DC; of the station: any EVSE is.
        phase_control: DCInputPhaseControl.
        transaction_id: Active there.
        schedules: Schedules that the vehicle takes: 3 with ISO 15118, otherwise 1.
        phases: L2 and L3 of which the vehicle has told powers, as suffixes.
    """

    id: int
    known: bool = True
    direct: bool = True
    phase_control: bool = False
    transaction_id: str | None = None
    schedules: int = 1
    phases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A profile that somebody wants to install.

    Attributes:
        profile: The ChargingProfile.
        place: Where.
        store: What is there.
        abilities: What the station can.
        settings: How contradictions are decided.
        soon: Seconds until a profile of this purpose may be stored again; 0: now.
        pending: It comes with RequestStartTransaction: there is no transaction yet.
    """

    profile: Payload
    place: Place
    store: ProfileStore
    abilities: Abilities
    settings: EnergySettings
    soon: float = 0.0
    pending: bool = False

    @property
    def purpose(self) -> str:
        """ChargingProfilePurpose."""
        return str(self.profile["chargingProfilePurpose"])

    @property
    def kind(self) -> str:
        """ChargingProfileKind."""
        return str(self.profile["chargingProfileKind"])

    @property
    def schedules(self) -> list[Payload]:
        """ChargingSchedule."""
        schedules: list[Payload] = self.profile["chargingSchedule"]
        return schedules

    @property
    def periods(self) -> Iterable[Payload]:
        """All periods of all schedules."""
        return (period for schedule in self.schedules for period in schedule["chargingSchedulePeriod"])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not.

    Attributes:
        code: reasonCode.
        info: additionalInfo.
    """

    code: str
    info: str

    @property
    def status_info(self) -> Payload:
        """As on the wire."""
        return {"reasonCode": self.code, "additionalInfo": self.info}
