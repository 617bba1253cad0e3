"""Energy registers integrated from power, meter values made of them, and the meter at the outlet (J01, J02)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.context import Evse, Listener
from v2gready.references.station.timers import Timer

if TYPE_CHECKING:
    from v2gready.references.station.station import Station

_HOUR: Final = 3600.0
_DECIMALS: Final = 4


class MeterKnob(Enum):
    """What a fault may bend in the meter."""

    IMPORT = "energy taken by the vehicle in Wh"
    EXPORT = "energy given back in Wh"
    VALUES = "meter values"
    MEASURED = "power at the outlet in W"


class Outlet(Protocol):
    """A power stage of its own behind an EVSE, such as a charger that talks ISO 15118-20 to a car."""

    @property
    def power(self) -> float:
        """What it really does, in W, positive charging."""

    def follow(self, watts: float) -> None:
        """What it is asked to do."""


class Meters:
    """The meters of all EVSEs.

    Args:
        station: The station.
        listener: The meter of the bench at the outlets.

    Attributes:
        outlets: Power stages by EVSE; one without steps to its setpoint at once.
    """

    def __init__(self, station: Station, listener: Listener | None) -> None:
        self._station = station
        self._listener = listener
        self._since: float | None = None
        self._sampling: Timer | None = None
        self.outlets: dict[int, Outlet] = {}

    def advance(self, now: float) -> None:
        """Counts the energy since the last call."""
        before, self._since = self._since, now
        if before is None or now <= before:
            return
        for evse in self._station.evses.values():
            energy = evse.power * (now - before) / _HOUR
            if energy == 0.0:
                continue
            evse.import_wh += self._station.seams.value(MeterKnob.IMPORT, max(energy, 0.0))
            evse.export_wh += self._station.seams.value(MeterKnob.EXPORT, max(-energy, 0.0))
            if evse.vehicle is not None:
                evse.soc = min(100.0, max(0.0, evse.soc + 100.0 * energy / evse.vehicle.capacity_wh))

    def set_power(self, evse: Evse, watts: float, now: float) -> None:
        """An EVSE is to have this power; with an outlet of its own it has what that one does."""
        self.advance(now)
        outlet = self.outlets.get(evse.id)
        if outlet is not None:
            outlet.follow(watts)
            watts = outlet.power
        if watts != evse.power:
            evse.power = watts
            self._tell(evse)

    def read_outlets(self, now: float) -> None:
        """Takes over what the outlets do at present."""
        self.advance(now)
        for number, outlet in self.outlets.items():
            evse = self._station.evses[number]
            if outlet.power != evse.power:
                evse.power = outlet.power
                self._tell(evse)

    def sample(self, now: float) -> None:
        """Starts or goes on with the samples of the outlet meter."""
        if self._sampling is None or not self._sampling.pending:
            self._sampling = self._station.timers.at(now + self._station.config.meter_period, self._sample_due)

    def power_cycle(self) -> None:
        """No power, and the timers are gone; the registers stay."""
        for evse in self._station.evses.values():
            evse.power = 0.0
            self._tell(evse)
        self._sampling = None

    def start(self, now: float) -> None:
        """The power supply is on."""
        self._since = now

    def values(self, evse: Evse, context: str, now: float, *, wanted: list[str] | None = None) -> list[Payload]:
        """One meterValue entry, or none where nothing can be measured.

        Args:
            evse: The EVSE.
            context: ReadingContext.
            now: The time.
            wanted: Measurands; None: those of a sample.
        """
        self.advance(now)
        names = wanted if wanted is not None else self.measurands(evse, "TxUpdatedMeasurands")
        known = self._known(evse, now)
        samples: list[Payload] = []
        for name in dict.fromkeys(names):
            if name in known:
                value, unit = known[name]
                sample: Payload = {"value": round(value, _DECIMALS), "context": context, "measurand": name}
                sample["location"] = "EV" if name == "SoC" else "Outlet"
                samples.append({**sample, "unitOfMeasure": {"unit": unit}})
        if not samples:
            return []
        entry: Payload = {"timestamp": self._station.stamp(now), "sampledValue": samples}
        return list(self._station.seams.value(MeterKnob.VALUES, [entry]))

    def measurands(self, evse: Evse, variable: str) -> list[str]:
        """What is to be measured, with what the operation mode adds (Q01.FR.33 to 35)."""
        model = self._station.model
        names = model.members("SampledDataCtrlr", variable)
        mode = evse.transaction.operation_mode if evse.transaction is not None else None
        if mode is not None:
            names += model.members("V2XChargingCtrlr", variable, instance=mode, evse=evse.id)
        return names

    def _known(self, evse: Evse, now: float) -> dict[str, tuple[float, str]]:
        voltage = evse.config.nominal_voltage
        known = {
            "Energy.Active.Import.Register": (evse.import_wh, "Wh"),
            "Energy.Active.Export.Register": (evse.export_wh, "Wh"),
            "Energy.Active.Net": (evse.import_wh - evse.export_wh, "Wh"),
            "Power.Active.Import": (max(evse.power, 0.0), "W"),
            "Power.Active.Export": (max(-evse.power, 0.0), "W"),
            "Current.Import": (max(evse.power, 0.0) / voltage, "A"),
            "Current.Export": (max(-evse.power, 0.0) / voltage, "A"),
            "Voltage": (voltage, "V"),
        }
        if evse.vehicle is not None:
            known["SoC"] = (evse.soc, "Percent")
        return self._station.energy_values(evse.id, now) | known

    def _tell(self, evse: Evse) -> None:
        if self._listener is not None:
            self._listener(f"evse{evse.id}.power", self._station.seams.value(MeterKnob.MEASURED, evse.power), "W")

    def _sample_due(self, now: float) -> None:
        self._station.refresh(now)
        for evse in self._station.evses.values():
            if evse.transaction is not None:
                self._tell(evse)
        if any(evse.transaction is not None for evse in self._station.evses.values()):
            self.sample(now)
