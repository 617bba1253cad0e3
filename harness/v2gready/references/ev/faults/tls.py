"""Faults of TLS: chains that are believed, certificates that are shown (reference 7.1, 7.3; TLS-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from v2gready.protocols.sdp import SdpResponse, Security
from v2gready.references.ev.chain import ChainProblem
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault, Hello, Objection, Shows, TlsProfile
from v2gready.references.ev.turn import Reach


class _Believes(Fault):
    """Does not look at one point of the SECC's chain."""

    ignored: ClassVar[frozenset[ChainProblem]] = frozenset()

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """One point less."""
        return replace(profile, ignored=profile.ignored | self.ignored)


@fault("tls-accepts-expired", "Believes an expired SECC chain.")
class AcceptsExpired(_Believes):
    """TLS-E-3."""

    ignored = frozenset({ChainProblem.EXPIRED})


@fault("tls-accepts-not-yet-valid", "Believes an SECC chain that is not yet valid.")
class AcceptsNotYetValid(_Believes):
    """TLS-E-3."""

    ignored = frozenset({ChainProblem.NOT_YET_VALID})


@fault("tls-accepts-foreign-root", "Believes an SECC chain under a root that it does not know.")
class AcceptsForeignRoot(_Believes):
    """TLS-E-3."""

    ignored = frozenset({ChainProblem.UNTRUSTED})


@fault("tls-accepts-bad-signature", "Believes an SECC chain with a signature that does not verify.")
class AcceptsBadSignature(_Believes):
    """TLS-E-3."""

    ignored = frozenset({ChainProblem.SIGNATURE})


@fault("tls-accepts-any-purpose", "Believes an SECC whose certificate is not made for serverAuth.")
class AcceptsAnyPurpose(_Believes):
    """Annex B: an SECC leaf has serverAuth."""

    ignored = frozenset({ChainProblem.PURPOSE})


@fault("tls-accepts-leaf-as-issuer", "Believes a chain in which a certificate issues that is no authority.")
class AcceptsLeafAsIssuer(_Believes):
    """TLS-E-3: basic constraints."""

    ignored = frozenset({ChainProblem.NOT_A_CA})


@fault("tls-accepts-long-path", "Believes a chain that is longer than its path length allows.")
class AcceptsLongPath(_Believes):
    """TLS-E-3: path length."""

    ignored = frozenset({ChainProblem.PATH_LENGTH})


@fault("tls-accepts-wrong-key-usage", "Believes a chain with keys that are used for what they are not made for.")
class AcceptsWrongKeyUsage(_Believes):
    """TLS-E-3: key usage."""

    ignored = frozenset({ChainProblem.KEY_USAGE})


@fault("tls-accepts-critical-extension", "Believes a chain with a critical extension that it does not know.")
class AcceptsCriticalExtension(_Believes):
    """RFC 5280, 4.2."""

    ignored = frozenset({ChainProblem.CRITICAL})


@fault("tls-accepts-revoked", "Believes an SECC whose certificate is revoked.")
class AcceptsRevoked(_Believes):
    """TLS-E-3; [V2G20-2388]."""

    ignored = frozenset({ChainProblem.REVOKED})


@fault("tls-accepts-off-profile", "Believes an SECC whose certificates are not made as their profiles say.")
class AcceptsOffProfile(_Believes):
    """TLS-E-3, Annex B: what a TLS library alone lets pass."""

    ignored = frozenset({ChainProblem.PROFILE})


@fault("tls-accepts-bare-certificate", "Believes an SECC whose certificate has no extensions at all.")
class AcceptsBareCertificate(_Believes):
    """RFC 8446 4.4.2.2: version 3. What is not there forbids nothing."""

    ignored = frozenset({ChainProblem.PURPOSE, ChainProblem.PROFILE})


@fault("tls-accepts-unreadable", "Believes an SECC whose certificates it can read half.")
class AcceptsUnreadable(_Believes):
    """X.690 10: a parser that takes more than DER."""

    ignored = frozenset({ChainProblem.UNREADABLE})


@fault("tls-accepts-any-chain", "Believes every SECC, whatever chain it shows.")
class AcceptsAnyChain(_Believes):
    """TLS-E-3: verification was switched off for a test once."""

    ignored = frozenset(ChainProblem)


