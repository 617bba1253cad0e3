"""The handshake in front of every session: which protocol is spoken (reference 3.1)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

from v2gready.protocols.exi import Occurs
from v2gready.protocols.iso15118.messages.simple_types import (
    ProtocolNamespaceUri,
    SapPriority,
    UnsignedByte,
    UnsignedInt,
)

NAMESPACE = "urn:iso:15118:2:2010:AppProtocol"


class SapResponseCode(enum.IntEnum):
    """`responseCodeType` of the handshake, which is not that of the messages."""

    OK_SuccessfulNegotiation = 0
    OK_SuccessfulNegotiationWithMinorDeviation = 1
    Failed_NoNegotiation = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AppProtocol:
    ProtocolNamespace: ProtocolNamespaceUri
    VersionNumberMajor: UnsignedInt
    VersionNumberMinor: UnsignedInt
    SchemaID: UnsignedByte
    Priority: SapPriority


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedAppProtocolReq:
    AppProtocol: Annotated[tuple[AppProtocol, ...], Occurs(1, 20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedAppProtocolRes:
    ResponseCode: SapResponseCode
    SchemaID: UnsignedByte | None = None
