"""A CSMS on mobilityhouse's ``ocpp``: knows its stations by password, answers, sends what its standard input says."""

import asyncio
import base64
import json
import logging
import os
import sys
from datetime import datetime, timezone
from urllib.parse import unquote

import websockets
from ocpp.charge_point import camel_to_snake_case
from ocpp.exceptions import SecurityError
from ocpp.routing import on
from ocpp.v21 import ChargePoint, call, call_result

PASSWORD, IDENTITIES = os.environ["PASSWORD"], set(os.environ["IDENTITIES"].split(","))
DECISIONS = {"V2G-TOKEN": "Accepted", "CHARGE-TOKEN": "Accepted", "BLOCKED-TOKEN": "Blocked"}
STATIONS, RUNNING, BOOTED, ASKED = {}, {}, set(), set()
EMPTY = (
    "StatusNotification",
    "NotifyEvent",
    "NotifyReport",
    "MeterValues",
    "SecurityEventNotification",
    "ReportChargingProfiles",
    "ReportDERControl",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyPriorityCharging",
    "NotifyChargingLimit",
    "ClearedChargingLimit",
    "ClosePeriodicEventStream",
    "LogStatusNotification",
    "FirmwareStatusNotification",
)
ANSWERED = {
    "NotifyEVChargingNeeds": "Accepted",
    "NotifyEVChargingSchedule": "Accepted",
    "PullDynamicScheduleUpdate": "Rejected",
    "OpenPeriodicEventStream": "Accepted",
    "DataTransfer": "UnknownVendorId",
}


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Csms(ChargePoint):
    """One connection."""

    boots = 0

    def guard(self, request_id=None, **_):
        if self.id not in BOOTED and request_id not in ASKED:
            raise SecurityError("boot first")

    @on("BootNotification")
    def on_boot_notification(self, **_):
        self.boots += 1
        if self.id == "PENDING" and self.boots == 1:  # left so by its first boot on a connection
            BOOTED.discard(self.id)
            return call_result.BootNotification(current_time=now(), interval=5, status="Pending")
        BOOTED.add(self.id)
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on("Heartbeat")
    def on_heartbeat(self, **_):
        self.guard()
        return call_result.Heartbeat(current_time=now())

    @on("Authorize")
    def on_authorize(self, id_token, **_):
        self.guard()
        return call_result.Authorize(id_token_info={"status": DECISIONS.get(id_token["id_token"], "Unknown")})

    @on("TransactionEvent")
    def on_transaction_event(self, event_type, transaction_info, id_token=None, **_):
        self.guard()
        if event_type == "Ended":
            RUNNING.pop(self.id, None)
        else:
            RUNNING[self.id] = transaction_info["transaction_id"]
        return call_result.TransactionEvent(
            id_token_info=id_token and {"status": DECISIONS.get(id_token["id_token"], "Unknown")}
        )


def _answer(action, *status):
    def handler(self, **values):
        self.guard(**values)
        return getattr(call_result, action)(*status)

    handler.__name__ = f"on_{action}"
    setattr(Csms, handler.__name__, on(action)(handler))


for name in EMPTY:
    _answer(name)
for name, status in ANSWERED.items():
    _answer(name, status)


def admit(connection, request):
    _, path, identity = ["", *request.path.rsplit("/", 1)] if request.path.count("/") > 1 else ("", "", "")
    identity = unquote(identity)
    if path != "/ocpp" or identity not in IDENTITIES:
        return connection.respond(404, "unknown station\n")
    right = "Basic " + base64.b64encode(f"{identity}:{PASSWORD}".encode()).decode()
    if request.headers.get("Authorization") != right:
        return connection.respond(401, "wrong credentials\n")
    return None


async def serve(socket):
    if socket.subprotocol is None:
        return await socket.close(1002, "no common subprotocol")
    identity = unquote(socket.request.path.rsplit("/", 1)[1])
    station = STATIONS[identity] = Csms(identity, socket, response_timeout=10)
    try:
        await station.start()
    except websockets.ConnectionClosed:
        return None


async def send(values):
    identity = values.get("station") or next(reversed(STATIONS))
    payload = json.loads(json.dumps(values["payload"]).replace("$transaction", RUNNING.get(identity, "none")))
    ASKED.add(payload.get("requestId", ""))
    try:  # the way of the library: one object per message, its fields in snake case
        await STATIONS[identity].call(getattr(call, values["action"])(**camel_to_snake_case(payload)))
    except Exception as problem:
        print(values["action"], type(problem).__name__, str(problem)[:300], flush=True)


async def main():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with websockets.serve(
        serve,
        "127.0.0.1",
        int(os.environ["PORT"]),
        subprotocols=["ocpp2.1"],
        process_request=admit,
        select_subprotocol=choose,
    ):
        print("listening", flush=True)
        tasks = set()
        while line := await reader.readline():
            told = json.loads(line)
            if told["hook"] == "forget_boot":
                BOOTED.discard(told["values"].get("station") or next(reversed(STATIONS)))
            else:
                tasks.add(asyncio.ensure_future(send(told["values"])))


def choose(_, offered):
    return "ocpp2.1" if "ocpp2.1" in offered else None


logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
asyncio.run(main())
