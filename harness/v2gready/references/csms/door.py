"""Who may connect, and what is spoken: the answer to a WebSocket handshake, without I/O."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

from v2gready.protocols.ocpp.editions import Edition
from v2gready.references.csms.backend import Backend
from v2gready.references.csms.seams import Check

_LONGEST_IDENTITY = 48


@dataclass(frozen=True, slots=True)
class Knock:
    """A handshake as it came.

    Attributes:
        path: Request target, still encoded.
        offered: Subprotocols in the order of preference.
        user: User of the Basic header; None without header.
        password: Its password; None without header.
        certificate: Client certificate (DER); None without.
    """

    path: str
    offered: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    certificate: bytes | None = None

    def __repr__(self) -> str:
        return f"Knock({self.path!r}, {self.offered!r}, user={self.user!r})"


@dataclass(frozen=True, slots=True)
class Entrance:
    """The answer to a handshake.

    Attributes:
        knock: What is answered.
        status: 101, or the HTTP status of the refusal.
        identity: Who it is, as far as known.
        edition: What is spoken; None with status 101: nothing in common, the connection is closed at once [P4 3].
        reason: Why not, for people.
    """

    knock: Knock
    status: int
    identity: str = ""
    edition: Edition | None = None
    reason: str = ""


def enter(backend: Backend, knock: Knock) -> Entrance:
    """Answers a handshake."""
    identity = _identity(backend, knock.path)
    if identity is None:
        entrance = Entrance(knock, 404, reason="no such endpoint")
    elif (refusal := _refusal(backend, identity, knock)) is not None:
        entrance = Entrance(knock, refusal[0], identity, reason=refusal[1])
    else:
        entrance = Entrance(knock, 101, identity, _edition(backend.config.editions, knock.offered))
    return backend.seams.entrance(entrance)


def _identity(backend: Backend, path: str) -> str | None:
    endpoint, _, raw = path.partition("?")[0].rpartition("/")
    if endpoint != backend.config.path.rstrip("/") or not raw:
        return None
    identity = backend.seams.identity(raw, unquote(raw))
    return None if len(identity) > _LONGEST_IDENTITY or ":" in identity else identity


def _refusal(backend: Backend, identity: str, knock: Knock) -> tuple[int, str] | None:
    def violated(check: Check, broken: bool) -> bool:  # noqa: FBT001 - the value that is checked
        return backend.seams.check(identity, check, violated=broken)

    station = backend.station(identity)
    if station is None:
        return 404, "unknown station"
    if backend.config.security_profile == 3:
        name, organisation = _subject(knock.certificate)
        serial = station.entry.serial
        if violated(Check.COMMON_NAME, serial is not None and name != serial):
            return 403, "the certificate is that of another station"
        if violated(Check.ORGANISATION, organisation != backend.config.organisation):
            return 403, "the certificate is not of this operator"
        return None
    if violated(Check.HEADER, knock.user is None or knock.password is None):
        return 401, "no credentials"
    if violated(Check.USER, knock.user is not None and knock.user != identity):
        return 401, "wrong credentials"
    right = knock.password is None or hmac.compare_digest(knock.password.encode(), station.entry.password.encode())
    if violated(Check.PASSWORD, not right):
        return 401, "wrong credentials"
    return None


def _edition(spoken: Sequence[Edition], offered: Sequence[str]) -> Edition | None:
    """What the CSMS likes best among what the station offers: [ocpp2.1, ocpp2.0.1] gives ocpp2.1 either way round."""
    return next((edition for edition in spoken if edition.value in offered), None)


def common_name(der: bytes | None) -> str | None:
    """Common name of a certificate; None without certificate."""
    return _subject(der)[0]


def _subject(der: bytes | None) -> tuple[str | None, str | None]:
    if der is None:
        return None, None
    subject = x509.load_der_x509_certificate(der).subject
    names = [subject.get_attributes_for_oid(oid) for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)]
    values = [str(found[0].value) if found else None for found in names]
    return values[0], values[1]
