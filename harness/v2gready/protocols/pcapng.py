"""Blocks of the pcapng file format (draft-ietf-opsawg-pcapng): what a capture with its TLS secrets needs.

Little-endian, nanosecond time stamps, Ethernet frames. A decryption secrets block carries the key log of the sessions
beside it, so that one file is the whole evidence; readers want it before the first packet that it opens.
"""

from __future__ import annotations

import struct

BLOCK_SECTION = 0x0A0D0D0A
BLOCK_INTERFACE = 0x00000001
BLOCK_PACKET = 0x00000006
BLOCK_SECRETS = 0x0000000A
SECRETS_TLS_KEY_LOG = 0x544C534B
SECRETS_OFFSET = 16
"""Where the key log begins inside its block: for a writer that reserves room and fills it later."""

_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_LINKTYPE_ETHERNET = 1
_OPT_END = 0
_OPT_COMMENT = 1
_SHB_APPLICATION = 4
_IF_NAME = 2
_IF_TIME_RESOLUTION = 9
_UNKNOWN_LENGTH = 0xFFFF_FFFF_FFFF_FFFF


def section_header(*, application: str, comment: str) -> bytes:
    """Return the block that begins every file.

    Args:
        application: what wrote the file.
        comment: what a reader has to know about the whole of it.
    """
    body = struct.pack("<IHHQ", _BYTE_ORDER_MAGIC, 1, 0, _UNKNOWN_LENGTH)
    return _block(BLOCK_SECTION, body + _options((_OPT_COMMENT, comment), (_SHB_APPLICATION, application)))


def interface_description(name: str) -> bytes:
    """Return the block that declares the next interface: Ethernet, nanoseconds, no limit of length."""
    body = struct.pack("<HHI", _LINKTYPE_ETHERNET, 0, 0)
    return _block(BLOCK_INTERFACE, body + _options((_IF_NAME, name), (_IF_TIME_RESOLUTION, bytes([9]))))


def enhanced_packet(packet: bytes, *, time_ns: int, interface: int = 0, comment: str | None = None) -> bytes:
    """Return the block of one packet.

    Args:
        packet: the Ethernet frame.
        time_ns: nanoseconds since 1970, UTC.
        interface: number of the interface in the order of their declaration.
        comment: shown with the packet.
    """
    head = struct.pack("<IIIII", interface, time_ns >> 32, time_ns & 0xFFFF_FFFF, len(packet), len(packet))
    options = b"" if comment is None else _options((_OPT_COMMENT, comment))
    return _block(BLOCK_PACKET, head + _padded(packet) + options)


def decryption_secrets(key_log: bytes) -> bytes:
    """Return the block that holds TLS secrets.

    Args:
        key_log: lines in NSS key log format.
    """
    return _block(BLOCK_SECRETS, struct.pack("<II", SECRETS_TLS_KEY_LOG, len(key_log)) + _padded(key_log))


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _options(*options: tuple[int, str | bytes]) -> bytes:
    parts = []
    for code, value in options:
        data = value.encode() if isinstance(value, str) else value
        parts.append(struct.pack("<HH", code, len(data)) + _padded(data))
    return b"".join(parts) + struct.pack("<HH", _OPT_END, 0)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
