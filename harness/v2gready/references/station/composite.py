"""The composite schedule: what all valid profiles together allow or want, in W, at any time (K08, K 3.6, SC.01).

Times are seconds of UTC. Nothing here knows what is measured: the setpoint of LocalFrequency and LocalLoadBalancing is
left open, `v2gready.references.station.targets` works it out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.operation_modes import DEFAULT_MODE, DISCHARGING, mode_of, phased
from v2gready.references.station.profiles import (
    EXTERNAL,
    GENERATION,
    MAXIMUM,
    PRIORITY,
    TX,
    TX_DEFAULT,
    Installed,
    ProfileStore,
)
from v2gready.references.station.seams import Seams

RECURRENCE: Final = {"Daily": 86_400.0, "Weekly": 604_800.0}


@dataclass(frozen=True, slots=True)
class Outlet:
    """An EVSE as far as amperes and ratings go.

    Attributes:
        id: Its number.
        direct: DC.
        volts: Of the DC output, or phase to neutral.
        charge: Rating towards the vehicle in W.
        discharge: Rating towards the grid in W, positive.
    """

    id: int
    direct: bool
    volts: float
    charge: float
    discharge: float

    def watts_per_ampere(self, phases: int | None) -> float:
        """What an ampere of a schedule means (K01.FR.49, K01.FR.51)."""
        return self.volts if self.direct else self.volts * (3 if phases is None else phases)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the validity of profiles depends on, beside the time.

    Attributes:
        now: The time.
        outlet: The EVSE.
        transaction_id: Active there.
        started: When it was ready to deliver energy; Relative schedules start then (K01.FR.42).
        priority: Priority charging is active.
        soc: State of charge in percent.
        offline: Seconds since the connection was lost; None while online.
        local_offset: Seconds that local time is ahead of UTC.
        external_first: The setpoint of an external system overrules that of the CSMS (Q06.FR.21).
        sharing: EVSEs that share a setpoint of EVSE 0 (Q06.FR.31).
    """

    now: float
    outlet: Outlet
    transaction_id: str | None = None
    started: float | None = None
    priority: bool = False
    soc: float | None = None
    offline: float | None = None
    local_offset: float = 0.0
    external_first: bool = True
    sharing: int = 1


@dataclass(frozen=True, slots=True)
class Leading:
    """The period that counts for a purpose.

    Attributes:
        installed: Its profile.
        period: The period.
        limit: W.
        discharge: W, not positive.
        setpoint: W.
        reactive: setpointReactive.
        phases: numberPhases.
    """

    installed: Installed
    period: Payload
    limit: float | None
    discharge: float | None
    setpoint: float | None
    reactive: float | None
    phases: int | None

    @property
    def mode(self) -> str:
        """Its operation mode."""
        return mode_of(self.period)


@dataclass(frozen=True, slots=True)
class Band:
    """The composite at one moment.

    Attributes:
        mode: Operation mode.
        limit: W; None: none but the rating.
        discharge: W, not positive; None: none but the rating.
        setpoint: W, capped; None: none, or worked out from what is measured.
        reactive: setpointReactive.
        phases: numberPhases.
        phase: phaseToUse.
        leading: The period of the transaction's own profile, None where there is none.
        external: The period of an external constraint whose setpoint is followed.
    """

    mode: str = DEFAULT_MODE
    limit: float | None = None
    discharge: float | None = None
    setpoint: float | None = None
    reactive: float | None = None
    phases: int | None = None
    phase: int | None = None
    leading: Leading | None = None
    external: Leading | None = None


