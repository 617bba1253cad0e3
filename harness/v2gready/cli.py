"""The command line: certify, evaluate, report, catalogue, doctor, device, pki, new.

Exit codes: 0 all criteria met, 1 not met, 2 configuration or usage, 3 inconclusive or incomplete, 4 error of harness
or bench.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from rich.console import Console

from v2gready import __version__
from v2gready.device_cli import device_app
from v2gready.engine import campaign as campaigns
from v2gready.engine.catalogue import Catalogue, load_catalogue
from v2gready.engine.crew import POSSIBLE, processors
from v2gready.engine.data import find_scheme, load_questionnaires
from v2gready.engine.grid_settings import GRID, installed
from v2gready.engine.ocpp_settings import OCPP
from v2gready.engine.ocpp_settings import installed as ocpp_installed
from v2gready.engine.plugin import CasePlugin, arguments
from v2gready.engine.preflight import embedded_dut, examine, prepare
from v2gready.engine.progress import Live, Plain, Progress
from v2gready.engine.recordings import evaluate_recording
from v2gready.engine.run_directory import RunDirectory
from v2gready.engine.scaffold import case_template, dut_template
from v2gready.engine.selection import Selector
from v2gready.model.case import CaseError
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.model.requirement import RegistryError
from v2gready.model.run import RunRecord, info_to_json
from v2gready.model.scheme import Decision, Label, decide_label
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.pki_cli import pki_app
from v2gready.report import summary
from v2gready.report.installed import report_writers

app = typer.Typer(
    name="v2gready",
    help="Conformance harness for V2G-ready cars, chargers and their back end.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
new_app = typer.Typer(help="Write a first version of a file.", no_args_is_help=True)
app.add_typer(new_app, name="new")
app.add_typer(device_app, name="device")
app.add_typer(pki_app, name="pki")


_EXTRAS = {"numpy": "grid", "ocpp": "ocpp", "websockets": "ocpp"}
"""The extra that each optional package belongs to."""


class Exit(IntEnum):
    """What the exit code says."""

    MET = 0
    NOT_MET = 1
    USAGE = 2
    OPEN = 3
    ERROR = 4


def main() -> None:
    """Entry point: a configuration error is one clear sentence per problem and exit code 2."""
    # Traces and reports are many objects that stay; looking for garbage among them at Python's pace is 6 % of a run.
    gc.set_threshold(100_000)
    try:
        app(prog_name="v2gready")
    except ConfigurationError as wrong:
        _errors().print(str(wrong), markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(Exit.USAGE) from None
    except (CaseError, RegistryError) as wrong:
        _errors().print(f"catalogue: {wrong}", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(Exit.ERROR) from None


@app.command()
def certify(
    dut: Annotated[Path | None, typer.Argument(help="DUT file, or charger, ev or csms for the embedded one.")] = None,
    *,
    role: Annotated[
        str, typer.Option(help="Which reference device, without a DUT file: charger, csms or ev.")
    ] = "charger",
    scheme: Annotated[
        str, typer.Option(help="Label scheme; the one that asks for most of what runs if left out.")
    ] = "",
    select: Annotated[str, typer.Option(help="Which cases, e.g. 'sdp or CHG-SES-*'.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run directory; runs/<time> if left out.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    seed: Annotated[int | None, typer.Option(help="Seed of all randomness; drawn and printed if left out.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Cases side by side, for embedded devices; all processors if left out.")
    ] = None,
) -> None:
    """Run the catalogue against a device, write the report, decide the label."""
    dut, role = _named(dut, role)
    if resume and out is None:
        raise ConfigurationError("--resume", [Problem("--out", "is missing", "name the run directory to go on with")])
    if resume and (select or seed is not None):
        problem = Problem("--select, --seed", "are those of the run that goes on", "leave them out")
        raise ConfigurationError("--resume", [problem])
    if dut is not None and role != "charger":
        raise ConfigurationError(
            "--role", [Problem(role, "is for the embedded devices", "leave it out, or the DUT file")]
        )
    ready = prepare(dut) if dut else prepare(embedded_dut(role), without=_not_installed(role))
    catalogue = load_catalogue()
    _tell_left_out(catalogue)
    selector = Selector(select)
    if ready.grid is not None and any(
        case.neighbour == GRID and selector.matches(case.info()) for case in catalogue.cases
    ):
        ready.grid.check_instruments(ready.dut.source)
    size = side_by_side(jobs, virtual=campaigns.virtual(campaigns.bench_setups(ready)))
    path = out or Path("runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if resume:
        campaign = campaigns.resume(catalogue, ready, path)
    else:
        chosen = find_scheme(scheme).id if scheme else ""
        campaign = campaigns.start(catalogue, ready, path, selector=selector, scheme=chosen, seed=seed)
    with campaign.side_by_side(size):
        plugin = CasePlugin(campaign, _progress())
        status = pytest.main(arguments(), plugins=[plugin])
    raise SystemExit(_conclude(campaign.directory, interrupted=status is pytest.ExitCode.INTERRUPTED))


@app.command()
def evaluate(
    run: Annotated[Path | None, typer.Argument(help="Run directory.")] = None,
    *,
    recording: Annotated[Path | None, typer.Option(help="COMTRADE, CSV or Parquet file in place of a run.")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="Which channel of the recording is what.")] = None,
    dut: Annotated[Path | None, typer.Option(help="DUT file of the device that was recorded.")] = None,
    select: Annotated[str, typer.Option(help="Cases that the recording is meant for.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run directory to write; runs/<time> if left out.")] = None,
) -> None:
    """Judge a stored run again by this suite, or a recording of the grid side that somebody else made."""
    if (run is None) == (recording is None):
        what = "or --recording is needed" if run is None else "and --recording exclude each other"
        raise ConfigurationError("evaluate", [Problem("RUN", what, "name one of them")])
    if run is not None and (mapping or dut or select or out):
        problem = Problem("--map, --dut, --select, --out", "are for --recording", "leave them out")
        raise ConfigurationError("evaluate", [problem])
    if recording is not None:
        if dut is None:
            raise ConfigurationError("evaluate", [Problem("--dut", "is missing", "name the DUT file of the device")])
        path = out or Path("runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        stored = evaluate_recording(load_catalogue(), prepare(dut), recording, mapping, path, selector=Selector(select))
        raise SystemExit(_conclude(stored, interrupted=False))
    if run is None:
        return
    directory = RunDirectory.load(run)
    record = campaigns.evaluate(load_catalogue(), directory)
    decision = decide_label(find_scheme(record.scheme), record)
    _show(record, decision)
    changed = [
        f"{new.info.id}: {old.verdict.label} -> {new.verdict.label}"
        for old, new in zip(directory.record.cases, record.cases, strict=True)
        if old.verdict is not new.verdict
    ]
    _say("\n".join(["", *changed] if changed else ["", "No verdict changed."]))
    raise SystemExit(exit_code(record, decision))


@app.command()
def report(run: Annotated[Path, typer.Argument(help="Run directory.")]) -> None:
    """Write the reports of a stored run again."""
    RunDirectory.load(run)
    for writer in report_writers():
        _say(str(writer.write(run)))


@app.command()
def catalogue(
    *,
    select: Annotated[str, typer.Option(help="Which cases.")] = "",
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """List the cases."""
    selector = Selector(select)
    known = load_catalogue()
    _tell_left_out(known)
    infos = [case.info() for case in known.cases if selector.matches(case.info())]
    match form:
        case "json":
            document = {"schema": 1, "cases": [info_to_json(info) for info in infos]}
            sys.stdout.write(json.dumps(document, indent=1) + "\n")
        case "text":
            _say("\n".join(f"{info.id:<20} {info.area:<14} {info.title}" for info in infos))
        case _:
            raise ConfigurationError("--format", [Problem(repr(form), "is no format", "write text or json")])


@app.command()
def doctor(dut: Annotated[Path, typer.Argument(help="DUT file.")]) -> None:
    """Check a DUT file and the way to the device, before any test."""
    findings = examine(dut)
    for name, good, text in findings:
        _say(f"{'ok   ' if good else 'WRONG'} {name}: {text}")
    raise SystemExit(Exit.MET if all(good for _, good, _ in findings) else Exit.USAGE)


@new_app.command("dut")
def new_dut(
    path: Annotated[Path, typer.Argument(help="File to write.")],
    role: Annotated[str, typer.Option(help="Role of the device.")] = "charger",
) -> None:
    """Write a DUT file with every question of its role, unanswered."""
    questions = load_questionnaires()
    if role not in questions:
        raise ConfigurationError("--role", [Problem(repr(role), "has no catalogue", f"use {', '.join(questions)}")])
    _write_new(path, dut_template(role, questions[role]))


@new_app.command("case")
def new_case(
    path: Annotated[Path, typer.Argument(help="Module to write.")],
    case_id: Annotated[str, typer.Option("--id", help="Id of the case.")] = "CHG-AREA-TOPIC-01",
) -> None:
    """Write a module with one case to start from."""
    _write_new(path, case_template(case_id))


def _version(show: bool) -> None:  # noqa: FBT001 - typer calls it so
    if show:
        _say(f"v2gready {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Conformance harness for V2G-ready cars, chargers and their back end."""


