"""Reference station and reference CSMS as processes of their own: certified over real sockets, hooks over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from v2gready.engine import campaign as campaigns
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.preflight import embedded_dut, prepare
from v2gready.engine.selection import Selector
from v2gready.model.verdict import Verdict

SECRET = "correct-horse-battery-staple"  # noqa: S105 - a secret to look for


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PASSWORD", SECRET)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


@contextmanager
def device(*arguments: str, says: str) -> Iterator[None]:
    """Runs ``v2gready device`` until it says so, and ends it."""
    command = [sys.executable, "-c", "from v2gready.cli import main; main()", "device", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        try:
            assert says in process.stdout.readline()
            yield
        finally:
            process.terminate()


def dut(tmp_path: Path, role: str, **keys: object) -> Path:
    text = embedded_dut(role).read_text(encoding="utf-8")
    begin = text.index("[interfaces")
    end = text.index("[pics]")
    table = {"kind": "network", "password_env": "BENCH_PASSWORD", **keys}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "dut.toml"
    path.write_text(f"{text[:begin]}[interfaces.ocpp]\n{lines}\n\n{text[end:]}", encoding="utf-8")
    return path


def certified(path: Path, tmp_path: Path, case: str) -> Verdict:
    catalogue = load_catalogue()
    campaign = campaigns.start(catalogue, prepare(path), tmp_path / "run", selector=Selector(case), scheme="", seed=1)
    verdict = campaign.run_case(catalogue.case(case)).verdict
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    return verdict


def test_a_csms_over_sockets(tmp_path: Path) -> None:
    port, control = free_port(), free_port()
    options = ("--port", str(port), "--password-env", "BENCH_PASSWORD", "--control", str(control))
    with device("csms", *options, says="reference CSMS"):
        path = dut(tmp_path, "csms", url=f"ws://127.0.0.1:{port}/ocpp", identities=["CS001"])
        assert certified(path, tmp_path, "CSMS-OCPP-RPC-01") is Verdict.PASS


@pytest.mark.parametrize(("fault", "verdict"), [((), Verdict.PASS), (("unknown-action-accepted",), Verdict.FAIL)])
def test_a_station_over_sockets(tmp_path: Path, fault: tuple[str, ...], verdict: Verdict) -> None:
    port = free_port()
    options = ("--url", f"ws://127.0.0.1:{port}/ocpp", "--password-env", "BENCH_PASSWORD", "--identity", "CS1")
    with device("station", *options, *(part for one in fault for part in ("--fault", one)), says="reference station"):
        path = dut(tmp_path, "charger", port=port, identity="CS1")
        assert certified(path, tmp_path, "CHG-OCPP-RPC-01") is verdict


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("plug_in?evse=1&bpt=True", 204),
        ("plug_in?evse=1&bpt={bpt}", 204),
        ("plug_in?evse=one", 400),
        ("plug_in?colour=red&evse=7", 400),
        ("fly", 404),
    ],
)
def test_hooks_over_http(request_line: str, status: int) -> None:
    control = free_port()
    options = ("--url", f"ws://127.0.0.1:{free_port()}/ocpp", "--password-env", "BENCH_PASSWORD")
    with device("station", *options, "--control", str(control), says="reference station"):
        request = urllib.request.Request(f"http://127.0.0.1:{control}/{request_line}", data=b"", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
                found = answer.status
        except urllib.error.HTTPError as refused:
            found = refused.code
            refused.close()
        assert found == status


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        command = [sys.executable, "-c", "from v2gready.cli import main; main()", "device", "csms", "--port", port]
        done = subprocess.run(
            [*command, "--password-env", "BENCH_PASSWORD"], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2, done.stderr
    assert port in done.stderr
    assert "Traceback" not in done.stderr
