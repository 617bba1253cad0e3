"""Faults of Plug & Charge, certificate installation and signed metering (reference 4.5, 7.4; AUT-E-*, MTR-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from v2gready.protocols.iso15118 import chains, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract, Phase, contracts
from v2gready.protocols.pki import Credential
from v2gready.references.ev.faults.kinds import Asks, Chooses, Overlooks, with_header
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.turn import Check, Choice, Turn

_FOREIGN = bytes(range(16))


@fault("pnc-not-used", "Uses EIM although Plug & Charge is offered and it has a contract.")
class NotUsed(Chooses):
    """AUT-E-1: what its driver wants."""

    choice = Choice.AUTHORIZATION

    def instead(self, turn: Turn, value: Any) -> Any:
        """A menu that nobody finds."""
        return m.Authorization.EIM


class _Authorizes(Asks[m.AuthorizationReq]):
    """Authorizes wrongly by contract."""

    message = m.AuthorizationReq

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """The wrong request."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: m.AuthorizationReq) -> Any:
        """EIM is as it should be."""
        contract = contracts.contract_of(turn.plan, turn.memory)
        return request if contract is None else self.contract(turn, request, contract)


@fault("pnc-unsigned", "Sends AuthorizationReq with a contract and no signature.")
class Unsigned(_Authorizes):
    """AUT-E-4."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """Optional in the schema."""
        return with_header(request, Signature=None)


@fault("pnc-signature-broken", "Sends AuthorizationReq with a signature that does not verify.")
class SignatureBroken(_Authorizes):
    """AUT-E-4: AUT-S-3 from the other side."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """One bit."""
        return _broken(request)


def _broken(request: Any) -> Any:
    signature = request.Header.Signature
    if signature is None:
        return request
    octets = signature.SignatureValue.value
    value = replace(signature.SignatureValue, value=octets[:-1] + bytes([octets[-1] ^ 1]))
    return with_header(request, Signature=replace(signature, SignatureValue=value))


@fault("pnc-digest-wrong", "Signs another challenge than the one it sends.")
class DigestWrong(_Authorizes):
    """AUT-E-4: reference digest."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """Signed first, filled in then."""
        other = contracts.authorization_request(request.Header, contract, _FOREIGN)
        return with_header(request, Signature=other.Header.Signature)


@fault("pnc-challenge-not-echoed", "Sends and signs a challenge that is not the one of the EVSE.")
class ChallengeNotEchoed(_Authorizes):
    """AUT-S-3 from the other side."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """The one of the last session."""
        unsigned = replace(request.Header, Signature=None)
        return contracts.authorization_request(unsigned, contract, _FOREIGN)


@fault("pnc-chain-without-authorities", "Sends its contract certificate without the authorities above it.")
class ChainWithoutAuthorities(_Authorizes):
    """Reference 3.2: SubCertificates."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """The leaf alone, signed by its key."""
        bare = replace(contract, credential=replace(contract.credential, chain=()))
        unsigned = replace(request.Header, Signature=None)
        challenge = turn.memory.challenge or _FOREIGN
        return contracts.authorization_request(unsigned, bare, challenge)


@fault("pnc-gives-up", "Ends the session when its contract is refused, although EIM is offered.")
class GivesUp(Chooses):
    """[V2G20-2230]: may retry, by any way that is offered."""

    choice = Choice.RETRY

    def instead(self, turn: Turn, value: Any) -> Any:
        """No second way."""
        return False if turn.plan.authorization is m.Authorization.PnC else value


@fault("certificate-installation-unsigned", "Sends CertificateInstallationReq without a signature.")
class InstallationUnsigned(Asks[m.CertificateInstallationReq]):
    """Reference 4.5: signature over OEMProvisioningCertificateChain."""

    message = m.CertificateInstallationReq

    def bend(self, turn: Turn, request: m.CertificateInstallationReq) -> Any:
        """Optional in the schema."""
        return with_header(request, Signature=None)


@fault("certificate-installation-signature-broken", "Sends CertificateInstallationReq with a wrong signature.")
class InstallationBroken(Asks[m.CertificateInstallationReq]):
    """Reference 4.5."""

    message = m.CertificateInstallationReq

    def bend(self, turn: Turn, request: m.CertificateInstallationReq) -> Any:
        """One bit."""
        return _broken(request)


@fault("certificate-installation-with-contract", "Asks for a contract with a contract certificate of its own.")
class InstallationWithContract(Asks[m.CertificateInstallationReq]):
    """Reference 7.3: OEM provisioning certificate."""

    message = m.CertificateInstallationReq

    def bend(self, turn: Turn, request: m.CertificateInstallationReq) -> Any:
        """As CertificateUpdate of ISO 15118-2."""
        provisioning = turn.car.provisioning
        if provisioning is None or not turn.car.contracts:
            return request
        unsigned = replace(request.Header, Signature=None)
        own = replace(provisioning, oem=turn.car.contracts[0].credential)
        return contracts.installation_request(unsigned, own)


@fault("metering-unsigned", "Confirms a meter reading without a signature after Plug & Charge.")
class MeteringUnsigned(Asks[m.MeteringConfirmationReq]):
    """MTR-E-1; who signs is (unconfirmed)."""

    message = m.MeteringConfirmationReq

    def bend(self, turn: Turn, request: m.MeteringConfirmationReq) -> Any:
        """As after EIM."""
        return with_header(request, Signature=None)


class _Signs(_Authorizes):
    """Signs in another form; the signature over that holds."""

    def reference(self, reference: m.Reference) -> m.Reference:
        """The other form."""
        raise NotImplementedError

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """Signed again."""
        if request.Header.Signature is None:
            return request

        def alter(info: m.SignedInfo) -> m.SignedInfo:
            return replace(info, Reference=tuple(self.reference(one) for one in info.Reference))

        unsigned = replace(request, Header=replace(request.Header, Signature=None))
        return signature.sign_message(unsigned, contracts.signing_key(contract.credential), alter=alter)


@fault("pnc-two-transforms", "Signs with two Transforms in its Reference.")
class TwoTransforms(_Signs):
    """AUT-E-4."""

    def reference(self, reference: m.Reference) -> m.Reference:
        """The same twice."""
        transform = m.Transform(Algorithm=signature.CANONICAL_EXI)
        return replace(reference, Transforms=m.Transforms(Transform=(transform, transform)))


@fault("pnc-no-transforms", "Signs with a Reference without Transforms.")
class NoTransforms(_Signs):
    """AUT-E-4: optional in the schema, and refused by Josev."""

    def reference(self, reference: m.Reference) -> m.Reference:
        """Left out."""
        return replace(reference, Transforms=None)


@fault("pnc-digest-sha256", "Digests what it signs with SHA-256.")
class DigestSha256(_Authorizes):
    """AUT-E-4: as ISO 15118-2 does."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """The digest and its name."""
        elements = signature.signed_elements(request)

        def alter(info: m.SignedInfo) -> m.SignedInfo:
            method = m.DigestMethod(Algorithm=signature.SHA256)
            value = signature.digest(elements[0], signature.SHA256)
            return replace(
                info, Reference=tuple(replace(one, DigestMethod=method, DigestValue=value) for one in info.Reference)
            )

        unsigned = replace(request, Header=replace(request.Header, Signature=None))
        return signature.sign_message(unsigned, contracts.signing_key(contract.credential), alter=alter)


@fault("pnc-signature-der", "Sends the signature in ASN.1, as its library makes it.")
class SignatureDer(_Authorizes):
    """AUT-E-4: r || s is due."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """R and s as a SEQUENCE."""
        signed = request.Header.Signature
        if signed is None:
            return request
        octets = signed.SignatureValue.value
        half = len(octets) // 2
        encoded = encode_dss_signature(int.from_bytes(octets[:half], "big"), int.from_bytes(octets[half:], "big"))
        value = replace(signed.SignatureValue, value=encoded)
        return with_header(request, Signature=replace(signed, SignatureValue=value))


@fault("pnc-reference-elsewhere", "Signs with a Reference that names another Id than that of its body.")
class ReferenceElsewhere(_Signs):
    """AUT-E-4."""

    def reference(self, reference: m.Reference) -> m.Reference:
        """Copied from an example."""
        return replace(reference, URI="#ID1")


@fault("pnc-repetition-unsigned", "Signs its AuthorizationReq the first time alone.")
class RepetitionUnsigned(_Authorizes):
    """AUT-E-4: each request stands for itself."""

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """Saves time."""
        self._sent += 1
        return request if self._sent == 1 else with_header(request, Signature=None)


@fault("pnc-second-by-first-key", "Signs for its second contract with the key of the first.")
class SecondByFirstKey(_Authorizes):
    """AUT-E-4: keys in a list, and the wrong index."""

    def contract(self, turn: Turn, request: m.AuthorizationReq, contract: Contract) -> Any:
        """The key of the first."""
        first = turn.plan.contracts[0]
        if contract == first:
            return request
        unsigned = replace(request, Header=replace(request.Header, Signature=None))
        return signature.sign_message(unsigned, contracts.signing_key(first.credential))


def _delivered(turn: Turn) -> Contract | None:
    """The contract in CertificateInstallationRes as one takes it who looks at nothing, with a key of the car."""
    response = turn.response
    if not isinstance(response, m.CertificateInstallationRes) or response.EVSEProcessing is not m.Processing.Finished:
        return None
    chain = response.SignedInstallationData.ContractCertificateChain
    loaded = [chains.load(der) for der in (chain.Certificate, *chain.SubCertificates.Certificate)]
    certificates = tuple(one for one in loaded if one is not None)
    if len(certificates) < len(loaded) or not turn.car.contracts:
        return None
    key = turn.car.contracts[0].credential.private_key
    return Contract(chains.common_name(certificates[0]), Credential(certificates[0], key, certificates[1:]))


@fault("certificate-installation-unchecked", "Takes whatever contract is delivered, without a look at its signature.")
class InstallationUnchecked(Chooses):
    """Reference 7.4: SignedInstallationData."""

    choice = Choice.INSTALLED

    def instead(self, turn: Turn, value: Any) -> Any:
        """One more."""
        found = _delivered(turn)
        known = found is None or any(one.emaid == found.emaid for one in value)
        return value if known else (*value, found)


@fault(
    "certificate-installation-chain-unchecked", "Takes contracts of every provisioning service whose signature holds."
)
class InstallationChainUnchecked(InstallationUnchecked):
    """Reference 7.4: a signature proves nothing of somebody whom nobody knows."""

    def instead(self, turn: Turn, value: Any) -> Any:
        """One more, if it is signed."""
        response = turn.response
        if not isinstance(response, m.CertificateInstallationRes):
            return value
        signer = chains.load(response.CPSCertificateChain.Certificate)
        good = signer is not None and signature.verify_message(response, signer.public_key()).valid
        return super().instead(turn, value) if good else value


@fault("certificate-installation-wrong-key", "Keeps an installed contract with the key of another one.")
class InstallationWrongKey(Chooses):
    """[V2G2-823] has the car check that key and certificate belong together."""

    choice = Choice.INSTALLED

    def instead(self, turn: Turn, value: Any) -> Any:
        """The key that lies on top."""
        if not value or not turn.car.contracts:
            return value
        key = turn.car.contracts[0].credential.private_key
        return tuple(replace(one, credential=replace(one.credential, private_key=key)) for one in value)


@fault("certificate-installation-not-awaited", "Goes on to Authorization while the installation is going on.")
class InstallationNotAwaited(Overlooks):
    """Reference 4.2."""

    overlooked = frozenset({Check.ONGOING})
    phases = frozenset({Phase.CERTIFICATE_INSTALLATION})


@fault("certificate-installation-repeated-unsigned", "Signs its CertificateInstallationReq the first time alone.")
class InstallationRepeatedUnsigned(Asks[m.CertificateInstallationReq]):
    """Each request stands for itself."""

    message = m.CertificateInstallationReq

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0

    def bend(self, turn: Turn, request: m.CertificateInstallationReq) -> Any:
        """Saves time."""
        self._sent += 1
        return request if self._sent == 1 else with_header(request, Signature=None)


class _InsteadOfAuthorization(Asks[m.AuthorizationReq]):
    """Sends something else where AuthorizationReq is due."""

    message = m.AuthorizationReq


class _AsksForContracts(_InsteadOfAuthorization):
    """Sends CertificateInstallationReq where AuthorizationReq is due."""

    def bend(self, turn: Turn, request: m.AuthorizationReq) -> Any:
        """Perhaps it works all the same."""
        if turn.car.provisioning is None:
            return request
        return contracts.installation_request(replace(request.Header, Signature=None), turn.car.provisioning)


@fault("certificate-installation-unasked", "Asks for contracts where CertificateInstallationService is not offered.")
class InstallationUnasked(_AsksForContracts):
    """Reference 4.2: if offered."""


@fault("certificate-installation-without-end", "Asks for another contract although none remains.")
class InstallationWithoutEnd(_AsksForContracts):
    """RemainingContractCertificateChains."""


@fault("certificate-installation-skips-authorization", "Goes to the services behind CertificateInstallation.")
class InstallationSkipsAuthorization(_InsteadOfAuthorization):
    """Reference 4.2."""

    def bend(self, turn: Turn, request: m.AuthorizationReq) -> Any:
        """A certificate is as good as a permission."""
        return m.ServiceDiscoveryReq(Header=replace(request.Header, Signature=None))
