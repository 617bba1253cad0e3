"""What a charging station tells in its messages: true values, right instants, what it is asked to send (F06, J02)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    holds,
    instant,
    look,
    not_accepted,
    power_told_is_true,
    readings,
    start_transaction,
    status_is,
    still_serves,
)

EVENT = "TransactionEvent"


class TransactionCase(StationCase):
    """What the cases about transactions share."""

    area = "transactions"
    hooks: ClassVar[tuple[str, ...]] = ("plug_in", "present_token", "stop", "unplug")


class TrueValues(TransactionCase):
    """What is told is what flows: power as the meter of the bench shows it, energy that fits to power and time."""

    id = "CHG-OCPP-TX-06"
    title = "Power and energy that are told are those that flow"
    requirements = ("OCPP-J02-TRUE",)
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {"meter-unit-wrong": "OCPP-J02-TRUE", "power-told-halved": "OCPP-J02-TRUE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Charges for five minutes."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.silence(300)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares with the meter of the bench where there is one, and energy with power."""
        rule, register = "OCPP-J02-TRUE", "Energy.Active.Import.Register"
        values = readings(trace, register, evse=1)
        powers = readings(trace, "Power.Active.Import", evse=1)
        if len(values) < 3 or len(powers) < 3 or values[-1].taken - values[0].taken < 120:
            raise Inconclusive("too few values of energy and power were told")
        seconds = powers[-1].taken - powers[0].taken
        mean = sum(one.value for one in powers) / len(powers)
        inside = [one for one in values if powers[0].taken <= one.taken <= powers[-1].taken]
        if len(inside) < 2 or seconds <= 0 or mean < 500:
            raise Inconclusive("power and energy were not told of the same time")
        energy = inside[-1].value - inside[0].value
        wanted = mean * (inside[-1].taken - inside[0].taken) / 3600
        yield holds(
            rule, abs(energy - wanted) <= 0.15 * wanted + 20, expected=f"about {wanted:.0f} Wh for {mean:.0f} W",
            seen=f"{energy:.1f} Wh", at=(inside[0].index, inside[-1].index),
        )  # fmt: skip
        # Without a meter on the bench energy against power is all there is.
        with suppress(Inconclusive):
            yield power_told_is_true(rule, trace, 1)
        still_serves(trace)


class Triggers(TransactionCase):
    """A CSMS that has lost its state asks for it by TriggerMessage. Accepted is a promise; it has to be kept."""

    id = "CHG-OCPP-TX-07"
    title = "TriggerMessage that is Accepted is followed by its message"
    requirements = ("OCPP-F06-TRIGGER",)
    aliases = ("TC_F_11_CS",)
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {"trigger-ignored": "OCPP-F06-TRIGGER"}
    messages: ClassVar = {
        "Heartbeat": ("Heartbeat",),
        "MeterValues": ("MeterValues",),
        "TransactionEvent": (EVENT,),
        "StatusNotification": ("StatusNotification", "NotifyEvent"),
        "BootNotification": ("BootNotification",),
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Triggers each during a transaction, and one for an EVSE that is not there."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.silence(5)
            for message in self.messages:
                place = {} if message in {"Heartbeat", "BootNotification"} else {"evse": {"id": 1}}
                if message == "StatusNotification":
                    place = {"evse": {"id": 1, "connectorId": 1}}
                await station.call("TriggerMessage", {"requestedMessage": message, **place})
                await station.silence(8)
            await station.call("TriggerMessage", {"requestedMessage": "MeterValues", "evse": {"id": 4711}})
            await station.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Of each: an answer with a status, and the message where it was accepted."""
        rule = "OCPP-F06-TRIGGER"
        asked = calls(trace, "TriggerMessage", sender=trace.tester)
        if len(asked) < len(self.messages) + 1:
            raise Inconclusive("not all messages were triggered")
        if not any(one.status == "Accepted" for one in asked):
            yield holds(rule, False, expected="some message that can be triggered", seen="none", at=asked[0].at)
            return
        for one in asked[:-1]:
            name = one.payload["requestedMessage"]
            yield status_is(rule, one, "Accepted", "Rejected", "NotImplemented")
            if one.status != "Accepted":
                continue
            fits = [
                each
                for action in self.messages[name]
                for each in calls(trace, action, sender=trace.dut, after=one.request)
                if each.t - one.t <= 8.0 and (action != EVENT or each.payload["triggerReason"] == "Trigger")
            ]
            yield holds(
                rule, bool(fits), expected=f"{name} within 8 s", seen=fits[0].action if fits else "nothing",
                at=(*one.at, *(each.request.index for each in fits[:1])),
            )  # fmt: skip
        yield not_accepted(rule, asked[-1])


class Instants(TransactionCase):
    """Events are booked by their time: one from 1970, or without an offset, is on no bill."""

    id = "CHG-OCPP-TX-09"
    title = "Events carry the time at which they happened"
    requirements = ("OCPP-B01-STAMPS",)
    faults: ClassVar = {
        "transaction-without-time": "OCPP-B01-STAMPS",
        "notify-event-without-time": "OCPP-B01-STAMPS",
        "security-event-without-time": "OCPP-B01-STAMPS",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Boots and charges for a minute."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.silence(60)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every stamp in what the station sent lies within two minutes of the time that it was told."""
        boot = next((one for one in calls(trace, "BootNotification") if one.answer), None)
        if boot is None or boot.reply is None:
            raise Inconclusive("the station has not booted")
        told = instant(str(look(boot.answer, "currentTime"))) - boot.reply.t
        odd, count = None, 0
        for one in calls(trace, sender=trace.dut):
            for stamp in _stamps(one.payload):
                count += 1
                if abs(instant(stamp) - told - one.t) > 120 and odd is None:
                    odd = (one, stamp)
        if not any(one.action == EVENT for one in calls(trace, sender=trace.dut)) or not count:
            raise Inconclusive("nothing with a time was sent")
        yield holds(
            "OCPP-B01-STAMPS", odd is None, expected="times within two minutes of the present",
            seen=f"{odd[0].action} of {odd[1]}" if odd else f"{count} times, all so",
            at=(odd[0] if odd else boot).at,
        )  # fmt: skip
        still_serves(trace)


def _stamps(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"timestamp", "generatedAt"} and isinstance(inner, str):
                yield inner
            else:
                yield from _stamps(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _stamps(inner)
