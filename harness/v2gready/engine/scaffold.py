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

# Ratings and limits the device claims; judges compare them with what they see. All names: docs/dut-file.md.
[pixit]
{parameters}

# How to make the device act. kind: prompt (text), command (command), http (url), python (entry_point).
{hooks}
"""

_CAR = """\
[interfaces.iso15118]
kind = "network"
interface = "eth0"
security = "tls"          # or "none" for a rig
roots = "roots.pem"       # trust anchors for the charger's chain
vehicle_certificates = "vehicle.pem"   # leaf first, then its issuers
vehicle_key = "vehicle.key"
# contract_certificates = "contract.pem"           # for Plug & Charge
# contract_key = "contract.key"
# provisioning_certificates = "oem-provisioning.pem"   # to have contracts installed
# provisioning_key = "oem-provisioning.key"
# authorities = "rig"     # folder of v2gready pki init whose roots the charger trusts: gives all of these, and chains
#                         # that the charger has to refuse
# variants = "issued"     # folder with such chains that lie ready: vehicle-expired.pem, vehicle-expired.key, ...
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

_STATION = """\
# OCPP: the harness is the CSMS, the station calls it; take it out if the station is not tested there.
[interfaces.ocpp]
kind = "network"
host = "127.0.0.1"        # address of this machine that the station can reach
port = 9000
path = "/ocpp"
identity = "CS001"        # as it stands behind the path
security_profile = 1      # 2 and 3 need server_certificates and server_key, 3 roots as well
password_env = "OCPP_PASSWORD"   # environment variable with the password; or password_file
"""

_CSMS = """\
# OCPP: the harness plays stations and calls the CSMS.
[interfaces.ocpp]
kind = "network"
url = "ws://192.0.2.10:9000/ocpp"   # without identity; wss:// for security profiles 2 and 3
identities = ["CS001", "CS002"]     # stations that the CSMS knows; all with the same password
security_profile = 1      # 2 and 3 need roots, 3 station_certificates and station_key as well
password_env = "OCPP_PASSWORD"      # environment variable with the password; or password_file
"""

_CHARGER = """\
# ISO 15118-20: the harness plays the charger on this interface; the car is plugged in by a hook.
[interfaces.iso15118]
kind = "network"
interface = "eth0"
security = "tls"          # or "none" for a rig
roots = "roots.pem"       # trust anchors for the vehicle's chain: V2G and OEM roots
secc_certificates = "secc.pem"   # leaf first, then its issuers; the car has to trust their root
secc_key = "secc.key"
# contract_roots = "mo-roots.pem"          # for Plug & Charge: trust anchors for the car's contracts
# provisioning_roots = "oem-root.pem"      # to install contracts: trust anchors for its provisioning certificate
# cps_certificates = "cps.pem"             # and who signs them
# cps_key = "cps.key"
# authorities = "rig"     # folder of v2gready pki init whose roots the car trusts: gives all of these, contracts to
#                         # install, and chains that the car has to refuse
# variants = "issued"     # folder with such chains that lie ready: secc-expired.pem, secc-expired.key, ...
"""

_RATED = "# rated_power = 11000.0     # W towards the grid"
_RATED_STATION = """\
# ocpp_max_charge_power = 11000.0      # W, as its CSMS sees it
# ocpp_max_discharge_power = 10000.0   # W"""
_CUSTOMERS = """\
# ocpp_token_v2x = ""          # idToken of a customer who may discharge
# ocpp_token_charging = ""     # of one who may only charge
# ocpp_token_undecided = ""    # of one about whom nothing is decided
# ocpp_token_blocked = ""      # of one who may not charge"""

_SET_POWER = """\
# [hooks.set_power]
# kind = "http"
# url = "http://127.0.0.1:8080/power?watts={watts}\""""
_PLUG_IN = """\
# [hooks.plug_in]
# kind = "prompt"
# text = "Connect a vehicle to EVSE {evse}."
# timeout = 300"""
_HOOKS_OF_CAR = """\
# [hooks.plug_in]
# kind = "prompt"
# text = "Plug the car in."
# timeout = 300
# [hooks.unplug]
# kind = "prompt"
# text = "Unplug the car."
# timeout = 300
# [hooks.stop]
# kind = "prompt"
# text = "Stop the session in the car."
# timeout = 300
# [hooks.prefer]
# kind = "prompt"
# text = "Set the car to: service {service}, control mode {control}, authorization {authorization}."
# timeout = 300
# [hooks.install_certificate]
# kind = "prompt"
# text = "Have the car ask for a new contract at its next session."
# timeout = 300"""
_DO = """\
# [hooks.do]
# kind = "http"
# url = "http://127.0.0.1:8080/send?action={action}&station={station}&payload={payload}\""""

_INTERFACES = {"charger": f"{_CAR}\n{_GRID}\n{_STATION}", "csms": _CSMS, "ev": f"{_CHARGER}\n{_GRID}"}
_PARAMETERS = {"charger": f"{_RATED}\n{_RATED_STATION}", "csms": _CUSTOMERS, "ev": _RATED}
_HOOKS = {"charger": f"{_SET_POWER}\n{_PLUG_IN}", "csms": _DO, "ev": f"{_SET_POWER}\n{_HOOKS_OF_CAR}"}

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


_EV_CASE = '''\
"""Cases on ...: say what they have in common."""

from v2gready.authoring import ev
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase


class SayWhatHolds(EvCase):
    """Purpose, in one or two sentences: what the clause asks and why it matters."""

    id = "{case_id}"
    title = "One line for the report"
    area = "endings"
    requirements = ("H-EV-FATAL",)
    faults = {{"failed-ignored": "H-EV-FATAL"}}

    async def stimulate(self, bench: EvBench) -> None:
        """Answers one step by FAILED, and watches the car."""
        bench.charger.fail(m.ServiceDiscoveryRes, m.ResponseCode.FAILED)
        await bench.plug_in()
        await bench.charger.ended()

    def judge(self, trace):
        """Reads the trace."""
        failed = ev.told(trace, m.ServiceDiscoveryRes)
        yield ev.nothing_but_stop("H-EV-FATAL", trace, failed.frame)
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
    return _DUT.format(
        schema=SCHEMA,
        role=role,
        interfaces=_INTERFACES[role],
        questions="\n".join(lines),
        parameters=_PARAMETERS[role],
        hooks=_HOOKS[role],
    )


def case_template(case_id: str) -> str:
    """A module with one case; one about the grid stands for every role that may face it."""
    _, neighbour, *topic = case_id.split("-")
    if neighbour == "GRID" and len(topic) == 2:
        return _GRID_CASE.format(topic="-".join(topic))
    return (_EV_CASE if case_id.startswith("EV-") else _CASE).format(case_id=case_id)
