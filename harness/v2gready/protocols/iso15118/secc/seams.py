"""Where a fault may bend the charger, and the proof that it did.

`Seams` stands between the faultless charger and the outside: at every point where a fault may act, the faultless
value goes in and the value that counts comes out. An effect is written down when, and only when, the two differ.
The rest of the charger knows nothing about faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from v2gready.protocols.bending import Bending, Died, Effect, NamedFault, difference
from v2gready.protocols.iso15118.secc.power import Occasion, Setpoint
from v2gready.protocols.pki import Curve

if TYPE_CHECKING:
    from v2gready.protocols.iso15118.secc.config import SecurityPolicy, Undecodable
    from v2gready.protocols.iso15118.secc.station import Notification
    from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn

__all__ = ["Died", "Effect", "Fault", "Respond", "Seams", "TlsProfile", "difference"]

Respond = Callable[[bytes], bytes | None]
"""Gives the faultless SDP response to a datagram."""


GOOD_STATUS: Final = "good"
"""The OCSP response that is due."""


@dataclass(frozen=True, slots=True)
class TlsProfile:
    """How the charger takes TLS connections.

    Attributes:
        client_certificate: Ask for a vehicle certificate, and refuse the car without a valid one [V2G20-2400].
        allow_1_2: Accept TLS 1.2 as well.
        allow_1_3: Accept TLS 1.3; False only with TLS 1.2.
        purpose: Refuse a client certificate that is not made for clientAuth (Annex B.8).
        validity: Refuse a client certificate outside its period of validity.
        every_root: Trust all roots of the credentials; False: the first alone.
        curve: Group of the key exchange, if not that of the credentials.
        signatures: signature_algorithms of CertificateRequest [V2G20-1667], in OpenSSL's spelling; none: any.
        readable: Refuse a client certificate that is no DER.
        status: Which OCSP response is stapled: ``good``, none if empty, or another one of its credentials.
    """

    client_certificate: bool = True
    allow_1_2: bool = False
    allow_1_3: bool = True
    purpose: bool = True
    validity: bool = True
    every_root: bool = True
    curve: Curve | None = None
    signatures: tuple[str, ...] = ("ECDSA+SHA512", "ed448")
    readable: bool = True
    status: str = GOOD_STATUS


class Fault(NamedFault):
    """A charger that does one thing wrong. Every hook gets the faultless value and returns what counts instead.

    A hook may also raise `Died`.
    """

    # The arguments are what an override may need; a neutral hook uses none of them.

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Whether a rule counts as violated by the request."""
        return violated

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """What is answered, when, and whether the connection is closed behind it."""
        return reply

    def session_id(self, session_id: bytes) -> bytes:
        """The id of a new session."""
        return session_id

    def challenge(self, challenge: bytes) -> bytes:
        """GenChallenge of a session with Plug & Charge."""
        return challenge

    def sequence_timeout(self, seconds: float) -> float:
        """V2G_SECC_Sequence_Timeout after a response; infinity for no timer at all. A pure function of its input."""
        return seconds

    def undecodable(self, payload: bytes, reaction: Undecodable) -> Undecodable:
        """Reaction to a payload that is no message."""
        return reaction

    def payload_type(self, payload_type: int) -> int:
        """The payload type as which an incoming frame is read."""
        return payload_type

    def frame_out(self, data: bytes) -> bytes:
        """The octets of an outgoing frame."""
        return data

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """The answer to a datagram on the SDP port, None for silence; ``respond`` answers any other as usual."""
        return reply

    def security(self, policy: SecurityPolicy) -> SecurityPolicy:
        """The transports that are opened. Opening alone is no effect: a car has to use what should not be there."""
        return policy

    def port(self, port: int) -> int:
        """The TCP port to listen on; 0 for any dynamic port."""
        return port

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """How TLS connections are taken. Again no effect by itself."""
        return profile

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """A TLS handshake is complete."""

    def handshake_failed(self) -> None:
        """A TLS handshake came to nothing."""

    def received(self, data: bytes) -> bytes:
        """The octets of one read from an open connection, TLS taken off."""
        return data

    def serves(self, willing: bool) -> bool:
        """Whether an incoming connection is served."""
        return willing

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """The position that the contactor takes."""
        return wanted

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """What the DC stage follows."""
        return setpoint

    def power_command(self, watts: float, before: float | None) -> float | None:
        """The power of Dynamic mode after somebody asked for ``watts``; ``before`` is the one in force."""
        return watts

    def notification(self, notification: Notification) -> Notification | None:
        """The notification that is handed to the car; None for none."""
        return notification

    def ended(self, occasion: Occasion) -> None:
        """A session is over."""


