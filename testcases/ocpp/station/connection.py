"""How a charging station connects, and connects again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

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
    handshake,
    handshakes,
    holds,
    measured,
    sent,
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


class Url(StationCase):
    """The station calls endpoint, slash, identity: the CSMS knows it by the last segment alone."""

    id = "CHG-OCPP-CONN-01"
    title = "The URL ends with the identity"
    area = "connection"
    requirements = ("OCPP-J-URL", "OCPP-A00.FR.204")
    instruments = ("security_profile_1",)
    faults: ClassVar = {"wrong-identity-in-path": "OCPP-J-URL"}

    async def stimulate(self, bench: StationBench) -> None:
        """Waits for the first attempt."""
        await bench.csms.attempt(within=PATIENCE)
        await bench.csms.watch(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the path with the user of Basic authentication, which is the identity, too."""
        first = handshake(trace)
        yield from self.looked_at(first)

    def looked_at(self, one: Any) -> Iterator[Observation]:
        """Path and user of one attempt."""
        path, user = str(one.request.detail["path"]), str(one.request.detail.get("user", ""))
        last = path.rpartition("/")[2]
        good = bool(user) and last.upper() == quote(user, safe="").upper() and len(user) <= 48 and ":" not in user
        expected = f"a path that ends with /{quote(user, safe='') or 'the identity'}"
        yield (
            holds("OCPP-J-URL", good or not user, expected=expected, seen=path, at=one.at)
            if user
            else holds("OCPP-J-URL", bool(last), expected="an identity as last segment", seen=path, at=one.at)
        )
        known = str(one.request.detail.get("credentials", "")) != "none"
        yield holds("OCPP-A00.FR.204", known and bool(user), expected="a user", seen=user or "none", at=one.at)


