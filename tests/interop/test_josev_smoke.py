"""Josev's car charges at Josev's charger: the counterpart itself works here, before anything of ours meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.josev.processes import Car

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from interop.josev.processes import Charger

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("transport", ["plain", "tls"])
def test_a_whole_dc_bpt_session(josev_charger: Callable[..., Charger], tmp_path: Path, transport: str) -> None:
    tls = transport == "tls"
    charger = josev_charger(tls=tls)
    with Car(charger.cable, tmp_path / "car.log", pki=charger.pki) as car:
        car.wait_for("SessionStopRes received", 90)
        (session,) = car.sessions()
    assert session.charge_loops  # ten, unless the car missed its own timeout and started again
    assert list(dict.fromkeys(session.messages)) == [
        "supportedAppProtocolRes",
        "SessionSetupRes",
        "AuthorizationSetupRes",
        "AuthorizationRes",
        "ServiceDiscoveryRes",
        "ServiceDetailRes",
        "ServiceSelectionRes",
        "DC_ChargeParameterDiscoveryRes",
        "ScheduleExchangeRes",
        "DC_CableCheckRes",
        "DC_PreChargeRes",
        "PowerDeliveryRes",
        "DC_ChargeLoopRes",
        "DC_WeldingDetectionRes",
        "SessionStopRes",
    ]
    log = charger.log.read_text()
    assert ("TLS server started" in log) is tls
    assert "BPT_Scheduled_DC_CLResControlMode" in log
