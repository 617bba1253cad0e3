"""Transactions of a charging station (E01 to E06, F01 to F06, C01, J02): how they begin, what is told, how they end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    TOKEN,
    Inconclusive,
    Observation,
    Refusal,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    every,
    get_variable,
    holds,
    look,
    never_sent,
    readings,
    received,
    sent,
    start_transaction,
    status_is,
    still_serves,
    taken,
    told_variable,
    transactions,
    watched_until,
)

EVENT = "TransactionEvent"
INFO = "transactionInfo"
PATIENCE = 30.0
STRANGER = "UNKNOWN-CARD"


def kind_of(one: RpcExchange) -> str:
    """EventType."""
    return str(one.payload["eventType"])


def distinct(events: list[RpcExchange]) -> list[RpcExchange]:
    """Events without their repetitions, by seqNo, eventType and time."""
    found: dict[tuple[Any, ...], RpcExchange] = {}
    for one in events:
        found.setdefault((one.payload["seqNo"], kind_of(one), one.payload["timestamp"]), one)
    return list(found.values())


def gapless(rule: str, events: list[RpcExchange]) -> Observation:
    """The seqNo of one transaction begin with 0 and rise by one, repetitions left out."""
    numbers = [one.payload["seqNo"] for one in distinct(events)]
    return holds(
        rule,
        numbers == list(range(len(numbers))),
        expected=f"seqNo 0 to {len(numbers) - 1} in order",
        seen=f"{numbers[:12]}",
        at=tuple(one.request.index for one in events[:8]),
    )


def one_of_each(rule: str, events: list[RpcExchange]) -> Observation:
    """One Started, first, and one Ended, last."""
    kinds = [kind_of(one) for one in distinct(events)]
    good = kinds.count("Started") == 1 and kinds.count("Ended") == 1 and kinds[0] == "Started" and kinds[-1] == "Ended"
    return holds(
        rule,
        good,
        expected="one Started first and one Ended last",
        seen=", ".join(kinds[:12]),
        at=tuple(one.request.index for one in events[:8]),
    )


def the_transaction(trace: Trace) -> list[RpcExchange]:
    """Events of the first transaction.

    Raises:
        Inconclusive: There was none.
    """
    found = transactions(trace)
    if not found:
        raise Inconclusive("the station has told no transaction")
    return next(iter(found.values()))


class TransactionCase(StationCase):
    """What the cases about transactions share."""

    area = "transactions"
    hooks: ClassVar[tuple[str, ...]] = ("plug_in", "present_token", "stop", "unplug")


class Local(TransactionCase):
    """A driver plugs in, shows a card, charges, stops: the CSMS has to be able to write a bill from what it is told.

    A gap in seqNo means that something was lost; two Started, or an end under another id, that nobody pays.
    """

    id = "CHG-OCPP-TX-01"
    title = "A local transaction is told from Started to Ended, without gap, under one id"
    requirements = ("OCPP-E-SEQNO", "OCPP-E-ONCE", "OCPP-E-TXID", "OCPP-E02-START", "OCPP-E06-STOP", "OCPP-N-METER")
    aliases = ("TC_E_01_CS",)
    faults: ClassVar = {
        "seqno-gap": "OCPP-E-SEQNO",
        "seqno-repeated": "OCPP-E-SEQNO",
        "transaction-id-changes": "OCPP-E-TXID",
        "stopped-twice": "OCPP-E-ONCE",
        "charging-never-told": "OCPP-E02-START",
        "wrong-trigger-reason": "OCPP-E06-STOP",
        "meter-values-missing": "OCPP-N-METER",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges for three minutes; the driver stops and leaves."""
        async with bench.csms.session() as station:
            await get_variable(station, "SampledDataCtrlr", "TxUpdatedInterval")
            await station.silence(3)
            mark = station.mark
            await bench.act("plug_in", evse=1)
            await bench.act("present_token", token=TOKEN, type="ISO14443", evse=1)
            await station.look_for(EVENT, where=lambda one: one["eventType"] == "Started", within=60, since=mark)
            await station.silence(180)
            await bench.act("stop", evse=1)
            await station.silence(20)
            await bench.act("unplug", evse=1)
            await station.silence(20)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at ids, numbers, states and the values between."""
        events = the_transaction(trace)
        groups = transactions(trace)
        yield holds(
            "OCPP-E-TXID", len(groups) == 1, expected="one transactionId", seen=f"{len(groups)}",
            at=tuple(one[0].request.index for one in groups.values()),
        )  # fmt: skip
        yield gapless("OCPP-E-SEQNO", events)
        everything = [one for group in groups.values() for one in group]
        yield one_of_each("OCPP-E-ONCE", everything)
        charging = [one for one in events if look(one.payload, f"{INFO}.chargingState") == "Charging"]
        yield holds(
            "OCPP-E02-START", bool(charging), expected="chargingState Charging", seen=f"{len(charging)} events",
            at=events[0].at,
        )  # fmt: skip
        over = next((one for one in everything if kind_of(one) == "Ended"), None)
        if over is None:
            raise Inconclusive("the transaction did not end")
        reason, trigger = look(over.payload, f"{INFO}.stoppedReason"), over.payload["triggerReason"]
        yield holds(
            "OCPP-E06-STOP",
            reason in {None, "Local", "EVDisconnected", "StoppedByEV"}
            and trigger
            in {"StopAuthorized", "EVDeparted", "EVCommunicationLost", "EnergyLimitReached", "Deauthorized"},
            expected="Ended by the driver: stoppedReason Local, or none, triggerReason StopAuthorized",
            seen=f"{reason}, {trigger}",
            at=over.at,
        )
        yield from self._metered(trace, events, over)
        still_serves(trace)

    def _metered(self, trace: Trace, events: list[RpcExchange], over: RpcExchange) -> Iterator[Observation]:
        told = told_variable(trace, "SampledDataCtrlr", "TxUpdatedInterval")
        interval = float(told or 0)
        span = over.t - events[0].t
        if not 0 < interval <= span / 2:
            raise Inconclusive(f"TxUpdatedInterval is {told}, the transaction took {span:.0f} s")
        sampled = [one for one in events if one.payload["triggerReason"] == "MeterValuePeriodic"]
        values = [one for one in readings(trace) if one.context == "Sample.Periodic"]
        least = int(span // interval) - 1
        yield holds(
            "OCPP-N-METER",
            len(values) >= least,
            expected=f"{least} periodic meter values in {span:.0f} s, each {interval:g} s one",
            seen=f"{len(values)} values in {len(sampled)} periodic events",
            at=tuple(one.request.index for one in (sampled or events)[:3]),
        )


class Remote(TransactionCase):
    """An app starts and stops: by remoteStartId the CSMS knows which transaction is the customer's."""

    id = "CHG-OCPP-TX-02"
    title = "Remote start and stop lead to a transaction with remoteStartId and reason Remote"
    requirements = ("OCPP-F01-REMOTE", "OCPP-F03-REMOTE-STOP")
    aliases = ("TC_F_01_CS", "TC_F_20_CS")
    hooks = ("plug_in",)
    faults: ClassVar = {
        "remote-start-id-missing": "OCPP-F01-REMOTE",
        "unknown-transaction-stopped": "OCPP-F03-REMOTE-STOP",
        "wrong-stopped-reason": "OCPP-F03-REMOTE-STOP",
        "stopped-reason-missing": "OCPP-F03-REMOTE-STOP",
    }
    number: ClassVar = 20_202

    async def stimulate(self, bench: StationBench) -> None:
        """Starts by request, stops somebody else's, then this one."""
        async with bench.csms.session() as station:
            await bench.act("plug_in", evse=1)
            await station.silence(2)
            mark = station.mark
            token = {"idToken": TOKEN, "type": "ISO14443"}
            start = {"evseId": 1, "remoteStartId": self.number, "idToken": token}
            await station.call("RequestStartTransaction", start)
            event = await station.look_for(EVENT, within=60, since=mark)
            await station.silence(40)
            await station.call("RequestStopTransaction", {"transactionId": "somebody-else"})
            if event is not None:
                mine = event.payload[INFO]["transactionId"]
                await station.call("RequestStopTransaction", {"transactionId": mine})
            await station.silence(PATIENCE)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Answers, remoteStartId in some event, the end by the stop alone."""
        start = sent(trace, "RequestStartTransaction")
        yield taken("OCPP-F01-REMOTE", start)
        yield received(
            "OCPP-F01-REMOTE", trace, EVENT, after=start.request, within=60.0, what=f"with remoteStartId {self.number}",
            where=lambda one: look(one, f"{INFO}.remoteStartId") == self.number,
        )  # fmt: skip
        wrong = sent(trace, "RequestStopTransaction", where=lambda one: one["transactionId"] == "somebody-else")
        right = sent(trace, "RequestStopTransaction", where=lambda one: one["transactionId"] != "somebody-else")
        rule = "OCPP-F03-REMOTE-STOP"
        yield status_is(rule, wrong, "Rejected")
        yield taken(rule, right)
        yield received(
            rule, trace, EVENT, after=right.request, within=PATIENCE, what="Ended with stoppedReason Remote",
            where=lambda one: one["eventType"] == "Ended" and look(one, f"{INFO}.stoppedReason") == "Remote",
        )  # fmt: skip
        still_serves(trace)


class Apart(TransactionCase):
    """Two customers, one after the other: under one id their energy would be on one bill."""

    id = "CHG-OCPP-TX-03"
    title = "Every transaction has an id of its own"
    requirements = ("OCPP-E-TXID", "OCPP-E-SEQNO")
    faults: ClassVar = {"transaction-id-reused": "OCPP-E-TXID", "seqno-gap": "OCPP-E-SEQNO"}

    async def stimulate(self, bench: StationBench) -> None:
        """Two short transactions."""
        async with bench.csms.session() as station:
            for token in (TOKEN, "V2GREADY-TOKEN-2"):
                await start_transaction(bench, station, state=None, token=token)
                await station.silence(20)
                await bench.act("stop", evse=1)
                await bench.act("unplug", evse=1)
                await station.silence(20)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """As many ids as Started."""
        begun = [one for one in calls(trace, EVENT, sender=trace.dut) if kind_of(one) == "Started"]
        groups = transactions(trace)
        if len(begun) < 2:
            raise Inconclusive(f"there were {len(begun)} Started")
        yield holds(
            "OCPP-E-TXID", len(groups) == len(begun), expected=f"{len(begun)} transactionIds",
            seen=f"{len(groups)}", at=tuple(one.request.index for one in begun),
        )  # fmt: skip
        if len(groups) == len(begun):
            rule = "OCPP-E-SEQNO"
            yield every(rule, (gapless(rule, one) for one in groups.values()), what="transactions")
        still_serves(trace)


class Refused(TransactionCase):
    """A card that the CSMS does not know buys no energy; one that it blocks later ends what was begun, where set so."""

    id = "CHG-OCPP-TX-04"
    title = "A refused token starts no energy transfer"
    requirements = ("OCPP-C01-STATION",)
    aliases = ("TC_C_02_CS",)
    faults: ClassVar = {"starts-without-authorization": "OCPP-C01-STATION"}

    async def stimulate(self, bench: StationBench) -> None:
        """Refuses the token, in Authorize and in TransactionEvent."""
        bench.csms.authorization = "Invalid"
        bench.csms.answers[EVENT] = lambda call: (
            {"idTokenInfo": {"status": "Invalid"}} if "idToken" in call.payload else {}
        )
        async with bench.csms.session() as station:
            await station.silence(3)
            await bench.act("plug_in", evse=1)
            await bench.act("present_token", token=STRANGER, type="ISO14443", evse=1)
            await station.silence(60)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No charging after the refusal."""
        asked = [
            one
            for one in calls(trace, sender=trace.dut)
            if one.action in {"Authorize", EVENT} and "idToken" in one.payload and one.reply is not None
        ]
        if not asked:
            raise Inconclusive("the station has asked for no token")
        refusal = asked[0].reply
        if refusal is None or look(asked[0].answer, "idTokenInfo.status") == "Accepted":
            raise Inconclusive("the token was not refused")
        yield never_sent(
            "OCPP-C01-STATION", trace, EVENT, after=refusal, seconds=55.0, what="with chargingState Charging",
            where=lambda one: look(one, f"{INFO}.chargingState") == "Charging",
        )  # fmt: skip
        still_serves(trace)


