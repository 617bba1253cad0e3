"""Price schedules: one price for all of the time [V2G20-2176], signed where there is a key (reference 3.2, 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import signature
from v2gready.protocols.iso15118.secc.quantities import rational
from v2gready.protocols.iso15118.secc.turn import Turn

ENERGY_FEE: Final = 0.35
"""Per kWh, in the currency of the schedule."""
POWER_ALGORITHM: Final = "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power"

Price = m.AbsolutePriceSchedule | m.PriceLevelSchedule


def price_schedule(turn: Turn, duration: int) -> Price | None:
    """The price for so many seconds; None if this charger says nothing about it."""
    if turn.config.absolute_prices:
        rule = m.PriceRule(EnergyFee=rational(ENERGY_FEE), PowerRangeStart=rational(0.0))
        return m.AbsolutePriceSchedule(
            TimeAnchor=turn.utc,
            PriceScheduleID=1,
            Currency="EUR",
            Language="eng",
            PriceAlgorithm=POWER_ALGORITHM,
            PriceRuleStacks=m.PriceRuleStackList(
                PriceRuleStack=(m.PriceRuleStack(Duration=duration, PriceRule=(rule,)),)
            ),
        )
    if not turn.config.price_levels:
        return None
    level = m.PriceLevelScheduleEntry(Duration=duration, PriceLevel=1)
    return m.PriceLevelSchedule(
        TimeAnchor=turn.utc,
        PriceScheduleID=1,
        NumberOfPriceLevels=1,
        PriceLevelScheduleEntries=m.PriceLevelScheduleEntryList(PriceLevelScheduleEntry=(level,)),
    )


def signed_prices(turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
    """The response with a signature over all its price schedules, if this charger signs them."""
    key = turn.station.backend.price_key() if turn.config.price_signed else None
    if key is None or response.EVSEProcessing is not m.Processing.Finished:
        return response
    numbers = count(1)
    mode = response.SEResControlMode
    named: m.Dynamic_SEResControlMode | m.Scheduled_SEResControlMode
    if isinstance(mode, m.Dynamic_SEResControlMode):
        named = replace(mode, PriceSchedule=_named(mode.PriceSchedule, numbers))
    else:
        named = m.Scheduled_SEResControlMode(
            ScheduleTuple=tuple(
                replace(
                    one,
                    ChargingSchedule=_priced(one.ChargingSchedule, numbers),
                    DischargingSchedule=None
                    if one.DischargingSchedule is None
                    else _priced(one.DischargingSchedule, numbers),
                )
                for one in mode.ScheduleTuple
            )
        )
    response = replace(response, SEResControlMode=named)
    return signature.sign_message(response, key) if signature.signed_elements(response) else response


def _priced(schedule: m.ChargingSchedule, numbers: Iterator[int]) -> m.ChargingSchedule:
    return replace(schedule, PriceSchedule=_named(schedule.PriceSchedule, numbers))


def _named(price: Price | None, numbers: Iterator[int]) -> Price | None:
    """With an Id, which a Reference needs."""
    return None if price is None else replace(price, Id=f"price{next(numbers)}")
