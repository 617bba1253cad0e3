"""The hooks of the embedded reference charger, by the names that a DUT file uses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from v2gready.model.trace import EventKind
from v2gready.protocols.iso15118.messages import EvseNotification
from v2gready.references.charger import RunningCharger
from v2gready.transports.recorder import Recorder

Action = Callable[..., None]


def actions(charger: RunningCharger) -> dict[str, Action]:
    """What can be done to a charger, by name of the hook; docs/dut-file.md tells what each means."""
    return {
        "set_power": charger.set_power,
        "stop": lambda: charger.notify(EvseNotification.Terminate),
        "pause": lambda: charger.notify(EvseNotification.Pause),
        "renegotiate_schedule": lambda: charger.notify(EvseNotification.ScheduleRenegotiation),
        "renegotiate_service": lambda: charger.notify(EvseNotification.ServiceRenegotiation),
        "reject_authorization": charger.reject_authorization,
        "accept_authorization": charger.accept_authorization,
        "isolation_fault": charger.break_insulation,
        "contactor_fault": charger.break_contactor,
        "repair": charger.repair,
    }


NAMES: Final = (
    "set_power",
    "stop",
    "pause",
    "renegotiate_schedule",
    "renegotiate_service",
    "reject_authorization",
    "accept_authorization",
    "isolation_fault",
    "contactor_fault",
    "repair",
)


def runner(available: Mapping[str, Action], recorder: Recorder) -> Callable[..., Awaitable[None]]:
    """The ``act`` of a bench: notes the action in the trace and carries it out."""

    async def carry_out(name: str, **values: Any) -> None:
        recorder.event(EventKind.ACTION, "harness", detail={"action": name, **values})
        available[name](**values)

    return carry_out
