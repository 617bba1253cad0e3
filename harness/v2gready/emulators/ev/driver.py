"""The emulated car as a test case drives it: find the charger, connect, run sessions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from cryptography import x509

from v2gready.emulators.ev.session import CHARGER, EV, EvSession
from v2gready.emulators.ev.vehicle import BatteryVehicle
from v2gready.emulators.reach import Missing, NoChain, Unequipped, Unreached
from v2gready.model.trace import EventKind
from v2gready.protocols import sdp
from v2gready.protocols.dissect import SDP
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract, Evcc, Plan, Provisioning
from v2gready.protocols.iso15118.messages import Authorization
from v2gready.protocols.pki import Credential, Curve, Hierarchy, Role, Shown
from v2gready.protocols.pki.defects import CATALOGUE, Chain
from v2gready.transports import openssl
from v2gready.transports.clock import Clock
from v2gready.transports.network import ConnectError, Datagrams, Network
from v2gready.transports.recorder import Recorder
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import KeyLog, TlsFailure, TlsStream, TlsVersions, client_context

CONNECT_TIMEOUT = 5.0
HANDSHAKE_TIMEOUT = 10.0


class TlsUse(Enum):
    """How the car behaves in the TLS handshake."""

    GOOD = "its vehicle certificate"
    OTHER_VEHICLE = "the certificate of another vehicle"
    NO_CERTIFICATE = "no certificate"
    FOREIGN = "a certificate under an unknown root"
    EXPIRED = "an expired certificate"
    NOT_YET_VALID = "a certificate that is not yet valid"
    CONTRACT = "a contract certificate"
    PROVISIONING = "an OEM provisioning certificate"
    OEM_ROOT = "a vehicle certificate under the OEM root"
    TLS_1_2 = "TLS 1.2 at most"
    NONE = "no TLS, whatever SDP says"


class ContractUse(Enum):
    """A contract that is good or not by what the back end or the calendar says."""

    REVOKED = "a revoked contract"
    BLOCKED = "a contract that its provider refuses"
    EXPIRES_SOON = "a contract that ends in 13 days"
    LASTS = "a contract that ends in 15 days"
    SMALL_CURVE = "a contract with a key on secp256r1"


@dataclass(frozen=True, slots=True)
class EvCredentials:
    """What the car shows and trusts.

    Attributes:
        roots: Trust anchors for the SECC's chain.
        vehicle: The vehicle certificate with its key.
        curve: Group of the key exchange.
        variants: Other credentials for other uses; a use that is not in here cannot be tested on this bench.
        contracts: Contracts of the car, the best first.
        provisioning: Credentials to have contracts installed.
        contract_variants: Contracts with a property that the other side knows of, by `ContractUse`.
        contract_pki: Where defective contract chains come from; None on a bench that cannot make any.
        price_signers: Certificates whose keys may sign price schedules.
        vehicle_pki: Where defective vehicle chains come from; None on a bench that cannot make any.
        chains: Defective chains that the bench has otherwise, by ``role-defect``; they go before those of the PKIs.
    """

    roots: tuple[x509.Certificate, ...]
    vehicle: Credential
    curve: Curve = Curve.P521
    variants: Mapping[TlsUse, Shown] = field(default_factory=dict)
    contracts: tuple[Contract, ...] = ()
    provisioning: Provisioning | None = None
    contract_variants: Mapping[ContractUse, Contract] = field(default_factory=dict)
    contract_pki: Hierarchy | None = field(default=None, repr=False)
    price_signers: tuple[x509.Certificate, ...] = ()
    vehicle_pki: Hierarchy | None = field(default=None, repr=False)
    chains: Mapping[str, Chain] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class EvConfig:
    """Settings of the emulated car.

    Attributes:
        security: What it asks for by SDP.
        plan: Its default session.
        credentials: For TLS; None on a plain TCP rig.
        on_link: Addresses that count as on the link.
        sdp_attempts: SDP requests before it gives up.
        keylog: Where TLS secrets go for the capture.
    """

    security: sdp.Security = sdp.Security.TLS
    plan: Plan = field(default_factory=Plan)
    credentials: EvCredentials | None = None
    on_link: IPv6Network = sdp.LINK_LOCAL
    sdp_attempts: int = sdp.MAX_ATTEMPTS
    keylog: KeyLog | None = None


class EvDriver:
    """The car on the bench.

    Args:
        config: Its settings.
        network: The link to the charger.
        recorder: Where everything that passes is written.
        clock: The time.
    """

    def __init__(self, config: EvConfig, network: Network, recorder: Recorder, clock: Clock) -> None:
        self.config = config
        self.plan = config.plan
        self._network = network
        self._recorder = recorder
        self._clock = clock
        self._connections = 0

    async def discover(
        self, security: sdp.Security | None = None, *, attempts: int | None = None
    ) -> sdp.SdpResponse | None:
        """Searches the SECC by SDP and returns its first good answer, None if there is none.

        Args:
            security: What to ask for, if not the configured security.
            attempts: Requests before giving up.
        """
        client = sdp.SdpClient(
            sdp.SdpRequest(self.config.security if security is None else security),
            link=self.config.on_link,
            max_attempts=self.config.sdp_attempts if attempts is None else attempts,
        )
        socket = await self._network.open_datagrams()
        try:
            events = client.start(self._clock.now())
            while True:
                for event in events:
                    match event:
                        case sdp.SendRequest(data=data):
                            self._send_datagram(socket, data)
                        case sdp.Answer(response=response):
                            return response
                        case sdp.NoAnswer(attempts=sent):
                            self._recorder.event(
                                EventKind.CONNECT_FAILED, EV, link=SDP, reason=f"no SDP answer to {sent} requests"
                            )
                            return None
                        case _:
                            pass  # a suspicious answer is in the trace; the search goes on
                due = client.timer
                wait = None if due is None else max(0.0, due - self._clock.now())
                datagram = await self._datagram(socket, wait)
                now = self._clock.now()
                events = client.tick(now) if datagram is None else client.receive(*datagram, now)
        finally:
            socket.close()

    async def send_sdp(self, datagram: bytes, *, wait: float = 1.0) -> None:
        """Sends any octets to the SDP port and listens for what comes back."""
        socket = await self._network.open_datagrams()
        try:
            self._send_datagram(socket, datagram)
            until = self._clock.now() + wait
            while (left := until - self._clock.now()) > 0:
                await self._datagram(socket, left)
            self._recorder.event(EventKind.OBSERVED_UNTIL, EV, link=SDP)
        finally:
            socket.close()

    @asynccontextmanager
    async def session(
        self,
        plan: Plan | None = None,
        *,
        tls: TlsUse | Shown = TlsUse.GOOD,
        security: sdp.Security | None = None,
        install: bool = False,
        **changes: Any,
    ) -> AsyncIterator[EvSession]:
        """Finds the charger, connects, and gives a session that is closed in the end.

        Args:
            plan: The session the car wants; the default plan of the bench if None.
            tls: Behaviour in the TLS handshake, where TLS is used; or the chain that the car shows there.
            security: What SDP asks for, if not the configured security.
            install: The car asks for contracts, if the station installs them. Without, it has those of the bench.
            **changes: Fields of the plan to change; ``authorization=Authorization.PnC`` for Plug & Charge.

        Raises:
            Unequipped: The bench has no contract or provisioning certificate and they are asked for.
            Unreached: No answer by SDP, no connection or no TLS session.
        """
        wanted = self._equipped(replace(self.plan if plan is None else plan, **changes), install=install)
        stream, link = await self.connect(tls=tls, security=security)
        now = self._clock.now()
        vehicle = BatteryVehicle(unix_start=self._clock.utc(), start=now)
        session = EvSession(
            stream, link, evcc=Evcc(wanted, vehicle), vehicle=vehicle, recorder=self._recorder, clock=self._clock
        )
        try:
            yield session
        finally:
            await session.close()
            await stream.wait_closed()

    def _equipped(self, plan: Plan, *, install: bool) -> Plan:
        """The plan with the contracts of the bench, where it wants some and names none."""
        own = self.config.credentials
        if plan.authorization is Authorization.PnC and not plan.contracts and not install:
            if own is None or not own.contracts:
                raise Missing("contract certificate", "contract_certificates", "contract_key")
            plan = replace(plan, contracts=own.contracts)
        if install and plan.provisioning is None:
            if own is None or own.provisioning is None:
                raise Missing("OEM provisioning certificate", "provisioning_certificates", "provisioning_key")
            plan = replace(plan, provisioning=own.provisioning)
        return plan if own is None or plan.price_signers else replace(plan, price_signers=own.price_signers)

    def defective_contract(self, defect: str) -> Chain:
        """A contract chain with a defect of `protocols.pki.defects.CATALOGUE`, and its key.

        Raises:
            Unequipped: The bench cannot make any.
        """
        own = self.config.credentials
        return _defective(defect, Role.CONTRACT, own, None if own is None else own.contract_pki)

    def defective_provisioning(self, defect: str) -> Chain:
        """An OEM provisioning chain with a defect of `protocols.pki.defects.CATALOGUE`, and its key.

        Raises:
            Unequipped: The bench cannot make any.
        """
        own = self.config.credentials
        return _defective(defect, Role.OEM_PROVISIONING, own, None if own is None else own.contract_pki)

    def defective_vehicle(self, defect: str) -> Chain:
        """A vehicle chain with a defect of `protocols.pki.defects.CATALOGUE`, and its key, for ``tls=``.

        Raises:
            Unequipped: The bench cannot make any.
        """
        own = self.config.credentials
        return _defective(defect, Role.VEHICLE, own, None if own is None else own.vehicle_pki)

    def provisioning(self, pcid: str) -> Chain:
        """A good OEM provisioning chain of a car of that name, and its key.

        Raises:
            Unequipped: The bench cannot make any.
        """
        own = self.config.credentials
        if own is None or own.contract_pki is None:
            raise Unequipped(f"the bench has no provisioning of {pcid}: add authorities to [interfaces.iso15118]")
        made = own.contract_pki.issue(Role.OEM_PROVISIONING, identity=pcid)
        root = own.contract_pki.root_of(Role.OEM_PROVISIONING)
        return Chain(made.chain_der(), made.private_key, root.certificate_der(), label=f"provisioning of {pcid}")

    def contract(self, use: ContractUse) -> Contract:
        """A contract for a purpose.

        Raises:
            Unequipped: The bench has none.
        """
        own = self.config.credentials
        if own is None or use not in own.contract_variants:
            name = use.name.lower().replace("_", "-")
            raise NoChain(f"contract-{name}", told=use in {ContractUse.REVOKED, ContractUse.BLOCKED})
        return own.contract_variants[use]

    async def visit(self, plan: Plan | None = None, *, tls: TlsUse | Shown = TlsUse.GOOD, **changes: Any) -> None:
        """A short session in good order that ends with Terminate; where the charger does not go along, it just ends.

        For judges that want to know how far a car comes, e.g. after something went wrong on another connection.

        Args:
            plan: As for `session`.
            tls: As for `session`.
            **changes: As for `session`.
        """
        try:
            async with self.session(plan, tls=tls, **changes) as session:
                await session.reach(m.SessionSetupReq)
                await session.proceed()
                await session.ask(session.request(m.SessionStopReq))
        except Unequipped:
            raise
        except Unreached as early:
            self._recorder.event(EventKind.PHASE, EV, text=f"the visit ended early: {early}")

    async def connect(
        self, *, tls: TlsUse | Shown = TlsUse.GOOD, security: sdp.Security | None = None
    ) -> tuple[ByteStream, str]:
        """SDP, TCP and, if the SECC says so, TLS.

        Raises:
            Unreached: One of them failed; the trace says which.
            Unequipped: The bench has no credential for that use; nothing was sent.
        """
        if self.config.credentials is not None:
            _credential(self.config.credentials, tls)  # what the bench does not have must not look like a refusal
        answer = await self.discover(security)
        if answer is None:
            raise Unreached("no SDP answer")
        return await self.connect_to(answer, tls=tls)

    async def connect_to(self, answer: sdp.SdpResponse, *, tls: TlsUse | Shown = TlsUse.GOOD) -> tuple[ByteStream, str]:
        """TCP and, if the answer says so, TLS."""
        self._connections += 1
        link = f"tcp-{self._connections}"
        try:
            stream = await self._network.connect(str(answer.address), answer.port, timeout=CONNECT_TIMEOUT)
        except ConnectError as problem:
            self._recorder.event(EventKind.CONNECT_FAILED, EV, link=link, reason=str(problem))
            raise Unreached(f"no TCP connection: {problem}") from None
        self._recorder.event(EventKind.CONNECTED, EV, link=link, to=str(stream.remote))
        if answer.security is sdp.Security.TLS and tls is not TlsUse.NONE:
            return await self._secure(stream, link, tls), link
        return stream, link

    async def _secure(self, stream: ByteStream, link: str, use: TlsUse | Shown) -> ByteStream:
        credentials = self.config.credentials
        if credentials is None:
            stream.close()
            self._recorder.event(EventKind.TLS_FAILED, EV, link=link, reason="the bench has no credentials", alert="")
            raise Unreached("the SECC wants TLS and the bench has no credentials")
        context = client_context(
            credentials.roots,
            _credential(credentials, use),
            versions=TlsVersions.ONLY_1_2 if use is TlsUse.TLS_1_2 else TlsVersions.ONLY_1_3,
            curve=credentials.curve,
            keylog=self.config.keylog,
        )
        openssl.ask_for_status(context)  # [V2G20-2372]
        staples = openssl.stapled(context)
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT):
                secured = await TlsStream.connect(stream, context)
        except TlsFailure as failure:
            stream.close()
            source = CHARGER if failure.by_peer else EV
            self._recorder.event(
                EventKind.TLS_FAILED, source, link=link, reason=failure.reason, alert=failure.alert or ""
            )
            raise Unreached(f"no TLS session: {failure.reason}") from None
        except (TimeoutError, StreamReset) as problem:
            stream.abort()
            reason = "no end of the handshake" if isinstance(problem, TimeoutError) else "reset in the handshake"
            self._recorder.event(EventKind.TLS_FAILED, CHARGER, link=link, reason=reason, alert="")
            raise Unreached(f"no TLS session: {reason}") from None
        self._recorder.event(
            EventKind.TLS_ESTABLISHED,
            EV,
            link=link,
            version=secured.version,
            cipher=secured.cipher,
            group=credentials.curve.group,  # the only one that was offered
            detail={**_peer(secured.peer_certificate_der), **_status(secured, staples)},
        )
        return secured

    def _send_datagram(self, socket: Datagrams, data: bytes) -> None:
        self._recorder.frame(SDP, SDP, EV, data)
        socket.send(data, self._network.sdp)

    async def _datagram(self, socket: Datagrams, wait: float | None) -> tuple[bytes, IPv6Address] | None:
        try:
            async with asyncio.timeout(wait):
                data, sender = await socket.receive()
        except TimeoutError:
            return None
        self._recorder.frame(SDP, SDP, CHARGER, data)
        return data, IPv6Address(sender.host)


def _defective(defect: str, role: Role, own: EvCredentials | None, pki: Hierarchy | None) -> Chain:
    name = f"{role}-{defect}"
    if own is not None and name in own.chains:
        return own.chains[name]
    # Nobody would have told the device what is revoked in a chain that is made now.
    told = defect.startswith("revoked")
    if pki is None or told:
        raise NoChain(name, told=told)
    return CATALOGUE[defect].apply(pki, role)


def _credential(credentials: EvCredentials, use: TlsUse | Shown) -> Shown | None:
    if not isinstance(use, TlsUse):
        return use
    match use:
        case TlsUse.NO_CERTIFICATE | TlsUse.NONE:
            return None
        case TlsUse.GOOD | TlsUse.TLS_1_2:
            return credentials.vehicle
    if use not in credentials.variants:
        raise _absent(use)
    return credentials.variants[use]


def _absent(use: TlsUse) -> Unequipped:
    match use:
        case TlsUse.CONTRACT:
            return Missing(use.value, "contract_certificates", "contract_key")
        case TlsUse.PROVISIONING:
            return Missing(use.value, "provisioning_certificates", "provisioning_key")
    name = {TlsUse.OTHER_VEHICLE: "other", TlsUse.FOREIGN: "foreign-root", TlsUse.OEM_ROOT: "under-oem-root"}
    return NoChain(f"vehicle-{name.get(use, use.name.lower().replace('_', '-'))}")


def _peer(der: bytes | None) -> dict[str, str]:
    if der is None:
        return {}
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:  # OpenSSL takes more than DER
        return {}
    return {
        "peer_subject": certificate.subject.rfc4514_string(),
        "peer_issuer": certificate.issuer.rfc4514_string(),
        "peer_key": _kind_of(certificate.public_key()),
    }


def _status(secured: TlsStream, staples: Sequence[bytes]) -> dict[str, str | float | bool]:
    """What the charger says about its revocation, and what a judge needs to check that.

    OpenSSL compares with the clock of the machine, and so does whoever made the response.
    """
    if not openssl.REACHABLE:
        return {}
    return {
        "peer_chain": " ".join(one.hex() for one in secured.peer_chain_der),
        "staple": staples[-1].hex() if staples else "",
        "machine_time": time.time(),
    }


def _kind_of(key: object) -> str:
    """Name of the curve, or of the algorithm where it has no choice of curves: ``secp521r1``, ``ed448``, ``rsa``."""
    curve = getattr(key, "curve", None)
    return type(key).__name__.removesuffix("PublicKey").lower() if curve is None else str(curve.name)
