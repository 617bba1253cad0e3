"""The emulated CSMS as a test case drives it: wait for the station, talk to it, answer it in any way."""

from __future__ import annotations

import asyncio
import ssl
from collections import ChainMap, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Self, TypeVar

from cryptography import x509

from v2gready.emulators.csms.answers import default_answers
from v2gready.emulators.csms.issuing import issue_certificate
from v2gready.emulators.csms.session import CsmsSession
from v2gready.emulators.ocpp.answers import Answer
from v2gready.emulators.ocpp.attempt import Attempt
from v2gready.emulators.ocpp.securing import secure
from v2gready.emulators.ocpp.wire import CALL_TIMEOUT, WAIT_TIMEOUT, MessageIds, Surroundings, raise_first
from v2gready.emulators.reach import NoCertificate, Unequipped, Unreached
from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload
from v2gready.protocols.ocpp.pki import BackendPki, KeyKind, ServerVariant
from v2gready.protocols.pki import Credential
from v2gready.transports.clock import Clock
from v2gready.transports.network import Listener, Network
from v2gready.transports.recorder import Recorder, TraceFull
from v2gready.transports.stream import ByteStream, Endpoint, TransportClosed
from v2gready.transports.tls import BACKEND_SUITES, KeyLog, TlsVersions, backend_server_context
from v2gready.transports.websocket import MAX_SIZE, CloseCode, Decision, Handshake, WebSocket

Found = TypeVar("Found")

CSMS, STATION = "csms", "charger"
BOOT_PATIENCE: Final = 15.0
"""Seconds to wait for a BootNotification: a station that only reconnects sends none."""


@dataclass(frozen=True, slots=True)
class CsmsCredentials:
    """What the CSMS shows, trusts and signs with.

    Attributes:
        server: Its certificates with their keys, one per kind of key (A00: RSA and ECDSA suites).
        roots: Trust anchors for certificates of stations.
        variants: Defective server certificates by name; one that is not in here cannot be tested on this bench.
        issuer: Signs what SignCertificate asks for; None if nothing does.
    """

    server: tuple[Credential, ...]
    roots: tuple[x509.Certificate, ...]
    variants: Mapping[str, Callable[[], tuple[Credential, ...]]] = field(default_factory=dict)
    issuer: Credential | None = None

    @classmethod
    def of(cls, pki: BackendPki) -> Self:
        """All that the test PKI of an operator has; the defective ones are made when they are asked for."""
        variants = {str(variant): partial(pki.csms, variant) for variant in ServerVariant}
        return cls(pki.csms(), pki.roots, variants, pki.authority(KeyKind.EC))


@dataclass(frozen=True, slots=True)
class CsmsConfig:
    """Settings of the emulated CSMS.

    Attributes:
        port: Where it listens; 0 takes a free one (`CsmsDriver.endpoint`).
        path: Endpoint before the identity, without slash at its end.
        security_profile: 1, 2 or 3.
        identity: Of the station under test.
        password: Of the station under test.
        editions: What it speaks, in order of preference.
        credentials: For security profiles 2 and 3.
        boot_status: Answer to BootNotification.
        heartbeat_interval: Seconds, in the same answer.
        call_timeout: Seconds to wait for an answer of the station.
        max_size: Octets of the longest message that is taken.
        keylog: Where TLS secrets go for the capture.
    """

    port: int = 0
    path: str = "/ocpp"
    security_profile: int = 1
    identity: str = "V2GREADY-1"
    password: str = field(default="", repr=False)
    editions: tuple[Edition, ...] = (Edition.V21, Edition.V201)
    credentials: CsmsCredentials | None = None
    boot_status: str = "Accepted"
    heartbeat_interval: int = 300
    call_timeout: float = CALL_TIMEOUT
    max_size: int = MAX_SIZE
    keylog: KeyLog | None = None


