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
from interop.josev.pki import JosevPki, lay_out
from interop.josev.processes import Charger, let_go_first
from interop.netns import Cable
from v2gready.engine.catalogue import load_catalogue
from v2gready.model.pics import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = [pytest.mark.interop, pytest.mark.timeout(3000)]

HERE = Path(__file__).resolve().parent / "josev"
FINDINGS = Path(__file__).resolve().parents[2] / "docs" / "interop" / "josev.md"
EXPECTED: dict[str, dict[str, dict[str, Any]]] = tomllib.loads((HERE / "expected.toml").read_text())

WARM_UP = 40
"""Rounds through the codec before a charger is used: its response times are judged, while up to five others start."""

BENCHES = 3
"""Chargers that share the cases of a transport: each is deaf for five seconds after each session."""

NO_LIMITS = "TypeError occurred while processing message  in state ACChargeLoop"
"""What Josev logs when an AC loop finds no limits (J-13)."""

Cases = dict[str, dict[str, Any]]
"""Finished cases of a run by id, as they stand in ``run.json``."""

TRANSPORTS = pytest.mark.parametrize(
    "transport",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"josev-{name}")) for name in ("plain", "tls")],
)


@pytest.fixture
def josev() -> None:
    """Josev's environment; without it the test is skipped or, in CI, fails."""
    try:
        with Cable():
            python_of("josev")
    except MissingError as reason:
        skip_or_fail(reason)


class Bench:
    """A charger of Josev's on a cable of its own, and what our suite says about it."""

    def __init__(self, folder: Path, transport: str) -> None:
        """Only note where its files go."""
        self._folder = folder
        self._tls = transport == "tls"
        self._stack = ExitStack()
        self._runs = 0

    def __enter__(self) -> Self:
        """Start the charger, warm."""
        self._folder.mkdir()
        pki = lay_out(self._folder / "pki") if self._tls else None
        with ExitStack() as stack:
            self._cable = stack.enter_context(Cable())
            self.charger = stack.enter_context(
                Charger(self._cable, self._folder / "charger.log", pki=pki, warm_up=WARM_UP)
            )
            self._stack = stack.pop_all()
        self._dut = dut_file(self._folder, self._cable, pki)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._stack.close()

    def certify(self, ids: Iterable[str]) -> Cases:
        """Runs some cases, in the order of the catalogue."""
        out = self._folder / f"run{self._runs}"
        self._runs += 1
        command = [str(Path(sys.executable).with_name("v2gready")), "certify", str(self._dut), "--out", str(out)]
        command += ["--seed", "1", "--select", " or ".join(ids)]
        running = self._cable.car.popen(command, stdout=PIPE, stderr=STDOUT, text=True, start_new_session=True)
        let_go_first(running.pid)
        told, _ = running.communicate()
        assert (out / "run.json").exists(), told
        cases = json.loads((out / "run.json").read_text())["cases"]
        return {case["id"]: case for case in cases if case["lifecycle"] == "finished"}


def dut_file(folder: Path, cable: Cable, pki: JosevPki | None) -> Path:
    """The DUT file of Josev's charger on this cable."""
    credentials = ""
    if pki is not None:
        credentials = (
            f'roots = "{pki.v2g_root}"\nvehicle_certificates = "{pki.car_chain}"\n'
            f'vehicle_key = "{pki.car_key}"\ncurve = "secp256r1"'
        )
    text = (HERE / "dut.toml").read_text()
    for key, value in {
        "interface": cable.car.interface,
        "security": "none" if pki is None else "tls",
        "credentials": credentials,
        "tls": str(pki is not None).lower(),
        "plain_tcp": str(pki is None).lower(),
    }.items():
        text = text.replace(f"{{{key}}}", value)
    path = folder / "dut.toml"
    path.write_text(text)
    return path


def in_two_turns() -> tuple[list[str], list[str]]:
    """What needs AC, and the rest: a DC session breaks every later AC loop of the same process (J-13)."""
    first, then = [], []
    for case in load_catalogue().cases:
        needs_ac = Condition(case.pics).holds({"ac": False, "ac_bpt": False}) is False
        (first if needs_ac else then).append(case.id)
    return first, then


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

    The counterpart is a simulator on a Java virtual machine, six of them share the machine, and what a flipped bit
    costs it is chance (J-28). Only a surprise that repeats while its neighbours are at rest is one about the charger.
    """
    first, then = in_two_turns()
    cases: Cases = {}
    with ExitStack() as stack:
        benches = [stack.enter_context(Bench(tmp_path / f"bench{n}", transport)) for n in range(BENCHES)]

        def share(n: int) -> Cases:
            return benches[n].certify(first[n::BENCHES]) | benches[n].certify(then[n::BENCHES])

        with ThreadPoolExecutor(BENCHES) as pool:
            for done in pool.map(share, range(BENCHES)):
                cases |= done
    assert len(cases) >= 120
    errors = list(harness_errors(cases))
    for key, told in surprises([*cases], cases, transport).items():
        record_property("repeated", f"{transport}: {'; '.join(told)}")
        with Bench(tmp_path / key, transport) as bench:
            cases |= bench.certify([key])
    errors += [one for one in harness_errors(cases) if one not in errors]
    left = [line for lines in surprises(first + then, cases, transport).values() for line in lines]
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
    named = {key for table in ("cases", "after-dc") for key in EXPECTED[table]}
    named |= {key for verdicts in EXPECTED["invariants"].values() for cases in verdicts.values() for key in cases}
    assert named <= {case.id for case in catalogue.cases}
    assert EXPECTED["invariants"].keys() <= {rule.id for rule in catalogue.invariants}
