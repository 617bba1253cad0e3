"""V2X by a CSMS: who may discharge, and the plan for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    holds,
    look,
    received,
    sent,
    status_is,
    valid,
)
from v2gready.authoring.ocpp.backend import (
    BIDIRECTIONAL,
    accepted_boot,
    charging,
    customer,
    in_matrix,
    needs,
    periods,
    plan,
    planned,
    token,
    tx_profiles,
)
from v2gready.authoring.ocpp.billing import last_events, served_to_the_end


class Decided(CsmsCase):
    """A customer with a V2X contract shows the card, and another one who only charges.

    allowedEnergyTransfer tells the station what it may offer the car. Without it the car of the first is never asked
    to discharge; with BPT in it the battery of the second is used without consent.
    """

    id = "CSMS-OCPP-V2X-01"
    title = "Authorize tells the energy transfers that are allowed for this customer"
    area = "v2x"
    requirements = ("OCPP-Q01-CSMS-DECIDES",)
    pics = "ocpp_v2x"
    faults = {"decided-transfer-missing": "OCPP-Q01-CSMS-DECIDES", "everybody-discharges": "OCPP-Q01-CSMS-DECIDES"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Shows both customers, with the EVCCID of the car."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for kind in ("v2x", "charging"):
                await station.authorize(idToken=token(customer(bench, kind), EVCCID="WMIV1234567890ABCDEX"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for bidirectional modes in both answers."""
        accepted_boot(trace)
        for kind, wanted in (("v2x", True), ("charging", False)):
            name = trace.declared.get(f"ocpp_token_{kind}")
            asked = sent(trace, "Authorize", where=lambda one, name=name: one["idToken"]["idToken"] == name)
            if look(asked.answer, "idTokenInfo.status") != "Accepted":
                raise Inconclusive(f"the CSMS did not accept the customer of ocpp_token_{kind}")
            told = look(asked.answer, "allowedEnergyTransfer")
            allowed = [mode for mode in (told if isinstance(told, list) else []) if mode in tuple(BIDIRECTIONAL)]
            yield holds(
                "OCPP-Q01-CSMS-DECIDES",
                bool(allowed) is wanted,
                expected=f"allowedEnergyTransfer {'with' if wanted else 'without'} a bidirectional mode",
                seen="no allowedEnergyTransfer" if told is None else str(told),
                at=asked.at,
            )


