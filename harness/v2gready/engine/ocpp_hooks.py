"""The hooks of OCPP devices: by the names that a DUT file uses, for the embedded reference devices and for real ones.

Objects and lists among the values of a hook travel as JSON: a command line or a URL knows nothing else. Passwords in
them reach the device, never the trace.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.redaction import redacted
from v2gready.transports.recorder import Recorder

Act = Callable[..., Awaitable[None]]

STATION_HOOKS: Final = (
    "plug_in",
    "present_token",
    "unplug",
    "stop",
    "reboot",
    "set_frequency",
    "set_voltage",
    "external_limit",
    "load",
    "install_contract",
    "sign_certificate",
    "new_needs",
    "priority",
)
"""What can be done to a charging station; docs/dut-file.md tells what each means."""
CSMS_HOOKS: Final = (
    "do",
    "request_start",
    "request_stop",
    "get_transaction_status",
    "notify_allowed_energy_transfer",
    "set_charging_profile",
    "update_dynamic_schedule",
    "set_dynamic_values",
    "clear_charging_profile",
    "get_charging_profiles",
    "get_composite_schedule",
    "use_priority_charging",
    "send_afrr_signal",
    "set_der_control",
    "clear_der_control",
    "get_der_control",
    "get_variables",
    "set_variables",
    "get_base_report",
    "get_report",
    "get_log",
    "trigger_message",
    "reset",
    "set_network_profile",
    "install_certificate",
    "delete_certificate",
    "get_installed_certificates",
    "answer_needs",
    "forget_boot",
)
"""What a CSMS can be told to do; ``do`` stands for every other message."""


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a hook as they may stand in the trace."""
    return {name: redacted(value) if isinstance(value, str) else value for name, value in values.items()}


def as_text(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a hook with objects and lists as JSON."""
    return {
        name: json.dumps(value) if isinstance(value, Mapping | list | tuple) else value
        for name, value in values.items()
        if value is not None
    }


def travelling(act: Act) -> Act:
    """An ``act`` that takes objects and lists, around one that takes texts and numbers alone."""

    async def carry_out(name: str, **values: Any) -> None:
        await act(name, **as_text(values))

    return carry_out


def embedded(device: Any, names: Collection[str], recorder: Recorder) -> Act:
    """The ``act`` of an embedded bench: notes the action in the trace and calls the method of its name.

    Args:
        device: The running reference device.
        names: Its hooks.
        recorder: The trace.
    """

    async def carry_out(name: str, **values: Any) -> None:
        if name not in names:
            raise KeyError(f"the device has no hook {name!r}")
        recorder.event(EventKind.ACTION, "harness", detail={"action": name, **shown(as_text(values))})
        await carried_out(device, name, values)

    return carry_out


async def carried_out(device: Any, name: str, values: Mapping[str, Any]) -> None:
    """Calls the method of a device that a hook stands for; an action without one goes to its ``do``."""
    own = getattr(device, name, None)
    method = functools.partial(device.do, name) if own is None else own
    result = method(**{key: _object(value) for key, value in values.items()})
    if inspect.isawaitable(result):
        await result


def _object(value: Any) -> Any:
    """A value as the reference device takes it: JSON of an object or a list is read."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
