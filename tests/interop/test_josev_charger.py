"""The whole charger catalogue meets Josev's charger, plain and with TLS 1.3.

Every case that does not pass and every rule on all traces that is broken is known: it stands in ``josev/expected.toml``
with the finding in ``docs/interop/josev.md`` that explains it. A result that is not expected, or an expected one that
went away, is red: it wants to be looked at.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING, Any, Self

import pytest

from interop.conftest import skip_or_fail
from interop.environments import MissingError, python_of
from interop.josev.pki import lay_out_ours
from interop.josev.processes import Charger, let_go_first
from interop.netns import Cable
from v2gready.engine.catalogue import load_catalogue
from v2gready.model.pics import Condition
from v2gready.protocols.pki import Curve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = [pytest.mark.interop, pytest.mark.timeout(3000)]

HERE = Path(__file__).resolve().parent / "josev"
FINDINGS = Path(__file__).resolve().parents[2] / "docs" / "interop" / "josev.md"


def expectations() -> dict[str, dict[str, dict[str, Any]]]:
    """``expected.toml``, with an entry for each case of those that stand there together (``alike``)."""
    found = tomllib.loads((HERE / "expected.toml").read_text())
    for group in found.pop("alike"):
        table = found.setdefault(group.pop("table", "cases"), {})
        names = group.pop("cases")
        assert not table.keys() & {*names}, group
        table |= dict.fromkeys(names, group)
    return found


EXPECTED = expectations()

WARM_UP = 40
"""Rounds through the codec before a charger is used: its response times are judged, while up to nine others start."""

BENCHES = {"plain": 4, "tls": 6}
"""Chargers that share the cases of a transport: each is deaf for five seconds after each session."""

SHORT = 10.0
"""Seconds that a case takes here, most of them waiting."""

LONG = {
    "CHG-SES-RANDOM-01": 350.0,
    "CHG-SES-RANDOM-02": 350.0,
    "CHG-SES-UNIQUE-01": 250.0,
    "CHG-PAU-LONG-01": 50.0,
    "CHG-PAU-REPEAT-01": 50.0,
}
"""Those of the cases with many sessions."""

START = 40.0
"""Seconds of computing until a charger is warm. They start one after the other; the first are at work meanwhile."""

NO_LIMITS = "TypeError occurred while processing message  in state ACChargeLoop"
"""What Josev logs when an AC loop finds no limits (J-13)."""

Cases = dict[str, dict[str, Any]]
"""Finished cases of a run by id, as they stand in ``run.json``."""

TRANSPORTS = pytest.mark.parametrize(
    "transport",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"josev-{name}")) for name in ("plain", "tls")],
)


def needs_josev() -> None:
    """Without Josev's environment the test is skipped or, in CI, fails."""
    try:
        with Cable():
            python_of("josev")
    except MissingError as reason:
        skip_or_fail(reason)


@pytest.fixture
def josev() -> None:
    """Josev's environment."""
    needs_josev()


class Bench:
    """A charger of Josev's on a cable of its own, and what our suite says about it.

    With TLS it offers Plug & Charge beside EIM, and has the roots of a PKI of ours, whose car comes. Over plain TCP it
    offers EIM alone.
    """

    def __init__(self, folder: Path, transport: str, curve: Curve = Curve.P521) -> None:
        """Only note where its files go, and the curve of all certificates."""
        self._folder = folder
        self._transport = transport
        self._curve = curve
        self._dut = folder / "dut.toml"
        self._stack = ExitStack()
        self._runs = 0

    def __enter__(self) -> Self:
        """Start the charger, warm."""
        self._folder.mkdir()
        pki, settings, credentials = None, {}, ""
        if self._transport == "tls":
            pki, settings = lay_out_ours(self._folder / "pki", curve=self._curve), {"AUTH_MODES": "EIM,PNC"}
            credentials = f'authorities = "{pki.ours}"\ncurve = "secp256r1"'
        with ExitStack() as stack:
            self.cable = stack.enter_context(Cable())
            self.charger = stack.enter_context(
                Charger(self.cable, self._folder / "charger.log", pki=pki, settings=settings, warm_up=WARM_UP)
            )
            self._stack = stack.pop_all()
        self._dut.write_text(dut_file(self._transport, self.cable.car.interface, credentials))
        return self

    @property
    def authorities(self) -> Path:
        """The PKI whose roots it has."""
        return self._folder / "pki" / "ours"

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._stack.close()

    def certify(self, ids: Iterable[str]) -> Cases:
        """Runs some cases, in the order of the catalogue."""
        out = self._folder / f"run{self._runs}"
        self._runs += 1
        command = [str(Path(sys.executable).with_name("v2gready")), "certify", str(self._dut), "--out", str(out)]
        command += ["--seed", "1", "--select", " or ".join(ids)]
        running = self.cable.car.popen(command, stdout=PIPE, stderr=STDOUT, text=True, start_new_session=True)
        let_go_first(running.pid)
        told, _ = running.communicate()
        assert (out / "run.json").exists(), told
        cases = json.loads((out / "run.json").read_text())["cases"]
        return {case["id"]: case for case in cases if case["lifecycle"] == "finished"}


