"""What holds of a profile while the CSMS is gone, and when it is back (Q11, Q12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Limit,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    Transaction,
    discharging_agreed,
    hold,
    install,
    outage,
    period,
    period_of,
    power_follows,
    power_within,
    profile,
    reaches,
    sent,
    settling,
    share_of_power,
    start_v2x,
    watched_until,
)

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import Payload

LOWER: Final = 9
"""Id of the profile that is there to fall back to."""
UPPER: Final = 10
FLOOR: Final = 250.0
"""W that a meter may show where nothing flows; our own figure."""
LASTING: Final = 10.0
"""Seconds for which the power has to be seen once the CSMS is back; ours."""
MARGIN: Final = 2.0
"""Seconds by which the clocks of station and harness may differ."""


def lower(bench: StationBench, transaction: Transaction) -> Payload:
    """What holds where nothing better does: it charges."""
    one = period(0, "CentralSetpoint", setpoint=share_of_power(bench, 0.3))
    return profile(LOWER, one, transaction=transaction.id, start=bench.stamp())


def installed(trace: Trace, profile_id: int) -> RpcExchange:
    """The last message with which we installed a profile.

    Raises:
        Inconclusive: We did not.
    """
    return sent(trace, "SetChargingProfile", where=lambda one: one["chargingProfile"]["id"] == profile_id, nth=-1)


@dataclass(frozen=True, slots=True)
class _Outage:
    """When the CSMS was gone and back, how long its word counts, and how long the station may take to notice, in s."""

    gone: float
    back: float
    longest: float
    detection: float


class _Offline(StationCase):
    area = "v2x"
    pics = "ocpp_v2x and ocpp_max_offline_duration"
    hooks = ("plug_in", "present_token")
    instruments = ("power_meter",)
    requirements = ("OCPP-Q11-OFFLINE", "OCPP-Q12-ONLINE")
    longest: ClassVar[int] = 60
    void: ClassVar[bool] = False
    fallback: ClassVar[bool] = True

    def away(self, bench: StationBench) -> float:
        """Seconds for which the CSMS is gone."""
        return self.longest + bench.detection_time + bench.settling_time + 20.0

    async def stimulate(self, bench: StationBench) -> None:
        """Discharges, takes the CSMS away, and brings it back."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            if self.fallback:
                await install(station, lower(bench, transaction))
            one = period(0, "CentralSetpoint", setpoint=share_of_power(bench, -0.5))
            rules: dict[str, Any] = {"maxOfflineDuration": self.longest, "invalidAfterOfflineDuration": self.void}
            plan = profile(UPPER, one, transaction=transaction.id, start=bench.stamp(), stack=1, **rules)
            await install(station, plan)
            await hold(bench, station)
            away = self.away(bench)
            await bench.csms.go_offline()
            await bench.csms.watch(away)
            await bench.csms.go_online()
            again = await bench.csms.connection(within=20 * 60.0)
            await again.silence(10.0)
            await hold(bench, again)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power before, while and after."""
        discharging_agreed(trace)
        plan = installed(trace, UPPER)
        if plan.status != "Accepted":
            raise Inconclusive("the profile was not accepted")
        watts = period_of(plan)["setpoint"]
        before = reaches("OCPP-Q11-OFFLINE", trace, plan, watts)
        if before.verdict.label != "pass":
            raise Inconclusive(f"it did not discharge before: {before.seen}")
        gone, back = outage(trace, plan.link)
        longest = plan.payload["chargingProfile"]["maxOfflineDuration"]
        detection = float(trace.declared.get("ocpp_detection_time", 30.0))
        yield from self.offline(trace, watts, _Outage(gone, back, longest, detection))

    def offline(self, trace: Trace, watts: float, out: _Outage) -> Iterator[Observation]:
        """Before the time is over, when it is over, and back online."""
        rule = "OCPP-Q11-OFFLINE"
        end = min(out.back, out.gone + out.longest) - MARGIN
        yield power_follows(rule, trace, 1, watts, after=out.gone, within=0.0, until=end)
        over = out.gone + out.longest + out.detection + settling(trace)
        if out.back - over < MARGIN:
            raise Inconclusive(f"the station was offline for {out.back - out.gone:.0f} s only")
        yield self.fallen(rule, trace, over, out.back)
        rule = "OCPP-Q12-ONLINE"
        later = out.back + settling(trace) + MARGIN
        end = max(later + LASTING, watched_until(trace))
        if self.void:
            yield self.fallen(rule, trace, later, end)
        else:
            yield power_follows(rule, trace, 1, watts, after=later, within=0.0, until=end)

    def fallen(self, rule: str, trace: Trace, begin: float, end: float) -> Observation:
        """The profile below leads; without one it charges, or rests."""
        if not self.fallback:
            return power_within(rule, trace, 1, Limit("W", low=-FLOOR), after=begin, until=end)
        below = installed(trace, LOWER)
        if below.status != "Accepted":
            raise Inconclusive("the profile below was not accepted")
        return power_follows(rule, trace, 1, period_of(below)["setpoint"], after=begin, within=0.0, until=end)


class ShortOutage(_Offline):
    """A router restarts. The plan of the CSMS is still good, and the station keeps to it, and after it as well.

    A station that drops its profile at every hiccup of the network charges at full power when nobody expects it.
    """

    id = "CHG-OCPP-V2X-38"
    title = "Offline for less than maxOfflineDuration: the profile holds all the time"
    faults: ClassVar = {"profiles-lost-on-reconnect": "OCPP-Q12-ONLINE", "profile-given-up-offline": "OCPP-Q11-OFFLINE"}
    longest = 600

    def away(self, bench: StationBench) -> float:
        """Much shorter."""
        return bench.detection_time + 60.0

    def offline(self, trace: Trace, watts: float, out: _Outage) -> Iterator[Observation]:
        """The same power all along."""
        if out.back - out.gone > out.longest or out.back - out.gone < out.detection:
            raise Inconclusive(f"the station was offline for {out.back - out.gone:.0f} s")
        yield power_follows("OCPP-Q11-OFFLINE", trace, 1, watts, after=out.gone, within=0.0, until=out.back)
        end = max(out.back + LASTING, watched_until(trace))
        yield power_follows("OCPP-Q12-ONLINE", trace, 1, watts, after=out.back, within=0.0, until=end)


class LongOutage(_Offline):
    """The CSMS is gone for longer than its word counts. The station stops discharging, and charges.

    When the CSMS is back, the profile is good again: nothing was wrong with it.
    """

    id = "CHG-OCPP-V2X-39"
    title = "Offline for longer than maxOfflineDuration: no discharging; back online the profile is valid again"
    aliases = ("TC_Q_128_CS",)
    faults: ClassVar = {
        "offline-duration-ignored": "OCPP-Q11-OFFLINE",
        "profiles-lost-on-reconnect": "OCPP-Q12-ONLINE",
    }
    fallback = False


class Void(_Offline):
    """The CSMS has said that its plan is worthless after such a time: it stays so when the CSMS is back.

    Until then the next profile leads.
    """

    id = "CHG-OCPP-V2X-40"
    title = "invalidAfterOfflineDuration: the next profile leads, offline and after it"
    faults: ClassVar = {
        "offline-duration-ignored": "OCPP-Q11-OFFLINE",
        "offline-verdict-forgotten": "OCPP-Q12-ONLINE",
    }
    void = True
