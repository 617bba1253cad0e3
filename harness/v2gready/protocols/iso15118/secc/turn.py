"""One request in its context, the rules it may violate, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig, Protection
from v2gready.protocols.iso15118.secc.session import Session
from v2gready.protocols.iso15118.secc.station import Station
from v2gready.protocols.iso15118.secc.table import Input, State

M = TypeVar("M")


class Check(Enum):
    """A rule that the charger checks; a fault may ignore it by this name."""

    SAP_NAMESPACE = "namespace of an offer"
    SAP_MAJOR = "major version of an offer"
    TLS_1_3 = "no -20 without TLS 1.3"
    SESSION_ID = "session id"
    OCCUPIED = "one session at a time"
    SEQUENCE = "order of requests"
    PAUSED_SESSION = "a paused session with that id"
    SAME_VEHICLE = "the paused session is that of this car"
    AUTHORIZATION_SERVICE = "authorization service offered"
    CARD = "card accepted"
    CHALLENGE = "GenChallenge of this session"
    SIGNATURE_PRESENT = "signature there"
    SIGNATURE_DIGEST = "digest of the signed element"
    SIGNATURE_VALUE = "signature value"
    SIGNATURE_FORM = "form of the signature"
    CONTRACT_READABLE = "contract chain readable"
    CONTRACT_TRUSTED = "contract chain under a trusted root"
    CONTRACT_SIGNED = "signatures of the contract chain"
    CONTRACT_ORDER = "order of the contract chain"
    CONTRACT_AUTHORITY = "issuers of the contract chain are CAs"
    CONTRACT_USAGE = "usage of the contract certificate"
    CONTRACT_KEY = "keys of the contract chain"
    CONTRACT_EXPIRED = "contract chain not expired"
    CONTRACT_NOT_YET_VALID = "contract chain valid already"
    CONTRACT_REVOKED = "contract chain not revoked"
    CONTRACT_KNOWN = "contract known to its provider"
    CONTRACT_EXPIRES_SOON = "contract good for more than 14 days"
    PROVISIONING_SIGNATURE = "signature of the provisioning request"
    PROVISIONING_CHAIN = "provisioning chain trusted"
    EMSP_KNOWN = "providers of the prioritized EMAIDs"
    METERING_SIGNATURE = "signature of the reading"
    SERVICE_ID = "service id offered"
    SERVICE_SELECTION = "service and parameter set offered"
    BPT_MODE = "BPT mode with a BPT service alone"
    DER_MODE = "DER mode with a DER service"
    MIN_MAX = "minimum not above maximum"
    PLAUSIBLE = "plausible values"
    VOLTAGE_WINDOW = "common voltage range"
    CONTROL_MODE = "control mode as selected"
    SOC_PAIR = "MinimumSOC and TargetSOC together"
    PROFILE_PRESENT = "power profile present"
    PROFILE_MODE = "power profile in the selected control mode"
    SUPPORTING_POINTS = "MaximumSupportingPoints"
    SCHEDULE_TUPLE = "schedule tuple offered"
    PROFILE = "power profile within the schedule"
    CHANNEL = "BPT channel chosen"
    TOLERANCE = "power tolerance confirmed"
    PROFILE_KEPT = "power within the profile"
    DEPARTURE = "minimum within reach until departure while discharging"
    INSULATION = "insulation"
    CONTACTOR_CLOSED = "contactor closed"
    CONTACTOR_OPEN = "contactor open"
    STANDBY = "standby supported"
    SCHEDULE_RENEGOTIATION = "schedule renegotiation supported"
    SERVICE_RENEGOTIATION = "service renegotiation supported"
    PAUSE = "pause permitted"


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    """The request is answered by a FAILED code, and the session ends (-20, 8.6)."""

    def __init__(self, code: m.ResponseCode) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of a handler, and where the session stands with it.

    Attributes:
        message: The response.
        state: The state that follows.
        session: The session that goes on instead of the one of the turn, when a paused one is joined.
    """

    message: m.V2GResponse
    state: State
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Octets:
    """What a tester sends in place of a message: octets as they are, V2GTP header and all.

    Attributes:
        data: The octets.
        pause: Seconds before they go out.
    """

    data: bytes
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out for one request.

    Attributes:
        messages: Responses in order, or `Octets`; one response, unless a fault will have it otherwise.
        delay: Seconds between the request and the first octet of the response.
        close: The connection is closed behind the response.
    """

    messages: tuple[Any, ...] = ()
    delay: float = 0.0
    close: bool = False

    def bent(self, kind: type[M], change: Callable[[M], Any]) -> Reply:
        """The same with every message of a type changed."""
        messages = (change(one) if isinstance(one, kind) else one for one in self.messages)
        return replace(self, messages=tuple(messages))


@dataclass(frozen=True, slots=True)
class Turn:
    """One request and everything its answer may depend on.

    Attributes:
        station: The charger.
        session: The session.
        request: The decoded request.
        now: When it came.
        state: Where the session stood.
        input: What the request means there.
        protection: What protects the connection.
        occupied: Another connection has a session.
        vehicle_certificate: The car's leaf certificate (DER), None without TLS.
    """

    station: Station
    session: Session
    request: Any
    now: float
    state: State
    input: Input
    protection: Protection = Protection.PLAIN
    occupied: bool = False
    vehicle_certificate: bytes | None = None

    @property
    def config(self) -> ChargerConfig:
        """The charger's configuration."""
        return self.station.config

    @property
    def utc(self) -> int:
        """Unix time of this turn."""
        return self.station.utc(self.now)

    @property
    def header(self) -> m.MessageHeader:
        """Header of the response, with the id of the session as it is now."""
        return self.session.header(self.utc)

    def violates(self, check: Check, violated: bool) -> bool:  # noqa: FBT001 - reads as a sentence
        """Whether the request counts as a violation of a rule."""
        return self.station.seams.check(self, check, violated=violated)

    def refuse_if(self, check: Check, violated: bool, code: m.ResponseCode) -> None:  # noqa: FBT001 - as above
        """Ends the turn with a FAILED code on a violation.

        Raises:
            Refusal: The rule is violated.
        """
        if self.violates(check, violated):
            raise Refusal(code)
