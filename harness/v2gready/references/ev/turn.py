"""One step of a session in its context: the rules a response may break, the choices of the car, what goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Memory, Phase, Plan
from v2gready.protocols.sdp import Security

if TYPE_CHECKING:
    from v2gready.references.ev.car import Car
    from v2gready.references.ev.progress import Progress

M = TypeVar("M")


class Check(Enum):
    """A rule that the car checks in what the SECC says; a fault may ignore it by this name."""

    DECODES = "the payload is a message"
    TYPE = "response of the awaited type"
    FAILED = "no FAILED code"
    SAP_CODE = "a protocol was agreed on"
    SAP_SCHEMA = "SchemaID is one that was offered"
    SESSION_ID = "session id"
    SESSION_ID_GIVEN = "the id of a new session is not zero"
    JOINED = "only a paused session is joined"
    SAME_SECC = "the paused session is that of this SECC"
    NEW_SESSION = "a new session has to begin from the start"
    AUTHORIZED = "authorization granted"
    AUTHORIZATION_OFFERED = "authorization service offered"
    SERVICE_DETAIL = "details of the service that was asked for"
    ENERGY_MODE = "energy transfer mode in kind"
    LIMITS = "plausible limits of the EVSE"
    VOLTAGE_WINDOW = "the EVSE reaches the voltage of the battery"
    CONTROL_MODE = "control mode in kind"
    SCHEDULE_TUPLE = "a schedule to choose from"
    PRICE_SIGNATURE = "signature of the prices"
    ONGOING = "the EVSE is done"
    PRE_CHARGE = "voltage of the EVSE met that of the battery"
    POWER_REFUSED = "power delivery granted"
    OVERVOLTAGE = "voltage within the limit of the car"
    OVERPOWER = "power within the limit of the car"
    STANDBY = "standby granted"
    METERING = "metering confirmation taken"


class Choice(Enum):
    """Where the car chooses; the value is what a fault bends."""

    SERVICE = "service"
    """ServiceId, or None: nothing suits."""
    PARAMETER_SET = "parameter set"
    """(ParameterSetID, ControlMode), or None: nothing suits."""
    SCHEDULE_TUPLE = "schedule tuple"
    """ScheduleTupleID."""
    PROFILE = "power profile"
    """Steps of (seconds, W)."""
    REACTION = "reaction to a notification"
    """Move."""
    RESUME = "session to resume"
    """SessionID of eight octets."""
    MAY_DISCHARGE = "discharging allowed"
    """bool."""
    LOOP_GAP = "time before the next charge loop"
    """Seconds."""
    RETRY = "authorization once more"
    """bool."""
    AUTHORIZATION = "authorization service"
    """Authorization."""
    NAMESPACE = "namespace agreed on"
    """URN."""
    INSTALLED = "contracts that were installed"
    """Tuple of Contract."""
    RAMP = "power goes down before the contactor opens"
    """bool."""


class Timer(Enum):
    """What the car does not wait for longer than (reference 5.1)."""

    MESSAGE = "V2G_EVCC_Msg_Timeout"
    MESSAGE_LONG = "V2G_EVCC_Msg_Timeout (5 s)"
    MESSAGE_LOOP = "V2G_EVCC_Msg_Timeout (charge loop)"
    ONGOING = "V2G_EVCC_Ongoing_Timeout"
    CABLE_CHECK = "V2G_EVCC_CableCheck_Timeout"
    PRE_CHARGE = "V2G_EVCC_PreCharge_Timeout"
    COMMUNICATION_SETUP = "V2G_EVCC_CommunicationSetup_Timeout"


class Move(Enum):
    """What the car does next in the charge loop."""

    GO_ON = "goes on"
    TERMINATE = "ends the session"
    PAUSE = "pauses the session"
    RENEGOTIATE_SERVICE = "ends to renegotiate the service"
    RENEGOTIATE_SCHEDULE = "renegotiates the schedule"
    STANDBY = "goes to standby"
    START = "starts power delivery again"
    METERING = "confirms the meter"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the car sends in one step.

    Attributes:
        messages: Requests in order; one, unless a fault will have it otherwise.
        delay: Seconds before the first octet.
        payload_type: V2GTP payload type, if not that of the message.
        payload: Octets in place of the encoded message.
        close: The connection is closed instead of waiting for an answer.
    """

    messages: tuple[Any, ...] = ()
    delay: float = 0.0
    payload_type: int | None = None
    payload: bytes | None = None
    close: bool = False

    def bent(self, kind: type[M], change: Callable[[M], Any]) -> Outgoing:
        """The same with every message of a type changed."""
        messages = (change(one) if isinstance(one, kind) else one for one in self.messages)
        return replace(self, messages=tuple(messages))


@dataclass(frozen=True, slots=True)
class Reach:
    """How the car connects after SDP.

    Attributes:
        security: TLS or none.
        port: The TCP port.
    """

    security: Security
    port: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of a session and everything that a decision in it may depend on.

    Attributes:
        car: What outlives the session.
        phase: Phase of the request that is made or was answered.
        plan: What the car wants.
        memory: What the session has learned.
        progress: What the car itself has done in it.
        now: When.
        response: The response, None while a request is made.
        joined: The session is one that was paused.
    """

    car: Car
    phase: Phase
    plan: Plan
    memory: Memory
    progress: Progress
    now: float
    response: Any = None
    joined: bool = False

    @property
    def notification(self) -> m.EvseNotification | None:
        """EVSENotification of the response."""
        status = getattr(self.response, "EVSEStatus", None)
        return None if status is None else status.EVSENotification
