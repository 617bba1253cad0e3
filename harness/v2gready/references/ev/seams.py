"""Where a fault may bend the car, and the proof that it did.

`Seams` stands between the faultless car and the outside: at every point where a fault may act, the faultless value
goes in and the value that counts comes out. An effect is written down when, and only when, the two differ. The rest of
the car knows nothing about faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from v2gready.protocols.bending import Bending, Died, Effect, NamedFault, difference
from v2gready.references.ev.battery import Occasion
from v2gready.references.ev.chain import ChainProblem
from v2gready.references.ev.turn import Check, Choice, Move, Outgoing, Reach, Timer

if TYPE_CHECKING:
    from v2gready.protocols.sdp import SdpResponse
    from v2gready.references.ev.turn import Turn

__all__ = ["Died", "Effect", "Fault", "Hello", "Objection", "Seams", "Shows", "TlsProfile"]

T = TypeVar("T")


class Objection(Enum):
    """What speaks against an SDP answer."""

    MALFORMED = "no SDP response"
    UNSPECIFIED = "the address is ::"
    MULTICAST = "the address is a multicast group"
    OFF_LINK = "the address is not on the link"
    PORT_ZERO = "the port is 0"
    PORT_RANGE = "the port is outside 49152..65535"
    DOWNGRADE = "less security than asked for"


class Shows(Enum):
    """A certificate of the car."""

    VEHICLE = "vehicle certificate"
    CONTRACT = "contract certificate"
    PROVISIONING = "OEM provisioning certificate"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Hello:
    """What the ClientHello of the car offers and asks for (reference 7.1); algorithms in OpenSSL's spelling.

    Attributes:
        suites: Suites of TLS 1.3 in order [V2G20-2458].
        groups: More groups than the one of its credentials.
        signatures: signature_algorithms in order [V2G20-1667].
        status_request: Asks for stapled OCSP responses [V2G20-2372].
        authorities: Names the roots that it knows [V2G20-1006].
        fragments: max_fragment_length [V2G20-2446]: 4 for 4096 octets, 0 to leave it out.
    """

    suites: tuple[str, ...] = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
    groups: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ("ECDSA+SHA512", "ed448")
    status_request: bool = True
    authorities: bool = True
    fragments: int = 4


@dataclass(frozen=True, slots=True)
class TlsProfile:
    """How the car makes TLS connections.

    Attributes:
        allow_1_2: Offers TLS 1.2 as well, which -20 forbids [V2G20-1237].
        shows: Which certificate it shows: its vehicle certificate [V2G20-2400].
        ignored: What it does not look at in the SECC's chain.
        hello: What it offers.
        rootless: Trusts none of its roots.
    """

    allow_1_2: bool = False
    shows: Shows = Shows.VEHICLE
    ignored: frozenset[ChainProblem] = frozenset()
    hello: Hello = field(default_factory=Hello)
    rootless: bool = False


class Fault(NamedFault):
    """A car that does one thing wrong. Every hook gets the faultless value and returns what counts instead.

    A hook may also raise `Died`.
    """

    # The arguments are what an override may need; a neutral hook uses none of them.

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """The octets of the nth SDP request, from 1."""
        return datagram

    def sdp_wait(self, attempt: int, seconds: float) -> float:
        """Seconds between the nth SDP request and the next."""
        return seconds

    def sdp_gives_up(self, attempt: int, enough: bool) -> bool:
        """Whether the nth SDP request was the last."""
        return enough

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """What speaks against following an SDP answer."""
        return objections

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """How TLS connections are made. No effect by itself: `handshake` and `chain` tell."""
        return profile

    def handshake(self, version: str, problems: frozenset[ChainProblem]) -> None:
        """A TLS handshake is complete, with those problems in the chain overlooked."""

    def reach(self, reach: Reach) -> Reach:
        """How the car connects: plain or TLS, and to where."""
        return reach

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Whether a rule counts as violated by the response."""
        return violated

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """What is sent, and when."""
        return outgoing

    def frame_out(self, data: bytes) -> bytes:
        """The octets of an outgoing frame."""
        return data

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """What the car chooses where it has a choice: see `Choice` for the values."""
        return value

    def move(self, turn: Turn, move: Move) -> Move:
        """What the car does next in the charge loop."""
        return move

    def power(self, turn: Turn, watts: float) -> float:
        """Power that the car wants (DC) or takes (AC)."""
        return watts

    def timeout(self, timer: Timer, seconds: float) -> float:
        """The value of a timer; infinity for no timer at all. A pure function of its input."""
        return seconds

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """The position that the contactor takes."""
        return wanted

    def received(self, data: bytes) -> bytes:
        """The octets of one read from the open connection, TLS taken off."""
        return data

    def tolerates(self, payload_type: int, tolerates: bool) -> bool:
        """Whether a frame of an unknown payload type is ignored [V2G2-800]; otherwise the session ends."""
        return tolerates

    def discards(self, payload_type: int, discards: bool) -> bool:
        """Whether a message that nobody asked for is dropped; otherwise it answers the next request."""
        return discards

    def closes(self, closes: bool) -> bool:
        """Whether the connection is closed behind a session."""
        return closes

    def retries(self, failed: bool, again: bool) -> bool:
        """Whether the car begins another session at once after one that ended."""
        return again

    def wake(self, at: float | None) -> float | None:
        """When the car wakes up from a pause by itself."""
        return at


