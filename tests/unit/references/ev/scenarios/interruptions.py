"""Notifications, pauses, endings, timers, octets that are no message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tests.unit.references.ev.rig import Rig
from tests.unit.references.ev.scenarios.registry import (
    DYNAMIC,
    PAUSED,
    SCHEDULED,
    Drive,
    bent,
    code,
    plugged_in_for,
    shows,
)
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.protocols.v2gtp import encode_frame
from v2gready.references.ev import PauseStyle, PauseWindow

# Notifications


def notified(kind: m.EvseNotification) -> Drive:
    async def drive(one: Rig) -> None:
        await plugged_in_for(one, 8)
        one.charger.notify(kind, 2)
        await asyncio.sleep(15)

    return drive


_FOREVER = {"loops": None}
shows("terminate-notification-ignored notification-late", **_FOREVER)(notified(m.EvseNotification.Terminate))
shows("pause-notification-ignored pause-as-terminate", **_FOREVER)(notified(m.EvseNotification.Pause))
shows(
    "schedule-renegotiation-ignored schedule-renegotiation-ends schedule-renegotiation-repeats-cable-check", **_FOREVER
)(notified(m.EvseNotification.ScheduleRenegotiation))
shows(
    "service-renegotiation-ignored service-renegotiation-ends service-renegotiation-authorizes "
    "service-renegotiation-closes",
    **_FOREVER,
)(notified(m.EvseNotification.ServiceRenegotiation))
shows("metering-notification-ignored metering-reading-altered metering-session-wrong", **_FOREVER)(
    notified(m.EvseNotification.MeteringConfirmation)
)


@shows("schedule-renegotiation-keeps-profile", **_FOREVER)
async def _lower(one: Rig) -> None:
    await plugged_in_for(one, 8)
    config = one.charger.station.config
    one.charger.station.config = replace(config, schedule=((3600, 0.1),))
    one.charger.notify(m.EvseNotification.ScheduleRenegotiation)
    await asyncio.sleep(5)


# Pauses


@shows(
    "pause-without-power-stop pause-as-terminate-at-stop pause-never-wakes pause-wakes-late pause-wakes-at-once "
    "pause-contactor-closed resume-with-zero-id resume-with-wrong-id resume-with-other-evccid resume-starts-over "
    "pause-interval-not-in-profile",
    **PAUSED,
)
async def _paused(one: Rig) -> None:
    await plugged_in_for(one, 100)


@shows("resume-keeps-old-session", **PAUSED)
async def _forgotten(one: Rig) -> None:
    await plugged_in_for(one, 30)
    one.charger.station.paused.clear()
    await asyncio.sleep(70)


@shows("resume-at-any-secc", **PAUSED)
async def _elsewhere(one: Rig) -> None:
    await plugged_in_for(one, 30)
    one.script.alter(m.SessionSetupRes, lambda res: replace(res, EVSEID="DE*OTH*E00002"))
    await asyncio.sleep(70)


@shows("pause-unasked-in-dynamic", controls=DYNAMIC, **_FOREVER)
async def _wish(one: Rig) -> None:
    await plugged_in_for(one, 8)
    one.ev.pause()
    await asyncio.sleep(5)


_ZERO = {"loops": None, "pauses": (PauseWindow(after=3, seconds=30, style=PauseStyle.ZERO_POWER),)}
shows("zero-power-not-zero", **_ZERO)(_paused)
shows("zero-power-terminates zero-power-stays", **_ZERO)(_paused)


@shows("resume-too-soon-starts-anew", **_FOREVER)
async def _woken_at_once(one: Rig) -> None:
    await plugged_in_for(one, 8)
    one.ev.pause()
    await one.ev.settled()
    one.ev.wake_up()
    await asyncio.sleep(5)


@shows("pause-forgets-reserve", services=(ServiceId.DC_BPT,), minimum_soc=60, target_soc=90, **PAUSED)
async def _below(one: Rig) -> None:
    await plugged_in_for(one, 100)


@shows("bpt-turns-once", services=(ServiceId.AC_BPT,), controls=SCHEDULED, **_FOREVER)
async def _there_and_back(one: Rig) -> None:
    one.ev.set_power(-4_000)
    await plugged_in_for(one, 12)
    one.ev.set_power(4_000)
    await asyncio.sleep(5)


_STANDBY = {"loops": None, "pauses": (PauseWindow(after=3, seconds=30, style=PauseStyle.STANDBY),)}


@shows("standby-draws-power exit-standby-ignored", **_STANDBY)
async def _standby(one: Rig) -> None:
    await plugged_in_for(one, 15)
    one.charger.notify(m.EvseNotification.ExitStandby)
    await asyncio.sleep(5)


shows("standby-refusal-ends", shapes={"standby": False}, **_STANDBY)(_paused)


# Endings


def failing(kind: type) -> Drive:
    return bent(kind, code(m.ResponseCode.FAILED))


shows("failed-ignored failed-ignored-before-power")(failing(m.ServiceDiscoveryRes))
shows("failed-ignored-in-loop contactor-closed-after-failure")(failing(m.ChargeLoopRes))
shows("failed-ignored-at-power-delivery")(failing(m.PowerDeliveryRes))
shows("retries-without-end")(failing(m.SessionSetupRes))


# Timers


def slow(kind: type, seconds: float) -> Drive:
    async def drive(one: Rig) -> None:
        one.script.delay(kind, seconds, nth=0)
        await plugged_in_for(one, 60)

    return drive


shows("message-timeout-long")(slow(m.AuthorizationSetupRes, 3.0))
shows("message-timeout-short")(slow(m.AuthorizationSetupRes, 1.8))
shows("detail-timeout-long")(slow(m.ServiceDetailRes, 6.0))
shows("detail-timeout-short")(slow(m.ServiceDetailRes, 4.0))
shows("loop-timeout-long")(slow(m.ChargeLoopRes, 0.8))
shows("loop-timeout-short")(slow(m.ChargeLoopRes, 0.4))


@shows("cable-check-timeout-missing")
async def _long_check(one: Rig) -> None:
    one.charger.station.dc._proceed_with_test = lambda _seconds: None  # type: ignore[method-assign]
    await plugged_in_for(one, 60)


@shows("pre-charge-timeout-missing")
async def _cold(one: Rig) -> None:
    one.script.alter(m.DC_PreChargeRes, lambda res: replace(res, EVSEPresentVoltage=m.RationalNumber.of(0)))
    await plugged_in_for(one, 30)


@shows("setup-timeout-missing", sdp_attempts=1000)
async def _long_search(one: Rig) -> None:
    one.script.answers = [None] * 100
    await plugged_in_for(one, 60)


# Octets


def octets(change: Callable[[bytes], bytes]) -> Drive:
    async def drive(one: Rig) -> None:
        one.script.octets = [bytes] * 6 + [change]
        await plugged_in_for(one, 20)

    return drive


shows("undecodable-ignored dies-of-undecodable")(octets(lambda data: data[:8] + b"\xff" * (len(data) - 8)))
shows("unknown-frame-fatal")(octets(lambda data: encode_frame(0xA001, b"?") + data))
shows("unasked-message-taken")(octets(lambda data: data + data))
shows("segments-not-joined")(octets(lambda data: data[:10]))


@shows("wrong-response-ignored")
async def _wrong(one: Rig) -> None:
    header = m.MessageHeader(SessionID=bytes(8), TimeStamp=0)
    other = m.ServiceSelectionRes(Header=header, ResponseCode=m.ResponseCode.OK)
    one.script.instead(m.ServiceDiscoveryRes, other)
    await plugged_in_for(one, 20)
