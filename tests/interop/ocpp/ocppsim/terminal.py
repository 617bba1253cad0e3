"""Sits at the terminal of ``ocppsim``: connects it again and again, and types what the lines on standard input say.

The simulator wants a terminal, connects when it is told to, and never again by itself. So this is its operator: a
pseudo-terminal, ``connect`` whenever its log says that the connection is gone, ``heartbeat`` once it is back, so that
the CSMS sees which station it has.
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sys
import time

ENDPOINT, IDENTITY, PASSWORD, BINARY = (os.environ[key] for key in ("ENDPOINT", "IDENTITY", "PASSWORD", "BINARY"))
ARGUMENTS = os.environ.get("ARGUMENTS", "").split()
COMMANDS = {
    "plug_in": [],  # a connector that is Occupied cannot be started: it has no cable of its own
    "present_token": ["start 1 {token}"],
    "stop": ["stop 1 Local"],
    "unplug": ["stop 1 EVDisconnected"],
}
PATIENCE = 0.4
"""Seconds between two attempts to connect."""
DOWN = (
    "Disconnected.",
    "CSMS closed the WebSocket",
    "WebSocket read error",
    "Connection error",
    "Send failed",
    "Connection closed by CSMS",
    "Reconnecting after security",
)
"""What its log says when a connection ends."""


def start() -> tuple[int, int]:
    """Starts it in a terminal of its own; its process id, and our end of the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        flags = ["--protocol", "2.1", "--ws-url", ENDPOINT, "--cp-id", IDENTITY, "--trace-frames", *ARGUMENTS]
        if PASSWORD:
            flags += ["--security-profile", os.environ.get("PROFILE", "1"), "--basic-auth-password", PASSWORD]
        os.execv(BINARY, [BINARY, *flags])  # noqa: S606 - the pinned binary
    return pid, terminal


class Operator:
    """Reads its log and types.

    Args:
        terminal: Our end of its terminal.
    """

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._connected = False
        self._last = 0.0
        self._seen = ""
        self._rest = b""

    def enter(self, line: str) -> None:
        """Types one line."""
        os.write(self._terminal, line.encode() + b"\r")

    def read(self) -> bool:
        """Copies what it printed to our own output and notes whether it is connected; False if it has ended."""
        try:
            text = os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:
            return False
        sys.stdout.write(text)
        sys.stdout.flush()
        self._seen = (self._seen + text)[-4000:]
        up, down = self._seen.rfind("Connected. Negotiated"), max(map(self._seen.rfind, DOWN))
        if up != down:  # neither: it has scrolled out of what is kept, and nothing has changed
            if up > down and not self._connected:
                self.enter("heartbeat")
            self._connected = up > down
        return True

    def obey(self) -> bool:
        """Carries out the lines that came on standard input; False at its end."""
        told = os.read(sys.stdin.fileno(), 65536)  # no readline: what that keeps back, select does not see
        *lines, self._rest = (self._rest + told).split(b"\n")
        for line in lines:
            order = json.loads(line)
            for command in COMMANDS[order["hook"]]:
                self.enter(command.format(**{"token": "V2G-TOKEN", **order["values"]}))
        return bool(told)

    def connect(self) -> None:
        """Connects it if it is not, but not all the time."""
        if not self._connected and time.monotonic() - self._last > PATIENCE:
            self._last = time.monotonic()
            self.enter("connect")


def main() -> None:
    """Runs it until standard input ends or it ends itself."""
    pid, terminal = start()
    operator = Operator(terminal)
    try:
        while True:
            ready, _, _ = select.select([terminal, sys.stdin], [], [], 0.1)
            if (terminal in ready and not operator.read()) or (sys.stdin in ready and not operator.obey()):
                return
            operator.connect()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


main()
