"""``[interfaces.ocpp]``: bad input gets one clear sentence, and no secret leaves the place where it is kept."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from v2gready.engine import campaign as campaigns
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.ocpp_settings import OcppSettings, checked
from v2gready.engine.preflight import embedded_dut, examine, prepare
from v2gready.engine.selection import Selector
from v2gready.model.dut import ConfigurationError
from v2gready.protocols.ocpp.pki import BackendPki
from v2gready.protocols.pki import pem

SECRET = "correct-horse-battery-staple"  # noqa: S105 - a secret to look for
STATION = {"kind": "network", "identity": "CS1", "port": 9000, "password_env": "BENCH_PASSWORD"}
CSMS = {
    "kind": "network",
    "url": "ws://127.0.0.1:9000/ocpp",
    "identities": ["CS1", "CS2"],
    "password_env": "BENCH_PASSWORD",
}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PASSWORD", SECRET)
    monkeypatch.setenv("SHORT", "short")


def settings(table: dict[str, Any], role: str, base: Path = Path()) -> OcppSettings:
    return checked(table, role, base, "dut.toml")


def told(table: dict[str, Any], role: str, base: Path = Path()) -> str:
    with pytest.raises(ConfigurationError) as wrong:
        settings(table, role, base)
    assert SECRET not in str(wrong.value)
    return str(wrong.value)


def test_a_station_needs_no_more_than_its_identity_and_password() -> None:
    found = settings(STATION, "charger")
    assert (found.host, found.port, found.path, found.identity) == ("127.0.0.1", 9000, "/ocpp", "CS1")
    assert (found.security_profile, found.editions) == (1, ("ocpp2.1", "ocpp2.0.1"))
    assert found.password == SECRET
    assert SECRET not in repr(found)


def test_a_csms_is_found_by_its_url() -> None:
    found = settings({**CSMS, "url": "ws://csms.example:8080/a/b/"}, "csms")
    assert (found.host, found.port, found.path) == ("csms.example", 8080, "/a/b")
    assert found.identities == ("CS1", "CS2")
    assert settings({**CSMS, "url": "ws://csms.example"}, "csms").port == 80


@pytest.mark.parametrize(
    ("role", "change", "sentence"),
    [
        ("charger", {"kind": "serial"}, "kind: is 'serial'"),
        ("charger", {"port": 0}, "port: is 0"),
        ("charger", {"host": "example.org"}, "host: is 'example.org'; write an IP address"),
        ("charger", {"path": "ocpp"}, "path: is 'ocpp'"),
        ("charger", {"identity": None}, "identity: is missing"),
        ("charger", {"identity": "a:b"}, "identity: 'a:b' is no identity"),
        ("charger", {"identity": "x" * 49}, "is no identity; 1 to 48 characters"),
        ("charger", {"security_profile": 4}, "security_profile: is 4"),
        ("charger", {"editions": ["ocpp1.6"]}, "editions: 'ocpp1.6' is no edition"),
        ("charger", {"url": "ws://x"}, "url: is unknown"),
        ("charger", {"password": SECRET}, "password: stands in a file that is kept with the run"),
        ("charger", {"password_env": "NOT_SET"}, "password_env: names 'NOT_SET', which is not set"),
        ("charger", {"password_env": "SHORT"}, "the password has 5 characters"),
        ("charger", {"password_file": "x"}, "password_file exclude each other"),
        ("charger", {"security_profile": 2}, "server_certificates: is missing"),
        ("csms", {"url": "http://x"}, "url: is missing or no WebSocket address"),
        ("csms", {"url": "ws://x:99999999"}, "url: cannot be read"),
        ("csms", {"url": f"ws://CS1:{SECRET}@x/"}, "url: holds a user or a password"),
        ("csms", {"url": "wss://x"}, "url: is wss:// for security profile 1"),
        ("csms", {"identities": []}, "identities: is missing"),
        ("csms", {"identities": "CS1"}, "identities: is 'CS1'"),
        ("csms", {"url": "wss://x", "security_profile": 2}, "roots: is missing"),
        ("csms", {"url": "wss://x", "security_profile": 3}, "station_key: is missing"),
        ("ev", {}, "kind: role 'ev' has no OCPP"),
    ],
)
def test_what_where_and_remedy(role: str, change: dict[str, Any], sentence: str) -> None:
    table = {**(CSMS if role == "csms" else STATION), **change}
    assert sentence in told({key: value for key, value in table.items() if value is not None}, role)


def test_a_password_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    table = {key: value for key, value in STATION.items() if key != "password_env"} | {"password_file": "secret"}
    assert "cannot read" in told(table, "charger", tmp_path)
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    assert settings(table, "charger", tmp_path).password == SECRET


def test_certificates_and_key_belong_together(tmp_path: Path) -> None:
    pki = BackendPki(datetime.now(UTC))
    ec, rsa = pki.csms()
    (tmp_path / "chain.pem").write_bytes(ec.certificates_pem())
    (tmp_path / "key.pem").write_bytes(ec.private_key_pem())
    (tmp_path / "other.pem").write_bytes(rsa.private_key_pem())
    (tmp_path / "roots.pem").write_bytes(pem(*pki.roots))
    table = {**STATION, "security_profile": 2, "server_certificates": "chain.pem", "server_key": "key.pem"}
    found = settings(table, "charger", tmp_path)
    assert found.own is not None
    assert "BEGIN" not in repr(found)
    assert "does not belong" in told({**table, "server_key": "other.pem"}, "charger", tmp_path)
    assert "roots: is missing" in told({**table, "security_profile": 3}, "charger", tmp_path)
    with_roots = {**table, "security_profile": 3, "roots": "roots.pem"}
    assert settings(with_roots, "charger", tmp_path).password == ""


@pytest.mark.parametrize("role", ["charger", "csms"])
def test_the_embedded_devices_are_ready(role: str) -> None:
    ready = prepare(embedded_dut(role))
    assert ready.ocpp is not None
    assert all(good for _, good, _ in examine(embedded_dut(role)))


def network(tmp_path: Path) -> Path:
    text = embedded_dut("csms").read_text(encoding="utf-8")
    keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in CSMS.items())
    path = tmp_path / "dut.toml"
    path.write_text(text.replace('kind = "embedded"', keys), encoding="utf-8")
    return path


def test_no_secret_is_kept_with_the_run(tmp_path: Path) -> None:
    ready = prepare(network(tmp_path))
    out = tmp_path / "run"
    campaigns.start(load_catalogue(), ready, out, selector=Selector("ocpp"), scheme="", seed=1)
    for file in out.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file
    interfaces = json.loads((out / "run.json").read_text(encoding="utf-8"))["interfaces"]
    assert interfaces["ocpp"]["password_env"] == CSMS["password_env"]


def test_a_port_that_is_taken_is_found_before_the_first_test(tmp_path: Path) -> None:
    text = embedded_dut("charger").read_text(encoding="utf-8")
    holder = socket.create_server(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {**STATION, "port": port}.items())
    begin, end = text.index("[interfaces.iso15118]"), text.index("[interfaces.ocpp]")
    path = tmp_path / "dut.toml"
    path.write_text((text[:begin] + text[end:]).replace('kind = "embedded"', keys), encoding="utf-8")
    with holder, pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}"):
        prepare(path)
