"""Messages to bytes and back: the EXI payloads of V2GTP frames (reference 1.1, 2).

Decoding is lenient where the wire is: a string that is too long or a SessionID of four bytes comes out as it is, and
`violations` names it. So a judge can name the field of a wrong message, and a session need not end with it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

from v2gready.protocols.exi import ExiEncodeError, Schema, to_plain, violations
from v2gready.protocols.exi import from_plain as _from_plain
from v2gready.protocols.iso15118 import messages, schemas
from v2gready.protocols.iso15118.messages import SupportedAppProtocolReq, SupportedAppProtocolRes, V2GMessage

__all__ = [
    "Message",
    "MessageSet",
    "decode",
    "decode_fragment",
    "encode",
    "encode_fragment",
    "energy_set",
    "from_plain",
    "message_set",
    "to_plain",
    "violations",
]

Message = V2GMessage | SupportedAppProtocolReq | SupportedAppProtocolRes


class MessageSet(enum.Enum):
    """The message sets, each with a grammar and a V2GTP payload type of its own.

    Attributes:
        urn: Namespace of the messages.
        payload_type: V2GTP payload type (reference 1.1). Messages of side streams have other ones, with the grammar
            of COMMON.
        schema: The grammar.
    """

    SAP = (messages.sap.NAMESPACE, 0x8001, schemas.SAP)
    COMMON = (messages.common.NAMESPACE, 0x8002, schemas.COMMON)
    AC = (messages.ac.NAMESPACE, 0x8003, schemas.AC)
    DC = (messages.dc.NAMESPACE, 0x8004, schemas.DC)
    AC_DER_IEC = (messages.der_iec.NAMESPACE, messages.der_iec.PAYLOAD_TYPE, schemas.AC_DER_IEC)
    AC_DER_SAE = (messages.der_sae.NAMESPACE, messages.der_sae.PAYLOAD_TYPE, schemas.AC_DER_SAE)

    def __init__(self, urn: str, payload_type: int, schema: Schema) -> None:
        self.urn = urn
        self.payload_type = payload_type
        self.schema = schema


DER_SETS: Final = (MessageSet.AC_DER_IEC, MessageSet.AC_DER_SAE)
"""The messages of AC with grammars of Amendment 1."""
_ENERGY: Final = (MessageSet.AC, MessageSet.DC, *DER_SETS)
_SET_BY_CLASS: Mapping[type, MessageSet] = {
    declaration: member for member in MessageSet for declaration in member.schema.messages
}
_CLASS_BY_NAME: Mapping[str, type] = {
    name: value for name in messages.__all__ if isinstance(value := getattr(messages, name), type)
}


def message_set(message: Message | type[Message]) -> MessageSet:
    """The set to which a message or a class of messages belongs.

    Raises:
        KeyError: It is abstract, or no message at all.
    """
    return _SET_BY_CLASS[message if isinstance(message, type) else type(message)]


def energy_set(namespace: str, payload_type: int) -> MessageSet | None:
    """The set of a frame with messages of energy transfer, after that namespace was chosen in supportedAppProtocol.

    The payload types of AC_DER are (unconfirmed). Whoever sends such messages under that of AC is understood by the
    namespace: the octets of a control mode differ between the grammars.

    Returns:
        The set, None for a payload type that carries no energy transfer.
    """
    found = next((one for one in _ENERGY if one.payload_type == payload_type), None)
    if found is not MessageSet.AC:
        return found
    return next((one for one in DER_SETS if one.urn == namespace), found)


def encode(message: Message, *, check: bool = True) -> bytes:
    """The EXI document of a message.

    Args:
        message: Any message; its class determines the message set.
        check: Whether to enforce lengths and ranges. Without, whatever the wire can carry is sent: a conformance
            tester has to.

    Raises:
        ExiEncodeError: A value does not fit; the reason begins with the path of the field.
    """
    member = _SET_BY_CLASS.get(type(message))
    if member is None:
        raise ExiEncodeError(f"{type(message).__name__} is no message")
    return member.schema.encode(message, check=check)


def decode(message_set: MessageSet, data: bytes) -> Message:
    """The message of an EXI document.

    The set is known from the payload type and the phase of the session and must not be guessed: 804080 is a valid
    message of two sets (reference 2.7).

    Raises:
        ExiDecodeError: The bytes are no message of the set.
    """
    message: Message = message_set.schema.decode(data)
    return message


def encode_fragment(element_name: str, value: object, *, message_set: MessageSet | None, check: bool = True) -> bytes:
    """The EXI fragment of one element: what a digest or a signature is computed over (reference 2.4).

    Args:
        element_name: Its local name.
        value: Its content.
        message_set: The grammar; None is the XML Signature schema alone, the default for SignedInfo itself.
        check: As for `encode`.

    Raises:
        ExiEncodeError: The grammar has no such element, or a value does not fit.
    """
    return _fragments(message_set).encode_fragment(element_name, value, check=check)


def decode_fragment(data: bytes, *, message_set: MessageSet | None) -> tuple[str, Any]:
    """The name and content of the only element of a fragment.

    Raises:
        ExiDecodeError: The bytes are no such fragment.
    """
    return _fragments(message_set).decode_fragment(data)


def from_plain(message_class: str | type, plain: dict[str, Any]) -> Any:
    """The inverse of `to_plain`, for a class, or for the one of that name: of the roots of AC that of plain AC.

    Raises:
        ValueError: There is no such class, or a key or value does not belong there.
    """
    declaration = message_class if isinstance(message_class, type) else _CLASS_BY_NAME.get(message_class)
    if declaration is None:
        raise ValueError(f"no class {message_class}")
    return _from_plain(declaration, plain)


def _fragments(message_set: MessageSet | None) -> Schema:
    return schemas.XMLDSIG if message_set is None else message_set.schema
