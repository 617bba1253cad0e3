"""One connection of the CSMS with a station, without I/O: messages and ``now`` in, messages and the next deadline out.

What holds for every CALL is here: nothing but BootNotification before the station is accepted (B01.FR.10), one effect
for one message id, an error for what is known and not for us. The answers are in `answers`, what an operator asks of a
station in `orders`.
"""

from __future__ import annotations

import heapq
import json
import math

from v2gready.protocols.ocpp import rpc, schema
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, ErrorCode
from v2gready.references.csms.answers import HANDLERS, SETTLED
from v2gready.references.csms.backend import Backend
from v2gready.references.csms.registry import Station
from v2gready.references.csms.seams import Check
from v2gready.references.csms.turn import Reply, Request, Turn

_BEFORE_ACCEPTED = frozenset({"BootNotification"})
_REPORTS = frozenset({"GetBaseReport", "GetReport"})
_MOST_DELAYED = 1000


class Csms:
    """One connection.

    Args:
        backend: The CSMS behind it.
        station: Who is at the other end.
        edition: What is spoken.
        common_name: Common name of the client certificate, None without.

    Attributes:
        closing: The CSMS wants to end the connection; faults alone do.
    """

    __slots__ = ("_agenda", "_count", "_out", "_rpc", "backend", "closing", "common_name", "edition", "station")

    def __init__(self, backend: Backend, station: Station, edition: Edition, *, common_name: str | None = None) -> None:
        self.backend = backend
        self.station = station
        self.edition = edition
        self.common_name = common_name
        self.closing = False
        self._rpc = rpc.Rpc(edition, timeout=backend.config.call_timeout, new_id=backend.new_id)
        self._agenda: list[tuple[float, int, Request | tuple[Call, Reply]]] = []
        self._count = 0
        self._out: list[str] = []

    @property
    def open_call(self) -> Call | None:
        """Our CALL that waits for its answer."""
        return self._rpc.open_call

    # What comes in

    def receive(self, data: str | bytes, now: float) -> None:
        """Takes a message of the station; whatever it is, nothing is raised."""
        heard = self.backend.seams.heard(self, data)
        if heard is not None:
            for event in self._rpc.receive(heard, now):
                self._take(event, now)
        self._due(now)
        self._flush(data)

    def request(self, request: Request, now: float) -> None:
        """Makes the CSMS call the station; an action that the edition does not have is left out."""
        self._later(request, now + request.after)
        self._due(now)
        self._flush(None)

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is due."""
        times = [self._rpc.next_timeout(), self._agenda[0][0] if self._agenda else None]
        return min((time for time in times if time is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Lets time pass."""
        for event in self._rpc.handle_timeout(now):
            self._take(event, now)
        self._due(now)
        self._flush(None)

    def outgoing(self) -> list[str]:
        """What has to be sent, once."""
        out, self._out = self._out, []
        return out

    def lost(self, now: float) -> None:
        """The connection is gone."""
        for event in self._rpc.lost(now):
            self._take(event, now)
        self._agenda.clear()
        if self.station.csms is self:
            self.station.csms = None

    # What happens

    def _take(self, event: rpc.RpcEvent, now: float) -> None:
        match event:
            case rpc.Called(call):
                self._called(Turn(self, call, now))
            case rpc.Answered(call, payload, problems):
                settle = SETTLED.get(call.action)
                if settle is not None and not problems:
                    settle(Turn(self, call, now), payload)
            case _:
                pass  # SEND has no answer [P4 4.1]; what fits nothing is ignored

    def _called(self, turn: Turn) -> None:
        reply = self._again(turn)
        if reply is None:
            reply = self._early(turn)
        if reply is None:
            reply = self._handled(turn)
        reply = self.backend.seams.reply(turn, reply)
        delay = reply.delay + self.backend.config.response_time
        if delay == 0:
            self._answer(turn.call, reply, turn.now)
        elif not math.isinf(delay):
            self._push(turn.now + delay, (turn.call, reply))

    def _again(self, turn: Turn) -> Reply | None:
        """A repetition has no second effect: the handlers of events see to it by seqNo, everything else is here."""
        content = hash((turn.action, json.dumps(turn.payload, sort_keys=True)))
        same = turn.station.repeats(turn.call.id, content)
        if self.backend.seams.check(turn.station.identity, Check.REPEATED, violated=same is False):
            return Reply(error=ErrorCode.RPC_FRAMEWORK_ERROR, description="this message id was used before")
        return None

    def _early(self, turn: Turn) -> Reply | None:
        station = turn.station
        asked = station.status == "Pending" and turn.action in station.asked
        early = station.status != "Accepted" and turn.action not in _BEFORE_ACCEPTED and not asked
        if self.backend.seams.check(station.identity, Check.BOOTED, violated=early):
            return Reply(error=ErrorCode.SECURITY_ERROR, description="the station has not been accepted")
        return None

    def _handled(self, turn: Turn) -> Reply:
        handler = HANDLERS.get(turn.action)
        if handler is None:
            return Reply(error=ErrorCode.NOT_SUPPORTED, description=f"{turn.action} is not for this CSMS")
        try:
            return handler(turn)
        except (ValueError, OverflowError) as error:
            # Valid for the schema and still no value: a leap second, a multiplier of 999.
            return Reply(error=ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, description=str(error)[:255])

    def _answer(self, call: Call, reply: Reply, now: float) -> None:
        if reply.error is not None:
            self._rpc.error(call.id, reply.error, reply.description)
        else:
            self._rpc.result(call.id, reply.payload)
        for request in reply.then:
            self._later(request, now + request.after)

    def _later(self, request: Request, when: float) -> None:
        if request.action in schema.actions(self.edition):
            self._push(when, request)

    def _push(self, when: float, item: Request | tuple[Call, Reply]) -> None:
        if len(self._agenda) < _MOST_DELAYED:
            self._count += 1
            heapq.heappush(self._agenda, (when, self._count, item))

    def _due(self, now: float) -> None:
        while self._agenda and self._agenda[0][0] <= now:
            _, _, item = heapq.heappop(self._agenda)
            if isinstance(item, Request):
                self._call(item, now)
            else:
                self._answer(*item, now)

    def _call(self, request: Request, now: float) -> None:
        wanted = self.backend.seams.request(self, request)
        if wanted is None:
            return
        if wanted.action in _REPORTS:
            self.station.asked.add("NotifyReport")
        elif wanted.action == "TriggerMessage":
            self.station.asked.add(str(wanted.payload.get("requestedMessage")))
        self._rpc.call(wanted.action, wanted.payload, now)

    def _flush(self, data: str | bytes | None) -> None:
        self._out.extend(self.backend.seams.sends(self, tuple(self._rpc.outgoing()), data))
