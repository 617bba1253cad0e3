"""Transactions as they reach a CSMS from the field: twice, late, with gaps, the end before the beginning.

What a CSMS makes of them shows on the wire in three ways: in the answers, in whether it still plans for a transaction,
and in what it says a transaction costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from v2gready.authoring.ocpp import (
    RECOMMENDED,
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    Trace,
    Unreached,
    answered,
    calls,
    describe,
    every,
    holds,
    instant,
    look,
    never_sent,
    sent,
    transactions,
)
from v2gready.authoring.ocpp.backend import (
    PLAN_TIME,
    StationSession,
    accepted_boot,
    charging,
    customer,
    needs,
    plan,
    planned,
    token,
    tx_profiles,
)
from v2gready.authoring.ocpp.billing import Tariff, bill, costs_what_flowed, declared_tariff, last_events

IMPORT: Final = "Energy.Active.Import.Register"


def taken(trace: Trace, requirement: str, transaction: int = -1, *, least: int) -> Observation:
    """Every event of a transaction of ours got a result.

    Raises:
        Inconclusive: Fewer were sent than the case is about, or the station was not accepted.
    """
    accepted_boot(trace)
    events = last_events(trace, transaction)
    if len(events) < least:
        raise Inconclusive(f"{len(events)} of {least} events were sent only")
    return every(requirement, [answered(requirement, one) for one in events], what="events")


class RepeatedEvents(CsmsCase):
    """The answer to a transaction event is lost, so the station sends the event again.

    It may use the old message id or a new one. A CSMS that answers "duplicate key" makes the station try for hours
    while everything behind it waits.
    """

    id = "CSMS-OCPP-TX-01"
    title = "A transaction event that comes again is answered like the first time"
    area = "transactions"
    requirements = ("OCPP-E-CSMS-IDEMPOTENT",)
    faults = {"duplicate-event-refused": "OCPP-E-CSMS-IDEMPOTENT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each event three times: as it is, with its own message id again, and with a new one."""
        name, transaction = customer(bench), bench.new_id("tx-")
        async with bench.station.connect() as station:
            await station.boot()
            for number, kind in enumerate(("Started", "Updated", "Ended")):
                event: dict[str, Any] = {"seq_no": number, "timestamp": bench.stamp(), "transaction": transaction}
                if kind == "Started":
                    event["idToken"] = token(name)
                first = bench.new_id("retry-")
                for message_id in (first, first, None):
                    await station.transaction_event(kind, id=message_id, **event)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each of the nine."""
        yield taken(trace, "OCPP-E-CSMS-IDEMPOTENT", least=9)


class _Billed(CsmsCase):
    """A case that looks at the cost."""

    area = "transactions"
    pics = "ocpp_total_cost"

    async def tell(
        self,
        bench: CsmsBench,
        station: StationSession,
        course: tuple[tuple[float, dict[str, float]], ...],
        *,
        times: int = 1,
        offline: bool | None = None,
    ) -> None:
        """Tells a transaction: seconds from now and registers for each event; all but the last ``times`` times."""
        name, transaction = customer(bench), bench.new_id("tx-")
        await station.authorize(name)
        for number, (offset, measured) in enumerate(course):
            last = number == len(course) - 1
            kind = "Ended" if last else "Updated" if number else "Started"
            event: dict[str, Any] = {"seq_no": number, "timestamp": bench.stamp(offset), "transaction": transaction}
            if not number:
                event["idToken"] = token(name)
            for _ in range(1 if last else times):
                await station.transaction_event(kind, measured=measured, offline=offline, **event)


class RepeatedEnergy(_Billed):
    """The same meter value arrives twice because its answer was lost.

    The customer has charged once, and pays once.
    """

    id = "CSMS-OCPP-TX-02"
    title = "Energy of a repeated transaction event counts once"
    requirements = ("OCPP-E-CSMS-IDEMPOTENT",)
    faults = {"duplicate-event-counted-twice": "OCPP-E-CSMS-IDEMPOTENT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells 12 kWh in four events, all but the last one twice."""
        async with bench.station.connect() as station:
            await station.boot()
            course = tuple((-240.0 + 60 * step, {IMPORT: 1000.0 + 4000.0 * step}) for step in range(4))
            await self.tell(bench, station, course, times=2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the final cost with that of each event once."""
        events = last_events(trace)
        if len(events) < 7:
            raise Inconclusive(f"{len(events)} of 7 events were sent only")
        yield costs_what_flowed("OCPP-E-CSMS-IDEMPOTENT", events, bill(events, declared_tariff(trace)))


class _Over(CsmsCase):
    """A transaction that is over, told in a strange order: the CSMS must not plan for it any more."""

    area = "transactions"
    requirements = ("OCPP-E-CSMS-ORDER", "OCPP-E-CSMS-TX")
    pics = "ocpp_smart_charging"
    course: tuple[tuple[str, int, float], ...]
    """eventType, seqNo and seconds from now, in the order of sending."""

    async def stimulate(self, bench: CsmsBench) -> None:
        """Shows that the CSMS plans for a transaction that runs, tells one that is over, and asks for a plan again."""
        name = customer(bench)
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs())
            transaction = bench.new_id("tx-")
            for kind, number, offset in self.course:
                event: dict[str, Any] = {"idToken": token(name)} if kind == "Started" else {}
                await station.transaction_event(
                    kind, transaction=transaction, seq_no=number, timestamp=bench.stamp(offset), offline=True, **event
                )
            await plan(station, needs())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants results for the events, and no profile for the transaction behind them."""
        first = sent(trace, "NotifyEVChargingNeeds")
        planned(trace, first)  # a CSMS that never plans would pass otherwise
        yield taken(trace, "OCPP-E-CSMS-ORDER", least=len(self.course))
        again = sent(trace, "NotifyEVChargingNeeds", nth=1)
        if again.reply is None:
            raise Inconclusive("the needs behind the end of the transaction were not answered")
        over = last_events(trace)[0].payload["transactionInfo"]["transactionId"]
        yield never_sent(
            "OCPP-E-CSMS-TX",
            trace,
            "SetChargingProfile",
            where=lambda one: look(one, "chargingProfile.transactionId") == over,
            what="for the transaction that is over",
            after=again.request,
            seconds=PLAN_TIME,
        )


class EndedFirst(_Over):
    """The queue of a station comes in the wrong order: Ended arrives, then Started, then what lies between.

    The transaction is over. A CSMS that drops the Ended because it knows no such transaction keeps one that never ends,
    and the next customer at that EVSE is refused.
    """

    id = "CSMS-OCPP-TX-03"
    title = "Ended before Started: every event is taken, and the transaction is over"
    course = (("Ended", 2, -60.0), ("Started", 0, -600.0), ("Updated", 1, -300.0))
    faults = {"ended-before-started-lost": "OCPP-E-CSMS-TX"}


class Gap(_Over):
    """A station with little memory dropped Updated events while offline (E04.FR.08): seqNo jumps from 1 to 5.

    The gap will never be filled. What comes behind it counts all the same, above all the end.
    """

    id = "CSMS-OCPP-TX-04"
    title = "A gap in seqNo: events behind it are taken, and the end counts"
    course = (("Started", 0, -600.0), ("Updated", 1, -500.0), ("Updated", 5, -100.0), ("Ended", 6, -60.0))
    faults = {"gap-drops-events": "OCPP-E-CSMS-TX"}


class Late(_Over):
    """An Updated that was stuck in a queue arrives behind the Ended of its transaction.

    It fills the gap, and revives nothing: the car has left.
    """

    id = "CSMS-OCPP-TX-05"
    title = "A late event behind Ended is taken and revives nothing"
    course = (("Started", 0, -600.0), ("Ended", 2, -60.0), ("Updated", 1, -300.0))
    faults = {"ended-transaction-resurrected": "OCPP-E-CSMS-TX"}


class OfflineQueue(CsmsCase):
    """A station was offline for three days, and brings its transactions when it is back.

    Each event has the time at which it happened and ``offline``. What the CSMS refuses is lost for good, with the
    energy in it.
    """

    id = "CSMS-OCPP-TX-06"
    title = "Offline events are taken, however old, in a burst"
    area = "transactions"
    requirements = ("OCPP-E-CSMS-EVENT-TIME",)
    faults = {
        "offline-events-refused": "OCPP-E-CSMS-EVENT-TIME",
        "old-events-refused": "OCPP-E-CSMS-EVENT-TIME",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Brings three transactions of the last days, ten events each."""
        name = customer(bench)
        async with bench.station.connect() as station:
            await station.boot()
            for days in (3, 2, 1):
                transaction = bench.new_id("tx-")
                for number in range(10):
                    kind = "Ended" if number == 9 else "Updated" if number else "Started"
                    await station.transaction_event(
                        kind,
                        transaction=transaction,
                        timestamp=bench.stamp(-86_400.0 * days + 600 * number),
                        offline=True,
                        measured={IMPORT: 1000.0 * number},
                        **({} if number else {"idToken": token(name)}),
                    )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each of the thirty."""
        if len(transactions(trace)) < 3:
            raise Inconclusive(f"{len(transactions(trace))} of 3 transactions were told only")
        for place in range(3):
            yield taken(trace, "OCPP-E-CSMS-EVENT-TIME", place, least=10)


class EventTime(_Billed):
    """The car charged by night while the station was offline; the CSMS hears of it by day.

    Energy belongs to the hour in which it flowed, not to the hour in which the news arrived: that is the night tariff
    for the customer, and the right quarter of an hour for the balancing group.
    """

    id = "CSMS-OCPP-TX-07"
    title = "An offline transaction is priced at its own time, not at that of its arrival"
    requirements = ("OCPP-E-CSMS-EVENT-TIME",)
    faults = {"live-stamp-instead-of-event-time": "OCPP-E-CSMS-EVENT-TIME"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Looks for an hour of another price in the last day, and tells 12 kWh of it."""
        now = instant(bench.stamp())
        start = _other_hour(bench, now)
        async with bench.station.connect() as station:
            await station.boot()
            await station.status()
            course = tuple((start - now + 600 + 600 * step, {IMPORT: 1000.0 + 4000.0 * step}) for step in range(4))
            await self.tell(bench, station, course, offline=True)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the final cost with that at the hours of the events."""
        tariff, events = declared_tariff(trace), last_events(trace)
        now = instant(sent(trace, "NotifyEvent").payload["generatedAt"])
        due = bill(events, tariff)
        if abs(due.cost - bill(events, tariff, at=now).cost) < 0.5:
            raise Inconclusive("the price is the same at both times: the cost shows nothing")
        yield costs_what_flowed("OCPP-E-CSMS-EVENT-TIME", events, due)


class Tokens(CsmsCase):
    """A customer whose contract was blocked yesterday holds the card to the station.

    The station asks by Authorize, or by the event that starts the transaction. In both the CSMS must say who that is:
    without idTokenInfo a station goes on and gives energy away.
    """

    id = "CSMS-OCPP-TX-08"
    title = "Each token is answered with its status, in Authorize and in TransactionEvent"
    area = "transactions"
    requirements = ("OCPP-C01-AUTHORIZE", "OCPP-E-CSMS-TOKEN")
    faults = {"blocked-token-accepted": "OCPP-C01-AUTHORIZE", "token-info-missing": "OCPP-E-CSMS-TOKEN"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Shows a good token, a blocked one and one that nobody knows."""
        good, blocked = customer(bench), customer(bench, "blocked")
        async with bench.station.connect() as station:
            await station.boot()
            for name in (good, blocked, bench.new_id("none")):
                await station.authorize(name)
                transaction = bench.new_id("tx-")
                await station.transaction_event("Started", transaction=transaction, idToken=token(name))
                await station.transaction_event("Ended", transaction=transaction)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the status of each token with what the DUT file says of it."""
        accepted_boot(trace)
        known = {
            str(trace.declared.get("ocpp_token_v2x")): {"Accepted"},
            # What becomes of a blocked customer has more than one name.
            str(trace.declared.get("ocpp_token_blocked")): {"Blocked", "Invalid", "Expired", "NoCredit"},
        }
        for action, rule in (("Authorize", "OCPP-C01-AUTHORIZE"), ("TransactionEvent", "OCPP-E-CSMS-TOKEN")):
            asked = calls(trace, action, sender=trace.tester, where=lambda one: "idToken" in one)
            if len(asked) < 3:
                raise Inconclusive(f"{len(asked)} of 3 tokens were shown by {action} only")
            for one in asked:
                wanted = known.get(one.payload["idToken"]["idToken"], {"Unknown", "Invalid"})
                seen = look(one.answer, "idTokenInfo.status")
                yield holds(
                    rule,
                    seen in wanted,
                    expected=f"idTokenInfo with status {' or '.join(sorted(wanted))}",
                    seen=seen or "no idTokenInfo",
                    at=one.at,
                )


class ReusedMessageId(CsmsCase):
    """A station counts its message ids from 1 again after a reboot, and an Ended gets the id of an old event.

    Ids are never used twice. Whether the CSMS answers with an error or with the answer of the first message is its own
    affair; carrying the second one out because nobody looked is how transactions end that still run.
    """

    id = "CSMS-OCPP-TX-09"
    title = "Another CALL under a message id that was used before has no effect"
    area = "transactions"
    requirements = ("OCPP-J-ID-DUPLICATE",)
    pics = "ocpp_smart_charging"
    weight = RECOMMENDED
    faults = {"repeated-id-runs-twice": "OCPP-J-ID-DUPLICATE"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends an Ended with the id of an Updated, and asks for a plan before and behind it."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station) as transaction:
                await plan(station, needs())
                used = bench.new_id("used-")
                await station.transaction_event("Updated", transaction=transaction, id=used)
                await station.transaction_event("Ended", transaction=transaction, id=used)
                await plan(station, needs())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The transaction runs on: its needs are answered by a profile as before."""
        before, behind = sent(trace, "NotifyEVChargingNeeds"), sent(trace, "NotifyEVChargingNeeds", nth=1)
        events = [one for one in last_events(trace) if before.request.index < one.request.index < behind.request.index]
        if len(events) != 2 or events[0].call.id != events[1].call.id or events[0].answer is None:
            raise Inconclusive("no message id was used twice, or the first message under it was not taken")
        running = events[0].payload["transactionInfo"]["transactionId"]
        if planned(trace, before).payload["chargingProfile"].get("transactionId") != running:
            raise Inconclusive("the CSMS did not plan for this transaction before either")
        second = events[1].answer
        yield holds(
            "OCPP-J-ID-DUPLICATE",
            second is None or second == events[0].answer,
            expected="a CALLERROR, nothing, or the answer to the first CALL",
            seen=describe(events[1]) if second is None else f"a result with {', '.join(second) or 'nothing'}",
            at=(*events[0].at, *events[1].at),
        )
        yield holds(
            "OCPP-J-ID-DUPLICATE",
            bool(tx_profiles(trace, after=behind.request, transaction=running)),
            expected="the transaction runs on, and its needs get a profile",
            seen="a profile"
            if tx_profiles(trace, after=behind.request, transaction=running)
            else "no profile any more",
            at=(*events[1].at, *behind.at),
        )


def _other_hour(bench: CsmsBench, now: float) -> float:
    """The beginning of a whole hour of the last day with another price than now.

    Raises:
        Unreached: There is none in the tariff, or no tariff.
    """
    try:
        tariff = Tariff.read(bench.text("ocpp_tariff", ""))
    except ValueError as problem:
        raise Unreached(str(problem)) from None
    whole = now - now % 3600
    for hours in range(2, 26):
        if tariff.at(whole - 3600 * hours).charge != tariff.at(now).charge:
            return whole - 3600 * hours
    raise Unreached("the tariff has one price for the whole day")