def _named(dut: Path | None, role: str) -> tuple[Path | None, str]:
    """A role in place of a DUT file means its embedded device; a file of that name goes first."""
    known = {one.stem.removeprefix("embedded-") for one in embedded_dut("charger").parent.glob("embedded-*.toml")}
    if dut is not None and str(dut) in known and not dut.exists():
        return None, str(dut)
    return dut, role


def _not_installed(role: str) -> frozenset[str]:
    """Interfaces of the embedded device that this installation cannot play; its only one is not left out."""
    if role not in {"charger", "ev"}:
        return frozenset()
    missing = {GRID: installed(), OCPP: ocpp_installed()}
    return frozenset(name for name, there in missing.items() if not there)


def _tell_left_out(catalogue: Catalogue) -> None:
    """One line for each extra that is missing, on the error stream: what is for programs stays as it is."""
    for extra, modules in sorted(Counter(_EXTRAS[package] for package in catalogue.left_out.values()).items()):
        told = f"{modules} modules of cases left out: they need the extra {extra}; pip install 'v2gready[{extra}]'"
        _errors().print(told, markup=False, highlight=False, soft_wrap=True)


def side_by_side(jobs: int | None, *, virtual: bool) -> int:
    """How many cases run at a time: a real device is only one, and what is beside it would disturb its times.

    Args:
        jobs: As the user wants it; None for what suits.
        virtual: Every bench is on virtual time.

    Raises:
        ConfigurationError: This device, or this system, takes one after the other.
    """
    if jobs is None:
        return processors() if virtual else 1
    if jobs > 1 and not (virtual and POSSIBLE):
        why = "is for embedded devices: a real one takes one case after the other" if POSSIBLE else "needs Linux"
        raise ConfigurationError("--jobs", [Problem(str(jobs), why, "leave it out")])
    return jobs


