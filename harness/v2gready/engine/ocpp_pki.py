"""Writes the test PKI between a charging station and its CSMS into a folder, for rigs of one's own."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from v2gready.model.dut import ConfigurationError, Problem
from v2gready.protocols.ocpp.pki import BackendPki
from v2gready.protocols.pki import Credential, pem

ROOTS: Final = "roots.pem"
"""What both sides trust."""
PAIRS: Final = ("csms", "station", "authority")
"""``NAME.pem`` (leaf first) and ``NAME.key`` of each; `authority` is the one that has signed the other two."""


def write_pki(folder: Path, *, host: str, serial: str, organisation: str) -> list[Path]:
    """Makes a PKI and writes it; the keys can be read by their owner alone.

    Args:
        folder: Where; made if it is not there. Nothing in it is overwritten.
        host: Name or address of the CSMS; localhost and its addresses are in the certificate as well.
        serial: Serial number of the station, the common name of its certificate.
        organisation: Name of the operator.

    Returns:
        The files.

    Raises:
        ConfigurationError: The folder holds one of them already, or cannot be written.
    """
    made = BackendPki(datetime.now(UTC) - timedelta(days=1), host=host, serial=serial, organisation=organisation)
    pairs: dict[str, Credential] = dict(zip(PAIRS, (made.csms()[0], made.station(), made.authority()), strict=True))
    files = {ROOTS: pem(*made.roots)}
    for name, pair in pairs.items():
        files |= {f"{name}.pem": pair.certificates_pem(), f"{name}.key": pair.private_key_pem()}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = [name for name in files if (folder / name).exists()]
        if taken:
            wrong = Problem(str(folder), f"holds {taken[0]} already", "name another folder")
            raise ConfigurationError("pki", [wrong])
        for name, octets in files.items():
            _write(folder / name, octets, mode=0o600 if name.endswith(".key") else 0o644)
    except OSError as reason:
        wrong = Problem(str(folder), f"cannot be written: {reason.strerror}", "name a folder that can")
        raise ConfigurationError("pki", [wrong]) from None
    return [folder / name for name in files]


def _write(path: Path, octets: bytes, *, mode: int) -> None:
    """A file that never has more rights than it may have, not even while it is empty."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