def dut_file(transport: str, interface: str = "", credentials: str = "") -> str:
    """The DUT file of Josev's charger on a cable."""
    text = (HERE / "dut.toml").read_text()
    tls = transport == "tls"
    for key, value in {
        "interface": interface,
        "security": "tls" if tls else "none",
        "credentials": credentials,
        "tls": str(tls).lower(),
        "pnc": str(tls).lower(),
        "plain_tcp": str(not tls).lower(),
    }.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def shares(transport: str) -> list[tuple[list[str], list[str]]]:
    """The cases that each of the chargers gets, about as much work for each: what needs AC, and then the rest.

    A DC session breaks every later AC loop of the same process (J-13).
    """
    declared = tomllib.loads(dut_file(transport))["pics"]
    first, then = [], []
    for case in load_catalogue().cases:
        if case.role != "charger" or case.neighbour != "ev" or not Condition(case.pics).holds(declared):
            continue
        if case.hooks or case.instruments:
            continue  # nobody can make it act
        needs_ac = Condition(case.pics).holds({"ac": False, "ac_bpt": False}) is False
        (first if needs_ac else then).append(case.id)
    count = BENCHES[transport]
    found: list[tuple[list[str], list[str]]] = [(first[n::count], []) for n in range(count)]
    work = [START * n + SHORT * len(turn) for n, (turn, _) in enumerate(found)]
    for key in sorted(then, key=lambda one: -LONG.get(one, SHORT)):
        n = work.index(min(work))
        found[n][1].append(key)
        work[n] += LONG.get(key, SHORT)
    return found


def expected_verdict(key: str, transport: str) -> str:
    """The verdict of a case."""
    entry = EXPECTED["cases"].get(key, {})
    return str(entry.get(transport, entry.get("verdict", "pass")))


def expected_rules(key: str) -> dict[str, str]:
    """The invariants that are broken in a case, with their verdict."""
    return {
        rule: verdict
        for rule, verdicts in EXPECTED["invariants"].items()
        for verdict, cases in verdicts.items()
        if key in cases
    }


def surprises(ids: Iterable[str], cases: Cases, transport: str) -> dict[str, list[str]]:
    """What nobody has explained yet, by case: another verdict, an invariant broken or no longer broken."""
    found = defaultdict(list)
    for key in ids:
        wanted = expected_verdict(key, transport)
        if key not in cases:
            if wanted != "pass":
                found[key].append(f"{key}: not run, expected {wanted}")
            continue
        case = cases[key]
        if case["verdict"] != wanted:
            found[key].append(f"{key}: {case['verdict']} ({case['reason']}), expected {wanted}")
        rules = expected_rules(key)
        broken = {one["id"]: one for one in case["invariants"] if one["verdict"] != "pass"}
        for rule in sorted(rules.keys() | broken.keys()):
            seen = broken.get(rule, {"verdict": "pass", "reason": "not broken"})
            if seen["verdict"] != rules.get(rule, "pass"):
                told = f"{rule} {seen['verdict']} ({seen['reason']}), expected {rules.get(rule, 'pass')}"
                found[key].append(f"{key}: {told}")
    return dict(found)


