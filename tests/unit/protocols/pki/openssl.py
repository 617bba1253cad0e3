"""The openssl command line: a tool that nobody here wrote, with the last word on what we generate."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from v2gready.protocols.pki.workshop import Chain, armour

OPENSSL = shutil.which("openssl")
PURPOSES = {"secc": "sslserver", "vehicle": "sslclient"}


def run(*arguments: object, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    assert OPENSSL is not None
    command = [OPENSSL, *(str(one) for one in arguments)]
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)


def verify(chain: Chain, folder: Path, at: datetime, purpose: str = "") -> str:
    """`ok`, or what openssl says."""
    leaf, root = folder / "leaf.pem", folder / "root.pem"
    leaf.write_bytes(armour(chain.certificates_der[0]))
    root.write_bytes(armour(chain.root_der))
    told: list[object] = ["-attime", int(at.timestamp()), "-no-CApath", "-no-CAstore", "-CAfile", root]
    if chain.certificates_der[1:]:
        subs = folder / "subs.pem"
        subs.write_bytes(b"".join(armour(one) for one in chain.certificates_der[1:]))
        told += ["-untrusted", subs]
    if chain.crls:
        lists = folder / "crls.pem"
        lists.write_bytes(b"".join(run("crl", "-inform", "DER", data=one).stdout for one in chain.crls))
        told += ["-crl_check_all", "-CRLfile", lists]
    if purpose:
        told += ["-purpose", purpose]
    answer = run("verify", *told, leaf)
    return "ok" if answer.returncode == 0 else (answer.stdout + answer.stderr).decode()


def text(certificate: bytes) -> str:
    """`openssl x509 -text`; empty if it cannot read it."""
    answer = run("x509", "-inform", "DER", "-noout", "-text", data=certificate)
    return answer.stdout.decode() if answer.returncode == 0 else ""


def agrees(answer: str, expected: Sequence[str]) -> bool:
    return any(answer == "ok" if one == "ok" else one in answer for one in expected)
