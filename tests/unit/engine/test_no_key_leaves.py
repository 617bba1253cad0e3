"""No private key reaches a run: neither report, trace, capture nor record, in any form that somebody could read."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.unit.engine import rigs
from v2gready.engine.trace_file import read_trace
from v2gready.protocols.iso15118 import messages as m

# Runs the command line and writes down every private key that comes about, is read from a file, or unpacked from a
# message: as PKCS #8 and as raw scalar.
_WATCHED = """
import atexit, json, sys
from cryptography.hazmat.primitives import serialization
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
ec.derive_private_key = watched(ec.derive_private_key)
serialization.load_pem_private_key = watched(serialization.load_pem_private_key)
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
EV_CASES = "EV-PNC-SIGN-01 or EV-CRT-TAKEN-01 or EV-CRT-REFUSE-01"
"""A contract that signs, contracts that are delivered."""
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
        ("charger", "CHG-PNC-SIGN-01 or CHG-CERT-CHAIN-01 or CHG-CERT-INSTALL-02 or CHG-TLS-CHAIN-01"),
        ("csms", "security or certificates"),
        ("ev", f"{EV_CASES} or EV-TLS-GOOD-02 or EV-TLS-CHAIN-01 or EV-TLS-CHAIN-18"),
    ],
)
def test_a_run_directory_holds_no_private_key(role: str, select: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    # In one process: a key that comes about in a worker is not seen here.
    options = ("--select", select, "--out", str(run), "--jobs", "1")
    said, secrets = watched("certify", "--role", role, *options, folder=tmp_path)
    assert (run / "report.html").is_file(), said
    assert len(secrets) > 10
    assert len(list(run.rglob("*"))) > 10
    assert found(run, secrets) == []
    assert said_none(said, secrets, tmp_path)


def test_a_run_on_a_network_holds_no_private_key(tmp_path: Path) -> None:
    """With a PKI from a folder on either side, contracts that are delivered, and what both processes say."""
    rig, run = tmp_path / "rig", tmp_path / "run"
    rigs.made(rig)
    assert {file.stat().st_mode & 0o777 for file in rig.glob("*.key")} == {0o600}
    assert rig.stat().st_mode & 0o777 == 0o700
    sdp, control = rigs.free_ports(2)
    path = rigs.dut(tmp_path / "car.toml", "ev", control=control, sdp_port=sdp, authorities=str(rig))
    options = ("--pki", str(rig), "--sdp-port", str(sdp), "--control", str(control))
    with subprocess.Popen(
        [sys.executable, "-c", _WATCHED, "device", "ev", *options, tmp_path / "car.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as car:
        assert car.stdout is not None
        try:
            heard = car.stdout.readline()
            select = f"{EV_CASES} or EV-TLS-GOOD-01"
            said, secrets = watched("certify", str(path), "--select", select, "--out", str(run), folder=tmp_path)
        finally:
            car.send_signal(signal.SIGINT)
        heard += car.stdout.read()
    assert "4 pass, 0 inconc, 0 fail, 0 error" in said, said
    (answer,) = [
        message
        for _, message in read_trace(run / "traces" / "EV-CRT-TAKEN-01.jsonl").messages(m.CertificateInstallationRes)
        if message.EVSEProcessing is m.Processing.Finished and not message.RemainingContractCertificateChains
    ]
    delivered = x509.load_der_x509_certificate(answer.SignedInstallationData.ContractCertificateChain.Certificate)
    of_car = json.loads((tmp_path / "car.json").read_text())
    for keys in (secrets, of_car):  # the key that went over the wire, encrypted, is among those that are searched for
        assert any(
            load_der_private_key(bytes.fromhex(one[0]), None).public_key() == delivered.public_key() for one in keys
        )
    every = list({tuple(one): one for one in (*secrets, *of_car)}.values())
    assert b"CLIENT_TRAFFIC_SECRET" in (run / "captures" / "EV-TLS-GOOD-01.pcapng").read_bytes()
    assert found(run, every) == []
    assert said_none(said + heard, every, tmp_path)


def watched(*arguments: str, folder: Path) -> tuple[str, list[list[str]]]:
    """Runs the command line; gives what it said, and the keys that came about."""
    keys = folder / "keys.json"
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, *arguments, keys],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
        timeout=280,
    )
    return done.stdout + done.stderr, json.loads(keys.read_text())


def said_none(said: str, secrets: list[list[str]], folder: Path) -> bool:
    """Nothing of the keys is in what was said."""
    told = folder / "told"
    told.mkdir()
    (told / "console").write_text(said)
    return found(told, secrets) == []


@pytest.mark.parametrize("position", range(12))
def test_the_search_finds_what_is_there(position: int, tmp_path: Path) -> None:
    secret = bytes(range(1, 67))
    for name, form in enumerate(forms(secret)):
        (tmp_path / str(name)).write_bytes(b"." * position + form + b".")
        (tmp_path / f"{name}-base64").write_bytes(base64.b64encode(b"." * position + secret + b"."))
    hits = {path.name for path, _ in found(tmp_path, [[secret.hex()]])}
    assert hits == {path.name for path in tmp_path.iterdir()}
