"""A run directory as the engine writes it, made up: every kind of result, hostile strings, loops, samples, timeouts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from v2gready.model.case import CaseInfo
from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance
from v2gready.model.observation import Observation, Severity
from v2gready.model.run import CaseRecord, InvariantResult, RunRecord, to_json
from v2gready.model.verdict import Lifecycle, Verdict

HOSTILE = (
    "DE*ICE</script><script>document.title='owned'</script>\x1b[31m\u202egnp\x00\ud800]]>&\"'{{ 7*7 }}[red]x[/red]"
)
SCHEME = "charger-test"


class Wire:
    """Writes a trace file record by record."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.t = 0.0

    def _add(self, kind: str, link: str, after: float, **rest: Any) -> int:
        self.t += after
        index = len(self.lines)
        self.lines.append({"kind": kind, "i": index, "t": round(self.t, 6), "link": link, **rest})
        return index

    def frame(self, sender: str, name: str, after: float = 0.012, link: str = "tcp-1", **body: Any) -> int:
        raw = (b"\x01\xfe\x80\x02\x00\x00\x00\x30" + name.encode() * 3)[: 40 + 3 * len(body)]
        message = {name: {"Header": {"SessionID": "3f2a90c1d4e5b677", "TimeStamp": 1795219200}, **body}}
        return self._add(
            "frame", link, after, protocol="v2gtp", sender=sender, raw=raw.hex(), message=message, problem=""
        )

    def garbage(self, sender: str, raw: bytes, problem: str) -> int:
        return self._add(
            "frame", "tcp-1", 0.01, protocol="v2gtp", sender=sender, raw=raw.hex(), message=None, problem=problem
        )

    def event(self, kind: str, source: str, after: float = 0.002, link: str = "tcp-1", **detail: Any) -> int:
        return self._add("event", link, after, event=kind, source=source, detail=detail)

    def phase(self, text: str) -> int:
        return self.event("phase", "harness", 0.0, "", text=text)

    def sample(self, channel: str, value: float, unit: str, uncertainty: float, after: float = 0.0) -> int:
        return self._add("sample", "", after, channel=channel, value=value, unit=unit, uncertainty=uncertainty)

    def exchange(self, name: str, after: float = 0.03, code: str = "OK", **body: Any) -> tuple[int, int]:
        request = self.frame("ev", f"{name}Req", after)
        return request, self.frame("charger", f"{name}Res", 0.018, ResponseCode=code, **body)

    def text(self) -> str:
        header = {"schema": 1, "tester": "ev", "dut": "charger", "declared": {}, "timing_uncertainty": 0.0005}
        return "".join(json.dumps(line) + "\n" for line in (header, *self.lines))


def rational(value: int, exponent: int) -> dict[str, int]:
    return {"Exponent": exponent, "Value": value}


def setup(wire: Wire, evse_id: str = "DE*ICE*E0001*1") -> dict[str, tuple[int, int]]:
    """From SDP to the end of charge parameter discovery."""
    wire.phase("find the charger and open a session")
    found = wire.frame("ev", "SDPRequest", 0.01, "sdp", Security="0x00 (TLS)", TransportProtocol="0x00 (TCP)")
    answer = wire.frame("charger", "SDPResponse", 0.04, "sdp", SECC_IP="fe80::1", Port=49152, Security="0x00 (TLS)")
    wire.event("connected", "ev")
    wire.event(
        "tls established", "ev", 0.031, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", peer_subject="CN=SECC"
    )
    at = {"sdp": (found, answer)}
    at["sap"] = wire.exchange("supportedAppProtocol", SchemaID=1)
    at["session"] = wire.exchange("SessionSetup", code="OK_NewSessionEstablished", EVSEID=evse_id)
    at["authsetup"] = wire.exchange(
        "AuthorizationSetup", AuthorizationServices=["EIM", "PnC"], CertificateInstallationService=True
    )
    at["auth"] = wire.exchange("Authorization", EVSEProcessing="Finished")
    at["services"] = wire.exchange(
        "ServiceDiscovery",
        ServiceRenegotiationSupported=False,
        EnergyTransferServiceList={"Service": [{"ServiceID": 2, "FreeService": True}, {"ServiceID": 6}]},
    )
    at["select"] = wire.exchange("ServiceSelection")
    at["parameters"] = wire.exchange(
        "DC_ChargeParameterDiscovery",
        BPT_DC_CPDResEnergyTransferMode={
            "EVSEMaximumChargePower": rational(11, 3),
            "EVSEMaximumChargeCurrent": rational(300, -1),
            "EVSEMaximumVoltage": rational(5000, -1),
            "EVSEMaximumDischargePower": rational(10, 3),
        },
    )
    return at


