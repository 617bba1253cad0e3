"""The reference inverter as the engine finds it: name, role, faults, and how to switch it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from v2gready.references.inverter import compiled
from v2gready.references.inverter.faults import CATALOGUE, make
from v2gready.references.inverter.handle import RunningInverter
from v2gready.references.inverter.rating import Battery, Rating
from v2gready.references.inverter.settings import DerSettings, ProfileLike


class ReferenceInverter:
    """A device under test that we ship: a correct storage unit, and one switch for each thing it can do wrong."""

    name = "inverter"

    @property
    def faults(self) -> Mapping[str, str]:
        """Every fault with its sentence."""
        return {name: fault.sentence for name, fault in CATALOGUE.items()}

    def open(
        self,
        rating: Rating,
        profile: ProfileLike | DerSettings,
        faults: Sequence[str] = (),
        seed: int = 0,
        *,
        battery: Battery | None = None,
        fast: bool | None = None,
    ) -> RunningInverter:
        """Switches the inverter on: connected to a nominal grid, no power.

        Args:
            rating: What it is rated for.
            profile: The code that it is configured to, or its settings.
            faults: Names of what it does wrong.
            seed: Of its random delays.
            battery: What is behind it.
            fast: Compiled loops; by default if numba is there.

        Raises:
            KeyError: There is no fault of that name.
        """
        settings = profile if isinstance(profile, DerSettings) else DerSettings.from_profile(profile)
        return RunningInverter(
            rating,
            settings,
            faults=make(faults),
            battery=battery,
            seed=seed,
            fast=compiled.available() if fast is None else fast,
        )
