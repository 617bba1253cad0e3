"""What the driver and the vehicle ask for in the middle of a transaction: other needs, priority (K20, K22)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    got,
    holds,
    install,
    noted,
    notes,
    period,
    profile,
    received,
    sent,
    share_of_power,
    start_v2x,
    still_serves,
)

NEEDS: Final = "NotifyEVChargingNeeds"
PRIORITY: Final = "NotifyPriorityCharging"
PATIENCE: Final = 60.0
"""Seconds for what passes between station and vehicle first; ours."""


class NewNeeds(StationCase):
    """The driver stays for dinner and says so in the car: the CSMS plans anew, if it is told."""

    id = "CHG-OCPP-WISH-01"
    title = "Needs that change in a transaction are told by another NotifyEVChargingNeeds"
    area = "charging"
    requirements = ("OCPP-K20-CHANGED",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token", "new_needs")
    faults: ClassVar = {"new-needs-not-told": "OCPP-K20-CHANGED", "new-needs-outdated": "OCPP-K20-CHANGED"}

    async def stimulate(self, bench: StationBench) -> None:
        """Has the vehicle tell another target and another departure."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            await station.look_for(NEEDS, since=0, within=PATIENCE)
            await noted(bench, station, "wish", 1)
            mark = station.mark
            await bench.act("new_needs", evse=transaction.evse, target_soc=95, departure=7200)
            await station.look_for(NEEDS, since=mark, within=PATIENCE)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Other needs than before, behind the wish."""
        before = got(trace, NEEDS)
        _, wish = notes(trace, "wish")[0]
        if before.request.index > wish.request.index:
            raise Inconclusive("no needs were told before they changed")
        later = [one for one in calls(trace, NEEDS, sender=trace.dut) if one.request.index > wish.request.index]
        yield received("OCPP-K20-CHANGED", trace, NEEDS, what="with the new needs", after=wish.request, within=PATIENCE)
        if later:
            yield holds(
                "OCPP-K20-CHANGED",
                later[-1].payload["chargingNeeds"] != before.payload["chargingNeeds"],
                expected="other needs than before",
                seen=str(later[-1].payload["chargingNeeds"].get("departureTime", "the same needs")),
                at=(*before.at, *later[-1].at),
            )
        still_serves(trace)


class PriorityButton(StationCase):
    """The driver presses the button for priority. A CSMS that is not told goes on to plan for a patient car."""

    id = "CHG-OCPP-WISH-02"
    title = "Priority charging that the driver begins and ends is told by NotifyPriorityCharging"
    area = "charging"
    requirements = ("OCPP-K22-NOTIFY",)
    pics = "ocpp21 and ocpp_smart_charging and ocpp_priority_charging and ocpp_v2x"
    hooks = ("plug_in", "present_token", "priority")
    faults: ClassVar = {"priority-not-notified": "OCPP-K22-NOTIFY", "priority-told-wrong-way": "OCPP-K22-NOTIFY"}

    async def stimulate(self, bench: StationBench) -> None:
        """Installs a profile for it, presses the button, and takes it back."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            limit = period(0, limit=share_of_power(bench, 0.5))
            one = profile(9601, limit, purpose="PriorityCharging", start=bench.stamp(-10))
            await install(station, one, evse=transaction.evse)
            for activate in (True, False):
                await noted(bench, station, "button", int(activate))
                mark = station.mark
                await bench.act("priority", evse=transaction.evse, activate=activate)
                await station.look_for(
                    PRIORITY, where=lambda one, on=activate: one["activated"] is on, since=mark, within=PATIENCE
                )
                await station.silence(1)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """One notification behind each press, with its transaction and the right state."""
        if sent(trace, "SetChargingProfile").status != "Accepted":
            raise Inconclusive("no profile for priority charging was accepted")
        pressed = notes(trace, "button")
        if len(pressed) < 2:
            raise Inconclusive("the button was not pressed twice")
        started = got(trace, "TransactionEvent")
        identity = started.payload["transactionInfo"]["transactionId"]
        for value, note in pressed:
            wanted = {"transactionId": identity, "activated": bool(value)}

            def fits(told: Mapping[str, Any], wanted: Mapping[str, Any] = wanted) -> bool:
                return all(told.get(name) == one for name, one in wanted.items())

            what = f"with activated {str(bool(value)).lower()}"
            yield received(
                "OCPP-K22-NOTIFY", trace, PRIORITY, where=fits, what=what, after=note.request, within=PATIENCE
            )
        still_serves(trace)
