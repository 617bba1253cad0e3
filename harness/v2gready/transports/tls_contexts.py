"""Contexts of TLS: who trusts what, shows what, and offers which versions, groups and suites.

For ISO 15118 one profile, for OCPP-J another; and the secrets of a session for whoever has to read a capture again.
"""

from __future__ import annotations

import secrets
import shutil
import ssl
import tempfile
import warnings
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Self

from cryptography import x509

from v2gready.protocols.pki import Credential, Curve, Shown, pem
from v2gready.transports.stream import TransportError


class TlsVersions(Enum):
    """Versions that a context offers."""

    ONLY_1_3 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    """What ISO 15118-20 asks for [V2G20-1264]."""
    ONLY_1_2 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    """What ISO 15118-2 knows; on it -20 must not be selected [V2G20-2356]."""
    BOTH = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    """A server for cars of both parts [V2G20-2359]; a back end and its stations."""
    ONLY_1_1 = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)
    """What nobody may accept any more; for the one who tests that."""


class KeyLog:
    """Session secrets in NSS format, collected in a file that only this user can read and that ends with `close`.

    They are what makes a capture readable again and they open nothing else: the keys of the certificates are not
    among them.
    """

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="v2gready-keylog-"))
        self._path = self._directory / "keys"
        self._path.touch(mode=0o600)

    def attach(self, context: ssl.SSLContext) -> None:
        """Let every session of a context write its secrets here."""
        context.keylog_filename = str(self._path)

    def secrets(self) -> bytes:
        """Return all lines so far."""
        # A line that is just being written counts once it is whole. Python's own heading is no secret.
        lines = self._path.read_bytes().splitlines(keepends=True)
        return b"".join(line for line in lines if line.endswith(b"\n") and not line.startswith(b"#"))

    def close(self) -> None:
        """Delete the file."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def client_context(
    roots: Sequence[x509.Certificate],
    credential: Shown | None,
    *,
    versions: TlsVersions = TlsVersions.ONLY_1_3,
    curve: Curve = Curve.P521,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build the EVCC's context.

    A negative test passes an expired, foreign or wrong credential, or None for a car without one, or `ONLY_1_2`.

    Args:
        roots: trust anchors for the SECC's chain.
        credential: the vehicle certificate with its key.
        versions: what the ClientHello offers.
        curve: the only group that is offered for the key exchange.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # No host names in V2G: an SECC is found by SDP and known by its chain alone.
    context.check_hostname = False
    return _configure(context, roots, credential, versions=versions, curve=curve, keylog=keylog)


def server_context(
    roots: Sequence[x509.Certificate],
    credential: Shown,
    *,
    versions: TlsVersions = TlsVersions.ONLY_1_3,
    curve: Curve = Curve.P521,
    client_certificate: bool = True,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build the SECC's context.

    Args:
        roots: trust anchors for the vehicle's chain.
        credential: the SECC certificate with its key.
        versions: what is accepted.
        curve: the only group that is accepted for the key exchange.
        client_certificate: demand a vehicle certificate [V2G20-2400]; False is ISO 15118-2, or a faulty SECC.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    # Resumption is not part of the protocol, and a ticket behind the handshake is nothing that a car awaits.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return _configure(context, roots, credential, versions=versions, curve=curve, keylog=keylog)


BACKEND_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)
"""TLS 1.2 suites of OCPP-J: a CSMS has all four, hence two certificates; a station has at least one pair (A00)."""
WEAK_SUITES = ("ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-SHA", "AES256-SHA")
"""CBC and SHA-1: what a peer has to refuse on TLS 1.2, and all that TLS 1.1 knows."""


def backend_client_context(
    roots: Sequence[x509.Certificate],
    credential: Credential | None = None,
    *,
    check_name: bool = True,
    verify: bool = True,
    versions: TlsVersions = TlsVersions.BOTH,
    ciphers: Sequence[str] = BACKEND_SUITES,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build a station's context for the connection to its CSMS.

    Args:
        roots: trust anchors for the CSMS.
        credential: the station's certificate with its key, for security profile 3.
        check_name: look for `server_hostname` in the CSMS's certificate. OpenSSL takes a wildcard for a match
            (`v2gready.protocols.ocpp.pki.wildcards` finds it).
        verify: check the chain at all; a faulty station does not.
        versions: what the ClientHello offers.
        ciphers: OpenSSL's names of the TLS 1.2 suites; those of TLS 1.3 are always offered with it.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_name and verify
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    credentials = () if credential is None else (credential,)
    return _configure_backend(context, roots, credentials, versions=versions, ciphers=ciphers, keylog=keylog)


def backend_server_context(
    roots: Sequence[x509.Certificate],
    credentials: Sequence[Credential],
    *,
    client_certificate: bool = False,
    versions: TlsVersions = TlsVersions.BOTH,
    ciphers: Sequence[str] = BACKEND_SUITES,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build a CSMS's context.

    Args:
        roots: trust anchors for stations.
        credentials: server certificates, one per kind of key: ECDSA and RSA together serve all four suites.
        client_certificate: demand a station certificate, as security profile 3 does.
        versions: what is accepted.
        ciphers: OpenSSL's names of the TLS 1.2 suites.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    # A resumed session would not show its certificate again.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return _configure_backend(context, roots, credentials, versions=versions, ciphers=ciphers, keylog=keylog)


def _configure_backend(
    context: ssl.SSLContext,
    roots: Sequence[x509.Certificate],
    credentials: Sequence[Credential],
    *,
    versions: TlsVersions,
    ciphers: Sequence[str],
    keylog: KeyLog | None,
) -> ssl.SSLContext:
    # Compression has been an attack since 2012 and forbidden by OCPP-J; OpenSSL may have been built with it.
    context.options |= ssl.OP_NO_COMPRESSION
    names = ":".join(ciphers)
    if versions is TlsVersions.ONLY_1_1 or not set(ciphers) <= set(BACKEND_SUITES):
        names += ":@SECLEVEL=0"  # OpenSSL 3 does nothing weak above that level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 1.1 is deprecated, which is why it is tried
        context.minimum_version, context.maximum_version = versions.value
    try:
        context.set_ciphers(names)
    except ssl.SSLError:
        raise TransportError(f"OpenSSL knows none of the suites {', '.join(ciphers)}; check their names") from None
    if roots:
        context.load_verify_locations(cadata=pem(*roots).decode("ascii"))
    for credential in credentials:
        _load(context, credential)
    if keylog is not None:
        keylog.attach(context)
    return context


_GROUPS = {Curve.P521: "secp521r1", Curve.P256: "prime256v1", Curve.ED448: "X448"}
"""OpenSSL's names of the groups; that of secp256r1 is older than the standard's."""


def _configure(
    context: ssl.SSLContext,
    roots: Sequence[x509.Certificate],
    credential: Shown | None,
    *,
    versions: TlsVersions,
    curve: Curve,
    keylog: KeyLog | None,
) -> ssl.SSLContext:
    context.minimum_version, context.maximum_version = versions.value
    context.set_ecdh_curve(_GROUPS[curve])
    context.load_verify_locations(cadata=pem(*roots).decode("ascii"))
    if credential is not None:
        _load(context, credential)
    if keylog is not None:
        keylog.attach(context)
    return context


def _load(context: ssl.SSLContext, credential: Shown) -> None:
    """Give a credential to OpenSSL, which takes keys from files only.

    The file is private, its key encrypted with a password that exists nowhere else, and gone before we return.
    """
    password = secrets.token_bytes(32).hex()
    content = credential.private_key_pem(password.encode("ascii")) + credential.certificates_pem()
    with tempfile.TemporaryDirectory(prefix="v2gready-") as directory:
        path = Path(directory) / "credential.pem"
        path.touch(mode=0o600)
        path.write_bytes(content)
        try:
            context.load_cert_chain(path, password=password)
        except ssl.SSLError as error:
            why = error.reason or error
            raise TransportError(f"OpenSSL refuses the credential {credential.label}: {why}") from None
