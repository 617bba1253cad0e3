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

[interfaces.iso15118]
kind = "network"
interface = "eth0"
security = "tls"          # or "none" for a rig
roots = "roots.pem"       # trust anchors for the charger's chain
vehicle_certificates = "vehicle.pem"   # leaf first, then its issuers
vehicle_key = "vehicle.key"

# Answer every question with true or false: a missing answer is not a No.
[pics]
{questions}

# Ratings and limits the device claims; judges compare them with what they see.
[pixit]

# How to make the device act. kind: prompt (text), command (command), http (url), python (entry_point).
# [hooks.set_power]
# kind = "http"
# url = "http://127.0.0.1:8080/power?watts={{watts}}"
"""

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


def dut_template(role: str, questions: Mapping[str, PicsItem]) -> str:
    """A DUT file with every question of a role, unanswered."""
    lines = [f"# {item.question} [{item.reference}]\n# {key} =" for key, item in questions.items()]
    return _DUT.format(schema=SCHEMA, role=role, questions="\n".join(lines))


def case_template(case_id: str) -> str:
    """A module with one case."""
    return _CASE.format(case_id=case_id)