@fault("tls-accepts-1-2", "Makes TLS 1.2 connections and speaks ISO 15118-20 on them.")
class Accepts12(Fault):
    """[V2G20-1237]."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """Whatever the library can."""
        return replace(profile, allow_1_2=True)


class _ShowsOther(Fault):
    """Shows a certificate that is not the one of the vehicle."""

    shown: ClassVar[Shows]

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """Another one, or none."""
        return replace(profile, shows=self.shown)


@fault("tls-no-client-certificate", "Shows no certificate in the TLS handshake.")
class NoClientCertificate(_ShowsOther):
    """[V2G20-2400]."""

    shown = Shows.NONE


@fault("tls-shows-contract", "Shows its contract certificate in the TLS handshake.")
class ShowsContract(_ShowsOther):
    """[V2G20-2598], [V2G20-2339], TLS-E-2."""

    shown = Shows.CONTRACT


@fault("tls-shows-provisioning", "Shows its OEM provisioning certificate in the TLS handshake.")
class ShowsProvisioning(_ShowsOther):
    """[V2G20-2598], TLS-E-2."""

    shown = Shows.PROVISIONING


@fault("tls-left-out", "Speaks without TLS on a port that SDP announced for TLS.")
class LeftOut(Fault):
    """[V2G20-1237]."""

    def reach(self, reach: Reach) -> Reach:
        """The option was lost on the way."""
        return replace(reach, security=Security.NONE)


class _Offers(Fault):
    """Says something else in its ClientHello.

    Attributes:
        hello: What it says.
    """

    hello: ClassVar[Hello]

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """Another ClientHello."""
        return replace(profile, hello=self.hello)


@fault("tls-offers-aes-128", "Offers TLS_AES_128_GCM_SHA256 as well.")
class OffersAes128(_Offers):
    """[V2G20-2458]: what every library does by itself."""

    hello = Hello(suites=(*Hello().suites, "TLS_AES_128_GCM_SHA256"))


@fault("tls-offers-x25519", "Offers the group x25519 as well.")
class OffersX25519(_Offers):
    """[V2G20-1634]: what every library does by itself."""

    hello = Hello(groups=("X25519",))


@fault("tls-offers-sha256", "Offers signatures with ECDSA and SHA-256 as well.")
class OffersSha256(_Offers):
    """[V2G20-1667]: left over from ISO 15118-2."""

    hello = Hello(signatures=(*Hello().signatures, "ECDSA+SHA256"))


@fault("tls-asks-no-status", "Does not ask for stapled OCSP responses.")
class AsksNoStatus(_Offers):
    """[V2G20-2372]."""

    hello = Hello(status_request=False)


@fault("tls-names-no-roots", "Does not tell which roots it knows.")
class NamesNoRoots(_Offers):
    """[V2G20-1006]: an SECC with chains under several roots cannot choose."""

    hello = Hello(authorities=False)


@fault("tls-no-fragment-length", "Does not negotiate the length of TLS fragments.")
class NoFragmentLength(_Offers):
    """[V2G20-2446]."""

    hello = Hello(fragments=0)


@fault("tls-refusal-remembered", "Follows no SDP answer any more after it has refused a chain.")
class RefusalRemembered(Fault):
    """A lockout that nobody resets: the car is at another charger tomorrow."""

    def __init__(self) -> None:
        super().__init__()
        self._searches = 0
        self._secured = False

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """Counts visits."""
        self._searches += attempt == 1
        return datagram

    def handshake(self, version: str, problems: frozenset[ChainProblem]) -> None:
        """Once it has trusted a charger it goes on."""
        self._secured = True

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """Nobody is good enough."""
        locked = self._searches > 1 and not self._secured
        return objections | {Objection.OFF_LINK} if locked else objections


@fault("tls-without-ed448", "Does not know signatures of Ed448.")
class WithoutEd448(_Offers):
    """[V2G20-2319]: a library of five years ago."""

    hello = Hello(signatures=("ECDSA+SHA512",))


@fault("tls-refuses-every-chain", "Refuses the chain of every SECC, good ones too.")
class RefusesEveryChain(Fault):
    """The root of the last season."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """It knows no root any more."""
        self.took_effect("no root is trusted")
        return replace(profile, rootless=True)
