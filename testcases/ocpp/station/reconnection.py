"""How a charging station comes back: the waits between its attempts, and what it does once it is back (Part 4, 5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Decision,
    EventKind,
    Inconclusive,
    Limit,
    Measurement,
    Observation,
    Severity,
    StationBench,
    StationCase,
    Trace,
    Wait,
    calls,
    connection_ends,
    event_record,
    get_variable,
    handshakes,
    holds,
    measured,
    set_variable,
    waits,
    watched_after,
    watched_until,
)

COMMUNICATION = "OCPPCommCtrlr"
MINIMUM, SPREAD, REPEATS = "RetryBackOffWaitMinimum", "RetryBackOffRandomRange", "RetryBackOffRepeatTimes"
CONNECTING = 2.0
"""Seconds that a connection takes to come about, beside the wait before it; ours."""
PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""


def settings(trace: Trace) -> dict[str, float]:
    """What SetVariables has set to a number, and the station has accepted."""
    found: dict[str, float] = {}
    for one in calls(trace, "SetVariables", sender=trace.tester):
        results = (one.answer or {}).get("setVariableResult", [])
        for item, result in zip(one.payload["setVariableData"], results, strict=False):
            good = isinstance(result, dict) and result.get("attributeStatus") in {"Accepted", "RebootRequired"}
            if good and item["attributeValue"].isdigit():
                found[item["variable"]["name"]] = float(item["attributeValue"])
    return found


async def set_back_off(station: Any, minimum: int = 4, spread: int = 2, repeats: int = 2) -> None:
    """Sets the three variables of the back-off."""
    for name, value in ((MINIMUM, minimum), (SPREAD, spread), (REPEATS, repeats)):
        await set_variable(station, str(value), COMMUNICATION, name)


class BackOff:
    """What Part 4, 5.3 with its errata says of a wait, in bounds.

    The random share is new each time. Whether the share of the time before is doubled with the rest cannot be told from
    the text, so both is fine.

    Attributes:
        minimum: RetryBackOffWaitMinimum in s.
        spread: RetryBackOffRandomRange in s.
        repeats: RetryBackOffRepeatTimes.
    """

    def __init__(self, trace: Trace) -> None:
        told = settings(trace)
        if not {MINIMUM, SPREAD, REPEATS} <= set(told):
            raise Inconclusive("the back-off could not be set, so its formula is not known")
        self.minimum, self.spread, self.repeats = told[MINIMUM], told[SPREAD], int(told[REPEATS])

    def bounds(self, failures: int) -> tuple[float, float]:
        """Shortest and longest wait after so many failures in a row."""
        low, high = self.minimum, self.minimum + self.spread
        for _ in range(min(failures, self.repeats)):
            low, high = 2 * low, 2 * high + self.spread
        return low, high + (self.spread if failures > self.repeats else 0.0)

    def kept(self, requirement: str, trace: Trace, wait: Wait) -> Observation:
        """One wait is within its bounds."""
        low, high = self.bounds(wait.failures)
        return measured(
            requirement,
            Measurement(wait.seconds, "s", trace.timing_uncertainty),
            Limit("s", low=low, high=high + CONNECTING),
            what=f"wait after {wait.failures} failed attempts",
            at=wait.at,
        )


class Formula(StationCase):
    """When a CSMS is down, thousands of stations wait for it: the back-off keeps them from coming at once.

    The wait begins with its minimum and a random share, is doubled with every failure for so many times, and then
    stays; a station never gives up.
    """

    id = "CHG-OCPP-CONN-04"
    title = "The wait before a reconnection follows the back-off formula"
    area = "connection"
    requirements = ("OCPP-J-BACKOFF",)
    faults: ClassVar = {
        "no-backoff": "OCPP-J-BACKOFF",
        "backoff-constant": "OCPP-J-BACKOFF",
        "gives-up-reconnecting": "OCPP-J-BACKOFF",
        "never-reconnects": "OCPP-J-BACKOFF",
    }
    attempts: ClassVar = 5

    async def stimulate(self, bench: StationBench) -> None:
        """Sets the formula, drops the station and refuses it for a while."""
        async with bench.csms.session() as station:
            await set_back_off(station)
            bench.csms.decide = lambda _: Decision(status=503, reason="maintenance")
            station.abort()
        for _ in range(self.attempts):
            await bench.csms.attempt(within=90)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Measures every wait."""
        formula = BackOff(trace)
        found = waits(trace)
        dropped = event_record(trace, EventKind.CLOSED, source=trace.tester)
        for one in found:
            yield formula.kept("OCPP-J-BACKOFF", trace, one)
        if len(found) < self.attempts:
            last = found[-1].attempt if found else dropped
            _, longest = formula.bounds(len(found))
            listened = watched_after(trace, last)
            if listened < longest + CONNECTING:
                raise Inconclusive(f"we listened for {listened:.1f} s only after the last attempt")
            yield holds(
                "OCPP-J-BACKOFF",
                False,
                expected=f"attempt {len(found) + 1} within {longest:g} s",
                seen=f"none in {listened:.1f} s",
                at=(last.index,),
            )


