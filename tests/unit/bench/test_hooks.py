"""Hooks of a DUT file: each kind does what it says, and a failing one is the bench's error with a clear sentence."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.unit.bench import acts
from v2gready.bench.hooks import HookError, HookRunner
from v2gready.model.dut import Hook
from v2gready.model.trace import EventKind
from v2gready.transports.recorder import Recorder

called = acts.called


async def yes(text: str, seconds: float) -> bool:
    called.append({"prompt": text})
    return True


async def nobody(text: str, seconds: float) -> bool:
    return False


def carry_out(hook: Hook, prompt=yes, **values: str | float | bool) -> Recorder:  # type: ignore[no-untyped-def] # noqa: ANN001
    async def main() -> Recorder:
        recorder = Recorder(asyncio.get_running_loop().time, tester="ev", dut="charger")
        await HookRunner({hook.name: hook}, recorder, prompt)(hook.name, **values)
        return recorder

    called.clear()
    return asyncio.run(main())


def test_an_action_is_noted_in_the_trace_before_it_is_carried_out() -> None:
    trace = carry_out(Hook("stop", "prompt", "Press stop", 5)).trace()
    (event,) = trace.events(EventKind.ACTION)
    assert event.detail == {"action": "stop"}


def test_a_prompt_shows_the_values() -> None:
    carry_out(Hook("set_power", "prompt", "Set {watts} W", 5), watts=-5000)
    assert called == [{"prompt": "Set -5000 W"}]


def test_a_prompt_says_what_stays_as_it_is() -> None:
    carry_out(Hook("prefer", "prompt", "Service {service}, by {authorization}", 5), authorization="pnc")
    assert called == [{"prompt": "Service (as it is), by pnc"}]


def test_a_command_gets_the_values_and_no_shell(tmp_path: Path) -> None:
    script = f"import sys, pathlib; pathlib.Path({str(tmp_path / 'out')!r}).write_text(sys.argv[1])"
    carry_out(Hook("say", "command", f'{sys.executable} -c "{script}" "{{text}}"', 10), text="a; rm -rf x $HOME")
    assert (tmp_path / "out").read_text() == "a; rm -rf x $HOME"


def test_a_python_hook_is_called_with_the_values() -> None:
    carry_out(Hook("set_power", "python", "tests.unit.bench.acts:act", 5), watts=3.5)
    assert called == [{"watts": 3.5}]


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            self.send_response(500 if "bad" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", paths
        running.shutdown()
        thread.join()


def test_an_http_hook_posts(server: tuple[str, list[str]]) -> None:
    url, paths = server
    carry_out(Hook("set_power", "http", url + "/power?watts={watts}", 5), watts=-5000)
    assert paths == ["/power?watts=-5000"]


@pytest.mark.parametrize(
    ("kind", "target", "told"),
    [
        ("command", "no-such-program-here", "cannot run 'no-such-program-here'"),
        ("command", f"{sys.executable} -c \"import sys; sys.exit('broken relay')\"", "ended with 1: broken relay"),
        ("http", "ftp://127.0.0.1/x", "is no http address"),
        ("http", "http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
        ("python", "no.such.module:thing", "no entry point"),
        ("python", "json:nothing", "no entry point"),
    ],
)
def test_a_failing_hook_is_told(kind: str, target: str, told: str) -> None:
    with pytest.raises(HookError, match="hook 'act'") as wrong:
        carry_out(Hook("act", kind, target, 10))
    assert told in str(wrong.value)


def test_an_answer_other_than_success_is_told(server: tuple[str, list[str]]) -> None:
    with pytest.raises(HookError, match="500"):
        carry_out(Hook("act", "http", server[0] + "/bad", 10))


def test_nobody_at_the_bench() -> None:
    with pytest.raises(HookError, match="nobody confirmed: Press stop"):
        carry_out(Hook("stop", "prompt", "Press stop", 5), nobody)


def test_a_hook_that_never_ends_is_given_up() -> None:
    with pytest.raises(HookError, match="did not end within 0.2 s"):
        carry_out(Hook("slow", "command", f'{sys.executable} -c "import time; time.sleep(30)"', 0.2))


def test_an_unknown_action_is_told() -> None:
    async def main() -> None:
        recorder = Recorder(asyncio.get_running_loop().time, tester="ev", dut="charger")
        await HookRunner({}, recorder, yes)("dance")

    with pytest.raises(HookError, match="no hook 'dance'"):
        asyncio.run(main())