class CsmsDriver:
    """The CSMS on the bench.

    Args:
        config: Its settings.
        network: The network to the station.
        recorder: Where everything that passes is written.
        clock: The time.

    Attributes:
        answers: What is answered, by action; what a session has in its own table goes before. ``del`` takes it back.
        decide: Answers handshakes; `decide_well` by default.
        passwords: Password of each known identity; any other identity is answered with 404.
        editions: What the next handshakes may select, in order of preference.
        boot_status: Answer to BootNotification.
        heartbeat_interval: Seconds, in the same answer.
        clock_offset: Seconds by which currentTime is wrong.
        guards: Calls before the station is accepted are refused as SecurityError (B02.FR.09).
        authorization: Status of an idToken in Authorize.
        allowed_energy_transfer: Told in Authorize (2.1 only); empty leaves it undecided.
        certificate_status: Told for each certificate in GetCertificateChainStatus.
        schedule_updates: scheduleUpdate for PullDynamicScheduleUpdate by chargingProfileId; others are Rejected.
        tls_versions: What the next TLS handshakes accept.
        tls_suites: Suites of TLS 1.2 that they accept, in OpenSSL's words.
        registration: Last answered status of BootNotification by identity.
        sessions: All connections with a finished handshake, in order.
        attempts: All connections, in order.
    """

    def __init__(self, config: CsmsConfig, network: Network, recorder: Recorder, clock: Clock) -> None:
        self.config = config
        self.passwords: dict[str, str] = {config.identity: config.password}
        self.editions: tuple[Edition, ...] = config.editions
        self.boot_status = config.boot_status
        self.heartbeat_interval = config.heartbeat_interval
        self.clock_offset = 0.0
        self.guards = True
        self.authorization = "Accepted"
        self.allowed_energy_transfer: tuple[str, ...] = ()
        self.certificate_status = "Good"
        self.schedule_updates: dict[int, Payload] = {}
        self.tls_versions = TlsVersions.BOTH
        self.tls_suites: tuple[str, ...] = BACKEND_SUITES
        self.registration: dict[str, str] = {}
        self.sessions: list[CsmsSession] = []
        self.attempts: list[Attempt] = []
        self.decide: Callable[[Handshake], Decision] = self.decide_well
        self.answers: ChainMap[str, Answer] = ChainMap({}, default_answers(self))
        self._network = network
        self._clock = clock
        self._around = Surroundings(
            recorder,
            clock,
            CSMS,
            STATION,
            MessageIds(CSMS, clock.utc()),
            config.call_timeout,
            self.passwords.values(),  # a view: passwords that a case adds are in it
        )
        self._failure: BaseException | None = None
        self._variant = ""
        self._listener: Listener | None = None
        self._port = config.port
        self._links = 0
        self._shaking: dict[str, ByteStream] = {}
        self._fresh: deque[CsmsSession] = deque()
        self._seen = 0
        self._news = asyncio.Event()

    # -- what the station finds -----------------------------------------------------------------------------------

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, or listened before it went offline."""
        return Endpoint(self._network.address, self._port)

    def now(self) -> datetime:
        """The time as this CSMS tells it."""
        return self._clock.utc() + timedelta(seconds=self.clock_offset)

    def decide_well(self, handshake: Handshake) -> Decision:
        """What a good CSMS answers: 404, 401, no subprotocol, or 101 with the first common edition."""
        if handshake.endpoint != self.config.path.rstrip("/") or handshake.identity not in self.passwords:
            return Decision(status=404, reason="unknown station")
        if self.config.security_profile < 3 and self.judge_credentials(handshake) != "right":
            return Decision(status=401, reason="wrong credentials")
        return Decision(subprotocol=handshake.choose(edition.value for edition in self.editions))

    def judge_credentials(self, handshake: Handshake) -> str:
        """``right``, ``wrong`` or ``none``: user is the identity of the path, and the password is its (A00.FR.204)."""
        if handshake.authorization == "none":
            return "none"
        known = self.passwords.get(handshake.identity)
        return "right" if handshake.user == handshake.identity and handshake.password == known else "wrong"

    def server_credential(self, name: str | None) -> None:
        """Shows a defective certificate on the following connections.

        Args:
            name: Name of the variant; None for the good one again.

        Raises:
            Unequipped: The bench has no such certificate.
        """
        credentials = self.config.credentials
        if name and (credentials is None or name not in credentials.variants):
            raise NoCertificate("server", name)
        self._variant = name or ""

    async def go_offline(self, *, drop: bool = True) -> None:
        """Refuses connections from now on, as an unreachable CSMS does.

        Args:
            drop: Reset those that are open, too, and those whose handshake has not ended.
        """
        self._check()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for session in self.sessions if drop else ():
            session.abort()
        for link, stream in self._shaking.items() if drop else ():
            self._event(EventKind.CLOSED, link=link, how="reset")
            stream.abort()
        self._event(EventKind.PHASE, text="the CSMS is offline")

    async def go_online(self) -> None:
        """Listens (again), on the same port."""
        if self._listener is None:
            self._listener = await self._network.listen(self._accept, port=self._port)
            if self._port:
                self._event(EventKind.PHASE, text="the CSMS is online")
            self._port = self._listener.endpoint.port

    # -- waiting for the station ----------------------------------------------------------------------------------

    async def connection(self, within: float = WAIT_TIMEOUT) -> CsmsSession:
        """The next open connection with a finished handshake that was not given before.

        Args:
            within: Seconds.

        Raises:
            Unreached: There was none (recorded as TIMEOUT).
        """

        def fresh() -> CsmsSession | None:
            while self._fresh:
                session = self._fresh.popleft()
                if session.is_open:
                    return session
            return None

        return self._given(await self._wait(fresh, within, "connection"))

    async def attempt(self, within: float = WAIT_TIMEOUT) -> Attempt:
        """The next connection that was not seen before, whatever became of it: no TLS, refused, accepted.

        Args:
            within: Seconds.

        Raises:
            Unreached: There was none (recorded as TIMEOUT).
        """
        found = await self._wait(
            lambda: self.attempts[self._seen] if self._seen < len(self.attempts) else None, within, "attempt"
        )
        self._seen += 1
        return found

    @asynccontextmanager
    async def session(self, within: float = WAIT_TIMEOUT) -> AsyncIterator[CsmsSession]:
        """A connected station that has booted; the connection stays open behind it.

        An open connection is taken as it is. On a new one the BootNotification is awaited, unless the station was
        accepted before or shows that it thinks so.

        Args:
            within: Seconds for the connection.

        Raises:
            Unreached: No connection.
        """
        is_open = [session for session in self.sessions if session.is_open]
        session = self._given(is_open[-1]) if is_open else await self.connection(within)
        if session.identity not in self.registration:
            await session.look_for(None, within=min(within, BOOT_PATIENCE), since=0)
        yield session
        if session.is_open:
            self._event(EventKind.OBSERVED_UNTIL, link=session.link)

    async def watch(self, seconds: float) -> None:
        """Does nothing but answer for that long; says of every open link, and of new ones, until when it watched."""
        self._check()
        await asyncio.sleep(seconds)
        for session in self.sessions:
            if session.is_open:
                self._event(EventKind.OBSERVED_UNTIL, link=session.link)
        self._event(EventKind.OBSERVED_UNTIL)
        self._check()

    # -- certificates ---------------------------------------------------------------------------------------------

    @property
    def can_issue(self) -> bool:
        """The bench has an authority for stations."""
        return self.config.credentials is not None and self.config.credentials.issuer is not None

    def issue_certificate(self, csr: str, **changes: Any) -> str | None:
        """Signs a CSR; returns the chain in PEM, None where the CSR is none.

        Args:
            csr: PEM, as in SignCertificate.
            **changes: What is wrong with it, see `v2gready.emulators.csms.issuing.issue_certificate`.

        Raises:
            Unequipped: The bench has no authority.
        """
        credentials = self.config.credentials
        if credentials is None or credentials.issuer is None:
            raise Unequipped("this bench has no authority that issues certificates for stations")
        return issue_certificate(csr, credentials.issuer, **changes)

    # -- for the sessions and the emulator ------------------------------------------------------------------------

    def registered(self, identity: str, status: str) -> None:
        """Takes down what a BootNotification was answered with."""
        self.registration[identity] = status

    async def finish(self) -> None:
        """Stops listening and ends every connection in order.

        Raises:
            TraceFull: The case has seen more than a trace may hold.
            Exception: What a function in a table of answers raised.
        """
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        results: list[BaseException | None] = []
        while late := self.sessions[len(results) :]:  # a handshake may end while others close
            results += await asyncio.gather(*(session.finish() for session in late), return_exceptions=True)
        raise_first(results)
        self._event(EventKind.OBSERVED_UNTIL)
        self._check()

    # -- one connection -------------------------------------------------------------------------------------------

    async def _accept(self, stream: ByteStream) -> None:
        self._links += 1
        link = f"ws-{self._links}"
        try:
            self._event(EventKind.CONNECTED, STATION, link=link, to=str(stream.local), **self._shown())
            self._shaking[link] = stream
            if self.config.security_profile > 1:
                stream = await secure(stream, self._context(), link, self._around)
            await self._shake_hands(stream, link)
        except Unreached as failure:
            self._attempted(Attempt(link, reason=str(failure)))
        except TransportClosed:
            self._attempted(Attempt(link, reason="the CSMS went offline in the handshake"))
        except TraceFull:
            stream.abort()  # the stimulus finds out by itself
        except Exception as failure:  # noqa: BLE001 - a `decide` of a case; raised again where the engine sees it
            stream.abort()
            self._failure = failure
        finally:
            self._shaking.pop(link, None)

    async def _shake_hands(self, stream: ByteStream, link: str) -> None:
        asked: list[tuple[Handshake, Decision]] = []

        def decide(handshake: Handshake) -> Decision:
            decision = self.decide(handshake)
            asked.append((handshake, decision))
            self._record_handshake(link, handshake, decision)
            return replace(decision, keep=True)  # a session closes it, and records how the station takes that

        def failed(status: int, reason: str) -> None:
            if status:
                self._event(EventKind.BROKEN, STATION, link=link, reason=reason)
                self._event(EventKind.WS_RESPONSE, link=link, status=status, selected="", reason=reason)
            else:
                self._event(EventKind.CLOSED, STATION, link=link, how=reason)
            self._attempted(Attempt(link, status, reason=reason))

        socket = await WebSocket.accept(stream, decide, max_size=self.config.max_size, failed=failed)
        if not asked:
            return
        handshake, decision = asked[0]
        if socket is not None:
            edition = Edition(decision.subprotocol) if decision.subprotocol in set(Edition) else None
            session = CsmsSession(
                self,
                socket,
                edition,
                link,
                answers=self.answers,
                around=self._around,
                identity=handshake.identity,
            )
            self.sessions.append(session)
            if decision.subprotocol is None and not decision.keep:
                await session.close(CloseCode.PROTOCOL_ERROR, "no common subprotocol")
            else:
                self._fresh.append(session)
        else:
            self._event(EventKind.CLOSED, link=link, how="fin")
        self._attempted(
            Attempt(
                link,
                decision.status,
                decision.subprotocol or "",
                decision.reason,
                path=handshake.path,
                identity=handshake.identity,
                user=handshake.user or "",
                offered=handshake.subprotocols,
                credentials=self.judge_credentials(handshake),
            )
        )

    def _record_handshake(self, link: str, handshake: Handshake, decision: Decision) -> None:
        self._event(
            EventKind.WS_REQUEST,
            STATION,
            link=link,
            path=handshake.path,
            identity=handshake.identity,
            offered=",".join(handshake.subprotocols),
            authorization=handshake.authorization,
            user=handshake.user or "",
            credentials=self.judge_credentials(handshake),
            compression=handshake.compression,
        )
        self._event(
            EventKind.WS_RESPONSE,
            link=link,
            status=decision.status,
            selected=decision.subprotocol or "",
            reason=decision.reason,
        )

    def _shown(self) -> dict[str, str]:
        """What this connection is offered by way of TLS where that is not usual: judges see the trace alone."""
        if self.config.security_profile < 2:
            return {}
        facts = {"certificate": self._variant} if self._variant else {}
        if self.tls_versions is not TlsVersions.BOTH:
            facts["versions"] = self.tls_versions.name
        if self.tls_suites != BACKEND_SUITES:
            facts["suites"] = ":".join(self.tls_suites)
        return facts

    def _context(self) -> ssl.SSLContext:
        credentials = self.config.credentials
        if credentials is None:
            raise Unequipped("the bench has no credentials for TLS")
        return backend_server_context(
            credentials.roots,
            credentials.variants[self._variant]() if self._variant else credentials.server,
            client_certificate=self.config.security_profile > 2,
            versions=self.tls_versions,
            ciphers=self.tls_suites,
            keylog=self.config.keylog,
        )

    def _attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self._news.set()

    def _given(self, session: CsmsSession) -> CsmsSession:
        """A connection that a case holds is no news any more, nor is any attempt before it."""
        with suppress(ValueError):
            self._fresh.remove(session)
        links = [attempt.link for attempt in self.attempts]
        if session.link in links:
            self._seen = max(self._seen, links.index(session.link) + 1)
        return session

    async def _wait(self, look: Callable[[], Found | None], within: float, what: str) -> Found:
        self._check()
        try:
            async with asyncio.timeout(within):
                while (found := look()) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self._event(EventKind.TIMEOUT, timer=what, seconds=within)
            self._event(EventKind.OBSERVED_UNTIL)
            raise Unreached(f"no {what} of the station within {within:g} s") from None
        return found

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._around.recorder.full:
            raise TraceFull("the trace is full")

    def _event(self, kind: str, source: str = CSMS, *, link: str = "", **facts: str | float | bool) -> None:
        self._around.recorder.event(kind, source, link=link, detail=facts)
