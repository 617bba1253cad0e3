"""Passwords, certificates of the CSMS, TLS and network profiles of a charging station."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    BACKEND_SUITES,
    WEAK_SUITES,
    Event,
    EventKind,
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    TlsVersions,
    Trace,
    answered,
    ask_alive,
    calls,
    event_record,
    get_variable,
    got,
    handshakes,
    holds,
    instant,
    not_accepted,
    reason_is,
    received,
    sent,
    set_variable,
    status_is,
    still_serves,
    told_variable,
    variable,
    watched_until,
)

PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""
PASSWORD = ("SecurityCtrlr", "BasicAuthPassword")


def first_result(exchange: RpcExchange) -> dict[str, Any]:
    """The first result of SetVariables or GetVariables."""
    answer = exchange.answer or {}
    found = answer.get("setVariableResult") or answer.get("getVariableResult") or [{}]
    return found[0] if isinstance(found[0], dict) else {}


def handshakes_after(trace: Trace, exchange: RpcExchange) -> list[Any]:
    """Attempts of the station after a CALL of ours."""
    return [one for one in handshakes(trace) if one.request.index > exchange.request.index]


def password_change(trace: Trace) -> RpcExchange:
    """Our SetVariables of the password.

    Raises:
        Inconclusive: It was not sent, or not accepted.
    """
    change = sent(trace, "SetVariables")
    if first_result(change).get("attributeStatus") != "Accepted":
        raise Inconclusive(f"the new password was not accepted: {first_result(change).get('attributeStatus')}")
    return change


class NewPassword(StationCase):
    """The operator changes the password: the station comes back with the new one at once, of its own accord."""

    id = "CHG-OCPP-SEC-01"
    title = "A new password is used for a new connection"
    area = "security"
    requirements = ("OCPP-A01-PASSWORD",)
    pics = "security_profile_1"
    instruments = ("security_profile_1",)
    faults: ClassVar = {
        "password-not-used": "OCPP-A01-PASSWORD",
        "password-change-without-reconnect": "OCPP-A01-PASSWORD",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Changes it on both sides, waits for the station, and takes it back."""
        csms = bench.csms
        old, new = csms.passwords[bench.identity], bench.new_id("v2gready-new-")
        async with csms.session() as station:
            if await set_variable(station, new, *PASSWORD) != "Accepted":
                return
            csms.passwords[bench.identity] = new
            await station.gone(within=60)
        station = await csms.connection(within=PATIENCE)
        await station.silence(2)
        if await set_variable(station, old, *PASSWORD) == "Accepted":
            csms.passwords[bench.identity] = old
            await station.gone(within=60)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the first attempt that is right by the new password."""
        change = password_change(trace)
        later = handshakes_after(trace, change)
        if not later and watched_until(trace) - change.t < 60:
            raise Inconclusive("nobody waited for the station")
        seen = f"{later[0].request.detail['credentials']} password" if later else "no other connection"
        yield holds(
            "OCPP-A01-PASSWORD",
            bool(later) and later[0].request.detail["credentials"] == "right",
            expected="another connection with the new password",
            seen=seen,
            at=(*change.at, *(one.request.index for one in later[:1])),
        )


class PasswordFallback(StationCase):
    """The CSMS has told a new password and then refuses it: its change was lost on the way to its own memory.

    A station that forgets the former one is locked out until somebody drives there.
    """

    id = "CHG-OCPP-SEC-02"
    title = "The former password is used where the new one is refused"
    area = "security"
    requirements = ("OCPP-A01-PASSWORD",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {"password-fallback-missing": "OCPP-A01-PASSWORD"}

    async def stimulate(self, bench: StationBench) -> None:
        """Tells the station a password that the CSMS does not take over."""
        async with bench.csms.session() as station:
            await set_variable(station, bench.new_id("v2gready-lost-"), *PASSWORD)
            await station.gone(within=60)
        station = await bench.csms.connection(within=PATIENCE)
        await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an attempt with the new one, and for a connection with the former one."""
        change = password_change(trace)
        later = handshakes_after(trace, change)
        tries = [str(one.request.detail["credentials"]) for one in later]
        if "wrong" not in tries:
            raise Inconclusive(f"the new password was not tried: {tries}")
        if tries[-1] == "wrong" and watched_until(trace) - change.t < PATIENCE:
            raise Inconclusive("nobody waited for the station")
        yield holds(
            "OCPP-A01-PASSWORD",
            tries[-1] == "right",
            expected="a connection with the former password",
            seen=f"attempts with {', '.join(tries[:3])} ... {tries[-1]} password",
            at=tuple(one.request.index for one in (*later[:2], later[-1])),
        )


