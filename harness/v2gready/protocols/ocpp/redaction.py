"""Takes passwords out of OCPP frames before anything is recorded.

A frame without a password keeps every octet. In one with a password only the text of the secret changes, wherever it
stands in the frame, so the trace still shows how the peer writes its JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final, TypeVar

MASK: Final = "********"

Data = TypeVar("Data", str, bytes)

_HINT = re.compile(r"password|simpin|vpn|\\u00", re.IGNORECASE)
_SECRET_FIELDS: Final = frozenset({"basicauthpassword", "apnpassword"})
# VPN fields have names too general to be secret anywhere else (VPNType, SetNetworkProfile).
_VPN_FIELDS: Final = frozenset({"password", "key"})
_SECRET_VARIABLES: Final = frozenset({"basicauthpassword", "apnpassword", "apnsimpin", "vpnpassword", "vpnkey"})
_VALUES: Final = frozenset({"attributevalue", "value", "actualvalue"})
"""Fields that hold the value of a variable: SetVariables, NotifyReport, NotifyEvent."""

# Keys match as well, lest their closing quote opens a literal; the last literal may miss its end. Linear for all input.
_LITERAL = re.compile(r'("(?:[^"\\]++|\\.)*+"?+)(\s*+:)?', re.DOTALL)
_SIM_PIN = re.compile(r'("simPin"\s*:\s*)-?\d+', re.IGNORECASE)
_ANY_VALUE = re.compile(
    r'("(?:basicAuthPassword|apnPassword|password|key|attributeValue|value|actualValue)"\s*:\s*)"(?:[^"\\]++|\\.)*+"?',
    re.IGNORECASE | re.DOTALL,
)
_SHORTEST_INSIDE: Final = 8
"""A secret this long is also masked as a part of another text; a shorter one could be a part of anything."""


def redacted(raw: Data, known: Collection[str] = ()) -> Data:
    """A frame without the passwords in it; never raises.

    Masked are ``BasicAuthPassword`` and the passwords of APN and VPN: as variables (SetVariables, NetworkConfiguration,
    reports) and as fields of SetNetworkProfile.

    Args:
        raw: A WebSocket data message, text or octets; any octets.
        known: Secrets to mask wherever they stand, whatever the message.
    """
    if isinstance(raw, str):
        return _redacted(raw, known)
    # Octets that are no UTF-8 have to come out as they went in.
    return _redacted(raw.decode(errors="surrogateescape"), known).encode(errors="surrogateescape")


def _redacted(text: str, known: Collection[str]) -> str:
    secrets = {one for one in known if one}
    if _HINT.search(text):
        try:
            secrets |= _secrets(text)
        except (ValueError, RecursionError):
            # No JSON: which of the values is the secret cannot be told, so none of them stays.
            text = _ANY_VALUE.sub(rf'\1"{MASK}"', text)
        text = _SIM_PIN.sub(r"\g<1>0", text)
    if not secrets:
        return text
    pieces, end = [], 0
    for found in _LITERAL.finditer(text):
        pieces.append(_bare(text[end : found.start()], secrets))
        pieces.append(found.group() if found.group(2) else _masked(found.group(1), secrets))
        end = found.end()
    return "".join((*pieces, _bare(text[end:], secrets)))


def _bare(between: str, secrets: Collection[str]) -> str:
    """What stands outside of literals: a password only where the text is no JSON."""
    if len(between) >= _SHORTEST_INSIDE:
        for one in _inside(between, secrets):
            between = between.replace(one, MASK)
    return between


def _inside(text: str, secrets: Collection[str]) -> list[str]:
    return sorted((one for one in secrets if len(one) >= _SHORTEST_INSIDE and one in text), key=len, reverse=True)


def _masked(literal: str, secrets: Collection[str]) -> str:
    value = literal[1:].removesuffix('"')
    if "\\" in value:
        with suppress(ValueError):  # what is no JSON string is searched as it stands
            value = json.loads(literal, strict=False)
    if value in secrets:
        return f'"{MASK}"'
    inside = _inside(value, secrets)
    if not inside:
        return literal
    for one in inside:
        value = value.replace(one, MASK)
    return json.dumps(value)  # ASCII: half a character that an escape stood for has no other form


def _secrets(text: str) -> set[str]:
    """Every secret in a JSON text, also under a key that stands twice."""
    found: set[str] = set()

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = {name.lower(): value for name, value in pairs}
        variable = fields.get("variable")
        secret = isinstance(variable, dict) and str(variable.get("name", "")).lower() in _SECRET_VARIABLES
        for name, value in pairs:
            lower = name.lower()
            if lower in _SECRET_FIELDS or (secret and lower in _VALUES):
                found.update(_strings(value))
            elif lower == "vpn" and isinstance(value, dict):
                found.update(one for key in value if key.lower() in _VPN_FIELDS for one in _strings(value[key]))
            elif secret and lower == "variableattribute" and isinstance(value, list):
                attributes = [one for one in value if isinstance(one, dict)]
                found.update(one for attribute in attributes for one in _strings(attribute.get("value")))
        return dict(pairs)

    json.loads(text, object_pairs_hook=read, strict=False)
    return found


def _strings(value: Any) -> set[str]:
    return {value} if isinstance(value, str) and value else set()
