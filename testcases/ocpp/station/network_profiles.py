"""Network profiles that a CSMS offers to a charging station: downgrades, useless ones, the one in use (B09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    calls,
    holds,
    look,
    not_accepted,
    reason_is,
    sent,
    status_is,
    variable,
)


class NetworkProfiles(StationCase):
    """Network profiles that the CSMS offers; base of the cases about them."""

    area = "security"
    pics = "ocpp_network_profiles"

    @staticmethod
    def data(url: str, security_profile: int, **fields: Any) -> dict[str, Any]:
        """Connection data."""
        return {
            "ocppInterface": "Wired0",
            "ocppTransport": "JSON",
            "messageTimeout": 30,
            "ocppCsmsUrl": url,
            "securityProfile": security_profile,
            **fields,
        }

    @staticmethod
    def where(**wanted: Any) -> Any:
        """Picks our SetNetworkProfile by a part of its data."""

        def matches(payload: Any) -> bool:
            data = {**payload["connectionData"], "slot": payload["configurationSlot"]}
            return all(data.get(name) == value for name, value in wanted.items())

        return matches


class Downgrade(NetworkProfiles):
    """Who gets into the CSMS must not be able to switch TLS off: from profile 2 there is no way back to 1."""

    id = "CHG-OCPP-SEC-14"
    title = "A network profile of a lower security profile is refused"
    requirements = ("OCPP-A05-DOWNGRADE",)
    instruments = ("security_profile_2",)
    faults: ClassVar = {"downgrade-accepted": "OCPP-A05-DOWNGRADE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Offers profile 1, and profile 2 of the same kind."""
        slot = int(bench.number("ocpp_spare_slot", 1))
        async with bench.csms.session() as station:
            for level, scheme in ((1, "ws"), (2, "wss")):
                data = self.data(f"{scheme}://csms.v2gready.test:9000/ocpp", level)
                await station.call("SetNetworkProfile", {"configurationSlot": slot, "connectionData": data})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only one of them may be taken."""
        lower = sent(trace, "SetNetworkProfile", where=self.where(securityProfile=1))
        same = sent(trace, "SetNetworkProfile", where=self.where(securityProfile=2))
        if same.status != "Accepted":
            raise Inconclusive(f"a profile of the same level is not accepted either: {same.status}")
        yield status_is("OCPP-A05-DOWNGRADE", lower, "Rejected", "Failed")
        if lower.status != "Accepted":
            yield reason_is("OCPP-A05-DOWNGRADE", lower, "NoSecurityDowngrade")


class UselessProfile(NetworkProfiles):
    """A profile that cannot work, or for a slot that is not there, must not be accepted: it is found out at night."""

    id = "CHG-OCPP-SEC-15"
    title = "Network profiles that cannot work are refused"
    requirements = ("OCPP-B09-INVALID",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {
        "unknown-slot-accepted": "OCPP-B09-INVALID",
        "incomplete-network-profile-accepted": "OCPP-B09-INVALID",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Offers an unknown slot, wss without TLS, an address that is none, and a good one."""
        slot = int(bench.number("ocpp_spare_slot", 1))
        good = "ws://csms.v2gready.test:9000/ocpp"
        async with bench.csms.session() as station:
            for number, url in (
                (4711, good),
                (slot, good.replace("ws:", "wss:")),
                (slot, "http://csms.v2gready.test/ocpp"),
                (slot, "ws://"),
                (slot, good),
            ):
                request = {"configurationSlot": number, "connectionData": self.data(url, 1)}
                await station.call("SetNetworkProfile", request)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only the last may be taken."""
        offered = calls(trace, "SetNetworkProfile", sender=trace.tester)
        if len(offered) < 5 or offered[-1].status != "Accepted":
            raise Inconclusive("the good network profile was not accepted, so refusals say nothing")
        for one in offered[:-1]:
            yield not_accepted("OCPP-B09-INVALID", one)
            if one.status is not None:
                reason = "InvalidConfSlot" if one.payload["configurationSlot"] == 4711 else "InvalidNetworkConf"
                yield reason_is("OCPP-B09-INVALID", one, reason)


class ActiveSlot(NetworkProfiles):
    """The settings in use cannot be set: half a change would be the last thing the CSMS ever told the station."""

    id = "CHG-OCPP-SEC-16"
    title = "The network profile in use cannot be changed by SetVariables"
    requirements = ("OCPP-B09-ACTIVE",)
    pics = "ocpp21 and ocpp_network_profiles"
    faults: ClassVar = {"active-slot-overwritten": "OCPP-B09-ACTIVE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets the timeout of the slot in use to another, harmless value."""
        async with bench.csms.session() as station:
            asked = [one for one in (await self.slots(station)) if one]
            for slot in asked[:1]:
                item = {
                    "component": {"name": "NetworkConfiguration", "instance": slot},
                    "variable": {"name": "MessageTimeout"},
                }
                await station.call("GetVariables", {"getVariableData": [item]})
                await station.call("SetVariables", {"setVariableData": [{**item, "attributeValue": "31"}]})

    @staticmethod
    async def slots(station: Any) -> list[str]:
        """The slot in use, as the station tells it."""
        reply = await station.call(
            "GetVariables", {"getVariableData": [variable("OCPPCommCtrlr", "ActiveNetworkProfile")]}
        )
        results = getattr(reply, "payload", {}).get("getVariableResult", [])
        return [str(one.get("attributeValue", "")) for one in results]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the status of the variable."""
        change = sent(trace, "SetVariables")
        status = look(change.answer, "setVariableResult.0.attributeStatus")
        active = look(sent(trace, "GetVariables").answer, "getVariableResult.0.attributeValue")
        if active != change.payload["setVariableData"][0]["component"]["instance"]:
            raise Inconclusive(f"the slot in use is {active}, and another was written to")
        if status in {"UnknownComponent", "UnknownVariable"}:
            raise Inconclusive("the station has no NetworkConfiguration of the slot in use")
        good = status in {"Rejected", "NotSupportedAttributeType"}
        yield holds("OCPP-B09-ACTIVE", good, expected="Rejected", seen=status, at=change.at)
