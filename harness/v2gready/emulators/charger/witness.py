"""Watches the SECC of the emulated charger: connections, handshakes, and streams with a recorder on them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from cryptography import x509

from v2gready.emulators.charger.stream import CHARGER, EV, PATIENCE, Carrier, WatchedStream
from v2gready.hosts.secc.witness import Witness
from v2gready.model.trace import EventKind
from v2gready.transports.recorder import Recorder, TraceFull
from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import TlsStream


class Watch(Witness):
    """Writes down what becomes of each connection of the car.

    Args:
        recorder: Where it goes.
        changed: Called after everything that somebody may wait for.

    Attributes:
        stall: Seconds for which the first octets of a new connection lie unread.
        shown: The charger's own certificate, as DER.
    """

    linger = PATIENCE + Witness.linger

    def __init__(self, recorder: Recorder, changed: Callable[[], None]) -> None:
        self.stall = 0.0
        self.shown = b""
        self.carriers: list[Carrier] = []
        self.streams: list[WatchedStream] = []
        self._recorder = recorder
        self._changed = changed
        self._shaking: set[str] = set()

    @property
    def busy(self) -> bool:
        """A handshake is under way."""
        return bool(self._shaking)

    def accepted(self, stream: ByteStream) -> ByteStream:
        """See `Witness.accepted`."""
        carrier = Carrier(stream, f"tcp-{len(self.carriers) + 1}", self._recorder, self.stall)
        self.carriers.append(carrier)
        self._shaking.add(carrier.link)
        self._note(EventKind.CONNECTED, EV, carrier.link, to=str(stream.local))
        return carrier

    def refused(self, stream: ByteStream, reason: str, *, alert: str = "", by_car: bool = False) -> None:
        """See `Witness.refused`."""
        link = _link(stream)
        self._shaking.discard(link)
        self._note(EventKind.TLS_FAILED, EV if by_car else CHARGER, link, reason=reason, alert=alert)

    def secured(self, stream: ByteStream, session: TlsStream, curve: str) -> None:
        """See `Witness.secured`."""
        self._note(
            EventKind.TLS_ESTABLISHED,
            CHARGER,
            _link(stream),
            version=session.version,
            cipher=session.cipher,
            group=curve,  # the only one that was accepted
            own_certificate=self.shown.hex(),
            **_peer(session.peer_certificate_der),
        )

    def opened(self, stream: ByteStream, served: ByteStream) -> ByteStream:
        """See `Witness.opened`."""
        link = _link(stream)
        self._shaking.discard(link)
        watched = WatchedStream(served, link, self._recorder, self._changed)
        self.streams.append(watched)
        self._changed()
        return watched

    def _note(self, kind: str, source: str, link: str, **facts: str | float | bool) -> None:
        with suppress(TraceFull):
            self._recorder.event(kind, source, link=link, detail=facts)
        self._changed()


def _link(stream: ByteStream) -> str:
    return stream.link if isinstance(stream, Carrier) else ""


def _peer(der: bytes | None) -> dict[str, str]:
    """The vehicle certificate in words, and as it came."""
    if der is None:
        return {}
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
    except ValueError:  # OpenSSL takes more than DER
        return {"peer_certificate": der.hex()}
    curve = getattr(key, "curve", None)
    return {
        "peer_subject": certificate.subject.rfc4514_string(),
        "peer_issuer": certificate.issuer.rfc4514_string(),
        "peer_key": type(key).__name__.removesuffix("PublicKey").lower() if curve is None else str(curve.name),
        "peer_certificate": der.hex(),
    }
