"""Faults of Plug & Charge: challenge, signatures, contract chains (reference 4.5, 7.4; AUT-S-3, AUT-S-4, SES-S-3)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import hashlib
from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Died, Fault
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode


class _Authorizes(Answers[m.AuthorizationRes]):
    message = m.AuthorizationRes

    @staticmethod
    def by_contract(turn: Turn) -> bool:
        """The request showed a contract."""
        return getattr(turn.request, "SelectedAuthorizationService", None) is m.Authorization.PnC


# The challenge


@fault("pnc-challenge-unchecked", "Accepts a GenChallenge that it did not send.")
class ChallengeUnchecked(Ignores):
    """[V2G20-697], AUT-S-3."""

    ignored = frozenset({Check.CHALLENGE})


@fault("pnc-replay-accepted", "Accepts a GenChallenge of an earlier session again.")
class ReplayAccepted(Fault):
    """AUT-S-3: it remembers all that it ever sent."""

    def __init__(self) -> None:
        super().__init__()
        self._sent: set[bytes] = set()

    def challenge(self, challenge: bytes) -> bytes:
        """Remembers it."""
        self._sent.add(challenge)
        return challenge

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Any of them will do."""
        mode = getattr(turn.request, "AReqAuthorizationMode", None)
        known = getattr(mode, "GenChallenge", None) in self._sent
        return violated and not (check is Check.CHALLENGE and known)


@fault("pnc-challenge-constant", "Sends the same GenChallenge in every session.")
class ChallengeConstant(Fault):
    """[V2G20-697], SES-S-3."""

    def challenge(self, challenge: bytes) -> bytes:
        """A value of the template."""
        return bytes(range(16))


@fault("pnc-challenge-small-seed", "Draws GenChallenge from a generator with a seed of 8 bits.")
class ChallengeSeeded(Fault):
    """[V2G20-698]: an entropy of at least 120 bits; after few sessions a value comes again."""

    def challenge(self, challenge: bytes) -> bytes:
        """A clock that ticks slowly is the seed."""
        return hashlib.sha256(challenge[:1]).digest()[:16]


@fault("pnc-challenge-ascii", "Sends a GenChallenge of decimal digits in ASCII.")
class ChallengeAscii(Fault):
    """[V2G20-698]: 53 bits at most."""

    def challenge(self, challenge: bytes) -> bytes:
        """Printf."""
        return f"{int.from_bytes(challenge, 'big') % 10**16:016d}".encode()


@fault("pnc-challenge-clock", "Makes GenChallenge of a clock and of few random bits.")
class ChallengeClock(Fault):
    """[V2G20-698]: the clock is no secret; what is left has 64 bits."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks = 0x1D0C_0A5E_7733_1100

    def challenge(self, challenge: bytes) -> bytes:
        """Nanoseconds since some day, and a random number."""
        self._ticks += 3_000_000_000 + int.from_bytes(challenge[:3], "big")
        return self._ticks.to_bytes(8, "big") + challenge[8:]


@fault("pnc-challenge-biased", "Draws GenChallenge from a source with more zeros than ones.")
class ChallengeBiased(Fault):
    """[V2G20-698]: 104 bits of entropy where a one comes once in four times."""

    def challenge(self, challenge: bytes) -> bytes:
        """A source of noise that nobody evened out."""
        other = hashlib.sha256(challenge).digest()
        return bytes(one & two for one, two in zip(challenge, other, strict=False))


@fault("pnc-challenge-short", "Sends a GenChallenge of eight octets.")
class ChallengeShort(Fault):
    """[V2G20-697]."""

    def challenge(self, challenge: bytes) -> bytes:
        """The length of a SessionID."""
        return challenge[:8]


# The signature


@fault("pnc-digest-unchecked", "Does not compare the digest of the signed element.")
class DigestUnchecked(Ignores):
    """AUT-S-3."""

    ignored = frozenset({Check.SIGNATURE_DIGEST})


@fault("pnc-signature-unchecked", "Does not check the signature value.")
class SignatureUnchecked(Ignores):
    """AUT-S-3."""

    ignored = frozenset({Check.SIGNATURE_VALUE})


@fault("pnc-unsigned-accepted", "Accepts an AuthorizationReq with a contract and no signature.")
class UnsignedAccepted(Ignores):
    """AUT-S-3."""

    ignored = frozenset({Check.SIGNATURE_PRESENT})


@fault("pnc-signature-form-unchecked", "Takes any Reference and any Transforms for good.")
class FormUnchecked(Ignores):
    """AUT-E-4: one Transform, and a Reference to the element that is signed."""

    ignored = frozenset({Check.SIGNATURE_FORM})


@fault("pnc-signature-error-as-warning", "Answers a wrong signature with a warning and goes on.")
class SignatureErrorAsWarning(Fault):
    """AUT-S-3: FAILED_SignatureError, and that is the end (8.6)."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A failure taken for a warning."""

        def change(response: m.AuthorizationRes) -> m.AuthorizationRes:
            wrong = response.ResponseCode is _CODE.FAILED_SignatureError
            code = _CODE.WARNING_GeneralPnCAuthorizationError
            return replace(response, ResponseCode=code) if wrong else response

        bent = reply.bent(m.AuthorizationRes, change)
        return bent if bent == reply else replace(bent, close=False)


