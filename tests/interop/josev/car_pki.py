"""A PKI of ours, laid out as Josev's car looks for it, and named for the DUT file of our charger.

The car reads ``oemCertChain.pem`` (its vehicle certificate, though the name says OEM) for TLS and trusts
``v2gRootCACert.pem``; its key exchange is tied to P-256, whatever the certificates are. For Plug & Charge it reads
contract and sub-CAs as DER, each in a file of its own.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from v2gready.engine import pki_files
from v2gready.protocols.pki import Addresses, Curve, Edition, Hierarchy, der, pem

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class CarPki:
    """What both sides are told of it."""

    car: dict[str, str]
    """Environment of Josev's car: TLS 1.3 with these certificates."""

    settings: str
    """Lines of ``[interfaces.iso15118]`` for our charger."""


def lay_out_car(directory: Path, curve: Curve) -> CarPki:
    """Make a PKI by the profiles of ISO 15118-20 and write the files of both sides.

    Args:
        directory: Where to write; it is made if needed.
        curve: Curve of all keys. P-256 is no profile of -20: with any other, Josev cannot sign by a contract.
    """
    begin = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).replace(microsecond=0)
    ours = directory / "ours"
    pki = pki_files.create(ours, pki_files.Settings(curve, Edition.ISO_20, begin, Addresses()))
    _write(directory / "iso15118_2", pki)
    environment = {"ENABLE_TLS_1_3": "True", "PKI_PATH": f"{directory}{os.sep}"}
    return CarPki(environment, f'authorities = "{ours}"\ncurve = "secp256r1"')


def _write(folder: Path, pki: Hierarchy) -> None:
    certificates, keys = folder / "certs", folder / "private_keys"
    for one in (certificates, keys):
        one.mkdir(parents=True)
    contract = pki.contract()
    sub_ca2, sub_ca1 = contract.chain
    for name, found in {
        "oemCertChain.pem": pki.vehicle.certificates_pem(),
        "v2gRootCACert.pem": pem(pki.v2g_root.certificate),
        "contractLeafCert.der": der(contract.certificate),
        "moSubCA2Cert.der": der(sub_ca2),
        "moSubCA1Cert.der": der(sub_ca1),
    }.items():
        (certificates / name).write_bytes(found)
    for name, leaf in {"oemLeaf": pki.vehicle, "contractLeaf": contract}.items():
        (keys / f"{name}.key").write_bytes(leaf.private_key_pem())
        (keys / f"{name}Password.txt").write_text("")
