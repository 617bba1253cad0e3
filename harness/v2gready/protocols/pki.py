"""A small test PKI with the certificate roles of ISO 15118-20 (Annex B), made on the spot and worth nothing outside.

Profiles follow reference table 7.3: basic constraints and key usage critical, SECC leaf with serverAuth, vehicle leaf
with the EVCCID as its common name [V2G20-2598] and clientAuth. Keys are secp521r1 with ECDSA-SHA512 [V2G20-2674];
P-256 with SHA-256 is there for rigs that can do no more.

`not_before` is an argument: a protocol core has no clock. Whoever uses the credentials with TLS passes the machine's
time, also in a run on virtual time, because OpenSSL looks at no other clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

SECCID = "DEV2GSREADYTESTCHARGER00000000000000001"
"""Country, operator, "S", controller: 39 characters, the shortest form."""
EVCCID = "WMIV1234567890ABCDEX"
OTHER_EVCCID = "WMIV1234567890ABCDEY"
EMAID = "DEV2GC00000001A"


class Curve(Enum):
    """Key type of a whole PKI."""

    P521 = "secp521r1"
    """The curve of ISO 15118-20, with ECDSA-SHA512."""
    P256 = "secp256r1"
    """The curve of ISO 15118-2, with ECDSA-SHA256; some -20 rigs know no other."""

    def generate(self) -> ec.EllipticCurvePrivateKey:
        """Make a key."""
        return ec.generate_private_key(ec.SECP521R1() if self is Curve.P521 else ec.SECP256R1())

    @property
    def digest(self) -> hashes.SHA512 | hashes.SHA256:
        """The hash that belongs to it."""
        return hashes.SHA512() if self is Curve.P521 else hashes.SHA256()


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate, its key and its way up to the root. Never shows the key."""

    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()
    """Sub-CA certificates from the issuer upwards, without the root."""

    def certificates_pem(self) -> bytes:
        """Return the certificate and its chain, leaf first, as TLS wants them."""
        return pem(self.certificate, *self.chain)

    def private_key_pem(self, password: bytes | None = None) -> bytes:
        """Return the key as PKCS #8, encrypted if there is a password.

        The result is a secret: it belongs into a private file and nowhere else.
        """
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            encryption = serialization.BestAvailableEncryption(password)
        return self.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

    def certificate_der(self) -> bytes:
        """Return the certificate itself."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates as one PEM text."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


@dataclass(frozen=True, slots=True)
class _Profile:
    """What a certificate of one role looks like."""

    subject: x509.Name
    days: int
    usage: x509.KeyUsage
    path_length: int | None = None
    authority: bool = False
    purpose: x509.ObjectIdentifier | None = None
    ocsp: bool = False


def _name(common_name: str, *, organization: str = "V2G-ready test", component: str | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
    ]
    if component is not None:
        attributes.append(x509.NameAttribute(NameOID.DOMAIN_COMPONENT, component))
    return x509.Name(attributes)


def _usage(*, authority: bool = False, agreement: bool = False, contract: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=contract,
        key_encipherment=contract,
        data_encipherment=False,
        key_agreement=agreement,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _root(common_name: str, component: str) -> _Profile:
    return _Profile(_name(common_name, component=component), 3650, _usage(authority=True), authority=True)


def _sub(common_name: str, component: str, *, path_length: int, days: int) -> _Profile:
    subject = _name(common_name, component=component)
    return _Profile(subject, days, _usage(authority=True), path_length=path_length, authority=True, ocsp=True)


def _vehicle_leaf(evccid: str) -> _Profile:
    # Common name and organization only, no further RDN [V2G20-2598].
    subject = _name(evccid, organization="OEM")
    return _Profile(subject, 1460, _usage(agreement=True), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)


def _secc_leaf(seccid: str) -> _Profile:
    subject = _name(seccid, component="CPO")
    return _Profile(subject, 60, _usage(agreement=True), purpose=ExtendedKeyUsageOID.SERVER_AUTH, ocsp=True)


def _contract_leaf(emaid: str) -> _Profile:
    return _Profile(_name(emaid, component="MO"), 730, _usage(agreement=True, contract=True))


class TestPki:
    """All credentials that a session needs, under a V2G root of its own, and those that must be refused.

    Args:
        not_before: start of validity of every certificate that is meant to be valid.
        curve: key type of all of them.
        seccid: identity of the charger.
        evccid: identity of the car.
        vehicle_under_oem: put the vehicle chain under an OEM root instead of the V2G root; both are allowed
            [V2G20-2331].
    """

    __test__ = False  # the name is the domain's word, not pytest's

    def __init__(
        self,
        not_before: datetime,
        *,
        curve: Curve = Curve.P521,
        seccid: str = SECCID,
        evccid: str = EVCCID,
        vehicle_under_oem: bool = False,
    ) -> None:
        self._curve = curve
        self._evccid = evccid
        self._not_before = not_before
        self.v2g_root = self._issue(_root("V2GRootCA", "V2G"), None)
        self.oem_root = self._issue(_root("OEMRootCA", "OEM"), None)
        cpo = self._pair(self.v2g_root, "CPOSubCA", "V2G", days=(1460, 365))
        self._vehicle_issuer = self._vehicle_authority(self.oem_root if vehicle_under_oem else self.v2g_root)
        self.secc = self._issue(_secc_leaf(seccid), cpo)
        self.vehicle = self._issue(_vehicle_leaf(evccid), self._vehicle_issuer)

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        """Trust anchors for either side: the V2G and the OEM root."""
        return (self.v2g_root.certificate, self.oem_root.certificate)

    def other_vehicle(self, evccid: str = OTHER_EVCCID) -> Credential:
        """A valid credential of another car under the same authority."""
        return self._issue(_vehicle_leaf(evccid), self._vehicle_issuer)

    def oem_vehicle(self) -> Credential:
        """A vehicle credential under the OEM root [V2G20-2331]."""
        return self._issue(_vehicle_leaf(self._evccid), self._vehicle_authority(self.oem_root))

    def expired_vehicle(self) -> Credential:
        """A vehicle credential whose leaf ended the second before `not_before`."""
        begin = self._not_before - timedelta(days=1460, seconds=1)
        return self._issue(_vehicle_leaf(self._evccid), self._vehicle_issuer, not_before=begin)

    def future_vehicle(self) -> Credential:
        """A vehicle credential whose leaf begins a year after `not_before`."""
        begin = self._not_before + timedelta(days=365)
        return self._issue(_vehicle_leaf(self._evccid), self._vehicle_issuer, not_before=begin)

    def foreign_vehicle(self) -> Credential:
        """A vehicle credential under a root that nobody trusts, though it bears the name of the trusted one."""
        root = self._issue(_root("V2GRootCA", "V2G"), None)
        return self._issue(_vehicle_leaf(self._evccid), self._vehicle_authority(root))

    def contract_like(self, emaid: str = EMAID) -> Credential:
        """A contract credential under a trusted root, which has no business in TLS [V2G20-2339]."""
        return self._issue(_contract_leaf(emaid), self._pair(self.v2g_root, "MOSubCA", "MO", days=(1460, 1460)))

    def _vehicle_authority(self, root: Credential) -> Credential:
        return self._pair(root, "VehicleSubCA", "OEM", days=(1460, 1460))

    def _pair(self, root: Credential, name: str, component: str, *, days: tuple[int, int]) -> Credential:
        """Issue two sub-CAs, one below the other, and return the lower one."""
        upper = self._issue(_sub(f"{name}1", component, path_length=1, days=days[0]), root)
        return self._issue(_sub(f"{name}2", component, path_length=0, days=days[1]), upper)

    def _issue(self, profile: _Profile, issuer: Credential | None, *, not_before: datetime | None = None) -> Credential:
        """Make a key and its certificate; without an issuer it signs itself."""
        key = self._curve.generate()
        begin = not_before or self._not_before
        # RFC 5280 counts both ends in, hence the second less: 60 days are 60 days.
        end = begin + timedelta(days=profile.days) - timedelta(seconds=1)
        signer = key if issuer is None else issuer.private_key
        builder = (
            x509.CertificateBuilder()
            .subject_name(profile.subject)
            .issuer_name(profile.subject if issuer is None else issuer.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
        for extension, critical in _extensions(profile, key.public_key(), signer.public_key()):
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(signer, self._curve.digest)
        above: tuple[x509.Certificate, ...] = ()
        if issuer is not None and issuer.certificate.subject != issuer.certificate.issuer:
            above = (issuer.certificate, *issuer.chain)
        return Credential(certificate, key, above)


def _extensions(profile: _Profile, subject: PublicKey, signer: PublicKey) -> Sequence[tuple[x509.ExtensionType, bool]]:
    """Return the extensions of a certificate and whether each is critical."""
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=profile.authority, path_length=profile.path_length), True),
        (profile.usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(subject), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False),
    ]
    if profile.purpose is not None:
        found.append((x509.ExtendedKeyUsage([profile.purpose]), False))
    if profile.ocsp:
        # .invalid never resolves (RFC 2606): the field has to be there, a responder does not.
        where = x509.UniformResourceIdentifier("http://ocsp.v2gready.invalid/")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
        found.append((x509.AuthorityInformationAccess([access]), False))
    return found
