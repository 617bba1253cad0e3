"""The SECC: one connection, from supportedAppProtocol to the end, without I/O.

Messages and ``now`` go in, replies and the next deadline come out. The order of requests is in `table`, the answers
are in `responses`, and everything that a fault may bend passes `seams`. What is here is what holds for every request:
the session id is checked, then the order, then the content; any FAILED ends the session (-20, clause 8.6); and a car
that falls silent is switched off.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Protection, Undecodable
from v2gready.protocols.iso15118.secc.offers import offers
from v2gready.protocols.iso15118.secc.power import Occasion
from v2gready.protocols.iso15118.secc.responses import HANDLERS, refuse
from v2gready.protocols.iso15118.secc.sap import first_family, negotiate
from v2gready.protocols.iso15118.secc.session import Session
from v2gready.protocols.iso15118.secc.station import Station
from v2gready.protocols.iso15118.secc.table import TRANSITIONS, Family, State, classify
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Refusal, Reply, Turn


class LocalProtocolError(Exception):
    """The core was misused: our bug, never the car's."""


class Secc:
    """One connection of the charger.

    Args:
        station: The charger behind it.
        protection: What protects the connection.
        vehicle_certificate: The car's leaf certificate (DER), None without TLS.

    Attributes:
        state: Where the session stands.
        session: What is known about it.
    """

    def __init__(
        self,
        station: Station,
        *,
        protection: Protection = Protection.PLAIN,
        vehicle_certificate: bytes | None = None,
    ) -> None:
        self._station = station
        self._protection = protection
        self._vehicle_certificate = vehicle_certificate
        self._deadline: float | None = None
        self._running: tuple[float, float] | None = None
        self.state = State.CONNECTED
        # Before the namespace is chosen, the family is a guess that nothing relies on.
        self.session = _fresh(station, first_family(station.config))

    @property
    def timer(self) -> float | None:
        """When `expire` is due; None while an answer is under way or the session is over."""
        return self._deadline

    def connected(self, now: float) -> None:
        """The connection is there; the car has as long as between any two messages to begin."""
        self._arm(self._station.config.sequence_timeout, now)

    def receive(self, request: Any, now: float) -> Reply:
        """Takes a decoded message and returns what to answer.

        Raises:
            LocalProtocolError: The session is over.
        """
        turn = self._turn(request, now)
        reply = self._negotiated(turn) if isinstance(request, m.SupportedAppProtocolReq) else self._answered(turn)
        reply = self._station.seams.reply(turn, replace(reply, delay=self._station.config.response_time))
        if self.state is State.CLOSED:
            self._end(Occasion.STOP)
        elif reply.close:
            self._end(Occasion.FAILURE)
        return reply

    def undecodable(self, payload: bytes, now: float) -> Reply:
        """Takes a payload that is no message. What the standard wants here is (unconfirmed), see `Undecodable`.

        Raises:
            LocalProtocolError: The session is over.
        """
        timer = self._deadline, self._running
        turn = self._turn(None, now)
        reaction = self._station.seams.undecodable(payload, self._station.config.undecodable)
        reply = self._station.seams.reply(turn, Reply(close=reaction is Undecodable.CLOSE))
        if reply.close:
            self._end(Occasion.FAILURE)
        else:
            self._deadline, self._running = timer  # silence is no response: the timer of the last one goes on
        return reply

    def sent(self, request: Any, now: float) -> None:
        """The response to that request is out: V2G_SECC_Sequence_Timer starts [V2G20-441]."""
        if self.state is State.CLOSED:
            return
        config = self._station.config
        loop = isinstance(request, m.ChargeLoopReq)  # 0.5 s there [V2G20-1500], [V2G20-1502]
        self._arm(config.loop_timeout if loop else config.sequence_timeout, now)

    def expire(self, now: float) -> bool:
        """V2G_SECC_Sequence_Timeout, if it is due: the SECC stops the session [V2G20-443].

        Returns:
            Whether the connection has to be closed.
        """
        if self._deadline is None or now < self._deadline:
            return False
        self._disarm(now, expired=True)
        self._station.advance(now)
        self._end(Occasion.TIMEOUT)
        return True

    def disconnected(self, now: float) -> None:
        """The connection is gone, by whomever: no energy without communication."""
        self._disarm(now)
        self._station.advance(now)
        if self.state is not State.CLOSED:
            self._end(Occasion.FAILURE)

    def _turn(self, request: Any, now: float) -> Turn:
        if self.state is State.CLOSED:
            raise LocalProtocolError("the session is over: nothing more to receive")
        self._disarm(now)
        self._station.advance(now)
        return Turn(
            station=self._station,
            session=self.session,
            request=request,
            now=now,
            state=self.state,
            input=classify(request, self.session.family),
            protection=self._protection,
            occupied=self._station.holder not in {None, self},
            vehicle_certificate=self._vehicle_certificate,
        )

    def _negotiated(self, turn: Turn) -> Reply:
        """A second handshake in mid session has no FAILED code of its own: no negotiation, and the end."""
        if turn.violates(Check.SEQUENCE, turn.input not in TRANSITIONS[self.state]):
            refusal = m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.Failed_NoNegotiation)
            return Reply((refusal,), close=True)
        response, family = negotiate(turn)
        if family is None:
            return Reply((response,), close=True)
        self.session = _fresh(self._station, family)
        self.state = State.NEGOTIATED
        return Reply((response,))

    def _answered(self, turn: Turn) -> Reply:
        try:
            answer = self._handled(turn)
        except Refusal as refusal:
            response = refuse(turn.request, turn.header, refusal.code)
            # A message that no car sends (a response, for one) has no matching answer.
            return Reply(() if response is None else (response,), close=True)
        if answer.session is not None:
            self.session = answer.session
        self.state = answer.state
        return Reply((answer.message,), close=answer.state is State.CLOSED)

    def _handled(self, turn: Turn) -> Answer:
        request = turn.request
        following = TRANSITIONS[turn.state].get(turn.input)
        if not isinstance(request, m.V2GRequest):
            raise Refusal(m.ResponseCode.FAILED)
        if not isinstance(request, m.SessionSetupReq):
            foreign = request.Header.SessionID != turn.session.id
            # Before SessionSetup there is no stored id to compare with: that is an error of order.
            known = turn.state not in {State.CONNECTED, State.NEGOTIATED}
            turn.refuse_if(Check.SESSION_ID, foreign and known, m.ResponseCode.FAILED_UnknownSession)  # [V2G20-460]
        turn.refuse_if(Check.SEQUENCE, following is None, m.ResponseCode.FAILED_SequenceError)  # [V2G20-459]
        if isinstance(request, m.SessionSetupReq):
            turn.refuse_if(Check.OCCUPIED, turn.occupied, m.ResponseCode.FAILED)
            self._station.holder = self
        handler = HANDLERS.get(type(request))
        if handler is None:
            raise Refusal(m.ResponseCode.FAILED_SequenceError)
        answer = handler(turn)
        if following is not None and answer.state not in following:
            raise LocalProtocolError(f"{turn.state.name} must not become {answer.state.name} by {turn.input.name}")
        return answer

    def _arm(self, seconds: float, now: float) -> None:
        bent = self._station.seams.sequence_timeout(seconds)
        self._running = (now, seconds)
        self._deadline = None if math.isinf(bent) else now + bent

    def _disarm(self, now: float, *, expired: bool = False) -> None:
        if self._running is not None:
            since, seconds = self._running
            self._station.seams.waited(now - since, seconds, expired=expired)
        self._deadline = self._running = None

    def _end(self, occasion: Occasion) -> None:
        self.state = State.CLOSED
        self._deadline = self._running = None
        self._station.seams.ended(occasion)
        if self._station.holder in {None, self}:
            self._station.holder = None
            self._station.release(occasion)


def _fresh(station: Station, family: Family) -> Session:
    """A session that has not begun; until ServiceSelection it stands for the first offer."""
    return Session(offer=offers(station.config, family)[0])
