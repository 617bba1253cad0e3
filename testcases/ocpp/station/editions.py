"""Which edition of OCPP a charging station offers, and what it says on a connection of each."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Decision,
    Edition,
    Inconclusive,
    Observation,
    Severity,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    call_error,
    calls,
    handshake,
    handshakes,
    holds,
    schema_valid,
    sent,
    served,
    start_transaction,
    still_serves,
    watched_until,
)

PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""
NEW_ACTION = "NotifyAllowedEnergyTransfer"
"""An action that 2.0.1 does not have and every V2X station serves."""


def ask_new(bench: StationBench) -> dict[str, Any]:
    """Payload for it, of a transaction that nobody has begun."""
    return {"transactionId": bench.new_id("none-"), "allowedEnergyTransfer": ["DC"]}


def selects(subprotocol: str | None, _: object) -> Decision:
    """Takes every station, and selects that whatever it offers."""
    return Decision(subprotocol=subprotocol, keep=True)


class Offer(StationCase):
    """The station offers what it speaks as subprotocols, the newest first: the URL must not decide the version."""

    id = "CHG-OCPP-EDIT-01"
    title = "OCPP 2.1 is offered as subprotocol"
    area = "rpc"
    requirements = ("OCPP-J-SUBPROTOCOL-OFFER",)
    pics = "ocpp21"
    faults: ClassVar = {
        "offers-2-0-1-only": "OCPP-J-SUBPROTOCOL-OFFER",
        "no-subprotocol-offered": "OCPP-J-SUBPROTOCOL-OFFER",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Waits for the first attempt."""
        await bench.csms.attempt(within=PATIENCE)
        await bench.csms.watch(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the list, and at its order as a remark: preference is the station's own."""
        first = handshake(trace)
        told = ", ".join(first.offered) or "none"
        has = Edition.V21.value in first.offered
        yield holds("OCPP-J-SUBPROTOCOL-OFFER", has, expected=Edition.V21.value, seen=told, at=first.at)
        newest = list(first.offered) == sorted(first.offered, reverse=True)
        yield holds("OCPP-J-SUBPROTOCOL-OFFER", newest, expected="the newest first", seen=told, at=first.at,
                    severity=Severity.SHOULD)  # fmt: skip


class OldEdition(StationCase):
    """A CSMS that has 2.0.1 alone: everything said on that connection is 2.0.1, a whole transaction long.

    Fields and values that are new in 2.1 break the validation of such a CSMS, and with it the bill.
    """

    id = "CHG-OCPP-EDIT-02"
    title = "2.0.1: no action, field or value that is new in 2.1"
    area = "rpc"
    requirements = ("OCPP-J-EDITION",)
    pics = "ocpp201"
    hooks = ("plug_in", "present_token", "stop", "unplug")
    faults: ClassVar = {
        "v201-sends-21-fields": "OCPP-J-EDITION",
        "v201-sends-evse-sleep": "OCPP-J-EDITION",
        "negotiated-version-ignored": "OCPP-J-EDITION",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges a car that could discharge, asks for reports and for something new."""
        bench.csms.editions = (Edition.V201,)
        async with bench.csms.session() as station:
            await start_transaction(bench, station, bpt=True)
            await station.call("GetBaseReport", {"requestId": 2, "reportBase": "SummaryInventory"})
            await station.call(NEW_ACTION, ask_new(bench))
            await station.silence(60)
            await bench.act("stop", evse=1)
            await bench.act("unplug", evse=1)
            await station.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Validates by the schemas of 2.0.1."""
        if handshake(trace).selected != Edition.V201.value:
            raise Inconclusive("the connection is not one of OCPP 2.0.1")
        yield schema_valid("OCPP-J-EDITION", trace)
        events = calls(trace, "TransactionEvent", sender=trace.dut)
        if not any(one.payload.get("eventType") == "Ended" for one in events):
            raise Inconclusive("there was no whole transaction")
        yield call_error("OCPP-J-EDITION", sent(trace, NEW_ACTION))


class OpenEnums(StationCase):
    """In 2.1 the type of a token is a free string; a station with the list of 2.0.1 refuses every new kind of token."""

    id = "CHG-OCPP-EDIT-03"
    title = "2.1: an idToken type that 2.0.1 did not list is no schema error"
    area = "rpc"
    requirements = ("OCPP-J-EDITION-OPEN-ENUMS",)
    pics = "ocpp21"
    faults: ClassVar = {"token-type-enum": "OCPP-J-EDITION-OPEN-ENUMS"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks to start with a token of an old type and with one of a new one, and stops what came of it."""
        bench.csms.editions = (Edition.V21,)
        async with bench.csms.session() as station:
            for number, kind in enumerate(("Central", "DirectPayment", "V2GREADY-kind")):
                token = {"idToken": "V2GREADY-TOKEN", "type": kind}
                await station.call("RequestStartTransaction", {"idToken": token, "remoteStartId": number, "evseId": 1})
            await station.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Takes Accepted and Rejected, but no error."""
        if handshake(trace).selected != Edition.V21.value:
            raise Inconclusive("the connection is not one of OCPP 2.1")
        asked = calls(trace, "RequestStartTransaction", sender=trace.tester)
        if len(asked) < 3 or asked[0].answer is None:
            raise Inconclusive("a token of an old type is refused by an error, too")
        for one in asked[1:]:
            yield served("OCPP-J-EDITION-OPEN-ENUMS", trace, one)


class PerConnection(StationCase):
    """A CSMS is updated while the station is away: the next connection has another edition, and that one counts."""

    id = "CHG-OCPP-EDIT-04"
    title = "The edition is that of the connection"
    area = "rpc"
    requirements = ("OCPP-J-EDITION-CONNECTION",)
    pics = "ocpp21 and ocpp201 and ocpp_v2x"
    faults: ClassVar = {
        "edition-remembered": "OCPP-J-EDITION-CONNECTION",
        "negotiated-version-ignored": "OCPP-J-EDITION-CONNECTION",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for something that is new in 2.1, over 2.0.1, 2.1 and 2.0.1."""
        for edition in (Edition.V201, Edition.V21, Edition.V201):
            bench.csms.editions = (edition,)
            async with bench.csms.session(within=PATIENCE) as station:
                await station.call(NEW_ACTION, ask_new(bench))
                await station.silence(1)
                station.abort()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """An error on the old ones, an answer on the new one; everything valid by its own schema."""
        asked = calls(trace, NEW_ACTION, sender=trace.tester)
        selected = {one.link: one.selected for one in handshakes(trace)}
        kinds = [selected.get(one.link) for one in asked]
        if kinds != [Edition.V201.value, Edition.V21.value, Edition.V201.value]:
            raise Inconclusive(f"the connections agreed on {kinds}")
        for one, kind in zip(asked, kinds, strict=True):
            if kind == Edition.V21.value:
                yield served("OCPP-J-EDITION-CONNECTION", trace, one)
            else:
                yield call_error("OCPP-J-EDITION-CONNECTION", one)
        yield schema_valid("OCPP-J-EDITION-CONNECTION", trace)


class NoSubprotocol(StationCase):
    """The CSMS agrees on nothing, or on something that was not offered: then there is no OCPP on that connection.

    A station that starts to speak guesses a version; one that gives up needs a visit. Later it works, and it is there.
    """

    id = "CHG-OCPP-EDIT-05"
    title = "Without an agreed subprotocol nothing is sent, and it is tried again"
    area = "connection"
    requirements = ("OCPP-J-SUBPROTOCOL-STATION",)
    faults: ClassVar = {
        "speaks-without-subprotocol": "OCPP-J-SUBPROTOCOL-STATION",
        "never-reconnects": "OCPP-J-SUBPROTOCOL-STATION",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Selects none, then one of another age, then a common one."""
        csms = bench.csms
        for wrong in (None, "ocpp1.6"):
            csms.decide = functools.partial(selects, wrong)
            await csms.attempt(within=PATIENCE)
            await csms.watch(5)
            for session in csms.sessions:
                await session.close(1002)
        csms.decide = csms.decide_well
        async with csms.session(within=PATIENCE) as station:
            await station.silence(1)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for frames on the wrong connections, and for the right one."""
        wrong = [one for one in handshakes(trace) if one.status == 101 and one.selected not in one.offered]
        if not wrong:
            raise Inconclusive("no connection was without an agreed subprotocol")
        for one in wrong:
            frames = list(trace.frames(sender=trace.dut, link=one.link))
            yield holds(
                "OCPP-J-SUBPROTOCOL-STATION",
                not frames,
                expected=f"no message with subprotocol {one.selected or 'none'}",
                seen=f"{len(frames)} messages",
                at=(*one.at, *(frame.index for frame in frames[:1])),
            )
        right = [one for one in handshakes(trace) if one.status == 101 and one.selected in one.offered]
        if right and not calls(trace, sender=trace.dut, link=right[-1].link):
            raise Inconclusive("nothing was said on the right connection either")
        if not right and watched_until(trace) - wrong[-1].request.t < PATIENCE / 2:
            raise Inconclusive("nobody waited for another attempt")
        yield holds("OCPP-J-SUBPROTOCOL-STATION", bool(right), expected="another attempt", seen=f"{len(right)}",
                    at=tuple(one.request.index for one in right[:1]))  # fmt: skip
        if right:
            still_serves(trace)


class BeforeAccepted(StationCase):
    """Accepted late: the station waits, asks again at the interval it was given, and tells nothing else.

    The CSMS does not know it yet: what it would tell now is lost, or booked for nobody.
    """

    id = "CHG-OCPP-EDIT-06"
    title = "While Pending the station tells nothing of its own accord"
    area = "boot"
    requirements = ("OCPP-B02-PENDING-QUIET",)
    hooks = ("plug_in", "present_token", "unplug")
    faults: ClassVar = {"talks-before-accepted": "OCPP-B02-PENDING-QUIET"}
    interval: ClassVar = 20

    async def stimulate(self, bench: StationBench) -> None:
        """Answers Pending, plugs a car in meanwhile, and accepts the station then."""
        csms = bench.csms
        csms.boot_status, csms.heartbeat_interval = "Pending", self.interval
        station = await csms.connection(within=PATIENCE)
        await station.wait_for("BootNotification", since=0, within=60)
        await bench.act("plug_in", evse=1)
        await bench.act("present_token", token="V2GREADY-TOKEN", type="ISO14443", evse=1)  # noqa: S106 - a customer
        await station.silence(2.5 * self.interval)
        csms.boot_status, csms.heartbeat_interval = "Accepted", 300
        await station.silence(2 * self.interval)
        await bench.act("unplug", evse=1)
        await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at what came between the first Pending and Accepted."""
        boots = [one for one in calls(trace, "BootNotification", sender=trace.dut) if one.reply is not None]
        if not boots or boots[0].status != "Pending":
            raise Inconclusive("the station was not answered Pending")
        done = next((one for one in boots if one.status == "Accepted"), None)
        end = None if done is None else done.request
        between = calls(trace, sender=trace.dut, after=boots[0].reply, before=end)
        others = [one for one in between if one.action != "BootNotification"]
        if not others and (done is None or watched_until(trace, boots[0].link) - boots[0].t < self.interval):
            raise Inconclusive("the station was not watched while Pending")
        yield holds(
            "OCPP-B02-PENDING-QUIET",
            not others,
            expected="nothing but BootNotification while Pending",
            seen=others[0].action if others else f"{len(between)} BootNotifications",
            at=(boots[0].request.index, *(one.request.index for one in others[:3])),
        )
