"""A run is recorded as it goes: a bug, a hang, Ctrl-C or a kill costs the case at hand and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.engine.cases import Endless, Good, Interrupted, Never, Raising, Spinning, catalogue
from v2gready.engine import campaign as campaigns
from v2gready.engine.campaign import Campaign
from v2gready.engine.catalogue import Catalogue
from v2gready.engine.preflight import Ready, embedded_dut, prepare
from v2gready.engine.run_directory import RunDirectory
from v2gready.engine.selection import Selector
from v2gready.engine.trace_file import read_trace
from v2gready.model.dut import ConfigurationError
from v2gready.model.run import CaseRecord
from v2gready.model.verdict import Lifecycle, Verdict

READY = prepare(embedded_dut())


def begin(cases: Catalogue, out: Path, ready: Ready = READY) -> Campaign:
    return campaigns.start(cases, ready, out, selector=Selector(""), scheme="charger-iso15118-20", seed=7)


def result(out: Path, case_id: str) -> CaseRecord:
    return next(case for case in RunDirectory.load(out).record.cases if case.info.id == case_id)


def test_a_case_leaves_record_trace_and_capture(tmp_path: Path) -> None:
    campaign = begin(catalogue(Good), tmp_path / "run")
    campaign.run_case(Good)
    run = campaign.finish()
    record = result(tmp_path / "run", Good.id)
    assert (record.verdict, record.lifecycle) == (Verdict.PASS, Lifecycle.FINISHED)
    assert run.finished
    assert read_trace(tmp_path / "run" / record.trace).records
    assert (tmp_path / "run" / record.capture).stat().st_size > 1000


def test_the_same_seed_gives_the_same_trace(tmp_path: Path) -> None:
    traces = []
    for name in ("one", "two"):
        campaign = begin(catalogue(Good), tmp_path / name)
        record = campaign.run_case(Good)
        traces.append([getattr(one, "raw", b"") for one in read_trace(tmp_path / name / record.trace).records])
    assert traces[0] == traces[1]


@pytest.mark.parametrize(
    ("case", "verdict", "told"),
    [
        (Raising, Verdict.ERROR, "the stimulus failed: RuntimeError: a bug of ours (cases.py:"),
        (Endless, Verdict.ERROR, "the stimulus did not end within 32400 s"),
        (Spinning, Verdict.INCONC, "the charger sent more than a trace can hold"),
        (Never, Verdict.INCONC, "the session did not reach DC_ChargeLoopReq: the last frame of the charger is"),
    ],
)
def test_what_goes_wrong_is_a_verdict(tmp_path: Path, case: type[Good], verdict: Verdict, told: str) -> None:
    campaign = begin(catalogue(case, Good), tmp_path / "run")
    record = campaign.run_case(case)
    assert (record.verdict, record.reason[: len(told)]) == (verdict, told)
    assert campaign.run_case(Good).verdict is Verdict.PASS


def test_ctrl_c_is_recorded_and_resume_goes_on(tmp_path: Path) -> None:
    Interrupted.pressed = False
    cases = catalogue(Good, Interrupted, Never)
    campaign = begin(cases, tmp_path / "run")
    campaign.run_case(Good)
    with pytest.raises(KeyboardInterrupt):
        campaign.run_case(Interrupted)
    assert not campaign.finish().finished
    assert result(tmp_path / "run", Interrupted.id).lifecycle is Lifecycle.INTERRUPTED

    again = campaigns.resume(cases, READY, tmp_path / "run")
    assert again.pending == (Interrupted, Never)
    for case in again.pending:
        again.run_case(case)
    assert result(tmp_path / "run", Interrupted.id).verdict is Verdict.PASS
    assert again.finish().finished


def test_resume_refuses_another_device(tmp_path: Path) -> None:
    cases = catalogue(Good)
    begin(cases, tmp_path / "run")
    device = replace(READY.dut.device, firmware_version="2.0")
    with pytest.raises(ConfigurationError, match="described otherwise"):
        campaigns.resume(cases, replace(READY, dut=replace(READY.dut, device=device)), tmp_path / "run")


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    begin(catalogue(Good), tmp_path / "run")
    with pytest.raises(ConfigurationError, match="holds a run already"):
        begin(catalogue(Good), tmp_path / "run")


def test_a_stored_run_is_judged_again_from_its_octets(tmp_path: Path) -> None:
    class Stricter(Good):
        """The same case in a newer suite that found out it had been too lenient."""

        id = "CHG-ENG-GOOD-02"

        def judge(self, trace):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            for one in super().judge(trace):
                yield replace(one, verdict=Verdict.FAIL, reason="stricter")

    campaign = begin(catalogue(Good), tmp_path / "run")
    campaign.run_case(Good)
    before = (tmp_path / "run" / "run.json").read_bytes()
    Stricter.id = Good.id
    again = campaigns.evaluate(catalogue(Stricter), RunDirectory.load(tmp_path / "run"))
    assert [case.verdict for case in again.cases] == [Verdict.FAIL]
    assert (tmp_path / "run" / "run.json").read_bytes() == before


KILLED = """
import os, sys
from pathlib import Path
from tests.unit.engine.cases import Good, catalogue
from tests.unit.engine.test_campaign import begin
class Killed(Good):
    "Killed in the middle."
    id = "CHG-ENG-KILL-01"
    async def stimulate(self, bench):
        async with bench.ev.session() as session:
            await session.reach(__import__("v2gready.authoring").authoring.messages.AuthorizationReq)
            print("now", flush=True)
            __import__("time").sleep(60)
campaign = begin(catalogue(Good, Killed), Path(sys.argv[1]))
campaign.run_case(Good)
campaign.run_case(Killed)
"""


def test_kill_9_loses_the_case_at_hand_and_nothing_else(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"now\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert result(tmp_path / "run", Good.id).verdict is Verdict.PASS
    killed = result(tmp_path / "run", "CHG-ENG-KILL-01")
    assert (killed.lifecycle, killed.reason) == (Lifecycle.INTERRUPTED, "started, not finished")
    trace = read_trace(tmp_path / "run" / "traces" / "CHG-ENG-KILL-01.jsonl")
    assert any(type(getattr(one, "message", None)).__name__ == "SessionSetupRes" for one in trace.records)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"] == ""


def test_a_cut_off_run_record_is_named(tmp_path: Path) -> None:
    begin(catalogue(Good), tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(ConfigurationError, match=r"run\.json"):
        RunDirectory.load(tmp_path / "run")
