"""No private key reaches a run: neither report, trace, capture nor record, in any form that somebody could read."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Runs the command line and writes down every private key that comes about, as PKCS #8 and as raw scalar.
_WATCHED = """
import atexit, json, sys
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

made = []

def watched(function):
    def call(*args, **kwargs):
        key = function(*args, **kwargs)
        made.append(key)
        return key
    return call

ec.generate_private_key = watched(ec.generate_private_key)
rsa.generate_private_key = watched(rsa.generate_private_key)
for kind in (ed448.Ed448PrivateKey, x448.X448PrivateKey):
    kind.generate = staticmethod(watched(kind.generate))

def secrets(key):
    yield key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        yield key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
    elif isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        for number in (numbers.d, numbers.p, numbers.q):
            yield number.to_bytes((number.bit_length() + 7) // 8, "big")
    else:
        yield key.private_bytes_raw()

def tell(target):
    with open(target, "w") as file:
        json.dump([[one.hex() for one in secrets(key)] for key in made], file)

from v2gready.cli import main

atexit.register(tell, sys.argv.pop())
main()
"""
MARKS = (b"PRIVATE KEY", "PRIVATE KEY".encode("utf-16-le"), base64.b64encode(b"PRIVATE KEY"))


def forms(secret: bytes) -> Iterator[bytes]:
    """A secret as somebody might write it: octets, hex, base64 at every alignment, a number."""
    bare = secret.lstrip(b"\0")
    yield bare
    yield bare.hex().encode()
    yield bare.hex().upper().encode()
    yield ":".join(f"{octet:02x}" for octet in bare).encode()
    yield str(int.from_bytes(bare, "big")).encode()
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # Whole groups of three octets alone: what stands around them does not change their letters.
            yield alphabet(bare[shift : shift + (len(bare) - shift) // 3 * 3])


def found(directory: Path, secrets: list[list[str]]) -> list[tuple[Path, str]]:
    wanted = [form for key in secrets for secret in key for form in forms(bytes.fromhex(secret))]
    hits = []
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            hits += [(path, "a mark") for mark in MARKS if mark in content]
            hits += [(path, "a key") for form in wanted if form in content]
    return hits


@pytest.mark.parametrize(
    ("role", "select"),
    [
        ("charger", "CHG-DC-SESSION-01 or tls or CHG-OCPP-SEC-* or certificates"),
        ("csms", "security or certificates"),
    ],
)
def test_a_run_directory_holds_no_private_key(role: str, select: str, tmp_path: Path) -> None:
    run, keys = tmp_path / "run", tmp_path / "keys.json"
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, "certify", "--role", role, "--select", select, "--out", run, keys],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
        timeout=280,
    )
    assert (run / "report.html").is_file(), done.stdout + done.stderr
    secrets = json.loads(keys.read_text())
    assert len(secrets) > 10
    assert len(list(run.rglob("*"))) > 10
    assert found(run, secrets) == []
    told = tmp_path / "told"
    told.mkdir()
    (told / "console").write_text(done.stdout + done.stderr)
    assert found(told, secrets) == []


@pytest.mark.parametrize("position", range(12))
def test_the_search_finds_what_is_there(position: int, tmp_path: Path) -> None:
    secret = bytes(range(1, 67))
    for name, form in enumerate(forms(secret)):
        (tmp_path / str(name)).write_bytes(b"." * position + form + b".")
        (tmp_path / f"{name}-base64").write_bytes(base64.b64encode(b"." * position + secret + b"."))
    hits = {path.name for path, _ in found(tmp_path, [[secret.hex()]])}
    assert hits == {path.name for path in tmp_path.iterdir()}
