"""The emulated charger as a test case drives it: what it is, what it answers wrongly, what it waits for."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from cryptography import x509

from v2gready.emulators.charger.delivery import in_the_name_of
from v2gready.emulators.charger.network import ScriptedNetwork, SdpScript
from v2gready.emulators.charger.script import Bend, Rule, Script, again, each, framed, pieces
from v2gready.emulators.charger.sdp_script import Step
from v2gready.emulators.charger.stream import CHARGER, EV, WatchedStream
from v2gready.emulators.charger.witness import Watch
from v2gready.emulators.reach import NoChain, Unreached
from v2gready.hosts.secc import ChargerCredentials, RunningCharger, run
from v2gready.model.trace import EventKind, Frame
from v2gready.protocols.dissect import SDP
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc import ChargerConfig
from v2gready.protocols.iso15118.secc.power import Listener, Occasion
from v2gready.protocols.iso15118.secc.turn import Check, Octets
from v2gready.protocols.pki import Role
from v2gready.protocols.pki.defects import Chain
from v2gready.protocols.v2gtp import encode_frame
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.recorder import Recorder, TraceFull
from v2gready.transports.tls import KeyLog

M = TypeVar("M")

SEGMENT_PERIOD = 0.005
"""Seconds between two segments of one frame, so that the stack does not join them again."""
AGAIN = 0.003
"""Seconds between a response and the same once more: a segment of its own, and less than a car takes for an answer
(Josev on a quick machine answers within 50 ms)."""
PATIENCE = 60.0
"""Seconds to wait for a request of the car, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class SeccCredentials:
    """What the emulated charger shows and trusts.

    Attributes:
        good: As a charger should.
        defective: Other credentials by the name of their defect; what is not in here cannot be tested on this bench.
        others: Roots of certificates that have no business in TLS: trusted only where one is to be seen.
        services: Defective chains of a provisioning service, by ``cps-defect``; the same holds for those.
    """

    good: ChargerCredentials
    defective: Mapping[str, ChargerCredentials] = field(default_factory=dict)
    others: Sequence[x509.Certificate] = ()
    services: Mapping[str, Chain] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class EmulatedCharger:
    """Settings of the emulated charger.

    Attributes:
        config: What it is by default.
        credentials: For TLS; None on a plain TCP rig.
        rng: Source of its session ids.
        listener: A meter at its outlet.
        keylog: Where TLS secrets go for the capture.
        patience: Seconds to wait for a request of the car where a case says nothing about it.
    """

    config: ChargerConfig = field(default_factory=ChargerConfig)
    credentials: SeccCredentials | None = None
    rng: random.Random = field(default_factory=random.SystemRandom)
    listener: Listener | None = None
    keylog: KeyLog | None = None
    patience: float = PATIENCE


