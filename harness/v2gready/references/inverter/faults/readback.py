"""Faults of the settings: read back wrongly, changed by themselves, or those of another country (4.1; VG-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.references.inverter.faults.registry import behaves, fault
from v2gready.references.inverter.registers import Registers
from v2gready.references.inverter.seams import Fault
from v2gready.references.inverter.settings import DerSettings, Relay, Stage


def _foreign(given: DerSettings) -> DerSettings:
    """A factory preset of Spain RD1699 (reference 1.8): other stages, window, wait and gradient."""
    return replace(
        given,
        lfsmo_threshold=50.3,
        stages=(
            Stage("trip_u_under", Relay.U_UNDER, 0.85, 1.2),
            Stage("trip_u_over", Relay.U_OVER, 1.10, 1.2),
            Stage("trip_u_over_2", Relay.U_OVER, 1.15, 0.16),
            Stage("trip_f_under", Relay.F_UNDER, 48.0, 3.6),
            Stage("trip_f_over", Relay.F_OVER, 50.5, 0.4),
        ),
        u_over_10min=None,
        reconnect_wait=180.0,
        reconnect_gradient=0.1,
    )


@fault("preset-of-another-country", "Is configured to the preset of another country.")
class PresetOfAnotherCountry(Fault):
    """Read back and done."""

    def configuration(self, settings: DerSettings) -> DerSettings:
        """The wrong row of the list."""
        return _foreign(settings)


behaves("shows-one-preset-runs-another", "Reads back its preset and runs that of another country.", _foreign)


@fault("settings-change-after-trip", "Has the factory settings again after a trip.")
class SettingsChangeAfterTrip(Fault):
    """VG-11: read-back before and after the run."""

    def after_trip(self, settings: DerSettings) -> DerSettings:
        """Factory settings."""
        return _foreign(settings)


@fault("droop-read-back-wrong", "Reads back twice the droop that it follows.")
class DroopReadBackWrong(Fault):
    """Model 711."""

    def registers(self, registers: Registers) -> Registers:
        """The behaviour is right."""
        return {
            name: 2 * value if name in {"711.Ctl.KOf", "711.Ctl.KUf"} else value for name, value in registers.items()
        }


@fault("enter-service-read-back-wrong", "Reads back a wait of 300 s before it enters service.")
class EnterServiceReadBackWrong(Fault):
    """Model 703."""

    def registers(self, registers: Registers) -> Registers:
        """The behaviour is right."""
        return {**registers, "703.ESDlyTms": 300.0}


@fault("trip-times-read-back-wrong", "Reads back the times of its frequency stages ten times too long.")
class TripTimesReadBackWrong(Fault):
    """Models 709 and 710."""

    def registers(self, registers: Registers) -> Registers:
        """The behaviour is right."""
        return {
            name: 10 * value if name.startswith(("709.", "710.")) and name.endswith(".Tms") else value
            for name, value in registers.items()
        }


@fault("new-settings-ignored", "Reads back new settings and goes on with the old ones.")
class NewSettingsIgnored(Fault):
    """VG-02."""

    def __init__(self) -> None:
        self._first: DerSettings | None = None

    def behaviour(self, settings: DerSettings) -> DerSettings:
        """The first settings it ever had."""
        self._first = self._first or settings
        return self._first


@fault("new-settings-refused", "Keeps its settings when new ones are written.")
class NewSettingsRefused(Fault):
    """VG-02; honest in what it reads back."""

    def accepts(self, settings: DerSettings, before: DerSettings) -> DerSettings:
        """As before."""
        return before
