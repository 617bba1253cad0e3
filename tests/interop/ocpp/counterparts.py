"""The counterparts as processes on loopback, with a little HTTP server that hooks of a DUT file reach them by.

Each is a script that reads one JSON object a line on standard input, ``{"hook": …, "values": …}``, and acts. What the
script cannot do itself happens here: ``reboot``, and ``reset`` before each case, end the process and start another. One
that ends by itself is started again as well, as the watchdog of a charging station would (`Counterpart.endings`
counts them).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from interop.environments import INTEROP, ROOT, MissingError, locked, python_of
from interop.ocpp import operator
from v2gready.engine.data import load_questionnaires

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = INTEROP / "ocpp"
PREPARED = ROOT / ".counterparts"
"""Where packages and binaries of counterparts lie that are not Python."""
OCPPSIM_VERSION = "0.3.0"
IDENTITY = "CS-1"
IDENTITIES = (IDENTITY, "CS-2", "PENDING", "RDAM|123", "L" * 48)
"""All that a CSMS knows; the DUT files name them."""
PASSWORD = "interop-on-loopback"  # noqa: S105 - for the length of one test, on 127.0.0.1
START_PATIENCE = 30.0
CALM = 0.3
"""Seconds before a process that ended by itself is started again."""


def ocpp_rpc() -> Path:
    """Folder with the scripts and the installed packages of npm's ocpp-rpc; installs them if they do not fit.

    Raises:
        MissingError: There is no Node.js, or the packages cannot be installed.
    """
    home = PREPARED / "ocpp-rpc"
    pins = (HERE / "ocpp_rpc" / "package-lock.json").read_bytes()
    with locked(home):
        if not (home / "pins").exists() or (home / "pins").read_bytes() != pins:
            if shutil.which("npm") is None:
                reason = "no `npm` on the path (tests/interop/install.sh installs it)"
                raise MissingError(reason)
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / "ocpp_rpc" / name, home)
            answer = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True, check=False
            )
            if answer.returncode:
                reason = f"cannot install npm's ocpp-rpc:\n{answer.stderr[-800:]}"
                raise MissingError(reason)
            (home / "pins").write_bytes(pins)
        for name in ("station.mjs", "csms.mjs"):  # beside node_modules, where imports look for packages
            shutil.copy(HERE / "ocpp_rpc" / name, home)
    return home


def ocppsim() -> Path:
    """The simulator, as ``install.sh`` built it (building takes minutes, no test does that).

    Raises:
        MissingError: It is not there.
    """
    binary = PREPARED / f"ocppsim-{OCPPSIM_VERSION}" / "bin" / "ocppsim"
    if not binary.exists():
        reason = f"no {binary.relative_to(ROOT)} (tests/interop/install.sh builds it with cargo)"
        raise MissingError(reason)
    return binary


def _node(script: str) -> list[str]:
    return ["node", str(ocpp_rpc() / script)]


def _mobilityhouse(script: str) -> list[str]:
    return [str(python_of("ocpp/mobilityhouse")), str(HERE / "mobilityhouse" / script)]


def _terminal() -> list[str]:
    ocppsim()
    return [sys.executable, str(HERE / "ocppsim" / "terminal.py")]


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "ocpp-rpc-station": lambda: _node("station.mjs"),
    "ocpp-rpc-csms": lambda: _node("csms.mjs"),
    "mobilityhouse-station": lambda: _mobilityhouse("station.py"),
    "mobilityhouse-csms": lambda: _mobilityhouse("csms.py"),
    "ocppsim-station": _terminal,
}
"""How each is started, by name of its DUT file."""


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Counterpart:
    """One counterpart: a context manager inside which it runs.

    Attributes:
        name: A key of ``COMMANDS``; its DUT file has the same name.
        folder: For its log and its DUT file.
        settings: Further environment variables.
        port: Where the CSMS of the pair listens.
        endings: How often the process ended although nobody had asked for it.
    """

    name: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    endings: int = 0
    _process: subprocess.Popen[str] | None = None
    _wanted: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_csms(self) -> bool:
        """Whether it is the CSMS of the pair."""
        return self.name.endswith("-csms")

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / f"{self.name}.log"

    def __enter__(self) -> Self:
        """Starts it, and a CSMS listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._command = COMMANDS[self.name]()
        self._control = _Control(self)
        threading.Thread(target=self._control.serve_forever, daemon=True).start()
        self._wanted = True
        try:
            self._start()
            if self.is_csms:
                self._wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it."""
        self._wanted = False
        self._stop()
        self._control.shutdown()
        self._control.server_close()

    def act(self, hook: str, values: Mapping[str, Any]) -> None:
        """Carries out a hook.

        Raises:
            KeyError: A CSMS cannot do that.
            OSError: The process is gone.
        """
        if hook in {"reboot", "reset"}:
            self.restart()
            return
        if self.is_csms and hook != "forget_boot":
            hook, values = "do", operator.order(hook, values)
        with self._lock:
            process = self._process
            if process is None or process.stdin is None:
                reason = f"{self.name} is not running"
                raise OSError(reason)
            process.stdin.write(json.dumps({"hook": hook, "values": dict(values)}) + "\n")
            process.stdin.flush()

    def restart(self) -> None:
        """A power cycle; a CSMS listens again afterwards."""
        with self._lock:
            self._stop()
            self._start()
            if self.is_csms:
                self._wait_until_it_listens()

    def dut_file(self) -> Path:
        """Its DUT file, with ports and password filled in."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        text = (HERE / "dut" / f"{self.name}.toml").read_text()
        filled = {"port": self.port, "password": secret, "hooks": self._hooks(), "no": self._no(text)}
        for key, value in filled.items():
            text = text.replace(f"{{{key}}}", str(value))
        path = self.folder / "dut.toml"
        path.write_text(text)
        return path

    def _no(self, text: str) -> str:
        """No to every question about OCPP that its DUT file does not answer with yes."""
        items = load_questionnaires()["csms" if self.is_csms else "charger"]
        asked = [key for key, item in items.items() if item.interface == "ocpp"]
        return "\n".join(f"{key} = false" for key in asked if f"\n{key} = " not in text)

    def _hooks(self) -> str:
        """The hooks, as far as it has them, all by HTTP; what a case does not give a value stays in braces."""
        base = f"http://127.0.0.1:{self._control.server_port}"
        named = dict.fromkeys(operator.HOOKS, ()) if self.is_csms else STATION_HOOKS
        if self.is_csms:
            named |= {"forget_boot": (), "reset": ()}
        lines = []
        for hook, keys in named.items():
            query = "&".join(f"{key}={{{key}}}" for key in keys or CSMS_VALUES)
            lines.append(f'[hooks.{hook}]\nkind = "http"\nurl = "{base}/{hook}?{query}"\n')
        return "\n".join(lines)

    def _start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TERM": "xterm",
            "ENDPOINT": f"ws://127.0.0.1:{self.port}/ocpp",
            "PORT": str(self.port),
            "IDENTITY": IDENTITY,
            "IDENTITIES": ",".join(IDENTITIES),
            "PASSWORD": PASSWORD,
            "BINARY": str(PREPARED / f"ocppsim-{OCPPSIM_VERSION}" / "bin" / "ocppsim"),
            **self.settings,
        }
        with self.log.open("a") as out:
            self._process = subprocess.Popen(
                self._command,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()  # they end with it, and with them what they have started
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _watch(self) -> None:
        while self._wanted:
            time.sleep(0.05)
            with self._lock:
                if not self._wanted or self._process is None or self._process.poll() is None:
                    continue
                self.endings += 1
                time.sleep(CALM)
                self._stop()  # it has ended, its pipe has not
                self._start()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.05)
        reason = f"{self.name} does not listen:\n{self.log.read_text()[-2000:]}"
        raise RuntimeError(reason)


