"""One charger between a car and a CSMS: what the CSMS schedules is what the meter at the outlet shows."""

from __future__ import annotations

import asyncio
import random

from v2gready.emulators.csms import EMULATOR as CSMS
from v2gready.emulators.csms import CsmsConfig
from v2gready.emulators.ev import EMULATOR as CAR
from v2gready.emulators.ev import EvConfig
from v2gready.engine.one_charger import coupled
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Plan
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.protocols.sdp import Security
from v2gready.references.charger import REFERENCE as CHARGER
from v2gready.references.charger import ChargerConfig, SecurityPolicy
from v2gready.references.station import REFERENCE as STATION
from v2gready.references.station import StationConfig
from v2gready.transports import clock as clocks
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder

DISCHARGE = -5_000.0
PASSWORD = "a-password-for-the-bench"  # noqa: S105 - of this test alone


async def session() -> tuple[list[tuple[float, float]], list[dict[str, object]]]:
    """A car in Dynamic mode on one charger; power at the outlet over time, and what the CSMS was told at the end."""
    clock = clocks.Clock()
    link = NullLink()
    recorder = Recorder(clock.now, tester="csms", dut="charger")
    power: list[tuple[float, float]] = []
    backend = CsmsConfig(identity="CS001", password=PASSWORD)
    async with (
        link.host("csms") as back,
        link.host("charger") as outside,
        link.host("ev") as inlet,
        CSMS.open(backend, recorder, clock, back) as csms,
        CHARGER.open(
            outside,
            clock,
            config=ChargerConfig(services=(ServiceId.DC_BPT,), security=SecurityPolicy.NONE, plain_tcp=True),
            rng=random.Random(1),
        ) as charger,
        STATION.open(
            outside,
            clock,
            config=StationConfig(host=csms.endpoint.host, port=csms.endpoint.port, identity="CS001", password=PASSWORD),
            rng=random.Random(2),
        ) as station,
        coupled(charger, station),
    ):
        csms.allowed_energy_transfer = ("DC", "DC_BPT")
        async with csms.session() as backend_session:
            plan = Plan(service=ServiceId.DC_BPT, control=ControlMode.DYNAMIC)
            config = EvConfig(security=Security.NONE, plan=plan)
            async with CAR.open(config, recorder, clock, inlet) as car, car.session(plan) as ev:
                await ev.reach(m.DC_ChargeLoopReq)
                charging = asyncio.create_task(ev.charge(400))
                event = await backend_session.wait_for("TransactionEvent", since=0)
                transaction = event.payload["transactionInfo"]["transactionId"]
                await asyncio.sleep(10)
                profile = {
                    "id": 1,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxProfile",
                    "chargingProfileKind": "Absolute",
                    "transactionId": transaction,
                    "chargingSchedule": [
                        {
                            "id": 1,
                            "chargingRateUnit": "W",
                            "startSchedule": backend_session.stamp(),
                            "chargingSchedulePeriod": [
                                {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": DISCHARGE}
                            ],
                        }
                    ],
                }
                answer = await backend_session.call("SetChargingProfile", {"evseId": 1, "chargingProfile": profile})
                assert answer is not None
                assert answer.payload == {"status": "Accepted"}
                for _ in range(20):
                    await asyncio.sleep(1)
                    power.append((charger.power, station.evse(1).power))
                charging.cancel()
                await asyncio.gather(charging, return_exceptions=True)
                await ev.run_to_end()
            await asyncio.sleep(5)
            ended = [
                one.payload
                for one in backend_session.received("TransactionEvent")
                if one.payload["eventType"] == "Ended"
            ]
            assert station.evse(1).export_wh > 10.0
    return power, ended


def test_the_schedule_of_the_csms_is_what_the_outlet_does() -> None:
    power, ended = clocks.run(session(), virtual=True)
    for really, told in power[-10:]:
        assert abs(really - DISCHARGE) < 0.05 * -DISCHARGE
        assert told == really, "the station tells what the outlet does, not what it was asked for"
    assert len(ended) == 1, "the car left, the transaction ended"
