"""Words on TLS as the car does it: its ClientHello, its certificate, whom it believes."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from v2gready.authoring.ev.discovery import connections
from v2gready.authoring.ev.facts import requests
from v2gready.authoring.expectations import holds
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Event, EventKind, Trace
from v2gready.protocols.iso15118 import messages as m

PART_20 = "urn:iso:std:iso:15118:-20:"
"""What all namespaces of ISO 15118-20 begin with."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate that the car showed.

    Attributes:
        common_names: CN of its subject, as often as it stands there.
        subject: Its whole subject.
        for_clients: Its extended key usage has clientAuth.
        is_ca: Its basic constraints say that it is an authority.
        key: Curve or kind of its key.
    """

    common_names: tuple[str, ...]
    subject: str
    for_clients: bool
    is_ca: bool
    key: str

    def __str__(self) -> str:
        purpose = "for clients" if self.for_clients else "not for clients"
        return f"{self.subject}, {purpose}{', an authority' if self.is_ca else ''}"


def first_connection(trace: Trace) -> Event:
    """The first TCP connection of the car.

    Raises:
        Inconclusive: There is none.
    """
    found = connections(trace)
    if not found:
        raise Inconclusive(f"the car did not connect: {trace.last_words()}")
    return found[0]


def hello_of(trace: Trace, connected: Event) -> Event | None:
    """The ClientHello of a connection, None if it began with something else."""
    return next(trace.events(EventKind.TLS_HELLO, link=connected.link), None)


def shook_hands(trace: Trace, connected: Event, *, within: float = 5.0) -> Event | None:
    """The TLS session of a connection, None if there is none although the car had its time.

    Raises:
        Inconclusive: Nobody watched for long enough to know.
    """
    session = next(trace.events(EventKind.TLS_ESTABLISHED, link=connected.link), None)
    decided = (
        session is not None
        or any(requests(trace, link=connected.link))
        or any(trace.events(EventKind.TLS_FAILED, link=connected.link))
    )
    if not decided and (waited := trace.records[-1].t - connected.t) < within:
        raise Inconclusive(f"the connection was watched for {waited:.1f} s only")
    return session


def client_hello(trace: Trace) -> Event:
    """The first ClientHello of the car.

    Raises:
        Inconclusive: It sent none.
    """
    found = next(trace.events(EventKind.TLS_HELLO, source=trace.dut), None)
    if found is None:
        raise Inconclusive(f"no ClientHello came: {trace.last_words()}")
    return found


def words_of(event: Event, what: str) -> tuple[str, ...]:
    """A list in the facts of an event."""
    return tuple(str(event.detail.get(what, "")).split())


def tls_session(trace: Trace) -> Event:
    """The first TLS session.

    Raises:
        Inconclusive: None came about.
    """
    found = next(trace.events(EventKind.TLS_ESTABLISHED), None)
    if found is None:
        raise Inconclusive(f"no TLS session came about: {trace.last_words()}")
    return found


def shown_certificate(session: Event) -> Shown | None:
    """The certificate that the car showed in a session, None if it showed none.

    Raises:
        Inconclusive: The trace does not hold it in a form that can be read.
    """
    raw = str(session.detail.get("peer_certificate", ""))
    if not raw:
        return None
    try:
        certificate = x509.load_der_x509_certificate(bytes.fromhex(raw))
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        extensions = {type(one.value): one.value for one in certificate.extensions}
    except ValueError as reason:
        raise Inconclusive(f"the certificate of the car cannot be read: {reason}") from None
    usage, constraints = extensions.get(x509.ExtendedKeyUsage), extensions.get(x509.BasicConstraints)
    return Shown(
        common_names=tuple(str(one.value) for one in names),
        subject=certificate.subject.rfc4514_string(),
        for_clients=isinstance(usage, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.CLIENT_AUTH in usage,
        is_ca=isinstance(constraints, x509.BasicConstraints) and constraints.ca,
        key=str(session.detail.get("peer_key", "")),
    )


def not_offered(requirement: str, trace: Trace, connected: Event) -> Observation:
    """On a connection that is not protected by TLS 1.3 the car offers no ISO 15118-20, and speaks none of it.

    Raises:
        Inconclusive: The connection is one of TLS 1.3.
    """
    session = next(trace.events(EventKind.TLS_ESTABLISHED, link=connected.link), None)
    version = "no TLS" if session is None else str(session.detail.get("version"))
    if version == "TLSv1.3":
        raise Inconclusive("the connection is one of TLS 1.3: the charger was to take 1.2 alone")
    if session is None and not any(trace.events(EventKind.TLS_HELLO, link=connected.link)):
        version = "no TLS"
    spoken = [one for one in requests(trace, link=connected.link) if _is_part_20(one.request)]
    return holds(
        requirement,
        not spoken,
        expected="no offer of ISO 15118-20 without TLS 1.3",
        seen="none" if not spoken else f"{type(spoken[0].request).__name__} over {version}",
        at=(connected.index, *(one.frame.index for one in spoken[:1])),
    )


def _is_part_20(message: object) -> bool:
    if isinstance(message, m.SupportedAppProtocolReq):
        return any(one.ProtocolNamespace.startswith(PART_20) for one in message.AppProtocol)
    return isinstance(message, m.V2GRequest)


def accepts_tls(requirement: str, trace: Trace, *, within: float = 10.0) -> Observation:
    """The car takes the SECC's chain: it speaks over the connection.

    Raises:
        Inconclusive: It did not connect, or nobody watched for long enough.
    """
    connected = first_connection(trace)
    spoken = next(iter(requests(trace, link=connected.link)), None)
    failed = next(trace.events(EventKind.TLS_FAILED, link=connected.link), None)
    session = next(trace.events(EventKind.TLS_ESTABLISHED, link=connected.link), None)
    if spoken is None and failed is None and (waited := trace.records[-1].t - connected.t) < within:
        raise Inconclusive(f"the connection was watched for {waited:.1f} s only")
    if spoken is not None and session is not None:
        seen = f"{type(spoken.request).__name__} over {session.detail.get('version')}"
    elif failed is not None:
        seen = f"handshake failed: {failed.detail.get('alert') or failed.detail.get('reason', '')}"
    else:
        seen = "nothing was sent over the connection"
    return holds(
        requirement,
        spoken is not None and session is not None,
        expected="the good chain believed: supportedAppProtocolReq over TLS",
        seen=seen,
        at=(connected.index, *(() if spoken is None else (spoken.frame.index,))),
    )


def comes_back(requirement: str, trace: Trace, *, within: float = 20.0) -> Observation:
    """The first connection comes to nothing, and a later one to a session.

    Raises:
        Inconclusive: There was no first one, or the car spoke over it, or nobody watched for long.
    """
    refused = first_connection(trace)
    if next(iter(requests(trace, link=refused.link)), None) is not None:
        raise Inconclusive("the first chain was not refused, so there is nothing to come back from")
    again = [one for one in requests(trace, m.SessionSetupReq) if one.frame.index > refused.index]
    if not again and (waited := trace.records[-1].t - refused.t) < within:
        raise Inconclusive(f"the car was watched for {waited:.1f} s only behind its refusal")
    return holds(
        requirement,
        bool(again),
        expected="SessionSetupReq at the good charger",
        seen="SessionSetupReq" if again else f"none: {trace.last_words()}",
        at=(refused.index, *(one.frame.index for one in again[:1])),
    )


def before_the_good_one(trace: Trace) -> list[Event]:
    """The connections of the car but for the last, which has come to a session: what the others were is to be judged.

    Raises:
        Inconclusive: The last has come to none: the car believes nobody on this bench, whatever the chain.
    """
    first_connection(trace)
    *others, last = connections(trace)
    session = next(trace.events(EventKind.TLS_ESTABLISHED, link=last.link), None)
    if session is None or not any(requests(trace, m.SupportedAppProtocolReq, link=last.link)):
        raise Inconclusive(f"the good chain was not believed either: {trace.last_words()}")
    if not others:
        raise Inconclusive("the car connected once alone: it did not see the other chain")
    return others