def harness_errors(cases: Cases) -> Iterator[str]:
    """Judges and stimuli that raised: never the device's fault, never to be repeated away."""
    for key, case in cases.items():
        for one in ({**case, "id": "the case"}, *case["invariants"]):
            if one["verdict"] == "error":
                yield f"{key}: {one['id']}: {one['reason']}"


@TRANSPORTS
@pytest.mark.usefixtures("josev")
def test_every_result_is_known(transport: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """What surprises is run once more on a charger started for it, and told in the summary.

    The counterpart is a simulator on a Java virtual machine, ten of them share the machine, and what a flipped bit
    costs it is chance (J-28). Only a surprise that repeats while its neighbours are at rest is one about the charger.
    """
    cases: Cases = {}

    def done_by(bench: Bench, turns: tuple[list[str], list[str]]) -> Cases:
        return {key: case for turn in turns if turn for key, case in bench.certify(turn).items()}

    work = shares(transport)
    with ThreadPoolExecutor(len(work)) as pool, ExitStack() as stack:
        running = []
        for n, turns in enumerate(work):
            bench = stack.enter_context(Bench(tmp_path / f"bench{n}", transport))
            running.append(pool.submit(done_by, bench, turns))
        for done in running:
            cases |= done.result()
    assert len(cases) >= 120
    errors = list(harness_errors(cases))
    for key, told in surprises([*cases], cases, transport).items():
        record_property("repeated", f"{transport}: {'; '.join(told)}")
        with Bench(tmp_path / key, transport) as bench:
            cases |= bench.certify([key])
    errors += [one for one in harness_errors(cases) if one not in errors]
    left = [line for lines in surprises({*cases, *EXPECTED["cases"]}, cases, transport).values() for line in lines]
    assert not errors + left, "\n".join(errors + left)


@TRANSPORTS
@pytest.mark.usefixtures("josev")
def test_an_ac_loop_is_answered_until_the_first_dc_session(transport: str, tmp_path: Path) -> None:
    """J-13 in one process: the same AC cases before and after one ChargeParameterDiscovery for DC."""
    entries = EXPECTED["after-dc"]
    with Bench(tmp_path / "bench", transport) as bench:
        before = bench.certify(entries)
        assert not any(NO_LIMITS in record.text for record in bench.charger.records())
        assert bench.certify(["CHG-CPD-DC-01"])
        after = bench.certify(entries)
        refusals = [record for record in bench.charger.records() if NO_LIMITS in record.text]
    assert not [*harness_errors(before), *harness_errors(after)]
    assert {key: case["verdict"] for key, case in before.items()} == {
        key: expected_verdict(key, transport) for key in entries
    }
    assert {key: case["verdict"] for key, case in after.items()} == {
        key: entry["verdict"] for key, entry in entries.items()
    }
    assert len(refusals) >= len(entries)


def test_every_expectation_is_explained() -> None:
    findings = set(FINDINGS.read_text().split())
    rows = [*EXPECTED["cases"].values(), *EXPECTED["after-dc"].values()]
    rows += [entry for entry in EXPECTED["rig"].values() if entry["verdict"] != "pass"]
    for entry in rows:
        verdicts = {entry[key] for key in ("verdict", "plain", "tls") if key in entry}
        assert verdicts <= {"inconc", "fail"}, entry
        assert verdicts, entry
        assert entry["finding"] in findings
    for rule, verdicts in EXPECTED["invariants"].items():
        assert verdicts.keys() <= {"inconc", "fail"}, rule
        assert {finding for cases in verdicts.values() for finding in cases.values()} <= findings


def test_every_expectation_is_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    named = {key for table in ("cases", "after-dc", "rig") for key in EXPECTED[table]}
    named |= {key for verdicts in EXPECTED["invariants"].values() for cases in verdicts.values() for key in cases}
    assert named <= {case.id for case in catalogue.cases}
    assert EXPECTED["invariants"].keys() <= {rule.id for rule in catalogue.invariants}