def seconds(text: str) -> float:
    """Seconds of UTC of an RFC 3339 time; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def is_valid(installed: Installed, when: float, situation: Situation, seams: Seams) -> bool:
    """Whether a profile may lead at a time: period of validity, offline rules, updates of a Dynamic one."""
    profile = installed.profile
    early = "validFrom" in profile and when < seconds(profile["validFrom"])
    late = "validTo" in profile and when >= seconds(profile["validTo"])
    longest = profile.get("maxOfflineDuration")
    away = longest is not None and situation.offline is not None and situation.offline > longest
    expiry = expires(installed)
    stale = expiry is not None and when > expiry
    return not (
        seams.check(ChargingCheck.VALID_FROM, violated=early)
        or seams.check(ChargingCheck.VALID_TO, violated=late)
        or seams.check(ChargingCheck.OFFLINE, violated=away)
        or seams.check(ChargingCheck.OFFLINE_FOR_EVER, violated=installed.void)
        or seams.check(ChargingCheck.EXPIRED, violated=stale)
    )


def expires(installed: Installed) -> float | None:
    """When a Dynamic profile that gets no update becomes invalid (K28.FR.13)."""
    duration = installed.schedule.get("duration")
    updated = installed.profile.get("dynUpdateTime")
    if installed.kind != "Dynamic" or duration is None or updated is None:
        return None
    return seconds(updated) + float(duration)


def begins(installed: Installed, when: float, situation: Situation) -> float | None:
    """When the run of the schedule that covers a time began; None before the first one."""
    schedule = installed.schedule
    if installed.kind == "Dynamic":
        return -math.inf
    if installed.kind == "Relative" or "startSchedule" not in schedule:
        return situation.now if situation.started is None else situation.started
    text = schedule["startSchedule"]
    if schedule.get("useLocalTime"):
        local = datetime.fromisoformat(text).replace(tzinfo=UTC)
        start = local.timestamp() - situation.local_offset
    else:
        start = seconds(text)
    cycle = RECURRENCE.get(installed.profile.get("recurrencyKind", ""))
    if installed.kind != "Recurring" or cycle is None or when < start:
        return start
    return start + (when - start) // cycle * cycle


def period_at(installed: Installed, when: float, situation: Situation) -> Payload | None:
    """The period of a profile's schedule at a time, None where it has none (K01.FR.11 to K01.FR.13)."""
    start = begins(installed, when, situation)
    if start is None or when < start:
        return None
    if installed.kind == "Dynamic":
        return installed.periods[0]
    duration = installed.schedule.get("duration")
    if duration is not None and when - start >= duration:
        return None
    current = None
    for offset, period in zip(starts(installed, situation), installed.periods, strict=True):
        if offset <= when - start:
            current = period
    return current


def starts(installed: Installed, situation: Situation) -> list[float]:
    """Offsets of the periods with their random delays; a delay never overtakes the next period."""
    delays = installed.delays.get(situation.transaction_id or "", ())
    wanted = [float(period["startPeriod"]) for period in installed.periods]
    if not delays:
        return wanted
    delayed = [start + delay for start, delay in zip(wanted, delays, strict=True)]
    return [max(delayed[: index + 1]) for index in range(len(delayed))]


def applies(installed: Installed, purpose: str, places: tuple[int, ...], situation: Situation) -> bool:
    """Whether a profile is of a purpose, at one of these EVSEs and of this transaction."""
    if installed.purpose != purpose or installed.evse_id not in places:
        return False
    return purpose != TX or installed.transaction_id == situation.transaction_id


def leading(  # noqa: PLR0917 - a pure function of all that counts
    store: ProfileStore, purpose: str, places: tuple[int, ...], when: float, situation: Situation, seams: Seams
) -> Leading | None:
    """The period of the highest stack level that has one at that time (K01.FR.17).

    Args:
        store: All profiles.
        purpose: Purpose.
        places: EVSEs whose profiles are meant; 0: the station.
        when: The time.
        situation: The rest.
        seams: Where faults act.
    """
    found = {
        one.id: (one, period)
        for one in store
        if applies(one, purpose, places, situation)
        and is_valid(one, when, situation, seams)
        and (period := period_at(one, when, situation)) is not None
    }
    ranked = sorted(found, key=lambda key: (found[key][0].stack, found[key][0].order), reverse=True)
    ranked = seams.value(EnergyKnob.STACK, ranked)
    return _in_watts(*found[ranked[0]], situation, seams) if ranked else None