class Seams(Bending[Fault]):
    """All faults of one car, in order; without any, every value passes unchanged."""

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """See `Fault.sdp_request`."""
        return self._bend("SDP request", datagram, lambda fault, value: fault.sdp_request(value, attempt))

    def sdp_wait(self, attempt: int, seconds: float) -> float:
        """See `Fault.sdp_wait`."""
        return self._bend("SDP retry", seconds, lambda fault, value: fault.sdp_wait(attempt, value))

    def sdp_gives_up(self, attempt: int, *, enough: bool) -> bool:
        """See `Fault.sdp_gives_up`."""
        return self._bend("end of SDP", enough, lambda fault, value: fault.sdp_gives_up(attempt, value))

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """See `Fault.sdp_objections`."""
        return self._bend("SDP answer", objections, lambda fault, value: fault.sdp_objections(response, value))

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """See `Fault.tls`."""
        for fault in self._faults:
            profile = fault.tls(profile)
        return profile

    def hello(self) -> None:
        """A ClientHello has gone out: whoever bent it took effect, whatever becomes of the handshake."""
        for fault in self._faults:
            bent = fault.tls(TlsProfile()).hello
            if bent != Hello():
                fault.took_effect(f"ClientHello: {difference(Hello(), bent)}")

    def handshake(self, version: str, problems: frozenset[ChainProblem]) -> None:
        """See `Fault.handshake`."""
        for fault in self._faults:
            bent = fault.tls(TlsProfile())
            overlooked = problems & bent.ignored
            if bent.shows is not Shows.VEHICLE:
                fault.took_effect(f"certificate shown: {bent.shows.value}")
            if bent.allow_1_2 and version != "TLSv1.3":
                fault.took_effect(f"{version} where TLS 1.3 is due")
            if overlooked:
                fault.took_effect(f"SECC chain accepted: {', '.join(sorted(one.value for one in overlooked))}")
            fault.handshake(version, problems)

    def reach(self, reach: Reach) -> Reach:
        """See `Fault.reach`."""
        return self._bend("connection", reach, lambda fault, value: fault.reach(value))

    def check(self, turn: Turn, check: Check, *, violated: bool) -> bool:
        """See `Fault.check`."""
        return self._bend(f"check {check.value}", violated, lambda fault, value: fault.check(turn, check, value))

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """See `Fault.request`."""
        return self._bend("request", outgoing, lambda fault, value: fault.request(turn, value))

    def frame_out(self, data: bytes) -> bytes:
        """See `Fault.frame_out`."""
        return self._bend("frame", data, lambda fault, value: fault.frame_out(value))

    def choose(self, turn: Turn, choice: Choice, value: T) -> T:
        """See `Fault.choose`."""
        return self._bend(choice.value, value, lambda fault, one: fault.choose(turn, choice, one))

    def move(self, turn: Turn, move: Move) -> Move:
        """See `Fault.move`."""
        return self._bend("charge loop", move, lambda fault, value: fault.move(turn, value))

    def power(self, turn: Turn, watts: float) -> float:
        """See `Fault.power`."""
        return self._bend("power", watts, lambda fault, value: fault.power(turn, value))

    def timeout(self, timer: Timer, seconds: float) -> float:
        """See `Fault.timeout`. Another timer alone is no effect: `waited` tells when it makes a difference."""
        for fault in self._faults:
            seconds = fault.timeout(timer, seconds)
        return seconds

    def waited(self, timer: Timer, elapsed: float, usual: float, *, expired: bool) -> None:
        """A timer stopped after that time, because of a response or because it ran out.

        Args:
            timer: Its name.
            elapsed: Seconds since it was started.
            usual: Seconds after which the faultless car gives up.
            expired: It ran out.
        """
        if elapsed > usual or (expired and elapsed < usual):
            for fault in self._faults:
                if fault.timeout(timer, usual) != usual:
                    fault.took_effect(f"{timer.value}: waited {elapsed:.3f} s where {usual:g} s are due")

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """See `Fault.contactor`."""
        seam = f"contactor ({occasion.value})"
        return self._bend(seam, wanted, lambda fault, value: fault.contactor(value, occasion))

    def received(self, data: bytes) -> bytes:
        """See `Fault.received`."""
        return self._bend("octets read", data, lambda fault, value: fault.received(value))

    def tolerates(self, payload_type: int) -> bool:
        """See `Fault.tolerates`."""
        return self._bend("unknown frame", True, lambda fault, value: fault.tolerates(payload_type, value))

    def discards(self, payload_type: int) -> bool:
        """See `Fault.discards`."""
        return self._bend("unasked message", True, lambda fault, value: fault.discards(payload_type, value))

    def closes(self, *, closes: bool) -> bool:
        """See `Fault.closes`."""
        return self._bend("end of the connection", closes, lambda fault, value: fault.closes(value))

    def retries(self, *, failed: bool, again: bool) -> bool:
        """See `Fault.retries`."""
        return self._bend("next session", again, lambda fault, value: fault.retries(failed, value))

    def wake(self, at: float | None) -> float | None:
        """See `Fault.wake`."""
        return self._bend("wake-up", at, lambda fault, value: fault.wake(value))
