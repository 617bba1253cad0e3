"""Who gets in: Basic authentication, TLS, client certificates (block A)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    BACKEND_SUITES,
    WEAK_SUITES,
    CsmsBench,
    CsmsCase,
    Event,
    EventKind,
    Handshake,
    Inconclusive,
    Observation,
    RpcExchange,
    Severity,
    TlsVersions,
    Trace,
    Unequipped,
    Unreached,
    answered,
    calls,
    complete,
    describe,
    ended,
    every,
    handshake_refused,
    handshakes,
    holds,
    last_words,
    sent,
)

SECURE = ("security_profile_2",)
MUTUAL = ("security_profile_3",)


class Door(CsmsCase):
    """Knocks with something that is not right, between two visits with everything right.

    The first visit shows that the CSMS lets a good station in at all, which a refusal says nothing without. The last
    one shows that it still does.
    """

    area = "security"

    async def knock(self, bench: CsmsBench) -> None:
        """Tries what may not work."""
        raise NotImplementedError

    async def stimulate(self, bench: CsmsBench) -> None:
        """Comes in, knocks, comes in again."""
        async with bench.station.connect() as csms:
            await csms.boot()
        await self.knock(bench)
        async with bench.station.connect() as csms:
            await csms.boot()
            await csms.heartbeat()

    def again(self, requirement: str, trace: Trace) -> Observation:
        """The last visit is served.

        To lock the door for a while after several failures is against a SHOULD alone; to let the station in and say
        nothing is a failure.
        """
        door = handshakes(trace)[-1]
        right = door.request.detail.get("credentials") == "right" and door.status not in {None, 101}
        if right:
            return holds(
                requirement,
                False,
                expected="the right station gets in afterwards",
                seen=f"HTTP {door.status}",
                at=door.at,
                severity=Severity.SHOULD,
            )
        last = sent(trace, "Heartbeat", nth=-1)
        return answered(requirement, last)


def _knocks(trace: Trace) -> list[Handshake]:
    """The handshakes behind the first visit whose credentials are not right.

    Raises:
        Inconclusive: The first visit failed, or Basic authentication is not what this bench uses.
    """
    found = handshakes(trace)
    if not found or found[0].request.detail.get("authorization") != "basic":
        raise Inconclusive("no connection with Basic authentication was tried")
    _first_visit(trace)
    wrong = [one for one in found[1:] if one.request.detail.get("credentials") != "right"]
    if not wrong:
        raise Inconclusive(f"nothing wrong was tried: {last_words(trace)}")
    return wrong


def _first_visit(trace: Trace) -> RpcExchange:
    boot = sent(trace, "BootNotification")
    if boot.answer is None or boot.link != "ws-1":
        raise Inconclusive("a station with everything right was not served, so a refusal says nothing")
    return boot


def _refused(requirement: str, trace: Trace, found: list[Handshake], *, why: str) -> Observation:
    return every(requirement, (handshake_refused(requirement, trace, one, why=why) for one in found), what="attempts")


def _with_status(requirement: str, trace: Trace, found: list[Handshake], *statuses: int, why: str) -> Observation:
    return every(
        requirement,
        (handshake_refused(requirement, trace, one, *statuses, why=why, severity=Severity.SHOULD) for one in found),
        what="attempts",
    )


class WrongPassword(Door):
    """Passwords that are nearly right: cut off, one character more, in other capitals, in hexadecimal as 1.6 had it.

    A comparison that stops early, or that a column of a database shortens, lets them in.
    """

    id = "CSMS-OCPP-SEC-01"
    title = "A wrong password gets no connection"
    requirements = ("OCPP-J-BASIC-REFUSE", "OCPP-J-BASIC-401")
    faults = {"wrong-password-accepted": "OCPP-J-BASIC-REFUSE"}

    async def knock(self, bench: CsmsBench) -> None:
        """Varies the right one."""
        right = bench.station.password
        for wrong in (right[:-1], right + "x", right.swapcase(), right.encode().hex(), "", " " + right):
            if wrong != right:
                await bench.station.attempt(password=wrong, linger=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each is refused."""
        found = _knocks(trace)
        yield _refused("OCPP-J-BASIC-REFUSE", trace, found, why="wrong password")
        yield _with_status("OCPP-J-BASIC-401", trace, found, 401, why="wrong password")
        yield self.again("OCPP-J-BASIC-REFUSE", trace)


