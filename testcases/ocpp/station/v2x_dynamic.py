"""Dynamic profiles: values pushed and pulled, and how long they count (K28, Q04, Q07)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    Transaction,
    accepted,
    ask_alive,
    calls,
    discharging_agreed,
    every,
    hold,
    holds,
    install,
    period,
    period_of,
    power_follows,
    profile,
    reaches,
    reason_is,
    received,
    sent,
    settling,
    share_of_power,
    start_v2x,
    status_is,
    still_serves,
    update,
    watched_until,
)

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import Payload

LOWER: Final = 9
"""Id of the profile that is there to fall back to."""
UPPER: Final = 10
MARGIN: Final = 2.0
"""Seconds by which the clocks of station and harness may differ."""


def lower(bench: StationBench, transaction: Transaction) -> Payload:
    """What holds where nothing better does: it charges."""
    one = period(0, "CentralSetpoint", setpoint=share_of_power(bench, 0.3))
    return profile(LOWER, one, transaction=transaction.id, start=bench.stamp())


def dynamic(
    transaction: Transaction, watts: float, *, mode: str = "CentralSetpoint", duration: int | None = None, **more: Any
) -> Payload:
    """A Dynamic TxProfile above it."""
    schedule = {} if duration is None else {"duration": duration}
    one = period(0, mode, setpoint=watts)
    return profile(UPPER, one, transaction=transaction.id, kind="Dynamic", stack=1, schedule=schedule, **more)


def installed(trace: Trace, profile_id: int) -> RpcExchange:
    """The last message with which we installed a profile.

    Raises:
        Inconclusive: We did not.
    """
    return sent(trace, "SetChargingProfile", where=lambda one: one["chargingProfile"]["id"] == profile_id, nth=-1)


def updates(trace: Trace) -> list[RpcExchange]:
    """Our updates.

    Raises:
        Inconclusive: There were none.
    """
    found = calls(trace, "UpdateDynamicSchedule", sender=trace.tester)
    if not found:
        raise Inconclusive("no UpdateDynamicSchedule was sent")
    return found


class Shape(StationCase):
    """A Dynamic profile is one value that changes. Two periods, or one that begins later, contradict that.

    A station that takes them has to forget one of them, and the CSMS does not know which.
    """

    id = "CHG-OCPP-V2X-30"
    title = "A Dynamic profile has one schedule, one period, at 0; CentralFrequency is Dynamic"
    area = "v2x"
    requirements = ("OCPP-K28-SHAPE", "OCPP-Q07-FREQUENCY")
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token")
    faults = {"dynamic-shape-unchecked": "OCPP-K28-SHAPE", "central-frequency-absolute": "OCPP-Q07-FREQUENCY"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends a good one, four wrong shapes, and CentralFrequency in an Absolute profile."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            watts = share_of_power(bench, 0.3)
            good = dynamic(transaction, watts)
            first, later = period(0, "CentralSetpoint", setpoint=watts), period(5, "CentralSetpoint", setpoint=0.0)
            single = good["chargingSchedule"][0]
            shapes = (
                [{**single, "chargingSchedulePeriod": [first, later]}],
                [{**single, "chargingSchedulePeriod": [later]}],
                [single, {**single, "id": UPPER + 1}],
                [{**single, "chargingSchedulePeriod": [first, later]}, {**single, "id": UPPER + 1}],
            )
            for schedules in ([single], *shapes):
                await install(station, {**good, "chargingSchedule": schedules})
            await install(station, dynamic(transaction, watts, mode="CentralFrequency"))
            wrong = period(0, "CentralFrequency", setpoint=watts)
            await install(station, profile(UPPER + 2, wrong, transaction=transaction.id, start=bench.stamp(), stack=2))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants each wrong one refused, and looks at the reasons."""
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 7 or asked[0].status != "Accepted":
            raise Inconclusive("not every shape was sent, or no Dynamic profile is taken at all")
        wrong = asked[1:5]
        yield every("OCPP-K28-SHAPE", [status_is("OCPP-K28-SHAPE", one, "Rejected") for one in wrong], what="shapes")
        if all(one.status == "Rejected" for one in wrong):
            reasons = [reason_is("OCPP-K28-SHAPE", one, "InvalidSchedule") for one in wrong]
            yield every("OCPP-K28-SHAPE", reasons, what="reasons")
        yield accepted("OCPP-Q07-FREQUENCY", asked[5])
        yield status_is("OCPP-Q07-FREQUENCY", asked[6], "Rejected")


