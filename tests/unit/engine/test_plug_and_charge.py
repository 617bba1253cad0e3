"""The embedded charger with Plug & Charge, by the emulated car over TLS: what a case can do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from tests.unit.references.charger.rig import virtually
from v2gready.emulators.ev import ContractUse, EvConfig, EvCredentials, EvDriver, SignatureDefect, Unequipped, Unreached
from v2gready.engine.plug_and_charge import with_contracts
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.signature import Encoding
from v2gready.protocols.pki import TestPki
from v2gready.references.charger import REFERENCE, ChargerConfig, ChargerCredentials, SecurityPolicy
from v2gready.transports.clock import Clock
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder

PNC = m.Authorization.PnC


@cache
def credentials() -> tuple[EvCredentials, ChargerCredentials]:
    pki = TestPki(datetime.now(UTC) - timedelta(days=1))
    return with_contracts(EvCredentials(pki.roots, pki.vehicle), ChargerCredentials(pki.secc, pki.roots))


@asynccontextmanager
async def bench(*faults: str, **settings: Any) -> AsyncIterator[tuple[EvDriver, Recorder]]:
    link, clock = NullLink(), Clock()
    recorder = Recorder(clock.now, tester="ev", dut="charger")
    car, charger = credentials()
    config = ChargerConfig(
        **{
            "security": SecurityPolicy.TLS,
            "authorization_services": (m.Authorization.EIM, PNC),
            "certificate_installation": True,
            "metering_signed": True,
            "price_signed": True,
            **settings,
        }
    )
    async with (
        link.host("charger") as outlet,
        link.host("ev") as inlet,
        REFERENCE.open(
            outlet, clock, config=config, faults=faults, rng=random.Random(5), credentials=charger
        ) as running,
    ):
        yield EvDriver(EvConfig(credentials=car), inlet, recorder, clock), recorder
        assert {effect.fault for effect in running.effects} == set(faults)


def codes(*, arguments: Any = None, **keywords: Any) -> list[str]:
    """Codes of one AuthorizationReq with a contract and of what the car does then."""

    async def main() -> list[str]:
        async with bench() as (ev, _), ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            first = await session.authorize(*(() if arguments is None else (arguments(ev),)), **keywords)
            seen = [None if first is None else first]
            while session.evcc.next_type is m.AuthorizationReq:
                seen.append(await session.proceed())
            return ["none" if one is None else one.ResponseCode.name for one in seen]

    return virtually(main)


def test_a_whole_session_and_no_key_in_the_trace() -> None:
    async def main() -> str:
        async with bench() as (ev, recorder), ev.session(authorization=PNC) as session:
            await session.run_to_end()
            assert session.evcc.memory.prices_trusted
            return repr(recorder.trace().records) + repr(session.evcc.plan) + repr(session.evcc.memory)

    told = virtually(main)
    assert "PnC_AReqAuthorizationMode" in told
    assert "PrivateKey" not in told
    for contract in credentials()[0].contracts:
        number: Any = contract.credential.private_key
        value = number.private_numbers().private_value
        assert f"{value:x}" not in told
        assert str(value) not in told


def test_each_way_to_be_wrong() -> None:
    assert codes() == ["OK"]
    assert codes(encoding=Encoding.COMBINED) == ["OK"]
    assert codes(challenge=bytes(16)) == ["WARNING_ChallengeInvalid", "OK"]
    assert codes(defect=SignatureDefect.WRONG_DIGEST) == ["FAILED_SignatureError"]
    assert codes(defect=SignatureDefect.KEY_INFO) == ["none"]
    assert codes(arguments=lambda ev: ev.defective_contract("expired")) == ["WARNING_CertificateExpired", "OK"]
    assert codes(arguments=lambda ev: ev.contract(ContractUse.REVOKED)) == ["WARNING_CertificateRevoked", "OK"]
    assert codes(arguments=lambda ev: ev.contract(ContractUse.BLOCKED))[0] == "WARNING_GeneralPnCAuthorizationError"
    assert codes(arguments=lambda ev: ev.contract(ContractUse.EXPIRES_SOON)) == ["OK_CertificateExpiresSoon"]
    assert codes(arguments=lambda ev: ev.contract(ContractUse.LASTS)) == ["OK"]


def test_a_replay() -> None:
    async def main(*faults: str) -> str:
        async with bench(*faults) as (ev, _):
            async with ev.session(authorization=PNC) as session:
                await session.reach(m.AuthorizationReq)
                old = session.request(m.AuthorizationReq)
            async with ev.session(authorization=PNC) as session:
                await session.reach(m.AuthorizationReq)
                name: str = (await session.authorize(replayed=old)).ResponseCode.name
                return name

    assert virtually(main) == "WARNING_ChallengeInvalid"
    assert virtually(lambda: main("pnc-replay-accepted")) == "OK"


def test_no_contract_is_shown_out_of_turn() -> None:
    """A charger that has accepted a contract against all rules must not lead the stimulus astray."""

    async def main() -> None:
        async with bench() as (ev, _), ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await session.authorize()
            with pytest.raises(Unreached, match="AuthorizationReq"):
                await session.authorize()
            with pytest.raises(Unreached, match="CertificateInstallationReq"):
                await session.install_certificate()
            await session.leave()

    virtually(main)


def test_installation_and_then_authorization_with_it() -> None:
    async def main() -> None:
        async with bench(installation_ongoing=1) as (ev, _), ev.session(install=True, authorization=PNC) as session:
            await session.reach(m.CertificateInstallationReq)
            await session.install_certificate()
            await session.reach(m.ServiceDiscoveryReq)
            assert len(session.evcc.memory.installed) == 2
            await session.run_to_end()
        async with bench() as (ev, _), ev.session(install=True) as session:
            await session.reach(m.CertificateInstallationReq)
            strangers = m.EMAIDList(EMAID=("FRXYZC00000001",))
            answer = await session.install_certificate(PrioritizedEMAIDs=strangers)
            assert answer.ResponseCode is m.ResponseCode.WARNING_eMSPUnknown
            answer = await session.proceed()
            assert answer.ResponseCode is m.ResponseCode.OK
        async with bench() as (ev, _), ev.session(install=True) as session:
            await session.reach(m.CertificateInstallationReq)
            answer = await session.install_certificate(oem=ev.defective_provisioning("expired"))
            assert answer.ResponseCode is m.ResponseCode.WARNING_CertificateValidationError

    virtually(main)


def test_a_warning_without_body_does_not_decode() -> None:
    async def main() -> None:
        async with (
            bench("installation-warning-without-body") as (ev, _),
            ev.session(install=True) as session,
        ):
            await session.reach(m.CertificateInstallationReq)
            strangers = m.EMAIDList(EMAID=("FRXYZC00000001",))
            assert await session.install_certificate(PrioritizedEMAIDs=strangers) is None
            assert session.evcc.phase is Phase.CLOSED

    virtually(main)


def test_a_reading_on_the_side_stream() -> None:
    async def main() -> None:
        for wrong, expected in ((None, "OK"), (SignatureDefect.WRONG_VALUE, "FAILED_MeteringSignatureNotValid")):
            link, clock = NullLink(), Clock()
            recorder = Recorder(clock.now, tester="ev", dut="charger")
            car, charger = credentials()
            config = ChargerConfig(
                security=SecurityPolicy.TLS, authorization_services=(m.Authorization.EIM, PNC), metering_signed=True
            )
            async with (
                link.host("charger") as outlet,
                link.host("ev") as inlet,
                REFERENCE.open(outlet, clock, config=config, rng=random.Random(5), credentials=charger) as running,
            ):
                ev = EvDriver(EvConfig(credentials=car), inlet, recorder, clock)
                async with ev.session(authorization=PNC, side_streams=True, loops=20) as session:
                    await session.reach(m.ChargeLoopReq)
                    await session.charge(2)
                    running.notify(m.EvseNotification.MeteringConfirmation)
                    await session.reach(m.MeteringConfirmationReq)
                    answer = await session.confirm_metering(defect=wrong)
                    assert answer.ResponseCode.name == expected
                    await asyncio.sleep(0.05)
                sent = [one for one in recorder.trace().frames() if type(one.message) is m.MeteringConfirmationReq]
                assert [one.raw[2:4].hex() for one in sent] == ["8102"]

    virtually(main)


def test_a_bench_without_contracts_says_so() -> None:
    async def main() -> None:
        async with bench() as (ev, _):
            pki = TestPki(datetime.now(UTC) - timedelta(days=1))
            bare = EvDriver(
                EvConfig(credentials=EvCredentials(pki.roots, pki.vehicle)), ev._network, ev._recorder, ev._clock
            )
            for keywords in ({"authorization": PNC}, {"install": True}):
                with pytest.raises(Unequipped):
                    async with bare.session(**keywords):
                        pass
            with pytest.raises(Unequipped):
                bare.defective_contract("expired")
            with pytest.raises(Unequipped):
                bare.contract(ContractUse.REVOKED)

    virtually(main)
