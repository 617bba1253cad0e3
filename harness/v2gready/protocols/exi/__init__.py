"""EXI 1.0, schema-informed and bit-packed, as ISO 15118 profiles it.

Dataclasses declare the schema (`declarations`), `grammar` derives event codes from them, `decoder` and `encoder`
compile a function for each type, and `schema` makes documents and fragments of it.
"""

from v2gready.protocols.exi.declarations import (
    ATTRIBUTE,
    CHOICE,
    CONTENT,
    REF,
    Binary,
    Integer,
    Occurs,
    OneOf,
    Refused,
    Substitution,
    Text,
)
from v2gready.protocols.exi.errors import ExiDecodeError, ExiEncodeError, ExiError
from v2gready.protocols.exi.plain import from_plain, to_plain
from v2gready.protocols.exi.schema import Namespace, Schema
from v2gready.protocols.exi.validation import Violation, violations

__all__ = [
    "ATTRIBUTE",
    "CHOICE",
    "CONTENT",
    "REF",
    "Binary",
    "ExiDecodeError",
    "ExiEncodeError",
    "ExiError",
    "Integer",
    "Namespace",
    "Occurs",
    "OneOf",
    "Refused",
    "Schema",
    "Substitution",
    "Text",
    "Violation",
    "from_plain",
    "to_plain",
    "violations",
]
