"""How a charging station connects: URL, identity, credentials, Pings, the next network profile (Part 4, A00)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

from v2gready.authoring.ocpp import (
    Decision,
    EventKind,
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    calls,
    event_record,
    get_variable,
    handshake,
    handshakes,
    holds,
    sent,
    set_variable,
    watched_until,
)

COMMUNICATION = "OCPPCommCtrlr"
PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""


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
