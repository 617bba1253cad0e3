"""The station emulator: connecting as anyone, and the words of a session."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulators.pair import PASSWORD, Pair, events, messages, play
from v2gready.emulators.ocpp import NOT_SUPPORTED, Silence
from v2gready.emulators.reach import Unequipped, Unreached
from v2gready.emulators.station import Approach, StationConfig, token
from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult
from v2gready.protocols.ocpp.schema import check
from v2gready.transports.websocket import Decision


@pytest.mark.parametrize("edition", list(Edition))
def test_what_a_station_says_fits_the_schemas(edition: Edition) -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions(editions=[edition]) as (csms, station):
            await station.boot("RemoteReset", modem={"iccid": "1"}, serialNumber=None)
            await station.heartbeat()
            await station.status("Occupied", evse=2)
            await station.authorize("T", "Central")
            await station.authorize(idToken=token("T", "Central", EVCCID="0011223344556677"))
            await station.transaction_event("Started", idToken=token("T"), info={"remoteStartId": 1})
            await station.transaction_event("Updated", measured={"Power.Active.Import": 8.1, "SoC": 50.0}, offline=True)
            await station.transaction_event("Ended", evse=None, charging_state="", info={"stoppedReason": "Local"})
            await station.meter_values({"Energy.Active.Import.Register": 1.0, "Frequency": 50.0})
            for wanted in ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues"):
                await csms.call("TriggerMessage", {"requestedMessage": wanted, "evse": {"id": 2}})
            await csms.call("GetReport", {"requestId": 1})
            await station.silence(1)

    pair = play(act)
    calls = messages(pair.at_csms.trace(), Call, "charger")
    assert len(calls) == 14
    for call in calls:
        assert check(edition, call.action, call.payload) == (), call


def test_sequence_numbers_count_by_transaction() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            await station.transaction_event("Started")
            await station.transaction_event("Started", transaction="tx-2")
            await station.transaction_event("Updated")
            await station.transaction_event("Updated", seq_no=7)
            await station.transaction_event("Ended")
            assert [one.payload["seqNo"] for one in csms.received("TransactionEvent")] == [0, 0, 1, 7, 8]

    play(act)


def test_unreached_says_why() -> None:
    async def act(pair: Pair) -> None:
        with pytest.raises(Unreached, match="HTTP status 401"):
            await pair.station.open(password="wrong")  # noqa: S106
        with pytest.raises(Unreached, match="no subprotocol"):
            async with pair.station.connect(editions=()):
                pass
        await pair.csms.go_offline()
        with pytest.raises(Unreached, match="no TCP connection"):
            await pair.station.open()
        with pytest.raises(TypeError, match="nonsense"):
            await pair.station.open(nonsense=1)

    pair = play(act)
    (first, second) = events(pair.at_station.trace(), EventKind.WS_REQUEST, "station")
    assert (first.detail["credentials"], second.detail["credentials"]) == ("wrong", "right")
    assert "wrong" not in {one.detail.get("password") for one in (first, second)}


def test_subprotocol_that_was_not_offered_is_no_connection() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.decide = lambda _: Decision(subprotocol="ocpp1.6")
        attempt = await pair.station.attempt()
        assert (attempt.status, attempt.selected) == (101, "ocpp1.6")
        assert "no WebSocket" in attempt.reason

    pair = play(act)
    assert events(pair.at_station.trace(), EventKind.WS_RESPONSE, "csms")[0].detail["selected"] == "ocpp1.6"


def test_server_that_says_nothing_is_waited_for_no_longer_than_the_limit() -> None:
    async def act(pair: Pair) -> None:
        async def mute(stream: Any) -> None:
            assert await stream.receive()
            assert not await stream.receive()

        listener = await pair.csms._network.listen(mute)
        pair.station.config = StationConfig(listener.endpoint.host, listener.endpoint.port)
        attempt = await pair.station.attempt()
        assert attempt.status == 0
        assert "longer than 10 s" in attempt.reason

    pair = play(act)
    assert events(pair.at_station.trace(), EventKind.CONNECT_FAILED, "csms")


def test_compression_is_negotiated_and_the_frames_stay_readable() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions(compression=True) as (_, station):
            assert await station.heartbeat() is not None

    pair = play(act)
    assert events(pair.at_station.trace(), EventKind.WS_RESPONSE)[0].detail["compression"] is True
    assert len(messages(pair.at_csms.trace(), Call)) == 1


@pytest.mark.parametrize("name", ["expired", "foreign", "none"])
def test_bad_client_certificates_are_refused_by_a_good_csms(name: str) -> None:
    async def act(pair: Pair) -> None:
        assert not (await pair.station.attempt(credential=name)).accepted
        assert not (await pair.csms.attempt(5)).accepted
        assert (await pair.station.attempt()).accepted

    pair = play(act, 3)
    (failure,) = events(pair.at_station.trace(), EventKind.TLS_FAILED)
    assert failure.source == "csms"
    assert failure.detail["alert"]


def test_certificate_of_another_station_gets_as_far_as_the_csms_lets_it() -> None:
    async def act(pair: Pair) -> None:
        assert (await pair.station.attempt(credential="other_station")).accepted

    pair = play(act, 3)
    assert "V2GREADY-0002" in str(events(pair.at_csms.trace(), EventKind.TLS_ESTABLISHED)[0].detail["peer_subject"])


def test_what_a_bench_lacks_is_said_before_anything_is_sent() -> None:
    async def act(pair: Pair) -> None:
        with pytest.raises(Unequipped, match="no station certificate that is purple"):
            await pair.station.open(credential="purple")
        pair.station.config = StationConfig("x", 1, security_profile=3)
        with pytest.raises(Unequipped, match="no credentials for TLS"):
            await pair.station.attempt()

    pair = play(act, 3)
    assert not pair.at_station.trace().records


def test_answers_of_the_driver_and_of_a_session() -> None:
    async def act(pair: Pair) -> None:
        pair.station.answers["Reset"] = NOT_SUPPORTED
        async with pair.sessions() as (csms, station):
            assert isinstance(await csms.call("Reset"), CallError)
            station.answers["Reset"] = {"status": "Accepted"}
            assert isinstance(await csms.call("Reset"), CallResult)
            station.answers["Reset"] = Silence()
            assert await csms.call("Reset", timeout=1) is None
            assert isinstance(await csms.call("TriggerMessage", {"requestedMessage": "X"}), CallResult)

    play(act)


def test_many_stations_at_once() -> None:
    async def act(pair: Pair) -> None:
        names = [f"S{number}" for number in range(50)]
        pair.csms.passwords |= dict.fromkeys(names, PASSWORD)
        stations = [await pair.station.open(identity=name) for name in names]
        for station in stations:
            assert isinstance(await station.boot(), CallResult)
        assert pair.csms.registration == dict.fromkeys(names, "Accepted")

    pair = play(act)
    serials = {call.payload["chargingStation"]["serialNumber"] for call in messages(pair.at_csms.trace(), Call)}
    assert len(serials) == 50


def test_no_secret_in_a_representation() -> None:
    assert PASSWORD not in repr(StationConfig("h", 1, password=PASSWORD))
    assert PASSWORD not in repr(Approach(password=PASSWORD))
