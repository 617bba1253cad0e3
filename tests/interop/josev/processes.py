"""Josev's charger and Josev's car as processes, each on its end of a cable."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from interop.environments import java, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from interop.josev.pki import JosevPki
    from interop.netns import Cable, End

HERE = Path(__file__).resolve().parent
DC_BPT = HERE / "dc_bpt.json"
START_PATIENCE = 600.0
"""Seconds for the charger to listen: interpreter, Java virtual machine, grammars, warm-up."""

WARM_UP = 15
"""Rounds through the codec before the first message (``warm_up.py``): two seconds on an idle machine."""

URGENCY = -15
"""Priority (nice) of what has timers to keep."""

SETTINGS = {
    "AUTH_MODES": "EIM",
    "PROTOCOLS": "ISO_15118_20_DC,ISO_15118_20_AC",
    "LOG_LEVEL": "INFO",
    "MESSAGE_LOG_JSON": "True",
    "MESSAGE_LOG_EXI": "False",
    "PYTHONUNBUFFERED": "1",
}
"""Environment of both sides unless overridden. The log at level INFO is how we know what they do."""

_RECORD = re.compile(r"^\w+\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - [\w.]+ \(\d+\): (.*)$")


def let_go_first(session: int) -> None:
    """Prefer a process that leads its session, and what it has started, to the rest of the machine.

    A car and a charger have processors of their own. Here they share theirs with whatever else runs, and one late
    response in a charge loop ends a session. Two settings, since some kernels schedule sessions as a whole.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PGRP, session, URGENCY)
        Path(f"/proc/{session}/autogroup").write_text(str(URGENCY))


class JosevError(RuntimeError):
    """Josev did not start or did not finish; the message ends with the tail of its log."""


@dataclass(frozen=True)
class LogRecord:
    """One line of Josev's log; continuation lines of tracebacks are left out."""

    at: float
    text: str


