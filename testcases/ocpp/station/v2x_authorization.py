"""Who may discharge: what a station announces, asks for, and does when the CSMS decides (OCPP 2.1 Q01, Q02)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from v2gready.authoring.ocpp import (
    BPT,
    EVCCID,
    Inconclusive,
    Limit,
    Observation,
    RpcExchange,
    Severity,
    StationBench,
    StationCase,
    Trace,
    accepted,
    ask_alive,
    calls,
    every,
    field_is,
    get_variable,
    got,
    hold,
    holds,
    install,
    look,
    never_sent,
    not_accepted,
    operation_modes,
    period,
    period_of,
    power_within,
    profile,
    reaches,
    received,
    sent,
    set_variable,
    share_of_power,
    span_after,
    start_transaction,
    start_v2x,
    status_is,
    still_serves,
    transactions,
)

FLOOR: Final = 250.0
"""W that a meter may show where nothing flows; our own figure."""
OFFERED: Final = frozenset(operation_modes.OperationMode) - {
    operation_modes.OperationMode.CHARGING_ONLY,
    operation_modes.OperationMode.IDLE,
}
V2X: Final = "V2XChargingCtrlr"


def needs_of(trace: Trace, nth: int = 0) -> RpcExchange:
    """The ``nth`` charging needs that the station told."""
    return got(trace, "NotifyEVChargingNeeds", nth=nth)


def read(trace: Trace, component: str, name: str) -> list[tuple[RpcExchange, str]]:
    """Values of a variable that the station has told, in order, with the exchange."""
    found = []
    for one in calls(trace, "GetVariables", sender=trace.tester):
        for result in (one.answer or {}).get("getVariableResult", ()):
            which = look(result, "component.name"), look(result, "variable.name")
            given = result.get("attributeStatus") == "Accepted" and isinstance(result.get("attributeValue"), str)
            if which == (component, name) and given:
                found.append((one, result["attributeValue"]))
    return found


def setting(trace: Trace, component: str, name: str, value: str) -> RpcExchange:
    """The message with which we set a variable.

    Raises:
        Inconclusive: We did not, or the station refused.
    """
    for one in calls(trace, "SetVariables", sender=trace.tester):
        for asked, result in zip(
            one.payload["setVariableData"], (one.answer or {}).get("setVariableResult", ()), strict=False
        ):
            same = look(asked, "component.name") == component and look(asked, "variable.name") == name
            if same and asked.get("attributeValue") == value and result.get("attributeStatus") == "Accepted":
                return one
    raise Inconclusive(f"{component}.{name} was not set to {value}")


class Announced(StationCase):
    """A CSMS plans with the modes that a station announces: three of them every V2X station has.

    A profile in another mode, or in any of them while V2X is switched off, has to be refused. A station that takes it
    lets the CSMS believe in energy that will never come.
    """

    id = "CHG-OCPP-V2X-01"
    title = "Three operation modes are announced; what is not announced or switched off is refused"
    area = "v2x"
    requirements = ("OCPP-Q01.FR.31", "OCPP-K01.FR.115", "OCPP-Q01-ENABLED")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {
        "mandatory-mode-missing": "OCPP-Q01.FR.31",
        "unsupported-mode-accepted": "OCPP-K01.FR.115",
        "bpt-always-requested": "OCPP-Q01-ENABLED",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Reads the modes, switches V2X off, plugs a V2X vehicle in and asks for each mode."""
        bench.csms.allowed_energy_transfer = ("DC_BPT", "AC_BPT")
        async with bench.csms.session() as station:
            await get_variable(station, V2X, "SupportedOperationModes", evse=1)
            await set_variable(station, "false", V2X, "Enabled", evse=1)
            transaction = await start_transaction(bench, station, state=None, evccid=EVCCID, bpt=True)
            await station.look_for("NotifyEVChargingNeeds", since=0, within=bench.detection_time)
            for mode in sorted(OFFERED):
                await install(station, typical(bench, mode, transaction.id))
            only = period(0, "ChargingOnly", limit=share_of_power(bench, 0.3))
            await install(station, profile(11, only, transaction=transaction.id, start=bench.stamp()))
            await station.silence(bench.settling_time)
            await set_variable(station, "true", V2X, "Enabled", evse=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the list, at the refusals, and at what was asked for the vehicle."""
        found = read(trace, V2X, "SupportedOperationModes")
        if not found:
            raise Inconclusive("the station did not tell SupportedOperationModes")
        asked, value = found[0]
        missing = sorted(operation_modes.MANDATORY_MODES - {one.strip() for one in value.split(",")})
        yield holds(
            "OCPP-Q01.FR.31",
            not missing,
            expected="ChargingOnly, CentralSetpoint and CentralFrequency announced",
            seen=f"{value}; missing: {', '.join(missing) or 'none'}",
            at=asked.at,
        )
        off = setting(trace, V2X, "Enabled", "false")
        needs = got(trace, "NotifyEVChargingNeeds", after=off.request)
        transfer = look(needs.payload, "chargingNeeds.requestedEnergyTransfer")
        yield holds(
            "OCPP-Q01-ENABLED",
            transfer not in BPT,
            expected="no bidirectional energy transfer requested while V2X is off",
            seen=str(transfer),
            at=needs.at,
        )
        profiles = calls(trace, "SetChargingProfile", sender=trace.tester, after=off.request)
        refused = [one for one in profiles if period_of(one)["operationMode"] in OFFERED]
        if len(refused) < len(OFFERED):
            raise Inconclusive(f"{len(refused)} of {len(OFFERED)} modes were asked for only")
        yield every("OCPP-K01.FR.115", [not_accepted("OCPP-K01.FR.115", one) for one in refused], what="modes refused")
        yield every(
            "OCPP-Q01-ENABLED", [not_accepted("OCPP-Q01-ENABLED", one) for one in refused], what="modes refused"
        )
        yield accepted("OCPP-Q01-ENABLED", profiles[-1])


def typical(bench: StationBench, mode: str, transaction: str) -> dict[str, object]:
    """A TxProfile of a mode in which nothing else is wrong."""
    power = share_of_power(bench, 0.2)
    kinds = {"CentralFrequency", "ExternalSetpoint", "ExternalLimits"}
    fields: dict[str, object] = {}
    if mode in {"CentralSetpoint", "CentralFrequency"}:
        fields["setpoint"] = power
    if mode == "LocalFrequency":
        fields |= {"v2xBaseline": 0.0, "v2xFreqWattCurve": flat_curve()}
    one = period(0, str(mode), **fields)
    if mode in kinds:
        return profile(10, one, transaction=transaction, kind="Dynamic", stack=1)
    return profile(10, one, transaction=transaction, start=bench.stamp(), stack=1)


def flat_curve() -> list[dict[str, float]]:
    """A frequency curve that asks for nothing."""
    return [{"frequency": 49.0, "power": 0.0}, {"frequency": 51.0, "power": 0.0}]


class VehicleTold(StationCase):
    """The CSMS decides by customer and vehicle who may discharge: it has to learn which vehicle it is, in time.

    EVCCID comes with the authorization and with the start of the transaction; ConnectedEV says the same later, for a
    CSMS that was not there.
    """

    id = "CHG-OCPP-V2X-02"
    title = "The EVCCID of the vehicle is in Authorize, in TransactionEvent Started and in ConnectedEV"
    area = "v2x"
    requirements = ("OCPP-Q01-EVCCID", "OCPP-Q01.FR.36")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {
        "evccid-missing": "OCPP-Q01-EVCCID",
        "evccid-missing-in-started": "OCPP-Q01-EVCCID",
        "connected-ev-empty": "OCPP-Q01.FR.36",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Starts a transaction, then reads ConnectedEV."""
        async with bench.csms.session() as station:
            await start_v2x(bench, station)
            for name in ("Available", "VehicleID", "ProtocolAgreed"):
                await get_variable(station, "ConnectedEV", name, evse=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the id of the vehicle in all three places; letters may be of either case."""
        authorize = got(trace, "Authorize")
        started = got(trace, "TransactionEvent", where=lambda one: one["eventType"] == "Started")
        for one in (authorize, started):
            told = look(one.payload, "idToken.additionalInfo") or []
            ids = [str(each.get("additionalIdToken")) for each in told if each.get("type") == "EVCCID"]
            yield holds(
                "OCPP-Q01-EVCCID",
                [each.upper() for each in ids] == [EVCCID],
                expected=f"{one.action} with additionalInfo {EVCCID} of type EVCCID",
                seen=", ".join(ids) or "no EVCCID",
                at=one.at,
            )
        good: dict[str, Callable[[str], bool]] = {
            "Available": lambda value: value.lower() == "true",
            "VehicleID": lambda value: value.upper() == EVCCID,
            "ProtocolAgreed": lambda value: "15118" in value,
        }
        asked = calls(trace, "GetVariables", sender=trace.tester)
        if len(asked) < len(good) or any(one.reply is None for one in asked):
            raise Inconclusive("ConnectedEV was not read")
        for name, right in good.items():
            found = read(trace, "ConnectedEV", name)
            yield holds(
                "OCPP-Q01.FR.36",
                bool(found) and right(found[-1][1]),
                expected=f"ConnectedEV.{name} of the vehicle at the plug",
                seen=repr(found[-1][1]) if found else "no value",
                at=found[-1][0].at if found else asked[-1].at,
            )


class Needs(StationCase):
    """What the vehicle can do is the ground on which the CSMS plans; it knows it from nowhere else.

    The station asks for the transfer that the CSMS allowed, lists what else is possible, says who controls, and fills
    the one set of parameters that ISO 15118-20 has in OCPP. Discharge powers are amounts: a minus there has made a
    CSMS charge where it meant to discharge.
    """

    id = "CHG-OCPP-V2X-03"
    title = "Charging needs of a bidirectional vehicle are complete"
    area = "v2x"
    requirements = ("OCPP-Q01-NEEDS", "OCPP-H-V2X-AMOUNTS")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_101_CS",)
    faults = {
        "needs-not-sent": "OCPP-Q01-NEEDS",
        "bpt-never-requested": "OCPP-Q01-NEEDS",
        "needs-without-control-mode": "OCPP-Q01-NEEDS",
        "needs-in-old-fields": "OCPP-Q01-NEEDS",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Starts a transaction and waits."""
        bench.csms.allowed_energy_transfer = ("DC_BPT", "AC_BPT")
        async with bench.csms.session() as station:
            await start_transaction(bench, station, state=None, evccid=EVCCID, bpt=True, control_mode="DynamicControl")
            await station.silence(bench.detection_time)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at each part of the needs."""
        started = got(trace, "TransactionEvent", where=lambda one: one["eventType"] == "Started")
        yield received("OCPP-Q01-NEEDS", trace, "NotifyEVChargingNeeds", after=started.request)
        found = calls(trace, "NotifyEVChargingNeeds", sender=trace.dut)
        if not found:
            return
        told = found[0]
        yield field_is("OCPP-Q01-NEEDS", told, "chargingNeeds.requestedEnergyTransfer", "DC_BPT", "AC_BPT")
        yield field_is("OCPP-Q01-NEEDS", told, "chargingNeeds.controlMode", "DynamicControl", "ScheduledControl")
        available = look(told.payload, "chargingNeeds.availableEnergyTransfer") or []
        yield holds(
            "OCPP-Q01-NEEDS",
            bool(BPT & set(available)),
            expected="availableEnergyTransfer with a bidirectional mode",
            seen=", ".join(available) or "missing",
            at=told.at,
        )
        parameters = look(told.payload, "chargingNeeds.v2xChargingParameters") or {}
        wanted = {"maxChargePower", "maxDischargePower"}
        yield holds(
            "OCPP-Q01-NEEDS",
            wanted <= set(parameters) or {"maxChargeCurrent", "maxDischargeCurrent"} <= set(parameters),
            expected="v2xChargingParameters with the most that the vehicle charges and discharges",
            seen=", ".join(sorted(parameters)) or "no v2xChargingParameters",
            at=told.at,
        )
        negative = {name: value for name, value in parameters.items() if "Discharge" in name and value < 0}
        yield holds(
            "OCPP-H-V2X-AMOUNTS",
            not negative,
            expected="discharge powers of the vehicle as amounts",
            seen=str(negative) if negative else "no negative number",
            at=told.at,
            severity=Severity.SHOULD,
        )


class NeedsRejected(StationCase):
    """The CSMS does not want this vehicle to discharge, not here and not today: it rejects its needs.

    The station agrees with the vehicle on another transfer, or ends the transaction and says why. One that goes on
    discharges against the will of the operator; one that ends without reason leaves the driver with a riddle.
    """

    id = "CHG-OCPP-V2X-04"
    title = "Rejected needs: another energy transfer, or the end of the transaction with the reason"
    area = "v2x"
    requirements = ("OCPP-Q01.FR.04",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_103_CS",)
    faults = {"rejected-needs-ignored": "OCPP-Q01.FR.04", "rejected-transfer-local-stop": "OCPP-Q01.FR.04"}

    async def stimulate(self, bench: StationBench) -> None:
        """Rejects whatever is asked for."""
        bench.csms.allowed_energy_transfer = ("DC_BPT", "AC_BPT")
        bench.csms.answers["NotifyEVChargingNeeds"] = {"status": "Rejected"}
        async with bench.csms.session() as station:
            await start_transaction(bench, station, state=None, evccid=EVCCID, bpt=True)
            await station.silence(2 * bench.detection_time)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants other needs each time, and the end when nothing is left."""
        first = needs_of(trace)
        if first.status != "Rejected":
            raise Inconclusive("the needs were not rejected")
        told = calls(trace, "NotifyEVChargingNeeds", sender=trace.dut)
        transfers = [str(look(one.payload, "chargingNeeds.requestedEnergyTransfer")) for one in told]
        yield holds(
            "OCPP-Q01.FR.04",
            len(set(transfers)) == len(transfers),
            expected="no rejected transfer asked for again",
            seen=", then ".join(transfers),
            at=tuple(one.request.index for one in told),
        )
        last = told[-1]
        yield received(
            "OCPP-Q01.FR.04",
            trace,
            "TransactionEvent",
            where=lambda one: (
                one["eventType"] == "Ended"
                and one["triggerReason"] == "AbnormalCondition"
                and look(one, "transactionInfo.stoppedReason") == "ReqEnergyTransferRejected"
            ),
            what="Ended, AbnormalCondition, ReqEnergyTransferRejected",
            after=last.reply,
        )


class Undecided(StationCase):
    """The CSMS does not know yet: it leaves allowedEnergyTransfer out. The vehicle charges, and may discharge later.

    Until it may, the station asks for charging alone and discharges nothing, whatever a profile says. Then the CSMS
    decides, and the station agrees anew with the vehicle.
    """

    id = "CHG-OCPP-V2X-05"
    title = "Without a decision it only charges; with NotifyAllowedEnergyTransfer it discharges"
    area = "v2x"
    requirements = ("OCPP-Q01.FR.09", "OCPP-Q02-ALLOW", "OCPP-Q02-NODISCHARGE")
    pics = "ocpp_v2x and ocpp_service_renegotiation"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_107_CS", "TC_Q_102_CS")
    faults = {
        "bpt-always-requested": "OCPP-Q01.FR.09",
        "allowed-transfer-ignored": "OCPP-Q02-ALLOW",
        "discharges-without-bpt": "OCPP-Q02-NODISCHARGE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges, asks for discharging before it is allowed, allows it, and asks again."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station, allowed=())
            only = period(0, "ChargingOnly", limit=share_of_power(bench, 0.3))
            await install(station, profile(10, only, transaction=transaction.id, start=bench.stamp()))
            await hold(bench, station)
            back = period(0, "CentralSetpoint", setpoint=share_of_power(bench, -0.5))
            await install(station, profile(11, back, transaction=transaction.id, start=bench.stamp(), stack=1))
            await hold(bench, station)
            mark = station.mark
            allowed = {"transactionId": transaction.id, "allowedEnergyTransfer": ["DC_BPT", "AC_BPT"]}
            await station.call("NotifyAllowedEnergyTransfer", allowed)
            await station.look_for("NotifyEVChargingNeeds", since=mark, within=bench.detection_time)
            await station.silence(bench.settling_time)
            await install(station, profile(11, back, transaction=transaction.id, start=bench.stamp(), stack=1))
            await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the needs before and after, and at the power."""
        first = needs_of(trace)
        requested = look(first.payload, "chargingNeeds.requestedEnergyTransfer")
        available = look(first.payload, "chargingNeeds.availableEnergyTransfer") or []
        yield holds(
            "OCPP-Q01.FR.09",
            requested not in BPT and bool(BPT & set(available)),
            expected="charging alone requested, a bidirectional transfer listed as available",
            seen=f"requested {requested}; available {', '.join(available) or 'nothing'}",
            at=first.at,
        )
        early, late = sent(trace, "SetChargingProfile", nth=1), sent(trace, "SetChargingProfile", nth=2)
        charging = sent(trace, "SetChargingProfile")
        for one in (charging, early):
            begin, end = span_after(trace, one)
            yield power_within("OCPP-Q02-NODISCHARGE", trace, 1, Limit("W", low=-FLOOR), after=begin, until=end)
        allowed = sent(trace, "NotifyAllowedEnergyTransfer")
        yield accepted("OCPP-Q02-ALLOW", allowed)
        yield received(
            "OCPP-Q02-ALLOW",
            trace,
            "NotifyEVChargingNeeds",
            where=lambda one: look(one, "chargingNeeds.requestedEnergyTransfer") in BPT,
            what="with a bidirectional transfer",
            after=allowed.request,
        )
        yield accepted("OCPP-Q02-ALLOW", late)
        if late.status == "Accepted":
            yield reaches("OCPP-Q02-ALLOW", trace, late, period_of(late)["setpoint"])


class AllowedElsewhere(StationCase):
    """A decision for a transaction that is over, or never was, comes late. It must not open another one's battery."""

    id = "CHG-OCPP-V2X-06"
    title = "NotifyAllowedEnergyTransfer of an unknown transaction is Rejected, and nothing follows"
    area = "v2x"
    requirements = ("OCPP-Q02-ALLOW",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {"allowed-transfer-of-any-transaction": "OCPP-Q02-ALLOW"}

    async def stimulate(self, bench: StationBench) -> None:
        """Allows discharging to a transaction that there is not, while another one charges."""
        async with bench.csms.session() as station:
            await start_v2x(bench, station, allowed=())
            await station.silence(bench.settling_time)
            allowed = {"transactionId": bench.new_id("none-"), "allowedEnergyTransfer": ["DC_BPT", "AC_BPT"]}
            await station.call("NotifyAllowedEnergyTransfer", allowed)
            await station.silence(bench.detection_time)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants the refusal, and no new needs with a bidirectional transfer."""
        asked = sent(trace, "NotifyAllowedEnergyTransfer")
        if asked.payload["transactionId"] in transactions(trace) or not transactions(trace):
            raise Inconclusive("no other transaction was running")
        yield status_is("OCPP-Q02-ALLOW", asked, "Rejected")
        yield never_sent(
            "OCPP-Q02-ALLOW",
            trace,
            "NotifyEVChargingNeeds",
            where=lambda one: look(one, "chargingNeeds.requestedEnergyTransfer") in BPT,
            what="with a bidirectional transfer",
            after=asked.request,
            seconds=10.0,
        )
        still_serves(trace)
