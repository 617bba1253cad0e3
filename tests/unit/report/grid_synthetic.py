"""A grid run as the engine writes it, made up: recordings of both kinds, instants, envelopes, characteristics."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from v2gready.grid import sample_files
from v2gready.grid.profile import Profile, parse_profile
from v2gready.grid.recording import Channel, Kind, Recording, Uncertainty
from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance
from v2gready.model.observation import Curve, Observation, Severity
from v2gready.model.run import CaseRecord
from v2gready.model.trace import Recorded
from v2gready.model.verdict import Verdict
from v2gready.resources import folder

Floats = NDArray[np.float64]
NOMINAL, RATED = 230.0, 11_000.0
IN = RATED / 3 / NOMINAL
VOLTS, AMPS, WATTS = Uncertainty(0.1, 0.0005), Uncertainty(0.01, 0.001), Uncertainty(5.0, 0.002)


def code() -> Profile:
    """EN 50549-1 with one number of the laboratory."""
    path = folder("fixtures") / "gridcodes" / "en50549-1.toml"
    profile = parse_profile(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    own = {
        "value": 4.0,
        "unit": "%",
        "clause": "4.6.1",
        "source": "our copy <2019>",
        "reviewed_by": "B. Beispiel",
        "reviewed_on": "2026-11-20",
    }
    return profile.overridden_by({"parameter": {"lfsmo_droop": own}})


def declared(profile: Profile | None = None) -> dict[str, Any]:
    return {"discharge": True, "rated_power": RATED, "grid_code": (profile or code()).to_json()}


def waveform(
    seconds: float,
    rate: float,
    voltage: Callable[[Floats], list[Floats]],
    export: Callable[[Floats], Floats],
    *,
    seed: int = 1,
    switch: Callable[[Floats], Floats] | None = None,
) -> Recording:
    """Instantaneous values of a device that feeds a current in phase with the positive sequence."""
    t = np.arange(int(seconds * rate)) / rate
    random = np.random.default_rng(seed)
    rms, power = voltage(t), export(t)
    channels = {}
    for number, u in enumerate(rms):
        angle = 2 * np.pi * (50 * t - number / 3)
        volts = np.sqrt(2) * u * np.sin(angle) + random.normal(0, 0.2, len(t))
        amps = -np.sqrt(2) * power / 3 / NOMINAL * np.sin(angle) + random.normal(0, 0.02, len(t))
        channels[f"u{number + 1}"] = Channel(f"u{number + 1}", "V", volts.astype(np.float32), VOLTS)
        channels[f"i{number + 1}"] = Channel(f"i{number + 1}", "A", amps.astype(np.float32), AMPS)
    if switch is not None:
        channels["s1"] = Channel("s1", "", switch(t).astype(np.float32))
    return Recording(Kind.WAVEFORM, 0.0, rate, channels, "virtual analyser <A>", 1e-5)


def quantities(f: Floats, p: Floats, q: Floats | None = None, *, rate: float = 50.0, seed: int = 2) -> Recording:
    """What an analyser delivers; p positive into the device."""
    random = np.random.default_rng(seed)
    count = len(f)
    q = np.zeros(count) if q is None else q
    current = np.abs(p) / 3 / NOMINAL
    columns = {
        **{f"u{n}": ("V", NOMINAL + random.normal(0, 0.05, count), VOLTS) for n in (1, 2, 3)},
        "f": ("Hz", f + random.normal(0, 0.0005, count), Uncertainty(0.002)),
        "p": ("W", p + random.normal(0, 8, count), WATTS),
        "q": ("var", q + random.normal(0, 8, count), WATTS),
        **{f"i{n}": ("A", current + random.normal(0, 0.01, count), AMPS) for n in (1, 2, 3)},
    }
    channels = {
        name: Channel(name, unit, values.astype(np.float32), doubt) for name, (unit, values, doubt) in columns.items()
    }
    return Recording(Kind.QUANTITIES, 0.0, rate, channels, "virtual analyser <A>", 1e-3)


@dataclass(frozen=True)
class Made:
    """A case with its recording."""

    record: CaseRecord
    recording: Recording


def _case(made_up: ModuleType, number: int, topic: str, title: str, parameters: tuple[str, ...], **rest: Any) -> Any:
    info = made_up._info(number, "grid", topic, title, (f"GRID-{topic}",), pics="discharge")
    info = replace(info, neighbour="grid", parameters=parameters)
    return made_up._finished(info, **rest)


def _seen(requirement: str, verdict: Verdict = Verdict.PASS, **rest: Any) -> Observation:
    return Observation(
        requirement=requirement, verdict=verdict, at=(0,), **{"expected": "as wanted", "seen": "seen", **rest}
    )


def dip(made_up: ModuleType, seconds: float = 6.0, rate: float = 10_000.0) -> Made:
    """A dip of one phase; the device is too slow to return to its power."""

    def voltage(t: Floats) -> list[Floats]:
        away = (t >= 2.0) & (t < 2.15)
        return [NOMINAL * np.where(away, 0.15, 1.0), NOMINAL * np.where(away, 0.9, 1.0), np.full(len(t), NOMINAL)]

    def export(t: Floats) -> Floats:
        back = np.clip((t - 2.15) / 1.4, 0, 1)
        return RATED * np.where(t < 2.0, 1.0, np.where(t < 2.15, 0.2, 0.2 + 0.8 * back))

    envelope = ((2.0, 0.15), (2.2, 0.15), (3.5, 0.85), (seconds, 0.85))
    checks = (
        _seen(
            "GRID-UVRT",
            expected="the device stays connected (EN 50549-1:2019 cl. 4.5.3 [u])",
            seen="connected for 4 s",
            instants=(2.0, seconds),
            curve=Curve(("t", "s"), ("u", "pu"), envelope),
            provenance=Provenance.UNCONFIRMED,
        ),
        _seen(
            "GRID-UVRT",
            Verdict.FAIL,
            seen="9.9 kW after 1.24 s",
            reason="the power came back after 1.24 s, 1 s is allowed",
            instants=(2.15, 3.15),
            measurement=Measurement(8034.0, "W", 40.0),
            limit=Limit("W", low=9900.0, provenance=Provenance.SECONDARY, source="EN 50549-1:2019 cl. 4.5.3 [S2]"),
            rule=DecisionRule.NON_BINARY,
        ),
        _seen(
            "GRID-UVRT",
            instants=(2.05,),
            measurement=Measurement(0.2, "In", 0.01),
            limit=Limit("In", high=1.1, source="stated here [M]"),
            rule=DecisionRule.NON_BINARY,
        ),
    )
    record = _case(
        made_up,
        1,
        "UVRT",
        "A dip of one phase",
        ("uvrt", "frt_recovery_time"),
        verdict=Verdict.FAIL,
        reason=checks[1].reason,
        observations=checks,
    )
    return Made(record, waveform(seconds, rate, voltage, export))


def staircase(made_up: ModuleType) -> Made:
    """P(f) step by step: one step is off the line, one within the uncertainty of the band."""
    steps = [50.0, 50.25, 50.4, 50.6, 50.8, 51.0, 51.2, 51.4]
    seconds, rate = 20.0, 50.0
    f = np.repeat(steps, int(seconds * rate))

    def wanted(hertz: float) -> float:
        return RATED * (1 - 0.4 * max(0.0, hertz - 50.2))

    real = [wanted(hertz) + {50.8: -1450.0, 51.2: 560.0}.get(hertz, 60.0) for hertz in steps]
    p = -np.repeat(real, int(seconds * rate)).astype(float)
    smooth = np.convolve(np.concatenate((np.full(60, p[0]), p)), np.ones(61) / 61, "valid")
    points = tuple(zip(steps, real, strict=True))
    line = tuple((x, wanted(x)) for x in np.linspace(49.9, 51.5, 60).tolist())
    states = {50.8: Verdict.FAIL, 51.2: Verdict.INCONC}
    checks = [
        _seen(
            "GRID-LFSMO",
            states.get(x, Verdict.PASS),
            expected=f"P at {x} Hz",
            seen=f"{y:.0f} W",
            reason="" if x not in states else "off the line",
            instants=(number * seconds + 12, number * seconds + 20),
            measurement=Measurement(y, "W", 60.0),
            limit=Limit(
                "W",
                low=wanted(x) - 550,
                high=wanted(x) + 550,
                provenance=Provenance.SECONDARY,
                source="EN 50549-1:2019 cl. 4.6.1 [S2]",
            ),
            rule=DecisionRule.NON_BINARY,
            provenance=Provenance.SECONDARY,
        )
        for number, (x, y) in enumerate(points)
    ]
    checks[0] = replace(checks[0], curve=Curve(("f", "Hz"), ("export", "W"), line, 550.0, points))
    record = _case(
        made_up,
        2,
        "LFSMO",
        "Power over rising frequency, step by step",
        ("lfsmo_threshold", "lfsmo_droop", "lfsmo_tolerance"),
        verdict=Verdict.FAIL,
        reason="off the line",
        observations=tuple(checks),
    )
    return Made(record, quantities(f, smooth))


def hold(made_up: ModuleType, minutes: float = 90.0) -> Made:
    """A hold of 90 minutes that the laboratory shortened all the same."""
    rate = 20.0
    t = np.arange(int(minutes * 60 * rate)) / rate
    f = np.clip(50 - (t - 20) * 0.5, 47.55, 50.0)
    noise = np.random.default_rng(3).normal(0, 60, len(t))
    checks = (
        _seen(
            "GRID-FREQ",
            expected="the device stays connected (EN 50549-1:2019 cl. 4.4.2 [u])",
            seen=f"connected for {minutes * 60:.0f} s",
            instants=(25.0, minutes * 60),
            provenance=Provenance.UNCONFIRMED,
        ),
        _seen("GRID-FREQ", severity=Severity.INFO, expected="noted", seen="shortened: held for 5370 s, not 5400 s"),
        _seen("GRID-FREQ", severity=Severity.INFO, expected="noted", seen="the state of charge fell to 41 %"),
    )
    record = _case(
        made_up,
        3,
        "FREQ",
        "The lowest range of frequency",
        ("frequency_range",),
        verdict=Verdict.PASS,
        observations=checks,
    )
    return Made(record, quantities(f, np.full(len(t), -RATED / 2) + noise, rate=rate))


def island(made_up: ModuleType, seconds: float = 60.0, rate: float = 20_000.0) -> Made:
    """A minute at 20 kHz with an event of a second in it."""
    opened, gone = seconds / 2, seconds / 2 + 0.84

    def voltage(t: Floats) -> list[Floats]:
        rms = NOMINAL * np.where(t < gone, np.where(t < opened, 1.0, 1 + 0.06 * (t - opened)), 0.0)
        return [rms] * 3

    checks = (
        _seen(
            "GRID-ISLAND",
            seen="0.84 s",
            instants=(opened, gone),
            measurement=Measurement(0.84, "s", 0.01),
            limit=Limit("s", high=2.0, source="IEC 62116 cl. 6 [u]", provenance=Provenance.UNCONFIRMED),
            rule=DecisionRule.NON_BINARY,
            provenance=Provenance.UNCONFIRMED,
        ),
    )
    record = _case(
        made_up, 4, "ISLAND", "A balanced island", ("islanding_time",), verdict=Verdict.PASS, observations=checks
    )
    return Made(
        record,
        waveform(
            seconds,
            rate,
            voltage,
            lambda t: RATED * np.where(t < gone, 1.0, 0.0),
            switch=lambda t: (t < opened).astype(float),
        ),
    )


def write_run(made_up: ModuleType, root: Path, cases: Iterable[Made], parameters: Mapping[str, Any]) -> Path:
    """Writes the run directory with traces and samples."""
    cases = list(cases)
    made_up.write_run(root, [(one.record, made_up.Wire()) for one in cases], [])
    document = json.loads((root / "run.json").read_text(encoding="utf-8"))
    document["declared"] = dict(parameters)
    (root / "run.json").write_text(json.dumps(document), encoding="utf-8")
    for one in cases:
        name = one.record.info.id
        block = Recorded(index=0, t=0.0, name="grid", content=one.recording)
        entry = {"i": 0, "t": 0.0, "link": "", **sample_files.write(root / "samples", f"{name}-0", block)}
        with (root / "traces" / f"{name}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
    return root


def write_grid(made_up: ModuleType, root: Path) -> Path:
    """All of them, small."""
    cases = [dip(made_up, 6.0, 5000.0), staircase(made_up), hold(made_up, 10.0), island(made_up, 40.0, 5000.0)]
    return write_run(made_up, root, cases, declared())
