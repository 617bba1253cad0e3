"""Emulated charging stations as a test case drives them: connect as anyone, say anything."""

from __future__ import annotations

import asyncio
import ssl
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Self

from cryptography import x509

from v2gready.emulators.ocpp.answers import Answer
from v2gready.emulators.ocpp.attempt import SWITCHING_PROTOCOLS, Attempt
from v2gready.emulators.ocpp.securing import failed, secure
from v2gready.emulators.ocpp.wire import CALL_TIMEOUT, MessageIds, Surroundings, raise_first
from v2gready.emulators.reach import NoCertificate, Unequipped, Unreached
from v2gready.emulators.station.answers import default_answers
from v2gready.emulators.station.session import StationSession
from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.pki import SERIAL, BackendPki, ClientVariant
from v2gready.protocols.pki import Credential
from v2gready.transports.clock import Clock
from v2gready.transports.network import ConnectError, Network
from v2gready.transports.recorder import Recorder
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import BACKEND_SUITES, KeyLog, TlsFailure, TlsVersions, backend_client_context
from v2gready.transports.websocket import (
    MAX_SIZE,
    HandshakeRefused,
    WebSocket,
    basic_authorization,
    identity_path,
)

STATION, CSMS = "station", "csms"
CONNECT_TIMEOUT: Final = 10.0
"""Seconds for the TCP connection."""
HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds for the answer to the WebSocket handshake."""
LINGER: Final = 2.0
"""Seconds that an attempt watches what the CSMS does with a connection it should close."""
NO_CERTIFICATE: Final = "none"
"""As ``credential``: a client without certificate."""


@dataclass(frozen=True, slots=True)
class StationCredentials:
    """What a station shows and trusts.

    Attributes:
        roots: Trust anchors for the CSMS.
        station: Certificate of the station with its key, for security profile 3.
        variants: Defective station certificates by name; one that is not in here cannot be tested on this bench.
    """

    roots: tuple[x509.Certificate, ...]
    station: Credential | None = None
    variants: Mapping[str, Callable[[], Credential]] = field(default_factory=dict)

    @classmethod
    def of(cls, pki: BackendPki) -> Self:
        """All that the test PKI of an operator has; the defective ones are made when they are asked for."""
        variants = {str(variant): partial(pki.station, variant) for variant in ClientVariant}
        return cls(pki.roots, pki.station(), variants)


@dataclass(frozen=True, slots=True)
class StationConfig:
    """Settings of the emulated stations.

    Attributes:
        host: Name or address of the CSMS.
        port: Its port.
        path: Endpoint before the identity, without slash at its end.
        server_name: Name in its certificate and in the Host field; ``host`` if empty.
        identity: One that the CSMS knows.
        password: Its password.
        security_profile: 1, 2 or 3.
        editions: What is offered, in order of preference.
        credentials: For security profiles 2 and 3.
        serial: chargingStation.serialNumber.
        call_timeout: Seconds to wait for an answer of the CSMS.
        max_size: Octets of the longest message that is taken.
        keylog: Where TLS secrets go for the capture.
    """

    host: str
    port: int
    path: str = "/ocpp"
    server_name: str = ""
    identity: str = "V2GREADY-1"
    password: str = field(default="", repr=False)
    security_profile: int = 1
    editions: tuple[Edition, ...] = (Edition.V21, Edition.V201)
    credentials: StationCredentials | None = None
    serial: str = SERIAL
    call_timeout: float = CALL_TIMEOUT
    max_size: int = MAX_SIZE
    keylog: KeyLog | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """How a station asks for a connection; what is None is as configured.

    Attributes:
        identity: In the path.
        user: User of Basic authentication; the identity if None.
        password: Its password.
        basic: Send Basic authentication where the security profile has it.
        editions: Subprotocols to offer, any text; no field if empty.
        path: Whole path as it goes out; endpoint and encoded identity if None.
        headers: Further fields of the handshake; they replace those that are there.
        compression: Offer permessage-deflate.
        credential: Client certificate, or the name of a variant, or ``none``.
        versions: TLS versions to offer.
        suites: Suites of TLS 1.2 to offer, in OpenSSL's words.
        verify: Check the certificate of the CSMS and its name.
    """

    identity: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    basic: bool = True
    editions: Sequence[Edition | str] | None = None
    path: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    compression: bool = False
    credential: str | Credential | None = None
    versions: TlsVersions = TlsVersions.BOTH
    suites: Sequence[str] = BACKEND_SUITES
    verify: bool = True


class StationDriver:
    """Stations on the bench, as many as are connected.

    Args:
        config: Their settings.
        network: The network to the CSMS.
        recorder: Where everything that passes is written.
        clock: The time.

    Attributes:
        answers: What is answered, by action; what a session has in its own table goes before. ``del`` takes it back.
        password: Of the configured identity; follow a change of the CSMS here.
        sessions: All connections with a finished handshake, in order.
    """

    def __init__(self, config: StationConfig, network: Network, recorder: Recorder, clock: Clock) -> None:
        self.config = config
        self.password = config.password
        self.answers: ChainMap[str, Answer] = ChainMap({}, default_answers())
        self.sessions: list[StationSession] = []
        self._network = network
        self._recorder = recorder
        self._secrets = {config.password}
        self._around = Surroundings(
            recorder, clock, STATION, CSMS, MessageIds(STATION, clock.utc()), config.call_timeout, self._secrets
        )
        self._links = 0

    @asynccontextmanager
    async def connect(self, **approach: Any) -> AsyncIterator[StationSession]:
        """Connects a station and gives the session, which is closed in the end.

        Args:
            **approach: Fields of `Approach` that differ from the configuration.

        Raises:
            Unreached: No connection, no TLS, no WebSocket or no common edition; the trace says which.
            Unequipped: The bench has no such credential; nothing was sent.
        """
        session = await self.open(**approach)
        try:
            yield session
        finally:
            await session.finish()

    async def open(self, **approach: Any) -> StationSession:
        """As `connect`, but the connection stays until the session or the case is closed: for many stations at once.

        Args:
            **approach: Fields of `Approach` that differ from the configuration.

        Raises:
            Unreached: See `connect`.
            Unequipped: See `connect`.
        """
        attempt, session = await self._try(Approach(**approach))
        if session is None:
            raise Unreached(attempt.reason)
        if session.edition is None:
            await session.silence(LINGER)
            await session.close()
            raise Unreached("the CSMS selected no subprotocol")
        return session

    async def attempt(self, *, linger: float = LINGER, **approach: Any) -> Attempt:
        """Tries to connect, whatever becomes of it, watches for a moment and closes.

        Args:
            linger: Seconds to watch an open connection.
            **approach: Fields of `Approach` that differ from the configuration.

        Raises:
            Unequipped: The bench has no such credential; nothing was sent.
        """
        attempt, session = await self._try(Approach(**approach))
        if session is not None:
            await session.silence(linger)
            await session.finish()
        return attempt

    async def dawdle(self, octets: bytes, *, every: float, seconds: float) -> str:
        """Opens a TCP connection and sends octets one by one, until the CSMS ends it, they are out or time is over.

        Args:
            octets: What is sent; the end of a handshake better is not among it.
            every: Seconds between two octets.
            seconds: How long at most.

        Returns:
            Name of the connection in the trace.

        Raises:
            Unreached: No TCP connection.
        """
        self._links += 1
        link = f"ws-{self._links}"
        try:
            stream = await self._network.connect(self.config.host, self.config.port, timeout=CONNECT_TIMEOUT)
        except ConnectError as problem:
            self._event(EventKind.CONNECT_FAILED, link=link, reason=str(problem))
            raise Unreached(f"no TCP connection: {problem}") from None
        self._event(EventKind.CONNECTED, link=link, to=str(stream.remote))
        self._event(EventKind.BROKEN, link=link, reason=f"a handshake with an octet each {every:g} s")
        answer = asyncio.create_task(_until_end(stream))
        try:
            async with asyncio.timeout(seconds):
                for octet in octets:
                    if answer.done():
                        break
                    stream.send(bytes([octet]))
                    await asyncio.wait((answer,), timeout=every)
                await asyncio.shield(answer)
        except TimeoutError:
            self._event(EventKind.OBSERVED_UNTIL, link=link)
            self._event(EventKind.CLOSED, link=link, how="reset")
        else:
            told, how = answer.result()
            if told:
                self._event(EventKind.BROKEN, CSMS, link=link, reason=told)
            self._event(EventKind.CLOSED, CSMS, link=link, how=how)
        finally:
            answer.cancel()
            stream.abort()
        return link

    async def finish(self) -> None:
        """Closes what is still open.

        Raises:
            TraceFull: The case has seen more than a trace may hold.
            Exception: What a function in a table of answers raised.
        """
        results = await asyncio.gather(*(session.finish() for session in self.sessions), return_exceptions=True)
        raise_first(results)

    # -- one connection -------------------------------------------------------------------------------------------

    async def _try(self, approach: Approach) -> tuple[Attempt, StationSession | None]:
        context = self._context(approach) if self.config.security_profile > 1 else None
        identity = self.config.identity if approach.identity is None else approach.identity
        self._links += 1
        link = f"ws-{self._links}"
        asked = Attempt(
            link,
            path=identity_path(self.config.path, identity) if approach.path is None else approach.path,
            identity=identity,
            offered=tuple(str(one) for one in self._offered(approach)),
        )
        try:
            stream = await self._network.connect(self.config.host, self.config.port, timeout=CONNECT_TIMEOUT)
        except ConnectError as problem:
            self._event(EventKind.CONNECT_FAILED, link=link, reason=str(problem))
            return replace(asked, reason=f"no TCP connection: {problem}"), None
        self._event(EventKind.CONNECTED, link=link, to=str(stream.remote))
        if context is not None:
            name = self.config.server_name or self.config.host
            try:
                stream = await secure(stream, context, link, self._around, server_name=name)
            except Unreached as problem:
                return replace(asked, reason=str(problem)), None
        return await self._shake_hands(stream, approach, asked)

    async def _shake_hands(
        self, stream: ByteStream, approach: Approach, asked: Attempt
    ) -> tuple[Attempt, StationSession | None]:
        fields, asked = self._authorization(approach, asked)
        try:
            socket = await WebSocket.connect(
                stream,
                host=self._host_field(),
                path=asked.path,
                subprotocols=asked.offered,
                headers=(*fields, *approach.headers),
                compression=approach.compression,
                max_size=self.config.max_size,
                timeout=HANDSHAKE_TIMEOUT,
            )
        except HandshakeRefused as refusal:
            return self._refused(refusal, asked), None
        except TlsFailure as failure:
            # In TLS 1.3 the refusal of our certificate comes after our handshake has ended.
            failed(asked.link, self._around, CSMS, failure)
            self._event(EventKind.CLOSED, CSMS, link=asked.link, how="tls alert")
            return replace(asked, reason=f"no TLS session: {failure.reason}"), None
        selected = socket.subprotocol or ""
        self._event(
            EventKind.WS_RESPONSE,
            CSMS,
            link=asked.link,
            status=SWITCHING_PROTOCOLS,
            selected=selected,
            reason="",
            compression=socket.compressed,
        )
        session = StationSession(
            socket,
            Edition(selected) if selected in set(Edition) else None,
            asked.link,
            answers=self.answers,
            around=self._around,
            identity=asked.identity,
            serial=self.config.serial if asked.identity == self.config.identity else asked.identity[:25],
        )
        self.sessions.append(session)
        return replace(asked, status=SWITCHING_PROTOCOLS, selected=selected), session

    def _authorization(self, approach: Approach, asked: Attempt) -> tuple[list[tuple[str, str]], Attempt]:
        """Header fields of the handshake; records what is asked for."""
        password = self.password if approach.password is None else approach.password
        user = asked.identity if approach.user is None else approach.user
        own = [name for name, _ in approach.headers if name.lower() == "authorization"]
        basic = approach.basic and self.config.security_profile < 3 and not own
        right = user == asked.identity == self.config.identity and password == self.password
        self._secrets |= {password} if basic else set()
        asked = replace(
            asked,
            user=user if basic else "",
            credentials=("right" if right else "wrong") if basic else "wrong" if own else "none",
        )
        self._event(
            EventKind.WS_REQUEST,
            link=asked.link,
            path=asked.path,
            identity=asked.identity,
            offered=",".join(asked.offered),
            authorization="basic" if basic else "of its own" if own else "none",
            user=asked.user,
            credentials=asked.credentials,
            compression=approach.compression,
        )
        return [basic_authorization(user, password)] if basic else [], asked

    def _refused(self, refusal: HandshakeRefused, asked: Attempt) -> Attempt:
        if refusal.status:
            facts = {"status": refusal.status, "selected": refusal.selected, "reason": refusal.reason}
            self._event(EventKind.WS_RESPONSE, CSMS, link=asked.link, **facts)
        else:
            self._event(EventKind.CONNECT_FAILED, CSMS, link=asked.link, reason=refusal.reason)
        self._event(EventKind.OBSERVED_UNTIL, link=asked.link)
        self._event(EventKind.CLOSED, link=asked.link, how="fin")
        return replace(asked, status=refusal.status, selected=refusal.selected, reason=f"no WebSocket: {refusal}")

    def _offered(self, approach: Approach) -> Sequence[Edition | str]:
        return self.config.editions if approach.editions is None else approach.editions

    def _host_field(self) -> str:
        name = self.config.server_name or self.config.host
        name = f"[{name}]" if ":" in name else name
        usual = 443 if self.config.security_profile > 1 else 80
        return name if self.config.port == usual else f"{name}:{self.config.port}"

    def _context(self, approach: Approach) -> ssl.SSLContext:
        credentials = self.config.credentials
        if credentials is None:
            raise Unequipped("the bench has no credentials for TLS")
        shown = credentials.station if self.config.security_profile > 2 else None
        if isinstance(approach.credential, Credential):
            shown = approach.credential
        elif approach.credential == NO_CERTIFICATE:
            shown = None
        elif approach.credential is not None:
            if approach.credential not in credentials.variants:
                raise NoCertificate("station", approach.credential)
            shown = credentials.variants[approach.credential]()
        return backend_client_context(
            credentials.roots,
            shown,
            verify=approach.verify,
            versions=approach.versions,
            ciphers=approach.suites,
            keylog=self.config.keylog,
        )

    def _event(self, kind: str, source: str = STATION, *, link: str = "", **facts: Any) -> None:
        self._recorder.event(kind, source, link=link, detail=facts)


async def _until_end(stream: ByteStream) -> tuple[str, str]:
    """The first line of what comes, and how the connection ended."""
    told = b""
    try:
        while data := await stream.receive():
            told = (told + data)[:200]
    except StreamReset:
        how = "reset"
    else:
        how = "fin"
    return told.split(b"\r\n")[0].decode("ascii", "replace"), how
