"""Energy of V2X as a CSMS is told it: measurands, signed readings, and what discharged energy is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from v2gready.authoring.ocpp import CsmsBench, CsmsCase, Inconclusive, Observation, Trace, answered, calls, every
from v2gready.authoring.ocpp.backend import StationSession, accepted_boot, charging, customer, token, values
from v2gready.authoring.ocpp.billing import bill, costs_what_flowed, declared_tariff, last_events

IMPORT, EXPORT = "Energy.Active.Import.Register", "Energy.Active.Export.Register"
MEASURANDS: Final = (
    *("Current.Export", "Current.Export.Offered", "Current.Export.Minimum", "Current.Import.Offered"),
    *("Current.Import.Minimum", "Display.PresentSOC", "Display.MinimumSOC", "Display.TargetSOC", "Display.MaximumSOC"),
    *("Display.RemainingTimeToMinimumSOC", "Display.RemainingTimeToTargetSOC", "Display.RemainingTimeToMaximumSOC"),
    *("Display.ChargingComplete", "Display.BatteryEnergyCapacity", "Display.InletHot"),
    *("Energy.Active.Export.Interval", "Energy.Active.Export.Register", "Energy.Active.Import.CableLoss"),
    *("Energy.Active.Import.LocalGeneration.Register", "Energy.Active.Net", "Energy.Active.Setpoint.Interval"),
    *("EnergyRequest.Target", "EnergyRequest.Minimum", "EnergyRequest.Maximum", "EnergyRequest.Minimum.V2X"),
    *("EnergyRequest.Maximum.V2X", "EnergyRequest.Bulk", "Frequency", "Power.Active.Export", "Power.Active.Setpoint"),
    *("Power.Active.Residual", "Power.Export.Minimum", "Power.Export.Offered", "Power.Import.Offered"),
    *("Power.Import.Minimum", "Power.Reactive.Export", "Power.Reactive.Import", "SoC", "Voltage.Minimum"),
    "Voltage.Maximum",
)
"""What a station measures in V2X, most of it new in 2.1."""
MODES: Final = (
    *("Idle", "ChargingOnly", "CentralSetpoint", "ExternalSetpoint", "ExternalLimits", "CentralFrequency"),
    *("LocalFrequency", "LocalLoadBalancing"),
)


class Measurands(CsmsCase):
    """A discharging car is measured by forty quantities that OCPP 2.0.1 does not know, in eight operation modes.

    There is no charging state for discharging: whoever refuses these messages, refuses the only ones that tell.
    """

    id = "CSMS-OCPP-V2X-12"
    title = "Every measurand and operation mode of V2X is taken, in TransactionEvent and MeterValues"
    area = "v2x"
    requirements = ("OCPP-V2X-CSMS-TAKES",)
    pics = "ocpp_v2x"
    faults = {
        "export-events-refused": "OCPP-V2X-CSMS-TAKES",
        "meter-values-refused": "OCPP-V2X-CSMS-TAKES",
        "operation-mode-refused": "OCPP-V2X-CSMS-TAKES",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells all measurands, five at a time, in each mode and in both messages."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station) as transaction:
                for mode, first in zip(MODES, range(0, len(MEASURANDS), 5), strict=True):
                    measured = {name: -8.1 if "Net" in name else 8.1 for name in MEASURANDS[first : first + 5]}
                    await station.transaction_event(
                        "Updated",
                        transaction=transaction,
                        trigger="OperationModeChanged",
                        measured=measured,
                        info={"operationMode": mode},
                    )
                    await station.meter_values(measured)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each."""
        accepted_boot(trace)
        told = [
            one
            for action in ("TransactionEvent", "MeterValues")
            for one in calls(trace, action, sender=trace.tester, where=lambda payload: "meterValue" in payload)
        ]
        if len(told) < 2 * len(MODES):
            raise Inconclusive(f"{len(told)} of {2 * len(MODES)} messages were sent only")
        yield every("OCPP-V2X-CSMS-TAKES", [answered("OCPP-V2X-CSMS-TAKES", one) for one in told], what="messages")


