"""Plug & Charge: AuthorizationReq with a contract, and signed readings (reference 4.5, 7.4)."""

from __future__ import annotations

from typing import Final

from v2gready.protocols.iso15118 import chains, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.chains import Trouble
from v2gready.protocols.iso15118.secc.backend import code_of
from v2gready.protocols.iso15118.secc.turn import Check, Turn
from v2gready.protocols.iso15118.signature import Flaw

EXPIRES_SOON: Final = 14 * 24 * 3600
"""Seconds: OK alone for a contract that is good for more than 14 days [V2G20-1979]."""

_DIGEST: Final = {Flaw.DIGEST, Flaw.DIGEST_METHOD}
_VALUE: Final = {Flaw.VALUE, Flaw.VALUE_LENGTH, Flaw.KEY}
_CHECKS: Final = {
    Trouble.EXPIRED: Check.CONTRACT_EXPIRED,
    Trouble.NOT_YET_VALID: Check.CONTRACT_NOT_YET_VALID,
    Trouble.REVOKED: Check.CONTRACT_REVOKED,
    Trouble.UNREADABLE: Check.CONTRACT_READABLE,
    Trouble.UNTRUSTED: Check.CONTRACT_TRUSTED,
    Trouble.SIGNATURE: Check.CONTRACT_SIGNED,
    Trouble.ORDER: Check.CONTRACT_ORDER,
    Trouble.AUTHORITY: Check.CONTRACT_AUTHORITY,
    Trouble.USAGE: Check.CONTRACT_USAGE,
    Trouble.KEY: Check.CONTRACT_KEY,
    Trouble.EXTENSION: Check.CONTRACT_USAGE,
}


def challenge(turn: Turn) -> bytes:
    """GenChallenge of this session: 128 bits of the random source [V2G20-697], [V2G20-698]."""
    turn.session.challenge = turn.station.new_challenge()
    return turn.session.challenge


def contract_code(turn: Turn, mode: m.PnC_AReqAuthorizationMode) -> m.ResponseCode:
    """The code for an AuthorizationReq with a contract: challenge, signature, chain, in this order.

    Raises:
        Refusal: The signature does not hold, which is FAILED_SignatureError.
    """
    if turn.violates(Check.CHALLENGE, mode.GenChallenge != turn.session.challenge):
        return m.ResponseCode.WARNING_ChallengeInvalid
    chain = mode.ContractCertificateChain
    certificates = (chain.Certificate, *chain.SubCertificates.Certificate)
    leaf = chains.load(chain.Certificate)
    if leaf is None:
        if turn.violates(Check.CONTRACT_READABLE, True):
            return m.ResponseCode.WARNING_CertificateValidationError
    else:
        _check_signature(turn, leaf.public_key())
    trouble = turn.station.backend.contract_trouble(certificates, turn.utc)
    if trouble is not None and turn.violates(_CHECKS[trouble], True):
        return code_of(trouble)
    emaid = "" if leaf is None else chains.common_name(leaf)
    if turn.violates(Check.CONTRACT_KNOWN, not turn.station.backend.knows(emaid)):
        return m.ResponseCode.WARNING_GeneralPnCAuthorizationError
    turn.session.contract = chain.Certificate
    left = min(chains.expires_at(one) for one in certificates) - turn.utc
    if turn.violates(Check.CONTRACT_EXPIRES_SOON, left <= EXPIRES_SOON):
        return m.ResponseCode.OK_CertificateExpiresSoon
    return m.ResponseCode.OK


def _check_signature(turn: Turn, key: object) -> None:
    found = signature.verify_message(turn.request, key, lenient=turn.config.lenient_signatures)
    code = m.ResponseCode.FAILED_SignatureError
    turn.refuse_if(Check.SIGNATURE_PRESENT, Flaw.ABSENT in found.flaws, code)
    turn.refuse_if(Check.SIGNATURE_DIGEST, bool(found.flaws & _DIGEST), code)
    turn.refuse_if(Check.SIGNATURE_VALUE, bool(found.flaws & _VALUE), code)
    turn.refuse_if(Check.SIGNATURE_FORM, bool(found.flaws - _DIGEST - _VALUE - {Flaw.ABSENT}), code)


def check_reading(turn: Turn) -> None:
    """Whether MeteringConfirmationReq is signed by the contract of the session, where that is wanted.

    Who signs it in -20 is (unconfirmed). After EIM there is no key to check it with.

    Raises:
        Refusal: It is not, which is FAILED_MeteringSignatureNotValid.
    """
    certificate = chains.load(turn.session.contract) if turn.session.contract else None
    if not turn.config.metering_signed or certificate is None:
        return
    found = signature.verify_message(turn.request, certificate.public_key(), lenient=turn.config.lenient_signatures)
    turn.refuse_if(Check.METERING_SIGNATURE, not found.valid, m.ResponseCode.FAILED_MeteringSignatureNotValid)
