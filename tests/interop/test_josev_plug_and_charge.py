"""Whole sessions with Josev's charger over TLS 1.3, by EIM and by contract, on a rig with P-256 alone.

By the profile of ISO 15118-20 no contract of ours can be read there (J-29), so every case of Plug & Charge ends before
it begins. With keys on P-256 the signature can be read: here it is shown that the rest of Plug & Charge works between
the two, and what the charger then makes of contracts that must not be taken (J-30).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from interop.test_josev_charger import EXPECTED, Bench, harness_errors, needs_josev
from v2gready.authoring.pnc import shows_contract, signature_of
from v2gready.emulators.ev import EvConfig, EvCredentials, EvDriver
from v2gready.engine import pki_files
from v2gready.model.trace import EventKind
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract, Plan
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.protocols.pki import EMAID, Curve
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder
from v2gready.transports.sockets import SocketNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v2gready.model.trace import Trace

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900), pytest.mark.xdist_group("josev-rig")]

LOOPS = 3
"""Charge loops in each direction."""

SESSIONS = [
    pytest.param(service, authorization, id=f"{service.name}-{authorization.name}")
    for service in (ServiceId.AC_BPT, ServiceId.DC_BPT)  # a DC session breaks every later AC loop (J-13)
    for authorization in m.Authorization
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A charger with P-256 alone."""
    needs_josev()
    with Bench(tmp_path_factory.mktemp("rig") / "bench", "tls", Curve.P256) as one:
        yield one


async def charged(plan: Plan, bench: Bench) -> Trace:
    """A whole session in good order, charging and discharging."""
    pki = pki_files.load(bench.authorities)
    own = EvCredentials(pki.roots, pki.vehicle, Curve.P256, contracts=(Contract(EMAID, pki.contract(EMAID)),))
    clock = Clock()
    recorder = Recorder(clock.now, tester="ev", dut="charger")
    loop = m.AC_ChargeLoopReq if plan.service is ServiceId.AC_BPT else m.DC_ChargeLoopReq
    async with SocketNetwork(bench.cable.car.interface) as network:
        driver = EvDriver(EvConfig(plan=plan, credentials=own), network, recorder, clock)
        async with driver.session() as session:
            await session.reach(loop)
            await session.charge(LOOPS, power=1000.0)
            await session.charge(LOOPS, power=-1000.0)
            session.end_with(m.ChargingSession.Terminate)
            await session.run_to_end()
    return recorder.trace()


@pytest.mark.parametrize(("service", "authorization"), SESSIONS)
def test_a_whole_session(bench: Bench, service: ServiceId, authorization: m.Authorization) -> None:
    """EIM and Plug & Charge are offered, the car takes one of them, and energy goes both ways."""
    bench.charger.wait_until_free()
    with bench.cable.car.entered():
        trace = asyncio.run(charged(Plan(service=service, authorization=authorization, pre_charge_rounds=2), bench))
    (secured,) = trace.events(EventKind.TLS_ESTABLISHED)
    assert secured.detail["version"] == "TLSv1.3"
    setup = trace.exchange(m.AuthorizationSetupReq).answer
    assert set(setup.AuthorizationServices) == set(m.Authorization)
    asked = trace.exchange(m.AuthorizationReq)
    assert shows_contract(asked.sent) is (authorization is m.Authorization.PnC)
    if shows_contract(asked.sent):
        assert signature_of(asked.sent, lenient=True).valid
    assert (asked.answer.ResponseCode, asked.answer.EVSEProcessing) == (m.ResponseCode.OK, m.Processing.Finished)
    loops = list(trace.exchanges(m.AC_ChargeLoopReq if service is ServiceId.AC_BPT else m.DC_ChargeLoopReq))
    assert len(loops) >= 2 * LOOPS
    assert {type(one.answer.CLResControlMode).__name__ for one in loops} == {
        f"BPT_Scheduled_{service.name.removesuffix('_BPT')}_CLResControlMode"
    }
    assert {one.answer.ResponseCode for one in loops} == {m.ResponseCode.OK}
    assert trace.exchange(m.SessionStopReq).answer.ResponseCode is m.ResponseCode.OK


def test_every_result_of_the_rig_is_known(bench: Bench) -> None:
    entries = EXPECTED["rig"]
    bench.charger.wait_until_free()
    cases = bench.certify(entries)
    assert not [*harness_errors(cases)]
    assert {key: case["verdict"] for key, case in cases.items()} == {
        key: entry["verdict"] for key, entry in entries.items()
    }
