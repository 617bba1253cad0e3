// A CSMS on npm's ocpp-rpc: knows its stations by password, answers them, and sends what its standard input says.
import { createInterface } from "node:readline";
import { createRPCError, RPCServer } from "ocpp-rpc";

const { PORT, PASSWORD, IDENTITIES, STRICT } = process.env;
const identities = new Set(IDENTITIES.split(",")), stations = new Map(), running = new Map();
const booted = new Set(), asked = new Set();
const now = () => new Date().toISOString();
const server = new RPCServer({ protocols: ["ocpp2.1", "ocpp2.0.1"], callTimeoutMs: 10_000, strictMode: Boolean(STRICT) });

server.auth((accept, reject, { identity, password, endpoint }) => {
    if (endpoint !== "/ocpp" || !identities.has(identity)) reject(404, "unknown station");
    else if (password?.toString() !== PASSWORD) reject(401, "wrong credentials");
    else accept({ boots: 0 });
});

const decisions = { "V2G-TOKEN": "Accepted", "CHARGE-TOKEN": "Accepted", "BLOCKED-TOKEN": "Blocked" };
const idTokenInfo = ({ idToken }) => ({ status: decisions[idToken] ?? "Unknown" });
const answers = {
    BootNotification(_, { identity, session }) { // PENDING is left so by its first boot on a connection
        const pending = identity === "PENDING" && !session.boots++;
        if (pending) booted.delete(identity); else booted.add(identity);
        return { status: pending ? "Pending" : "Accepted", interval: pending ? 5 : 300, currentTime: now() };
    },
    Heartbeat: () => ({ currentTime: now() }),
    Authorize: ({ idToken }) => ({ idTokenInfo: idTokenInfo(idToken) }),
    TransactionEvent({ eventType, transactionInfo, idToken }, { identity }) {
        if (eventType === "Ended") running.delete(identity);
        else running.set(identity, transactionInfo.transactionId);
        return idToken ? { idTokenInfo: idTokenInfo(idToken) } : {};
    },
    NotifyEVChargingNeeds: () => ({ status: "Accepted" }),
    NotifyEVChargingSchedule: () => ({ status: "Accepted" }),
    PullDynamicScheduleUpdate: () => ({ status: "Rejected" }),
    OpenPeriodicEventStream: () => ({ status: "Accepted" }),
    DataTransfer: () => ({ status: "UnknownVendorId" }),
};
for (const action of ["StatusNotification", "NotifyEvent", "NotifyReport", "MeterValues", "SecurityEventNotification",
    "ReportChargingProfiles", "ReportDERControl", "NotifyDERAlarm", "NotifyDERStartStop", "NotifyPriorityCharging",
    "NotifyChargingLimit", "ClearedChargingLimit", "ClosePeriodicEventStream", "NotifyPeriodicEventStream",
    "LogStatusNotification", "FirmwareStatusNotification"]) answers[action] = () => ({});

server.on("client", (client) => {
    stations.set(client.identity, client);
    for (const [action, answer] of Object.entries(answers)) {
        client.handle(action, ({ params }) => {
            const free = action === "BootNotification" || (action === "NotifyReport" && asked.has(params.requestId));
            if (!free && !booted.has(client.identity)) throw createRPCError("SecurityError", "boot first");
            return answer(params, client);
        });
    }
    client.on("strictValidationFailure", ({ error }) => console.log("strict", error.message));
});

createInterface({ input: process.stdin }).on("line", (line) => {
    const { hook, values: { action, payload, station } } = JSON.parse(line);
    const identity = station ?? [...stations.keys()].at(-1);
    if (hook === "forget_boot") { booted.delete(identity); return; }
    asked.add(payload.requestId);
    const filled = JSON.parse(JSON.stringify(payload).replaceAll("$transaction", running.get(identity) ?? "none"));
    stations.get(identity)?.call(action, filled).catch((error) => console.log(action, error.message));
}).on("close", () => process.exit(0));
await server.listen(Number(PORT), "127.0.0.1");
console.log("listening");