class _Pushed(StationCase):
    area = "v2x"
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token")
    mode: ClassVar[str] = "CentralSetpoint"

    async def stimulate(self, bench: StationBench) -> None:
        """Charges, and pushes discharging, nothing and charging."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            await install(station, dynamic(transaction, share_of_power(bench, 0.5), mode=self.mode))
            await hold(bench, station)
            for share in (-0.5, 0.0, 0.3, -0.9):
                await update(station, UPPER, setpoint=share_of_power(bench, share))
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power with each value."""
        discharging_agreed(trace)
        first, pushed = installed(trace, UPPER), updates(trace)
        if len(pushed) < 4:
            raise Inconclusive(f"{len(pushed)} of 4 updates were sent only")
        for rule in self.requirements:
            yield every(rule, [accepted(rule, one) for one in (first, *pushed)], what="messages")
        if all(one.status == "Accepted" for one in (first, *pushed)):
            targets = [(first, period_of(first)["setpoint"])]
            targets += [(one, one.payload["scheduleUpdate"]["setpoint"]) for one in pushed]
            for rule in self.requirements:
                yield every(rule, [reaches(rule, trace, one, watts) for one, watts in targets], what="setpoints")


class Pushed(_Pushed):
    """The CSMS steers second by second: it pushes a setpoint, and the station follows at once.

    A station that says Accepted and does nothing looks alright in every log.
    """

    id = "CHG-OCPP-V2X-31"
    title = "Setpoints that are pushed are followed"
    requirements = ("OCPP-K28-UPDATE", "OCPP-Q04-DYNAMIC")
    aliases = ("TC_Q_109_CS",)
    faults: ClassVar = {"update-has-no-effect": "OCPP-K28-UPDATE", "setpoint-halved": "OCPP-Q04-DYNAMIC"}


class CentralFrequency(_Pushed):
    """The CSMS measures the grid and sends what helps it. Every station with V2X can follow.

    For the station it is a dynamic setpoint by another name; late or upside down it makes matters worse.
    """

    id = "CHG-OCPP-V2X-32"
    title = "CentralFrequency: setpoints that are pushed are followed"
    requirements = ("OCPP-Q07-FREQUENCY",)
    aliases = ("TC_Q_117_CS",)
    faults: ClassVar = {"update-has-no-effect": "OCPP-Q07-FREQUENCY", "discharge-as-charge": "OCPP-Q07-FREQUENCY"}
    mode = "CentralFrequency"


