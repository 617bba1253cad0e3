"""Faults of connection and security (reference S01-S06, S14, S15)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import math
from dataclasses import replace

from v2gready.protocols.ocpp.editions import Edition
from v2gready.references.csms.door import Entrance
from v2gready.references.csms.faults.kinds import Ignores
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Check, Fault, TlsPolicy
from v2gready.references.csms.turn import Reply, Turn


@fault("no-subprotocol-picks-first", "Chooses its first version for a station that offers none it knows.")
class NoSubprotocolPicksFirst(Fault):
    """S01."""

    def entrance(self, entrance: Entrance) -> Entrance:
        """Something has to be spoken."""
        if entrance.status != 101 or entrance.edition is not None:
            return entrance
        return replace(entrance, edition=Edition.V21)


@fault("no-subprotocol-refused", "Refuses the handshake of a station that offers no version it knows with 400.")
class NoSubprotocolRefused(Fault):
    """S01: the handshake is finished, then the connection closed."""

    def entrance(self, entrance: Entrance) -> Entrance:
        """No handshake."""
        none = entrance.status == 101 and entrance.edition is None
        return replace(entrance, status=400, reason="no common subprotocol") if none else entrance


@fault("prefers-older-edition", "Chooses OCPP 2.0.1 where both sides speak 2.1.")
class PrefersOlderEdition(Fault):
    """S01."""

    def entrance(self, entrance: Entrance) -> Entrance:
        """The older one."""
        both = entrance.edition is Edition.V21 and Edition.V201.value in entrance.knock.offered
        return replace(entrance, edition=Edition.V201) if both else entrance


@fault("unknown-identity-accepted", "Lets a station in that nobody registered.")
class UnknownIdentityAccepted(Ignores):
    """S02."""

    ignored = frozenset({Check.KNOWN, Check.PASSWORD})


@fault("unknown-identity-503", "Answers an unknown station with 503, so that it tries again for ever.")
class UnknownIdentity503(Fault):
    """S02: 404."""

    def entrance(self, entrance: Entrance) -> Entrance:
        """Try later."""
        return replace(entrance, status=503) if entrance.status == 404 else entrance


@fault("wrong-password-accepted", "Lets a station in with any password.")
class WrongPasswordAccepted(Ignores):
    """S02."""

    ignored = frozenset({Check.PASSWORD})


@fault("foreign-user-accepted", "Lets a station in whose user is not its identity.")
class ForeignUserAccepted(Ignores):
    """S02."""

    ignored = frozenset({Check.USER})


@fault("missing-credentials-accepted", "Lets a station in without any credentials.")
class MissingCredentialsAccepted(Ignores):
    """S02."""

    ignored = frozenset({Check.HEADER})


@fault("identity-not-decoded", "Takes the identity from the path as it is, with %7C in it.")
class IdentityNotDecoded(Fault):
    """S03."""

    def identity(self, raw: str, identity: str) -> str:
        """Not decoded."""
        return raw


@fault("identity-cut-at-32", "Cuts identities at 32 characters.")
class IdentityCut(Fault):
    """S03: up to 48."""

    def identity(self, raw: str, identity: str) -> str:
        """A column of the database."""
        return identity[:32]


@fault("identity-any-case", "Takes identities in capital letters for the same as in small ones.")
class IdentityAnyCase(Fault):
    """An identity is case-sensitive for us; two stations would be one."""

    def identity(self, raw: str, identity: str) -> str:
        """Upper case."""
        return identity.upper()


@fault("second-connection-unserved", "Answers nothing on a second connection of the same station.")
class SecondConnectionUnserved(Fault):
    """S14: a station that lost its connection comes back before the CSMS knows."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[str, object] = {}

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Answers go to the first one."""
        first = self._first.setdefault(turn.station.identity, turn.csms)
        return reply if first is turn.csms else replace(reply, delay=math.inf)


@fault("second-connection-refused", "Refuses a station that was connected before with 409.")
class SecondConnectionRefused(Fault):
    """S14."""

    def __init__(self) -> None:
        super().__init__()
        self._known: set[str] = set()

    def entrance(self, entrance: Entrance) -> Entrance:
        """It is there already."""
        if entrance.status != 101 or entrance.edition is None:
            return entrance
        if entrance.identity in self._known:
            return replace(entrance, status=409, reason="already connected")
        self._known.add(entrance.identity)
        return entrance


@fault("compression-refused", "Takes no permessage-deflate.")
class CompressionRefused(Fault):
    """S15: a CSMS must support it (RFC 7692)."""

    def compression(self, agreed: bool) -> bool:
        """Not implemented."""
        return False


@fault("expired-station-certificate-accepted", "Lets a station in whose certificate has expired, as if nothing were.")
class ExpiredCertificateAccepted(Fault):
    """S06."""

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """No look at the calendar."""
        return replace(policy, validity=False)


@fault("station-certificate-not-asked", "Opens security profile 3 without asking for a certificate of the station.")
class CertificateNotAsked(Fault):
    """S06."""

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """Profile 2 under the name of 3."""
        return replace(policy, client_certificate=False)

    def check(self, subject: str, check: Check, violated: bool) -> bool:
        """There is nothing to look at."""
        return violated and check not in {Check.COMMON_NAME, Check.ORGANISATION, Check.SERIAL}


@fault("other-stations-certificate-accepted", "Lets a station in with the certificate of another one.")
class OtherStationsCertificateAccepted(Ignores):
    """S06."""

    ignored = frozenset({Check.COMMON_NAME, Check.SERIAL})


@fault("foreign-organisation-accepted", "Lets a station in whose certificate names another operator.")
class ForeignOrganisationAccepted(Ignores):
    """S06."""

    ignored = frozenset({Check.ORGANISATION})
