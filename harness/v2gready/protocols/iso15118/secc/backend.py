"""What the charger's back end knows: which contracts are good, and which are to be installed (reference 4.5).

The core asks through the protocol `Backend`; `LocalBackend` answers from what it was given. A charger without Plug &
Charge has `NO_BACKEND`, which knows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding

from v2gready.protocols.iso15118 import chains, contract_keys, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.chains import Trouble
from v2gready.protocols.pki import Credential

_CODE: Final = m.ResponseCode
CODES: Final[Mapping[Trouble, m.ResponseCode]] = {
    Trouble.EXPIRED: _CODE.WARNING_CertificateExpired,
    Trouble.NOT_YET_VALID: _CODE.WARNING_CertificateNotYetValid,
    Trouble.REVOKED: _CODE.WARNING_CertificateRevoked,
}
"""Code of AuthorizationRes for what is wrong with a chain; everything else is a CertificateValidationError."""


def code_of(trouble: Trouble) -> m.ResponseCode:
    """The code of AuthorizationRes."""
    return CODES.get(trouble, _CODE.WARNING_CertificateValidationError)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A contract on its way into a car: everything of CertificateInstallationRes but the header.

    Attributes:
        cps: CPSCertificateChain.
        data: SignedInstallationData.
        signature: Over the data, by the key of the CPS.
        remaining: RemainingContractCertificateChains.
    """

    cps: m.CertificateChain
    data: m.SignedInstallationData
    signature: m.Signature
    remaining: int


class Backend(Protocol):
    """The back end of a charger with Plug & Charge."""

    def contract_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:
        """What is wrong with a contract chain (DER, leaf first); None for a good one."""

    def knows(self, emaid: str) -> bool:
        """Whether the provider of that contract lets it charge here."""

    def provisioning_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:
        """What is wrong with an OEM provisioning chain."""

    def contracts(self, pcid: str) -> Sequence[Credential] | None:
        """Contracts for a car, in the order of their installation; None if the provisioning service does not answer."""

    def provider_known(self, emaid: str) -> bool:
        """Whether the e-mobility service provider of a prioritized EMAID is known."""

    def parcel(self, contract: Credential, recipient: object, remaining: int, random: contract_keys.Random) -> Parcel:
        """Packs a contract for a car.

        Raises:
            ValueError: The car's key is no key that a contract can be sent to.
        """

    def price_key(self) -> signature.SigningKey | None:
        """Who signs price schedules; None for nobody."""


class _NoBackend:
    """A charger that knows no contract at all."""

    def contract_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:  # noqa: ARG002 - the protocol
        """Nothing is trusted."""
        return Trouble.UNTRUSTED

    def knows(self, emaid: str) -> bool:  # noqa: ARG002 - the protocol
        """Nobody."""
        return False

    def provisioning_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:  # noqa: ARG002 - the protocol
        """Nothing is trusted."""
        return Trouble.UNTRUSTED

    def contracts(self, pcid: str) -> Sequence[Credential] | None:  # noqa: ARG002 - the protocol
        """There is no provisioning service."""
        return None

    def provider_known(self, emaid: str) -> bool:  # noqa: ARG002 - the protocol
        """None is."""
        return False

    def parcel(self, contract: Credential, recipient: object, remaining: int, random: contract_keys.Random) -> Parcel:
        """Never asked for, as there are no contracts."""
        raise ValueError(f"no parcel of {contract!r} for {recipient!r}: {remaining}, {random}")

    def price_key(self) -> signature.SigningKey | None:
        """Nobody."""
        return None


NO_BACKEND: Final[Backend] = _NoBackend()