STATION_HOOKS: dict[str, tuple[str, ...]] = {
    "plug_in": ("evse",),
    "present_token": ("token", "type"),
    "unplug": ("evse",),
    "stop": ("evse",),
    "reboot": ("evse",),
    "reset": ("evse",),
}
CSMS_VALUES = (
    "action",
    "payload",
    "station",
    "token",
    "evse",
    "type",
    "profile",
    "transaction",
    "modes",
    "periods",
    "kind",
    "purpose",
    "unit",
    "stack_level",
    "duration",
    "component",
    "variable",
    "value",
    "instance",
    "message",
    "custom",
    "signal",
    "delay",
    "activate",
    "control_type",
    "control_id",
    "is_default",
    "field",
)
"""Everything that a hook of a CSMS may be given."""


class _Control(ThreadingHTTPServer):
    """Takes the hooks."""

    daemon_threads = True

    def __init__(self, counterpart: Counterpart) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.counterpart = counterpart


class _Handler(BaseHTTPRequestHandler):
    server: _Control

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        values = {key: _read(value) for key, value in parse_qsl(url.query) if value != f"{{{key}}}"}
        try:
            self.server.counterpart.act(url.path.strip("/"), values)
            self.send_response(204)
        except Exception as problem:  # noqa: BLE001 - told to whoever called
            self.send_response(500, str(problem).replace("\n", " ")[:200])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _read(value: str) -> Any:
    """A value as it was before it travelled: JSON, a number, True or False, or a text."""
    if value in {"True", "False"}:
        return value == "True"
    try:
        return json.loads(value)
    except ValueError:
        return value