def _in_watts(installed: Installed, period: Payload, situation: Situation, seams: Seams) -> Leading:
    schedule = installed.schedule
    phases = period.get("numberPhases")
    amperes = schedule["chargingRateUnit"] == "A"
    factor: float = seams.value(EnergyKnob.RATE, situation.outlet.watts_per_ampere(phases)) if amperes else 1.0

    def total(name: str) -> float | None:
        parts = [period[part] for part in (name, *phased(name)) if part in period]
        # A lone base field is the sum; with its L2 and L3 it is L1 (K01.FR.145). Amperes are those of each phase.
        if not parts:
            return None
        unit = situation.outlet.volts if amperes and len(parts) > 1 else factor
        return float(sum(seams.value(EnergyKnob.PHASES, tuple(parts))) * unit)

    limit, setpoint = total("limit"), total("setpoint")
    beyond = schedule.get("limitAtSoC")
    if beyond is not None and situation.soc is not None and situation.soc >= beyond["soc"]:
        # K01.FR.100: the cap also makes a limit where there is none.
        cap = float(beyond["limit"]) * factor
        setpoint = setpoint if setpoint is None else min(setpoint, cap)
        limit = cap if limit is None else min(limit, cap)
    return Leading(installed, period, limit, total("dischargeLimit"), setpoint, total("setpointReactive"), phases)


def own_period(store: ProfileStore, when: float, situation: Situation, seams: Seams) -> Leading | None:
    """The period of PriorityCharging, TxProfile or TxDefaultProfile that counts (K 3.6, K21.FR.04)."""
    purposes = [PRIORITY] if seams.value(EnergyKnob.PRIORITY_ACTIVE, situation.priority) else []
    for purpose in [*purposes, TX, TX_DEFAULT]:
        found = leading(store, purpose, (0, situation.outlet.id), when, situation, seams)
        if found is not None:
            return found
    return None


def band_at(store: ProfileStore, when: float, situation: Situation, seams: Seams) -> Band:
    """The composite of an EVSE at a time.

    Args:
        store: All profiles.
        when: Seconds of UTC.
        situation: What validity depends on.
        seams: Where faults act.
    """
    outlet = situation.outlet
    own = own_period(store, when, situation, seams)
    # The station and the EVSE limit independently of each other: each has a stack of its own.
    constraints = [
        found
        for purpose in (MAXIMUM, EXTERNAL)
        for place in (0, outlet.id)
        if (found := leading(store, purpose, (place,), when, situation, seams)) is not None
    ]
    merged = [one for one in (own, *constraints) if one is not None]
    # That of the transaction first.
    limit = _least(seams.value(EnergyKnob.LIMITS, [one.limit for one in merged]))
    for place in (0, outlet.id):
        extra = leading(store, GENERATION, (place,), when, situation, seams)
        if limit is not None and extra is not None and extra.limit is not None:
            limit += seams.value(EnergyKnob.GENERATION, extra.limit)
    discharge = _greatest([one.discharge for one in merged])
    band = Band(
        mode=DEFAULT_MODE if own is None else own.mode,
        limit=None if limit is None else min(limit, outlet.charge),
        discharge=None if discharge is None else max(discharge, -outlet.discharge),
        setpoint=None if own is None else own.setpoint,
        reactive=None if own is None else own.reactive,
        phases=_fewest([one.phases for one in merged]),
        phase=next((one.period["phaseToUse"] for one in merged if "phaseToUse" in one.period), None),
        leading=own,
    )
    band = _with_external(band, constraints, situation, seams)
    return replace(band, setpoint=capped(band.setpoint, band, seams))


def _with_external(band: Band, constraints: list[Leading], situation: Situation, seams: Seams) -> Band:
    """The setpoint of an external system, where it counts (Q06.FR.20 to Q06.FR.22)."""
    external = next((one for one in constraints if one.mode == "ExternalSetpoint" and one.setpoint is not None), None)
    if external is None or external.setpoint is None:
        return band
    own_setpoint = band.mode in DISCHARGING and band.mode != "ExternalLimits"
    if own_setpoint and not seams.value(EnergyKnob.SETPOINT_PRIORITY, situation.external_first):
        return band
    share = situation.sharing if external.installed.evse_id == 0 else 1
    # Who has no V2X profile may charge by an external setpoint and not discharge (Q06, prerequisites).
    least = -math.inf if band.mode in DISCHARGING else 0.0
    wanted = max(external.setpoint / max(share, 1), least)
    return replace(band, mode="ExternalSetpoint", setpoint=wanted, reactive=external.reactive, external=external)


