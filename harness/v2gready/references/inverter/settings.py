"""What the device is configured to: the adjustable numbers, taken from a grid-code profile.

A parameter that the profile does not have switches its function off, unless a default stands beside the field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol, Self

Curve = tuple[tuple[float, float], ...]


class ProfileParameter(Protocol):
    """What is read of a parameter of `v2gready.grid.profile`."""

    @property
    def value(self) -> float | None:
        """A single number."""

    @property
    def text(self) -> str | None:
        """A word."""

    @property
    def rows(self) -> tuple[tuple[float, ...], ...]:
        """A table."""


class ProfileLike(Protocol):
    """What is read of a profile."""

    def get(self, name: str, /) -> ProfileParameter | None:
        """The parameter, None if the code does not have it."""


class PowerReference(StrEnum):
    """The power that a droop refers to (reference 1.6: a classic failure)."""

    RATED = "Pn"
    MAX_INJECTION = "Pmax_inj"
    MAX_ABSORPTION = "Pmax_abs"
    AT_THRESHOLD = "P_at_threshold"


class Relay(IntEnum):
    """What a protection stage looks at."""

    U_UNDER = 0
    U_OVER = 1
    F_UNDER = 2
    F_OVER = 3
    ROCOF = 4
    VECTOR_SHIFT = 5


STAGES: Mapping[str, Relay] = {
    "trip_u_under": Relay.U_UNDER,
    "trip_u_under_2": Relay.U_UNDER,
    "trip_u_over": Relay.U_OVER,
    "trip_u_over_2": Relay.U_OVER,
    "trip_u_over_3": Relay.U_OVER,
    "trip_f_under": Relay.F_UNDER,
    "trip_f_under_2": Relay.F_UNDER,
    "trip_f_over": Relay.F_OVER,
    "trip_f_over_2": Relay.F_OVER,
    "trip_rocof": Relay.ROCOF,
}
"""Profile parameters that are protection stages."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A definite-time protection stage.

    Attributes:
        name: The profile parameter.
        relay: What it looks at.
        value: pu, Hz, Hz/s or degrees.
        delay: Seconds.
    """

    name: str
    relay: Relay
    value: float
    delay: float


@dataclass(frozen=True, slots=True)
class DerSettings:
    """Settings of the unit. Curves: generator convention, pu; see the contract of the profile for each name.

    Attributes:
        lfsmo_threshold: Hz; infinity: no LFSM-O.
        lfsmo_droop: Percent.
        lfsmo_reference: Power that the droop refers to.
        lfsmo_return_gradient: Share of Pn per second after over-frequency (and after under-frequency); None: at once.
        lfsmo_recovery_band: Hz; the return begins inside it. None: below the threshold.
        lfsmu_threshold: Hz; minus infinity: no LFSM-U.
        lfsmu_droop: Percent.
        lfsmu_reference: Power that the droop refers to.
        lfsmu_charge_curve: (Hz, pu of Pn, export positive) floor while charging; empty: the droop holds.
        lfsmu_supply_below: Hz; below it the unit must supply. Minus infinity: no such rule.
        lfsmuc_threshold: Hz; charging without the right to discharge is cut from here on.
        lfsmuc_zero: Hz; to zero at this frequency.
        stages: Protection.
        u_over_10min: pu, limit of the ten-minute mean; None: no such stage.
        frt_recovery_voltage: pu; below it on a phase the unit is in a dip. Default 0.85.
        frt_recovery_time: Seconds in which power has to be back. Default 1.
        frt_zero_below: pu; no current below it. None: current goes on, limited.
        frt_zero_above: pu; no current above it. No profile parameter sets it.
        frt_k: Fast reactive current per voltage deviation. 0: none.
        reconnect_frequency: Hz, window.
        reconnect_voltage: pu, window.
        reconnect_wait: Seconds inside the window.
        reconnect_gradient: Share of Pn per second afterwards; None: at once.
        reconnect_random: Seconds; the wait is longer by a random share of it.
        qu_curve: (pu of voltage, pu of Sn, over-excited positive).
        qu_time: Seconds to 90 % of a step of Q(U).
        cosphi_p_curve: (share of Pn, cos φ under-excited).
        voltwatt_curve: (pu of voltage, greatest export in pu of Pn).
        anti_islanding: The active method is on.
    """

    lfsmo_threshold: float = 50.2
    lfsmo_droop: float = 5.0
    lfsmo_reference: PowerReference = PowerReference.AT_THRESHOLD
    lfsmo_return_gradient: float | None = None
    lfsmo_recovery_band: tuple[float, float] | None = None
    lfsmu_threshold: float = -math.inf
    lfsmu_droop: float = 5.0
    lfsmu_reference: PowerReference = PowerReference.RATED
    lfsmu_charge_curve: Curve = ()
    lfsmu_supply_below: float = -math.inf
    lfsmuc_threshold: float = -math.inf
    lfsmuc_zero: float = -math.inf
    stages: tuple[Stage, ...] = ()
    u_over_10min: float | None = None
    frt_recovery_voltage: float = 0.85
    frt_recovery_time: float = 1.0
    frt_zero_below: float | None = None
    frt_zero_above: float | None = None
    frt_k: float = 0.0
    reconnect_frequency: tuple[float, float] = (49.5, 50.2)
    reconnect_voltage: tuple[float, float] = (0.85, 1.10)
    reconnect_wait: float = 60.0
    reconnect_gradient: float | None = None
    reconnect_random: float = 0.0
    qu_curve: Curve = ()
    qu_time: float = 10.0
    cosphi_p_curve: Curve = ()
    voltwatt_curve: Curve = ()
    anti_islanding: bool = True

    @classmethod
    def from_profile(cls, profile: ProfileLike) -> Self:
        """The settings that a profile asks for."""
        read = _Reader(profile)
        threshold = read.number("lfsmuc_threshold", -math.inf)
        return cls(
            lfsmo_threshold=read.number("lfsmo_threshold", math.inf),
            lfsmo_droop=read.number("lfsmo_droop", 5.0),
            lfsmo_reference=read.reference("lfsmo_p_ref", PowerReference.AT_THRESHOLD),
            lfsmo_return_gradient=read.optional("lfsmo_return_gradient"),
            lfsmo_recovery_band=read.pair("lfsmo_recovery_band"),
            lfsmu_threshold=read.number("lfsmu_threshold", -math.inf),
            lfsmu_droop=read.number("lfsmu_droop", 5.0),
            lfsmu_reference=read.reference("lfsmu_p_ref", PowerReference.RATED),
            lfsmu_charge_curve=read.curve("lfsmu_charge_curve"),
            lfsmu_supply_below=read.number("lfsmu_supply_below", -math.inf),
            lfsmuc_threshold=threshold,
            lfsmuc_zero=read.number("lfsmuc_zero", threshold - 0.8),
            stages=tuple(read.stages()),
            u_over_10min=read.optional("trip_u_over_10min"),
            frt_recovery_voltage=read.number("frt_recovery_voltage", 0.85),
            frt_recovery_time=read.number("frt_recovery_time", 1.0),
            frt_zero_below=read.optional("frt_zero_current_below"),
            frt_k=read.number("frt_k", 0.0),
            reconnect_frequency=read.pair("reconnect_frequency") or (49.5, 50.2),
            reconnect_voltage=read.pair("reconnect_voltage") or (0.85, 1.10),
            reconnect_wait=read.number("reconnect_wait", 60.0),
            reconnect_gradient=read.optional("reconnect_gradient"),
            reconnect_random=read.number("reconnect_random", 0.0),
            qu_curve=read.curve("qu_curve"),
            qu_time=read.number("qu_time", 10.0),
            cosphi_p_curve=read.curve("cosphi_p_curve"),
            voltwatt_curve=read.curve("voltwatt_curve"),
        )

    def stage(self, name: str) -> Stage | None:
        """The protection stage of that name."""
        return next((stage for stage in self.stages if stage.name == name), None)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Typed access to the parameters of a profile."""

    profile: ProfileLike

    def optional(self, name: str) -> float | None:
        parameter = self.profile.get(name)
        return None if parameter is None else parameter.value

    def number(self, name: str, default: float) -> float:
        value = self.optional(name)
        return default if value is None else value

    def reference(self, name: str, default: PowerReference) -> PowerReference:
        parameter = self.profile.get(name)
        return default if parameter is None or parameter.text is None else PowerReference(parameter.text)

    def rows(self, name: str) -> Sequence[tuple[float, ...]]:
        parameter = self.profile.get(name)
        return () if parameter is None else parameter.rows

    def curve(self, name: str) -> Curve:
        return tuple((row[0], row[1]) for row in sorted(self.rows(name), key=lambda row: row[0]))

    def pair(self, name: str) -> tuple[float, float] | None:
        rows = self.rows(name)
        return (rows[0][0], rows[0][1]) if rows else None

    def stages(self) -> list[Stage]:
        return [
            Stage(name, relay, row[0], row[1])
            for name, relay in STAGES.items()
            for row in self.rows(name)
            if math.isfinite(row[0])
        ]
