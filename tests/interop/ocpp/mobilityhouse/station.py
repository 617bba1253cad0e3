"""A charging station on mobilityhouse's ``ocpp``: boots, answers, and does what the lines on its standard input say.

It charges nothing: profiles and DER controls are kept and reported as the library hands them over, never followed.
"""

import asyncio
import base64
import json
import logging
import os
import sys
import time
from datetime import datetime, timezone

import websockets
from ocpp.routing import after, on
from ocpp.v21 import ChargePoint, call, call_result

ENDPOINT, IDENTITY, PASSWORD = (os.environ[key] for key in ("ENDPOINT", "IDENTITY", "PASSWORD"))
VARIABLES = {("OCPPCommCtrlr", "HeartbeatInterval"): "300"}
EVSE = {"id": 1, "connector_id": 1}


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Memory:
    """What outlives a connection."""

    status, transaction, interval, serial = "", None, 300, 0
    profiles: dict = {}
    controls: dict = {}


class Station(ChargePoint):
    """One connection."""

    async def tell(self, payload):
        try:
            return await self.call(payload)
        except Exception as problem:  # it must go on, whatever the library makes of an answer
            print(type(payload).__name__, type(problem).__name__, problem, flush=True)
            return None

    async def live(self):
        if Memory.status == "Accepted":
            await self.tell(call.Heartbeat())
        else:
            await self.boot("PowerUp")
        while True:
            await asyncio.sleep(Memory.interval)
            await self.tell(call.Heartbeat())

    async def boot(self, reason):
        while True:
            station = {"model": "ocpp", "vendor_name": "mobilityhouse", "serial_number": IDENTITY}
            told = await self.tell(call.BootNotification(charging_station=station, reason=reason))
            Memory.status = told.status if told else ""
            Memory.interval = max(told.interval if told else 10, 1)
            if Memory.status == "Accepted":
                return await self.available()
            await asyncio.sleep(Memory.interval)

    async def available(self):
        Memory.serial += 1
        event = {
            "event_id": Memory.serial,
            "timestamp": now(),
            "trigger": "Delta",
            "actual_value": "Occupied" if Memory.transaction else "Available",
            "event_notification_type": "HardWiredNotification",
            "component": {"name": "Connector", "evse": EVSE},
            "variable": {"name": "AvailabilityState"},
        }
        await self.tell(call.NotifyEvent(generated_at=now(), seq_no=0, event_data=[event]))

    # What happens at the station

    async def event(self, kind, trigger, info=None, **more):
        transaction = Memory.transaction
        transaction["seq"] += 1
        about = {"transaction_id": transaction["id"], "charging_state": transaction["state"], **(info or {})}
        await self.tell(
            call.TransactionEvent(
                event_type=kind,
                timestamp=now(),
                trigger_reason=trigger,
                seq_no=transaction["seq"],
                transaction_info=about,
                evse=EVSE,
                **more,
            )
        )

    async def begin(self, trigger):
        Memory.transaction = {"id": f"mh-{time.time_ns()}", "seq": -1, "state": "EVConnected"}
        await self.event("Started", trigger)

    async def charge(self, trigger, token, info=None):
        Memory.transaction["state"] = "Charging"
        await self.event("Updated", trigger, info, id_token=token)

    async def end(self, trigger, reason):
        if Memory.transaction:
            await self.event("Ended", trigger, {"stopped_reason": reason})
            Memory.transaction = None
            await self.available()

    async def plug_in(self, **_):
        await self.begin("CablePluggedIn")

    async def present_token(self, token="V2G-TOKEN", type="ISO14443", **_):
        shown = {"id_token": token, "type": type}
        told = await self.tell(call.Authorize(id_token=shown))
        if told and told.id_token_info["status"] == "Accepted":
            if not Memory.transaction:
                await self.begin("Authorized")
            await self.charge("Authorized", shown)

    async def unplug(self, **_):
        await self.end("EVCommunicationLost", "EVDisconnected")

    async def stop(self, **_):
        await self.end("StopAuthorized", "Local")

    # What the CSMS asks

    @on("GetVariables")
    def on_get_variables(self, get_variable_data, **_):
        found = [(one, VARIABLES.get((one["component"]["name"], one["variable"]["name"]))) for one in get_variable_data]
        return call_result.GetVariables(
            [
                {
                    "component": one["component"],
                    "variable": one["variable"],
                    **(
                        {"attribute_status": "UnknownComponent"}
                        if value is None
                        else {"attribute_status": "Accepted", "attribute_value": value}
                    ),
                }
                for one, value in found
            ]
        )

    @on("SetVariables")
    def on_set_variables(self, set_variable_data, **_):
        result = []
        for one in set_variable_data:
            key = one["component"]["name"], one["variable"]["name"]
            if known := key in VARIABLES:
                VARIABLES[key] = one["attribute_value"]
            result.append(
                {
                    "component": one["component"],
                    "variable": one["variable"],
                    "attribute_status": "Accepted" if known else "UnknownComponent",
                }
            )
        return call_result.SetVariables(result)

    @on("GetBaseReport")
    def on_get_base_report(self, **_):
        return call_result.GetBaseReport("Accepted")

    @after("GetBaseReport")
    async def after_get_base_report(self, request_id, **_):
        report = [
            {
                "component": {"name": component},
                "variable": {"name": variable},
                "variable_attribute": [{"value": value}],
                "variable_characteristics": {"data_type": "string", "supports_monitoring": False},
            }
            for (component, variable), value in VARIABLES.items()
        ]
        await self.tell(call.NotifyReport(request_id=request_id, generated_at=now(), seq_no=0, report_data=report))

    @on("SetChargingProfile")
    def on_set_charging_profile(self, evse_id, charging_profile, **_):
        Memory.profiles[charging_profile["id"]] = evse_id, charging_profile
        return call_result.SetChargingProfile("Accepted")

    def _wanted(self, charging_profile, evse_id=None):
        ids = charging_profile.get("charging_profile_id")
        return [
            (evse, one)
            for evse, one in Memory.profiles.values()
            if evse_id in (None, evse) and (not ids or one["id"] in ids)
        ]

    @on("GetChargingProfiles")
    def on_get_charging_profiles(self, charging_profile, evse_id=None, **_):
        return call_result.GetChargingProfiles("Accepted" if self._wanted(charging_profile, evse_id) else "NoProfiles")

    @after("GetChargingProfiles")
    async def after_get_charging_profiles(self, request_id, charging_profile, evse_id=None, **_):
        found = self._wanted(charging_profile, evse_id)
        for n, (evse, one) in enumerate(found, 1):
            await self.tell(
                call.ReportChargingProfiles(
                    request_id=request_id,
                    charging_limit_source="CSO",
                    evse_id=evse,
                    charging_profile=[one],
                    tbc=n < len(found),
                )
            )

    @on("ClearChargingProfile")
    def on_clear_charging_profile(self, charging_profile_id=None, **_):
        some = bool(Memory.profiles) if charging_profile_id is None else charging_profile_id in Memory.profiles
        Memory.profiles = (
            {}
            if charging_profile_id is None
            else {key: one for key, one in Memory.profiles.items() if key != charging_profile_id}
        )
        return call_result.ClearChargingProfile("Accepted" if some else "Unknown")

    @on("UpdateDynamicSchedule")
    def on_update_dynamic_schedule(self, charging_profile_id, **_):
        return call_result.UpdateDynamicSchedule("Accepted" if charging_profile_id in Memory.profiles else "Rejected")

    def _known(self, transaction_id):
        return "Accepted" if Memory.transaction and Memory.transaction["id"] == transaction_id else "Rejected"

    @on("NotifyAllowedEnergyTransfer")
    def on_notify_allowed_energy_transfer(self, transaction_id, **_):
        return call_result.NotifyAllowedEnergyTransfer(self._known(transaction_id))

    @on("UsePriorityCharging")
    def on_use_priority_charging(self, transaction_id, **_):
        return call_result.UsePriorityCharging("NoProfile" if self._known(transaction_id) == "Accepted" else "Rejected")

    @on("SetDERControl")
    def on_set_der_control(self, control_id, **control):
        Memory.controls[control_id] = control
        return call_result.SetDERControl("Accepted")

    @on("GetDERControl")
    def on_get_der_control(self, control_id=None, **_):
        return call_result.GetDERControl(
            "Accepted" if (control_id in Memory.controls if control_id else Memory.controls) else "NotFound"
        )

    @after("GetDERControl")
    async def after_get_der_control(self, request_id, control_id=None, **_):
        found = [(key, one) for key, one in Memory.controls.items() if control_id in (None, key)]
        for n, (key, control) in enumerate(found, 1):
            ((field, value),) = [(name, one) for name, one in control.items() if isinstance(one, dict)]
            told = {"id": key, field: value, "is_default": control["is_default"], "is_superseded": False}
            if field == "curve":
                told["curve_type"] = control["control_type"]
            await self.tell(call.ReportDERControl(request_id=request_id, tbc=n < len(found), **{field: [told]}))

    @on("ClearDERControl")
    def on_clear_der_control(self, control_id=None, **_):
        return call_result.ClearDERControl("Accepted" if Memory.controls.pop(control_id, None) else "NotFound")

    @on("RequestStartTransaction")
    async def on_request_start_transaction(self, **_):
        if Memory.status != "Accepted":
            return call_result.RequestStartTransaction("Rejected")
        return call_result.RequestStartTransaction(
            "Accepted", transaction_id=Memory.transaction and Memory.transaction["id"]
        )

    @after("RequestStartTransaction")
    async def after_request_start_transaction(self, id_token, remote_start_id, **_):
        if not Memory.transaction:
            await self.begin("RemoteStart")
        await self.charge("RemoteStart", id_token, {"remote_start_id": remote_start_id})

    @on("RequestStopTransaction")
    def on_request_stop_transaction(self, transaction_id, **_):
        return call_result.RequestStopTransaction(self._known(transaction_id))

    @after("RequestStopTransaction")
    async def after_request_stop_transaction(self, transaction_id, **_):
        if self._known(transaction_id) == "Accepted":
            await self.end("RemoteStop", "Remote")

    @on("GetTransactionStatus")
    def on_get_transaction_status(self, transaction_id=None, **_):
        ongoing = None if transaction_id is None else self._known(transaction_id) == "Accepted"
        return call_result.GetTransactionStatus(messages_in_queue=False, ongoing_indicator=ongoing)

    @on("TriggerMessage")
    def on_trigger_message(self, requested_message, **_):
        return call_result.TriggerMessage(
            "Accepted" if requested_message in ("BootNotification", "Heartbeat") else "NotImplemented"
        )

    @after("TriggerMessage")
    async def after_trigger_message(self, requested_message, **_):
        if requested_message == "BootNotification":
            await self.boot("Triggered")
        elif requested_message == "Heartbeat":
            await self.tell(call.Heartbeat())

    @on("Reset")
    def on_reset(self, **_):
        return call_result.Reset("Accepted")

    @after("Reset")
    async def after_reset(self, **_):
        await self._connection.close()
        os._exit(0)

    @on("DataTransfer")
    def on_data_transfer(self, **_):
        return call_result.DataTransfer("UnknownVendorId")


async def main():
    current = None

    async def obey():
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            told = json.loads(line)
            if current is not None and Memory.status == "Accepted":
                asyncio.ensure_future(getattr(current, told["hook"])(**told["values"]))
        os._exit(0)

    orders = asyncio.ensure_future(obey())
    secret = base64.b64encode(f"{IDENTITY}:{PASSWORD}".encode()).decode()
    while not orders.done():
        try:
            async with websockets.connect(
                f"{ENDPOINT}/{IDENTITY}",
                subprotocols=["ocpp2.1"],
                additional_headers={"Authorization": f"Basic {secret}"},
            ) as socket:
                if socket.subprotocol is None:
                    continue
                current = Station(IDENTITY, socket, response_timeout=10)
                life = asyncio.ensure_future(current.live())
                try:
                    await current.start()
                finally:
                    life.cancel()
        except (OSError, websockets.WebSocketException) as problem:
            print(type(problem).__name__, flush=True)
        except Exception:  # the library let it through: as a program without a net would, end
            logging.exception("the listening task ended")
        current = None
        await asyncio.sleep(0.3)


logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
asyncio.run(main())
