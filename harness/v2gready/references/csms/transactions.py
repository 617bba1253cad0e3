"""Transactions as the CSMS keeps them: by id, by seqNo, by the time at which things happened, with a ledger by sign.

Events come late, twice, or the last before the first (E04, E13). Nothing of that may lose or revive a transaction, or
change what it costs.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from v2gready.references.csms.config import Band

_KEPT_READINGS = 512
_IMPORT = "Energy.Active.Import.Register"
_EXPORT = "Energy.Active.Export.Register"


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """A meter at one instant.

    Attributes:
        at: Unix time of the reading.
        imported: Energy.Active.Import.Register, in Wh; None if it was not read.
        exported: Energy.Active.Export.Register, in Wh.
    """

    at: float
    imported: float | None = field(default=None, compare=False)
    exported: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Event:
    """A TransactionEvent.

    Attributes:
        transaction_id: Its transaction.
        kind: Started, Updated or Ended.
        seq_no: Its number.
        at: Unix time at which it happened, whenever it came.
        offline: The station was offline then.
        evse: Where, if it says.
        readings: What the meter showed.
    """

    transaction_id: str
    kind: str
    seq_no: int
    at: float
    offline: bool = False
    evse: int | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Energy between two readings.

    Attributes:
        at: Unix time of the first: it decides the price.
        imported: Energy into the car, in Wh.
        exported: Energy out of the car, in Wh.
    """

    at: float
    imported: float
    exported: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a transaction amounts to.

    Attributes:
        imported: Energy into the car, in Wh.
        exported: Energy out of the car, in Wh.
        cost: What the customer pays; negative: gets.
    """

    imported: float = 0.0
    exported: float = 0.0
    cost: float = 0.0


Booking = Callable[[Slice], Slice]


@dataclass(slots=True)
class Transaction:
    """One transaction.

    Attributes:
        id: Its id.
        token: idToken that authorized it, as far as known.
        evse: Where it is.
        started: The Started event is known.
        ended: It is over; nothing revives it.
        transfers: Energy transfers that are allowed, None while undecided.
        surplus: Energy that was counted without cause; faults alone do that.
    """

    id: str
    token: str | None = None
    evse: int | None = None
    started: bool = False
    ended: bool = False
    transfers: tuple[str, ...] | None = None
    surplus: tuple[Slice, ...] = ()
    readings: list[Reading] = field(default_factory=list)
    _through: int = -1
    _beyond: set[int] = field(default_factory=set)

    def seen(self, seq_no: int) -> bool:
        """That event is already there."""
        return seq_no <= self._through or seq_no in self._beyond

    @property
    def gap(self) -> bool:
        """Some event before the last one is missing."""
        return bool(self._beyond)

    def take(self, event: Event) -> None:
        """Adds an event that was not there before."""
        self._beyond.add(event.seq_no)
        while self._through + 1 in self._beyond:
            self._through += 1
            self._beyond.discard(self._through)
        self.started = self.started or event.kind == "Started"
        self.ended = self.ended or event.kind == "Ended"
        self.evse = self.evse if event.evse is None else event.evse
        for reading in event.readings:
            insort(self.readings, reading)
        if len(self.readings) > _KEPT_READINGS:
            self._thin_out()

    def count_again(self, event: Event) -> None:
        """Counts the energy of an event once more; only a fault asks for that."""
        self.surplus += tuple(
            piece for piece in _slices(self.readings) for reading in event.readings if _ends_at(piece, reading, self)
        )

    def ledger(self, tariff: tuple[Band, ...], booking: Booking) -> Ledger | None:
        """What it amounts to; None if no meter was read."""
        if not self.readings:
            return None
        imported = exported = cost = 0.0
        for piece in (*_slices(self.readings), *self.surplus):
            booked = booking(piece)
            band = _band(tariff, booked.at)
            imported += booked.imported
            exported += booked.exported
            cost += booked.imported / 1000 * band.import_price - booked.exported / 1000 * band.export_price
        return Ledger(imported, exported, round(cost, 6))

    def _thin_out(self) -> None:
        """Bounds the memory: of the older half every second reading goes, and the hours stay apart."""
        half = len(self.readings) // 2
        old = self.readings[:half]
        kept = [
            reading
            for index, reading in enumerate(old)
            if index in {0, half - 1} or index % 2 or int(reading.at // 3600) != int(old[index - 1].at // 3600)
        ]
        self.readings = kept + self.readings[half:]


def _slices(readings: Iterable[Reading]) -> Iterable[Slice]:
    imported: Reading | None = None
    exported: Reading | None = None
    for reading in readings:
        if reading.imported is not None:
            if imported is not None and imported.imported is not None:
                yield Slice(imported.at, max(0.0, reading.imported - imported.imported), 0.0)
            imported = reading
        if reading.exported is not None:
            if exported is not None and exported.exported is not None:
                yield Slice(exported.at, 0.0, max(0.0, reading.exported - exported.exported))
            exported = reading


def _ends_at(piece: Slice, reading: Reading, transaction: Transaction) -> bool:
    """The slice is the one between that reading and the one before it."""
    earlier = [other.at for other in transaction.readings if other.at < reading.at]
    return bool(earlier) and piece.at == max(earlier)


def _band(tariff: tuple[Band, ...], at: float) -> Band:
    hour = datetime.fromtimestamp(at, UTC).hour
    return [band for band in tariff if band.from_hour <= hour][-1]


# Reading the message


def unix(stamp: str) -> float:
    """Unix time of a date-time of the wire, which the schema has checked."""
    return datetime.fromisoformat(stamp).timestamp()


def event_of(payload: Mapping[str, Any]) -> Event:
    """The event in a TransactionEventRequest."""
    evse = payload.get("evse")
    return Event(
        transaction_id=payload["transactionInfo"]["transactionId"],
        kind=payload["eventType"],
        seq_no=payload["seqNo"],
        at=unix(payload["timestamp"]),
        offline=payload.get("offline", False),
        evse=None if evse is None else evse["id"],
        readings=tuple(
            reading for value in payload.get("meterValue", ()) if (reading := reading_of(value)) is not None
        ),
    )


def reading_of(meter_value: Mapping[str, Any]) -> Reading | None:
    """The energy registers at the outlet in a MeterValue; None without any."""
    reading = Reading(unix(meter_value["timestamp"]))
    for sample in meter_value["sampledValue"]:
        if sample.get("location", "Outlet") != "Outlet" or "phase" in sample:
            continue
        measurand = sample.get("measurand", _IMPORT)
        if measurand == _IMPORT:
            reading = replace(reading, imported=watt_hours(sample))
        elif measurand == _EXPORT:
            reading = replace(reading, exported=watt_hours(sample))
    return None if reading.imported is None and reading.exported is None else reading


def watt_hours(sample: Mapping[str, Any]) -> float:
    """Value of an energy sample in Wh, whatever its unit."""
    unit = sample.get("unitOfMeasure", {})
    factor = 1000.0 if unit.get("unit", "Wh") == "kWh" else 1.0
    return float(sample["value"]) * factor * 10.0 ** int(unit.get("multiplier", 0))