class JosevProcess:
    """A process of Josev with its log in a file, killed together with its Java virtual machine."""

    def __init__(self, end: End, log: Path, arguments: list[str], settings: Mapping[str, str]) -> None:
        """Only note what to run."""
        self.log = log
        self._end = end
        self._arguments = arguments
        self._settings = settings
        self._process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        """Start it, with its log's folder as working directory: it would read a ``.env`` there."""
        java()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **SETTINGS, "NETWORK_INTERFACE": self._end.interface, **self._settings}
        with self.log.open("w") as out:
            self._process = self._end.popen(
                [str(python_of("josev")), *self._arguments],
                env=environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End the process and everything it started; harmless when it has ended by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def records(self) -> list[LogRecord]:
        """What it has logged so far."""
        return list(_records(self.log))

    def wait_for(self, text: str, patience: float, *, since: int = 0) -> LogRecord:
        """Wait until a record whose text contains ``text`` is logged.

        Args:
            text: What to look for.
            patience: Seconds to wait.
            since: How many records to skip, for what may be logged more than once.

        Raises:
            JosevError: It was not logged in time, or the process ended without it.
        """
        deadline = time.monotonic() + patience
        while True:
            alive = self.running
            for record in self.records()[since:]:
                if text in record.text:
                    return record
            if not alive or time.monotonic() > deadline:
                raise self.failure(f"no {text!r} in the log" + ("" if alive else ", and the process has ended"))
            time.sleep(0.02)

    def failure(self, reason: str) -> JosevError:
        """An error with the tail of the log."""
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return JosevError(f"{reason}\n{self.log}:\n{tail}")

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()


class Charger(JosevProcess):
    """Josev's charger (SECC) as a context manager; inside it answers SDP.

    It serves one session after another, but between two of them it is deaf for five seconds (``wait_until_free``).
    """

    def __init__(
        self,
        cable: Cable,
        log: Path,
        *,
        pki: JosevPki | None = None,
        settings: Mapping[str, str] | None = None,
        warm_up: int = WARM_UP,
    ) -> None:
        """Only note what to run.

        Args:
            cable: The cable it is plugged into.
            log: The file for its log.
            pki: Certificates; with them it speaks TLS 1.3 and demands a client certificate.
            settings: Further environment variables, ``SETTINGS`` shows the kind.
            warm_up: Rounds through the codec before it listens.
        """
        super().__init__(
            cable.charger, log, [str(HERE / "charger_runner.py"), str(warm_up)], {**_tls(pki), **(settings or {})}
        )
        self.cable = cable
        self.pki = pki

    def __enter__(self) -> Self:
        """Start it, wait until it listens, and let it go first from then on: starting is nothing that hurries."""
        self.start()
        try:
            self.wait_for("UDP server started at address", START_PATIENCE)
            let_go_first(self._process.pid)
        except BaseException:
            self.stop()
            raise
        return self

    def wait_until_free(self, patience: float = 15.0) -> None:
        """Wait until it answers SDP: at once when it is idle, else when the session before is cleared away.

        Raises:
            JosevError: It stays deaf, which it does when a session's end went wrong.
        """
        deadline = time.monotonic() + patience
        while True:
            turns = [record.text for record in self.records() if record.text.startswith("UDP server has been ")]
            if not turns or "resumed" in turns[-1]:
                return
            if time.monotonic() > deadline or not self.running:
                reason = "the charger does not get free"
                raise self.failure(reason)
            time.sleep(0.02)


class Car(JosevProcess):
    """Josev's car (EVCC) as a context manager: charges as soon as it is started, then ends.

    On a busy machine it may miss the half second of its charge loop timeout. Then it starts again from SDP, as often as
    ``sdpRetryCycles`` of its configuration says, with the charge loops that are left.
    """

    def __init__(
        self,
        cable: Cable,
        log: Path,
        *,
        config: Path = DC_BPT,
        sessions: int = 1,
        pki: JosevPki | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Only note what to run.

        Args:
            cable: The cable it is plugged into.
            log: The file for its log.
            config: Its configuration; whether it uses TLS is overridden to fit ``pki``.
            sessions: How many times to charge, in one process.
            pki: Certificates; with them it asks for TLS.
            settings: Further environment variables.
        """
        self._config = config
        self._use_tls = pki is not None
        self._own_config = log.with_suffix(".json")
        arguments = [str(HERE / "car_runner.py"), str(self._own_config), str(sessions), str(WARM_UP)]
        super().__init__(cable.car, log, arguments, {**_tls(pki), **(settings or {})})

    def __enter__(self) -> Self:
        """Start it."""
        config = {**json.loads(self._config.read_text()), "useTls": self._use_tls, "enforceTls": self._use_tls}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._own_config.write_text(json.dumps(config))
        self.start()
        return self

    def wait_until_ended(self, patience: float) -> None:
        """Wait until it has charged as often as it should and ends.

        Raises:
            JosevError: It did not end in time, or it gave up, after which it hangs for ever.
        """
        deadline = time.monotonic() + patience
        while self.running:
            if any("Shutting down high-level communication" in record.text for record in self.records()):
                reason = "the car gave up"
                raise self.failure(reason)
            if time.monotonic() > deadline:
                reason = f"the car is still running after {patience} s"
                raise self.failure(reason)
            time.sleep(0.1)

    def sessions(self) -> list[Session]:
        """The sessions that it has completed, from its log."""
        return list(_sessions(self.records()))


@dataclass(frozen=True)
class Session:
    """What the car's log says about one complete session."""

    seconds: float
    """From sending the SDP request to having processed the response to SessionStop."""

    messages: tuple[str, ...]
    """The responses in order."""

    @property
    def charge_loops(self) -> int:
        """How many charge loop responses it received."""
        return sum(name.endswith("_ChargeLoopRes") for name in self.messages)


def _tls(pki: JosevPki | None) -> dict[str, str]:
    """The environment that switches TLS 1.3 on."""
    if pki is None:
        return {}
    return {"ENABLE_TLS_1_3": "True", "PKI_PATH": f"{pki.directory}{os.sep}"}


def _records(log: Path) -> Iterator[LogRecord]:
    for line in log.read_text(errors="replace").splitlines():
        if found := _RECORD.match(line):
            stamp = dt.datetime.strptime(found[1] + "+0000", "%Y-%m-%d %H:%M:%S,%f%z")
            yield LogRecord(stamp.timestamp(), found[2])


def _sessions(records: list[LogRecord]) -> Iterator[Session]:
    start, names = 0.0, []
    for record in records:
        if record.text.startswith("Sending SDPRequest"):
            start, names = record.at, []
        elif record.text.endswith("Res received"):
            names.append(record.text.split()[0])
            if names[-1] == "SessionStopRes":
                yield Session(round(record.at - start, 3), tuple(names))
