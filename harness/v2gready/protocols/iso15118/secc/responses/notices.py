"""EVSEStatus: what the charger wants of the car, in the responses that can carry it."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.turn import Turn


def notice(turn: Turn) -> m.EVSEStatus | None:
    """The pending notification, repeated until the car has reacted."""
    pending = turn.station.notification
    if pending is None:
        return None
    if pending.kind is m.EvseNotification.Pause:
        turn.session.pause_notified = True
    # 60 s in Dynamic, none in Scheduled mode, as deployed stations have it (reference 4.4).
    usual = turn.config.notification_delay if turn.session.dynamic else 0
    return m.EVSEStatus(
        NotificationMaxDelay=usual if pending.delay is None else pending.delay, EVSENotification=pending.kind
    )


def settle(turn: Turn, kind: m.EvseNotification) -> None:
    """The car did what a notification of that kind asked for."""
    pending = turn.station.notification
    if pending is not None and pending.kind is kind:
        turn.station.notification = None
