"""Faults of SessionStop, pause, resume and service renegotiation (reference 4.2, 4.4; PAU-S-*, REN-S-*, STP-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.table import Input, State
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode
_UNAUTHORIZED = frozenset({State.ESTABLISHED, State.AUTHORIZING})
_BEFORE_POWER = frozenset(State) - {State.LOOP, State.LOOP_METERING, State.STARTED, State.STOPPED}


@fault("no-tcp-close-after-stop", "Keeps the connection open after SessionStop.")
class NoTcpClose(Fault):
    """STP-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Waits for the car to close."""
        return replace(reply, close=False) if isinstance(turn.request, m.SessionStopReq) else reply


@fault("terminate-refused-early", "Refuses SessionStop(Terminate) before the charge loop.")
class TerminateRefusedEarly(Fault):
    """STP-S-1: from every state."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """A session has to come to power first."""
        early = turn.input is Input.TERMINATE and turn.state in _BEFORE_POWER
        return violated or (check is Check.SEQUENCE and early)


@fault("terminate-as-failed", "Answers SessionStop(Terminate) with FAILED.")
class TerminateAsFailed(Fault):
    """STP-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The right end with the wrong code."""
        if turn.input is not Input.TERMINATE:
            return reply
        return reply.bent(m.SessionStopRes, lambda response: replace(response, ResponseCode=_CODE.FAILED))


@fault("resume-joins-any-vehicle", "Lets any car join a paused session by its id.")
class JoinsAnyVehicle(Ignores):
    """[V2G20-2545], [V2G20-2626], PAU-S-2."""

    ignored = frozenset({Check.SAME_VEHICLE})


@fault("resume-forgets-session", "Forgets a session when it is paused.")
class ForgetsSession(Fault):
    """[V2G20-1032], PAU-S-1."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Keeps nothing."""
        return violated or check is Check.PAUSED_SESSION


@fault("resume-changes-session-id", "Joins a paused session under another id.")
class ResumeChangesId(Fault):
    """PAU-S-1: the old id stays."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The id of the connection, not of the session."""

        def change(response: m.SessionSetupRes) -> m.SessionSetupRes:
            if response.ResponseCode is not _CODE.OK_OldSessionJoined:
                return response
            other = bytes(octet ^ 0xFF for octet in response.Header.SessionID)
            return replace(response, Header=replace(response.Header, SessionID=other))

        return reply.bent(m.SessionSetupRes, change)


@fault("resume-accepts-authorization", "Starts over with AuthorizationSetup after joining a paused session.")
class ResumeAcceptsAuthorization(Fault):
    """[V2G20-1032]: ChargeParameterDiscovery alone."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Both ways are open."""
        again = turn.state is State.SELECTED and turn.input is Input.AUTHORIZATION_SETUP
        return violated and not (check is Check.SEQUENCE and again)


@fault("resume-refuses-parameters", "Takes no ChargeParameterDiscoveryReq after joining a paused session.")
class ResumeRefusesParameters(Fault):
    """[V2G20-1032]."""

    def __init__(self) -> None:
        super().__init__()
        self._joined = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Waits for AuthorizationSetup."""
        refused = self._joined and turn.state is State.SELECTED and turn.input is Input.PARAMETERS
        return violated or (check is Check.SEQUENCE and refused)

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Remembers how the session began."""
        for one in reply.messages:
            if isinstance(one, m.SessionSetupRes):
                self._joined = one.ResponseCode is _CODE.OK_OldSessionJoined
        return reply


@fault("dynamic-pause-allowed", "Lets a car pause in Dynamic mode without having been asked to.")
class DynamicPauseAllowed(Ignores):
    """[V2G20-1195], PAU-S-3."""

    ignored = frozenset({Check.PAUSE})


@fault("pause-refused", "Refuses every pause.")
class PauseRefused(Fault):
    """Reference 4.4."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Not implemented."""
        return violated or check is Check.PAUSE


@fault("renegotiation-before-auth", "Leads an unauthorized car to ServiceDiscovery by way of ServiceRenegotiation.")
class RenegotiationBeforeAuthorization(Fault):
    """REN-S-2: a way around authorization."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """SessionStop is fine in every state."""
        around = turn.input is Input.RENEGOTIATE_SERVICE and turn.state in _UNAUTHORIZED
        return violated and not (check is Check.SEQUENCE and around)


@fault("renegotiation-refused", "Refuses the service renegotiation that it says it supports.")
class RenegotiationRefused(Fault):
    """[V2G20-1477], REN-S-1."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Not implemented."""
        return violated or check is Check.SERVICE_RENEGOTIATION


@fault("renegotiation-closes", "Closes the connection after SessionStop(ServiceRenegotiation).")
class RenegotiationCloses(Fault):
    """[V2G20-1477], REN-S-1: the session is kept."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A stop is a stop."""
        return replace(reply, close=True) if turn.input is Input.RENEGOTIATE_SERVICE else reply


@fault("unsupported-renegotiation-accepted", "Accepts a service renegotiation although it says it has none.")
class UnsupportedRenegotiation(Ignores):
    """Reference 4.6. Needs a charger without service renegotiation."""

    ignored = frozenset({Check.SERVICE_RENEGOTIATION})
