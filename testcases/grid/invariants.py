"""What holds for a device at the grid on every recording, whatever the case was about."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import GridInvariant, Measurement, Observation, Span, Trace, holds, never_above, within
from v2gready.authoring.grid.always import NONE, SETTLED, looked_at, trips_due, undisturbed
from v2gready.authoring.grid.commands import sized
from v2gready.authoring.grid.reconnecting import Window, connected_again
from v2gready.authoring.grid.ride_through import most_current

BLINK = 0.3
"""Seconds after a trip in which a current is one that has not ceased, no reconnection."""
EARLY = 0.05
"""Share of the wait by which a connection is surely too early: where a slow way back began is known to a second."""
SEEN = 0.5
"""Seconds that must have been recorded for "stays away" to mean something."""


class CurrentWithinLimit(GridInvariant):
    """No phase ever carries more than the device declares, but for the cycle after a step of the voltage."""

    topic = "CURRENT"
    title = "Current never beyond the limit of the device"
    requirements = ("GRID-CURRENT-LIMIT",)
    exercised_by = "UVRT-15"
    faults = {"over-current-in-dip": "GRID-CURRENT-LIMIT"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest current of the recording, where there is any."""
        view = looked_at(trace)
        current = undisturbed(view)
        if not len(current) or current.maximum().value < NONE * view.rating.current:
            return
        whole = Span(current.start, current.end)
        what = "highest current of any phase"
        yield never_above("GRID-CURRENT-LIMIT", view, current, whole, most_current(view), what=what)


class ProtectionAlwaysActs(GridInvariant):
    """Where voltage or frequency was beyond a stage of protection for longer than its time, no current flows.

    Whatever the device was just busy with.
    """

    topic = "STAGES"
    title = "No current where a stage must have tripped"
    requirements = ("GRID-TRIP-VALUE",)
    exercised_by = "FOVR-01"
    faults = {"f-over-dead": "GRID-TRIP-VALUE", "f-over-far": "GRID-TRIP-VALUE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest current from where the stage must have tripped to where it is no longer beyond."""
        view = looked_at(trace)
        for due in trips_due(view):
            rest = Span(due.at + SETTLED, due.beyond.end)
            if rest.duration <= 0:
                continue
            limit = view.code.limit(due.stage.parameter.name, high=NONE * view.rating.current, unit="A")
            what = f"current beyond {due.stage.parameter.name}"
            yield never_above("GRID-TRIP-VALUE", view, view.q.envelope, rest, limit, what=what)


class WaitsAfterEveryTrip(GridInvariant):
    """Whenever a stage of protection must have tripped, the device comes back only after the wait of the code.

    Voltage and frequency must have been in the window for so long.
    """

    topic = "WAIT"
    title = "No current before the wait after a trip is over"
    requirements = ("GRID-RECONNECT-WAIT",)
    exercised_by = "RECON-01"
    faults = {"reconnects-early": "GRID-RECONNECT-WAIT"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last trip of the recording."""
        view = looked_at(trace)
        due = trips_due(view)
        if not due or "reconnect_wait" not in view.code or view.span.end - due[-1].at < SEEN:
            return
        tripped = due[-1].at
        still = view.q.envelope.between(tripped + SETTLED, min(tripped + BLINK, view.span.end))
        if still.maximum().value > NONE * view.rating.current:
            return  # it did not trip, which another rule finds
        again = connected_again(view, tripped + SETTLED)
        window = Window.of(view.code)
        inside = [one for one in window.entered(view) if again is not None and one.start < again.value <= one.end + 0.1]
        if again is None or not inside:
            yield holds(
                "GRID-RECONNECT-WAIT",
                again is None,
                expected="no current after a trip outside of the window",
                seen="no current" if again is None else f"connected at {again.value:.2f} s",
                at=view.at,
            )
            return
        waited = Measurement(again.value - inside[0].start, "s", again.uncertainty)
        limit = view.code.limit("reconnect_wait", low=window.wait * (1 - EARLY), unit="s")
        what = "wait in the window before connecting"
        yield within("GRID-RECONNECT-WAIT", view, waited, limit, what=what, instants=(inside[0].start, again.value))


class CeaseMeansCease(GridInvariant):
    """As long as the cease-power input is active, there is no power, whatever frequency and voltage ask for.

    But for the time that the code gives at its beginning.
    """

    topic = "CEASE"
    title = "No power while the cease-power input is active"
    requirements = ("GRID-CEASE",)
    exercised_by = "CEASE-01"
    faults = {"cease-ignored": "GRID-CEASE", "cease-forgotten": "GRID-CEASE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each stretch in which it was active for longer than that time."""
        view = looked_at(trace)
        if not view.recording.has("cease") or "cease_time" not in view.code or "cease_share" not in view.code:
            return
        channel = view.q.cease()
        size = sized(view.q.export)
        since = None
        for t, value in zip(channel.t, channel.values, strict=True):
            if value > 0.5:
                since = float(t) if since is None else since
                until = float(t)
            if since is not None and (value <= 0.5 or t == channel.t[-1]):
                late = Span(since + view.code["cease_time"].number, until)
                if late.duration > size.spacing:
                    high = view.code["cease_share"].number * view.rating.power
                    limit = view.code.limit("cease_share", high=high, unit="W")
                    what = "highest power while the input is active"
                    yield never_above("GRID-CEASE", view, size, late, limit, what=what)
                since = None


class NoIsland(GridInvariant):
    """Behind an open switch to the grid no current flows beyond the time of the code, whatever load is there."""

    topic = "ISLAND"
    title = "No current behind an open switch"
    requirements = ("GRID-ISLAND",)
    exercised_by = "ISL-01"
    faults = {"island-passive-only": "GRID-ISLAND"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From that time after the opening to the end, or until the switch closes."""
        view = looked_at(trace)
        if not view.recording.has("s1") or "islanding_time" not in view.code:
            return
        channel = view.q.switch()
        opened = [float(t) for t, value in zip(channel.t, channel.values, strict=True) if value < 0.5]
        if not opened:
            return
        late = Span(opened[0] + view.code["islanding_time"].number, opened[-1])
        if late.duration <= SETTLED:
            return
        limit = view.code.limit("islanding_time", high=NONE * view.rating.current, unit="A")
        what = "current behind the open switch"
        yield never_above("GRID-ISLAND", view, view.q.envelope, late, limit, what=what)
