"""Faults of V2GTP, TCP and TLS (reference 1.1, 7.1; TP-S-*, TLS-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.hosts.secc.tls import is_for_clients
from v2gready.protocols.iso15118.secc.config import SecurityPolicy
from v2gready.protocols.iso15118.secc.power import Occasion
from v2gready.protocols.iso15118.secc.seams import Fault, Respond, TlsProfile
from v2gready.protocols.iso15118.secc.turn import Check
from v2gready.protocols.sdp import SdpResponse, Security
from v2gready.protocols.v2gtp import PayloadType
from v2gready.references.charger.faults.kinds import Ignores
from v2gready.references.charger.faults.registry import fault

_KNOWN = frozenset(int(one) for one in PayloadType)


@fault("v2gtp-routes-unknown-type", "Reads a frame of unknown payload type as a mainstream message.")
class RoutesUnknownType(Fault):
    """[V2G2-800], TP-S-1."""

    def payload_type(self, payload_type: int) -> int:
        """No case for the default."""
        return payload_type if payload_type in _KNOWN else PayloadType.MAINSTREAM


@fault("plain-tcp-for-20", "Offers and uses plain TCP for ISO 15118-20.")
class PlainTcp(Ignores):
    """[V2G20-2356], [V2G20-1805], SDP-S-2. Needs a charger with TLS, or one that refuses -20 on plain TCP."""

    ignored = frozenset({Check.TLS_1_3})

    def __init__(self) -> None:
        super().__init__()
        self._opened = False

    def security(self, policy: SecurityPolicy) -> SecurityPolicy:
        """Opens the plain port as well."""
        self._opened = policy is SecurityPolicy.TLS
        return SecurityPolicy.BOTH if self._opened else policy

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Notes when the plain port is announced."""
        if self._opened and reply is not None and SdpResponse.decode(reply).security is Security.NONE:
            self.took_effect("announced plain TCP")
        return reply


@fault("tls-accepts-12", "Accepts TLS 1.2 and speaks ISO 15118-20 over it.")
class AcceptsTls12(Ignores):
    """[V2G20-2356], TLS-S-1."""

    ignored = frozenset({Check.TLS_1_3})

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """The library's own minimum."""
        return replace(profile, allow_1_2=True)


class _AsksNoCertificate(Fault):
    def tls(self, profile: TlsProfile) -> TlsProfile:
        """No CertificateRequest."""
        return replace(profile, client_certificate=False)

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """Without a request no certificate comes, so a session without one shows the fault."""
        if certificate is None:
            self.took_effect(f"{version} session without a vehicle certificate")


@fault("tls-accepts-no-client-cert", "Takes a car without asking for its vehicle certificate.")
class AcceptsNoCertificate(_AsksNoCertificate):
    """[V2G20-2400], TLS-S-2."""


@fault("tls-accepts-foreign-client-cert", "Takes a car under an unknown root, because it does not verify it.")
class AcceptsForeignCertificate(_AsksNoCertificate):
    """[V2G20-2331]. OpenSSL verifies whatever it asks for; not to ask is how such a server is built."""


@fault("tls-accepts-contract-cert", "Takes a contract certificate as a vehicle certificate.")
class AcceptsContractCertificate(Fault):
    """[V2G20-2339], TLS-S-6."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """Any certificate under a known root will do."""
        return replace(profile, purpose=False)

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """Notes a certificate that is not made for clients."""
        if certificate is not None and not is_for_clients(certificate):
            self.took_effect(f"{version} session with a certificate that is not made for clientAuth")


@fault("next-session-refused", "Takes no further connection after a session that ended with an error.")
class NextSessionRefused(Fault):
    """SDP-S-4, TLS-S-2: the station keeps serving."""

    def __init__(self) -> None:
        super().__init__()
        self._stuck = False

    def ended(self, occasion: Occasion) -> None:
        """Keeps the error."""
        self._stuck = self._stuck or occasion in {Occasion.FAILURE, Occasion.TIMEOUT}

    def serves(self, willing: bool) -> bool:
        """Waits for a restart."""
        return willing and not self._stuck


@fault("serves-one-session", "Takes no further connection after the first.")
class ServesOneSession(Fault):
    """The second car of the day."""

    def __init__(self) -> None:
        super().__init__()
        self._served = False

    def serves(self, willing: bool) -> bool:
        """The accept loop has one turn."""
        if self._served:
            return False
        self._served = True
        return willing
