"""Plug & Charge, certificate installation and signed prices of the car, and the faults of these."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.unit.references.ev.rig import Rig, pki, rig, virtually
from v2gready.engine.plug_and_charge import for_car_under_test
from v2gready.hosts.secc.tls import ChargerCredentials
from v2gready.protocols.iso15118 import messages as m
from v2gready.references.ev import EvDeviceCredentials, EvState

BOTH = (m.Authorization.EIM, m.Authorization.PnC)


@cache
def world() -> tuple[ChargerCredentials, EvDeviceCredentials]:
    charger = ChargerCredentials(pki().secc, pki().roots)
    return for_car_under_test(charger, EvDeviceCredentials(pki().roots, pki().vehicle))[:2]


async def _session(one: Rig) -> None:
    one.ev.plug_in()
    await asyncio.sleep(12)
    one.charger.notify(m.EvseNotification.MeteringConfirmation)
    await asyncio.sleep(4)


def _run(*faults: str, install: bool = False, refuse: bool = False, tamper: bool = False) -> dict[str, Any]:
    charger, car = world()

    async def main() -> dict[str, Any]:
        shapes = {
            "authorization_services": BOTH,
            "certificate_installation": True,
            "price_signed": True,
            "schedule_tuples": 3,
        }
        settings: dict[str, Any] = {"authorization": m.Authorization.PnC, "install": install, "loops": None}
        async with rig(
            *faults, tls=True, credentials=car, charger_credentials=charger, shapes=shapes, **settings
        ) as one:
            if refuse:
                warning = m.ResponseCode.WARNING_GeneralPnCAuthorizationError
                one.script.alter(m.AuthorizationRes, lambda res: replace(res, ResponseCode=warning), nth=0)
            if tamper:
                one.script.alter(m.ScheduleExchangeRes, _dearer)
            await _session(one)
            return {
                "state": one.ev.state,
                "end": one.ev.last_end,
                "effects": {effect.fault for effect in one.ev.effects},
                "authorizations": [
                    request.SelectedAuthorizationService for request in one.script.sent(m.AuthorizationReq)
                ],
                "metering": [request.Header.Signature for request in one.script.sent(m.MeteringConfirmationReq)],
                "contracts": one.ev.car.contracts,
            }

    return virtually(main)


def _dearer(response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
    """Another price in the first schedule, under the old signature."""
    mode: Any = response.SEResControlMode
    first, *others = mode.ScheduleTuple
    schedule = first.ChargingSchedule
    prices = replace(schedule.PriceSchedule, PriceScheduleID=99)
    first = replace(first, ChargingSchedule=replace(schedule, PriceSchedule=prices))
    return replace(response, SEResControlMode=replace(mode, ScheduleTuple=(first, *others)))


def test_plug_and_charge_with_signed_metering() -> None:
    found = _run()
    assert found["state"] is EvState.SESSION
    assert found["authorizations"] == [m.Authorization.PnC]
    assert len(found["metering"]) == 1
    assert found["metering"][0] is not None
    assert not found["effects"]


def test_installed_contracts_come_first_and_stay() -> None:
    found = _run(install=True)
    assert found["state"] is EvState.SESSION
    assert len(found["contracts"]) > len(world()[1].contracts)


def test_a_refused_contract_is_followed_by_another_way() -> None:
    """The script refuses where the charger has accepted, so the second request is out of order there."""
    assert len(_run(refuse=True)["authorizations"]) == 2


INSTALLATION = (
    "certificate-installation-unsigned",
    "certificate-installation-signature-broken",
    "certificate-installation-with-contract",
)
CONTRACT = (
    "pnc-not-used",
    "pnc-unsigned",
    "pnc-signature-broken",
    "pnc-digest-wrong",
    "pnc-challenge-not-echoed",
    "pnc-chain-without-authorities",
    "pnc-gives-up",
    "metering-unsigned",
)
SHOWN: Sequence[tuple[str, dict[str, bool]]] = (
    *((name, {"install": True}) for name in INSTALLATION),
    *((name, {"refuse": name == "pnc-gives-up"}) for name in CONTRACT),
    ("tampered-prices-believed", {"tamper": True}),
)


@pytest.mark.parametrize(("name", "settings"), SHOWN, ids=[name for name, _ in SHOWN])
def test_a_fault_shows(name: str, settings: dict[str, bool]) -> None:
    assert _run(name, **settings)["effects"] == {name}
    assert not _run(**settings)["effects"]


def test_a_provisioning_certificate_shown_in_tls_shows() -> None:
    assert _run("tls-shows-provisioning")["effects"] == {"tls-shows-provisioning"}
