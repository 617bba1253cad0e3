"""The command line as a user and a CI job meet it: exit codes, sentences, files."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready.cli import side_by_side
from v2gready.engine.crew import processors
from v2gready.model.dut import ConfigurationError
from v2gready.resources import folder

EMBEDDED = folder("fixtures") / "dut" / "embedded-charger.toml"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def v2gready(tmp_path: Path) -> Run:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from v2gready.cli import main; main()", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )

    return run


def test_certify_the_reference_charger(v2gready: Run, tmp_path: Path) -> None:
    done = v2gready("certify", "--select", "CHG-DC-SESSION-01", "--out", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 pass" in done.stdout
    assert "report.html" in done.stdout
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"run.json", "report.html", "junit.xml"}
    again = v2gready("evaluate", "run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "No verdict changed." in again.stdout
    assert v2gready("report", "run").returncode == 0
    assert v2gready("certify", "--select", "sdp", "--out", "run").returncode == 2
    resumed = v2gready("certify", "--resume", "--out", "run")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr


def test_a_contradicted_declaration_is_exit_code_1(v2gready: Run, tmp_path: Path) -> None:
    dut = tmp_path / "dut.toml"
    text = EMBEDDED.read_text()
    dut.write_text(text.replace("service_renegotiation = true", "service_renegotiation = false"))
    done = v2gready("certify", str(dut), "--select", "CHG-DC-SESSION-01", "--out", "run")
    assert done.returncode == 1, done.stdout
    assert "INV-CHG-PICS" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("certify", "none.toml"), "none.toml: file: does not exist; check the path"),
        (("certify", "--select", "sdp and"), "--select: 'sdp and': it ends too early"),
        (("certify", "--select", "nosuchword"), "leaves no case to run"),
        (
            ("certify", "--scheme", "gold"),
            "--scheme: gold: is no scheme of this suite; use one of charger-grid, charger-iso15118-20, charger-ocpp",
        ),
        (("certify", "--resume"), "--resume: --out: is missing"),
        (("certify", "--resume", "--out", "x", "--select", "sdp"), "--resume: --select, --seed: are those of the run"),
        (("evaluate", "nowhere"), "nowhere: run.json: is missing"),
        (("device", "toaster"), "No such command 'toaster'"),
        (("device", "charger", "--fault", "smoke"), "--fault: smoke: is no fault"),
        (("device", "charger", "--interface", "nope0"), "nope0"),
        (("catalogue", "--format", "xml"), "--format: 'xml': is no format; write text or json"),
        (("new", "dut", "no/such/folder/x.toml"), "No such file or directory"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(v2gready: Run, arguments: tuple[str, ...], told: str) -> None:
    done = v2gready(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("jobs", "virtual", "size"), [(None, True, processors()), (None, False, 1), (1, False, 1)])
def test_cases_run_side_by_side_on_virtual_time_alone(jobs: int | None, virtual: bool, size: int) -> None:
    assert side_by_side(jobs, virtual=virtual) == size


def test_a_real_device_is_asked_for_one_case_at_a_time() -> None:
    with pytest.raises(ConfigurationError, match=r"--jobs: 2: (is for embedded devices|needs Linux)"):
        side_by_side(2, virtual=False)


def test_the_catalogue_for_programs(v2gready: Run) -> None:
    done = v2gready("catalogue", "--format", "json", "--select", "CHG-DC-SESSION-01")
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    (case,) = document["cases"]
    fields = {"id", "role", "area", "title", "requirements", "pics", "faults", "aliases"}
    assert fields <= set(case)


def test_a_port_in_use_is_named(v2gready: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.bind(("::1", 0))
        port = taken.getsockname()[1]
        done = v2gready("device", "charger", "--sdp-port", str(port))
    assert done.returncode == 2, done.stderr
    assert str(port) in done.stderr


def test_new_files_are_ready_to_fill_in(v2gready: Run, tmp_path: Path) -> None:
    assert v2gready("new", "dut", "dut.toml").returncode == 0
    told = v2gready("doctor", "dut.toml")
    assert told.returncode == 2
    assert "WRONG pics.dc: no answer to: Does it offer service 2, DC?; answer true or false" in told.stdout
    assert v2gready("new", "dut", "dut.toml").returncode == 2
    assert v2gready("new", "dut", "csms.toml", "--role", "csms").returncode == 0
    assert "WRONG pics.ocpp21: no answer to" in v2gready("doctor", "csms.toml").stdout
    assert v2gready("new", "case", "case.py", "--id", "CHG-NEW-CASE-01").returncode == 0
    compile((tmp_path / "case.py").read_text(), "case.py", "exec")


def test_plain_lines_without_a_terminal(v2gready: Run) -> None:
    done = v2gready("certify", "--select", "CHG-DC-SESSION-01", "--out", "run")
    assert "\x1b[" not in done.stdout
    assert "pass   CHG-DC-SESSION-01" in done.stdout