class Deauthorized(TransactionCase):
    """The CSMS refuses the token in its answer to Started: a station with StopTxOnInvalidId ends the transaction."""

    id = "CHG-OCPP-TX-05"
    title = "A token that is refused afterwards ends the transaction"
    requirements = ("OCPP-E05-DEAUTHORIZED",)
    faults: ClassVar = {"deauthorization-ignored": "OCPP-E05-DEAUTHORIZED"}

    async def stimulate(self, bench: StationBench) -> None:
        """Accepts the token in Authorize and blocks it in TransactionEvent."""
        async with bench.csms.session() as station:
            await get_variable(station, "TxCtrlr", "StopTxOnInvalidId")
            station.answers[EVENT] = lambda call: (
                {"idTokenInfo": {"status": "Blocked"}} if "idToken" in call.payload else {}
            )
            await bench.act("plug_in", evse=1)
            await bench.act("present_token", token=TOKEN, type="ISO14443", evse=1)
            await station.silence(60)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The end comes by itself."""
        if str(told_variable(trace, "TxCtrlr", "StopTxOnInvalidId")).lower() != "true":
            raise Inconclusive("StopTxOnInvalidId is not true")
        blocked = [one for one in the_transaction(trace) if look(one.answer, "idTokenInfo.status") == "Blocked"]
        if not blocked:
            raise Inconclusive("no TransactionEvent with a token was answered")
        yield received(
            "OCPP-E05-DEAUTHORIZED", trace, EVENT, after=blocked[0].request, within=PATIENCE, what="Ended",
            where=lambda one: one["eventType"] == "Ended",
        )  # fmt: skip
        still_serves(trace)


class Repeats(TransactionCase):
    """The CSMS stumbles over an event: it is sent again, later each time, and given up after MessageAttempts.

    A station that never gives up is stuck with the first event that its CSMS does not like; one that never tries again
    loses the end of a transaction at every hiccup.
    """

    id = "CHG-OCPP-TX-08"
    title = "A refused TransactionEvent is repeated as configured, then the next is sent"
    requirements = ("OCPP-E13-RETRY", "OCPP-E13-DISCARD")
    aliases = ("TC_E_45_CS",)
    hooks = ("plug_in", "present_token")
    attempts: ClassVar = 3
    interval: ClassVar = 10
    faults: ClassVar = {
        "retries-forever": "OCPP-E13-DISCARD",
        "never-retries": "OCPP-E13-RETRY",
        "retry-wait-constant": "OCPP-E13-RETRY",
        "retry-without-wait": "OCPP-E13-RETRY",
    }

    def refuse(self, bench: StationBench) -> Any:
        """How the events are refused."""
        return Refusal("InternalError", "the database is away")

    async def stimulate(self, bench: StationBench) -> None:
        """Sets three attempts, 10 s apart, and refuses everything of a transaction."""
        async with bench.csms.session() as station:
            names = (("MessageAttempts", self.attempts), ("MessageAttemptInterval", self.interval))
            data = [
                {
                    "component": {"name": "OCPPCommCtrlr"},
                    "variable": {"name": name, "instance": EVENT},
                    "attributeValue": str(value),
                }
                for name, value in names
            ]
            await station.call("SetVariables", {"setVariableData": data})
            station.answers[EVENT] = self.refuse(bench)
            await bench.act("plug_in", evse=1)
            await bench.act("present_token", token=TOKEN, type="ISO14443", evse=1)
            await station.silence(240)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts the sends of the first event, and the waits between them."""
        results = look(sent(trace, "SetVariables").answer, "setVariableResult") or []
        if [one.get("attributeStatus") for one in results] != ["Accepted", "Accepted"]:
            raise Inconclusive("MessageAttempts and MessageAttemptInterval could not be set")
        events = the_transaction(trace)
        first = [one for one in events if one.payload["seqNo"] == events[0].payload["seqNo"]]
        others = [one for one in events if one.payload["seqNo"] != events[0].payload["seqNo"]]
        total = self.interval * self.attempts * (self.attempts - 1) / 2
        if watched_until(trace) - first[0].t < total + 60:
            raise Inconclusive("the repetitions were not awaited")
        yield holds(
            "OCPP-E13-RETRY", len(first) >= self.attempts, expected=f"{self.attempts} sends of the event",
            seen=f"{len(first)}", at=tuple(one.request.index for one in first[:5]),
        )  # fmt: skip
        for place, (one, later) in enumerate(pairwise(first[: self.attempts]), start=1):
            wait = later.t - (one.reply.t if one.reply is not None else one.t)
            yield holds(
                "OCPP-E13-RETRY", self.interval * place - 0.5 <= wait <= self.interval * place + 5 + self.late(one),
                expected=f"send {place + 1} after {self.interval * place} s", seen=f"{wait:.2f} s",
                at=(one.request.index, later.request.index),
            )  # fmt: skip
        yield holds(
            "OCPP-E13-DISCARD",
            len(first) <= self.attempts and bool(others) and others[0].t > first[-1].t,
            expected=f"{self.attempts} sends at most, then the next event",
            seen=f"{len(first)} sends, {len(others)} of later events",
            at=(first[-1].request.index, *(one.request.index for one in others[:1])),
        )
        still_serves(trace)

    @staticmethod
    def late(one: RpcExchange) -> float:
        """Seconds by which a send is later because nothing was answered at all."""
        return 0.0 if one.reply is not None else 120.0
