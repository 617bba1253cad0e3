"""COMTRADE records that nobody here made: those in the source distribution of the package ``comtrade``, and others.

Nothing of them is kept here. ``V2GREADY_RECORDINGS`` names a folder with clones of the repositories that
docs/recordings.md lists; without it only the records from PyPI are read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from v2gready.grid.formats.comtrade import ComtradeFile, RecordingError, read_cff, read_comtrade
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Channel, ChannelNames, Kind, Recording

comtrade = pytest.importorskip("comtrade")
pytestmark = pytest.mark.interop
PACKAGE = "comtrade==0.2.0"
REFUSED = {"Wisp.Comtrade/ComtradeTests/ExampleSet2/1.cfg": "the rate changes"}
"""Records that are refused, with the reason."""


@pytest.fixture(scope="module")
def from_pypi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pypi")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps", PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        reason = f"{PACKAGE} cannot be downloaded: {done.stderr.strip().splitlines()[-1:]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def records(folder: Path) -> list[Path]:
    """Configurations that have their data beside them, and single files."""
    found = [path for path in folder.rglob("*") if path.suffix.lower() in {".cfg", ".cff"}]
    return sorted(path for path in found if path.suffix.lower() == ".cff" or data_of(path))


def data_of(cfg: Path) -> Path | None:
    return next((one for one in cfg.parent.iterdir() if one.stem == cfg.stem and one.suffix.lower() == ".dat"), None)


def ours(path: Path) -> ComtradeFile:
    if path.suffix.lower() == ".cff":
        return read_cff(path.read_bytes(), path.stem)
    dat = data_of(path)
    assert dat is not None
    return read_comtrade(path.read_bytes(), dat.read_bytes(), path.stem)


def compare(path: Path) -> None:
    """Our values are those of the other reader, but for skew, which it does not take out."""
    mine = ours(path)
    reader = comtrade.Comtrade(ignore_warnings=True)
    files = [str(path)] if path.suffix.lower() == ".cff" else [str(path), str(data_of(path))]
    try:
        reader.load(*files)
    except UnicodeDecodeError:
        reader.load(*files, encoding="latin-1")
    for channel, values, theirs in zip(mine.configuration.analog, mine.analog, reader.analog, strict=True):
        if not channel.skew:
            same = slice(0, min(len(values), len(theirs)))  # some declare one sample fewer than they hold
            expected = np.asarray(theirs)[same] * channel.to_primary
            tolerance = 1e-6 * np.nanmax(np.abs(expected), initial=1e-30)
            assert np.allclose(values[same], expected, rtol=0, atol=tolerance, equal_nan=True)
    for values, theirs in zip(mine.status, reader.status, strict=True):
        same = slice(0, min(len(values), len(theirs)))
        assert np.array_equal(values[same], np.asarray(theirs)[same])


def test_records_of_the_package_comtrade(from_pypi: Path) -> None:
    found = records(from_pypi)
    assert len(found) >= 6
    for path in found:
        compare(path)


@pytest.fixture(scope="module")
def cloned() -> Path:
    folder = os.environ.get("V2GREADY_RECORDINGS")
    if not folder:
        pytest.skip("V2GREADY_RECORDINGS names no folder of clones (docs/recordings.md)")
    return Path(folder)


def test_records_of_recorders_in_the_field(cloned: Path) -> None:
    found = records(cloned)
    assert found
    for path in found:
        name = path.relative_to(cloned).as_posix()
        if name in REFUSED:
            with pytest.raises(RecordingError, match=REFUSED[name]):
                ours(path)
        else:
            compare(path)


def test_the_first_values_of_keating_are_the_published_ones(cloned: Path) -> None:
    path = cloned / "ieeecomtrade" / "inst" / "extdata" / "keating_1999.CFG"
    if not path.exists():
        pytest.skip("ieeecomtrade is not among the clones")
    first = {name: column.values[0] for name, column in ours(path).source.columns.items()}
    published = {"I1": -5.671533, "I2": 175.6419, "I3": -177.0687, "I4": 1.100606, "U1": -208.3977}
    assert {name: first[name] for name in published} == pytest.approx(published, rel=1e-6)


def test_a_relay_in_the_field_agrees_with_our_scaling(cloned: Path) -> None:
    """The relay records its samples as secondary values, and the RMS values it computed of them as primary ones."""
    path = cloned / "Wisp.Comtrade" / "ComtradeTests" / "ExampleSet2" / "3.cfg"
    if not path.exists():
        pytest.skip("Wisp.Comtrade is not among the clones")
    columns = ours(path).source.columns
    turn = np.exp(-2j * np.pi * np.arange(1360) / 16)
    for wave, magnitude in (("F5-VA", "SRC 1  Vag Mag"), ("F6-VB", "SRC 1  Vbg Mag")):
        cycles = np.convolve(columns[wave].values * turn, np.ones(16) * np.sqrt(2) / 16)[:1360]
        before = slice(50, 250)
        ratio = np.abs(cycles[before]) / 1e3 / columns[magnitude].values[before]
        assert np.abs(ratio - 1).max() < 0.01


@pytest.mark.parametrize("name", ["f1_1b274run", "f2_1bc392run", "f3_43abc675run"])
def test_our_measurement_of_a_simulated_feeder_of_others(cloned: Path, name: str) -> None:
    """A 60 Hz feeder with inverters and a fault, 100 kS/s: frequency against the source, RMS against its definition."""
    path = cloned / "oedisi_transients" / "Data_generation" / "Examples" / f"{name}.cfg"
    if not path.exists():
        pytest.skip("oedisi_transients is not among the clones")
    record = ours(path)
    names = (*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS)
    channels = {
        name: Channel(name, channel.unit, values)
        for name, channel, values in zip(names, record.configuration.analog, record.analog, strict=False)
    }
    seen = Quantities(Recording(Kind.WAVEFORM, 0.0, record.rate, channels), nominal=60.0)
    assert seen.f.values[-3] == pytest.approx(60.0, abs=1e-3)
    cycle = round(record.rate / 60)
    for phase, series in enumerate(seen.u):
        values = record.analog[phase].astype(np.float64)
        last = np.sqrt(np.mean(values[-2 * cycle : -cycle] ** 2))
        at = (len(values) - 1.5 * cycle) / record.rate
        assert series.at(at).value == pytest.approx(last, rel=2e-3)
