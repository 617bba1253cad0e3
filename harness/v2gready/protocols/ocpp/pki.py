"""A small test PKI of a charging station operator (OCPP 2.1, A00): CSMS and station certificates, good and defective.

Worth nothing outside of tests. There are two hierarchies, one with P-256 and one with RSA-2048 keys: a station that
knows RSA alone could not check an ECDSA signature in the chain of an RSA certificate. Leaves have no extended key
usage, which the specification advises against.

`not_before` is an argument: a protocol core has no clock. OpenSSL compares with the machine's time, also in a run on
virtual time; every valid certificate holds for four years, so that both may lie within.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from v2gready.protocols.pki import Credential, Curve, PrivateKey

CSMS_HOST = "csms.v2gready.test"
"""`.test` never resolves in public (RFC 6761)."""
ORGANISATION = "V2G-ready test CSO"
SERIAL = "V2GREADY-0001"
OTHER_SERIAL = "V2GREADY-0002"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LEAF = timedelta(days=1460)
_AUTHORITY = timedelta(days=3650)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class KeyKind(StrEnum):
    """Type of a key."""

    EC = "ec"
    """P-256, for the ECDSA suites."""
    RSA = "rsa"
    """2048 bits, for the RSA suites."""

    def generate(self) -> PrivateKey:
        """Make a key."""
        if self is KeyKind.EC:
            return Curve.P256.generate()
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class ServerVariant(StrEnum):
    """A CSMS certificate. All but the first have to be refused."""

    VALID = "valid"
    EXPIRED = "expired"
    """Ended the second before `not_before`."""
    NOT_YET_VALID = "not_yet_valid"
    """Begins when all valid ones have ended."""
    SELF_SIGNED = "self_signed"
    FOREIGN_ROOT = "foreign_root"
    """Under a root that nobody trusts, though it bears the name of the trusted one."""
    WRONG_NAME = "wrong_name"
    WILDCARD = "wildcard"
    """Matches the name; refused unless the station's AllowCSMSTLSWildcards says otherwise."""


class ClientVariant(StrEnum):
    """A station certificate. All but the first have to be refused."""

    VALID = "valid"
    EXPIRED = "expired"
    FOREIGN = "foreign"
    """Under a root that nobody trusts, though it bears the name of the trusted one."""
    OTHER_STATION = "other_station"
    """Valid, with the serial number of another station."""
    WRONG_ORGANISATION = "wrong_organisation"
    """Valid, with another operator's name."""