class EncodedIdentity(StationCase):
    """An identity with characters that a URL cannot carry is percent-encoded, and stays as it is for Basic.

    Otherwise the CSMS finds another station, or none: RDAM|123 is RDAM%7C123 in the path.
    """

    id = "CHG-OCPP-CONN-02"
    title = "The identity is percent-encoded in the URL"
    area = "connection"
    requirements = ("OCPP-J-URL", "OCPP-A00.FR.204")
    pics = "ocpp_network_profiles"
    instruments = ("security_profile_1",)
    faults: ClassVar = {"identity-not-encoded": "OCPP-J-URL"}
    identity: ClassVar = "V2G|ready#1"

    async def stimulate(self, bench: StationBench) -> None:
        """Gives the station such an identity, resets it, and takes it back."""
        csms = bench.csms
        csms.passwords[self.identity] = csms.passwords[bench.identity]
        async with csms.session() as station:
            done = await set_variable(station, self.identity, "SecurityCtrlr", "Identity")
            if done not in {"Accepted", "RebootRequired"}:
                return
            await station.call("Reset", {"type": "Immediate"})
            await station.gone(within=PATIENCE)
        await csms.attempt(within=PATIENCE)
        async with csms.session(within=PATIENCE) as station:
            await set_variable(station, bench.identity, "SecurityCtrlr", "Identity")
            await station.call("Reset", {"type": "Immediate"})
            await station.gone(within=PATIENCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares path and user after the reset."""
        change = sent(trace, "SetVariables")
        results = (change.answer or {}).get("setVariableResult", [{}])
        if results[0].get("attributeStatus") not in {"Accepted", "RebootRequired"}:
            raise Inconclusive("the station does not let its identity be set")
        reset = sent(trace, "Reset")
        later = [one for one in handshakes(trace) if one.request.index > reset.request.index]
        if not later:
            raise Inconclusive("the station did not come back")
        path, user = str(later[0].request.detail["path"]), str(later[0].request.detail.get("user", ""))
        wanted = quote(self.identity, safe="")
        good = path.rpartition("/")[2].upper() == wanted.upper()
        yield holds("OCPP-J-URL", good, expected=f"a path that ends with /{wanted}", seen=path, at=later[0].at)
        yield holds("OCPP-A00.FR.204", user == self.identity, expected=self.identity, seen=user, at=later[0].at)


class EveryTime(StationCase):
    """Credentials come with every connection: a CSMS knows nothing of the one before."""

    id = "CHG-OCPP-CONN-03"
    title = "Credentials are sent with every connection"
    area = "connection"
    requirements = ("OCPP-J-BASIC-EVERY",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {"no-authorization-header": "OCPP-J-BASIC-EVERY"}

    async def stimulate(self, bench: StationBench) -> None:
        """Drops two connections, one in order and one not."""
        for number in range(3):
            station = await bench.csms.connection(within=PATIENCE)
            await station.silence(2)
            if number == 1:
                station.abort()
            elif number == 0:
                await station.close(1001)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every handshake."""
        found = handshakes(trace)
        bad = [one for one in found if one.request.detail.get("credentials") != "right"]
        if len(found) < 3 and not bad:
            raise Inconclusive(f"there were {len(found)} handshakes only")
        for one in found:
            yield holds(
                "OCPP-J-BASIC-EVERY",
                one.request.detail.get("credentials") == "right",
                expected="Basic authentication with the right password",
                seen=f"{one.request.detail.get('authorization')}, {one.request.detail.get('credentials')}",
                at=one.at,
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


class Pings(StationCase):
    """WebSocketPingInterval keeps the connection open through routers and shows that it lives; 0 switches it off."""

    id = "CHG-OCPP-CONN-08"
    title = "Pings are sent at WebSocketPingInterval, and answered"
    area = "connection"
    requirements = ("OCPP-J-PING",)
    faults: ClassVar = {"no-ping": "OCPP-J-PING", "no-pong": "OCPP-J-PING"}
    interval: ClassVar = 20

    async def stimulate(self, bench: StationBench) -> None:
        """Sets an interval, then none, and pings the station itself."""
        async with bench.csms.session() as station:
            station.ping(b"v2gready")
            await station.pong(within=10)
            before = await get_variable(station, COMMUNICATION, "WebSocketPingInterval")
            for value in (self.interval, 0):
                await set_variable(station, str(value), COMMUNICATION, "WebSocketPingInterval")
                await station.silence(100)
            if before and before.isdigit():
                await set_variable(station, before, COMMUNICATION, "WebSocketPingInterval")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts the Pings of each phase."""
        ours = event_record(trace, EventKind.PING, source=trace.tester)
        pongs = [one for one in trace.events(EventKind.PONG, source=trace.dut) if one.index > ours.index]
        if not pongs and watched_until(trace, ours.link) - ours.t < 10:
            raise Inconclusive("no Pong was awaited")
        at = (ours.index, *(one.index for one in pongs[:1]))
        yield holds("OCPP-J-PING", bool(pongs), expected="a Pong", seen=f"{len(pongs)}", at=at)
        if not pongs:
            return
        sets = calls(trace, "SetVariables", sender=trace.tester)
        told = [(one.answer or {}).get("setVariableResult", [{}])[0].get("attributeStatus") for one in sets[:2]]
        if told != ["Accepted", "Accepted"]:
            raise Inconclusive(f"the interval could not be set: {told}")
        on, off = sets[0], sets[1]
        pings = list(trace.events(EventKind.PING, source=trace.dut))
        during = [one for one in pings if on.t < one.t < off.t]
        times = [on.t, *(one.t for one in during), off.t]
        longest = max(later - earlier for earlier, later in itertools.pairwise(times))
        yield holds(
            "OCPP-J-PING",
            len(during) >= 2 and longest <= 2 * self.interval,
            expected=f"a Ping each {self.interval} s",
            seen=f"{len(during)} in {off.t - on.t:.0f} s, the longest gap {longest:.0f} s",
            at=(on.request.index, *(one.index for one in during[:3])),
        )
        end = sets[2].t if len(sets) > 2 else watched_until(trace, off.link)
        after = [one for one in pings if off.t + self.interval < one.t < end]
        if end - off.t < 60:
            raise Inconclusive("nobody watched after the Pings were switched off")
        yield holds("OCPP-J-PING", not after, expected="no Ping with interval 0", seen=f"{len(after)}",
                    at=(off.request.index, *(one.index for one in after[:3])))  # fmt: skip


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


class FailOver(StationCase):
    """The first network profile leads nowhere: after so many attempts the next one is tried, and not before.

    Too early, and a short hiccup moves a fleet to the spare; never, and the spare is of no use.
    """

    id = "CHG-OCPP-CONN-10"
    title = "The next network profile is tried after NetworkProfileConnectionAttempts"
    area = "connection"
    requirements = ("OCPP-B10-FAILOVER",)
    pics = "ocpp_network_profiles"
    instruments = ("security_profile_1",)
    faults: ClassVar = {
        "network-profile-failover-missing": "OCPP-B10-FAILOVER",
        "network-profile-failover-early": "OCPP-B10-FAILOVER",
        "network-priority-ignored": "OCPP-B10-FAILOVER",
    }
    attempts: ClassVar = 2
    nowhere: ClassVar = "/v2gready-nowhere"

    async def stimulate(self, bench: StationBench) -> None:
        """Puts a profile first whose path nobody serves, and resets the station."""
        csms, seen = bench.csms, []

        def decide(one: Any) -> Decision:
            seen.append(one)
            return Decision(status=503) if self.nowhere in one.path else csms.decide_well(one)

        csms.decide = decide
        async with csms.session() as station:
            host = {name.lower(): value for name, value in seen[-1].headers}["host"]
            slot = int(bench.number("ocpp_spare_slot", 1))
            data = {
                "ocppInterface": "Wired0",
                "ocppTransport": "JSON",
                "messageTimeout": 30,
                "ocppCsmsUrl": f"ws://{host}{self.nowhere}",
                "securityProfile": 1,
            }
            used = await get_variable(station, COMMUNICATION, "ActiveNetworkProfile") or "0"
            await station.call("SetNetworkProfile", {"configurationSlot": slot, "connectionData": data})
            await set_variable(station, str(self.attempts), COMMUNICATION, "NetworkProfileConnectionAttempts")
            await set_variable(station, f"{slot},{used}", COMMUNICATION, "NetworkConfigurationPriority")
            await station.call("Reset", {"type": "Immediate"})
            await station.gone(within=60)
        station = await csms.connection(within=PATIENCE)
        await station.look_for("BootNotification", since=0, within=15)
        await set_variable(station, used, COMMUNICATION, "NetworkConfigurationPriority")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts the attempts of the profile that leads nowhere."""
        installed = sent(trace, "SetNetworkProfile")
        name = "NetworkConfigurationPriority"
        priority = [
            one
            for one in calls(trace, "SetVariables", sender=trace.tester)
            if one.payload["setVariableData"][0]["variable"]["name"] == name
        ]
        told = [(one.answer or {}).get("setVariableResult", [{}])[0].get("attributeStatus") for one in priority[:1]]
        if installed.status != "Accepted" or told not in (["Accepted"], ["RebootRequired"]):
            raise Inconclusive(f"the network profile was not taken: {installed.status}, {told}")
        reset = sent(trace, "Reset")
        later = [one for one in handshakes(trace) if one.request.index > reset.request.index]
        if not later:
            raise Inconclusive("the station did not come back after the reset")
        paths = [self.nowhere in str(one.request.detail["path"]) for one in later]
        missed = paths.index(False) if False in paths else None
        yield holds(
            "OCPP-B10-FAILOVER",
            missed == self.attempts,
            expected=f"{self.attempts} attempts of the first profile, then the next",
            seen=f"{len(paths)} attempts, never the next" if missed is None else f"the next after {missed}",
            at=tuple(one.request.index for one in later[:4]),
        )