class WrongPasswordOverTls(WrongPassword):
    """The same over TLS: that the channel is secret says nothing about who speaks on it."""

    id = "CSMS-OCPP-SEC-02"
    title = "A wrong password gets no connection over TLS either"
    pics = "security_profile_2"
    instruments = SECURE


class ForeignUser(Door):
    """The user is another station than the URL says, with the password of that other one.

    One stolen password would be a key to all stations of the operator.
    """

    id = "CSMS-OCPP-SEC-03"
    title = "A user that is not the identity in the URL gets no connection"
    requirements = ("OCPP-A00.FR.204",)
    faults = {"foreign-user-accepted": "OCPP-A00.FR.204"}

    async def knock(self, bench: CsmsBench) -> None:
        """Uses another station's name, and one that nobody has."""
        others = [one for one in bench.identities if one != bench.identity]
        for user in (*others[:1], f"{bench.identity}x", ""):
            await bench.station.attempt(user=user, linger=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each is refused."""
        yield _refused("OCPP-A00.FR.204", trace, _knocks(trace), why="the user is not the identity")
        yield self.again("OCPP-A00.FR.204", trace)


class NoCredentials(Door):
    """No Authorization field, one of another kind, and some that are no Basic authentication though they say so."""

    id = "CSMS-OCPP-SEC-04"
    title = "Missing and unreadable credentials get no connection"
    requirements = ("OCPP-J-BASIC-REFUSE",)
    faults = {"missing-credentials-accepted": "OCPP-J-BASIC-REFUSE"}

    async def knock(self, bench: CsmsBench) -> None:
        """Tries each."""
        await bench.station.attempt(basic=False, linger=1)
        colonless = base64.b64encode(bench.identity.encode()).decode()
        for value in ("Bearer abc", "Basic", "Basic !!!", f"Basic {colonless}", "Basic Og==", "Digest username=x"):
            await bench.station.attempt(basic=False, headers=[("Authorization", value)], linger=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each is refused."""
        yield _refused("OCPP-J-BASIC-REFUSE", trace, _knocks(trace), why="no credentials")
        yield self.again("OCPP-J-BASIC-REFUSE", trace)


class UnknownIdentity(Door):
    """A station that nobody has registered. 404 tells it that it need not try again soon."""

    id = "CSMS-OCPP-SEC-05"
    title = "An unknown identity gets no connection, and should get 404"
    requirements = ("OCPP-J-BASIC-REFUSE", "OCPP-J-URL-UNKNOWN")
    faults = {"unknown-identity-accepted": "OCPP-J-BASIC-REFUSE"}

    async def knock(self, bench: CsmsBench) -> None:
        """Knocks as nobody."""
        await bench.station.attempt(identity=bench.text("ocpp_unknown_identity", "V2GREADY-NOBODY"), linger=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """It is refused."""
        found = _knocks(trace)
        yield _refused("OCPP-J-BASIC-REFUSE", trace, found, why="unknown identity")
        yield _with_status("OCPP-J-URL-UNKNOWN", trace, found, 404, why="unknown identity")
        yield self.again("OCPP-J-BASIC-REFUSE", trace)


# -- TLS ----------------------------------------------------------------------------------------------------------


def _sessions(trace: Trace) -> list[tuple[Event, Event | None]]:
    """Every connection that was begun, and its TLS session if there was one."""
    opened = {one.link: one for one in trace.events(EventKind.TLS_ESTABLISHED)}
    found = [(one, opened.get(one.link)) for one in trace.events(EventKind.CONNECTED) if one.source == trace.tester]
    if not found or found[0][1] is None:
        raise Inconclusive(f"there was no TLS session with everything right: {last_words(trace)}")
    _first_visit(trace)
    return found


def _no_session(requirement: str, trace: Trace, found: list[tuple[Event, Event | None]], *, why: str) -> Observation:
    failed = {one.link: one for one in trace.events(EventKind.TLS_FAILED)}
    return every(
        requirement,
        (
            holds(
                requirement,
                session is None and begun.link in failed,
                expected=f"no TLS session: {why}",
                seen="none" if session is None else f"{session.detail.get('version')} {session.detail.get('cipher')}",
                at=(begun.index, *((session or failed.get(begun.link) or begun).index,)),
            )
            for begun, session in found
        ),
        what="attempts",
    )


class TlsDoor(Door):
    """Knocks between two visits, with other settings of TLS.

    Attributes:
        wrong: Settings, by what is wrong with them.
    """

    pics = "security_profile_2"
    instruments = SECURE
    wrong: ClassVar[tuple[dict[str, Any], ...]]

    async def knock(self, bench: CsmsBench) -> None:
        """Tries each of the settings."""
        for settings in self.wrong:
            await bench.station.attempt(linger=1, **settings)


class OldTls(TlsDoor):
    """A station, or somebody between it and the CSMS, that offers TLS 1.1 at most."""

    id = "CSMS-OCPP-SEC-06"
    title = "TLS 1.1 is refused, TLS 1.2 is served"
    requirements = ("OCPP-J-TLS-VERSION",)
    faults = {"tls-11-accepted": "OCPP-J-TLS-VERSION"}
    wrong = ({"versions": TlsVersions.ONLY_1_1, "suites": WEAK_SUITES},)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The attempt in the middle fails."""
        found = _sessions(trace)[1:-1]
        if not found:
            raise Inconclusive("nothing old was offered")
        yield _no_session("OCPP-J-TLS-VERSION", trace, found, why="TLS 1.1")
        yield self.again("OCPP-J-TLS-VERSION", trace)


class WeakSuites(TlsDoor):
    """A station that offers suites with CBC and SHA-1 alone."""

    id = "CSMS-OCPP-SEC-07"
    title = "Suites with CBC and SHA-1 are refused"
    requirements = ("OCPP-J-TLS-SUITES",)
    faults = {"weak-suites-accepted": "OCPP-J-TLS-SUITES"}
    wrong = ({"versions": TlsVersions.ONLY_1_2, "suites": WEAK_SUITES},)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The attempt in the middle fails."""
        found = _sessions(trace)[1:-1]
        if not found:
            raise Inconclusive("nothing weak was offered")
        yield _no_session("OCPP-J-TLS-SUITES", trace, found, why="weak suites alone")
        yield self.again("OCPP-J-TLS-SUITES", trace)


class AllSuites(TlsDoor):
    """A station needs two of the four suites only, ECDSA or RSA as its chip has it. The CSMS needs all."""

    id = "CSMS-OCPP-SEC-08"
    title = "Each of the four suites is served"
    requirements = ("OCPP-J-TLS-SUITES",)
    faults = {"ecdsa-certificate-alone": "OCPP-J-TLS-SUITES"}
    wrong = tuple({"versions": TlsVersions.ONLY_1_2, "suites": (suite,)} for suite in BACKEND_SUITES)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each of them gives a session with that suite."""
        found = _sessions(trace)[1:]
        if len(found) <= len(BACKEND_SUITES):
            raise Inconclusive("not every suite was offered")
        for suite, (begun, session) in zip(BACKEND_SUITES, found, strict=False):
            yield holds(
                "OCPP-J-TLS-SUITES",
                session is not None and session.detail.get("cipher") == suite,
                expected=f"a session with {suite}",
                seen="none" if session is None else session.detail.get("cipher"),
                at=(begun.index, *(() if session is None else (session.index,))),
            )


class ClientCertificate(CsmsCase):
    """A station whose certificate is not right knocks under security profile 3, behind one with a good certificate.

    Attributes:
        credential: What is shown.
        pending: Pending, for the renewal of the certificate, is right as well.
    """

    area = "security"
    pics = "security_profile_3"
    instruments = MUTUAL
    requirements = ("OCPP-J-TLS-CLIENT-CHECK",)
    credential: ClassVar[str]
    pending: ClassVar[bool] = False

    async def stimulate(self, bench: CsmsBench) -> None:
        """A good station, then the one with the certificate, then the good one again."""
        async with bench.station.connect() as csms:
            await csms.boot()
        session = None
        try:
            session = await bench.station.open(credential=self.credential)
        except Unequipped:
            raise  # nobody has knocked: the next visit must not be taken for it
        except Unreached:
            pass
        if session is not None:
            await session.boot()
            if session.is_open:
                await session.heartbeat()
            await session.close()
        async with bench.station.connect() as csms:
            await csms.boot()
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No session, no WebSocket, or no service; and the good one is served afterwards."""
        _first_visit(trace)
        second = [one for one in trace.events(EventKind.CONNECTED) if one.source == trace.tester][1:2]
        if not second:
            raise Inconclusive("nobody knocked with that certificate")
        link = second[0].link
        requirement = self.requirements[0]
        yield self._service(requirement, trace, link, second[0])
        others = [one for one in calls(trace, sender=trace.tester, after=second[0]) if one.link != link]
        if others:
            yield answered(requirement, others[-1])
        complete([one for one in others if one.action == "Heartbeat"], 1, "visits afterwards")

    def _service(self, requirement: str, trace: Trace, link: str, begun: Event) -> Observation:
        expected = "no TLS session, no WebSocket, or no service" + (", or Pending" if self.pending else "")
        tried = calls(trace, sender=trace.tester, link=link)
        if not tried:
            refused = [one for one in handshakes(trace) if one.link == link and one.status not in {None, 101}]
            failed = [one for one in trace.events(EventKind.TLS_FAILED) if one.link == link]
            gone = ended(trace, link, after=begun)
            proof = failed[0] if failed else refused[0].response if refused else gone
            if proof is None:
                raise Inconclusive(f"what became of the connection is not known: {last_words(trace)}")
            return holds(requirement, True, expected=expected, seen=proof.kind, at=(begun.index, proof.index))
        boots = [one for one in tried if one.action == "BootNotification"]
        others = [one for one in tried if one.action != "BootNotification"]
        good = all(_declined(one, pending=self.pending) for one in boots) and not any(one.answer for one in others)
        at = tuple(index for one in tried for index in one.at)
        seen = ", ".join(f"{one.action}: {describe(one)}" for one in tried)
        return holds(requirement, good, expected=expected, seen=seen, at=at)


def _declined(boot: RpcExchange, *, pending: bool) -> bool:
    return boot.answer is None or boot.status == "Rejected" or (pending and boot.status == "Pending")


class NoCertificate(ClientCertificate):
    """Without any certificate: profile 3 would be profile 2 without a password."""

    id = "CSMS-OCPP-SEC-09"
    title = "Profile 3: a station without certificate gets no service"
    credential = "none"
    faults = {"station-certificate-not-asked": "OCPP-J-TLS-CLIENT-CHECK"}


class ForeignCertificate(ClientCertificate):
    """A certificate of an authority that calls itself like the right one, and is not."""

    id = "CSMS-OCPP-SEC-10"
    title = "Profile 3: a certificate of a foreign root gets no service"
    credential = "foreign"
    faults = {"station-certificate-not-asked": "OCPP-J-TLS-CLIENT-CHECK"}


class OtherStation(ClientCertificate):
    """The certificate of another station of the same operator: a stolen one. BootNotification tells it."""

    id = "CSMS-OCPP-SEC-11"
    title = "Profile 3: the certificate of another station gets no service"
    credential = "other_station"
    faults = {"other-stations-certificate-accepted": "OCPP-J-TLS-CLIENT-CHECK"}


class WrongOrganisation(ClientCertificate):
    """A certificate of the same authority for the station of another operator."""

    id = "CSMS-OCPP-SEC-12"
    title = "Profile 3: a certificate for another operator gets no service"
    credential = "wrong_organisation"
    faults = {"foreign-organisation-accepted": "OCPP-J-TLS-CLIENT-CHECK"}


class ExpiredCertificate(ClientCertificate):
    """A certificate that has ended. Refused, or taken into Pending for its renewal; not simply taken."""

    id = "CSMS-OCPP-SEC-13"
    title = "Profile 3: an expired certificate gets no service but its renewal"
    requirements = ("OCPP-A00.FR.429",)
    credential = "expired"
    pending = True
    faults = {"expired-station-certificate-accepted": "OCPP-A00.FR.429"}


class ForeignSerial(CsmsCase):
    """The certificate is right, and BootNotification names another serial number: swapped hardware, or worse."""

    id = "CSMS-OCPP-SEC-14"
    title = "Profile 3: a serial number that is not that of the certificate is not accepted"
    area = "security"
    pics = "security_profile_3"
    instruments = MUTUAL
    requirements = ("OCPP-B01.FR.11",)
    faults = {"boot-serial-unchecked": "OCPP-B01.FR.11"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots with its own number, then with another one."""
        async with bench.station.connect() as csms:
            await csms.boot()
        async with bench.station.connect() as csms:
            await csms.boot(serialNumber="SOMEBODY-ELSE-1")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The second boot gets another status than Accepted, an error, or the end of the connection."""
        first, second = sent(trace, "BootNotification"), sent(trace, "BootNotification", nth=1)
        if first.status != "Accepted":
            raise Inconclusive("the right serial number was not accepted either")
        gone = ended(trace, second.link, after=second.request)
        good = second.error is not None or second.status in {"Rejected", "Pending"} or gone is not None
        seen = describe(second) if second.reply is not None or gone is None else gone.kind
        yield holds("OCPP-B01.FR.11", good, expected="Rejected, or no service", seen=seen, at=second.at)
