"""Issues one certificate: by its profile, or as somebody bent it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from v2gready.protocols.pki.credential import Credential
from v2gready.protocols.pki.keys import Digest, PrivateKey, PublicKey, digest_of
from v2gready.protocols.pki.profiles import Point, Profile, Profiles

ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
}
PURPOSES = {"serverAuth": ExtendedKeyUsageOID.SERVER_AUTH, "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH}
USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
"""The standard's names of the bits, in their order, and those of `cryptography`."""
_SECOND = timedelta(seconds=1)

Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where revocation can be asked for; written into certificates.

    Attributes:
        ocsp: URL of the OCSP responder. ``.invalid`` never resolves (RFC 2606): the field has to be there, a responder
            does not.
        crl: URL of the CRL; empty leaves the extension out.
    """

    ocsp: str = "http://ocsp.v2gready.invalid/"
    crl: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate before it is signed. Key identifiers come with the signature.

    Attributes:
        subject: Its name.
        begin: First second of validity.
        end: Last second of validity.
        extensions: Those that do not depend on keys, and whether each is critical.
        subject_key_id: Write the identifier of its key.
        authority_key_id: Write that of the issuer's key.
        digest: Hash of the signature; None takes the one that belongs to the issuer's key.
    """

    subject: x509.Name
    begin: datetime
    end: datetime
    extensions: Extensions
    subject_key_id: bool = True
    authority_key_id: bool = True
    digest: Digest | None = field(default=None)

    def without(self, kind: type[x509.ExtensionType]) -> Draft:
        """The same without one kind of extension."""
        return replace(self, extensions=tuple(one for one in self.extensions if not isinstance(one[0], kind)))

    def having(self, extension: x509.ExtensionType, *, critical: bool) -> Draft:
        """The same with an extension in place of the one of its kind, or added."""
        kept = list(self.extensions)
        for position, (old, _) in enumerate(kept):
            if type(old) is type(extension) and not isinstance(old, x509.UnrecognizedExtension):
                kept[position] = (extension, critical)
                break
        else:
            kept.append((extension, critical))
        return replace(self, extensions=tuple(kept))

    def lasting(self, days: int) -> Draft:
        """The same with another validity."""
        # RFC 5280 counts both ends in, hence the second less: 60 days are 60 days.
        return replace(self, end=self.begin + timedelta(days=days) - _SECOND)

    def from_time(self, begin: datetime) -> Draft:
        """The same, as long, with another beginning."""
        return replace(self, begin=begin, end=begin + (self.end - self.begin))


def draft(
    profiles: Profiles,
    profile: Profile,
    begin: datetime,
    *,
    identity: str = "",
    signature_only: bool = False,
    addresses: Addresses | None = None,
) -> Draft:
    """Write down what the certificate of a role says.

    Args:
        profiles: Of the edition.
        profile: Of the role.
        begin: First second of validity.
        identity: SECCID, EVCCID, EMAID or PCID, where the role has one.
        signature_only: The key signs and agrees on nothing (Ed448): usages that it cannot have are left out.
        addresses: Where revocation can be asked for.
    """
    rules = profile.rules
    where = addresses or Addresses()
    lacking = profiles.signature_only.value if signature_only else ()
    authority = bool(rules[Point.BASIC_CONSTRAINTS].value)
    length = rules[Point.PATH_LENGTH].value if Point.PATH_LENGTH in rules else None
    usages = [one for one in (*rules[Point.KEY_USAGE].value, *rules[Point.KEY_USAGE].optional) if one not in lacking]
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length=length), True),
        (usage(usages), True),
    ]
    if Point.EXTENDED_KEY_USAGE in rules:
        purposes = [PURPOSES[one] for one in rules[Point.EXTENDED_KEY_USAGE].value]
        extensions.append((x509.ExtendedKeyUsage(purposes), False))
    if profile.ocsp:
        extensions.append((access(where.ocsp), False))
    if where.crl and not profile.role.is_root:
        extensions.append((distribution(where.crl), False))
    attributes = [(kind, value.format(identity=identity)) for kind, value in profile.subject]
    return Draft(name(attributes), begin, begin, tuple(extensions)).lasting(profile.days)


def issue(wanted: Draft, key: PrivateKey, issuer: Credential | None) -> Credential:
    """Sign a certificate; without an issuer it signs itself.

    The way up that comes with it is that of the issuer, without a root.
    """
    signer = key if issuer is None else issuer.private_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(wanted.subject)
        .issuer_name(wanted.subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wanted.begin)
        .not_valid_after(wanted.end)
    )
    for extension, critical in (*wanted.extensions, *_key_ids(wanted, key.public_key(), signer.public_key())):
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(signer, wanted.digest or digest_of(signer))
    above: tuple[x509.Certificate, ...] = ()
    if issuer is not None and issuer.certificate.subject != issuer.certificate.issuer:
        above = (issuer.certificate, *issuer.chain)
    return Credential(certificate, key, above)


def _key_ids(wanted: Draft, subject: PublicKey, signer: PublicKey) -> Extensions:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if wanted.subject_key_id:
        found.append((x509.SubjectKeyIdentifier.from_public_key(subject), False))
    if wanted.authority_key_id:
        found.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False))
    return tuple(found)


def name(attributes: Iterable[tuple[str, str]]) -> x509.Name:
    """A distinguished name from pairs such as ``("CN", "V2GRootCA")``."""
    return x509.Name([x509.NameAttribute(ATTRIBUTES[kind], value) for kind, value in attributes])


def usage(names: Iterable[str]) -> x509.KeyUsage:
    """A key usage by the standard's names of its bits."""
    wanted = set(names)
    bits: dict[str, Any] = {attribute: bit in wanted for bit, attribute in USAGES.items()}
    return x509.KeyUsage(**bits)


def access(url: str) -> x509.AuthorityInformationAccess:
    """Where the OCSP responder is."""
    where = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])


def distribution(url: str) -> x509.CRLDistributionPoints:
    """Where the CRL is."""
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.CRLDistributionPoints([point])
