"""The namespaces of ISO 15118-20 put together to the EXI schemas of its message sets (reference 2.2 to 2.4)."""

from __future__ import annotations

from dataclasses import is_dataclass
from types import ModuleType

from v2gready.protocols.exi import Namespace, Schema
from v2gready.protocols.iso15118.messages import (
    ac,
    common,
    common_types,
    dc,
    der_iec,
    der_sae,
    sap,
    schedules,
    xmldsig,
)
from v2gready.protocols.iso15118.messages.common_types import V2GMessage


def _declared(*modules: ModuleType) -> tuple[type, ...]:
    return tuple(
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__
    )


def _by_name(*classes: type) -> dict[str, type | None]:
    return {declaration.__name__: declaration for declaration in classes}


def _messages(*modules: ModuleType) -> dict[str, type | None]:
    return _by_name(*(declaration for declaration in _declared(*modules) if issubclass(declaration, V2GMessage)))


_XMLDSIG = Namespace(
    uri=xmldsig.NAMESPACE,
    types=_declared(xmldsig),
    elements={
        **_by_name(
            xmldsig.CanonicalizationMethod,
            xmldsig.DigestMethod,
            xmldsig.Reference,
            xmldsig.Signature,
            xmldsig.SignatureMethod,
            xmldsig.SignatureValue,
            xmldsig.SignedInfo,
            xmldsig.Transform,
            xmldsig.Transforms,
        ),
        # Of a simple type, so no class stands for it.
        "DigestValue": None,
        **dict.fromkeys(xmldsig.UNUSED_GLOBALS),
    },
    other_elements=xmldsig.UNUSED_LOCALS,
)

_COMMON_TYPES = Namespace(
    uri=common_types.NAMESPACE,
    types=_declared(common_types),
    # Both are abstract heads of substitution groups.
    elements={"CLReqControlMode": None, "CLResControlMode": None},
)

_SAP = Namespace(
    uri=sap.NAMESPACE,
    types=_declared(sap),
    elements={
        "supportedAppProtocolReq": sap.SupportedAppProtocolReq,
        "supportedAppProtocolRes": sap.SupportedAppProtocolRes,
    },
)

_COMMON = Namespace(
    uri=common.NAMESPACE,
    types=_declared(common, schedules),
    elements={**_messages(common), **_by_name(common.SignedInstallationData, common.SignedMeteringData)},
    # Of a type that no message uses.
    other_elements=("TargetOffsetX", "TargetOffsetY"),
)

_AC = Namespace(
    uri=ac.NAMESPACE,
    types=_declared(ac),
    # Every type of AC and of DC is that of a message or of a member of a substitution group, and those are global.
    elements=_by_name(*_declared(ac)),
)

_DC = Namespace(uri=dc.NAMESPACE, types=_declared(dc), elements=_by_name(*_declared(dc)))


def _ac_under(der: ModuleType) -> Namespace:
    """Inherited elements keep the namespace of AC; the four messages are the same elements with longer lists."""
    return Namespace(
        uri=ac.NAMESPACE,
        types=(*(one for one in _declared(ac) if not issubclass(one, V2GMessage)), *der.MESSAGES),
        elements={**_AC.elements, **_by_name(*der.MESSAGES)},
    )


def _der(der: ModuleType, *globals_: type) -> Namespace:
    """What a set of Amendment 1 adds to AC: the six members of substitution groups, and elements that are global."""
    members = (one for one in _declared(der) if one.__name__.startswith("DER_"))
    return Namespace(
        uri=der.NAMESPACE,
        types=tuple(one for one in _declared(der) if one not in der.MESSAGES),
        elements=_by_name(*members, *globals_),
    )


SAP = Schema(_SAP, messages=(sap.SupportedAppProtocolReq, sap.SupportedAppProtocolRes))
COMMON = Schema(_COMMON, _COMMON_TYPES, _XMLDSIG, messages=(V2GMessage,))
AC = Schema(_AC, _COMMON_TYPES, _XMLDSIG, messages=(V2GMessage,))
DC = Schema(_DC, _COMMON_TYPES, _XMLDSIG, messages=(V2GMessage,))
AC_DER_IEC = Schema(_der(der_iec), _ac_under(der_iec), _COMMON_TYPES, _XMLDSIG, messages=(V2GMessage,))
AC_DER_SAE = Schema(
    _der(der_sae, der_sae.FrequencyDroop), _ac_under(der_sae), _COMMON_TYPES, _XMLDSIG, messages=(V2GMessage,)
)
XMLDSIG = Schema(_XMLDSIG, messages=())