def loop(wire: Wire, turns: int, bad: int = -1) -> list[tuple[int, int]]:
    """A charge loop with samples; turn ``bad`` answers with a failure."""
    at = []
    for turn in range(turns):
        code = "FAILED_WrongEnergyTransferMode" if turn == bad else "OK"
        at.append(
            wire.exchange(
                "DC_ChargeLoop",
                0.09,
                code,
                EVSEPresentVoltage=rational(4012 + turn % 3, -1),
                EVSEPresentCurrent=rational(-250 + turn, -1),
            )
        )
        wire.sample("dc.voltage", 400 + 6 * (1 - 0.97**turn), "V", 0.4)
        wire.sample("dc.current", -25 + turn * 0.03 + (9 if turn == turns // 2 else 0), "A", 0.15)
    return at


def _info(number: int, area: str, topic: str, title: str, requirements: tuple[str, ...], **rest: Any) -> CaseInfo:
    return CaseInfo(
        id=f"CHG-{area[:3].upper()}-{topic}-{number:02d}",
        role="charger",
        area=area,
        title=title,
        purpose=f"{title}.\n\nWith a session in the state named above, the EV sends what the title says, and the "
        "charger answers as the requirement asks, in time and with the fields it must hold.",
        requirements=requirements,
        pics=rest.get("pics", "dc_bpt and not public"),
        weight=rest.get("weight", "required"),
        faults={"some-fault": requirements[0]},
        aliases=rest.get("aliases", ()),
        hooks=rest.get("hooks", ()),
        instruments=rest.get("instruments", ()),
    )


def _seen(requirement: str, verdict: Verdict = Verdict.PASS, **rest: Any) -> Observation:
    texts = {"expected": "the response code OK", "seen": "OK"}
    return Observation(requirement=requirement, verdict=verdict, **{**texts, **rest})


def _finished(info: CaseInfo, verdict: Verdict, reason: str = "", **rest: Any) -> CaseRecord:
    return CaseRecord(
        info=info,
        lifecycle=Lifecycle.FINISHED,
        verdict=verdict,
        reason=reason,
        started="2026-11-21T09:14:02Z",
        duration=3.2,
        **rest,
    )


def _held(*broken: Observation) -> tuple[InvariantResult, ...]:
    session = InvariantResult("INV-CHG-SESSIONID", Verdict.PASS, "", (_seen("V2G20-TEST-3", at=(2,)),))
    if not broken:
        return (session,)
    return session, InvariantResult("INV-CHG-TIMING", Verdict.FAIL, broken[0].reason, broken)


def passing(number: int = 1) -> tuple[CaseRecord, Wire]:
    wire = Wire()
    at = setup(wire)
    wire.phase("charge, then stop")
    turns = loop(wire, 200)
    last = wire.exchange("SessionStop")
    wire.event("closed", "charger", 0.3, how="fin")
    observations = (
        _seen("V2G20-TEST-1", at=at["session"], seen="OK_NewSessionEstablished"),
        _seen(
            "V2G20-TEST-2",
            expected="the voltage of the charger within 2 V of the measured voltage",
            seen="the largest difference is 0.61 V",
            at=tuple(index for pair in turns for index in pair),
            measurement=Measurement(0.61, "V", 0.4),
            limit=Limit("V", high=2.0, provenance=Provenance.SECONDARY, source="Test standard, table 7"),
            rule=DecisionRule.GUARDED,
            provenance=Provenance.SECONDARY,
        ),
        _seen(
            "V2G20-TEST-4",
            Verdict.FAIL,
            severity=Severity.SHOULD,
            expected="the connection closed by the charger within 0.2 s",
            seen="closed after 0.3 s",
            reason="the charger took 0.3 s to close the connection",
            at=(last[1],),
        ),
    )
    info = _info(
        number, "charging", "LOOP", "A bidirectional session charges and stops", ("V2G20-TEST-1", "V2G20-TEST-2")
    )
    remark = ("the charger took 0.3 s to close the connection",)
    return _finished(info, Verdict.PASS, observations=observations, invariants=_held(), remarks=remark), wire


def failing(number: int = 1) -> tuple[CaseRecord, Wire]:
    wire = Wire()
    at = setup(wire, HOSTILE)
    wire.phase("keep silent beyond the sequence timeout; the charger has to end the session")
    wire.event("observed until", "harness", 65.0)
    late = wire.exchange("DC_CableCheck", EVSEProcessing="Ongoing")
    wire.garbage(
        "charger", bytes(range(256)) * 2, "EXI: event code 7 at bit 12 is not in the grammar of DC_CableCheckRes"
    )
    wire.event("timeout", "harness", 2.0, timer="V2G_EVCC_Msg_Timer", seconds=2.0)
    observations = (
        _seen("V2G20-TEST-1", at=at["session"], seen=f"EVSEID {HOSTILE}"),
        _seen(
            "V2G20-TEST-5",
            Verdict.FAIL,
            expected="the connection closed by the charger within 60 s after the last response, no further answer",
            seen="DC_CableCheckRes with OK 65.0 s after the last response",
            reason="the charger still answered 65.0 s after its last response, but must end the session after 60 s",
            at=(at["parameters"][1], *late),
            measurement=Measurement(65.048, "s", 0.0005),
            limit=Limit("s", high=60.0, source="Test standard, table 211"),
            rule=DecisionRule.SIMPLE,
        ),
    )
    broken = _seen(
        "V2G20-TEST-3", Verdict.FAIL, reason="a frame of the charger does not decode", at=(late[1] + 1,), seen="garbage"
    )
    info = _info(
        number,
        "timing",
        "SEQ",
        "A silent EV ends the session",
        ("V2G20-TEST-1", "V2G20-TEST-5"),
        aliases=("TC_SECC_001",),
    )
    reason = observations[1].reason
    return _finished(info, Verdict.FAIL, reason, observations=observations, invariants=_held(broken)), wire


def undecided(number: int = 1) -> tuple[CaseRecord, Wire]:
    wire = Wire()
    wire.phase("measure the power while discharging")
    setup(wire)
    turns = loop(wire, 40, bad=25)
    power = [wire.sample("ac.power", -10_000 + 37 * turn, "W", 60.0, after=0.2) for turn in range(30)]
    reason = "9 940 W lies within the uncertainty of the limit"
    observation = _seen(
        "V2G20-TEST-6",
        Verdict.INCONC,
        expected="at least 9 900 W towards the grid",
        seen="9 940 W",
        reason=reason,
        at=(*turns[25], *power[:3]),
        measurement=Measurement(-9940.0, "W", 60.0),
        limit=Limit("W", low=-10_000.0, high=-9_900.0, source="Test standard, 8.4"),
        rule=DecisionRule.NON_BINARY,
    )
    info = _info(number, "power", "DISCH", "Discharging reaches the declared power", ("V2G20-TEST-6",))
    return _finished(info, Verdict.INCONC, reason, observations=(observation,), invariants=_held()), wire


def indicative(number: int = 1) -> tuple[CaseRecord, Wire]:
    wire = Wire()
    at = setup(wire)
    observation = _seen(
        "V2G20-TEST-7",
        Verdict.FAIL,
        reason="the charger offers no service 6",
        provenance=Provenance.UNCONFIRMED,
        at=at["services"],
    )
    info = _info(number, "services", "BPT", "The bidirectional service is offered", ("V2G20-TEST-7",))
    return (
        _finished(
            info, Verdict.FAIL, observation.reason, indicative=True, observations=(observation,), invariants=_held()
        ),
        wire,
    )


def spoiled(number: int = 1) -> tuple[CaseRecord, Wire]:
    wire = Wire()
    wire.event("connect failed", "harness", reason="no route to host")
    info = _info(number, "session", "RESUME", "A paused session is resumed", ("V2G20-TEST-1",))
    return _finished(info, Verdict.ERROR, "the bench lost its network interface: eth1 is down"), wire


def unfinished() -> list[CaseRecord]:
    return [
        CaseRecord(
            _info(1, "plug and charge", "CERT", "A contract certificate is installed", ("V2G20-TEST-8",), pics="pnc"),
            Lifecycle.NOT_APPLICABLE,
        ),
        CaseRecord(
            _info(2, "plug and charge", "RENEW", "A session is renegotiated", ("V2G20-TEST-8",)), Lifecycle.NOT_RUN
        ),
        CaseRecord(
            _info(3, "session", "PAUSE", "A session is paused", ("V2G20-TEST-1",)),
            Lifecycle.INTERRUPTED,
            reason="stopped by the operator",
        ),
    ]


def run_record(cases: tuple[CaseRecord, ...]) -> RunRecord:
    return RunRecord(
        id="20261121T091400Z-5f3c",
        suite={"name": "v2gready", "version": "0.1.0", "sha256": "9d" * 32},
        seed=20261121,
        started="2026-11-21T09:14:00Z",
        finished="2026-11-21T10:02:41Z",
        device={
            "make": "Example Power",
            "model": f"Bidi 11 {HOSTILE}",
            "serial": "BD11-000042",
            "hardware_version": "C2",
            "firmware_version": "3.4.1",
            "firmware_sha256": "ab" * 32,
            "role": "charger",
        },
        declared={"dc_bpt": True, "public": False, "pnc": False, "maximum_power": 11000, "evse_id": HOSTILE},
        interfaces={"iso15118": {"interface": "eth1", "security": "tls", "port": 15118}},
        environment={"python": "3.11.7", "platform": "Linux-6.1-x86_64", "machine": "bench-3"},
        selection="",
        scheme=SCHEME,
        timing_uncertainty=0.0005,
        cases=cases,
    )


def clean(record: CaseRecord) -> CaseRecord:
    """The same case with every check passed."""
    return replace(record, verdict=Verdict.PASS, reason="", remarks=(), invariants=_held())


def write_run(folder: Path, traced: list[tuple[CaseRecord, Wire]], others: list[CaseRecord]) -> Path:
    """Writes the run directory."""
    cases = []
    for name in ("traces", "captures", "config"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for record, wire in traced:
        trace, capture = f"traces/{record.info.id}.jsonl", f"captures/{record.info.id}.pcapng"
        (folder / trace).write_text(wire.text(), encoding="utf-8")
        (folder / capture).write_bytes(b"\x0a\x0d\x0d\x0a")
        cases.append(replace(record, trace=trace, capture=capture))
    record = run_record((*cases, *others))
    (folder / "run.json").write_text(json.dumps(to_json(record)), encoding="utf-8")
    (folder / "config" / "dut.toml").write_text("schema = 1\n", encoding="utf-8")
    return folder


def write_particulars(folder: Path) -> None:
    (folder / "config" / "report.toml").write_text(
        'deviations = ["CHG-POW-DISCH-01 was measured at 21 kHz bandwidth instead of 40 kHz."]\n'
        '[laboratory]\nname = "Testlab <Rhein> GmbH"\naddress = "Hafenstraße 1, 50667 Köln"\nlocation = "Bench 3"\n'
        '[customer]\nname = "Example Power AG"\n[persons]\noperator = "A. Keller"\n'
        '[[equipment]]\nid = "PA-07"\nname = "Power analyser WT5000"\ncalibration_due = "2027-04-30"\n',
        encoding="utf-8",
    )


def write_mixed(folder: Path) -> Path:
    """One of each kind of result."""
    traced = [passing(), failing(), undecided(), indicative(), spoiled()]
    write_run(folder, traced, unfinished())
    write_particulars(folder)
    return folder


def write_granted(folder: Path) -> Path:
    """Nothing but passes."""
    record, wire = passing()
    return write_run(folder, [(clean(record), wire)], [])


def write_fixtures(folder: Path) -> Path:
    """Requirements, a scheme and a questionnaire."""
    summaries = [
        "Each session has an identifier of its own",
        "What the charger reports agrees with what is measured",
        "Every message carries the identifier of the session",
        "A stopped session is closed without delay",
        "The charger ends a session in which the EV keeps silent for 60 s",
        "The declared discharge power is reached",
        "A bidirectional charger offers the bidirectional service",
        "Contract certificates can be installed",
        "A rule that no case refers to",
    ]
    for name in ("requirements", "schemes", "pics"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    entries = [
        f'[[requirement]]\nid = "V2G20-TEST-{number}"\nclause = "8.{number}"\nlevel = "shall"\nsummary = "{summary}"\n'
        f'provenance = "{"unconfirmed" if number == 7 else "confirmed"}"\nsource = "made up for the tests"\n'
        for number, summary in enumerate(summaries, start=1)
    ]
    (folder / "requirements" / "test.toml").write_text(
        'standard = "Test standard"\nedition = "2022"\n' + "\n".join(entries), encoding="utf-8"
    )
    (folder / "schemes" / "test.toml").write_text(
        f'id = "{SCHEME}"\ntitle = "V2G-ready charger"\nversion = "1.0"\nrole = "charger"\nrequired = ["CHG-*"]\n'
        'invariants = ["INV-CHG-*"]\npics = ["dc_bpt"]\n',
        encoding="utf-8",
    )
    (folder / "pics" / "charger.toml").write_text(
        "".join(
            f'[[item]]\nkey = "{key}"\nquestion = "{question}"\nreference = "V2G20-TEST-7"\nstatus = "o"\n'
            for key, question in {
                "dc_bpt": "Does the charger support bidirectional DC charging?",
                "public": "Is the charger installed in a public place?",
                "pnc": "Does the charger support Plug and Charge?",
                "ac_bpt": "Does the charger support bidirectional AC charging?",
            }.items()
        ),
        encoding="utf-8",
    )
    return folder
