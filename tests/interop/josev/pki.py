"""A certificate directory laid out as Josev looks for it, with fresh certificates.

Josev takes everything from ``PKI_PATH``/iso15118_2, for -20 as well. For TLS its charger reads ``cpoCertChain.pem``,
``seccLeaf.key`` and ``seccLeafPassword.txt``, and trusts for client certificates what is in ``oemRootCACert.pem``; its
car reads ``oemCertChain.pem``, ``oemLeaf.key`` and ``oemLeafPassword.txt``, and trusts ``v2gRootCACert.pem``. A
password file may be empty but must exist. With a file missing or wrong the charger does not fail: it answers SDP with
"no TLS".

``lay_out`` makes certificates of its own, without any code of ours. ``lay_out_ours`` takes a PKI of ``v2gready pki``,
which a DUT file can name: then the car of a bench has contracts and defective chains below roots that Josev has.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from v2gready.engine import pki_files
from v2gready.protocols.pki import Addresses, Curve, Edition, pem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HASHES = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}
LIFETIME = dt.timedelta(days=30)


@dataclass(frozen=True)
class JosevPki:
    """The directory, and the files in it that a car of ours needs to talk to Josev's charger."""

    directory: Path
    """The value of ``PKI_PATH``."""

    v2g_root: Path
    """PEM: the root of the charger's chain."""

    car_chain: Path
    """PEM: a client certificate that the charger accepts, with its sub-CAs."""

    car_key: Path
    """PEM, not encrypted: its key."""

    ours: Path | None = None
    """The PKI that all of it is from, as ``v2gready pki init`` writes it."""


@dataclass(frozen=True)
class _Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def lay_out(directory: Path, *, curve: ec.EllipticCurve | None = None, car_roots: Sequence[bytes] = ()) -> JosevPki:
    """Make roots, two sub-CAs and a leaf for both sides, and write the files Josev wants.

    Args:
        directory: Where to write; it is made if needed.
        curve: The curve of all keys, P-521 unless told otherwise. Josev reads certificates of any curve, it is only
            its key exchange that is tied to P-256.
        car_roots: Further PEM roots below which Josev's charger shall accept client certificates.
    """
    curve = curve or ec.SECP521R1()
    certificates = directory / "iso15118_2" / "certs"
    keys = directory / "iso15118_2" / "private_keys"
    for folder in (certificates, keys):
        folder.mkdir(parents=True, exist_ok=True)
    for side, root_name, leaf_name, chain, usage in (
        ("cpo", "v2gRootCACert", "seccLeaf", "cpoCertChain.pem", ExtendedKeyUsageOID.SERVER_AUTH),
        ("oem", "oemRootCACert", "oemLeaf", "oemCertChain.pem", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        root = _issue(f"{root_name} for tests", curve, None, path_length=2)
        sub1 = _issue(f"{side} sub-CA 1", curve, root, path_length=1)
        sub2 = _issue(f"{side} sub-CA 2", curve, sub1, path_length=0)
        leaf = _issue(leaf_name, curve, sub2, usage=usage)
        trusted = [root.pem(), *(car_roots if side == "oem" else ())]
        (certificates / f"{root_name}.pem").write_bytes(b"".join(trusted))
        (certificates / chain).write_bytes(leaf.pem() + sub2.pem() + sub1.pem())
        (keys / f"{leaf_name}.key").write_bytes(
            leaf.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (keys / f"{leaf_name}Password.txt").write_text("")
    return JosevPki(
        directory=directory,
        v2g_root=certificates / "v2gRootCACert.pem",
        car_chain=certificates / "oemCertChain.pem",
        car_key=keys / "oemLeaf.key",
    )


def lay_out_ours(directory: Path, *, curve: Curve = Curve.P521) -> JosevPki:
    """Make a PKI by the profiles of ISO 15118-20 and write the files Josev wants out of it.

    Vehicles are accepted under its V2G and its OEM root [V2G20-2331]. Its MO root lies where Josev has that of
    ISO 15118-2; for -20 it reads none.

    Args:
        directory: Where to write; it is made if needed.
        curve: The curve of all keys. P-256 is no profile of -20: it is for what Josev cannot do with P-521.
    """
    begin = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).replace(microsecond=0)
    ours = directory / "ours"
    pki = pki_files.create(ours, pki_files.Settings(curve, Edition.ISO_20, begin, Addresses()))
    certificates = directory / "iso15118_2" / "certs"
    keys = directory / "iso15118_2" / "private_keys"
    for folder in (certificates, keys):
        folder.mkdir(parents=True)
    for name, found in {
        "cpoCertChain": pki.secc.certificates_pem(),
        "oemCertChain": pki.vehicle.certificates_pem(),
        "v2gRootCACert": pem(pki.v2g_root.certificate),
        "oemRootCACert": pem(*pki.roots),
        "moRootCACert": pem(pki.mo_root.certificate),
    }.items():
        (certificates / f"{name}.pem").write_bytes(found)
    for name, leaf in {"seccLeaf": pki.secc, "oemLeaf": pki.vehicle}.items():
        (keys / f"{name}.key").write_bytes(leaf.private_key_pem())
        (keys / f"{name}Password.txt").write_text("")
    return JosevPki(
        directory=directory,
        v2g_root=certificates / "v2gRootCACert.pem",
        car_chain=certificates / "oemCertChain.pem",
        car_key=keys / "oemLeaf.key",
        ours=ours,
    )


def _issue(
    name: str,
    curve: ec.EllipticCurve,
    issuer: _Issued | None,
    *,
    path_length: int | None = None,
    usage: x509.ObjectIdentifier | None = None,
) -> _Issued:
    """One certificate: a CA when it has a path length, self-signed when it has no issuer."""
    key = ec.generate_private_key(curve)
    signer = issuer.key if issuer else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    is_ca = path_length is not None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(_key_usage(is_ca=is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return _Issued(builder.sign(signer, HASHES[signer.curve.key_size]()), key)


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    """Key usage of a CA, or of a leaf that signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