class PasswordLength(StationCase):
    """Passwords have 16 characters at least. One that is too short is refused, and the former one stays."""

    id = "CHG-OCPP-SEC-03"
    title = "A password that is too short or too long is refused"
    area = "security"
    requirements = ("OCPP-A00.FR.205",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {"short-password-accepted": "OCPP-A00.FR.205"}

    async def stimulate(self, bench: StationBench) -> None:
        """Offers passwords of 15, 1 and 65 characters, then drops the connection."""
        async with bench.csms.session() as station:
            for length in (15, 1, 65):
                await set_variable(station, ("v2gready" * 9)[:length], *PASSWORD)
            await station.silence(2)
            station.abort()
        station = await bench.csms.connection(within=PATIENCE)
        await station.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at each status, and at the password of the next connection."""
        offered = calls(trace, "SetVariables", sender=trace.tester)
        if len(offered) < 3:
            raise Inconclusive("not all passwords were offered")
        if all(one.error is not None for one in offered):
            raise Inconclusive("each password is refused by an error: nobody knows whether it was looked at")
        for one in offered:
            told = one.error.code if one.error else first_result(one).get("attributeStatus")
            good = one.error is not None or told not in {None, "Accepted", "RebootRequired"}
            yield holds("OCPP-A00.FR.205", good, expected="the password refused", seen=told, at=one.at)
        later = handshakes_after(trace, offered[-1])
        if not later:
            raise Inconclusive("the station did not come back")
        right = later[0].request.detail["credentials"] == "right"
        yield holds("OCPP-A00.FR.205", right, expected="the former password", seen=right, at=later[0].at)


class PasswordSecret(StationCase):
    """The password can be written and never read: whoever gets into the CSMS must not get all stations with it."""

    id = "CHG-OCPP-SEC-04"
    title = "The password is in no answer and in no report"
    area = "security"
    requirements = ("OCPP-J-PASSWORD-SECRET",)
    faults: ClassVar = {"password-readable": "OCPP-J-PASSWORD-SECRET"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for it, and for everything."""
        async with bench.csms.session() as station:
            await station.call("GetVariables", {"getVariableData": [variable(*PASSWORD)]})
            mark = station.mark
            await station.call("GetBaseReport", {"requestId": 4, "reportBase": "FullInventory"})
            await station.look_for("NotifyReport", where=lambda one: not one.get("tbc"), since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a value wherever the variable is named."""
        asked = sent(trace, "GetVariables")
        yield answered("OCPP-J-PASSWORD-SECRET", asked)
        told = first_result(asked)
        value = told.get("attributeValue")
        secret = not value and told.get("attributeStatus") not in {None, "Accepted"}
        seen = f"{told.get('attributeStatus')}, {'a value' if value else 'no value'}"
        yield holds("OCPP-J-PASSWORD-SECRET", secret, expected="WriteOnly, no value", seen=seen, at=asked.at)
        if sent(trace, "GetBaseReport").status not in {"Accepted", "NotSupported"}:
            raise Inconclusive("there is no report")
        parts = calls(trace, "NotifyReport", sender=trace.dut)
        if sent(trace, "GetBaseReport").status == "Accepted" and (not parts or parts[-1].payload.get("tbc")):
            raise Inconclusive("the report is not complete")
        for part in parts:
            for item in part.payload.get("reportData", []):
                if "password" in str(item.get("variable", {}).get("name", "")).lower():
                    values = [one.get("value") for one in item.get("variableAttribute", [])]
                    yield holds(
                        "OCPP-J-PASSWORD-SECRET",
                        not any(values),
                        expected="no value in the report",
                        seen=f"{sum(map(bool, values))} values",
                        at=part.at,
                    )


WILDCARDS = ("SecurityCtrlr", "AllowCSMSTLSWildcards")


class BadServer(StationCase):
    """A CSMS that is none, or cannot prove it; base of the cases about it.

    Attributes:
        offered: What of TLS is wrong, by the facts of a connection in the trace.
        event: Types of the security event that tells it.
        rule: The requirement.
    """

    area = "security"
    instruments = ("security_profile_2",)
    offered: ClassVar[tuple[str, str]] = ("certificate", "")
    event: ClassVar[tuple[str, ...]] = ("InvalidCsmsCertificate",)
    rule: ClassVar[str] = "OCPP-J-TLS-SERVER-CHECK"

    def prepare(self, bench: StationBench) -> None:
        """Makes the CSMS wrong."""
        bench.csms.server_credential(self.offered[1])

    async def stimulate(self, bench: StationBench) -> None:
        """Is wrong for two attempts, then right, and waits for what the station has to tell."""
        csms = bench.csms
        self.prepare(bench)
        for _ in range(2):
            await csms.attempt(within=PATIENCE)
        await csms.watch(0.5)
        csms.server_credential(None)
        csms.tls_versions, csms.tls_suites = TlsVersions.BOTH, BACKEND_SUITES
        async with csms.session(within=PATIENCE) as station:
            await station.look_for("SecurityEventNotification", where=self.tells, since=0, within=30)
            await get_variable(station, *WILDCARDS)
            await ask_alive(station)

    def tells(self, payload: Any) -> bool:
        """Whether a security event is about it."""
        return payload.get("type") in self.event

    def refused(self, trace: Trace) -> list[Event]:
        """The connections on which the CSMS was wrong."""
        name, value = self.offered
        return [one for one in trace.events(EventKind.CONNECTED) if value and one.detail.get(name) == value]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing of OCPP on the wrong connections; the event after the right one."""
        bad = self.refused(trace)
        if not bad:
            raise Inconclusive("the station did not connect while the CSMS was wrong")
        own = [
            one
            for one in trace.events(EventKind.TLS_FAILED, source=trace.tester)
            if "no ciphers available" in str(one.detail.get("reason", "")).replace("_", " ")
        ]
        if own:
            raise Inconclusive("the TLS library of the bench cannot offer this, so nobody has refused it")
        asked = {one.link for one in handshakes(trace)}
        for one in bad:
            yield holds(
                self.rule,
                one.link not in asked,
                expected=f"no connection with {' '.join(self.offered)}",
                seen="a WebSocket request" if one.link in asked else "none",
                at=(one.index,),
            )
        links = {one.link for one in bad}
        good = [one for one in handshakes(trace) if one.status == 101 and one.link not in links]
        if not good:
            raise Inconclusive("the station did not connect to the right CSMS either")
        what = f"of type {' or '.join(self.event)}"
        yield received("OCPP-J-TLS-EVENT", trace, "SecurityEventNotification", where=self.tells, what=what,
                       after=bad[0])  # fmt: skip
        still_serves(trace)


class Expired(BadServer):
    """A certificate that has ended may belong to somebody who has kept its key: no connection, and the CSMS is told.

    The event is queued until there is a connection, with the time at which it happened.
    """

    id = "CHG-OCPP-SEC-05"
    title = "An expired certificate of the CSMS is refused, and told"
    requirements = ("OCPP-J-TLS-SERVER-CHECK", "OCPP-J-TLS-EVENT", "OCPP-J-SECURITY-EVENTS", "OCPP-B01-STAMPS")
    offered = ("certificate", "expired")
    faults: ClassVar = {
        "expired-server-cert-accepted": "OCPP-J-TLS-SERVER-CHECK",
        "no-tls-security-event": "OCPP-J-TLS-EVENT",
        "wrong-tls-security-event": "OCPP-J-TLS-EVENT",
        "security-event-lost-offline": "OCPP-J-SECURITY-EVENTS",
        "security-event-without-time": "OCPP-B01-STAMPS",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Also looks at what was queued, and at its time."""
        yield from super().judge(trace)
        found = calls(trace, "SecurityEventNotification", sender=trace.dut)
        yield holds(
            "OCPP-J-SECURITY-EVENTS",
            bool(found),
            expected="security events from before the connection",
            seen=f"{len(found)}",
            at=tuple(one.request.index for one in found[:3]),
        )
        for one in found:
            stamp = str(one.payload.get("timestamp"))
            good = instant(stamp) > instant("2020-01-01T00:00:00Z")
            yield holds("OCPP-B01-STAMPS", good, expected="a time of our days", seen=stamp, at=one.at)


class SelfSigned(BadServer):
    """A certificate that vouches for itself proves nothing."""

    id = "CHG-OCPP-SEC-06"
    title = "A self-signed certificate of the CSMS is refused"
    requirements = ("OCPP-J-TLS-SERVER-CHECK", "OCPP-J-TLS-EVENT")
    offered = ("certificate", "self_signed")
    faults: ClassVar = {"foreign-root-accepted": "OCPP-J-TLS-SERVER-CHECK", "no-tls-security-event": "OCPP-J-TLS-EVENT"}


class ForeignRoot(BadServer):
    """A root of the right name and another key: only the signature tells them apart."""

    id = "CHG-OCPP-SEC-07"
    title = "A certificate of the CSMS under a foreign root is refused"
    requirements = ("OCPP-J-TLS-SERVER-CHECK", "OCPP-J-TLS-EVENT")
    offered = ("certificate", "foreign_root")
    faults: ClassVar = {"foreign-root-accepted": "OCPP-J-TLS-SERVER-CHECK"}


class WrongName(BadServer):
    """A good certificate, but of another host: whoever has any certificate of that root could be the CSMS."""

    id = "CHG-OCPP-SEC-08"
    title = "A certificate of another host is refused"
    requirements = ("OCPP-J-TLS-SERVER-CHECK", "OCPP-J-TLS-EVENT")
    offered = ("certificate", "wrong_name")
    faults: ClassVar = {"wrong-name-accepted": "OCPP-J-TLS-SERVER-CHECK"}


class NotYetValid(BadServer):
    """A certificate whose time has not come."""

    id = "CHG-OCPP-SEC-09"
    title = "A certificate of the CSMS that is not valid yet is refused"
    requirements = ("OCPP-J-TLS-SERVER-CHECK", "OCPP-J-TLS-EVENT")
    offered = ("certificate", "not_yet_valid")
    faults: ClassVar = {"expired-server-cert-accepted": "OCPP-J-TLS-SERVER-CHECK"}


class Wildcard(BadServer):
    """A wildcard fits every host of a domain. It is refused unless AllowCSMSTLSWildcards says otherwise."""

    id = "CHG-OCPP-SEC-10"
    title = "A wildcard certificate of the CSMS is refused"
    requirements = ("OCPP-J-TLS-WILDCARD", "OCPP-J-TLS-EVENT")
    offered = ("certificate", "wildcard")
    rule = "OCPP-J-TLS-WILDCARD"
    faults: ClassVar = {"wildcard-accepted": "OCPP-J-TLS-WILDCARD"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The variable decides."""
        if str(told_variable(trace, *WILDCARDS)).lower() == "true":
            raise Inconclusive("AllowCSMSTLSWildcards is true on this station")
        yield from super().judge(trace)


class OldTls(BadServer):
    """A CSMS that knows TLS 1.1 at most is not what it was yesterday: somebody turns the clock back."""

    id = "CHG-OCPP-SEC-11"
    title = "TLS 1.1 is refused, and told"
    requirements = ("OCPP-J-TLS-VERSION", "OCPP-J-TLS-EVENT")
    offered = ("versions", TlsVersions.ONLY_1_1.name)
    rule = "OCPP-J-TLS-VERSION"
    event = ("InvalidTLSVersion",)
    faults: ClassVar = {"old-tls-accepted": "OCPP-J-TLS-VERSION", "no-tls-security-event": "OCPP-J-TLS-EVENT"}

    def prepare(self, bench: StationBench) -> None:
        """The version, and suites that it has."""
        bench.csms.tls_versions, bench.csms.tls_suites = TlsVersions.ONLY_1_1, WEAK_SUITES


class WeakSuites(BadServer):
    """TLS 1.2 with suites that no security profile has: no forward secrecy, no authenticated encryption."""

    id = "CHG-OCPP-SEC-12"
    title = "Weak cipher suites are refused, and told"
    requirements = ("OCPP-J-TLS-SUITES-STATION", "OCPP-J-TLS-EVENT")
    offered = ("suites", ":".join(WEAK_SUITES))
    rule = "OCPP-J-TLS-SUITES-STATION"
    event = ("InvalidTLSCipherSuite",)
    faults: ClassVar = {
        "weak-suite-accepted": "OCPP-J-TLS-SUITES-STATION",
        "wrong-tls-security-event": "OCPP-J-TLS-EVENT",
    }

    def prepare(self, bench: StationBench) -> None:
        """The suites, and the only version that has them."""
        bench.csms.tls_versions, bench.csms.tls_suites = TlsVersions.ONLY_1_2, WEAK_SUITES


class OwnCertificate(StationCase):
    """Security profile 3: the certificate is the password. Its name is the serial number of the station."""

    id = "CHG-OCPP-SEC-13"
    title = "The station shows its certificate, with its serial number"
    area = "security"
    requirements = ("OCPP-J-TLS-OWN-CERTIFICATE",)
    instruments = ("security_profile_3",)
    faults: ClassVar = {"no-client-certificate": "OCPP-J-TLS-OWN-CERTIFICATE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Waits for the station; one attempt is enough where it is refused."""
        await bench.csms.attempt(within=PATIENCE)
        async with bench.csms.session(within=60) as station:
            await station.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the subject with the BootNotification."""
        missing = [
            one
            for one in trace.events(EventKind.TLS_FAILED)
            if "did not return a certificate" in str(one.detail.get("reason", "")).replace("_", " ").lower()
        ]
        if missing:
            yield holds("OCPP-J-TLS-OWN-CERTIFICATE", False, expected="a certificate of the station", seen="none",
                        at=(missing[0].index,))  # fmt: skip
            return
        session = event_record(trace, EventKind.TLS_ESTABLISHED)
        subject = str(session.detail.get("peer_subject", ""))
        yield holds("OCPP-J-TLS-OWN-CERTIFICATE", bool(subject), expected="a certificate of the station",
                    seen=subject or "none", at=(session.index,))  # fmt: skip
        boot = got(trace, "BootNotification")
        serial = boot.payload.get("chargingStation", {}).get("serialNumber")
        yield holds(
            "OCPP-J-TLS-OWN-CERTIFICATE",
            f"CN={serial}" in subject.split(","),
            expected=f"CN={serial}",
            seen=subject,
            at=(session.index, boot.request.index),
        )


class NetworkProfiles(StationCase):
    """Network profiles that the CSMS offers; base of the cases about them."""

    area = "security"
    pics = "ocpp_network_profiles"

    @staticmethod
    def data(url: str, security_profile: int, **fields: Any) -> dict[str, Any]:
        """Connection data."""
        return {
            "ocppInterface": "Wired0",
            "ocppTransport": "JSON",
            "messageTimeout": 30,
            "ocppCsmsUrl": url,
            "securityProfile": security_profile,
            **fields,
        }

    @staticmethod
    def where(**wanted: Any) -> Any:
        """Picks our SetNetworkProfile by a part of its data."""

        def matches(payload: Any) -> bool:
            data = {**payload["connectionData"], "slot": payload["configurationSlot"]}
            return all(data.get(name) == value for name, value in wanted.items())

        return matches


class Downgrade(NetworkProfiles):
    """Who gets into the CSMS must not be able to switch TLS off: from profile 2 there is no way back to 1."""

    id = "CHG-OCPP-SEC-14"
    title = "A network profile of a lower security profile is refused"
    requirements = ("OCPP-A05-DOWNGRADE",)
    instruments = ("security_profile_2",)
    faults: ClassVar = {"downgrade-accepted": "OCPP-A05-DOWNGRADE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Offers profile 1, and profile 2 of the same kind."""
        slot = int(bench.number("ocpp_spare_slot", 1))
        async with bench.csms.session() as station:
            for level, scheme in ((1, "ws"), (2, "wss")):
                data = self.data(f"{scheme}://csms.v2gready.test:9000/ocpp", level)
                await station.call("SetNetworkProfile", {"configurationSlot": slot, "connectionData": data})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only one of them may be taken."""
        lower = sent(trace, "SetNetworkProfile", where=self.where(securityProfile=1))
        same = sent(trace, "SetNetworkProfile", where=self.where(securityProfile=2))
        if same.status != "Accepted":
            raise Inconclusive(f"a profile of the same level is not accepted either: {same.status}")
        yield status_is("OCPP-A05-DOWNGRADE", lower, "Rejected", "Failed")
        if lower.status != "Accepted":
            yield reason_is("OCPP-A05-DOWNGRADE", lower, "NoSecurityDowngrade")


class UselessProfile(NetworkProfiles):
    """A profile that cannot work, or for a slot that is not there, must not be accepted: it is found out at night."""

    id = "CHG-OCPP-SEC-15"
    title = "Network profiles that cannot work are refused"
    requirements = ("OCPP-B09-INVALID",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {
        "unknown-slot-accepted": "OCPP-B09-INVALID",
        "incomplete-network-profile-accepted": "OCPP-B09-INVALID",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Offers an unknown slot, wss without TLS, an address that is none, and a good one."""
        slot = int(bench.number("ocpp_spare_slot", 1))
        good = "ws://csms.v2gready.test:9000/ocpp"
        async with bench.csms.session() as station:
            for number, url in (
                (4711, good),
                (slot, good.replace("ws:", "wss:")),
                (slot, "http://csms.v2gready.test/ocpp"),
                (slot, "ws://"),
                (slot, good),
            ):
                request = {"configurationSlot": number, "connectionData": self.data(url, 1)}
                await station.call("SetNetworkProfile", request)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only the last may be taken."""
        offered = calls(trace, "SetNetworkProfile", sender=trace.tester)
        if len(offered) < 5 or offered[-1].status != "Accepted":
            raise Inconclusive("the good network profile was not accepted, so refusals say nothing")
        for one in offered[:-1]:
            yield not_accepted("OCPP-B09-INVALID", one)
            if one.status is not None:
                reason = "InvalidConfSlot" if one.payload["configurationSlot"] == 4711 else "InvalidNetworkConf"
                yield reason_is("OCPP-B09-INVALID", one, reason)


class ActiveSlot(NetworkProfiles):
    """The settings in use cannot be set: half a change would be the last thing the CSMS ever told the station."""

    id = "CHG-OCPP-SEC-16"
    title = "The network profile in use cannot be changed by SetVariables"
    requirements = ("OCPP-B09-ACTIVE",)
    pics = "ocpp21 and ocpp_network_profiles"
    faults: ClassVar = {"active-slot-overwritten": "OCPP-B09-ACTIVE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets the timeout of the slot in use to another, harmless value."""
        async with bench.csms.session() as station:
            asked = [one for one in (await self.slots(station)) if one]
            for slot in asked[:1]:
                item = {
                    "component": {"name": "NetworkConfiguration", "instance": slot},
                    "variable": {"name": "MessageTimeout"},
                }
                await station.call("GetVariables", {"getVariableData": [item]})
                await station.call("SetVariables", {"setVariableData": [{**item, "attributeValue": "31"}]})

    @staticmethod
    async def slots(station: Any) -> list[str]:
        """The slot in use, as the station tells it."""
        reply = await station.call(
            "GetVariables", {"getVariableData": [variable("OCPPCommCtrlr", "ActiveNetworkProfile")]}
        )
        results = getattr(reply, "payload", {}).get("getVariableResult", [])
        return [str(one.get("attributeValue", "")) for one in results]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the status of the variable."""
        change = sent(trace, "SetVariables")
        status = first_result(change).get("attributeStatus")
        if status in {"UnknownComponent", "UnknownVariable"}:
            raise Inconclusive("the station has no NetworkConfiguration of the slot in use")
        good = status in {"Rejected", "NotSupportedAttributeType"}
        yield holds("OCPP-B09-ACTIVE", good, expected="Rejected", seen=status, at=change.at)
