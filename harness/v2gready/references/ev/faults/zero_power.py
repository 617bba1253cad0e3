"""Faults of a car without power for a while, and of the way back to it."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Move, Turn

_NOTHING = 100.0
"""W that count as none."""
_PATIENCE = 8.0
"""Seconds without power that are taken for an end."""


@fault("zero-power-terminates", "Ends its session when no power has flowed for eight seconds.")
class ZeroPowerTerminates(Fault):
    """Zero power is no end."""

    def __init__(self) -> None:
        super().__init__()
        self._since: float | None = None

    def move(self, turn: Turn, move: Move) -> Move:
        """Takes a charger that gives nothing for one that is done."""
        if abs(turn.car.battery.power) > _NOTHING:
            self._since = None
            return move
        self._since = turn.now if self._since is None else self._since
        return Move.TERMINATE if turn.now - self._since > _PATIENCE and move is Move.GO_ON else move


@fault("zero-power-stays", "Takes nothing any more once nothing has flowed.")
class ZeroPowerStays(Fault):
    """Zero power is no end."""

    def __init__(self) -> None:
        super().__init__()
        self._flowed = self._done = False

    def power(self, turn: Turn, watts: float) -> float:
        """The contactor of the on-board charger stays open until the next plug-in."""
        self._done = self._done or (self._flowed and watts == 0)
        self._flowed = self._flowed or watts != 0
        return 0.0 if self._done else watts
