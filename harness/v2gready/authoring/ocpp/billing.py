"""What a transaction costs, computed from the meter values that a station sent: the oracle for totalCost.

Exported energy shows in a CSMS nowhere but in money. The tariff of the test customer is a parameter of the DUT file,
``ocpp_tariff``: hour of the day (UTC) from which it holds, price of a kWh charged, money for a kWh discharged;
``"0 0.20 0.10, 6 0.40 0.30"``. No other fee is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.judgements import describe
from v2gready.authoring.ocpp.wire import RpcExchange, instant, transactions
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace

CENT: Final = 0.011
"""A CSMS may round to the hundredth."""
_REGISTERS: Final = {"Energy.Active.Import.Register": "charge", "Energy.Active.Export.Register": "discharge"}


@dataclass(frozen=True, slots=True)
class Price:
    """What holds from an hour of the day (UTC) on.

    Attributes:
        hour: 0 to 23.
        charge: Price of a kWh into the car.
        discharge: Money for a kWh out of it.
    """

    hour: int
    charge: float
    discharge: float


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices over a day.

    Attributes:
        prices: In order of the hour, the first from midnight.
    """

    prices: tuple[Price, ...]

    @classmethod
    def read(cls, text: str) -> Tariff:
        """The tariff of a DUT file.

        Raises:
            ValueError: It is written differently.
        """
        rows = [row.split() for row in text.split(",") if row.strip()]
        if any(len(row) != 3 for row in rows):
            raise ValueError(f"ocpp_tariff {text!r} is no list of hour, price, price")
        prices = sorted((Price(int(row[0]), float(row[1]), float(row[2])) for row in rows), key=lambda one: one.hour)
        if not prices or prices[0].hour != 0:
            raise ValueError(f"ocpp_tariff {text!r} does not begin at hour 0")
        return cls(tuple(prices))

    def at(self, moment: float) -> Price:
        """What holds at a Unix time."""
        hour = datetime.fromtimestamp(moment, UTC).hour
        return [price for price in self.prices if price.hour <= hour][-1]


def declared_tariff(trace: Trace) -> Tariff:
    """The tariff of the DUT file.

    Raises:
        Inconclusive: There is none, or it cannot be read.
    """
    text = trace.declared.get("ocpp_tariff")
    if not text:
        raise Inconclusive("the DUT file has no ocpp_tariff")
    try:
        return Tariff.read(str(text))
    except ValueError as problem:
        raise Inconclusive(str(problem)) from None


@dataclass(frozen=True, slots=True)
class Bill:
    """What a transaction amounts to.

    Attributes:
        charge: Wh into the car.
        discharge: Wh out of it.
        cost: Money; negative if the customer gets some.
    """

    charge: float = 0.0
    discharge: float = 0.0
    cost: float = 0.0


def bill(events: list[RpcExchange], tariff: Tariff, *, at: float | None = None) -> Bill:
    """What the events of a transaction amount to, each counted once, at the price of the time at which it happened.

    Args:
        events: TransactionEvents, as often and in whatever order they were sent.
        tariff: Prices.
        at: Book everything at this Unix time instead.

    Raises:
        Inconclusive: There are no two readings.
    """
    once = {one.payload["seqNo"]: one.payload for one in events}
    readings = sorted(reading for payload in once.values() for reading in _readings(payload))
    totals = {"charge": 0.0, "discharge": 0.0}
    cost = 0.0
    for name in totals:
        course = [(moment, value) for moment, kind, value in readings if kind == name]
        for (begin, low), (_, high) in pairwise(course):
            price = tariff.at(begin if at is None else at)
            totals[name] += high - low
            cost += (high - low) / 1000 * (price.charge if name == "charge" else -price.discharge)
    if len(readings) < 2:
        raise Inconclusive("no two meter readings were sent")
    return Bill(totals["charge"], totals["discharge"], cost)


def _readings(payload: Mapping[str, Any]) -> Iterator[tuple[float, str, float]]:
    for value in payload.get("meterValue", ()):
        for sample in value["sampledValue"]:
            kind = _REGISTERS.get(sample.get("measurand", "Energy.Active.Import.Register"))
            unit = sample.get("unitOfMeasure", {})
            factor = (1000.0 if unit.get("unit") == "kWh" else 1.0) * 10.0 ** int(unit.get("multiplier", 0))
            if kind is not None:
                yield instant(value["timestamp"]), kind, float(sample["value"]) * factor


def last_events(trace: Trace, nth: int = -1) -> list[RpcExchange]:
    """The events of a transaction of ours: the last one begun, unless told otherwise.

    Raises:
        Inconclusive: There was none.
    """
    found = list(transactions(trace).values())
    try:
        return found[nth]
    except IndexError:
        raise Inconclusive(f"{len(found)} transactions only were told") from None


def served_to_the_end(trace: Trace) -> None:
    """The last transaction of ours was ended, and the CSMS took that: it lived through all of the case.

    Raises:
        Inconclusive: It was not, or the end got no result.
    """
    over = [one for one in last_events(trace) if one.payload.get("eventType") == "Ended"]
    if not over or over[-1].answer is None:
        raise Inconclusive("the end of the transaction was not told, or not taken")


def costs_what_flowed(requirement: str, events: list[RpcExchange], expected: Bill) -> Observation:
    """The answer to Ended tells the cost that the energy of the transaction has, by direction and time.

    Raises:
        Inconclusive: Ended was not sent, or not answered by a result.
    """
    over = [one for one in events if one.payload.get("eventType") == "Ended"]
    if not over or over[-1].answer is None:
        seen = describe(over[-1]) if over else "it was not sent"
        raise Inconclusive(f"the end of the transaction was not taken: {seen}")
    told = over[-1].answer.get("totalCost")
    good = isinstance(told, int | float) and not isinstance(told, bool) and abs(told - expected.cost) <= CENT
    flows = f"{expected.charge / 1000:g} kWh charged, {expected.discharge / 1000:g} kWh discharged"
    return holds(
        requirement,
        good,
        expected=f"totalCost {expected.cost:.2f} for {flows}",
        seen="no totalCost" if told is None else f"totalCost {told!r}",
        at=over[-1].at,
    )
