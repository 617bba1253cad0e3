"""Where a fault may bend the CSMS, and the proof that it did.

`Seams` stands between the faultless CSMS and the outside: at every point where a fault may act, the faultless value
goes in and the value that counts comes out. An effect is written down when, and only when, the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from v2gready.references.csms.csms import Csms
    from v2gready.references.csms.door import Entrance
    from v2gready.references.csms.transactions import Event, Slice, Transaction
    from v2gready.references.csms.turn import Reply, Request, Turn

T = TypeVar("T")
_KEPT_EFFECTS = 1000


class Check(Enum):
    """A rule that the CSMS checks; the value names it."""

    KNOWN = "the identity is known"
    HEADER = "there is a Basic header"
    USER = "the user is the identity"
    PASSWORD = "the password is right"  # noqa: S105 - a rule
    COMMON_NAME = "the certificate is that of the station"
    ORGANISATION = "the certificate is of this operator"
    SERIAL = "the serial number is that of the certificate"
    BOOTED = "the station has been accepted"
    REPEATED = "the message id is new"
    TRANSFER = "the energy transfer is allowed"
    PROFILE = "the dynamic profile is known"
    REVOKED = "the certificate is not revoked"
    UNKNOWN = "the certificate is known"
    AVAILABLE = "the status can be had"


@dataclass(frozen=True, slots=True)
class Effect:
    """A fault made the CSMS behave differently.

    Attributes:
        fault: Name of the fault.
        what: What was different.
    """

    fault: str
    what: str


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How the CSMS takes TLS connections.

    Attributes:
        client_certificate: A station needs a certificate that can be trusted (security profile 3).
        validity: It must be in its period of validity.
        chain: It must come from a trusted root.
        old: TLS 1.1 is taken, too.
        weak: Suites with CBC and SHA-1 are taken, too.
        rsa: There is a certificate with an RSA key, too, for the suites that need one.
    """

    client_certificate: bool
    validity: bool = True
    chain: bool = True
    old: bool = False
    weak: bool = False
    rsa: bool = True