class FormulaReset(StationCase):
    """After a connection that worked the waits begin anew: a second short outage is no long one."""

    id = "CHG-OCPP-CONN-05"
    title = "The back-off begins anew after a connection"
    area = "connection"
    requirements = ("OCPP-J-BACKOFF-RESET",)
    faults: ClassVar = {"backoff-never-reset": "OCPP-J-BACKOFF-RESET"}

    async def stimulate(self, bench: StationBench) -> None:
        """Refuses the station three times, lets it in, and drops it again."""
        csms = bench.csms
        async with csms.session() as station:
            await set_back_off(station)
            csms.decide = lambda _: Decision(status=503, reason="maintenance")
            station.abort()
        for _ in range(3):
            await csms.attempt(within=90)
        csms.decide = csms.decide_well
        station = await csms.connection(within=90)
        await station.silence(20)
        station.abort()
        station = await csms.connection(within=PATIENCE)
        await station.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Measures the wait after the second drop."""
        formula = BackOff(trace)
        found = waits(trace)
        before = max((one.failures for one in found), default=0)
        last = found[-1] if found else None
        if last is None or before < 2 or last.failures or len(found) < 5:
            raise Inconclusive("the station was not let in and dropped after failed attempts")
        yield formula.kept("OCPP-J-BACKOFF-RESET", trace, last)


class Refusals(StationCase):
    """401, 403, 404, 500, no answer of sense: a station tries again, never sooner than its back-off, and gets in later.

    A station that takes a 401 of a CSMS in trouble for the end of the world needs somebody with a laptop.
    """

    id = "CHG-OCPP-CONN-06"
    title = "Refused handshakes are tried again with the back-off"
    area = "connection"
    requirements = ("OCPP-J-BACKOFF",)
    faults: ClassVar = {"no-backoff": "OCPP-J-BACKOFF", "gives-up-reconnecting": "OCPP-J-BACKOFF"}
    statuses: ClassVar = (401, 404, 500, 403, 503, 302)

    async def stimulate(self, bench: StationBench) -> None:
        """Refuses each attempt by another status, then lets the station in."""
        csms = bench.csms
        async with csms.session() as station:
            await set_back_off(station, minimum=3, spread=1, repeats=1)
            left = list(self.statuses)
            csms.decide = lambda one: Decision(status=left.pop(0)) if left else csms.decide_well(one)
            station.abort()
        station = await csms.connection(within=PATIENCE)
        await station.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the shortest waits, and for the connection at the end."""
        formula = BackOff(trace)
        refused = [one for one in handshakes(trace) if one.status not in {None, 101}]
        found = waits(trace)
        if not refused:
            raise Inconclusive("no attempt was refused")
        for one in found:
            low, _ = formula.bounds(one.failures)
            yield measured(
                "OCPP-J-BACKOFF",
                Measurement(one.seconds, "s", trace.timing_uncertainty),
                Limit("s", low=low),
                what=f"wait after {one.failures} failed attempts",
                at=one.at,
            )
        last = handshakes(trace)[-1]
        yield holds(
            "OCPP-J-BACKOFF",
            last.status == 101,
            expected="another attempt after each refusal, until it works",
            seen=f"{len(refused)} refusals, the last attempt got HTTP {last.status}",
            at=last.at,
        )