@fault("pnc-takes-secp256r1", "Takes contracts and signatures of the profile of ISO 15118-2.")
class TakesSmallCurve(Ignores):
    """[V2G20-2674]: secp521r1 with SHA-512, or Ed448."""

    ignored = frozenset({Check.CONTRACT_KEY, Check.SIGNATURE_FORM})


@fault("pnc-good-contract-refused", "Refuses every contract.")
class GoodContractRefused(Fault):
    """The customer with a contract stands in the rain."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """The provider says no."""
        return violated or check is Check.CONTRACT_KNOWN


# The chain


@fault("contract-untrusted-accepted", "Accepts a contract under a root that it does not know.")
class UntrustedAccepted(Ignores):
    """AUT-S-4: whatever the signatures above it."""

    ignored = frozenset({Check.CONTRACT_TRUSTED, Check.CONTRACT_SIGNED})


@fault("contract-signatures-unchecked", "Compares the names in a contract chain and not its signatures.")
class ChainSignaturesUnchecked(Ignores):
    """AUT-S-4."""

    ignored = frozenset({Check.CONTRACT_SIGNED})


@fault("contract-order-unchecked", "Accepts contract certificates in any order.")
class OrderUnchecked(Ignores):
    """Reference 7.3."""

    ignored = frozenset({Check.CONTRACT_ORDER})


@fault("contract-authority-unchecked", "Accepts contract certificates that were issued by no CA.")
class AuthorityUnchecked(Ignores):
    """Reference 7.3: basic constraints and path length."""

    ignored = frozenset({Check.CONTRACT_AUTHORITY})


@fault("contract-usage-unchecked", "Accepts contract certificates that are not made for signatures.")
class UsageUnchecked(Ignores):
    """Reference 7.3: key usage."""

    ignored = frozenset({Check.CONTRACT_USAGE})


@fault("contract-key-unchecked", "Accepts contract certificates with a key of any kind.")
class KeyUnchecked(Ignores):
    """[V2G20-2674], [V2G20-2319]."""

    # The signature of such a request cannot be checked by the profile either.
    ignored = frozenset({Check.CONTRACT_KEY, Check.SIGNATURE_VALUE})


@fault("contract-expiry-unchecked", "Accepts a contract that has expired.")
class ExpiryUnchecked(Ignores):
    """AUT-S-4."""

    ignored = frozenset({Check.CONTRACT_EXPIRED})


@fault("contract-begin-unchecked", "Accepts a contract that is not valid yet.")
class BeginUnchecked(Ignores):
    """AUT-S-4."""

    ignored = frozenset({Check.CONTRACT_NOT_YET_VALID})


@fault("contract-revocation-unchecked", "Accepts a revoked contract.")
class RevocationUnchecked(Ignores):
    """AUT-S-4."""

    ignored = frozenset({Check.CONTRACT_REVOKED})


@fault("contract-refusal-ignored", "Authorizes a contract that its provider refuses.")
class RefusalIgnored(Ignores):
    """WARNING_GeneralPnCAuthorizationError is due."""

    ignored = frozenset({Check.CONTRACT_KNOWN})


@fault("contract-expires-soon-untold", "Answers OK for a contract that ends within 14 days.")
class ExpiresSoonUntold(Ignores):
    """[V2G20-1979]: OK_CertificateExpiresSoon."""

    ignored = frozenset({Check.CONTRACT_EXPIRES_SOON})


@fault("contract-always-expires-soon", "Announces the end of every contract.")
class AlwaysExpiresSoon(Fault):
    """[V2G20-1979]: 14 days, not months."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """A wrong unit."""
        return violated or check is Check.CONTRACT_EXPIRES_SOON


@fault("contract-expired-as-validation-error", "Answers an expired contract with CertificateValidationError.")
class ExpiredAsValidationError(_Authorizes):
    """AUT-S-4: there is a code for it."""

    def bend(self, turn: Turn, response: m.AuthorizationRes) -> m.AuthorizationRes:
        """One code for all."""
        expired = response.ResponseCode is _CODE.WARNING_CertificateExpired
        return replace(response, ResponseCode=_CODE.WARNING_CertificateValidationError) if expired else response


@fault("contract-warning-as-failed", "Answers a contract that is not good with FAILED and ends the session.")
class WarningAsFailed(Fault):
    """AUT-S-4: a warning, and the car may try another contract or a card."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A warning taken for a failure."""

        def change(response: m.AuthorizationRes) -> m.AuthorizationRes:
            refused = _CODE.WARNING_CertificateExpired <= response.ResponseCode <= _CODE.WARNING_ChallengeInvalid
            return replace(response, ResponseCode=_CODE.FAILED) if refused else response

        bent = reply.bent(m.AuthorizationRes, change)
        return bent if bent == reply else replace(bent, close=True)


