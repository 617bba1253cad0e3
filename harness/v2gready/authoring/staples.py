"""Words on the OCSP response that a charger staples to the handshake (RFC 6066 8, RFC 8446 4.4.2.1, RFC 6960)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509 import ocsp

from v2gready.authoring.connections import connection
from v2gready.authoring.expectations import holds
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import EventKind, Trace
from v2gready.protocols.pki.revocation import Status, status_of

LEEWAY = timedelta(minutes=5)
"""Between the clocks of both sides; our own figure."""


@dataclass(frozen=True, slots=True)
class Staple:
    """What a handshake told about the revocation of the SECC certificate.

    Attributes:
        response: DER; empty if nothing was stapled.
        chain: The certificates that were shown, leaf first.
        moment: When, by the clock of the machine.
        at: Where it stands in the trace.
    """

    response: bytes
    chain: tuple[x509.Certificate, ...]
    moment: datetime
    at: tuple[int, ...]


def staple(trace: Trace) -> Staple:
    """Of the first connection.

    Raises:
        Inconclusive: There was no TLS session, this Python could not ask for a response, or the chain cannot be read.
    """
    opened = connection(trace)
    session = next(trace.events(EventKind.TLS_ESTABLISHED, link=opened.link), None)
    if session is None:
        raise Inconclusive(f"there was no TLS session: {trace.last_words()}")
    told = session.detail.get("staple"), session.detail.get("peer_chain"), session.detail.get("machine_time")
    response, chain, moment = told
    if not isinstance(response, str) or not isinstance(chain, str) or not isinstance(moment, float):
        raise Inconclusive("no response was asked for: this Python does not let one at its OpenSSL")
    try:
        certificates = tuple(x509.load_der_x509_certificate(bytes.fromhex(one)) for one in chain.split())
    except ValueError as problem:
        raise Inconclusive(f"the chain of the charger cannot be read: {problem}") from None
    if len(certificates) < 2:
        raise Inconclusive("the charger showed no sub-CA, so nobody can say who has to sign")
    return Staple(
        bytes.fromhex(response), certificates, datetime.fromtimestamp(moment, UTC), (opened.index, session.index)
    )


def stapled_good(requirement: str, found: Staple) -> Observation:
    """There is one; it is about the leaf, by its issuer or a delegate, and says good. Its age is another question."""
    expected = "an OCSP response for the SECC certificate, signed by its issuer or a delegate: good"
    if not found.response:
        return holds(requirement, False, expected=expected, seen="nothing stapled", at=found.at)
    leaf, issuer, *_ = found.chain
    answer = status_of(leaf, issuer, _made(found) or found.moment, responses=[found.response])
    seen = f"{answer.status.value}: {answer.reason}"
    return holds(requirement, answer.status is Status.GOOD, expected=expected, seen=seen, at=found.at)


def stapled_within(requirement: str, found: Staple, most: timedelta) -> Observation:
    """It is no older than that, and its nextUpdate is not past.

    Raises:
        Inconclusive: There is none, or it cannot be read.
    """
    made = _made(found)
    if made is None:
        raise Inconclusive("no OCSP response with an answer was stapled")
    end = ocsp.load_der_ocsp_response(found.response).next_update_utc
    age = found.moment - made
    good = -LEEWAY <= age <= most + LEEWAY and (end is None or found.moment <= end + LEEWAY)
    seen = f"thisUpdate {made.isoformat()}, nextUpdate {'missing' if end is None else end.isoformat()}"
    expected = (
        f"thisUpdate within {most.days} days before {found.moment.isoformat(timespec='seconds')}, nextUpdate not past"
    )
    return holds(requirement, good, expected=expected, seen=seen, at=found.at)


def _made(found: Staple) -> datetime | None:
    """ThisUpdate; None without an answer."""
    try:
        response = ocsp.load_der_ocsp_response(found.response)
    except ValueError:
        return None
    return response.this_update_utc if response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL else None