class Fault:
    """A CSMS that does one thing wrong. Every hook gets the faultless value and returns what counts instead.

    Attributes:
        name: Kebab-case name, for ever.
        sentence: What the CSMS does wrong, in one sentence.
    """

    name: ClassVar[str] = ""
    sentence: ClassVar[str] = ""

    def __init__(self) -> None:
        self.sink: Callable[[Effect], None] = lambda _: None

    def took_effect(self, what: str) -> None:
        """Writes down an effect that no hook's return value shows."""
        self.sink(Effect(self.name, what))

    # The arguments are what an override may need; a neutral hook uses none of them.

    def identity(self, raw: str, identity: str) -> str:
        """The identity of a station; ``raw`` is the end of the path as it was sent."""
        return identity

    def entrance(self, entrance: Entrance) -> Entrance:
        """How a handshake is answered."""
        return entrance

    def compression(self, agreed: bool) -> bool:
        """Whether permessage-deflate is agreed on; no effect by itself."""
        return agreed

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """How TLS connections are taken; no effect by itself."""
        return policy

    def one_by_one(self, serial: bool) -> bool:
        """Whether a handshake waits for the one before; no effect by itself."""
        return serial

    def pongs(self, sent: bool) -> bool:
        """Whether a Ping is answered; no effect by itself."""
        return sent

    def endures(self, pings: int) -> bool:
        """Whether a connection bears so many Pings; it breaks if not."""
        return True

    def check(self, subject: str, check: Check, violated: bool) -> bool:
        """Whether a rule counts as violated; ``subject`` is the station."""
        return violated

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """The message that reaches the CSMS; None for none."""
        return data

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """What goes out; ``data`` is the message that it answers, None if a timer or a user was the cause."""
        return texts

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The answer to a valid CALL, and what the CSMS does after it."""
        return reply

    def request(self, csms: Csms, request: Request) -> Request | None:
        """A CALL that the CSMS makes; None for none."""
        return request

    def event(self, event: Event, now: float) -> Event | None:
        """A transaction event as it is stored; None if it is not. ``now``: Unix time."""
        return event

    def counted(self, transaction: Transaction, event: Event, times: int) -> int:
        """How often an event counts: once, and not at all if it was there before."""
        return times

    def booked(self, piece: Slice) -> Slice:
        """Energy as it is booked."""
        return piece

    def active(self, transaction: Transaction, active: bool) -> bool:
        """Whether a transaction still runs."""
        return active

    def ocsp(self, der: bytes) -> bytes:
        """An OCSP response before base64."""
        return der


class Seams:
    """All faults of one CSMS, in order; without any, every value passes unchanged.

    Attributes:
        effects: What the faults changed so far, the first thousand.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self.effects: list[Effect] = []
        for fault in self._faults:
            fault.sink = self._note

    def identity(self, raw: str, identity: str) -> str:
        """See `Fault.identity`."""
        return self._bend("identity", identity, lambda fault, value: fault.identity(raw, value))

    def entrance(self, entrance: Entrance) -> Entrance:
        """See `Fault.entrance`."""
        return self._bend("handshake", entrance, lambda fault, value: fault.entrance(value))

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """See `Fault.tls`."""
        for fault in self._faults:
            policy = fault.tls(policy)
        return policy

    def compression(self, *, agreed: bool) -> bool:
        """See `Fault.compression`."""
        for fault in self._faults:
            agreed = fault.compression(agreed)
        return agreed

    def one_by_one(self, *, waiting: bool) -> bool:
        """See `Fault.one_by_one`; ``waiting``: another handshake is under way."""
        serial = False
        for fault in self._faults:
            serial = fault.one_by_one(serial)
            if serial and waiting:
                fault.took_effect("a handshake waits for another one")
        return serial

    def pongs(self) -> bool:
        """See `Fault.pongs`."""
        sent = True
        for fault in self._faults:
            sent = fault.pongs(sent)
        return sent

    def pinged(self, pings: int) -> bool:
        """A Ping came, the so many-th of its connection; gives whether the connection bears it."""
        for fault in self._faults:
            if not fault.pongs(True):
                fault.took_effect("a Ping is not answered")
            if not fault.endures(pings):
                fault.took_effect(f"connection broken by {pings} Pings")
                return False
        return True

    def turned_away(self, why: str) -> None:
        """A TLS session failed that the faultless CSMS might have taken."""
        self.admitted(f"no session: {why}")

    def compression_offered(self) -> None:
        """A station offered permessage-deflate, where the faultless CSMS takes it."""
        for fault in self._faults:
            if not fault.compression(True):
                fault.took_effect("permessage-deflate was offered and not taken")

    def admitted(self, why: str) -> None:
        """A certificate got in that the faultless CSMS refuses."""
        for fault in self._faults:
            faultless = TlsPolicy(client_certificate=True)
            if fault.tls(faultless) != faultless:
                fault.took_effect(f"TLS: {why}")

    def check(self, subject: str, check: Check, *, violated: bool) -> bool:
        """See `Fault.check`."""
        if not self._faults:
            return violated
        return self._bend(f"check that {check.value}", violated, lambda one, value: one.check(subject, check, value))

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """See `Fault.heard`."""
        message: str | bytes | None = data
        for fault in self._faults:
            if message is None:
                break
            before = message
            message = fault.heard(csms, before)
            if message != before:
                fault.took_effect(f"message heard: {_shown(before)} -> {_shown(message)}")
        return message

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """See `Fault.sends`."""
        if not self._faults:
            return texts
        return self._bend("message sent", texts, lambda fault, value: fault.sends(csms, value, data))

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """See `Fault.reply`."""
        return self._bend("reply", reply, lambda fault, value: fault.reply(turn, value))

    def request(self, csms: Csms, request: Request) -> Request | None:
        """See `Fault.request`."""
        wanted: Request | None = request
        return self._bend("request", wanted, lambda fault, value: None if value is None else fault.request(csms, value))

    def event(self, event: Event, now: float) -> Event | None:
        """See `Fault.event`."""
        stored: Event | None = event
        return self._bend("event", stored, lambda fault, value: None if value is None else fault.event(value, now))

    def counted(self, transaction: Transaction, event: Event, times: int) -> int:
        """See `Fault.counted`."""
        return self._bend("event counts", times, lambda fault, value: fault.counted(transaction, event, value))

    def booked(self, piece: Slice) -> Slice:
        """See `Fault.booked`."""
        return self._bend("energy", piece, lambda fault, value: fault.booked(value))

    def active(self, transaction: Transaction, *, active: bool) -> bool:
        """See `Fault.active`."""
        return self._bend("transaction runs", active, lambda fault, value: fault.active(transaction, value))

    def ocsp(self, der: bytes) -> bytes:
        """See `Fault.ocsp`."""
        return self._bend("OCSP response", der, lambda fault, value: fault.ocsp(value))

    def _note(self, effect: Effect) -> None:
        if len(self.effects) < _KEPT_EFFECTS:
            self.effects.append(effect)

    def _bend(self, seam: str, value: T, hook: Callable[[Fault, T], T]) -> T:
        for fault in self._faults:
            bent = hook(fault, value)
            # 1 == 1.0 and True == 1 in Python, and not on the wire.
            if bent != value or repr(bent) != repr(value):
                fault.took_effect(f"{seam}: {_shown(value)} -> {_shown(bent)}")
            value = bent
        return value


def swapped(payload: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A payload with other values; None leaves a field out."""
    return {key: value for key, value in {**payload, **values}.items() if value is not None}


def _shown(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 160 else f"{text[:157]}..."


__all__ = ["Check", "Effect", "Fault", "Seams", "TlsPolicy", "swapped"]
