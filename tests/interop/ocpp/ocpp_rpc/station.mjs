// A charging station on npm's ocpp-rpc: boots, answers, and does what the lines on its standard input say.
// It charges nothing: profiles and DER controls are kept and reported as they came, never followed.
import { createInterface } from "node:readline";
import { RPCClient } from "ocpp-rpc";

const { ENDPOINT, IDENTITY, PASSWORD, STRICT } = process.env;
const now = () => new Date().toISOString();
const profiles = new Map(), controls = new Map(), variables = new Map([["OCPPCommCtrlr.HeartbeatInterval", "300"]]);
let status = "", transaction = null, timer, serial = 0;

const client = new RPCClient({
    endpoint: ENDPOINT, identity: IDENTITY, password: PASSWORD, protocols: ["ocpp2.1", "ocpp2.0.1"],
    callTimeoutMs: 10_000, strictMode: Boolean(STRICT),
    backoff: { initialDelay: 200, maxDelay: 500, factor: 1.5, randomisationFactor: 0 },
});
const ask = (action, payload) => client.call(action, payload).catch((error) => console.log(action, error.message));
// After the answer, before the next request is read: what a report says must not depend on how fast the peer goes on.
const later = (action, payload) => { setTimeout(() => ask(action, payload), 0); };

async function boot(reason = "PowerUp") {
    clearTimeout(timer);
    const told = await ask("BootNotification", { reason, chargingStation: { model: "ocpp-rpc", vendorName: "npm", serialNumber: IDENTITY } });
    status = told?.status ?? "";
    const rest = Math.max(told?.interval || 10, 1) * 1000;
    if (status !== "Accepted") { timer = setTimeout(boot, rest, reason); return; }
    variables.set("OCPPCommCtrlr.HeartbeatInterval", String(rest / 1000));
    timer = setInterval(() => ask("Heartbeat", {}), rest);
    await available();
}
const available = () => ask("NotifyEvent", { generatedAt: now(), seqNo: 0, eventData: [{
    eventId: ++serial, timestamp: now(), trigger: "Delta", actualValue: transaction ? "Occupied" : "Available",
    eventNotificationType: "HardWiredNotification", component: { name: "Connector", evse: { id: 1, connectorId: 1 } },
    variable: { name: "AvailabilityState" } }] });
const event = (eventType, triggerReason, more = {}, info = {}) => ask("TransactionEvent", {
    eventType, timestamp: now(), triggerReason, seqNo: transaction.seq++, evse: { id: 1, connectorId: 1 },
    transactionInfo: { transactionId: transaction.id, chargingState: transaction.state, ...info }, ...more });
async function start(trigger, info = {}) {
    transaction = { id: `rpc-${Date.now()}`, seq: 0, state: "EVConnected" };
    await event("Started", trigger, {}, info);
}
async function stop(trigger, stoppedReason) {
    if (!transaction) return;
    const ended = event("Ended", trigger, {}, { stoppedReason });
    transaction = null;
    await ended;
    await available();
}
async function charge(trigger, idToken, info) {
    transaction.state = "Charging";
    await event("Updated", trigger, idToken ? { idToken } : {}, info);
}

