"""Plug & Charge as the car does it: contracts, signed requests, installed certificates (reference 4.5, 7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x448
from cryptography.hazmat.primitives.serialization import Encoding

from v2gready.protocols.iso15118 import chains, contract_keys, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc.memory import Memory
from v2gready.protocols.iso15118.evcc.plan import Contract, Plan, Provisioning
from v2gready.protocols.iso15118.evcc.table import Outcome
from v2gready.protocols.pki import Credential

SIGNED_ID: Final = "id1"
"""Id of the one signed element of a request."""


class UnusableKeyError(ValueError):
    """A credential whose key this profile cannot sign with: our own misuse."""


def signing_key(credential: Credential) -> signature.SigningKey:
    """The key of a credential, for signatures.

    Raises:
        UnusableKeyError: It is neither on an elliptic curve nor Ed448.
    """
    key = credential.private_key
    if isinstance(key, ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey):
        return key
    raise UnusableKeyError(f"{type(key).__name__} signs nothing here")


def candidates(plan: Plan, memory: Memory) -> tuple[Contract, ...]:
    """The contracts that the car may try here, in its own order.

    SupportedProviders names the e-mobility service providers that the station knows; a contract of another one is left
    out. How a ProviderID is spelled is (unconfirmed): the five characters of country and provider count, with or
    without hyphen.
    """
    owned = memory.installed + plan.contracts
    if memory.providers is None:
        return owned
    known = {provider.replace("-", "").upper()[:5] for provider in memory.providers}
    return tuple(one for one in owned if one.provider in known)


def contract_of(plan: Plan, memory: Memory) -> Contract | None:
    """The contract that the next AuthorizationReq shows; None for EIM."""
    if memory.challenge is None or plan.authorization is not m.Authorization.PnC:
        return None
    there = candidates(plan, memory)
    return there[memory.contract] if memory.contract < len(there) else None


def authorization_request(header: m.MessageHeader, contract: Contract, challenge: bytes) -> m.AuthorizationReq:
    """AuthorizationReq with a contract, signed by its key over PnC_AReqAuthorizationMode."""
    leaf, *above = chain_der(contract.credential)
    chain = m.ContractCertificateChain(
        Certificate=leaf, SubCertificates=m.SubCertificates(Certificate=tuple(above) or (leaf,))
    )
    mode = m.PnC_AReqAuthorizationMode(Id=SIGNED_ID, GenChallenge=challenge, ContractCertificateChain=chain)
    request = m.AuthorizationReq(
        Header=header, SelectedAuthorizationService=m.Authorization.PnC, AReqAuthorizationMode=mode
    )
    return signature.sign_message(request, signing_key(contract.credential))


def installation_request(header: m.MessageHeader, provisioning: Provisioning) -> m.CertificateInstallationReq:
    """CertificateInstallationReq, signed by the key of the OEM provisioning certificate."""
    leaf, *above = chain_der(provisioning.oem)
    request = m.CertificateInstallationReq(
        Header=header,
        OEMProvisioningCertificateChain=m.SignedCertificateChain(
            Id=SIGNED_ID,
            Certificate=leaf,
            SubCertificates=m.SubCertificates(Certificate=tuple(above)) if above else None,
        ),
        ListOfRootCertificateIDs=m.ListOfRootCertificateIDs(
            RootCertificateID=tuple(
                m.X509IssuerSerial(X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=root.serial_number)
                for root in provisioning.roots[:20]
            )
        ),
        MaximumContractCertificateChains=provisioning.maximum,
        PrioritizedEMAIDs=m.EMAIDList(EMAID=provisioning.emaids) if provisioning.emaids else None,
    )
    return signature.sign_message(request, signing_key(provisioning.oem))


def metering_request(
    header: m.MessageHeader, memory: Memory, contract: Contract | None, *, scheduled: bool
) -> m.MeteringConfirmationReq:
    """MeteringConfirmationReq with the reading of the last loop response [V2G20-1083].

    Who signs it in -20 is (unconfirmed); here the car does with the key of its contract, as in -2 [V2G2-903], and
    sends it unsigned after EIM.
    """
    reading = memory.meter or m.MeterInfo(MeterID="", ChargedEnergyReadingWh=0)
    mode: m.Scheduled_SMDTControlMode | m.Dynamic_SMDTControlMode = (
        m.Scheduled_SMDTControlMode(SelectedScheduleTupleID=memory.schedule_tuple or 1)
        if scheduled
        else m.Dynamic_SMDTControlMode()
    )
    data = m.SignedMeteringData(
        Id=SIGNED_ID, SessionID=memory.session_id, MeterInfo=reading, Receipt=memory.receipt, SMDTControlMode=mode
    )
    request = m.MeteringConfirmationReq(Header=header, SignedMeteringData=data)
    return request if contract is None else signature.sign_message(request, signing_key(contract.credential))


def chain_der(credential: Credential) -> tuple[bytes, ...]:
    """A certificate and its chain, leaf first."""
    return tuple(one.public_bytes(Encoding.DER) for one in (credential.certificate, *credential.chain))


# Responses


def offered(response: m.AuthorizationSetupRes, plan: Plan, memory: Memory) -> tuple[Outcome, Memory]:
    """What AuthorizationSetupRes means: install certificates, Plug & Charge, EIM, or nothing for this car."""
    mode = response.ASResAuthorizationMode
    pnc = isinstance(mode, m.PnC_ASResAuthorizationMode) and m.Authorization.PnC in response.AuthorizationServices
    listed = mode.SupportedProviders if isinstance(mode, m.PnC_ASResAuthorizationMode) else None
    memory = replace(
        memory,
        eim=m.Authorization.EIM in response.AuthorizationServices,
        challenge=mode.GenChallenge if isinstance(mode, m.PnC_ASResAuthorizationMode) and pnc else None,
        providers=None if listed is None else listed.ProviderID,
    )
    if plan.provisioning is not None and response.CertificateInstallationService:
        return Outcome.INSTALL, memory
    return (Outcome.DONE if _can_authorize(plan, memory) else Outcome.UNSUITABLE), memory


def refused(plan: Plan, memory: Memory) -> tuple[Outcome, Memory]:
    """After a WARNING_* to a contract: the next one, then EIM, then nothing."""
    memory = replace(memory, contract=memory.contract + 1)
    return (Outcome.WARNING if _can_authorize(plan, memory) else Outcome.UNSUITABLE), memory


def _can_authorize(plan: Plan, memory: Memory) -> bool:
    return memory.eim or contract_of(plan, memory) is not None


def installed(response: m.CertificateInstallationRes, plan: Plan, memory: Memory, utc: int) -> tuple[Outcome, Memory]:
    """Takes a contract out of CertificateInstallationRes; what cannot be trusted is not kept.

    Args:
        response: With a code other than FAILED_*.
        plan: What the car wants.
        memory: What it knew before.
        utc: Unix time, for the periods of validity.
    """
    provisioning = plan.provisioning
    if provisioning is None:
        return Outcome.UNSUITABLE, memory
    if response.EVSEProcessing is not m.Processing.Finished:
        return Outcome.ONGOING, memory
    if response.ResponseCode >= m.ResponseCode.WARNING_AuthorizationSelectionInvalid:
        memory = replace(memory, installation=(*memory.installation, response.ResponseCode.name))
        return _after_installation(plan, memory)
    contract = _opened(response, provisioning, utc)
    if isinstance(contract, str):
        memory = replace(memory, installation=(*memory.installation, contract))
        return _after_installation(plan, memory)
    memory = replace(memory, installed=(*memory.installed, contract))
    more = response.RemainingContractCertificateChains > 0 and len(memory.installed) < provisioning.maximum
    return (Outcome.AGAIN, memory) if more else _after_installation(plan, memory)


def _after_installation(plan: Plan, memory: Memory) -> tuple[Outcome, Memory]:
    return (Outcome.DONE if _can_authorize(plan, memory) else Outcome.UNSUITABLE), memory


def _opened(response: m.CertificateInstallationRes, provisioning: Provisioning, utc: int) -> Contract | str:
    """The contract, or in words why there is none."""
    sender = response.CPSCertificateChain
    above = () if sender.SubCertificates is None else sender.SubCertificates.Certificate
    trouble = chains.check((sender.Certificate, *above), provisioning.roots, utc)
    if trouble is not None:
        return f"CPSCertificateChain: {trouble.trouble.value}"
    signer = chains.load(sender.Certificate)
    found = signature.verify_message(response, None if signer is None else signer.public_key())
    if not found.valid:
        return f"signature of SignedInstallationData: {found.findings[0]}"
    data = response.SignedInstallationData
    wrapped = _wrapped(data)
    if wrapped is None:
        return "a contract key in a form that this car cannot open"
    certificates = [
        chains.load(der)
        for der in (
            data.ContractCertificateChain.Certificate,
            *data.ContractCertificateChain.SubCertificates.Certificate,
        )
    ]
    loaded = [one for one in certificates if one is not None]
    if len(loaded) < len(certificates):
        return "a contract certificate that cannot be read"
    own: object = provisioning.oem.private_key
    if wrapped.curve is contract_keys.Curve.X448:
        own = provisioning.agreement
    opened = contract_keys.unwrap(wrapped, own, loaded[0].public_key(), derivation=provisioning.derivation)
    if isinstance(opened, contract_keys.Finding):
        return f"contract key: {opened}"
    if isinstance(opened.key, x448.X448PrivateKey):
        return "an X448 key, which signs nothing"
    return Contract(chains.common_name(loaded[0]), Credential(loaded[0], opened.key, tuple(loaded[1:])))


def _wrapped(data: m.SignedInstallationData) -> contract_keys.Wrapped | None:
    if data.ECDHCurve is m.EcdhCurve.SECP521 and data.SECP521_EncryptedPrivateKey is not None:
        sealed, curve = data.SECP521_EncryptedPrivateKey, contract_keys.Curve.SECP521
    elif data.ECDHCurve is m.EcdhCurve.X448 and data.X448_EncryptedPrivateKey is not None:
        sealed, curve = data.X448_EncryptedPrivateKey, contract_keys.Curve.X448
    else:
        return None
    return contract_keys.Wrapped(curve, data.DHPublicKey, sealed)


# Prices


def trusted_prices(response: m.ScheduleExchangeRes, plan: Plan, memory: Memory) -> bool | None:
    """Whether the price schedules of a response may be used; None if none of them is signed.

    Who signs a price schedule in -20 is (unconfirmed). The keys of `Plan.price_signers` are tried, and the one of the
    sub-CA above the contract, which signs the SalesTariff of -2.
    """
    signed = response.Header.Signature
    elements = signature.signed_elements(response)
    if signed is None or not elements:
        return None
    return any(
        signature.verify(signed, elements, one.public_key(), lenient=True).valid for one in _price_signers(plan, memory)
    )


def _price_signers(plan: Plan, memory: Memory) -> Sequence[x509.Certificate]:
    contract = contract_of(plan, memory)
    return (*plan.price_signers, *(() if contract is None else contract.credential.chain[:1]))


def without_prices(response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
    """The response as the car reads it once it has discarded its price schedules."""
    mode = response.SEResControlMode
    if isinstance(mode, m.Dynamic_SEResControlMode):
        return replace(response, SEResControlMode=replace(mode, PriceSchedule=None))
    tuples = tuple(
        replace(
            one,
            ChargingSchedule=replace(one.ChargingSchedule, PriceSchedule=None),
            DischargingSchedule=None
            if one.DischargingSchedule is None
            else replace(one.DischargingSchedule, PriceSchedule=None),
        )
        for one in mode.ScheduleTuple
    )
    return replace(response, SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=tuples))
