"""Whole sessions of the faultless car with the reference charger, over the null modem."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.ev.rig import Rig, rig, virtually
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Eim
from v2gready.protocols.iso15118.services import BASE_SERVICES, BptChannel, ControlMode, ServiceId
from v2gready.references.ev import BatteryData, EvState, PauseStyle, PauseWindow

KINDS = [
    pytest.param(service, control, tls, id=f"{service.name}-{control.name}-{'TLS' if tls else 'plain'}")
    for service in BASE_SERVICES
    for control in ControlMode
    for tls in (False, True)
]


@pytest.mark.parametrize(("service", "control", "tls"), KINDS)
def test_a_whole_session_is_faultless(service: ServiceId, control: ControlMode, tls: bool) -> None:
    async def main() -> None:
        async with rig(tls=tls, services=(service,), controls=(control,)) as one:
            await one.visit()
            assert one.ev.last_end == "ended in order"
            assert not one.ev.effects
            assert not one.ev.contactor
            assert one.ev.state is EvState.IDLE
            assert one.peak() == pytest.approx(5_000 if control is ControlMode.SCHEDULED else 11_000, rel=0.01)
            selected = one.script.sent(m.ServiceSelectionReq)[0].SelectedEnergyTransferService
            assert selected.ServiceID == service
            assert len(one.script.sent(m.ChargeLoopReq)) >= 5
            assert one.charger.station.dc.contactor is one.charger.station.ac.contactor is False
            for _, request in one.script.requests:
                assert request is not None

    virtually(main)


def test_charge_discharge_charge() -> None:
    async def main() -> None:
        async with rig(services=(ServiceId.DC_BPT,), loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            seen = [one.ev.power]
            for watts in (-4_000, 3_000):
                one.ev.set_power(watts)
                await asyncio.sleep(5)
                seen.append(one.ev.power)
            assert seen == [
                pytest.approx(5_000, rel=0.01),
                pytest.approx(-4_000, rel=0.01),
                pytest.approx(3_000, rel=0.01),
            ]
            one.ev.stop()
            await one.ev.settled()
            assert one.ev.last_end == "ended in order"

    virtually(main)


@pytest.mark.parametrize("service", [ServiceId.AC_BPT, ServiceId.DC_BPT])
def test_dynamic_targets_are_followed_in_either_direction(service: ServiceId) -> None:
    async def main() -> None:
        async with rig(services=(service,), controls=(ControlMode.DYNAMIC,), loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            for watts in (6_000, -5_000, 0, 2_000):
                one.charger.set_power(watts)
                await asyncio.sleep(4)
                assert one.ev.power == pytest.approx(watts, abs=50)
            one.charger.set_power(-90_000)
            await asyncio.sleep(4)
            assert one.ev.power == pytest.approx(-11_000, abs=50)

    virtually(main)


def test_the_reserve_of_the_driver_is_kept() -> None:
    async def main() -> None:
        battery = BatteryData(soc=0.31, capacity=2_000)
        async with rig(
            services=(ServiceId.AC_BPT,), controls=(ControlMode.DYNAMIC,), loops=None, battery=battery
        ) as one:
            one.ev.plug_in()
            one.charger.set_power(-10_000)
            await asyncio.sleep(60)
            assert one.ev.soc == pytest.approx(30, abs=0.5)
            assert one.ev.power == 0
            assert float(one.script.sent(m.ChargeLoopReq)[-1].CLReqControlMode.EVMaximumDischargePower) == 0

    virtually(main)


NOTIFICATIONS = [
    (m.EvseNotification.Terminate, "Terminate"),
    (m.EvseNotification.Pause, "Pause"),
    (m.EvseNotification.ServiceRenegotiation, "ServiceRenegotiation"),
]


@pytest.mark.parametrize(("kind", "ending"), NOTIFICATIONS)
@pytest.mark.parametrize("control", ControlMode)
def test_notifications_are_obeyed(kind: m.EvseNotification, ending: str, control: ControlMode) -> None:
    async def main() -> None:
        async with rig(loops=None, controls=(control,)) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.charger.notify(kind)
            notified = one.clock.now()
            await asyncio.sleep(5)
            when, stop = next((at, one) for at, one in one.script.requests if isinstance(one, m.SessionStopReq))
            assert stop.ChargingSession.name == ending
            assert when - notified < 3

    virtually(main)


@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.DC_BPT])
def test_schedule_renegotiation(service: ServiceId) -> None:
    async def main() -> None:
        async with rig(services=(service,), loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.charger.notify(m.EvseNotification.ScheduleRenegotiation)
            await asyncio.sleep(3)
            one.ev.renegotiate_schedule()
            await asyncio.sleep(3)
            one.ev.set_departure(3_600, 40, 90)
            await asyncio.sleep(3)
            assert len(one.script.sent(m.ScheduleExchangeReq)) == 4
            assert len(one.script.sent(m.DC_CableCheckReq)) <= 12
            assert one.ev.state is EvState.SESSION
            assert one.ev.power == pytest.approx(5_000, rel=0.01)
            assert one.script.sent(m.ScheduleExchangeReq)[-1].SEReqControlMode.DepartureTime == pytest.approx(
                3_600, abs=3
            )

    virtually(main)


def test_service_renegotiation_goes_on_with_another_service() -> None:
    async def main() -> None:
        async with rig(services=(ServiceId.DC, ServiceId.DC_BPT), loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.ev.prefer("dc_bpt", "dynamic")
            one.ev.renegotiate_service()
            await asyncio.sleep(10)
            chosen = [one.SelectedEnergyTransferService.ServiceID for one in one.script.sent(m.ServiceSelectionReq)]
            assert chosen == [2, 6]
            assert len(one.script.sent(m.AuthorizationReq)) == 1
            assert one.ev.power == pytest.approx(11_000, rel=0.01)

    virtually(main)


def test_metering_is_confirmed_as_told() -> None:
    async def main() -> None:
        async with rig(loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.charger.notify(m.EvseNotification.MeteringConfirmation)
            await asyncio.sleep(3)
            confirmed = one.script.sent(m.MeteringConfirmationReq)
            assert len(confirmed) == 1
            assert confirmed[0].SignedMeteringData.MeterInfo.ChargedEnergyReadingWh >= 125_000
            assert one.ev.state is EvState.SESSION

    virtually(main)


# Pauses


async def _paused(one: Rig, seconds: float = 20.0) -> bytes:
    one.ev.plug_in()
    await asyncio.sleep(seconds)
    assert one.ev.state is EvState.PAUSED
    assert not one.ev.contactor
    assert one.ev.car.paused is not None
    return one.ev.car.paused.session_id


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("service", [ServiceId.AC_BPT, ServiceId.DC_BPT])
@pytest.mark.parametrize("length", [60, 6 * 3600])
def test_a_planned_pause_and_its_end(service: ServiceId, length: int, tls: bool) -> None:
    async def main() -> None:
        window = PauseWindow(after=5, seconds=length)
        async with rig(tls=tls, services=(service,), loops=None, departure=8 * 3600, pauses=(window,)) as one:
            old = await _paused(one)
            profile = one.script.sent(m.PowerDeliveryReq)[0].EVPowerProfile.EVPowerProfileEntries.EVPowerProfileEntry
            assert sum(step.Duration for step in profile if float(step.Power) == 0) == length
            await asyncio.sleep(length)
            assert one.ev.state is EvState.SESSION
            assert [setup.Header.SessionID for setup in one.script.sent(m.SessionSetupReq)] == [bytes(8), old]
            assert len(one.script.sent(m.AuthorizationReq)) == 1
            assert one.ev.power == pytest.approx(5_000, rel=0.01)
            assert not one.ev.effects

    virtually(main)


def test_repeated_pauses() -> None:
    async def main() -> None:
        windows = tuple(PauseWindow(after=60 * n, seconds=30) for n in (1, 2, 3))
        async with rig(loops=None, pauses=windows) as one:
            one.ev.plug_in()
            await asyncio.sleep(300)
            assert one.ev.state is EvState.SESSION
            stops = [stop.ChargingSession for stop in one.script.sent(m.SessionStopReq)]
            assert stops == [m.ChargingSession.Pause] * 3

    virtually(main)


def test_a_pause_that_the_station_wants_in_dynamic_mode() -> None:
    async def main() -> None:
        async with rig(loops=None, controls=(ControlMode.DYNAMIC,), wake_after=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.charger.notify(m.EvseNotification.Pause)
            await asyncio.sleep(10)
            assert one.ev.state is EvState.PAUSED
            await asyncio.sleep(10_000 - 5_000)
            assert one.ev.state is EvState.PAUSED
            one.ev.wake_up()
            await asyncio.sleep(10)
            assert one.ev.state is EvState.SESSION
            assert one.ev.power == pytest.approx(11_000, rel=0.01)

    virtually(main)


def test_a_wish_to_pause_in_dynamic_mode_is_zero_power() -> None:
    async def main() -> None:
        async with rig(loops=None, controls=(ControlMode.DYNAMIC,)) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.ev.pause()
            await asyncio.sleep(10)
            assert one.ev.state is EvState.SESSION
            assert one.ev.power == 0
            one.ev.wake_up()
            await asyncio.sleep(5)
            assert one.ev.power == pytest.approx(11_000, rel=0.01)

    virtually(main)


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.DC])
def test_standby(service: ServiceId, allowed: bool) -> None:
    async def main() -> None:
        window = PauseWindow(after=5, seconds=30, style=PauseStyle.STANDBY)
        async with rig(services=(service,), loops=None, pauses=(window,), shapes={"standby": allowed}) as one:
            one.ev.plug_in()
            await asyncio.sleep(20)
            assert one.ev.power == 0
            standby = [
                one for one in one.script.sent(m.PowerDeliveryReq) if one.ChargeProgress is m.ChargeProgress.Standby
            ]
            assert len(standby) == 1
            await asyncio.sleep(40)
            assert one.ev.power == pytest.approx(5_000, rel=0.01)

    virtually(main)


def test_a_new_session_on_resume_is_one_from_the_start() -> None:
    async def main() -> None:
        async with rig(loops=None, pauses=(PauseWindow(after=5, seconds=60),)) as one:
            await _paused(one)
            one.charger.station.paused.clear()
            await asyncio.sleep(80)
            assert one.ev.state is EvState.SESSION
            assert len(one.script.sent(m.AuthorizationReq)) == 2
            assert one.ev.car.paused is None

    virtually(main)


def test_another_secc_is_not_resumed_at() -> None:
    async def main() -> None:
        async with rig(loops=None, pauses=(PauseWindow(after=5, seconds=60),)) as one:
            await _paused(one)
            one.script.alter(m.SessionSetupRes, lambda res: replace(res, EVSEID="DE*OTH*E00002"))
            await asyncio.sleep(80)
            assert one.ev.state is EvState.IDLE
            assert "same" in one.ev.last_end or "this SECC" in one.ev.last_end
            assert len(one.script.sent(m.SessionSetupReq)) == 2
            assert one.script.order()[-1] == "SessionSetup"

    virtually(main)


# Choices


@pytest.mark.parametrize("order", [(ServiceId.DC, ServiceId.DC_BPT), (ServiceId.DC_BPT, ServiceId.DC)])
def test_the_service_is_chosen_by_preference(order: tuple[ServiceId, ...]) -> None:
    def strange(response: m.ServiceDiscoveryRes) -> m.ServiceDiscoveryRes:
        known = response.EnergyTransferServiceList.Service
        services = m.ServiceList(Service=(m.Service(ServiceID=60_000, FreeService=False), *known))
        extra = m.ServiceList(Service=(m.Service(ServiceID=65, FreeService=True),))
        return replace(response, EnergyTransferServiceList=services, VASList=extra)

    async def main() -> None:
        async with rig(services=(ServiceId.DC_BPT, ServiceId.DC), shapes={"services": order}) as one:
            one.script.alter(m.ServiceDiscoveryRes, strange)
            await one.visit()
            assert one.ev.last_end == "ended in order"
            assert one.script.sent(m.ServiceSelectionReq)[0].SelectedEnergyTransferService.ServiceID == 6

    virtually(main)


def test_parameter_sets_are_told_apart_by_value() -> None:
    def shuffled(response: m.ServiceDetailRes) -> m.ServiceDetailRes:
        sets = []
        for one in reversed(response.ServiceParameterList.ParameterSet):
            names = {parameter.Name for parameter in one.Parameter}
            more = tuple(m.Parameter(Name=f"Unknown{n}", finiteString="?") for n in range(32 - len(names)))
            sets.append(replace(one, ParameterSetID=one.ParameterSetID * 7, Parameter=(*more, *one.Parameter)))
        return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=tuple(sets)))

    async def main() -> None:
        async with rig(controls=(ControlMode.DYNAMIC,)) as one:
            one.script.alter(m.ServiceDetailRes, shuffled)
            await one.visit()
            assert one.script.sent(m.ServiceSelectionReq)[0].SelectedEnergyTransferService.ParameterSetID == 14

    virtually(main)


def test_nothing_suits_and_the_car_stops_in_order() -> None:
    async def main() -> None:
        async with rig(services=(ServiceId.DC_BPT,), shapes={"services": (ServiceId.DC,)}) as one:
            await one.visit()
            assert one.script.order()[-2:] == ["ServiceDiscovery", "SessionStop"]
            assert one.ev.last_end == "ended in order"

    virtually(main)


def test_schedules_are_chosen_among_those_offered() -> None:
    async def main() -> None:
        shapes = {"schedule_tuples": 3, "schedule_ongoing": 5, "schedule": ((3600, 0.2), (3600, 0.5))}
        async with rig(shapes=shapes) as one:

            def renumbered(response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
                mode: Any = response.SEResControlMode
                return replace(response, SEResControlMode=replace(mode, ScheduleTuple=mode.ScheduleTuple[::-1]))

            one.script.alter(m.ScheduleExchangeRes, renumbered)
            await one.visit()
            assert len(one.script.sent(m.ScheduleExchangeReq)) == 6
            profile = one.script.sent(m.PowerDeliveryReq)[0].EVPowerProfile
            assert profile.EVPPTControlMode.SelectedScheduleTupleID == 1
            powers = [float(step.Power) for step in profile.EVPowerProfileEntries.EVPowerProfileEntry]
            assert powers == [6_000, 11_000]

    virtually(main)


@pytest.mark.parametrize("channel", BptChannel)
def test_separated_channels_are_selected_again(channel: BptChannel) -> None:
    async def main() -> None:
        async with rig(loops=None, shapes={"bpt_channel": channel}) as one:
            one.ev.plug_in()
            await asyncio.sleep(10)
            one.ev.set_power(-3_000)
            await asyncio.sleep(5)
            assert one.ev.power == pytest.approx(-3_000, rel=0.01)
            starts = [start.BPT_ChannelSelection for start in one.script.sent(m.PowerDeliveryReq)]
            separated = [m.ChannelSelection.Charge, m.ChannelSelection.Discharge]
            assert starts == (separated if channel is BptChannel.SEPARATED else [None])

    virtually(main)


# Authorization


def test_a_refused_card_is_tried_again() -> None:
    async def main() -> None:
        async with rig(shapes={"authorization": (Eim.ONGOING, Eim.REJECT, Eim.WAITING, Eim.ACCEPT)}) as one:
            await one.visit()
            assert one.ev.last_end == "ended in order"
            assert len(one.script.sent(m.AuthorizationReq)) == 4

    virtually(main)


def test_a_card_that_is_refused_for_good_ends_in_order() -> None:
    async def main() -> None:
        async with rig(shapes={"authorization": (Eim.REJECT,)}) as one:
            await one.visit()
            assert one.script.order()[-2:] == ["Authorization", "SessionStop"]
            assert len(one.script.sent(m.AuthorizationReq)) == 2

    virtually(main)


# The driver


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.2, 3.0, 8.0])
def test_stop_ends_in_order_from_everywhere(seconds: float) -> None:
    async def main() -> None:
        async with rig(loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(seconds)
            one.ev.stop()
            await one.ev.settled()
            assert one.ev.last_end == "ended in order"
            assert not one.ev.contactor

    virtually(main)


@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.2, 8.0])
def test_unplugging_opens_everything(seconds: float) -> None:
    async def main() -> None:
        async with rig(loops=None) as one:
            one.ev.plug_in()
            await asyncio.sleep(seconds)
            one.ev.unplug()
            assert one.ev.state is EvState.UNPLUGGED
            assert not one.ev.contactor
            await asyncio.sleep(5)
            assert not one.charger.station.dc.contactor
            one.ev.plug_in()
            await asyncio.sleep(10)
            assert one.ev.state is EvState.SESSION

    virtually(main)