class BackendPki:
    """All certificates of one operator. What costs time is made at its first use and kept.

    Args:
        not_before: Start of validity of every certificate that is meant to be valid; before the machine's time.
        host: Name (or address) under which stations know the CSMS.
        serial: Serial number of the station.
        organisation: Name of the operator.
    """

    def __init__(
        self,
        not_before: datetime,
        *,
        host: str = CSMS_HOST,
        serial: str = SERIAL,
        organisation: str = ORGANISATION,
    ) -> None:
        self._begin = not_before
        self._host = host
        self._serial = serial
        self._organisation = organisation
        # One cache per PKI: RSA keys take a tenth of a second each.
        self._authority = cache(self._make_authority)
        self._server = cache(self._make_server)
        self._station = cache(self._make_station)
        self._root = cache(self._make_root)
        self._rsa_leaf_key = cache(KeyKind.RSA.generate)

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        """Trust anchors for CSMS and stations: the P-256 root and the RSA root."""
        return tuple(self._root(kind).certificate for kind in KeyKind)

    def root(self, kind: KeyKind = KeyKind.EC) -> Credential:
        """The root of one hierarchy, with its key."""
        return self._root(kind)

    def authority(self, kind: KeyKind = KeyKind.EC) -> Credential:
        """The sub-CA that issues all leaves of one hierarchy; it can sign the requests of stations, too."""
        return self._authority(kind)

    def csms(self, variant: str = ServerVariant.VALID) -> tuple[Credential, Credential]:
        """Server certificates of one variant: P-256 and RSA, to be loaded together.

        Raises:
            ValueError: There is no such variant.
        """
        chosen = ServerVariant(variant)
        return self._server(chosen, KeyKind.EC), self._server(chosen, KeyKind.RSA)

    def station(
        self, variant: str = ClientVariant.VALID, *, serial: str | None = None, kind: KeyKind = KeyKind.EC
    ) -> Credential:
        """A station certificate; the same for the same arguments.

        Args:
            variant: A `ClientVariant`.
            serial: Serial number in place of this PKI's; for load tests with many stations.
            kind: Type of its key.

        Raises:
            ValueError: There is no such variant.
        """
        return self._station(ClientVariant(variant), serial or self._serial, kind)

    def foreign_root(self) -> Credential:
        """A new root of the same name that nobody trusts; different each time."""
        return self._make_root(KeyKind.EC)

    def _make_root(self, kind: KeyKind) -> Credential:
        name = _name(f"V2G-ready test CSO root {kind}", self._organisation)
        return _issue(name, kind.generate(), None, self._begin, _AUTHORITY, path_length=1)

    def _make_authority(self, kind: KeyKind) -> Credential:
        name = _name(f"V2G-ready test CSO sub-CA {kind}", self._organisation)
        return _issue(name, kind.generate(), self._root(kind), self._begin, _AUTHORITY, path_length=0)

    def _make_server(self, variant: ServerVariant, kind: KeyKind) -> Credential:
        names = {
            ServerVariant.WRONG_NAME: ("other.v2gready.test",),
            ServerVariant.WILDCARD: (_wildcard(self._host),),
        }.get(variant, (self._host, *(name for name in LOOPBACK if name != self._host)))
        issuer: Credential | None = None
        if variant is ServerVariant.FOREIGN_ROOT:
            issuer = self._make_root(kind)
        elif variant is not ServerVariant.SELF_SIGNED:
            issuer = self.authority(kind)
        begin = {
            ServerVariant.EXPIRED: self._begin - _LEAF,
            ServerVariant.NOT_YET_VALID: self._begin + _LEAF,
        }.get(variant, self._begin)
        key = self._rsa_leaf_key() if kind is KeyKind.RSA else kind.generate()
        return _issue(_name(names[0], self._organisation), key, issuer, begin, _LEAF, names=names)

    def _make_station(self, variant: ClientVariant, serial: str, kind: KeyKind) -> Credential:
        common_name = OTHER_SERIAL if variant is ClientVariant.OTHER_STATION else serial
        organisation = "Another operator" if variant is ClientVariant.WRONG_ORGANISATION else self._organisation
        issuer = self._make_root(kind) if variant is ClientVariant.FOREIGN else self.authority(kind)
        begin = self._begin - _LEAF if variant is ClientVariant.EXPIRED else self._begin
        return _issue(_name(common_name, organisation), kind.generate(), issuer, begin, _LEAF)


def server_variants(
    good: Credential, authority: Credential | None, now: datetime
) -> Mapping[ServerVariant, Callable[[], Credential]]:
    """Defective certificates beside the good one of a CSMS, each made when it is asked for and then kept.

    A bench that has its certificate from elsewhere gets what it can: what nobody has to sign can always be made, the
    rest needs the authority that the station trusts.

    Args:
        good: The good one: its names and its type of key are taken over.
        authority: An authority under the root that the station trusts; None: there is none.
        now: The machine's time, the one that OpenSSL compares with.
    """
    like = partial(_copy, good)
    found: dict[ServerVariant, Callable[[], Credential]] = {
        ServerVariant.SELF_SIGNED: lambda: like(None, now - _DAY),
        ServerVariant.FOREIGN_ROOT: lambda: like(_namesake(good, now - _DAY), now - _DAY),
    }
    if authority is not None:
        found |= {
            ServerVariant.EXPIRED: lambda: like(authority, now - _DAY - _LEAF),
            ServerVariant.NOT_YET_VALID: lambda: like(authority, now + _LEAF),
            ServerVariant.WRONG_NAME: lambda: like(authority, now - _DAY, names=("other.v2gready.test",)),
        }
        hosts = [name for name in host_names(good.certificate) if _is_host(name)]
        if hosts:
            found[ServerVariant.WILDCARD] = lambda: like(authority, now - _DAY, names=(_wildcard(hosts[0]),))
    return {name: cache(make) for name, make in found.items()}