const hooks = {
    plug_in: () => start("CablePluggedIn"),
    async present_token({ token = "V2G-TOKEN", type = "ISO14443" }) {
        const told = await ask("Authorize", { idToken: { idToken: token, type } });
        if (told?.idTokenInfo?.status !== "Accepted") return;
        if (!transaction) await start("Authorized");
        await charge("Authorized", { idToken: token, type });
    },
    unplug: () => stop("EVCommunicationLost", "EVDisconnected"),
    stop: () => stop("StopAuthorized", "Local"),
};
const key = ({ component, variable }) => `${component.name}.${variable.name}`;
const named = ({ component, variable }) => ({ component, variable });
const known = (id) => transaction?.id === id ? "Accepted" : "Rejected";
const answers = {
    GetVariables: ({ getVariableData }) => ({ getVariableResult: getVariableData.map((one) => variables.has(key(one))
        ? { ...named(one), attributeStatus: "Accepted", attributeValue: variables.get(key(one)) }
        : { ...named(one), attributeStatus: "UnknownComponent" }) }),
    SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map((one) => {
        if (variables.has(key(one))) variables.set(key(one), one.attributeValue);
        return { ...named(one), attributeStatus: variables.has(key(one)) ? "Accepted" : "UnknownComponent" };
    }) }),
    GetBaseReport({ requestId }) {
        later("NotifyReport", { requestId, generatedAt: now(), seqNo: 0, reportData: [...variables].map(([name, value]) => ({
            component: { name: name.split(".")[0] }, variable: { name: name.split(".")[1] },
            variableAttribute: [{ value }], variableCharacteristics: { dataType: "string", supportsMonitoring: false } })) });
        return { status: "Accepted" };
    },
    SetChargingProfile({ evseId, chargingProfile }) {
        profiles.set(chargingProfile.id, { evseId, chargingProfile });
        return { status: "Accepted" };
    },
    GetChargingProfiles({ requestId, evseId, chargingProfile }) {
        const found = [...profiles.values()].filter((one) => (evseId ?? one.evseId) === one.evseId
            && (chargingProfile.chargingProfileId?.includes(one.chargingProfile.id) ?? true));
        for (const [n, one] of found.entries()) {
            later("ReportChargingProfiles", { requestId, chargingLimitSource: "CSO", evseId: one.evseId,
                chargingProfile: [one.chargingProfile], tbc: n + 1 < found.length });
        }
        return { status: found.length ? "Accepted" : "NoProfiles" };
    },
    ClearChargingProfile({ chargingProfileId }) {
        const some = chargingProfileId === undefined ? profiles.size > 0 : profiles.delete(chargingProfileId);
        if (chargingProfileId === undefined) profiles.clear();
        return { status: some ? "Accepted" : "Unknown" };
    },
    UpdateDynamicSchedule: ({ chargingProfileId }) => ({ status: profiles.has(chargingProfileId) ? "Accepted" : "Rejected" }),
    NotifyAllowedEnergyTransfer: ({ transactionId }) => ({ status: known(transactionId) }),
    UsePriorityCharging: ({ transactionId }) => ({ status: known(transactionId) === "Accepted" ? "NoProfile" : "Rejected" }),
    SetDERControl(control) {
        controls.set(control.controlId, control);
        return { status: "Accepted" };
    },
    GetDERControl({ requestId, controlId }) {
        const found = [...controls.values()].filter((one) => (controlId ?? one.controlId) === one.controlId);
        for (const [n, { isDefault, controlId: id, controlType, ...fields }] of found.entries()) {
            const [[field, value]] = Object.entries(fields);
            const told = { id, [field]: value, isDefault, isSuperseded: false, ...(field === "curve" && { curveType: controlType }) };
            later("ReportDERControl", { requestId, [field]: [told], tbc: n + 1 < found.length });
        }
        return { status: found.length ? "Accepted" : "NotFound" };
    },
    ClearDERControl: ({ controlId }) => ({ status: controls.delete(controlId) ? "Accepted" : "NotFound" }),
    RequestStartTransaction({ idToken, remoteStartId }) {
        if (!transaction) hooks.plug_in();
        setTimeout(charge, 50, "RemoteStart", idToken, { remoteStartId });
        return { status: "Accepted", transactionId: transaction.id };
    },
    RequestStopTransaction({ transactionId }) {
        const answer = known(transactionId);
        if (answer === "Accepted") setTimeout(stop, 20, "RemoteStop", "Remote");
        return { status: answer };
    },
    GetTransactionStatus: ({ transactionId }) => ({ messagesInQueue: false,
        ...(transactionId && { ongoingIndicator: transaction?.id === transactionId }) }),
    TriggerMessage({ requestedMessage }) {
        const wanted = { BootNotification: () => boot("Triggered"), Heartbeat: () => ask("Heartbeat", {}) }[requestedMessage];
        if (wanted) setTimeout(wanted, 20);
        return { status: wanted ? "Accepted" : "NotImplemented" };
    },
    Reset() {
        setTimeout(() => client.close().then(() => process.exit(0)), 100);
        return { status: "Accepted" };
    },
    DataTransfer: () => ({ status: "UnknownVendorId" }),
};
for (const [action, answer] of Object.entries(answers)) {
    client.handle(action, ({ params }) => {
        if (status !== "Accepted" && action.startsWith("Request")) return { status: "Rejected" };
        return answer(params);
    });
}

client.on("open", () => { status === "Accepted" ? ask("Heartbeat", {}) : boot(); });
client.on("strictValidationFailure", ({ error }) => console.log("strict", error.message));
createInterface({ input: process.stdin }).on("line", (line) => {
    const { hook, values } = JSON.parse(line);
    if (status === "Accepted") hooks[hook](values);
}).on("close", () => process.exit(0));
for (;;) {
    try { await client.connect(); break; } catch { await new Promise((done) => { setTimeout(done, 300); }); }
}
