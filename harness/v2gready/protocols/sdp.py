"""SECC discovery (SDP, ISO 15118-2 clause 7.10.1, used by ISO 15118-20): datagrams and the EVCC's side of the search.

The codec is strict and says what it refuses. `SdpClient` resends as [V2G2-159] and [V2G2-161] allow, keeps listening
after the first answer, because a second, different one is the trace that a spoofed SECC leaves, and tells a dubious
answer as an event: whether to follow it is the decision of whoever plays the car.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from ipaddress import IPv6Address, IPv6Network
from typing import TypeVar

from v2gready.protocols.v2gtp import Frame, FrameDecoder, PayloadType, encode_frame

RETRY_INTERVAL = 0.25
"""Seconds that the EVCC waits for an answer before it asks again [V2G2-159]."""
MAX_ATTEMPTS = 50
"""Consecutive requests before the EVCC gives up [V2G2-161]."""
LINK_LOCAL = IPv6Network("fe80::/10")

_REQUEST = struct.Struct(">BB")
_RESPONSE = struct.Struct(">16sHBB")


class Security(IntEnum):
    """Whether TLS is asked for, or granted."""

    TLS = 0x00
    NONE = 0x10


class Transport(IntEnum):
    """The transport; UDP (0x10) is reserved and so refused."""

    TCP = 0x00


class SdpError(ValueError):
    """A datagram is not the SDP message that it should be."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SdpRequest:
    """What the EVCC asks for (payload type 0x9000)."""

    security: Security
    transport: Transport = Transport.TCP

    def encode(self) -> bytes:
        """Return the datagram, V2GTP header included."""
        return encode_frame(PayloadType.SDP_REQUEST, _REQUEST.pack(self.security, self.transport))

    @classmethod
    def decode(cls, datagram: bytes) -> SdpRequest:
        """Read a datagram.

        Raises:
            SdpError: header, payload type, length or a reserved value is wrong.
        """
        payload = _payload(datagram, PayloadType.SDP_REQUEST, _REQUEST.size)
        security, transport = _REQUEST.unpack(payload)
        return cls(_member(Security, security), _member(Transport, transport))


@dataclass(frozen=True, slots=True)
class SdpResponse:
    """Where the SECC awaits the connection (payload type 0x9001)."""

    address: IPv6Address
    port: int
    security: Security
    transport: Transport = Transport.TCP

    def encode(self) -> bytes:
        """Return the datagram, V2GTP header included."""
        payload = _RESPONSE.pack(self.address.packed, self.port, self.security, self.transport)
        return encode_frame(PayloadType.SDP_RESPONSE, payload)

    @classmethod
    def decode(cls, datagram: bytes) -> SdpResponse:
        """Read a datagram; address and port are taken as they are.

        Raises:
            SdpError: header, payload type, length or a reserved value is wrong.
        """
        payload = _payload(datagram, PayloadType.SDP_RESPONSE, _RESPONSE.size)
        address, port, security, transport = _RESPONSE.unpack(payload)
        return cls(IPv6Address(address), port, _member(Security, security), _member(Transport, transport))


E = TypeVar("E", bound=IntEnum)


def _member(kind: type[E], value: int) -> E:
    try:
        return kind(value)
    except ValueError:
        raise SdpError(f"reserved {kind.__name__.lower()} value 0x{value:02X}") from None


def _payload(datagram: bytes, payload_type: PayloadType, length: int) -> bytes:
    decoder = FrameDecoder(max_payload=0xFFFF)
    events = decoder.feed(datagram)
    if len(events) != 1 or decoder.pending:
        raise SdpError(f"{len(datagram)} bytes are not exactly one V2GTP frame")
    event = events[0]
    if not isinstance(event, Frame):
        raise SdpError(event.reason)
    if event.payload_type is not payload_type:
        raise SdpError(f"payload type 0x{event.payload_type:04X} instead of 0x{payload_type:04X}")
    if len(event.payload) != length:
        raise SdpError(f"payload of {len(event.payload)} bytes instead of {length}")
    return event.payload


class Suspicion(Enum):
    """Why an answer is not followed."""

    UNSPECIFIED = "the address is ::"
    MULTICAST = "the address is a multicast group"
    OFF_LINK = "the address is not on the link of the search"
    PORT_ZERO = "the port is 0"
    PORT_RANGE = "the port is outside 49152..65535"