class Reconnection(StationCase):
    """A lost connection is opened again. BootNotification is for a station that has started, not for that."""

    id = "CHG-OCPP-CONN-07"
    title = "A lost connection is opened again, without BootNotification"
    area = "connection"
    requirements = ("OCPP-J-BACKOFF", "OCPP-J-RECONNECT-NOBOOT")
    faults: ClassVar = {"never-reconnects": "OCPP-J-BACKOFF"}

    async def stimulate(self, bench: StationBench) -> None:
        """Ends the connection in three ways."""
        async with bench.csms.session() as station:
            await set_back_off(station)
        for code in (1001, 1012, 0):
            async with bench.csms.session(within=PATIENCE) as station:
                await station.silence(5)
                if code:
                    await station.close(code)
                else:
                    station.abort()
        station = await bench.csms.connection(within=PATIENCE)
        await station.silence(15)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for four connections, and what came first on the last three."""
        formula = BackOff(trace)
        _, longest = formula.bounds(0)
        good = [one for one in handshakes(trace) if one.status == 101]
        ends = [one for one in trace.records if getattr(one, "kind", "") in {EventKind.WS_CLOSE, EventKind.CLOSED}]
        if not ends or not good:
            raise Inconclusive("no connection was ended")
        if len(good) < 4 and watched_until(trace) - ends[-1].t < longest + CONNECTING:
            raise Inconclusive("nobody waited for the station")
        yield holds(
            "OCPP-J-BACKOFF",
            len(good) >= 4,
            expected="a new connection after each that was lost",
            seen=f"{len(good)} connections",
            at=tuple(one.request.index for one in good),
        )
        boots = [one for one in calls(trace, "BootNotification", sender=trace.dut) if one.link != good[0].link]
        yield holds(
            "OCPP-J-RECONNECT-NOBOOT",
            not boots,
            expected="no BootNotification after a mere reconnection",
            seen=f"{len(boots)}",
            at=tuple(one.request.index for one in boots[:3]),
            severity=Severity.SHOULD,
        )


class DeadPeer(StationCase):
    """The cable is cut somewhere beyond: nothing comes back, and no end of the connection either.

    A station that waits for an end hangs there for hours, with its transactions in memory. Seen in the field.
    """

    id = "CHG-OCPP-CONN-09"
    title = "A connection on which no Pong comes back is given up"
    area = "connection"
    requirements = ("OCPP-J-PONG-TIMEOUT",)
    faults: ClassVar = {"missing-pong-unnoticed": "OCPP-J-PONG-TIMEOUT"}
    interval: ClassVar = 20

    async def stimulate(self, bench: StationBench) -> None:
        """Stops answering Pings, and waits for another connection."""
        csms = bench.csms
        async with csms.session() as station:
            await set_back_off(station)
            before = await get_variable(station, COMMUNICATION, "WebSocketPingInterval")
            await set_variable(station, str(self.interval), COMMUNICATION, "WebSocketPingInterval")
            station.auto_pong = False
            await station.gone(within=2 * self.interval + bench.detection_time + 30)
        station = await csms.connection(within=60)
        if before and before.isdigit():
            await set_variable(station, before, COMMUNICATION, "WebSocketPingInterval")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Measures from the first Ping without a Pong to the end, and looks for what follows."""
        if settings(trace).get("WebSocketPingInterval") is None:
            raise Inconclusive("the interval could not be set")
        change = next(
            one
            for one in calls(trace, "SetVariables", sender=trace.tester)
            if one.payload["setVariableData"][0]["variable"]["name"] == "WebSocketPingInterval"
        )
        pings = [
            one
            for one in trace.events(EventKind.PING, source=trace.dut)
            if one.index > change.request.index and one.link == change.link
        ]
        pongs = [one.index for one in trace.events(EventKind.PONG, source=trace.tester)]
        if not pings or any(one > pings[0].index for one in pongs):
            raise Inconclusive("there was no Ping, or it was answered")
        detection = float(trace.declared.get("ocpp_detection_time", 30.0))
        yield connection_ends("OCPP-J-PONG-TIMEOUT", trace, pings[0], within=self.interval + detection)
        later = [one for one in trace.events(EventKind.CONNECTED) if one.index > pings[0].index]
        yield holds("OCPP-J-PONG-TIMEOUT", bool(later), expected="another connection", seen=f"{len(later)}",
                    at=(pings[0].index, *(one.index for one in later[:1])))  # fmt: skip
