"""supportedAppProtocol: which of the car's protocols is spoken (reference 3.1)."""

from __future__ import annotations

from typing import Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig, Protection
from v2gready.protocols.iso15118.secc.table import Family
from v2gready.protocols.iso15118.secc.turn import Check, Turn

VERSION: Final = (1, 0)
"""Major and minor version of ISO 15118-20:2022 in supportedAppProtocol."""

NAMESPACES: Final = {
    m.ac.NAMESPACE: Family.AC,
    m.dc.NAMESPACE: Family.DC,
    m.der_iec.NAMESPACE: Family.AC_DER,
    m.der_sae.NAMESPACE: Family.AC_DER_SAE,
}
"""The energy namespaces; CommonMessages is implied and never offered (reference 2.2)."""


def families(config: ChargerConfig) -> frozenset[Family]:
    """Energy transfers that the charger has."""
    return frozenset(NAMESPACES[service.namespace] for service in config.services)


def negotiate(turn: Turn) -> tuple[m.SupportedAppProtocolRes, Family | None]:
    """The entry of lowest Priority among those the charger can speak [V2G20-167], [V2G20-169].

    Returns:
        The response, and the family of the chosen entry; None if there is none.
    """
    request: m.SupportedAppProtocolReq = turn.request
    able = [entry for entry in request.AppProtocol if _speaks(turn, entry)]
    if not able:
        return m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.Failed_NoNegotiation), None
    chosen = min(able, key=lambda entry: entry.Priority)
    same = (chosen.VersionNumberMajor, chosen.VersionNumberMinor) == VERSION
    code = (
        m.SapResponseCode.OK_SuccessfulNegotiation
        if same
        else m.SapResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
    )
    response = m.SupportedAppProtocolRes(ResponseCode=code, SchemaID=chosen.SchemaID)
    return response, _family(turn.config, chosen)


def _speaks(turn: Turn, entry: m.AppProtocol) -> bool:
    family = NAMESPACES.get(entry.ProtocolNamespace)
    known = family in families(turn.config)
    return not (
        turn.violates(Check.SAP_NAMESPACE, not known)
        # A newer minor version is a deviation, another major version is another protocol.
        or turn.violates(Check.SAP_MAJOR, entry.VersionNumberMajor != VERSION[0])
        or turn.violates(Check.TLS_1_3, not _protected(turn))
    )


def _protected(turn: Turn) -> bool:
    """-20 must not be selected without TLS 1.3 [V2G20-2356]; on plain TCP a rig may have to (reference 1.2)."""
    if turn.protection is Protection.PLAIN:
        return turn.config.plain_tcp
    return turn.protection is Protection.TLS_1_3


def _family(config: ChargerConfig, chosen: m.AppProtocol) -> Family:
    """The family of an entry; a charger that takes an entry it cannot speak goes on with what it has."""
    family = NAMESPACES.get(chosen.ProtocolNamespace)
    return family if family is not None and family in families(config) else first_family(config)


def first_family(config: ChargerConfig) -> Family:
    """The family to think of while none is negotiated."""
    known = families(config)
    return next(family for family in (Family.DC, Family.AC, Family.AC_DER, Family.AC_DER_SAE) if family in known)