@dataclass(frozen=True, slots=True)
class LocalBackend:
    """A back end that answers from data. Never shows a key.

    Attributes:
        contract_roots: Trust anchors for contract chains: MO and V2G roots.
        provisioning_roots: Trust anchors for OEM provisioning chains: OEM roots.
        revoked: Serial numbers of revoked certificates.
        blocked: EMAIDs whose provider refuses them although the certificate is good.
        installable: Contracts to be installed, by PCID.
        cps: The provisioning service, which signs what is installed.
        providers: The first five characters of EMAIDs that are known; None for all.
        answers: False: the provisioning service does not answer in time [V2G20-2207].
        prices: Signs price schedules.
        derivation: How contract keys are encrypted, as far as that is (unconfirmed).
        lenient: Take keys on secp256r1 as well: for rigs that can do no more.
    """

    contract_roots: tuple[x509.Certificate, ...]
    provisioning_roots: tuple[x509.Certificate, ...] = ()
    revoked: frozenset[int] = frozenset()
    blocked: frozenset[str] = frozenset()
    installable: Mapping[str, tuple[Credential, ...]] = field(default_factory=dict)
    cps: Credential | None = None
    providers: frozenset[str] | None = None
    answers: bool = True
    prices: Credential | None = None
    derivation: contract_keys.Derivation = contract_keys.OCC_W
    lenient: bool = False

    def contract_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:
        """See `Backend.contract_trouble`."""
        return self._trouble(chain, self.contract_roots, utc)

    def knows(self, emaid: str) -> bool:
        """See `Backend.knows`."""
        # An EMAID is letters and digits, perhaps with hyphens; to another name no provider sends a bill.
        return emaid.replace("-", "").isalnum() and emaid not in self.blocked

    def provisioning_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:
        """See `Backend.provisioning_trouble`."""
        return self._trouble(chain, self.provisioning_roots, utc)

    def contracts(self, pcid: str) -> Sequence[Credential] | None:
        """See `Backend.contracts`."""
        return self.installable.get(pcid, ()) if self.answers and self.cps is not None else None

    def provider_known(self, emaid: str) -> bool:
        """See `Backend.provider_known`."""
        return self.providers is None or emaid.replace("-", "").upper()[:5] in self.providers

    def parcel(self, contract: Credential, recipient: object, remaining: int, random: contract_keys.Random) -> Parcel:
        """See `Backend.parcel`."""
        if self.cps is None or not isinstance(contract.private_key, ec.EllipticCurvePrivateKey):
            raise ValueError("no such contract can be sent")
        wrapped = contract_keys.wrap(contract.private_key, recipient, random, derivation=self.derivation)
        leaf, *above = _der(contract)
        data = m.SignedInstallationData(
            Id="id1",
            ContractCertificateChain=m.ContractCertificateChain(
                Certificate=leaf, SubCertificates=m.SubCertificates(Certificate=tuple(above))
            ),
            ECDHCurve=m.EcdhCurve.SECP521,
            DHPublicKey=wrapped.dh_public_key,
            SECP521_EncryptedPrivateKey=wrapped.encrypted,
        )
        signed = signature.sign([signature.Element("SignedInstallationData", data)], _key(self.cps))
        own, *chain = _der(self.cps)
        sender = m.CertificateChain(
            Certificate=own, SubCertificates=m.SubCertificates(Certificate=tuple(chain)) if chain else None
        )
        return Parcel(sender, data, signed, remaining)

    def price_key(self) -> signature.SigningKey | None:
        """See `Backend.price_key`."""
        return None if self.prices is None else _key(self.prices)

    def _trouble(self, chain: Sequence[bytes], roots: Sequence[x509.Certificate], utc: int) -> Trouble | None:
        found = chains.check(chain, roots, utc, revoked=self.revoked, lenient=self.lenient)
        return None if found is None else found.trouble


def _key(credential: Credential) -> signature.SigningKey:
    key: Any = credential.private_key
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey):
        raise ValueError(f"{type(key).__name__} signs nothing here")  # noqa: TRY004 - a wrong value like any other
    return key


def _der(credential: Credential) -> tuple[bytes, ...]:
    return tuple(one.public_bytes(Encoding.DER) for one in (credential.certificate, *credential.chain))