@fault("pnc-stale-ok", "Answers a contract that it refuses with OK and goes no further.")
class StaleOk(_Authorizes):
    """The code of the message before."""

    def bend(self, turn: Turn, response: m.AuthorizationRes) -> m.AuthorizationRes:
        """Finished, and nobody knows how."""
        refused = _CODE.WARNING_CertificateExpired <= response.ResponseCode < _CODE.FAILED
        return replace(response, ResponseCode=_CODE.OK) if refused and self.by_contract(turn) else response


@fault("contract-unreadable-accepted", "Authorizes whoever shows a contract certificate that it cannot read.")
class UnreadableAccepted(Ignores):
    """AUT-S-3: the error of the parser was not passed on, and with no name there is nothing to look up."""

    ignored = frozenset({Check.CONTRACT_READABLE, Check.CONTRACT_KNOWN})


@fault("contract-oversized-accepted", "Answers OK to an AuthorizationReq that its decoder gave up on.")
class OversizedAccepted(Fault):
    """Schema certificateType: a certificate has 1600 octets at most."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """What the buffer held was enough."""
        if turn.request is not None or turn.state is not State.AUTHORIZING:
            return reply
        response = m.AuthorizationRes(Header=turn.header, ResponseCode=_CODE.OK, EVSEProcessing=m.Processing.Finished)
        return Reply((response,))


@fault("contract-kills-process", "Dies of a contract certificate that cannot be read.")
class KillsProcess(Fault):
    """AUT-S-3: a truncated certificate took down EvseV2G."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """The parser reads beyond the end."""
        if check is Check.CONTRACT_READABLE and violated:
            self.took_effect("the process died of a certificate")
            raise Died
        return violated


@fault("contract-retry-refused", "Takes no second AuthorizationReq after a contract that was refused.")
class RetryRefused(Fault):
    """[V2G20-2230]."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Takes the second try for an error of order."""
        again = self._refused and check is Check.SEQUENCE and isinstance(turn.request, m.AuthorizationReq)
        return violated or again

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Remembers the refusal."""
        self._refused = any(
            isinstance(one, m.AuthorizationRes)
            and _CODE.WARNING_CertificateExpired <= one.ResponseCode < _CODE.FAILED
            and one.ResponseCode is not _CODE.WARNING_EIMAuthorizationFailure
            for one in reply.messages
        )
        return reply


@fault("pnc-without-challenge-mode", "Offers Plug & Charge and sends no GenChallenge.")
class WithoutChallenge(Answers[m.AuthorizationSetupRes]):
    """[V2G20-2566]: with PnC among the services the response carries its mode."""

    message = m.AuthorizationSetupRes

    def bend(self, turn: Turn, response: m.AuthorizationSetupRes) -> m.AuthorizationSetupRes:
        """The mode of EIM."""
        return replace(response, ASResAuthorizationMode=m.EIM_ASResAuthorizationMode())