def exit_code(run: RunRecord, decision: Decision) -> Exit:
    """The exit code of a run: errors first, then violations, then what is open.

    A selection runs only a part of what the scheme asks for; its cases alone count then.
    """
    finished = [case for case in run.cases if case.lifecycle is Lifecycle.FINISHED]
    if any(case.verdict in {Verdict.ERROR, Verdict.NONE} for case in finished):
        return Exit.ERROR
    if decision.label is Label.NOT_GRANTED or any(
        case.verdict is Verdict.FAIL and not case.indicative for case in finished
    ):
        return Exit.NOT_MET
    unfinished = any(case.lifecycle is Lifecycle.INTERRUPTED for case in run.cases)
    if run.selection and not unfinished and not any(case.verdict is Verdict.INCONC for case in finished):
        return Exit.MET
    return Exit.MET if decision.label is Label.GRANTED else Exit.OPEN


def _conclude(directory: RunDirectory, *, interrupted: bool) -> int:
    run = directory.record
    decision = decide_label(find_scheme(run.scheme), run)
    written = [writer.write(directory.path) for writer in report_writers()]
    _show(run, decision)
    _say("\n" + "\n".join(f"{path}" for path in written))
    if interrupted:
        _say(f"Stopped. Go on with: v2gready certify --resume --out {directory.path} (and the same DUT file)")
        return Exit.OPEN
    return exit_code(run, decision)


def _show(run: RunRecord, decision: Decision) -> None:
    console = Console()
    if console.is_terminal:
        console.print(summary.table(run, decision))
    else:
        _say(summary.plain(run, decision))


def _progress() -> Progress:
    console = Console()
    return Live(console) if console.is_terminal else Plain(console)


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(str(path), [Problem("file", "exists", "name a new file")]) from None
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise ConfigurationError(str(path), [Problem("file", reason, "name a file you can write")]) from None
    _say(f"wrote {path}")


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def _errors() -> Console:
    return Console(stderr=True)