def suspicions(response: SdpResponse, link: IPv6Network = LINK_LOCAL) -> tuple[Suspicion, ...]:
    """Return everything that speaks against an answer, empty for a good one."""
    address, port = response.address, response.port
    found = []
    if address.is_unspecified:
        found.append(Suspicion.UNSPECIFIED)
    elif address.is_multicast:
        found.append(Suspicion.MULTICAST)
    elif address not in link:
        found.append(Suspicion.OFF_LINK)
    if port == 0:
        found.append(Suspicion.PORT_ZERO)
    elif not 49152 <= port <= 65535:
        found.append(Suspicion.PORT_RANGE)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A request has to go out now."""

    data: bytes
    attempt: int
    """Counts from 1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first good answer; the search is over."""

    response: SdpResponse
    sender: IPv6Address
    attempts: int
    """Requests sent so far."""
    elapsed: float
    """Seconds since the first request."""


@dataclass(frozen=True, slots=True)
class RepeatedAnswer:
    """The same good answer again, as a late answer to an earlier request."""

    response: SdpResponse
    sender: IPv6Address


@dataclass(frozen=True, slots=True)
class DifferingAnswer:
    """A good answer that contradicts the first: two SECCs on one link, or a spoof."""

    first: SdpResponse
    response: SdpResponse
    sender: IPv6Address


@dataclass(frozen=True, slots=True)
class SuspiciousAnswer:
    """A well-formed answer that a car should not follow; the search goes on."""

    response: SdpResponse
    sender: IPv6Address
    suspicions: tuple[Suspicion, ...]


@dataclass(frozen=True, slots=True)
class MalformedAnswer:
    """A datagram that is no SDP response; the search goes on."""

    reason: str
    raw: bytes
    sender: IPv6Address


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The last request stayed without a good answer; the search is over."""

    attempts: int


SdpEvent = SendRequest | Answer | RepeatedAnswer | DifferingAnswer | SuspiciousAnswer | MalformedAnswer | NoAnswer


class SearchState(Enum):
    """Where the search stands."""

    IDLE = "idle"
    SEARCHING = "searching"
    ANSWERED = "answered"
    EXHAUSTED = "exhausted"


class _Input(Enum):
    START = "start"
    GIVE_UP = "give up"
    GOOD = "good answer"


# Anything not in this map leaves the state as it is. An answer behind the last request is late, not wrong.
_TRANSITIONS = {
    (SearchState.IDLE, _Input.START): SearchState.SEARCHING,
    (SearchState.SEARCHING, _Input.GIVE_UP): SearchState.EXHAUSTED,
    (SearchState.SEARCHING, _Input.GOOD): SearchState.ANSWERED,
    (SearchState.EXHAUSTED, _Input.GOOD): SearchState.ANSWERED,
}


class SdpClient:
    """The EVCC's search for an SECC.

    Call `start` once, `tick` whenever `timer` is due and `receive` for every datagram; send what `SendRequest` holds.
    Whether an answer grants the security that was asked for [V2G2-628] is left to the caller, who may have to judge
    a charger by it rather than to follow it.

    Args:
        request: what to ask for.
        link: addresses that count as on-link; a rig on loopback passes `::1/128`.
        interval: seconds between two requests.
        max_attempts: requests before giving up.
    """

    def __init__(
        self,
        request: SdpRequest,
        *,
        link: IPv6Network = LINK_LOCAL,
        interval: float = RETRY_INTERVAL,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> None:
        self._request = request.encode()
        self._link = link
        self._interval = interval
        self._max_attempts = max_attempts
        self._state = SearchState.IDLE
        self._started = 0.0
        self._attempts = 0
        self._timer: float | None = None
        self._first: SdpResponse | None = None
        self._answers: list[SdpResponse] = []

    @property
    def state(self) -> SearchState:
        """Where the search stands."""
        return self._state

    @property
    def timer(self) -> float | None:
        """When `tick` is due, or None when only an answer can still change anything."""
        return self._timer

    @property
    def answers(self) -> tuple[SdpResponse, ...]:
        """Every well-formed answer so far, good or suspicious, in order."""
        return tuple(self._answers)

    def start(self, now: float) -> list[SdpEvent]:
        """Begin the search.

        Raises:
            RuntimeError: the search was begun before.
        """
        if self._state is not SearchState.IDLE:
            raise RuntimeError("an SDP search starts once; make a new SdpClient")
        self._started = now
        self._move(_Input.START)
        return self._send(now)

    def tick(self, now: float) -> list[SdpEvent]:
        """Let time pass: resend, or give up, if that is due."""
        if self._timer is None or now < self._timer:
            return []
        if self._attempts < self._max_attempts:
            return self._send(now)
        self._timer = None
        self._move(_Input.GIVE_UP)
        return [NoAnswer(self._attempts)]

    def receive(self, datagram: bytes, sender: IPv6Address, now: float) -> list[SdpEvent]:
        """Take a datagram that came to the port of the search."""
        try:
            response = SdpResponse.decode(datagram)
        except SdpError as error:
            return [MalformedAnswer(error.reason, datagram, sender)]
        self._answers.append(response)
        found = suspicions(response, self._link)
        if found:
            return [SuspiciousAnswer(response, sender, found)]
        if self._first is None:
            self._first = response
            self._timer = None
            self._move(_Input.GOOD)
            return [Answer(response, sender, self._attempts, now - self._started)]
        if response == self._first:
            return [RepeatedAnswer(response, sender)]
        return [DifferingAnswer(self._first, response, sender)]

    def _send(self, now: float) -> list[SdpEvent]:
        self._attempts += 1
        # From `now`, not from the timer: the wait is a minimum, and a late tick must not shorten the next one.
        self._timer = now + self._interval
        return [SendRequest(self._request, self._attempts)]

    def _move(self, cause: _Input) -> None:
        self._state = _TRANSITIONS.get((self._state, cause), self._state)
