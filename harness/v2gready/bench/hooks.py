"""Makes the device act: plug in, authorise, press stop. Judges never believe a hook, only the trace."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import shlex
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Mapping

from v2gready.model.dut import Hook
from v2gready.model.trace import EventKind
from v2gready.transports.recorder import Recorder

Prompt = Callable[[str, float], Awaitable[bool]]
"""Shows a text to the operator and waits; False if nobody confirmed in time."""
_UNFILLED = re.compile(r"\{\w+\}")
"""What stays of a target where the case gives no value."""
Value = str | float | bool
"""What a hook may be given."""


class HookError(Exception):
    """A hook could not be carried out: the bench's failure, never the device's."""


class HookRunner:
    """Carries out hooks and notes each in the trace.

    Args:
        hooks: Hooks of the DUT file.
        recorder: The trace.
        prompt: How to reach the operator.
        shown: What of the parameters may stand in the trace; all as they are by default.
    """

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        recorder: Recorder,
        prompt: Prompt,
        shown: Callable[[Mapping[str, Value]], Mapping[str, Value]] = dict,
    ) -> None:
        self._hooks = hooks
        self._recorder = recorder
        self._prompt = prompt
        self._shown = shown

    async def __call__(self, name: str, **values: Value) -> None:
        """Carries out one action.

        Args:
            name: Name of the hook.
            **values: Its parameters; a target holds them in braces, e.g. ``{watts}``.

        Raises:
            HookError: There is no such hook, it failed, or nobody confirmed it in time.
        """
        hook = self._hooks.get(name)
        if hook is None:
            raise HookError(f"the DUT file has no hook {name!r}")
        self._recorder.event(EventKind.ACTION, "harness", detail={"action": name, **self._shown(values)})
        try:
            async with asyncio.timeout(hook.timeout):
                await self._carry_out(hook, values)
        except TimeoutError:
            raise HookError(f"hook {name!r} did not end within {hook.timeout:g} s") from None

    async def _carry_out(self, hook: Hook, values: Mapping[str, Value]) -> None:
        match hook.kind:
            case "prompt":
                told = _UNFILLED.sub("(as it is)", _filled(hook.target, values))
                if not await self._prompt(told, hook.timeout):
                    raise HookError(f"nobody confirmed: {told}")
            case "command":
                await _run_command(hook.name, [_filled(part, values) for part in shlex.split(hook.target)])
            case "http":
                quoted = {key: urllib.parse.quote(str(value), safe="") for key, value in values.items()}
                await _call_http(hook.name, _filled(hook.target, quoted))
            case _:
                await _call_python(hook, values)


def _filled(text: str, values: Mapping[str, Value]) -> str:
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text


async def _run_command(name: str, command: list[str]) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as problem:
        raise HookError(f"hook {name!r}: cannot run {command[0]!r}: {problem.strerror}") from None
    try:
        _, errors = await process.communicate()
    finally:
        if process.returncode is None:  # given up on: it must not act on the device later
            process.kill()
            await process.wait()
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or [""]
        raise HookError(f"hook {name!r}: the command ended with {process.returncode}: {last[0]}")


async def _call_http(name: str, url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise HookError(f"hook {name!r}: {url!r} is no http address")

    def post() -> None:
        request = urllib.request.Request(url, data=b"", method="POST")  # noqa: S310 - the scheme is checked above
        try:
            with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - as above
                pass
        except urllib.error.HTTPError as refused:
            refused.close()  # it holds the connection
            raise OSError(f"the answer is {refused.code} {refused.reason}") from None

    try:
        await asyncio.to_thread(post)
    except OSError as problem:
        raise HookError(f"hook {name!r}: {url}: {problem}") from None


async def _call_python(hook: Hook, values: Mapping[str, Value]) -> None:
    module, _, attribute = hook.target.partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as problem:
        raise HookError(f"hook {hook.name!r}: no entry point {hook.target!r}: {problem}") from None
    result = function(**values)
    if inspect.isawaitable(result):
        await result