class Undecided(CsmsCase):
    """Nobody has decided yet whether this customer's car may discharge; the decision comes while it charges.

    Until then allowedEnergyTransfer is left out, and the station asks for charging alone. Then the decision must reach
    the transaction that runs, and what it allows must be planned: else the car never discharges at all.
    """

    id = "CSMS-OCPP-V2X-02"
    title = "Undecided: nothing is allowed at Authorize, the decision follows for the transaction and holds"
    area = "v2x"
    requirements = ("OCPP-Q01.FR.08", "OCPP-Q02-CSMS", "OCPP-Q01-CSMS-DECIDES")
    pics = "ocpp_v2x and ocpp_smart_charging"
    hooks = ("notify_allowed_energy_transfer",)
    faults = {
        "undecided-transfer-granted": "OCPP-Q01.FR.08",
        "allowed-transfer-for-wrong-transaction": "OCPP-Q02-CSMS",
        "allowed-transfer-never-told": "OCPP-Q02-CSMS",
        "transfer-decision-forgotten": "OCPP-Q01-CSMS-DECIDES",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Charges, has the operator decide, and tells new needs with discharging."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station, who="undecided") as transaction:
                mark = station.mark
                await bench.act("notify_allowed_energy_transfer", modes=["DC", "DC_BPT"], transaction=transaction)
                await station.look_for("NotifyAllowedEnergyTransfer", within=bench.detection_time, since=mark)
                await plan(station, needs("DC_BPT"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at Authorize, at NotifyAllowedEnergyTransfer and at the needs behind it."""
        accepted_boot(trace)
        asked = sent(trace, "Authorize")
        if look(asked.answer, "idTokenInfo.status") != "Accepted":
            raise Inconclusive("the CSMS did not accept the customer of ocpp_token_undecided")
        told = look(asked.answer, "allowedEnergyTransfer")
        yield holds(
            "OCPP-Q01.FR.08",
            told is None,
            expected="no allowedEnergyTransfer as long as it is undecided",
            seen="none" if told is None else str(told),
            at=asked.at,
        )
        running = last_events(trace)[0].payload["transactionInfo"]["transactionId"]
        yield received(
            "OCPP-Q02-CSMS",
            trace,
            "NotifyAllowedEnergyTransfer",
            where=lambda one: one.get("transactionId") == running and "DC_BPT" in _modes(one),
            what="for the transaction, with DC_BPT",
            after=asked.request,
        )
        again = sent(trace, "NotifyEVChargingNeeds")
        yield status_is("OCPP-Q01-CSMS-DECIDES", again, "Accepted", "Processing")
        served_to_the_end(trace)


def _modes(payload: Mapping[str, Any]) -> list[Any]:
    found = payload.get("allowedEnergyTransfer")
    return found if isinstance(found, list) else []


class Forbidden(CsmsCase):
    """The car of a customer who only charges asks for bidirectional transfer all the same.

    The CSMS says no, and sends no plan that discharges it: the customer has not agreed to lend the battery.
    """

    id = "CSMS-OCPP-V2X-03"
    title = "Needs with a transfer that is not allowed are refused, and no plan discharges the car"
    area = "v2x"
    requirements = ("OCPP-Q01-CSMS-REJECTS",)
    pics = "ocpp_v2x and ocpp_smart_charging"
    faults = {"forbidden-transfer-accepted": "OCPP-Q01-CSMS-REJECTS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells needs with DC for that customer, and then with DC_BPT."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station, who="charging"):
                await plan(station, needs("DC", availableEnergyTransfer=["DC", "DC_BPT"]))
                await plan(station, needs("DC_BPT", availableEnergyTransfer=["DC", "DC_BPT"]))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first shows that the car is served at all; the second is refused."""
        planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        wanted = sent(trace, "NotifyEVChargingNeeds", nth=1)
        yield status_is("OCPP-Q01-CSMS-REJECTS", wanted, "Rejected", "NoChargingProfile")
        discharging = [one for one in tx_profiles(trace, after=wanted.request) if _discharges(one)]
        yield holds(
            "OCPP-Q01-CSMS-REJECTS",
            not discharging,
            expected="no profile that discharges the car",
            seen=f"{len(discharging)} profiles that do",
            at=(*wanted.at, *(one.request.index for one in discharging)),
        )
        served_to_the_end(trace)


def _discharges(profile: RpcExchange) -> bool:
    found = [period.get(name) for period in periods(profile) for name in ("setpoint", "dischargeLimit")]
    return any(isinstance(one, int | float) and one < 0 for one in found)


class ScheduledPlan(CsmsCase):
    """A bidirectional car wants a schedule, and the CSMS makes one with the modes of V2X.

    A setpoint without operationMode means ChargingOnly, where there is no setpoint; CentralSetpoint without setpoint
    means nothing at all; values for L2 and L3 are for cars that told some. Stations refuse each of these.
    """

    id = "CSMS-OCPP-V2X-04"
    title = "The plan for a bidirectional car keeps the matrix of modes, fields and phases"
    area = "v2x"
    requirements = ("OCPP-V2X-MATRIX", "OCPP-V2X-SIGN", "OCPP-K01.FR.142")
    pics = "ocpp_v2x and ocpp_smart_charging"
    aliases = ("TC_Q_108_CSMS",)
    faults = {
        "setpoint-without-mode": "OCPP-V2X-MATRIX",
        "central-setpoint-without-setpoint": "OCPP-V2X-MATRIX",
        "discharge-limit-positive": "OCPP-V2X-SIGN",
        "phase-fields-without-base": "OCPP-V2X-MATRIX",
        "phase-fields-for-single-values": "OCPP-K01.FR.142",
    }
    control = "ScheduledControl"

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells the needs of such a car, with one power for all phases."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(control=self.control, departure=bench.stamp(6 * 3600.0)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds each period against the matrix."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        yield in_matrix("OCPP-V2X-MATRIX", profile)
        yield valid("OCPP-V2X-SIGN", trace, profile)
        phased = sorted({name for period in periods(profile) for name in period if name.endswith(("_L2", "_L3"))})
        yield holds(
            "OCPP-K01.FR.142",
            not phased,
            expected="no values for L2 and L3 for a car that told none",
            seen=", ".join(phased) or "none",
            at=profile.at,
        )
        served_to_the_end(trace)


class DynamicPlan(ScheduledPlan):
    """A bidirectional car in dynamic control: the same rules hold for its one period.

    It is the value that all later updates replace, so it stays wrong for the whole session.
    """

    id = "CSMS-OCPP-V2X-05"
    title = "The dynamic plan for a bidirectional car keeps the matrix of modes, fields and phases"
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    aliases = ()
    control = "DynamicControl"


class ChargingOnlyPlan(CsmsCase):
    """The car asks for charging alone, whatever else is available.

    Its plan has limits, no setpoints and no discharging: the car would refuse it, or worse, follow it.
    """

    id = "CSMS-OCPP-V2X-06"
    title = "The plan for a car that asks for charging alone has no field for discharging"
    area = "v2x"
    requirements = ("OCPP-V2X-MATRIX", "OCPP-Q02-CSMS-CHARGES")
    pics = "ocpp_v2x and ocpp_smart_charging"
    faults = {"discharges-an-undecided-car": "OCPP-Q02-CSMS-CHARGES"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells needs with DC of a car that could do more."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station, who="undecided"):
                await plan(station, needs("DC", availableEnergyTransfer=["DC", "DC_BPT"]))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every period."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        found = periods(profile)
        odd = sorted(
            {
                name
                for period in found
                for name in period
                if name.startswith(("setpoint", "dischargeLimit", "v2x"))
                or (name == "operationMode" and period[name] not in {"ChargingOnly", "Idle"})
            }
        )
        yield holds(
            "OCPP-Q02-CSMS-CHARGES",
            bool(found) and not odd,
            expected="limits for ChargingOnly",
            seen=", ".join(odd) or f"{len(found)} periods, so",
            at=profile.at,
        )
        yield in_matrix("OCPP-V2X-MATRIX", profile)