class ChargerDriver:
    """The charger on the bench. It is switched on by `ready`, which every hook and every wait call.

    Args:
        settings: What it is.
        network: The link to the car.
        recorder: Where everything that passes is written.
        clock: The time.
    """

    def __init__(self, settings: EmulatedCharger, network: Network, recorder: Recorder, clock: Clock) -> None:
        self.config = settings.config
        self._settings = settings
        self._credentials = settings.credentials
        self._chain = ""
        self._service: Chain | None = None
        self._any_client = False
        self._recorder = recorder
        self._clock = clock
        self._sdp = SdpScript()
        self._script = Script(self._session_ended)
        self._network = ScriptedNetwork(network, self._sdp, self._seen_datagram)
        self._watch = Watch(recorder, self._change)
        self._stack = AsyncExitStack()
        self._running: RunningCharger | None = None
        self._stale = True
        self._changed = asyncio.Event()

    # -- before a session -----------------------------------------------------------------------------------------

    def configure(self, **changes: Any) -> None:
        """What the charger is from the next session on: fields of `ChargerConfig`. Ends what is running then."""
        self.config = replace(self.config, **changes)
        self._stale = True

    def tls(
        self,
        *,
        chain: str = "",
        only_1_2: bool = False,
        client_certificate: bool = True,
        any_client: bool = False,
    ) -> None:
        """How it takes TLS connections from the next session on.

        Args:
            chain: Name of the defect of its certificates; the good ones if empty.
            only_1_2: TLS 1.2 alone, as a charger of ISO 15118-2.
            client_certificate: Ask for the vehicle certificate.
            any_client: Take a certificate that is not the vehicle's too, so that it is in the trace.

        Raises:
            Unequipped: The bench has no certificates with that defect.
        """
        if chain and (self._credentials is None or chain not in self._credentials.defective):
            name = {"other-secc": "secc-other"}.get(chain, f"secc-{chain}")
            raise NoChain(name, told=chain.startswith("revoked"))
        self._chain = chain
        self._any_client = any_client
        self._script.profile = lambda profile: replace(
            profile,
            allow_1_2=profile.allow_1_2 or only_1_2,
            allow_1_3=not only_1_2,
            client_certificate=client_certificate,
            purpose=profile.purpose and not any_client,
            validity=profile.validity and not any_client,
        )
        self._stale = True

    def sdp(self, *steps: Step, forever: bool = False) -> None:
        """What is answered to the next SDP requests, one step each; see `sdp_script`.

        Args:
            *steps: The answers.
            forever: The last step is for all requests that follow.
        """
        self._sdp.set(steps, forever=forever)

    def stall(self, seconds: float) -> None:
        """Leaves the first octets of every new connection unread for a time, below ``handshake_timeout``."""
        self._watch.stall = seconds

    async def ready(self) -> None:
        """Switches the charger on, or on again after a change of what it is; paused sessions outlive that."""
        if not self._stale:
            return
        self._stale = False
        paused = {} if self._running is None else self._running.station.paused
        self.cut()
        await self._stack.aclose()
        self._running = await self._stack.enter_async_context(
            run(
                self._network,
                self._clock,
                config=self.config,
                faults=(self._script,),
                rng=self._settings.rng,
                credentials=self._shown(),
                listener=self._settings.listener,
                witness=self._watch,
            )
        )
        self._running.station.paused.update(paused)
        self._watch.shown = _leaf(self._shown())

    async def aclose(self) -> None:
        """Switches the charger off."""
        self._observed(SDP)
        self.cut()
        await self._stack.aclose()
        self._running = None

    def _shown(self) -> ChargerCredentials | None:
        if self._credentials is None:
            return None
        shown = self._credentials.defective[self._chain] if self._chain else self._credentials.good
        shown = replace(shown, backend=self._credentials.good.backend, keylog=self._settings.keylog)
        return replace(shown, roots=(*shown.roots, *self._credentials.others)) if self._any_client else shown

    # -- the script -----------------------------------------------------------------------------------------------

    def alter(self, kind: type[M], change: Callable[[M], Any], nth: int | None = None) -> None:
        """Changes a response before it goes out; nobody checks what becomes of it.

        Args:
            kind: Type of the response, or a base class: ``ChargeLoopRes`` means that of AC and of DC.
            change: Gets the response, gives the one to send.
            nth: Which of them from now on, from 0; None for all.
        """

        def changed(one: Any) -> Any:
            return change(one) if isinstance(one, kind) else one

        self._rule(kind, nth, each(changed))

    def deliver(self, defect: str = "") -> None:
        """Whose contracts CertificateInstallationRes brings from now on.

        Args:
            defect: Of the chain of the provisioning service, which signs all the same; the good one if empty.

        Raises:
            Unequipped: The bench has no such chain.
        """
        name = f"{Role.CPS}-{defect}"
        if defect and (self._credentials is None or name not in self._credentials.services):
            raise NoChain(name, told=defect.startswith("revoked"))
        first = self._service is None
        self._service = self._credentials.services[name] if defect and self._credentials is not None else None
        if first and self._service is not None:
            self.alter(m.CertificateInstallationRes, lambda one: in_the_name_of(self._service, one))

    def fail(self, kind: type, code: Any, nth: int | None = None) -> None:
        """Sends a response with another code. The SECC goes on: whether the car does is in the trace."""
        self.alter(kind, lambda response: replace(response, ResponseCode=code), nth)

    def delay(self, kind: type, seconds: float, nth: int | None = None) -> None:
        """Takes that long for a response."""
        self._rule(kind, nth, lambda reply: replace(reply, delay=seconds))

    def withhold(self, kind: type, nth: int | None = None) -> None:
        """Does not send a response; the connection stays as it is."""
        self._rule(kind, nth, lambda reply: replace(reply, messages=(), close=False))

    def twice(self, kind: type, nth: int | None = None) -> None:
        """Sends a response two times; the second comes a little later, or a car might find both in one read."""
        self._rule(kind, nth, again(AGAIN))

    def instead(self, kind: type, other: Any, nth: int | None = None) -> None:
        """Sends something else in place of a response: a message, a function of the response, or raw octets."""

        def made(one: Any) -> Any:
            if isinstance(other, bytes):
                return Octets(other)
            return other(one) if callable(other) else other

        self._rule(kind, nth, each(made))

    def payload(self, kind: type, octets: bytes | Callable[[bytes], bytes], nth: int | None = None) -> None:
        """Sends octets as the payload, behind a header that fits: a value, or a function of the good payload."""

        def made(one: Any) -> Octets:
            good = framed(one)
            payload = octets(good[8:]) if callable(octets) else octets
            return Octets(encode_frame(int.from_bytes(good[2:4], "big"), payload))

        self._rule(kind, nth, each(made))

    def payload_type(self, kind: type, payload_type: int, nth: int | None = None) -> None:
        """Sends a response under another V2GTP payload type."""
        self._rule(kind, nth, each(lambda one: Octets(encode_frame(payload_type, framed(one)[8:]))))

    def before(self, kind: type, octets: bytes, nth: int | None = None) -> None:
        """Sends octets in front of a response."""
        self._rule(kind, nth, lambda reply: replace(reply, messages=(Octets(octets), *reply.messages)))

    def segments(self, kind: type, size: int, nth: int | None = None, *, pause: float = SEGMENT_PERIOD) -> None:
        """Sends a response in segments of so many octets."""
        self._rule(kind, nth, pieces(size, pause))

    def close_after(self, kind: type, nth: int | None = None) -> None:
        """Closes the connection behind a response, at once."""

        def bend(reply: Any) -> Any:
            asyncio.get_running_loop().call_later(reply.delay + SEGMENT_PERIOD, self.close)
            return replace(reply, close=False)

        self._rule(kind, nth, bend)

    def overlook(self, *checks: Check) -> None:
        """Lets the SECC overlook what the car does wrong."""
        self._script.waived.update(checks)

    def clear(self) -> None:
        """Drops all rules."""
        self._script.rules.clear()
        self._script.waived.clear()
        self._sdp.set((), forever=False)

    def _rule(self, kind: type, nth: int | None, bend: Bend) -> None:
        self._script.rules.append(Rule(kind, nth, bend))

    # -- during a session -----------------------------------------------------------------------------------------

    @property
    def station(self) -> RunningCharger:
        """The SECC that runs.

        Raises:
            Unreached: It is not switched on.
        """
        if self._running is None:
            raise Unreached("the charger is not switched on")
        return self._running

    @property
    def feeds_ac(self) -> bool:
        """Its AC outlet is energised."""
        return self._running is not None and self._running.station.ac.contactor

    @property
    def links(self) -> tuple[WatchedStream, ...]:
        """All connections on which V2GTP was spoken, in order."""
        return tuple(self._watch.streams)

    @property
    def patience(self) -> float:
        """Seconds to wait for a request of the car where a case says nothing about it."""
        return self._settings.patience

    @property
    def mark(self) -> int:
        """Requests of the car so far, for `wait_for`."""
        return sum(1 for _ in self._requests())

    def notify(self, kind: m.EvseNotification, delay: int | None = None) -> None:
        """Tells the car something with the next response that can carry it (EVSEStatus), until it reacts."""
        self.station.notify(kind, delay)

    def set_power(self, watts: float) -> None:
        """Asks for a power into the car in Dynamic mode; negative discharges. In Scheduled mode it is a cap."""
        self.station.set_power(watts)

    def forget(self) -> None:
        """Forgets every paused session, as a restart does."""
        self.station.station.paused.clear()

    def close(self) -> None:
        """Closes every connection, now."""
        for stream in self.links:
            stream.end()

    def cut(self) -> None:
        """Resets every connection, as pulling the plug does."""
        for stream in self.links:
            stream.abort()

    async def wait_for(
        self,
        kind: type[M],
        where: Callable[[M], bool] | None = None,
        *,
        nth: int = 0,
        since: int = 0,
        within: float | None = None,
    ) -> M:
        """Waits for a request of the car.

        Args:
            kind: Its type.
            where: What it has to be like.
            nth: Which of them, from 0.
            since: A `mark`: requests before it do not count.
            within: Seconds to wait; the patience of the bench unless told otherwise.

        Raises:
            Unreached: It did not come in time.
        """
        within = self._settings.patience if within is None else within
        await self.ready()
        found: list[M] = []

        def there() -> bool:
            found[:] = [one for one in list(self._requests())[since:] if isinstance(one, kind)]
            found[:] = [one for one in found if where is None or where(one)]
            return len(found) > nth

        if not await self._until(there, within):
            raise Unreached(f"no {kind.__name__} within {within:g} s")
        return found[nth]

    async def ended(self, within: float = 60.0) -> bool:
        """Waits until there was a connection and all are over; whether that came about.

        The trace notes that the car was watched until then.
        """
        await self.ready()
        over = await self._until(
            lambda: bool(self._watch.carriers) and not any(one.is_open for one in self.links) and not self._watch.busy,
            within,
        )
        self._watched()
        return over

    async def no_session(self, seconds: float) -> None:
        """Waits, and notes that the car was watched until then."""
        await self.ready()
        await asyncio.sleep(seconds)
        self._watched()

    def step(self, text: str) -> None:
        """Notes a step of the stimulus for the reader of the report."""
        self._recorder.event(EventKind.PHASE, CHARGER, text=text)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _requests(self) -> Any:
        frames: list[Frame] = [one for stream in self.links for one in stream.frames if one.sender == EV]
        for frame in sorted(frames, key=lambda one: one.index):
            yield frame.message

    async def _until(self, condition: Callable[[], bool], within: float) -> bool:
        deadline = self._clock.now() + within
        while not condition():
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline - self._clock.now())):
                    await self._changed.wait()
            except TimeoutError:
                return condition()
        return True

    def _change(self) -> None:
        self._changed.set()

    def _watched(self) -> None:
        for stream in self.links:
            stream.observed()
        self._observed(SDP)

    def _observed(self, link: str) -> None:
        if not self._recorder.full:
            self._recorder.event(EventKind.OBSERVED_UNTIL, CHARGER, link=link)

    def _seen_datagram(self, data: bytes, of_car: bool) -> None:  # noqa: FBT001 - a callback
        try:
            self._recorder.frame(SDP, SDP, EV if of_car else CHARGER, data)
        except TraceFull:
            return
        self._change()

    def _session_ended(self, occasion: Occasion) -> None:
        if occasion is Occasion.TIMEOUT and self.links and not self._recorder.full:
            self._recorder.event(
                EventKind.TIMEOUT,
                CHARGER,
                link=self.links[-1].link,
                timer="V2G_SECC_Sequence_Timeout",
            )


def _leaf(credentials: ChargerCredentials | None) -> bytes:
    """What the charger shows in TLS, its own certificate, as DER; nothing without TLS."""
    if credentials is None:
        return b""
    leaf, end, _ = credentials.secc.certificates_pem().decode("ascii").partition(ssl.PEM_FOOTER)
    return ssl.PEM_cert_to_DER_cert(leaf + end)  # as it is: a defective one may not be readable