def capped(setpoint: float | None, band: Band, seams: Seams) -> float | None:
    """A setpoint within the limits (V2X.03, V2X.04, K08.FR.08)."""
    if setpoint is None:
        return None
    limit, discharge = band.limit, band.discharge
    if limit is not None and seams.check(ChargingCheck.ABOVE_LIMIT, violated=setpoint > max(limit, 0.0)):
        return limit
    if discharge is not None and seams.check(ChargingCheck.BELOW_DISCHARGE, violated=setpoint < min(discharge, 0.0)):
        return discharge
    return setpoint


def _least(values: list[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return min(present) if present else None


def _greatest(values: list[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return max(present) if present else None


def _fewest(values: list[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return min(present) if present else None


def boundaries(store: ProfileStore, begin: float, end: float, situation: Situation) -> Iterator[float]:
    """Times within a span at which the composite may change."""
    yield begin
    for one in store:
        for name in ("validFrom", "validTo"):
            if name in one.profile:
                yield seconds(one.profile[name])
        expiry = expires(one)
        if expiry is not None:
            # Valid up to and with the last moment (K28.FR.13); the schedule on the wire has whole seconds.
            yield math.nextafter(expiry, math.inf)
        yield from _turns(one, begin, end, situation)


def _turns(one: Installed, begin: float, end: float, situation: Situation) -> Iterator[float]:
    start = begins(one, begin, situation)
    if start is None or one.kind == "Dynamic":
        return
    cycle = RECURRENCE.get(one.profile.get("recurrencyKind", "")) if one.kind == "Recurring" else None
    offsets = starts(one, situation)
    if "duration" in one.schedule:
        offsets = [*offsets, float(one.schedule["duration"])]
    while start < end:
        yield from (start + offset for offset in offsets)
        if cycle is None:
            return
        start += cycle


def composite(
    store: ProfileStore, begin: float, duration: float, situation: Situation, seams: Seams
) -> list[tuple[float, Band]]:
    """The composite over a span.

    Args:
        store: All profiles.
        begin: Seconds of UTC.
        duration: Seconds.
        situation: What validity depends on.
        seams: Where faults act.

    Returns:
        Offsets from the beginning in s with what holds from then on; neighbours differ.
    """
    end = begin + duration
    times = sorted({when for when in boundaries(store, begin, end, situation) if begin <= when < end})
    found: list[tuple[float, Band]] = []
    for when in times:
        band = band_at(store, when, situation, seams)
        if not found or not _alike(found[-1][1], band):
            found.append((when - begin, band))
    return found


def _alike(one: Band, other: Band) -> bool:
    same = replace(one, leading=None, external=None) == replace(other, leading=None, external=None)
    return same and extras(one) == extras(other)


_EXTRAS: Final = ("v2xBaseline", "v2xFreqWattCurve", "v2xSignalWattCurve", "preconditioningRequest", "evseSleep")


def extras(band: Band) -> Payload:
    """What the leading period says beside power."""
    period = {} if band.leading is None or band.external is not None else band.leading.period
    return {name: period[name] for name in _EXTRAS if name in period}


def on_the_wire(offset: float, band: Band, unit: str, outlet: Outlet, *, full: bool) -> Payload:
    """A period of a CompositeSchedule.

    Args:
        offset: Seconds from its beginning.
        band: What holds.
        unit: W or A.
        outlet: The EVSE.
        full: With the fields of OCPP 2.1; otherwise there is a limit in any case.
    """
    factor = outlet.watts_per_ampere(band.phases) if unit == "A" else 1.0
    limit = band.limit
    if limit is None and (not full or band.mode == DEFAULT_MODE):
        # K08: local limits count as well, and the rating is one.
        limit = outlet.charge
    values = {"limit": limit}
    if full:
        values |= {"dischargeLimit": band.discharge, "setpoint": band.setpoint}
    period: Payload = {"startPeriod": round(offset)}
    period |= {name: tidy(value / factor) for name, value in values.items() if value is not None}
    if band.phases is not None:
        period["numberPhases"] = band.phases
    if band.phase is not None:
        period["phaseToUse"] = band.phase
    if full:
        if band.reactive is not None:
            period["setpointReactive"] = band.reactive
        period["operationMode"] = band.mode
        period |= extras(band)
    return period


def tidy(value: float) -> float:
    """Without the dust of binary fractions: 8.1 A stays 8.1 A."""
    return round(value, 6)
