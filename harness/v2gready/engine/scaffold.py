"""First versions of files that users write: DUT file and test case."""

from __future__ import annotations

from collections.abc import Mapping

from v2gready.model.dut import SCHEMA
from v2gready.model.pics import PicsItem

_DUT = """\
schema = {schema}

[device]
make = ""
model = ""
serial = ""
hardware_version = ""
firmware_version = ""
firmware_sha256 = ""
role = "{role}"

{interfaces}

# Answer every question with true or false: a missing answer is not a No.
[pics]
{questions}

# Ratings and limits the device claims; judges compare them with what they see.
[pixit]
# rated_power = 11000.0     # W towards the grid

# How to make the device act. kind: prompt (text), command (command), http (url), python (entry_point).
# [hooks.set_power]
# kind = "http"
# url = "http://127.0.0.1:8080/power?watts={{watts}}"
"""

_CAR = """\
[interfaces.iso15118]
kind = "network"
interface = "eth0"
security = "tls"          # or "none" for a rig
roots = "roots.pem"       # trust anchors for the charger's chain
vehicle_certificates = "vehicle.pem"   # leaf first, then its issuers
vehicle_key = "vehicle.key"
"""

_GRID = """\
# The grid; take it out if the device is not tested there. It needs rated_power in [pixit].
[interfaces.grid]
kind = "bench"
profile = "en50549-1"     # a grid code, see fixtures/gridcodes
# overrides = "lab.toml"  # the laboratory's own numbers, see docs/grid-profiles.md
simulator = { command_set = "ametek-ci", address = "192.0.2.10" }
analyser = { command_set = "yokogawa-wt", address = "192.0.2.11" }
"""

_INTERFACES = {"charger": f"{_CAR}\n{_GRID}", "ev": _GRID}

_CASE = '''\
"""Cases on ...: say what they have in common."""

from v2gready.authoring import ChargerBench, ChargerCase, answered
from v2gready.authoring import messages as m


class SayWhatHolds(ChargerCase):
    """Purpose, in one or two sentences: what the clause asks and why it matters."""

    id = "{case_id}"
    title = "One line for the report"
    area = "session"
    requirements = ("V2G20-2106",)
    faults = {{"session-id-zero": "V2G20-2106"}}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Brings the charger to the step under test."""
        async with bench.ev.session() as session:
            await session.reach(m.SessionSetupReq)
            await session.proceed()

    def judge(self, trace):
        """Reads the trace."""
        yield answered("V2G20-2106", trace.exchange(m.SessionSetupReq), m.ResponseCode.OK_NewSessionEstablished)
'''


_GRID_CASE = '''\
"""Cases on ...: say what they have in common."""

from v2gready.authoring.grid import GridBench, GridCase, Trace, View, stays_connected


class SayWhatHolds(GridCase):
    """Purpose, in one or two sentences: what the clause asks and why it matters."""

    topic = "{topic}"
    title = "One line for the report"
    area = "frequency"
    requirements = ("GRID-FREQ-RANGE",)
    parameters = ("frequency_range",)
    pics = "discharge"
    faults = {{"trips-at-47.6-hz": "GRID-FREQ-RANGE"}}

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds half of the rated power and lowers the frequency."""
        await bench.export(0.5)
        await bench.play(bench.calm.hold(20).ramp(f=47.6, rate=0.5).hold(5))

    def judge(self, trace: Trace):
        """First what was really played, then what the device did."""
        view = View(trace)
        hold = view.held_frequency(47.6, 5)
        view.at_power(0.5, before=20.0)
        yield stays_connected("GRID-FREQ-RANGE", view, hold, view.code["frequency_range"])
'''


def dut_template(role: str, questions: Mapping[str, PicsItem]) -> str:
    """A DUT file with every question of a role, unanswered."""
    lines = [f"# {item.question} [{item.reference}]\n# {key} =" for key, item in questions.items()]
    return _DUT.format(schema=SCHEMA, role=role, interfaces=_INTERFACES[role], questions="\n".join(lines))


def case_template(case_id: str) -> str:
    """A module with one case; one about the grid stands for every role that may face it."""
    _, neighbour, *topic = case_id.split("-")
    if neighbour == "GRID" and len(topic) == 2:
        return _GRID_CASE.format(topic="-".join(topic))
    return _CASE.format(case_id=case_id)