def client_variants(
    good: Credential, authority: Credential | None, now: datetime
) -> Mapping[ClientVariant, Callable[[], Credential]]:
    """Defective certificates beside the good one of a station; as `server_variants`.

    Args:
        good: The good one: its subject and its type of key are taken over.
        authority: An authority under the root that the CSMS trusts; None: there is none.
        now: The machine's time.
    """
    serial, organisation = subject_of(good.certificate)
    like = partial(_copy, good)
    found: dict[ClientVariant, Callable[[], Credential]] = {
        ClientVariant.FOREIGN: lambda: like(_namesake(good, now - _DAY), now - _DAY)
    }
    if authority is not None:
        other, elsewhere = _name(f"{serial[:58]}-OTHER", organisation), _name(serial, "Another operator")
        found |= {
            ClientVariant.EXPIRED: lambda: like(authority, now - _DAY - _LEAF),
            ClientVariant.OTHER_STATION: lambda: like(authority, now - _DAY, subject=other),
            ClientVariant.WRONG_ORGANISATION: lambda: like(authority, now - _DAY, subject=elsewhere),
        }
    return {name: cache(make) for name, make in found.items()}


def host_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the hosts and addresses of a certificate; its common name where there are none."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(filter(None, (_first(certificate, NameOID.COMMON_NAME),)))
    return (
        *san.get_values_for_type(x509.DNSName),
        *(str(address) for address in san.get_values_for_type(x509.IPAddress)),
    )


def _copy(
    good: Credential,
    issuer: Credential | None,
    begin: datetime,
    *,
    names: Sequence[str] | None = None,
    subject: x509.Name | None = None,
) -> Credential:
    """A certificate like the good one, with another issuer, time, name or subject."""
    kind = KeyKind.RSA if isinstance(good.private_key, rsa.RSAPrivateKey) else KeyKind.EC
    organisation = subject_of(good.certificate)[1]
    if names is not None:
        subject = _name(names[0], organisation)
    elif _has_names(good.certificate):
        names = host_names(good.certificate)
    whom = good.certificate.subject if subject is None else subject
    return _issue(whom, kind.generate(), issuer, begin, _LEAF, names=names or ())


def _namesake(good: Credential, begin: datetime) -> Credential:
    """A root that bears the name of the one above a certificate, with a key that nobody trusts."""
    top = good.chain[-1] if good.chain else good.certificate
    kind = KeyKind.RSA if isinstance(good.private_key, rsa.RSAPrivateKey) else KeyKind.EC
    return _issue(top.issuer, kind.generate(), None, begin, _AUTHORITY, path_length=1)


def _has_names(certificate: x509.Certificate) -> bool:
    return any(one.oid == x509.SubjectAlternativeName.oid for one in certificate.extensions)


def _is_host(name: str) -> bool:
    """A name of at least two labels, no address: a wildcard can stand for its first one."""
    try:
        ip_address(name)
    except ValueError:
        return "." in name
    return False


def wildcards(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names of a certificate that hold for more than one host; empty in a good CSMS certificate."""
    names = [str(found.value) for found in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        pass
    else:
        names += san.get_values_for_type(x509.DNSName)
    return tuple(dict.fromkeys(name for name in names if "*" in name))


def subject_of(certificate: x509.Certificate) -> tuple[str, str]:
    """Return common name and organisation: serial number and operator of a station, host and operator of a CSMS."""
    return _first(certificate, NameOID.COMMON_NAME), _first(certificate, NameOID.ORGANIZATION_NAME)


def _first(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _wildcard(host: str) -> str:
    """Replace the first label; a name with fewer than three has no wildcard that means it alone."""
    first, dot, rest = host.partition(".")
    return f"*.{rest}" if dot and "." in rest else f"*.{first}{dot}{rest}"


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, authority: bool, rsa_key: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=rsa_key and not authority,  # the RSA suites without ECDHE encrypt with this key
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    subject: x509.Name,
    key: PrivateKey,
    issuer: Credential | None,
    begin: datetime,
    validity: timedelta,
    *,
    path_length: int | None = None,
    names: Sequence[str] = (),
) -> Credential:
    """Make a certificate; without an issuer it signs itself. A path length makes it an authority."""
    signer = key if issuer is None else issuer.private_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        # RFC 5280 counts both ends in.
        .not_valid_after(begin + validity - _SECOND)
        .add_extension(x509.BasicConstraints(ca=path_length is not None, path_length=path_length), critical=True)
        .add_extension(
            _usage(authority=path_length is not None, rsa_key=isinstance(key, rsa.RSAPrivateKey)), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    above: tuple[x509.Certificate, ...] = ()
    if issuer is not None and issuer.certificate.subject != issuer.certificate.issuer:
        above = (issuer.certificate, *issuer.chain)
    return Credential(builder.sign(signer, hashes.SHA256()), key, above)
