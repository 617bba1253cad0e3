"""The password of a charging station: changed, kept secret, and what becomes of a bad one (A00, A01)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    calls,
    handshakes,
    holds,
    sent,
    served,
    set_variable,
    variable,
    watched_until,
)

PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""
PASSWORD = ("SecurityCtrlr", "BasicAuthPassword")


def first_result(exchange: RpcExchange) -> dict[str, Any]:
    """The first result of SetVariables or GetVariables."""
    name = "setVariableResult" if exchange.action == "SetVariables" else "getVariableResult"
    found = (exchange.answer or {}).get(name) or [{}]
    return found[0] if isinstance(found[0], dict) else {}


def handshakes_after(trace: Trace, exchange: RpcExchange) -> list[Any]:
    """Attempts of the station after a CALL of ours."""
    return [one for one in handshakes(trace) if one.request.index > exchange.request.index]


def password_change(trace: Trace) -> RpcExchange:
    """Our SetVariables of the password.

    Raises:
        Inconclusive: It was not sent, or not accepted.
    """
    change = sent(trace, "SetVariables")
    if first_result(change).get("attributeStatus") != "Accepted":
        raise Inconclusive(f"the new password was not accepted: {first_result(change).get('attributeStatus')}")
    return change


class NewPassword(StationCase):
    """The operator changes the password: the station comes back with the new one at once, of its own accord."""

    id = "CHG-OCPP-SEC-01"
    title = "A new password is used for a new connection"
    area = "security"
    requirements = ("OCPP-A01-PASSWORD",)
    pics = "security_profile_1"
    instruments = ("security_profile_1",)
    faults: ClassVar = {
        "password-not-used": "OCPP-A01-PASSWORD",
        "password-change-without-reconnect": "OCPP-A01-PASSWORD",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Changes it on both sides, waits for the station, and takes it back."""
        csms = bench.csms
        old, new = csms.passwords[bench.identity], bench.new_id("v2gready-new-")
        async with csms.session() as station:
            if await set_variable(station, new, *PASSWORD) != "Accepted":
                return
            csms.passwords[bench.identity] = new
            await station.gone(within=60)
        station = await csms.connection(within=PATIENCE)
        await station.silence(2)
        if await set_variable(station, old, *PASSWORD) == "Accepted":
            csms.passwords[bench.identity] = old
            await station.gone(within=60)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the first attempt that is right by the new password."""
        change = password_change(trace)
        later = handshakes_after(trace, change)
        if not later and watched_until(trace) - change.t < 60:
            raise Inconclusive("nobody waited for the station")
        seen = f"{later[0].request.detail['credentials']} password" if later else "no other connection"
        yield holds(
            "OCPP-A01-PASSWORD",
            bool(later) and later[0].request.detail["credentials"] == "right",
            expected="another connection with the new password",
            seen=seen,
            at=(*change.at, *(one.request.index for one in later[:1])),
        )


class PasswordFallback(StationCase):
    """The CSMS has told a new password and then refuses it: its change was lost on the way to its own memory.

    A station that forgets the former one is locked out until somebody drives there.
    """

    id = "CHG-OCPP-SEC-02"
    title = "The former password is used where the new one is refused"
    area = "security"
    requirements = ("OCPP-A01-PASSWORD",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {"password-fallback-missing": "OCPP-A01-PASSWORD"}

    async def stimulate(self, bench: StationBench) -> None:
        """Tells the station a password that the CSMS does not take over."""
        async with bench.csms.session() as station:
            await set_variable(station, bench.new_id("v2gready-lost-"), *PASSWORD)
            await station.gone(within=60)
        station = await bench.csms.connection(within=PATIENCE)
        await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an attempt with the new one, and for a connection with the former one."""
        change = password_change(trace)
        later = handshakes_after(trace, change)
        tries = [str(one.request.detail["credentials"]) for one in later]
        if "wrong" not in tries:
            raise Inconclusive(f"the new password was not tried: {tries}")
        if tries[-1] == "wrong" and watched_until(trace) - change.t < PATIENCE:
            raise Inconclusive("nobody waited for the station")
        yield holds(
            "OCPP-A01-PASSWORD",
            tries[-1] == "right",
            expected="a connection with the former password",
            seen=f"attempts with {', '.join(tries[:3])} ... {tries[-1]} password",
            at=tuple(one.request.index for one in (*later[:2], later[-1])),
        )


