"""Hooks of OCPP devices: what reaches the device, and what the trace may show of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from v2gready.bench.hooks import HookRunner
from v2gready.engine import ocpp_hooks
from v2gready.model.dut import Hook
from v2gready.model.trace import EventKind
from v2gready.references.csms.server import RunningCsms
from v2gready.references.station.server import RunningStation
from v2gready.transports.recorder import Recorder

SECRET = "correct-horse-battery-staple"  # noqa: S105 - a secret to look for
CHANGE = {
    "setVariableData": [
        {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "attributeValue": SECRET,
        }
    ]
}


class Device:
    """Writes down what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def plug_in(self, **values: Any) -> None:
        self.told.append(("plug_in", values))

    async def reboot(self) -> None:
        self.told.append(("reboot", {}))

    def do(self, action: str, **values: Any) -> None:
        self.told.append((action, values))


def recorder() -> Recorder:
    return Recorder(lambda: 0.0, tester="csms", dut="charger")


def test_the_embedded_device_gets_objects_and_the_trace_json() -> None:
    device, record = Device(), recorder()
    act = ocpp_hooks.embedded(device, ("plug_in", "reboot", "load"), record)

    async def use() -> None:
        await act("plug_in", evse=1, der=["VoltVar"])
        await act("reboot")
        await act("load", watts=5)

    asyncio.run(use())
    assert device.told == [("plug_in", {"evse": 1, "der": ["VoltVar"]}), ("reboot", {}), ("load", {"watts": 5})]
    first = next(record.trace().events(EventKind.ACTION))
    assert first.detail == {"action": "plug_in", "evse": 1, "der": '["VoltVar"]'}


def test_an_unknown_hook_is_our_own_mistake() -> None:
    with pytest.raises(KeyError, match="fly"):
        asyncio.run(ocpp_hooks.embedded(Device(), ("plug_in",), recorder())("fly"))


def test_a_password_reaches_the_device_and_not_the_trace() -> None:
    device, record = Device(), recorder()
    act = ocpp_hooks.embedded(device, ("do",), record)
    asyncio.run(act("do", action="SetVariables", payload=json.dumps(CHANGE)))
    assert SECRET in str(device.told)
    assert SECRET not in str(list(record.trace().records))


def test_the_same_holds_for_hooks_of_a_dut_file() -> None:
    record = recorder()
    seen: list[str] = []

    async def prompt(text: str, _: float) -> bool:
        seen.append(text)
        return True

    hook = Hook("do", "prompt", "send {action} {payload}", 5.0)
    act = ocpp_hooks.travelling(HookRunner({"do": hook}, record, prompt, shown=ocpp_hooks.shown))
    asyncio.run(act("do", action="SetVariables", payload=CHANGE))
    assert SECRET in seen[0]
    assert json.loads(seen[0].removeprefix("send SetVariables ")) == CHANGE
    assert SECRET not in str(list(record.trace().records))


@pytest.mark.parametrize(
    ("device", "names"),
    [(RunningStation, ocpp_hooks.STATION_HOOKS), (RunningCsms, ocpp_hooks.CSMS_HOOKS)],
)
def test_the_reference_devices_have_their_hooks(device: type, names: tuple[str, ...]) -> None:
    assert callable(getattr(device, "do", None))
    missing = [name for name in names if not hasattr(device, name)]
    assert not missing
