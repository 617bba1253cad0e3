"""The ClientHello of TLS as it stands on the wire (RFC 8446 section 4.1.2), for what OpenSSL does not tell a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SUPPORTED_GROUPS: Final = 10
_SIGNATURE_ALGORITHMS: Final = 13
_STATUS_REQUEST: Final = 5
_MAX_FRAGMENT_LENGTH: Final = 1
_TRUSTED_CA_KEYS: Final = 3
_CERTIFICATE_AUTHORITIES: Final = 47
_SUPPORTED_VERSIONS: Final = 43
_KEY_SHARE: Final = 51
_RESERVED: Final = 0x0A0A

VERSIONS: Final = {0x0304: "TLSv1.3", 0x0303: "TLSv1.2", 0x0302: "TLSv1.1", 0x0301: "TLSv1.0"}
SUITES: Final = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    0xC023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    0xC025: "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256",
}
GROUPS: Final = {0x0017: "secp256r1", 0x0018: "secp384r1", 0x0019: "secp521r1", 0x001D: "x25519", 0x001E: "x448"}
SIGNATURES: Final = {
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
}


class Incomplete(Exception):  # noqa: N818 - a state: more octets are needed
    """The ClientHello is not whole yet."""


class NoHello(Exception):  # noqa: N818 - a finding
    """The octets do not begin with a ClientHello."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers. Unknown numbers are written as ``0x1A2B``.

    Attributes:
        versions: Of supported_versions, or the legacy version where there is none.
        suites: Cipher suites in order.
        groups: supported_groups in order.
        shares: Groups of the key shares.
        signatures: signature_algorithms in order.
        status_request: The extension is there [V2G20-2372].
        authorities: Distinguished names (DER) of certificate_authorities [V2G20-1006].
        max_fragment_length: The extension is there [V2G20-2446].
        trusted_ca_keys: The extension is there; ISO 15118-2 has it, -20 does not.
    """

    versions: tuple[str, ...]
    suites: tuple[str, ...]
    groups: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    status_request: bool = False
    authorities: tuple[bytes, ...] = ()
    max_fragment_length: bool = False
    trusted_ca_keys: bool = False

    def facts(self) -> dict[str, str | float | bool]:
        """The same for a trace: lists as words, authorities in hex."""
        return {
            "versions": " ".join(self.versions),
            "suites": " ".join(self.suites),
            "groups": " ".join(self.groups),
            "shares": " ".join(self.shares),
            "signature_algorithms": " ".join(self.signatures),
            "status_request": self.status_request,
            "authorities": " ".join(one.hex() for one in self.authorities),
            "max_fragment_length": self.max_fragment_length,
            "trusted_ca_keys": self.trusted_ca_keys,
        }


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def rest(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if self.rest < size:
            raise NoHello("a field is longer than its message")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def block(self, size: int) -> _Reader:
        """What stands behind a length of ``size`` octets."""
        return _Reader(self.take(self.number(size)))

    def numbers(self) -> list[int]:
        """All that is left, as 16-bit numbers."""
        return [self.number(2) for _ in range(self.rest // 2)]


def read_client_hello(octets: bytes) -> ClientHello:
    """Reads the records at the beginning of a connection.

    Raises:
        Incomplete: More octets are needed.
        NoHello: It is none.
    """
    message = _message(octets)
    hello = _Reader(message)
    legacy = hello.number(2)
    hello.take(32)
    hello.block(1)
    suites = hello.block(2).numbers()
    hello.block(1)
    extensions: dict[int, bytes] = {}
    if hello.rest:
        block = hello.block(2)
        while block.rest:
            kind = block.number(2)
            extensions.setdefault(kind, block.take(block.number(2)))
    versions = _Reader(extensions[_SUPPORTED_VERSIONS]).block(1).numbers() if _SUPPORTED_VERSIONS in extensions else []
    return ClientHello(
        versions=_names(versions or [legacy], VERSIONS),
        suites=_names(suites, SUITES),
        groups=_names(_listed(extensions, _SUPPORTED_GROUPS), GROUPS),
        shares=_names(_shares(extensions), GROUPS),
        signatures=_names(_listed(extensions, _SIGNATURE_ALGORITHMS), SIGNATURES),
        status_request=_STATUS_REQUEST in extensions,
        authorities=_authorities(extensions),
        max_fragment_length=_MAX_FRAGMENT_LENGTH in extensions,
        trusted_ca_keys=_TRUSTED_CA_KEYS in extensions,
    )


def _message(octets: bytes) -> bytes:
    """The body of the ClientHello, out of as many records as it takes."""
    collected = bytearray()
    at = 0
    while len(collected) < 4 or len(collected) < 4 + int.from_bytes(collected[1:4], "big"):
        if octets[at : at + 1] not in {b"", bytes([_HANDSHAKE])}:
            raise NoHello("no handshake record")
        if len(octets) < at + 5:
            raise Incomplete
        size = int.from_bytes(octets[at + 3 : at + 5], "big")
        if len(octets) < at + 5 + size:
            raise Incomplete
        collected += octets[at + 5 : at + 5 + size]
        if collected and collected[0] != _CLIENT_HELLO:
            raise NoHello("another handshake message")
        at += 5 + size
    return bytes(collected[4 : 4 + int.from_bytes(collected[1:4], "big")])


def _listed(extensions: dict[int, bytes], kind: int) -> list[int]:
    return _Reader(extensions[kind]).block(2).numbers() if kind in extensions else []


def _shares(extensions: dict[int, bytes]) -> list[int]:
    found = []
    if _KEY_SHARE in extensions:
        block = _Reader(extensions[_KEY_SHARE]).block(2)
        while block.rest:
            found.append(block.number(2))
            block.block(2)
    return found


def _authorities(extensions: dict[int, bytes]) -> tuple[bytes, ...]:
    found = []
    if _CERTIFICATE_AUTHORITIES in extensions:
        block = _Reader(extensions[_CERTIFICATE_AUTHORITIES]).block(2)
        while block.rest:
            found.append(block.take(block.number(2)))
    return tuple(found)


def _names(numbers: list[int], known: dict[int, str]) -> tuple[str, ...]:
    # RFC 8701: a client may mix in reserved values (GREASE); they say nothing of it.
    said = (one for one in numbers if one & 0x0F0F != _RESERVED or one >> 8 != one & 0xFF)
    return tuple(known.get(one, f"0x{one:04X}") for one in said)
