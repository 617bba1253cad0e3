"""Cases side by side: the same records as one after the other, and a lost worker costs its case alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.engine.cases import Good, Never, catalogue
from tests.unit.engine.test_campaign import READY, begin, result
from v2gready.engine import campaign as campaigns
from v2gready.engine.crew import POSSIBLE, Begun, Crew, Done, Lost
from v2gready.engine.run_directory import RunDirectory
from v2gready.model.run import CaseRecord
from v2gready.model.verdict import Lifecycle, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v2gready.authoring import ChargerBench

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="workers are forked, on Linux alone")

ROOT = Path(__file__).parents[3]
RECORD = CaseRecord(info=Good.info(), lifecycle=Lifecycle.FINISHED, verdict=Verdict.PASS)


class Killed(Good):
    """Its process is killed, as by a system without memory."""

    id = "CHG-ENG-KILL-01"

    async def stimulate(self, bench: ChargerBench) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Pressed(Good):
    """The operator presses Ctrl-C while it runs, and it would run on."""

    id = "CHG-ENG-CTRLC-02"

    async def stimulate(self, bench: ChargerBench) -> None:
        os.kill(os.getppid(), signal.SIGINT)
        while True:
            signal.pause()


def work(case_id: str) -> CaseRecord:
    """A record that tells who made it; some do not survive it."""
    if case_id.startswith("KILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    if case_id.startswith("RAISE"):
        os._exit(3)
    return replace(RECORD, reason=f"{case_id} in {os.getpid()}")


@pytest.fixture
def crew() -> Iterator[Crew]:
    """Two workers with five cases, two of them deadly."""
    crew = Crew(2, work, ["ONE", "KILL", "TWO", "THREE", "FOUR"])
    yield crew
    crew.close()


def test_every_case_is_begun_once_and_done_or_lost(crew: Crew) -> None:
    events = list(crew.events())
    begun = [one.case_id for one in events if isinstance(one, Begun)]
    done = {one.case_id: one.record.reason for one in events if isinstance(one, Done)}
    assert begun == ["ONE", "KILL", "TWO", "THREE", "FOUR"]
    assert set(done) == {"ONE", "TWO", "THREE", "FOUR"}
    assert [one for one in events if isinstance(one, Lost)] == [Lost("KILL", -signal.SIGKILL)]
    assert not any(reason.endswith(f" {os.getpid()}") for reason in done.values())


def test_without_workers_the_events_end() -> None:
    crew = Crew(2, work, ["KILL-1", "RAISE-2", "ONE"])
    try:
        lost = {one.case_id: one.exit_code for one in crew.events() if isinstance(one, Lost)}
    finally:
        crew.close()
    assert lost == {"KILL-1": -signal.SIGKILL, "RAISE-2": 3}


def test_the_records_are_those_of_one_after_the_other(tmp_path: Path) -> None:
    cases = catalogue(Good, Never)
    records = {}
    for size in (1, 2):
        campaign = begin(cases, tmp_path / str(size))
        with campaign.side_by_side(size):
            for case in (Never, Good):
                campaign.run_case(case)
        assert campaign.finish().finished
        stored = RunDirectory.load(tmp_path / str(size)).record.cases
        records[size] = [replace(one, started="", duration=0.0) for one in stored]
    assert records[1] == records[2]
    assert [one.verdict for one in records[1]] == [Verdict.PASS, Verdict.INCONC]


def test_a_killed_worker_is_an_error_of_its_case(tmp_path: Path) -> None:
    campaign = begin(catalogue(Killed, Good), tmp_path / "run")
    with campaign.side_by_side(2):
        lost, good = campaign.run_case(Killed), campaign.run_case(Good)
    assert (lost.verdict, lost.reason) == (
        Verdict.ERROR,
        "the process that ran it ended (exit code -9); is there memory enough?",
    )
    assert good.verdict is Verdict.PASS


def test_what_no_worker_is_left_for_runs_here(tmp_path: Path) -> None:
    class Second(Killed):
        """Another one."""

        id = "CHG-ENG-KILL-02"

    campaign = begin(catalogue(Killed, Second, Good), tmp_path / "run")
    with campaign.side_by_side(2):
        assert campaign.run_case(Good).verdict is Verdict.PASS
    assert result(tmp_path / "run", Second.id).verdict is Verdict.ERROR


def test_ctrl_c_ends_the_workers_and_leaves_the_case_to_resume(tmp_path: Path) -> None:
    cases = catalogue(Pressed, Never)
    campaign = begin(cases, tmp_path / "run")
    # Pressed is handed out first and never ends: wherever the signal meets us, we wait for it.
    with campaign.side_by_side(2), pytest.raises(KeyboardInterrupt):
        campaign.run_case(Pressed)
    assert result(tmp_path / "run", Pressed.id).lifecycle is Lifecycle.INTERRUPTED
    assert Pressed in campaigns.resume(cases, READY, tmp_path / "run").pending


ORPHANED = """
import os, signal, time
from tests.unit.engine.test_crew import RECORD
from v2gready.engine.crew import Crew
def work(case_id):
    print(os.getpid(), flush=True)
    time.sleep(0.2)
    return RECORD
crew = Crew(2, work, ["ONE", "TWO", "THREE"])
events = crew.events()
next(events), next(events)
time.sleep(0.1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_when_their_parent_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", ORPHANED], stdout=subprocess.PIPE, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == -signal.SIGKILL
    workers = [int(line) for line in done.stdout.split()]
    assert len(workers) == 2
    # Red by the timeout of the test: a worker that waits for its dead parent does so for ever.
    while any(running(worker) for worker in workers):
        time.sleep(0.01)


def running(worker: int) -> bool:
    """Whether a process is there; one that nobody fetched the exit code of is not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{worker}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