class SignedValues(CsmsCase):
    """The meter signs both registers, and the station sends signature and public key with the first and last reading.

    Without them the bill for discharged energy does not hold in court. They are long: 32 kB of data, 2,500 characters
    of key.
    """

    id = "CSMS-OCPP-V2X-13"
    title = "Signed readings of both registers are taken, with their public key"
    area = "v2x"
    requirements = ("OCPP-V2X-CSMS-TAKES",)
    pics = "ocpp_v2x"
    faults = {"signed-values-refused": "OCPP-V2X-CSMS-TAKES"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells a transaction whose readings are signed, once as long as may be."""
        name, transaction = customer(bench), bench.new_id("tx-")
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for kind, size, key in (("Started", 400, 160), ("Updated", 32_768, 2500), ("Ended", 400, 160)):
                reading = values({IMPORT: 1000.5, EXPORT: 200.5}, bench.stamp())
                for sample in reading["sampledValue"]:
                    sample["signedMeterValue"] = {
                        "signedMeterData": "A" * size,
                        "signingMethod": "ECDSA-secp256r1-SHA256",
                        "encodingMethod": "OCMF",
                        "publicKey": "B" * key,
                    }
                who = {"idToken": token(name)} if kind == "Started" else {}
                await station.transaction_event(kind, transaction=transaction, meterValue=[reading], **who)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each of the three."""
        accepted_boot(trace)
        events = last_events(trace)
        if len(events) < 3:
            raise Inconclusive(f"{len(events)} of 3 events were sent only")
        yield every("OCPP-V2X-CSMS-TAKES", [answered("OCPP-V2X-CSMS-TAKES", one) for one in events], what="events")


class _Booked(CsmsCase):
    """A transaction whose cost tells how its energy was booked."""

    area = "v2x"
    pics = "ocpp_total_cost and ocpp_v2x"

    async def tell(self, bench: CsmsBench, station: StationSession, course: list[list[dict[str, Any]]]) -> None:
        """Tells a transaction of the last minutes; samples of each event as on the wire."""
        name, transaction = customer(bench), bench.new_id("tx-")
        await station.authorize(name)
        for number, samples in enumerate(course):
            at = bench.stamp(60.0 * (number - len(course)))
            kind = "Ended" if number == len(course) - 1 else "Updated" if number else "Started"
            who = {} if number else {"idToken": token(name)}
            await station.transaction_event(
                kind,
                transaction=transaction,
                timestamp=at,
                meterValue=[{"timestamp": at, "sampledValue": samples}],
                **who,
            )


class Direction(_Booked):
    """A car takes 30 kWh, gives 10 kWh back, and its driver wants money for these.

    The import register rests while the car discharges. A CSMS that drops the sign, or the export register, charges its
    customer for energy that the customer sold.
    """

    id = "CSMS-OCPP-V2X-14"
    title = "Energy out of the car is booked as such: it lowers the cost by its own price"
    requirements = ("OCPP-V2X-CSMS-BOOKS",)
    faults = {
        "export-booked-as-import": "OCPP-V2X-CSMS-BOOKS",
        "export-ignored": "OCPP-V2X-CSMS-BOOKS",
        "export-charged-to-customer": "OCPP-V2X-CSMS-BOOKS",
        "cost-missing": "OCPP-V2X-CSMS-BOOKS",
        "cost-as-text": "OCPP-V2X-CSMS-BOOKS",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells charging, discharging and charging again."""
        registers = ((1000.0, 500.0), (21_000.0, 500.0), (21_000.0, 10_500.0), (31_000.0, 10_500.0))
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            course = [values({IMPORT: inward, EXPORT: out}, "")["sampledValue"] for inward, out in registers]
            await self.tell(bench, station, course)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the final cost with that of both directions."""
        tariff, events = declared_tariff(trace), last_events(trace)
        if len(events) < 4:
            raise Inconclusive(f"{len(events)} of 4 events were sent only")
        if all(price.discharge == 0 for price in tariff.prices):
            raise Inconclusive("the tariff gives nothing for energy out of the car: its booking does not show")
        yield costs_what_flowed("OCPP-V2X-CSMS-BOOKS", events, bill(events, tariff))


class Units(_Booked):
    """Meters tell kWh, or Wh with a multiplier, each as its maker likes.

    A factor of a thousand on the bill is noticed by the customer first.
    """

    id = "CSMS-OCPP-V2X-15"
    title = "Registers in kWh and with a multiplier are booked as what they are"
    requirements = ("OCPP-J-CSMS-COST",)
    faults = {"kwh-read-as-wh": "OCPP-J-CSMS-COST", "multiplier-ignored": "OCPP-J-CSMS-COST"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells a transaction in kWh, and one with multiplier 3."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for unit in ({"unit": "kWh"}, {"unit": "Wh", "multiplier": 3}):
                course = [
                    [
                        {"value": value, "measurand": name, "context": "Sample.Periodic", "unitOfMeasure": unit}
                        for name, value in ((IMPORT, inward), (EXPORT, out))
                    ]
                    for inward, out in ((1.0, 0.5), (21.0, 0.5), (21.0, 4.5))
                ]
                await self.tell(bench, station, course)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the final cost of both."""
        tariff = declared_tariff(trace)
        for place in (0, 1):
            events = last_events(trace, place)
            if len(events) < 3:
                raise Inconclusive(f"{len(events)} of 3 events were sent only")
            yield costs_what_flowed("OCPP-J-CSMS-COST", events, bill(events, tariff))
