"""How each defective chain is made; what is wrong with it stands in `fixtures/pki/defects.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier

from v2gready.protocols.pki import authority, encoding
from v2gready.protocols.pki.authority import Draft
from v2gready.protocols.pki.keys import Curve, PrivateKey
from v2gready.protocols.pki.profiles import Edition, Point, Role
from v2gready.protocols.pki.workshop import Chain, Workshop, subject

COMMENT = ObjectIdentifier("2.16.840.1.113730.1.13")
"""Netscape comment: an extension that everybody knows and nobody minds."""
PRIVATE_EXTENSION = ObjectIdentifier("1.3.6.1.4.1.32473.1")
"""Number for examples (RFC 5612): an extension that nobody knows."""
_YEAR = 365

Make = Callable[[Workshop], Chain]


# --- bends of a draft ---


def _leaf(bend: Callable[[Draft], Draft]) -> Make:
    return lambda shop: shop.leaf(bend)


def _sub(bend: Callable[[Draft], Draft]) -> Make:
    return lambda shop: shop.sub(bend)


def _long_ago(wanted: Draft) -> Draft:
    return wanted.from_time(wanted.begin - (wanted.end - wanted.begin) - timedelta(seconds=2))


def _to_come(wanted: Draft) -> Draft:
    return wanted.from_time(wanted.begin + timedelta(days=_YEAR))


def _long_lived(wanted: Draft) -> Draft:
    return replace(wanted, end=wanted.end + timedelta(days=3 * _YEAR))


def _usage(*names: str, critical: bool = True) -> Callable[[Draft], Draft]:
    return lambda wanted: wanted.having(authority.usage(names), critical=critical)


def _usage_not_critical(wanted: Draft) -> Draft:
    old = next(one for one, _ in wanted.extensions if isinstance(one, x509.KeyUsage))
    return wanted.having(old, critical=False)


def _constraints(*, ca: bool, length: int | None = None, critical: bool = True) -> Callable[[Draft], Draft]:
    return lambda wanted: wanted.having(x509.BasicConstraints(ca=ca, path_length=length), critical=critical)


def _is_ca(wanted: Draft) -> Draft:
    return _usage("digitalSignature", "keyCertSign")(_constraints(ca=True)(wanted))


def _purpose(name: str) -> Callable[[Draft], Draft]:
    return lambda wanted: wanted.having(x509.ExtendedKeyUsage([authority.PURPOSES[name]]), critical=False)


def _other_purpose(shop: Workshop) -> Chain:
    return shop.leaf(_purpose("clientAuth" if shop.role is Role.SECC else "serverAuth"))


def _unknown_extension(*, critical: bool) -> Callable[[Draft], Draft]:
    extension = x509.UnrecognizedExtension(PRIVATE_EXTENSION, b"\x05\x00")
    return lambda wanted: wanted.having(extension, critical=critical)


def _oversized(shop: Workshop) -> Chain:
    text = b"x" * int(shop.hierarchy.profiles.of(shop.role).rules[Point.SIZE].value)
    comment = x509.UnrecognizedExtension(COMMENT, encoding.tlv(0x16, text))
    return shop.leaf(lambda wanted: wanted.having(comment, critical=False))


# --- names ---


def _renamed(**changed: str | None) -> Callable[[Draft], Draft]:
    return lambda wanted: replace(wanted, subject=subject(wanted, **changed))


# --- keys and signatures ---


def _wrong_curve(shop: Workshop) -> Chain:
    return shop.leaf(lambda wanted: wanted, key=ec.generate_private_key(ec.SECP384R1()))


def _rsa(shop: Workshop) -> Chain:
    return shop.leaf(lambda wanted: wanted, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _other_digest(shop: Workshop) -> Chain:
    """Another hash; Ed448 has none, so there the authority itself is of another type."""
    if shop.hierarchy.curve is not Curve.ED448:
        return shop.leaf(lambda wanted: replace(wanted, digest=hashes.SHA384()))
    low = shop.hierarchy.draft(shop.sub_roles[0])
    lower = authority.issue(low, ec.generate_private_key(ec.SECP384R1()), shop.upper)
    return shop.leaf(lambda wanted: wanted, issuer=lower)


def _explicit_curve(shop: Workshop) -> Chain:
    """The curve written out, number by number, in place of its name; Ed448 has no parameters, so P-521 stands in."""
    curve = Curve.P521 if shop.hierarchy.edition is Edition.ISO_20 else Curve.P256
    key = curve.generate()

    def rewrite(fields: list[encoding.Tlv]) -> list[bytes]:
        return [_explicit(one, curve) if position == _KEY else one.octets for position, one in enumerate(fields)]

    return shop.rewritten(rewrite, key=key)


_SERIAL, _ALGORITHM, _KEY = 1, 2, 6
"""Positions in TBSCertificate of version 3."""
_DOMAINS = {
    Curve.P521: (
        2**521 - 1,
        0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
        0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
        0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    ),
    Curve.P256: (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
}
"""Prime, b, base point and order (SEC 2); a is -3 for both."""


def _explicit(public_key: encoding.Tlv, curve: Curve) -> bytes:
    algorithm, bits = encoding.children(public_key.content)
    kind = encoding.children(algorithm.content)[0]
    prime, b, x, y, order = _DOMAINS[curve]
    size = (prime.bit_length() + 7) // 8
    field_id = encoding.tlv(encoding.SEQUENCE, bytes.fromhex("06072a8648ce3d0101"), _integer(prime))
    coefficients = encoding.tlv(
        encoding.SEQUENCE, *(encoding.tlv(encoding.OCTET_STRING, n.to_bytes(size, "big")) for n in (prime - 3, b))
    )
    base = encoding.tlv(encoding.OCTET_STRING, b"\x04", x.to_bytes(size, "big"), y.to_bytes(size, "big"))
    one = _integer(1)
    parameters = encoding.tlv(encoding.SEQUENCE, one, field_id, coefficients, base, _integer(order), one)
    return encoding.tlv(encoding.SEQUENCE, encoding.tlv(encoding.SEQUENCE, kind.octets, parameters), bits.octets)


def _integer(value: int) -> bytes:
    return encoding.tlv(encoding.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _flip_signature(leaf: bytes) -> bytes:
    """Another value of the same form: the signature of something else."""
    return leaf[:-1] + bytes([leaf[-1] ^ 1])


def _sub_signature(shop: Workshop) -> Chain:
    made = shop.hierarchy.issue(shop.role)
    leaf, lower, *above = made.chain_der()
    return shop.chain(made, (leaf, _flip_signature(lower), *above))


def _other_algorithm(fields: list[encoding.Tlv]) -> list[bytes]:
    """Inside, the certificate names ecdsa-with-SHA384."""
    other = encoding.tlv(encoding.SEQUENCE, bytes.fromhex("06082a8648ce3d040303"))
    return [other if position == _ALGORITHM else one.octets for position, one in enumerate(fields)]


# --- octets ---


def _version_1(fields: list[encoding.Tlv]) -> list[bytes]:
    return [one.octets for one in fields if one.tag not in {encoding.VERSION, encoding.EXTENSIONS}]


def _serial(value: bytes) -> Callable[[list[encoding.Tlv]], list[bytes]]:
    number = encoding.tlv(encoding.INTEGER, value)
    return lambda fields: [number if position == _SERIAL else one.octets for position, one in enumerate(fields)]


def _doubled(fields: list[encoding.Tlv]) -> list[bytes]:
    extensions = encoding.extension_list(fields)
    return encoding.with_extensions(fields, [*extensions, extensions[1]])


def _explicit_default(fields: list[encoding.Tlv]) -> list[bytes]:
    """DEFAULT FALSE written out, which DER leaves out (X.690 11.5)."""
    extensions = encoding.extension_list(fields)
    kind, value = encoding.children(encoding.read(extensions[-1])[0].content)
    extensions[-1] = encoding.tlv(encoding.SEQUENCE, kind.octets, encoding.FALSE, value.octets)
    return encoding.with_extensions(fields, extensions)


def _long_length(leaf: bytes) -> bytes:
    """The outermost length in one octet more than it needs (X.690 10.1)."""
    content = encoding.read(leaf)[0].content
    return b"\x30\x83" + len(content).to_bytes(3, "big") + content


# --- chains ---


def _too_deep(shop: Workshop) -> Chain:
    """The lower sub-CA, which may sign leaves alone, signs another sub-CA."""
    low = shop.sub_roles[0]
    deeper = replace(shop.hierarchy.draft(low), subject=subject(shop.hierarchy.draft(low), CN="SubCA3"))
    third = authority.issue(deeper, shop.hierarchy.curve.generate(), shop.lower)
    return shop.leaf(lambda wanted: wanted, issuer=third)


def _by_leaf(shop: Workshop) -> Chain:
    return shop.leaf(lambda wanted: wanted, issuer=shop.hierarchy.issue(shop.role, identity=_ANOTHER[shop.role]))


_ANOTHER = {
    Role.SECC: "DEV2GSREADYTESTCHARGER00000000000000002",
    Role.VEHICLE: "WMIV1234567890ABCDEZ",
    Role.CONTRACT: "DEV2GC00000003C",
    Role.OEM_PROVISIONING: "ZZZ1234567890ABCD6",
    Role.CPS: "",
}


def _by_root(shop: Workshop) -> Chain:
    return shop.leaf(lambda wanted: wanted, issuer=shop.root)


def _self_signed(shop: Workshop) -> Chain:
    return shop.chain(authority.issue(shop.draft, shop.hierarchy.curve.generate(), None))


def _swapped(shop: Workshop) -> Chain:
    made = shop.hierarchy.issue(shop.role)
    leaf, lower, upper, *above = made.chain_der()
    return shop.chain(made, (leaf, upper, lower, *above))


def _without_sub(shop: Workshop) -> Chain:
    made = shop.hierarchy.issue(shop.role)
    leaf, _, *above = made.chain_der()
    return shop.chain(made, (leaf, *above))


def _leaf_alone(shop: Workshop) -> Chain:
    made = shop.hierarchy.issue(shop.role)
    return shop.chain(made, made.chain_der()[:1])


def _with_root(shop: Workshop) -> Chain:
    made = shop.hierarchy.issue(shop.role)
    root = shop.root.certificate.public_bytes(serialization.Encoding.DER)
    return shop.chain(made, (*made.chain_der(), root))


def _foreign(shop: Workshop) -> Chain:
    role = shop.hierarchy.profiles.path(shop.role)[-1]
    wanted = shop.hierarchy.draft(role)
    named = replace(wanted, subject=subject(wanted, CN="ForeignRootCA"))
    return shop.under(authority.issue(named, shop.hierarchy.curve.generate(), None))


def _twin(shop: Workshop) -> Chain:
    key: PrivateKey = shop.hierarchy.curve.generate()
    twin = replace(shop.hierarchy.draft(_root_role(shop)), subject=shop.root.certificate.subject)
    return shop.under(authority.issue(twin, key, None))


def _root_role(shop: Workshop) -> Role:
    return shop.hierarchy.profiles.path(shop.role)[-1]


MAKERS: Mapping[str, Make] = MappingProxyType(
    {
        "expired": _leaf(_long_ago),
        "not-yet-valid": _leaf(_to_come),
        "expired-sub-ca": _sub(_long_ago),
        "not-yet-valid-sub-ca": _sub(_to_come),
        "too-long-valid": _leaf(_long_lived),
        "wrong-key-usage": _leaf(_usage("dataEncipherment")),
        "key-usage-not-critical": _leaf(_usage_not_critical),
        "missing-key-usage": _leaf(lambda one: one.without(x509.KeyUsage)),
        "missing-basic-constraints": _leaf(lambda one: one.without(x509.BasicConstraints)),
        "basic-constraints-not-critical": _leaf(_constraints(ca=False, critical=False)),
        "leaf-is-ca": _leaf(_is_ca),
        "sub-ca-is-no-ca": _sub(_constraints(ca=False)),
        "sub-ca-without-cert-sign": _sub(_usage("digitalSignature", "cRLSign")),
        "missing-path-length": _sub(_constraints(ca=True)),
        "path-length": _too_deep,
        "no-server-auth": _other_purpose,
        "no-client-auth": _other_purpose,
        "missing-extended-key-usage": _leaf(lambda one: one.without(x509.ExtendedKeyUsage)),
        "wrong-name": _leaf(_renamed(CN="wrong name")),
        "missing-name": _leaf(_renamed(CN=None)),
        "wrong-domain-component": _leaf(_renamed(DC="XX")),
        "extra-attribute": _leaf(_renamed(OU="Test")),
        "wrong-curve": _wrong_curve,
        "rsa-key": _rsa,
        "explicit-curve": _explicit_curve,
        "wrong-signature-algorithm": _other_digest,
        "bad-signature": lambda shop: shop.octets(_flip_signature),
        "bad-signature-sub-ca": _sub_signature,
        "algorithm-mismatch": lambda shop: shop.rewritten(_other_algorithm),
        "missing-extension": _leaf(lambda one: replace(one, authority_key_id=False, subject_key_id=False)),
        "missing-ocsp-address": _leaf(lambda one: one.without(x509.AuthorityInformationAccess)),
        "doubled-extension": lambda shop: shop.rewritten(_doubled),
        "unknown-critical-extension": _leaf(_unknown_extension(critical=True)),
        "version-1": lambda shop: shop.rewritten(_version_1),
        "negative-serial": lambda shop: shop.rewritten(_serial(b"\xff\x01")),
        "long-serial": lambda shop: shop.rewritten(_serial(b"\x01" * 21)),
        "truncated-der": lambda shop: shop.octets(lambda one: one[: len(one) // 2]),
        "trailing-octets": lambda shop: shop.octets(lambda one: one + b"\x05\x00"),
        "non-canonical-der": lambda shop: shop.rewritten(_explicit_default),
        "long-length": lambda shop: shop.octets(_long_length),
        "oversized": _oversized,
        "wrong-order": _swapped,
        "missing-sub-ca": _without_sub,
        "leaf-alone": _leaf_alone,
        "root-included": _with_root,
        "foreign-root": _foreign,
        "same-name-root": _twin,
        "self-signed": _self_signed,
        "leaf-issued-by-leaf": _by_leaf,
        "issued-by-root": _by_root,
        "revoked": lambda shop: shop.revoked(0),
        "revoked-sub-ca": lambda shop: shop.revoked(1),
    }
)
"""One for each table of the data file."""
