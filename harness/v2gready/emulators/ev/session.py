"""One V2G session of the emulated car: a well-behaved EVCC by default, and anything else a test case asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from v2gready.emulators.ev.pnc import ShownChain, SignatureDefect, pnc_request, signed
from v2gready.emulators.ev.vehicle import BatteryVehicle
from v2gready.emulators.reach import Missing, Unequipped, Unreached
from v2gready.model.trace import EventKind, Frame
from v2gready.protocols import v2gtp
from v2gready.protocols.dissect import V2GTP
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract, Evcc, PeerViolation, Phase, TimedOut, request_type
from v2gready.protocols.iso15118.evcc.contracts import SIGNED_ID, contract_of, signing_key
from v2gready.protocols.iso15118.evcc.requests import Request
from v2gready.protocols.iso15118.signature import Encoding
from v2gready.protocols.iso15118.timers import V2G_EVCC_MSG_TIMEOUT, evcc_message_timeout
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder, TraceFull
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure

R = TypeVar("R")

EV, CHARGER = "ev", "charger"
LOOP_PERIOD = 0.1
"""Seconds between a ChargeLoopRes and our next ChargeLoopReq: well inside the 0.25 s of [V2G20-1499]."""
SEGMENT_PERIOD = 0.005
"""Seconds between two segments of one frame, so that the stack does not join them again."""


class EvSession:
    """Drives one connection to an SECC.

    Args:
        stream: The open connection, TLS included.
        link: Name of the connection in the trace.
        evcc: The well-behaved car.
        vehicle: The battery behind it.
        recorder: Where every frame goes.
        clock: The time.
    """

    def __init__(
        self,
        stream: ByteStream,
        link: str,
        *,
        evcc: Evcc,
        vehicle: BatteryVehicle,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self.evcc = evcc
        self.vehicle = vehicle
        self.link = link
        self._stream = stream
        self._recorder = recorder
        self._clock = clock
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._peer_closed = False
        self._we_closed = False
        self._pump = asyncio.create_task(self._receive(), name=f"ev receives on {link}")

    @property
    def is_open(self) -> bool:
        """Neither side has closed the connection."""
        return not (self._peer_closed or self._we_closed)

    # -- the good way ---------------------------------------------------------------------------------------------

    async def reach(self, kind: type) -> None:
        """Runs the session in good order until a request of that type comes next; it is not sent yet.

        Args:
            kind: The type; ``ChargeParameterDiscoveryReq`` and ``ChargeLoopReq`` mean that of AC and of DC.

        Raises:
            Unreached: The session ended, or passed that request for good.
        """
        while not _is(self.evcc.next_type, kind):
            if self.evcc.phase is Phase.CLOSED:
                raise Unreached(f"the session ended before {kind.__name__}")
            await self.proceed()

    async def proceed(self, change: Callable[[Any], Any] | None = None, *, octets: bytes | None = None) -> Any:
        """Sends the next request, optionally changed, and takes the answer as a car would.

        Args:
            change: Gets the good request, gives the one to send (of the same type).
            octets: What goes out for it, if not the document of that request.

        Returns:
            The decoded response, None if none came or it does not decode.

        Raises:
            Unreached: The session is over.
        """
        if self.evcc.phase is Phase.CLOSED:
            raise Unreached("the session is over")
        if self.evcc.phase is Phase.CHARGE_LOOP and self.evcc.memory.loops:
            await asyncio.sleep(LOOP_PERIOD)
        request = self.evcc.next_request(self._clock.now())
        if change is not None:
            request = change(request)
        self.evcc.sent(request, self._clock.now())
        document = codec.encode(request, check=False) if octets is None else octets
        frame = await self._exchange(self._payload_type(request), document, request)
        if frame is None:
            events = self.evcc.handle_timer(self._clock.now())
            self.evcc.phase = Phase.CLOSED
        else:
            events = self.evcc.receive(frame.message, self._clock.now())
        for event in events:
            if isinstance(event, PeerViolation):
                self._recorder.event(EventKind.PHASE, EV, link=self.link, text=f"the car gives up: {event.what}")
            elif isinstance(event, TimedOut):
                self._recorder.event(EventKind.TIMEOUT, EV, link=self.link, timer=event.timer, seconds=event.seconds)
        return None if frame is None else frame.message

    async def authorize(
        self,
        contract: Contract | ShownChain | None = None,
        *,
        challenge: bytes | None = None,
        defect: SignatureDefect | None = None,
        encoding: Encoding = Encoding.STANDALONE,
        replayed: m.AuthorizationReq | None = None,
    ) -> Any:
        """Sends AuthorizationReq with a contract, from ``reach`` of it on, and takes the answer as a car would.

        Args:
            contract: A contract of the car or any other chain with its key; by default the car's next one.
            challenge: GenChallenge to show, if not that of the session.
            defect: What is wrong with the signature.
            encoding: Grammar of SignedInfo.
            replayed: An AuthorizationReq of before, to be sent again with this session's id and the old signature.

        Returns:
            The decoded response, None if none came or it does not decode.

        Raises:
            Unequipped: The car has no contract.
            Unreached: PnC was not offered, or authorization is over.
        """
        self._due(m.AuthorizationReq)
        if replayed is not None:
            old = replace(replayed, Header=replace(self.header, Signature=replayed.Header.Signature))
            return await self.proceed(lambda _: old)
        memory = self.evcc.memory
        chosen = contract or contract_of(replace(self.evcc.plan, authorization=m.Authorization.PnC), memory)
        if chosen is None and not self.evcc.plan.contracts:
            raise Missing("contract certificate", "contract_certificates", "contract_key")
        shown = memory.challenge if challenge is None else challenge
        if chosen is None or shown is None:
            raise Unreached("Plug & Charge is not offered to this contract")
        made = pnc_request(self.header, shown, chosen, defect=defect, encoding=encoding)
        return await self.proceed(lambda _: made.request, octets=made.octets)

    async def install_certificate(
        self, *, defect: SignatureDefect | None = None, oem: ShownChain | None = None, **changes: Any
    ) -> Any:
        """Sends CertificateInstallationReq, from ``reach`` of it on, and takes the answer as a car would.

        Args:
            defect: What is wrong with its signature.
            oem: OEM provisioning chain to show, if not that of the car.
            **changes: Fields of the request to change before it is signed.

        Raises:
            Unequipped: The car has no OEM provisioning certificate.
            Unreached: It is not the time to ask for contracts.
        """
        self._due(m.CertificateInstallationReq)
        provisioning = self.evcc.plan.provisioning
        if provisioning is None:
            raise Missing("OEM provisioning certificate", "provisioning_certificates", "provisioning_key")
        request = replace(self.request(m.CertificateInstallationReq), **changes)
        key: object = provisioning.oem.private_key
        if oem is not None:
            leaf, *above = oem.certificates_der
            chain = m.SignedCertificateChain(
                Id=SIGNED_ID,
                Certificate=leaf,
                SubCertificates=m.SubCertificates(Certificate=tuple(above)) if above else None,
            )
            request, key = replace(request, OEMProvisioningCertificateChain=chain), oem.private_key
        made = signed(request, key, defect=defect)
        return await self.proceed(lambda _: made.request, octets=made.octets)

    async def confirm_metering(
        self, *, defect: SignatureDefect | None = None, key: object = None, **changes: Any
    ) -> Any:
        """Sends MeteringConfirmationReq, when it is its turn, and takes the answer as a car would.

        Args:
            defect: What is wrong with its signature.
            key: The key that signs, if not that of the contract.
            **changes: Fields of SignedMeteringData to change before it is signed.

        Raises:
            Unequipped: The car has no contract to sign with.
        """
        request = self.request(m.MeteringConfirmationReq)
        request = replace(request, SignedMeteringData=replace(request.SignedMeteringData, **changes))
        contract = contract_of(self.evcc.plan, self.evcc.memory)
        if key is None and contract is None:
            raise Unequipped("the car has no contract to sign with")
        own = key if contract is None or key is not None else signing_key(contract.credential)
        made = signed(request, own, defect=defect)
        return await self.proceed(lambda _: made.request, octets=made.octets)

    def _due(self, kind: type) -> None:
        if not _is(self.evcc.next_type, kind):
            raise Unreached(f"it is not the turn of {kind.__name__}")

    async def run_to_end(self) -> None:
        """Runs the rest of the session in good order, SessionStop included."""
        while self.evcc.phase is not Phase.CLOSED:
            await self.proceed()

    async def leave(self) -> None:
        """Ends the session by SessionStop(Terminate) from wherever it stands, so that the station is ready again."""
        if self._peer_closed or self.evcc.phase is Phase.CLOSED:
            return
        if self.evcc.memory.power_on:
            stop = replace(self.request(m.PowerDeliveryReq), ChargeProgress=m.ChargeProgress.Stop, EVPowerProfile=None)
            await self.ask(stop)
        if any(self.evcc.memory.session_id):
            await self.ask(replace(self.request(m.SessionStopReq), ChargingSession=m.ChargingSession.Terminate))
        self.evcc.phase = Phase.CLOSED

    async def charge(self, loops: int, *, power: float | None = None) -> None:
        """Runs charge loops, from ``reach`` of the loop on.

        Args:
            loops: How many.
            power: Power the car wants from now on, in W; negative discharges.
        """
        if power is not None:
            self.vehicle.target_power = power
        self.evcc.plan = replace(self.evcc.plan, loops=self.evcc.memory.loops + loops + 1)
        for _ in range(loops):
            if self.evcc.phase is not Phase.CHARGE_LOOP:
                raise Unreached("the charge loop ended")
            await self.proceed()

    async def charge_during(self, action: Awaitable[None]) -> None:
        """Goes on charging while the bench does something, so that half a second without a loop does not end it.

        What the station notifies meanwhile, the car does when the bench is done.
        """
        task = asyncio.ensure_future(action)
        notified = Phase.CHARGE_LOOP
        try:
            while not task.done():
                await self.charge(1)
                if self.evcc.phase not in {Phase.CHARGE_LOOP, Phase.CLOSED}:
                    notified, self.evcc.phase = self.evcc.phase, Phase.CHARGE_LOOP
        finally:
            await task
        if self.evcc.phase is Phase.CHARGE_LOOP:
            self.evcc.phase = notified

    async def charge_until_notified(self, seconds: float) -> None:
        """Runs charge loops until the station wants something of the car, or the time is over."""
        for _ in range(round(seconds / LOOP_PERIOD)):
            if self.evcc.phase is not Phase.CHARGE_LOOP:
                return
            await self.charge(1)

    def change_plan(self, **changes: Any) -> None:
        """The car changes its mind: fields of its plan from now on, whatever it has agreed upon before."""
        self.evcc.plan = replace(self.evcc.plan, **changes)

    def renegotiate_schedule(self) -> None:
        """The car wants another schedule: PowerDelivery(ScheduleRenegotiation) comes next instead of a loop."""
        self.evcc.phase = Phase.POWER_DELIVERY_RENEGOTIATE

    def end_with(self, ending: m.ChargingSession) -> None:
        """How the car will end this session, once it has had enough loops: with the next answer."""
        self.evcc.ending = ending
        self.evcc.plan = replace(self.evcc.plan, loops=0)

    # -- any other way --------------------------------------------------------------------------------------------

    @property
    def header(self) -> m.MessageHeader:
        """The header that a good request has now."""
        return m.MessageHeader(
            SessionID=self.evcc.memory.session_id, TimeStamp=self.vehicle.unix_time(self._clock.now())
        )

    def request(self, kind: type[R]) -> R:
        """A good request of any type for this session, whether it is its turn or not; see `reach` for the types."""
        here = self.evcc.phase
        try:
            self.evcc.phase = _phase_of(kind)
            return self.evcc.next_request(self._clock.now())  # type: ignore[return-value] # the phase fixes the type
        finally:
            self.evcc.phase = here

    async def ask(self, request: Request, *, payload_type: int | None = None, wait: float | None = None) -> Any:
        """Sends any message, whether it is its turn or not, and waits for what comes back. The car learns nothing.

        Args:
            request: The message; facets are not checked, so it may be wrong.
            payload_type: V2GTP payload type, if not the right one.
            wait: Seconds to wait, if not the EVCC's message timeout.

        Returns:
            The decoded response, None if none came or it does not decode.
        """
        chosen = codec.message_set(request).payload_type if payload_type is None else payload_type
        frame = await self._exchange(chosen, codec.encode(request, check=False), request, wait)
        return None if frame is None else frame.message

    async def ask_payload(self, payload_type: int, payload: bytes, *, wait: float = V2G_EVCC_MSG_TIMEOUT) -> Any:
        """Sends octets as the payload of a well-formed V2GTP frame and waits for what comes back."""
        frame = await self._exchange(payload_type, payload, None, wait)
        return None if frame is None else frame.message

    async def ask_in_pieces(self, request: Request, size: int) -> Any:
        """Sends a message in segments of so many octets; it is one frame all the same."""
        octets = v2gtp.encode_frame(codec.message_set(request).payload_type, codec.encode(request, check=False))
        pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
        frame = await self._exchanged(octets, pieces, evcc_message_timeout(type(request)))
        return None if frame is None else frame.message

    async def send_octets(self, octets: bytes) -> None:
        """Sends octets as they are: broken headers, half frames. Recorded as one frame of ours."""
        self._recorder.frame(self.link, V2GTP, EV, octets)
        await self._write(octets)

    async def answer(self, wait: float = V2G_EVCC_MSG_TIMEOUT) -> Any:
        """The next message of the device, None if none comes in time or it does not decode."""
        frame = await self._next_frame(wait)
        return None if frame is None else frame.message

    async def silence(self, seconds: float) -> None:
        """Sends nothing and watches the link, until the device closes it or the time is over."""
        until = self._clock.now() + seconds
        while not self._peer_closed and (left := until - self._clock.now()) > 0:
            await self._next_frame(left)
        self._recorder.event(EventKind.OBSERVED_UNTIL, EV, link=self.link)

    async def watch(self, seconds: float) -> None:
        """Sends nothing for that long, connection or not: instruments show what the outlet does."""
        until = self._clock.now() + seconds
        await self.silence(seconds)
        await asyncio.sleep(max(0.0, until - self._clock.now()))
        self._recorder.event(EventKind.OBSERVED_UNTIL, EV, link=self.link)

    async def close(self) -> None:
        """Closes the connection from our side."""
        if not self._we_closed:
            await self._leave("fin")
            self._stream.close()

    async def cut(self) -> None:
        """Resets the connection, as pulling the plug does."""
        if not self._we_closed:
            await self._leave("reset")
            self._stream.abort()

    async def _leave(self, how: str) -> None:
        self._we_closed = True
        with suppress(TraceFull):
            self._recorder.event(EventKind.OBSERVED_UNTIL, EV, link=self.link)
            self._recorder.event(EventKind.CLOSED, EV, link=self.link, how=how)
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)

    def step(self, text: str) -> None:
        """Notes a step of the stimulus for the reader of the report."""
        self._recorder.event(EventKind.PHASE, EV, link=self.link, text=text)

    # -- the wire -------------------------------------------------------------------------------------------------

    def _payload_type(self, request: Request) -> int:
        if isinstance(request, m.MeteringConfirmationReq) and self.evcc.plan.side_streams:
            return int(v2gtp.PayloadType.METERING_CONFIRMATION)
        return codec.message_set(request).payload_type

    async def _exchange(
        self, payload_type: int, payload: bytes, request: Request | None, wait: float | None = None
    ) -> Frame | None:
        octets = v2gtp.encode_frame(payload_type, payload)
        if wait is None:
            wait = V2G_EVCC_MSG_TIMEOUT if request is None else evcc_message_timeout(type(request))
        return await self._exchanged(octets, (octets,), wait)

    async def _exchanged(self, octets: bytes, pieces: Sequence[bytes], wait: float) -> Frame | None:
        while not self._frames.empty():
            self._frames.get_nowait()  # an unasked frame is in the trace; it answers nothing
        self._recorder.frame(self.link, V2GTP, EV, octets)
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(SEGMENT_PERIOD)
            await self._write(piece)
        frame = await self._next_frame(wait)
        if frame is None:
            self._recorder.event(EventKind.OBSERVED_UNTIL, EV, link=self.link)
        return frame

    async def _write(self, octets: bytes) -> None:
        if self._we_closed:
            raise Unreached("we have closed the connection")
        try:
            self._stream.send(octets)
            await self._stream.drain()
        except (StreamReset, TlsFailure):
            pass  # the pump records it

    async def _next_frame(self, wait: float) -> Frame | None:
        if self._peer_closed and self._frames.empty():
            return None
        try:
            return await asyncio.wait_for(self._frames.get(), wait)
        except TimeoutError:
            return None

    async def _receive(self) -> None:
        decoder = v2gtp.FrameDecoder()
        how = "fin"
        try:
            while octets := await self._stream.receive():
                for event in decoder.feed(octets):
                    self._take(event)
        except StreamReset:
            how = "reset"
        except TlsFailure as failure:
            # In TLS 1.3 the refusal of our certificate arrives after the client's handshake has ended.
            self._recorder.event(
                EventKind.TLS_FAILED, CHARGER, link=self.link, reason=failure.reason, alert=failure.alert or ""
            )
            how = "tls alert"
        broken = decoder.eof()
        if broken is not None:
            self._take(broken)
        self._peer_closed = True
        self._recorder.event(EventKind.CLOSED, CHARGER, link=self.link, how=how)
        self._frames.put_nowait(None)

    def _take(self, event: v2gtp.FrameEvent) -> None:
        match event:
            case v2gtp.Frame(raw=raw):
                self._frames.put_nowait(self._recorder.frame(self.link, V2GTP, CHARGER, raw))
            case v2gtp.SkippedFrame(reason=reason):
                self._recorder.event(EventKind.SKIPPED, CHARGER, link=self.link, reason=reason)
            case v2gtp.BrokenStream(reason=reason):
                self._recorder.event(EventKind.BROKEN, CHARGER, link=self.link, reason=reason)


def _phase_of(kind: type) -> Phase:
    for phase in Phase:
        for dc in (True, False):
            if _is(request_type(phase, dc=dc), kind):
                return phase
    raise Unreached(f"no phase of a session sends {kind.__name__}")


def _is(found: type | None, wanted: type) -> bool:
    return found is not None and issubclass(found, wanted)
