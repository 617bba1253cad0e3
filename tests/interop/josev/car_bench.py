"""Josev's car on a cable of its own, and what our suite says about it."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING, Self

from interop.josev.processes import HERE, START_PATIENCE, JosevProcess, let_go_first
from interop.netns import Cable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interop.josev.car_pki import CarPki
    from interop.josev.expectations import Cases

WARM_UP = 15
"""Rounds through the codec before a car is used: its pace in the charge loop is judged."""

VIRTUAL_MACHINE = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Options of its Java virtual machine: it is warm in a tenth of the time, and several share two processors."""

CONFIG = {
    "supportedProtocols": ["ISO_15118_20_DC", "ISO_15118_20_AC"],
    "supportedEnergyServices": ["DC", "DC_BPT", "AC", "AC_BPT"],
    "isCertInstallNeeded": False,
    "sdpRetryCycles": 4,
    "chargeLoopCycle": 1_000_000,
    "chargeLoopDelay": 0,
}
"""All that it can do over ISO 15118-20; it charges until somebody stops it, and comes again after a failure."""

ENVIRONMENT = {
    "JAVA_TOOL_OPTIONS": VIRTUAL_MACHINE,
    "PYTHONHASHSEED": "3",  # its protocols pass through a set: DC before AC
}


class CarBench:
    """A car of Josev's in one end of a cable, our charger in the other.

    Args:
        folder: Where its files go; it must not exist yet.
        pki: Certificates; with them both speak TLS 1.3 and nothing else.
    """

    def __init__(self, folder: Path, pki: CarPki | None) -> None:
        """Only note it."""
        self._folder = folder
        self._pki = pki
        self._stack = ExitStack()
        self._runs = 0

    def __enter__(self) -> Self:
        """Start the car, warm; from then on it goes first: starting is nothing that hurries."""
        self._folder.mkdir(parents=True)
        with ExitStack() as stack:
            self._cable = stack.enter_context(Cable())
            # A path of a socket is 107 octets at most, and pytest's folders have long names.
            socket = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="car"))) / "s"
            config = self._folder / "car.json"
            config.write_text(json.dumps({**CONFIG, "useTls": self._tls, "enforceTls": self._tls}))
            settings = {} if self._pki is None else self._pki.car
            self.car = stack.enter_context(CarOnCall(self._cable, self._folder / "car.log", config, socket, settings))
            self._stack = stack.pop_all()
        self._dut = self._dut_file(socket)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._stack.close()

    @property
    def _tls(self) -> bool:
        return self._pki is not None

    def certify(self, ids: Iterable[str]) -> Cases:
        """Runs some cases, in the order of the catalogue."""
        out = self._folder / f"run{self._runs}"
        self._runs += 1
        command = [str(Path(sys.executable).with_name("v2gready")), "certify", str(self._dut), "--out", str(out)]
        command += ["--seed", "1", "--select", " or ".join(ids)]
        running = self._cable.charger.popen(command, stdout=PIPE, stderr=STDOUT, text=True, start_new_session=True)
        let_go_first(running.pid)
        told, _ = running.communicate()
        assert (out / "run.json").exists(), told
        cases = json.loads((out / "run.json").read_text())["cases"]
        return {case["id"]: case for case in cases if case["lifecycle"] == "finished"}

    def _dut_file(self, socket: Path) -> Path:
        """The DUT file of the car on this cable."""
        text = (HERE / "car_dut.toml").read_text()
        for key, value in {
            "interface": self._cable.charger.interface,
            "security": "tls" if self._tls else "none",
            "credentials": "" if self._pki is None else self._pki.settings,
            "hook": shlex.join([sys.executable, str(HERE / "car_hook.py"), str(socket)]),
            "tls": str(self._tls).lower(),
            "plain_tcp": str(not self._tls).lower(),
            "pnc": str(self._tls).lower(),
        }.items():
            text = text.replace(f"{{{key}}}", value)
        path = self._folder / "dut.toml"
        path.write_text(text)
        return path


class CarOnCall(JosevProcess):
    """Josev's car as a context manager: it waits to be plugged in by ``car_hook.py``."""

    def __init__(self, cable: Cable, log: Path, config: Path, socket: Path, settings: dict[str, str]) -> None:
        """Only note what to run."""
        runner = [str(HERE / "car_on_call.py"), str(config), str(WARM_UP), str(socket)]
        super().__init__(cable.car, log, runner, {**ENVIRONMENT, **settings})

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        self.start()
        try:
            self.wait_for("the car waits to be plugged in", START_PATIENCE)
            let_go_first(self._process.pid)
        except BaseException:
            self.stop()
            raise
        return self
