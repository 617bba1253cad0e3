"""The CSMS emulator: what stations find, and what a case can wait for and change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.emulators.pair import PASSWORD, Pair, events, pki, play
from v2gready.emulators.csms import CsmsConfig, CsmsSession
from v2gready.emulators.ocpp import Attempt, InTurn
from v2gready.emulators.reach import Unequipped, Unreached
from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import CallError, CallResult
from v2gready.transports.stream import StreamReset
from v2gready.transports.tls import WEAK_SUITES, TlsVersions
from v2gready.transports.websocket import Decision, Handshake


def attempts(profile: int = 1, **approach: Any) -> tuple[Attempt, Attempt, Pair]:
    """One attempt of a station, as it and the CSMS saw it."""
    seen: list[Attempt] = []

    async def act(pair: Pair) -> None:
        seen.append(await pair.station.attempt(**approach))
        seen.append(await pair.csms.attempt(5))

    pair = play(act, profile)
    return seen[0], seen[1], pair


def test_good_station_is_let_in_with_the_first_common_edition() -> None:
    at_station, at_csms, pair = attempts()
    assert at_csms.accepted
    assert at_station.accepted
    assert at_csms.selected == at_station.selected == "ocpp2.1"
    assert at_csms.credentials == "right"
    (request,) = events(pair.at_csms.trace(), EventKind.WS_REQUEST, "charger")
    assert request.detail == {
        "path": "/ocpp/V2GREADY-1",
        "identity": "V2GREADY-1",
        "offered": "ocpp2.1,ocpp2.0.1",
        "authorization": "basic",
        "user": "V2GREADY-1",
        "credentials": "right",
        "compression": False,
    }
    (response,) = events(pair.at_csms.trace(), EventKind.WS_RESPONSE, "csms")
    assert response.detail == {"status": 101, "selected": "ocpp2.1", "reason": ""}


@pytest.mark.parametrize(
    ("approach", "status", "credentials"),
    [
        ({"identity": "unknown"}, 404, "wrong"),
        ({"path": "/elsewhere/V2GREADY-1"}, 404, "right"),
        ({"password": "wrong"}, 401, "wrong"),
        ({"user": "another"}, 401, "wrong"),
        ({"basic": False}, 401, "none"),
        ({"headers": [("Authorization", "Bearer x")]}, 401, "wrong"),
    ],
)
def test_strangers_are_refused(approach: dict[str, Any], status: int, credentials: str) -> None:
    at_station, at_csms, pair = attempts(**approach)
    assert at_station.status == at_csms.status == status
    assert at_csms.credentials == credentials
    assert not at_csms.accepted
    assert events(pair.at_station.trace(), EventKind.WS_RESPONSE, "csms")[0].detail["status"] == status


@pytest.mark.parametrize("offered", [(), ("ocpp1.6",), ("nonsense", "ocpp2.0")])
def test_without_common_edition_the_handshake_ends_and_the_connection_too(offered: tuple[str, ...]) -> None:
    at_station, at_csms, pair = attempts(editions=offered)
    assert (at_station.status, at_station.selected) == (101, "")
    assert (at_csms.status, at_csms.selected, at_csms.offered) == (101, "", offered)
    assert events(pair.at_station.trace(), EventKind.WS_CLOSE, "csms")


def test_identity_is_percent_decoded() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.passwords["RDAM|123"] = PASSWORD
        async with pair.sessions(identity="RDAM|123") as (csms, _):
            assert csms.identity == "RDAM|123"

    pair = play(act)
    assert events(pair.at_csms.trace(), EventKind.WS_REQUEST)[0].detail["path"] == "/ocpp/RDAM%7C123"


def test_editions_change_during_a_case() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.editions = (Edition.V201,)
        async with pair.sessions() as (csms, station):
            assert csms.edition is station.edition is Edition.V201
            assert isinstance(await station.call("NotifyDERAlarm", {}), CallError)
            assert isinstance(await csms.call("SetDERControl", {}), CallError)
            pair.csms.answers["NotifyDERAlarm"] = {}  # what a case wants goes before what is right
            assert isinstance(await station.call("NotifyDERAlarm", {}), CallResult)
            del pair.csms.answers["NotifyDERAlarm"]
            assert isinstance(await station.call("NotifyDERAlarm", {}), CallError)

    play(act)


def test_own_decision_of_a_case() -> None:
    async def act(pair: Pair) -> None:
        def busy(_: Handshake) -> Decision:
            return Decision(status=503, reason="come back later")

        pair.csms.decide = busy
        assert (await pair.station.attempt()).status == 503
        pair.csms.decide = pair.csms.decide_well
        assert (await pair.station.attempt()).accepted
        assert [one.status for one in pair.csms.attempts] == [503, 101]

    play(act)


def test_failing_decision_of_a_case_is_told_to_the_case() -> None:
    async def act(pair: Pair) -> None:
        def broken(_: Handshake) -> Decision:
            raise ZeroDivisionError

        pair.csms.decide = broken
        await pair.station.attempt()

    with pytest.raises(ZeroDivisionError):
        play(act)


def test_waiting_for_a_station_that_does_not_come() -> None:
    async def act(pair: Pair) -> None:
        with pytest.raises(Unreached, match="no connection of the station within 20 s"):
            await pair.csms.connection(20)
        with pytest.raises(Unreached, match="no attempt"):
            await pair.csms.attempt(20)

    pair = play(act)
    assert [one.detail["timer"] for one in events(pair.at_csms.trace(), EventKind.TIMEOUT)] == ["connection", "attempt"]


def test_connections_are_given_once_and_their_attempts_are_no_news() -> None:
    async def act(pair: Pair) -> None:
        async with pair.station.connect():
            first = await pair.csms.connection(1)
        async with pair.station.connect():  # gone before anybody asks
            pass
        async with pair.station.connect():
            third = await pair.csms.connection(1)
            assert (first.link, third.link) == ("ws-1", "ws-3")
            with pytest.raises(Unreached):
                await pair.csms.attempt(1)
            await pair.station.attempt(user="x")
            assert (await pair.csms.attempt(1)).link == "ws-4"

    play(act)


def test_session_waits_for_the_boot_and_takes_an_open_connection() -> None:
    async def act(pair: Pair) -> None:
        async def station() -> None:
            await asyncio.sleep(3)
            session = await pair.station.open()
            await asyncio.sleep(3)
            await session.boot()

        booting = asyncio.create_task(station())
        async with pair.csms.session(60) as session:
            assert session.boot is not None
            assert session.boot.payload["reason"] == "PowerUp"
        await booting
        async with pair.csms.session(0) as again:
            assert again is session
            assert again.is_open
        assert pair.csms.registration == {"V2GREADY-1": "Accepted"}

    pair = play(act)
    # Behind each, and at the end.
    assert len(events(pair.at_csms.trace(), EventKind.OBSERVED_UNTIL)) >= 3


def test_session_of_a_station_that_does_not_boot_again() -> None:
    async def act(pair: Pair) -> None:
        station = await pair.station.open()
        station.post("Heartbeat")
        async with pair.csms.session() as session:
            assert session.boot is None

    play(act)


def test_calls_before_the_station_is_accepted_are_refused() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.boot_status = "Pending"
        async with pair.sessions() as (csms, station):
            got = await station.boot()
            assert isinstance(got, CallResult)
            assert got.payload["status"] == "Pending"
            refused = await station.heartbeat()
            assert isinstance(refused, CallError)
            assert refused.code == "SecurityError"
            await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await csms.wait_for("Heartbeat", since=csms.mark - 1)
            assert isinstance(await station.heartbeat(), CallResult)
            assert isinstance(await station.call("NotifyReport"), CallResult)
            pair.csms.guards = False
            assert isinstance(await station.status(), CallResult)
            pair.csms.guards, pair.csms.boot_status = True, "Accepted"
            await station.boot()
            assert isinstance(await station.status(), CallResult)

    play(act)


def test_answers_of_a_session_are_its_own() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.passwords["S2"] = PASSWORD
        async with pair.sessions() as (csms, one), pair.sessions(identity="S2") as (_, two):
            csms.answers["BootNotification"] = InTurn({"status": "Rejected"}, {"status": "Accepted"})
            got = [await one.boot(), await two.boot(), await one.boot()]
            assert [isinstance(each, CallResult) and each.payload["status"] for each in got] == [
                "Rejected",
                "Accepted",
                "Accepted",
            ]

    play(act)


def test_clock_of_the_csms_can_be_wrong() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.clock_offset = 3600
        async with pair.sessions() as (_, station):
            got = await station.heartbeat()
            assert isinstance(got, CallResult)
            assert got.payload["currentTime"].startswith("2026-01-01T01:00:00")

    play(act)


def test_offline_and_online_again() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            await pair.csms.go_offline()
            assert await station.gone(5)
            assert not csms.is_open
            failed = await pair.station.attempt()
            assert failed.status == 0
            assert "no TCP connection" in failed.reason
            await pair.csms.watch(30)
            await pair.csms.go_online()
            assert (await pair.station.attempt()).accepted
        async with pair.sessions() as (_, station):
            await pair.csms.go_offline(drop=False)
            assert await station.heartbeat() is not None

    pair = play(act)
    assert events(pair.at_station.trace(), EventKind.CONNECT_FAILED)
    assert events(pair.at_csms.trace(), EventKind.OBSERVED_UNTIL)


@pytest.mark.parametrize("profile", [1, 2])
def test_going_offline_ends_a_handshake_as_well(profile: int) -> None:
    async def act(pair: Pair) -> None:
        network, where = pair.station._network, pair.csms.endpoint
        slow = await network.connect(where.host, where.port, timeout=1)
        slow.send(b"GET /ocpp/V2GREADY-1 HTTP/1.1\r\n" if profile == 1 else b"\x16\x03\x01")
        await asyncio.sleep(0.5)
        await pair.csms.go_offline(drop=False)
        await asyncio.sleep(0.5)
        assert not events(pair.at_csms.trace(), EventKind.CLOSED)
        await pair.csms.go_online()
        await pair.csms.go_offline()
        with pytest.raises(StreamReset):
            await asyncio.wait_for(slow.receive(), 1)
        await pair.csms.go_online()
        assert (await pair.station.attempt()).accepted

    pair = play(act, profile)
    ended = events(pair.at_csms.trace(), EventKind.CLOSED)
    assert (ended[0].link, ended[0].source, ended[0].detail["how"]) == ("ws-1", "csms", "reset")


def test_slow_and_hostile_handshakes_are_survived() -> None:
    async def act(pair: Pair) -> None:
        network, where = pair.station._network, pair.csms.endpoint
        slow = await network.connect(where.host, where.port, timeout=1)
        slow.send(b"GET /ocpp/V2GREADY-1 HTTP/1.1\r\n")
        broken = await network.connect(where.host, where.port, timeout=1)
        broken.send(b"\x00" * 50 + b"\r\n\r\n")
        mute = await network.connect(where.host, where.port, timeout=1)
        mute.close()
        reset = await network.connect(where.host, where.port, timeout=1)
        reset.abort()
        await pair.csms.watch(60)
        assert (await pair.station.attempt()).accepted
        assert sorted(one.status for one in pair.csms.attempts) == [0, 0, 101, 400, 408]

    play(act)


@pytest.mark.parametrize("name", ["expired", "not_yet_valid", "self_signed", "foreign_root", "wrong_name"])
def test_defective_server_certificates_are_refused_by_a_good_station(name: str) -> None:
    async def act(pair: Pair) -> None:
        pair.csms.server_credential(name)
        assert (await pair.station.attempt()).status == 0
        seen = await pair.csms.attempt(5)
        assert not seen.accepted
        assert (await pair.station.attempt(verify=False)).accepted
        pair.csms.server_credential(None)
        assert (await pair.station.attempt()).accepted

    pair = play(act, 2)
    assert events(pair.at_station.trace(), EventKind.TLS_FAILED, "station")


def test_tls_versions_and_suites_are_chosen_by_the_case() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.tls_versions = TlsVersions.ONLY_1_1
        assert (await pair.station.attempt()).status == 0
        pair.csms.tls_versions, pair.csms.tls_suites = TlsVersions.ONLY_1_2, WEAK_SUITES
        assert (await pair.station.attempt()).status == 0
        assert (await pair.station.attempt(versions=TlsVersions.ONLY_1_2, suites=WEAK_SUITES)).accepted

    pair = play(act, 2)
    assert events(pair.at_csms.trace(), EventKind.TLS_ESTABLISHED)[0].detail["cipher"] in WEAK_SUITES


def test_what_a_bench_lacks_is_said() -> None:
    async def act(pair: Pair) -> None:
        with pytest.raises(Unequipped, match="no server certificate that is expired"):
            pair.csms.server_credential("expired")
        with pytest.raises(Unequipped, match="no authority"):
            pair.csms.issue_certificate("")
        assert not pair.csms.can_issue

    play(act)


def csr(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "V2GREADY-0001")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_signed_certificate_follows_with_the_same_request_id() -> None:
    key = ec.generate_private_key(ec.SECP256R1())

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (_, station):
            mark = station.mark
            asked = {"csr": csr(key), "certificateType": "ChargingStationCertificate", "requestId": 7}
            assert isinstance(await station.call("SignCertificate", asked), CallResult)
            signed = await station.wait_for("CertificateSigned", since=mark)
            assert signed.payload["requestId"] == 7
            chain = x509.load_pem_x509_certificates(signed.payload["certificateChain"].encode())
            assert chain[0].public_key() == key.public_key()
            chain[0].verify_directly_issued_by(chain[1])
            assert await station.call("SignCertificate", {"csr": "none"}) is not None
            assert await station.look_for("CertificateSigned", within=5) is None

    play(act, 2)


def test_issued_certificates_can_be_wrong() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    past = datetime(2025, 7, 1, tzinfo=UTC)

    async def act(pair: Pair) -> None:
        text = pair.csms.issue_certificate(
            csr(key), key=other.public_key(), begin=past, end=past + timedelta(days=1), subject=x509.Name([])
        )
        assert text is not None
        leaf = x509.load_pem_x509_certificates(text.encode())[0]
        assert leaf.public_key() == other.public_key()
        assert leaf.not_valid_after_utc == past + timedelta(days=1)
        assert not list(leaf.subject)

    play(act, 2)
    assert pki().roots


def test_settings_of_the_answers_follow_the_driver() -> None:
    async def act(pair: Pair) -> None:
        pair.csms.schedule_updates[3] = {"setpoint": -8.1}
        pair.csms.allowed_energy_transfer = ("DC_BPT",)
        async with pair.sessions() as (_, station):
            got = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 3})
            assert isinstance(got, CallResult)
            assert got.payload == {"status": "Accepted", "scheduleUpdate": {"setpoint": -8.1}}
            got = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 4})
            assert isinstance(got, CallResult)
            assert got.payload["statusInfo"]["reasonCode"] == "InvalidProfile"
            got = await station.authorize(certificate="x")
            assert isinstance(got, CallResult)
            assert got.payload["allowedEnergyTransfer"] == ["DC_BPT"]
            assert got.payload["certificateStatus"] == "Accepted"

    play(act)


def test_configuration_is_followed() -> None:
    config = CsmsConfig(
        port=9000, path="/v2/csms", identity="X", boot_status="Pending", heartbeat_interval=7, editions=(Edition.V201,)
    )

    async def act(pair: Pair) -> None:
        assert pair.csms.endpoint.port == 9000
        async with pair.sessions() as (csms, station):
            assert isinstance(csms, CsmsSession)
            got = await station.boot()
            assert isinstance(got, CallResult)
            assert (got.payload["interval"], got.payload["status"]) == (7, "Pending")

    play(act, csms=config, identity="X", path="/v2/csms")
    assert "a-secret" not in repr(CsmsConfig(password=PASSWORD))
