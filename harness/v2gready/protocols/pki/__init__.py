"""The PKI of ISO 15118 (-20 Annex B, -2 Annex F): certificates of every role, good and defective, and their checker.

- `Hierarchy` makes whole worlds by the profiles in `fixtures/pki`; `TestPki` is the one of the embedded bench.
- `defects.CATALOGUE` holds chains that must be refused, each with its defect's name.
- `checker.check` reads a chain octet by octet and says point by point what is as its profile wants it.
- `revocation` makes and reads OCSP responses and CRLs.

Everything made here is worth nothing outside of tests. `checker` needs pyasn1 and is not imported along.
"""

from __future__ import annotations

from v2gready.protocols.pki.authority import Addresses
from v2gready.protocols.pki.credential import Credential, Shown, der, pem
from v2gready.protocols.pki.hierarchy import (
    EMAID,
    EVCCID,
    OTHER_EMAID,
    OTHER_EVCCID,
    PCID,
    SECCID,
    Hierarchy,
    TestPki,
)
from v2gready.protocols.pki.keys import Curve, PrivateKey, PublicKey
from v2gready.protocols.pki.profiles import Edition, Role

__all__ = [
    "EMAID",
    "EVCCID",
    "OTHER_EMAID",
    "OTHER_EVCCID",
    "PCID",
    "SECCID",
    "Addresses",
    "Credential",
    "Curve",
    "Edition",
    "Hierarchy",
    "PrivateKey",
    "PublicKey",
    "Role",
    "Shown",
    "TestPki",
    "der",
    "pem",
]