class Storm(StationCase):
    """A fleet controller sends a value each second, and in an emergency five a second, for as long as it takes.

    Each one is answered, and in the end the last one counts. A station may say that this is too often; it may not say
    Accepted and stop listening.
    """

    id = "CHG-OCPP-V2X-33"
    title = "Updates each second, and five a second: all are answered, the last one counts"
    area = "v2x"
    requirements = ("OCPP-K28-UPDATE",)
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token")
    faults = {"updates-stop-after-many": "OCPP-K28-UPDATE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends 20 updates at 1 s, 50 at 0.2 s, and after a pause one that is to stay."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            high, low = share_of_power(bench, 0.5), share_of_power(bench, -0.5)
            await install(station, dynamic(transaction, high))
            for count, pause in ((20, 1.0), (50, 0.2)):
                for step in range(count):
                    await update(station, UPPER, setpoint=(low, high)[step % 2] / (1 + step % 5))
                    await station.silence(pause)
            await station.silence(10.0)
            await update(station, UPPER, setpoint=low)
            await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants an answer to each, and the power of the last."""
        discharging_agreed(trace)
        pushed = updates(trace)
        if len(pushed) < 71 or installed(trace, UPPER).status != "Accepted":
            raise Inconclusive(f"{len(pushed)} of 71 updates were sent only, or the profile was not taken")
        rule = "OCPP-K28-UPDATE"
        answers = [
            holds(
                rule,
                one.status == "Accepted" or (one.status == "Rejected" and one.reason == "RateLimitExceeded"),
                expected="UpdateDynamicSchedule Accepted, or Rejected with RateLimitExceeded",
                seen=f"{one.status} {one.reason or ''}".strip() if one.answer is not None else "no result",
                at=one.at,
            )
            for one in pushed
        ]
        yield every(rule, answers, what="updates")
        yield accepted(rule, pushed[-1])
        yield reaches(rule, trace, pushed[-1], pushed[-1].payload["scheduleUpdate"]["setpoint"])


class _Stale(StationCase):
    area = "v2x"
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token")
    mode: ClassVar[str] = "CentralSetpoint"

    async def stimulate(self, bench: StationBench) -> None:
        """Discharges by a Dynamic profile, lets it grow stale, updates it, and lets it grow stale again."""
        duration = int(bench.settling_time) + 25
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            await install(station, lower(bench, transaction))
            await install(station, dynamic(transaction, share_of_power(bench, -0.5), mode=self.mode, duration=duration))
            for step in range(2):
                if step:
                    await update(station, UPPER, setpoint=share_of_power(bench, -0.8))
                await station.silence(duration)
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants the setpoint until its time is over, the profile below from then on, and the same after the update."""
        discharging_agreed(trace)
        below, above, revived = installed(trace, LOWER), installed(trace, UPPER), updates(trace)[0]
        if any(one.status != "Accepted" for one in (below, above)):
            raise Inconclusive("a profile was not accepted")
        duration = above.payload["chargingProfile"]["chargingSchedule"][0]["duration"]
        rest = period_of(below)["setpoint"]
        for rule in self.requirements:
            yield accepted(rule, revived)
            values = (period_of(above)["setpoint"], revived.payload["scheduleUpdate"]["setpoint"])
            for one, watts in zip((above, revived), values, strict=True):
                over = one.t + duration
                yield power_follows(rule, trace, 1, watts, after=one.t, within=settling(trace), until=over - MARGIN)
                yield reaches(rule, trace, over + MARGIN, rest)


class Stale(_Stale):
    """The connection to the controller behind the CSMS is gone, and its last word was: discharge.

    ``duration`` bounds how long a value counts without a new one. After that the profile below leads; a new value
    brings the first one back. Without it a battery would be emptied by a process that died hours ago.
    """

    id = "CHG-OCPP-V2X-34"
    title = "A Dynamic profile without update for its duration gives way, and an update revives it"
    requirements = ("OCPP-K28-STALE",)
    faults: ClassVar = {"stale-values-followed": "OCPP-K28-STALE", "update-time-frozen": "OCPP-K28-STALE"}


class StaleFrequency(_Stale):
    """An old answer to a disturbance of the grid is worse than none.

    CentralFrequency without news gives way to the profile below, until there is news again.
    """

    id = "CHG-OCPP-V2X-35"
    title = "CentralFrequency without update for its duration gives way, and an update revives it"
    requirements = ("OCPP-Q07-FREQUENCY",)
    aliases = ("TC_Q_118_CS",)
    faults: ClassVar = {"stale-values-followed": "OCPP-Q07-FREQUENCY", "update-time-frozen": "OCPP-Q07-FREQUENCY"}
    mode = "CentralFrequency"


class Pulled(StationCase):
    """Behind some firewalls the station asks. It asks in the interval of the profile, and does what it hears.

    One that asks too seldom follows yesterday's market.
    """

    id = "CHG-OCPP-V2X-36"
    title = "Values are pulled in the interval of the profile, and followed"
    area = "v2x"
    requirements = ("OCPP-K28.FR.10", "OCPP-Q04-DYNAMIC")
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_110_CS",)
    faults = {
        "never-pulls": "OCPP-K28.FR.10",
        "pulls-too-seldom": "OCPP-K28.FR.10",
        "pulled-values-ignored": "OCPP-Q04-DYNAMIC",
    }
    interval: ClassVar[int] = 10

    async def stimulate(self, bench: StationBench) -> None:
        """Lets the station ask for a minute, then gives other values for another one."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            bench.csms.schedule_updates[UPPER] = {"setpoint": share_of_power(bench, -0.5)}
            plan = dynamic(transaction, share_of_power(bench, 0.5), dynUpdateInterval=self.interval)
            await install(station, plan)
            await station.silence(60.0)
            bench.csms.schedule_updates[UPPER] = {"setpoint": share_of_power(bench, 0.2)}
            await station.silence(60.0 + bench.settling_time)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Measures the time between two questions, and compares the power with the answers."""
        discharging_agreed(trace)
        asked = installed(trace, UPPER)
        if asked.status != "Accepted":
            raise Inconclusive("the profile was not accepted")
        rule, interval = "OCPP-K28.FR.10", asked.payload["chargingProfile"]["dynUpdateInterval"]
        yield received(
            rule,
            trace,
            "PullDynamicScheduleUpdate",
            where=lambda one: one["chargingProfileId"] == UPPER,
            what="of the profile",
            after=asked.request,
            within=interval + MARGIN,
        )
        pulls = calls(
            trace,
            "PullDynamicScheduleUpdate",
            sender=trace.dut,
            after=asked.request,
            where=lambda one: one["chargingProfileId"] == UPPER,
        )
        if not pulls:
            return
        times = [one.t for one in pulls] + [watched_until(trace)]
        gaps = [later - one for one, later in itertools.pairwise(times)]
        slow, fast = max(gaps), min(gaps[:-1], default=float(interval))
        yield holds(
            rule,
            slow <= interval + MARGIN and fast >= interval - MARGIN,
            expected=f"a question each {interval} s, {MARGIN:g} s more or less",
            seen=f"{len(pulls)} questions, {fast:.1f} to {slow:.1f} s apart",
            at=tuple(one.request.index for one in pulls[:8]),
        )
        told = [one for one in pulls if one.answer and one.status == "Accepted"]
        values = {one.answer["scheduleUpdate"]["setpoint"] for one in told if one.answer}
        if len(values) < 2:
            raise Inconclusive("the station asked for one value only")
        last, turn = told[-1], next(one for one in told if _value(one) == _value(told[-1]))
        begin = told[0].t + MARGIN
        yield power_follows(
            "OCPP-Q04-DYNAMIC", trace, 1, _value(told[0]), after=begin, within=settling(trace), until=turn.t - 0.1
        )
        until = max(last.t, turn.t + settling(trace) + MARGIN)
        yield power_follows(
            "OCPP-Q04-DYNAMIC", trace, 1, _value(last), after=turn.t + MARGIN, within=settling(trace), until=until
        )
        still_serves(trace)


def _value(pull: RpcExchange) -> float:
    return float((pull.answer or {})["scheduleUpdate"]["setpoint"])


class NotDynamic(StationCase):
    """An update for a profile that has a schedule of its own would turn a plan of a day into one number.

    So would one for a profile that is not there; the CSMS has mixed up its ids and has to hear of it.
    """

    id = "CHG-OCPP-V2X-37"
    title = "Updates of an Absolute and of an unknown profile are Rejected with InvalidProfile"
    area = "v2x"
    requirements = ("OCPP-K28-INVALID",)
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token")
    faults = {"update-of-any-kind": "OCPP-K28-INVALID"}

    async def stimulate(self, bench: StationBench) -> None:
        """Updates an Absolute profile and one that is not there."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            await install(station, lower(bench, transaction))
            await hold(bench, station)
            for profile_id in (LOWER, 4711):
                await update(station, profile_id, setpoint=share_of_power(bench, -0.5))
            await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants the refusals, and the power of the plan."""
        discharging_agreed(trace)
        plan = installed(trace, LOWER)
        if plan.status != "Accepted" or len(updates(trace)) < 2:
            raise Inconclusive("the plan was not accepted, or not every update was sent")
        rule = "OCPP-K28-INVALID"
        for one in updates(trace):
            yield status_is(rule, one, "Rejected")
            if one.status == "Rejected":
                yield reason_is(rule, one, "InvalidProfile")
        yield reaches(rule, trace, updates(trace)[-1], period_of(plan)["setpoint"])