class Seams(Bending[Fault]):
    """All faults of one charger, in order; without any, every value passes unchanged."""

    def check(self, turn: Turn, check: Check, *, violated: bool) -> bool:
        """See `Fault.check`."""
        return self._bend(f"check {check.value}", violated, lambda fault, value: fault.check(turn, check, value))

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """See `Fault.reply`."""
        return self._bend("reply", reply, lambda fault, value: fault.reply(turn, value))

    def session_id(self, session_id: bytes) -> bytes:
        """See `Fault.session_id`."""
        return self._bend("session id", session_id, lambda fault, value: fault.session_id(value))

    def challenge(self, challenge: bytes) -> bytes:
        """See `Fault.challenge`."""
        return self._bend("challenge", challenge, lambda fault, value: fault.challenge(value))

    def sequence_timeout(self, seconds: float) -> float:
        """See `Fault.sequence_timeout`. Another timer alone is no effect: `waited` tells when it makes a difference."""
        bent = seconds
        for fault in self._faults:
            bent = fault.sequence_timeout(bent)
        return bent

    def waited(self, elapsed: float, usual: float, *, expired: bool) -> None:
        """The sequence timer stopped after that time, because of a request or because it ran out.

        Args:
            elapsed: Seconds since it was started.
            usual: Seconds after which the faultless charger gives up.
            expired: It ran out.
        """
        if elapsed > usual or (expired and elapsed < usual):
            for fault in self._faults:
                if fault.sequence_timeout(usual) != usual:
                    fault.took_effect(f"sequence timer: waited {elapsed:.3f} s where {usual:g} s are due")

    def undecodable(self, payload: bytes, reaction: Undecodable) -> Undecodable:
        """See `Fault.undecodable`."""
        return self._bend("undecodable payload", reaction, lambda fault, value: fault.undecodable(payload, value))

    def payload_type(self, payload_type: int) -> int:
        """See `Fault.payload_type`."""
        return self._bend("payload type", payload_type, lambda fault, value: fault.payload_type(value))

    def frame_out(self, data: bytes) -> bytes:
        """See `Fault.frame_out`."""
        return self._bend("frame", data, lambda fault, value: fault.frame_out(value))

    def sdp(self, datagram: bytes, respond: Respond) -> bytes | None:
        """See `Fault.sdp`."""
        return self._bend("SDP response", respond(datagram), lambda fault, value: fault.sdp(datagram, value, respond))

    def security(self, policy: SecurityPolicy) -> SecurityPolicy:
        """See `Fault.security`."""
        for fault in self._faults:
            policy = fault.security(policy)
        return policy

    def port(self, port: int) -> int:
        """See `Fault.port`."""
        return self._bend("TCP port", port, lambda fault, value: fault.port(value))

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """See `Fault.tls`."""
        for fault in self._faults:
            profile = fault.tls(profile)
        return profile

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """See `Fault.handshake`."""
        for fault in self._faults:
            fault.handshake(version, certificate)

    def handshake_failed(self) -> None:
        """See `Fault.handshake_failed`."""
        for fault in self._faults:
            fault.handshake_failed()

    def received(self, data: bytes) -> bytes:
        """See `Fault.received`."""
        return self._bend("octets read", data, lambda fault, value: fault.received(value))

    def serves(self, *, willing: bool) -> bool:
        """See `Fault.serves`."""
        return self._bend("incoming connection", willing, lambda fault, value: fault.serves(value))

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """See `Fault.contactor`."""
        seam = f"contactor ({occasion.value})"
        return self._bend(seam, wanted, lambda fault, value: fault.contactor(value, occasion))

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """See `Fault.setpoint`."""
        return self._bend("setpoint", setpoint, lambda fault, value: fault.setpoint(value))

    def power_command(self, watts: float, before: float | None) -> float | None:
        """See `Fault.power_command`."""
        commanded: float | None = watts
        return self._bend("power command", commanded, lambda fault, _: fault.power_command(watts, before))

    def notification(self, notification: Notification) -> Notification | None:
        """See `Fault.notification`."""
        wanted: Notification | None = notification
        return self._bend("notification", wanted, lambda fault, _: fault.notification(notification))

    def ended(self, occasion: Occasion) -> None:
        """See `Fault.ended`."""
        for fault in self._faults:
            fault.ended(occasion)