class PasswordLength(StationCase):
    """Passwords have 16 characters at least. One that is too short is refused, and the former one stays."""

    id = "CHG-OCPP-SEC-03"
    title = "A password that is too short or too long is refused"
    area = "security"
    requirements = ("OCPP-A00.FR.205",)
    instruments = ("security_profile_1",)
    faults: ClassVar = {"short-password-accepted": "OCPP-A00.FR.205"}

    async def stimulate(self, bench: StationBench) -> None:
        """Offers passwords of 15, 1 and 65 characters, then drops the connection."""
        async with bench.csms.session() as station:
            for length in (15, 1, 65):
                await set_variable(station, ("v2gready" * 9)[:length], *PASSWORD)
            await station.silence(2)
            station.abort()
        station = await bench.csms.connection(within=PATIENCE)
        await station.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at each status, and at the password of the next connection."""
        offered = calls(trace, "SetVariables", sender=trace.tester)
        if len(offered) < 3:
            raise Inconclusive("not all passwords were offered")
        if all(one.error is not None for one in offered):
            raise Inconclusive("each password is refused by an error: nobody knows whether it was looked at")
        if any(first_result(one).get("attributeStatus") in {"UnknownComponent", "UnknownVariable"} for one in offered):
            raise Inconclusive("the station has no BasicAuthPassword that could be set")
        for one in offered:
            told = one.error.code if one.error else first_result(one).get("attributeStatus")
            good = one.error is not None or told not in {None, "Accepted", "RebootRequired"}
            yield holds("OCPP-A00.FR.205", good, expected="the password refused", seen=told, at=one.at)
        later = handshakes_after(trace, offered[-1])
        if not later:
            raise Inconclusive("the station did not come back")
        right = later[0].request.detail["credentials"] == "right"
        yield holds("OCPP-A00.FR.205", right, expected="the former password", seen=right, at=later[0].at)


class PasswordSecret(StationCase):
    """The password can be written and never read: whoever gets into the CSMS must not get all stations with it."""

    id = "CHG-OCPP-SEC-04"
    title = "The password is in no answer and in no report"
    area = "security"
    requirements = ("OCPP-J-PASSWORD-SECRET",)
    faults: ClassVar = {"password-readable": "OCPP-J-PASSWORD-SECRET"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for it, and for everything."""
        async with bench.csms.session() as station:
            await station.call("GetVariables", {"getVariableData": [variable(*PASSWORD)]})
            mark = station.mark
            await station.call("GetBaseReport", {"requestId": 4, "reportBase": "FullInventory"})
            await station.look_for("NotifyReport", where=lambda one: not one.get("tbc"), since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a value wherever the variable is named."""
        asked = sent(trace, "GetVariables")
        yield served("OCPP-J-PASSWORD-SECRET", trace, asked)
        told = first_result(asked)
        value = told.get("attributeValue")
        secret = not value and told.get("attributeStatus") not in {None, "Accepted"}
        seen = f"{told.get('attributeStatus')}, {'a value' if value else 'no value'}"
        yield holds("OCPP-J-PASSWORD-SECRET", secret, expected="WriteOnly, no value", seen=seen, at=asked.at)
        if sent(trace, "GetBaseReport").status not in {"Accepted", "NotSupported"}:
            raise Inconclusive("there is no report")
        parts = calls(trace, "NotifyReport", sender=trace.dut)
        if sent(trace, "GetBaseReport").status == "Accepted" and (not parts or parts[-1].payload.get("tbc")):
            raise Inconclusive("the report is not complete")
        for part in parts:
            for item in part.payload.get("reportData", []):
                if "password" in str(item.get("variable", {}).get("name", "")).lower():
                    values = [one.get("value") for one in item.get("variableAttribute", [])]
                    yield holds(
                        "OCPP-J-PASSWORD-SECRET",
                        not any(values),
                        expected="no value in the report",
                        seen=f"{sum(map(bool, values))} values",
                        at=part.at,
                    )
