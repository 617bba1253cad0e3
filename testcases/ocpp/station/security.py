"""TLS of a charging station: what of its CSMS it refuses and tells, and its own certificate (A00)."""

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
    StationBench,
    StationCase,
    TlsVersions,
    Trace,
    ask_alive,
    calls,
    event_record,
    get_variable,
    got,
    handshakes,
    holds,
    instant,
    received,
    still_serves,
    told_variable,
)

PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""
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
            if (await csms.attempt(within=PATIENCE)).accepted:
                await csms.watch(0.5)
                return  # it stays: nobody need wait for another attempt
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
