"""How a car comes back behind a pause: soon, late, again and again, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase
from v2gready.authoring.ev.pausing import (
    joined,
    old_id,
    pause_and_wake,
    paused,
    resuming,
)

New = m.ResponseCode.OK_NewSessionEstablished


class Resumes(EvCase):
    """Woken up, the car comes back under its old id, says who it is, and goes straight to its charge parameters.

    A car that begins at the beginning is refused by the charger, and stands there with an empty battery.
    """

    id = "EV-PAU-RESUME-01"
    title = "A paused session is resumed: old SessionID, then ChargeParameterDiscovery"
    area = "pause"
    requirements = ("H-EV-RESUME-ID", "H-EV-RESUME-SAME", "V2G20-1032", "H-EV-RESUME-CHARGES")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {
        "resume-with-zero-id": "H-EV-RESUME-ID",
        "resume-with-wrong-id": "H-EV-RESUME-ID",
        "resume-with-other-evccid": "H-EV-RESUME-SAME",
        "resume-starts-over": "V2G20-1032",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Pauses, wakes up, charges."""
        bench.charger.overlook(ev.Check.SAME_VEHICLE)
        await bench.act("prefer", control="scheduled")
        await bench.charge(10)
        await pause_and_wake(bench)
        await bench.charge_on(5, within=60.0)
        await bench.charger.no_session(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first requests behind the pause, and a loop."""
        yield old_id("H-EV-RESUME-ID", trace)
        first, back = ev.asked(trace, m.SessionSetupReq), resuming(trace)
        yield holds(
            "H-EV-RESUME-SAME",
            back.request.EVCCID == first.request.EVCCID,
            expected=f"EVCCID {first.request.EVCCID}",
            seen=back.request.EVCCID,
            at=(first.frame.index, back.frame.index),
        )
        old = joined(trace)
        yield ev.next_is("V2G20-1032", trace, old, m.ChargeParameterDiscoveryReq)
        if old.next is None or not isinstance(old.next.request, m.ChargeParameterDiscoveryReq):
            return
        loops = [one for one in ev.later(trace, old.frame) if isinstance(one.request, m.ChargeLoopReq)]
        gone = ev.closing(trace, old.link, since=old.frame.index)
        if not loops and gone is None and ev.watched(trace, old.frame) < 60.0:
            raise Inconclusive(f"the resumed session did not reach the loop: {trace.last_words()}")
        yield holds(
            "H-EV-RESUME-CHARGES",
            bool(loops),
            expected="charge loops in the resumed session",
            seen=f"{len(loops)} of them",
            at=(old.frame.index, *(one.frame.index for one in loops[:1])),
        )


class ResumesBehind(EvCase):
    """A pause of some length, behind which the car comes back as what it was."""

    area = "pause"
    requirements = ("H-EV-RESUME-ID", "V2G20-1032")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")

    def seconds(self, bench: EvBench) -> float:
        """How long the car sleeps."""
        raise NotImplementedError

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, sleeps, and comes back to its parameters."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(5)
        await pause_and_wake(bench, self.seconds(bench))
        await bench.charger.wait_for(m.ScheduleExchangeReq, nth=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The old id, and the parameters behind it."""
        yield old_id("H-EV-RESUME-ID", trace)
        yield ev.next_is("V2G20-1032", trace, joined(trace), m.ChargeParameterDiscoveryReq)


class ShortPause(ResumesBehind):
    """The car is called back a second after it went to sleep: it was still going down.

    One that has dropped its session by then, or not yet kept it, has to authorise again.
    """

    id = "EV-PAU-SHORT-01"
    title = "A session is resumed a second after its pause"
    faults: ClassVar = {"resume-too-soon-starts-anew": "H-EV-RESUME-ID", "resume-starts-over": "V2G20-1032"}

    def seconds(self, bench: EvBench) -> float:
        """At once, for a driver."""
        return 1.0


class LongPause(ResumesBehind):
    """A pause lasts a night. PIXIT ``longest_pause`` says for how many seconds the car promises to remember."""

    id = "EV-PAU-LONG-01"
    title = "A session is resumed after a long pause"
    faults: ClassVar = {"resume-forgets-after-an-hour": "H-EV-RESUME-ID", "resume-with-zero-id": "H-EV-RESUME-ID"}

    def seconds(self, bench: EvBench) -> float:
        """As the DUT file promises."""
        return bench.number("longest_pause", 60.0)


class RepeatedPauses(EvCase):
    """Cheap hours come and go: a session is paused and resumed several times, and stays the same session."""

    id = "EV-PAU-REPEAT-01"
    title = "Three pauses in one session, each resumed"
    area = "pause"
    requirements = ("H-EV-RESUME-ID", "V2G20-1032")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {"resume-once-alone": "H-EV-RESUME-ID"}
    times: ClassVar = 3

    async def stimulate(self, bench: EvBench) -> None:
        """Three naps."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        for _ in range(self.times):
            await pause_and_wake(bench, 5.0)
            await bench.charge_on(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each of them, as far as the one before was right."""
        for nth in range(self.times):
            yield old_id("H-EV-RESUME-ID", trace, nth)
            yield ev.next_is("V2G20-1032", trace, joined(trace, nth), m.ChargeParameterDiscoveryReq)


class NewSessionInstead(EvCase):
    """The charger has forgotten the session (restart, other outlet): it says so by OK_NewSessionEstablished.

    Then nothing of the old one counts: the car authorises again, under the new id. One that goes on with its old
    selection is refused at its first request.
    """

    id = "EV-PAU-NEW-01"
    title = "OK_NewSessionEstablished behind a pause: everything from the start, authorization too"
    area = "pause"
    requirements = ("V2G20-2615", "H-EV-SESSION-ID")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {"resume-keeps-old-session": "V2G20-2615"}

    async def stimulate(self, bench: EvBench) -> None:
        """Forgets what was paused."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        await bench.act("pause")
        await bench.charger.ended(within=30.0)
        bench.charger.forget()
        await bench.wait(5.0)
        mark = bench.charger.mark
        await bench.act("wake_up")
        await bench.charger.wait_for(m.ServiceSelectionReq, since=mark, within=30.0)
        await bench.charger.no_session(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """AuthorizationSetup comes next, and the id is the new one."""
        back = resuming(trace)
        old = back.request.Header.SessionID
        new = ev.told(trace, m.SessionSetupRes, where=lambda one: one.Header.SessionID != old and any(old))
        first = ev.told(trace, m.SessionSetupRes)
        if new.frame.index == first.frame.index:
            new = ev.told(trace, m.SessionSetupRes, 1)
        if new.frame.index < back.frame.index or new.message.ResponseCode is not New:
            raise Inconclusive("the session was joined")
        yield ev.next_is("V2G20-2615", trace, new, m.AuthorizationSetupReq)
        behind = [one for one in ev.later(trace, new.frame) if isinstance(one.request, m.V2GRequest)]
        services = [one for one in behind if isinstance(one.request, m.ServiceDiscoveryReq)]
        if new.next is not None and isinstance(new.next.request, m.AuthorizationSetupReq) and services:
            asked = any(isinstance(one.request, m.AuthorizationReq) for one in behind)
            at = (new.frame.index, services[0].frame.index)
            yield holds("V2G20-2615", asked, expected="AuthorizationReq", seen="sent" if asked else "none", at=at)
        agreed = new.message.Header.SessionID
        yield ev.every(
            "H-EV-SESSION-ID",
            behind,
            lambda one: one.request.Header.SessionID == agreed,
            expected=f"SessionID {agreed.hex()} in every header",
            seen=lambda one: one.request.Header.SessionID.hex(),
        )


class OtherSecc(EvCase):
    """The car pauses at one charger and wakes up at another, which joins "its" session: an attack, or a mix-up.

    The car knows its charger by its certificate. It ends the session, and forgets what it had paused.
    """

    id = "EV-PAU-SECC-01"
    title = "Another SECC certificate behind a pause: the session is not resumed, and forgotten"
    area = "pause"
    requirements = ("V2G20-2539",)
    pics = "pause and scheduled and tls"
    hooks = ("plug_in", "prefer", "pause", "wake_up", "start")
    faults: ClassVar = {"resume-at-any-secc": "V2G20-2539"}

    async def stimulate(self, bench: EvBench) -> None:
        """Shows another good certificate, and joins the session."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        await bench.act("pause")
        await bench.charger.ended(within=30.0)
        bench.charger.tls(chain="other-secc")
        mark = bench.charger.mark
        await bench.act("wake_up")
        await bench.charger.wait_for(m.SessionSetupReq, since=mark, within=30.0)
        await bench.charger.ended(within=10.0)
        await bench.act("start")
        await bench.charger.no_session(5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Two certificates; no request behind the joining; the next session is a new one."""
        end = paused(trace).frame
        old = joined(trace)
        shown = {one: _shown(trace, one) for one in (end.link, old.link)}
        if "" in shown.values() or len(set(shown.values())) < 2:
            raise Inconclusive("the certificate was the same, or is not known")
        yield ev.nothing_but_stop("V2G20-2539", trace, old.frame)
        yield ev.ends_session("V2G20-2539", trace, old.frame)
        again = [one for one in ev.requests(trace, m.SessionSetupReq) if one.frame.index > old.frame.index]
        for one in again[:1]:
            seen = one.request.Header.SessionID
            yield holds("V2G20-2539", not any(seen), expected="SessionID zero", seen=seen.hex(), at=one.at)


def _shown(trace: Trace, link: str) -> str:
    """What we showed on a connection: the SHA-256 of our certificate."""
    return next((str(one.detail.get("own_certificate", "")) for one in trace.events("tls established", link=link)), "")
