"""Plug & Charge, car and charger head to head: authorization, installation, signed readings and prices."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.references.charger.car import EPOCH, Wire, code

from v2gready.emulators.ev.pnc import SignatureDefect, pnc_request, signed
from v2gready.protocols.iso15118 import chains, codec, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract, Phase, Provisioning
from v2gready.protocols.iso15118.secc.backend import LocalBackend
from v2gready.protocols.iso15118.secc.config import Eim
from v2gready.protocols.iso15118.secc.seams import Died
from v2gready.protocols.iso15118.secc.station import Station
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.protocols.pki import EMAID, OTHER_EMAID, PCID, Curve, Hierarchy, Role
from v2gready.protocols.pki.defects import CATALOGUE

DAY = 86_400
BEGIN = datetime.fromtimestamp(EPOCH, UTC) - timedelta(days=1)
BOTH = (m.Authorization.EIM, m.Authorization.PnC)
PNC = m.Authorization.PnC


@functools.cache
def pki(curve: Curve = Curve.P521) -> Hierarchy:
    return Hierarchy(BEGIN, curve=curve)


def contract(emaid: str = EMAID, days: int | None = None, begin: datetime | None = None) -> Contract:
    return Contract(emaid, pki().contract(emaid, days=days, begin=begin))


def backend(**changes: Any) -> LocalBackend:
    made = LocalBackend(
        contract_roots=pki().contract_roots,
        provisioning_roots=(pki().oem_root.certificate,),
        installable={PCID: (pki().contract(EMAID), pki().contract(OTHER_EMAID))},
        cps=pki().cps,
        prices=pki().mo_authority(Role.MO_ROOT),
    )
    return replace(made, **changes)


def provisioning(**changes: Any) -> Provisioning:
    return replace(Provisioning(pki().oem_provisioning, (pki().v2g_root.certificate,)), **changes)


def wire(
    *faults: str,
    known: LocalBackend | None = None,
    plan: dict[str, Any] | None = None,
    control: ControlMode = ControlMode.SCHEDULED,
    **settings: Any,
) -> Wire:
    """A charger with Plug & Charge, and a car with a contract that wants it."""
    config = {"authorization_services": BOTH, "certificate_installation": True, **settings}
    made = Wire(ServiceId.DC_BPT, control, faults=faults, **config)
    made.station.backend = known or backend()
    made.plan = replace(made.plan, authorization=PNC, contracts=(contract(),), **(plan or {}))
    made.connect()
    return made


def authorize(made: Wire, shown: Any = None, *, challenge: bytes | None = None, **defect: Any) -> Any:
    """AuthorizationReq with a contract, perhaps a wrong one."""
    made.reach(m.AuthorizationReq)
    right = made.evcc.memory.challenge
    assert right is not None
    asked = pnc_request(made.build(m.AuthorizationReq).Header, challenge or right, shown or contract(), **defect)
    return made.step(lambda _: asked.request)


# Authorization


@pytest.mark.parametrize("control", ControlMode)
def test_a_session_with_plug_and_charge(control: ControlMode) -> None:
    made = wire(control=control, price_signed=True)
    responses = made.finish()
    assert {code(one) for one in responses[1:]} <= {"OK", "OK_NewSessionEstablished"}
    assert made.evcc.memory.prices_trusted
    assert made.evcc.memory.prices is not None
    assert not made.effects


def test_without_pnc_the_car_uses_eim() -> None:
    made = wire(authorization_services=(m.Authorization.EIM,))
    made.reach(m.AuthorizationReq)
    request = made.build(m.AuthorizationReq)
    assert request.SelectedAuthorizationService is m.Authorization.EIM
    assert request.Header.Signature is None
    assert {code(one) for one in made.finish()} <= {"OK"}


def test_pnc_alone_is_nothing_for_a_car_without_contract() -> None:
    made = wire(authorization_services=(PNC,))
    made.plan = replace(made.plan, contracts=())
    made.connect()
    made.reach(m.SessionStopReq)
    assert made.state is State.AUTHORIZING


def test_providers_pick_the_contract() -> None:
    foreign = Contract("FRABC000000001A", pki().contract())
    made = wire(supported_providers=("DE-V2G",), plan={})
    made.plan = replace(made.plan, contracts=(foreign, contract()))
    made.connect()
    made.reach(m.AuthorizationReq)
    leaf = made.build(m.AuthorizationReq).AReqAuthorizationMode.ContractCertificateChain.Certificate
    assert leaf == contract().credential.certificate_der()
    nobody = wire(supported_providers=("GBXYZ",))
    nobody.reach(m.AuthorizationReq)
    assert nobody.build(m.AuthorizationReq).SelectedAuthorizationService is m.Authorization.EIM


def test_the_next_contract_after_a_warning_and_then_the_card() -> None:
    blocked = wire(known=backend(blocked=frozenset({EMAID})))
    blocked.plan = replace(blocked.plan, contracts=(contract(), contract(OTHER_EMAID)))
    blocked.connect()
    blocked.reach(m.AuthorizationReq)
    assert code(blocked.step()) == "WARNING_GeneralPnCAuthorizationError"
    assert code(blocked.step()) == "OK"
    assert blocked.state is State.AUTHORIZED
    card = wire(known=backend(blocked=frozenset({EMAID})))
    card.reach(m.AuthorizationReq)
    card.step()
    assert card.build(m.AuthorizationReq).SelectedAuthorizationService is m.Authorization.EIM
    card.reach(m.ServiceDiscoveryReq)


def test_while_the_back_end_is_asked_the_request_stays_the_same() -> None:
    made = wire(authorization=(Eim.ONGOING, Eim.ONGOING, Eim.ACCEPT))
    made.reach(m.AuthorizationReq)
    seen = []
    while made.evcc.next_type is m.AuthorizationReq:
        request = made.evcc.next_request(made.now)
        made.step(lambda _, request=request: request)
        seen.append(replace(request, Header=replace(request.Header, TimeStamp=0)))
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]


CODES = [
    ({"challenge": bytes(16)}, "WARNING_ChallengeInvalid"),
    *(({"defect": one}, "FAILED_SignatureError") for one in SignatureDefect if one is not SignatureDefect.KEY_INFO),
    ({"shown": lambda: contract(days=1, begin=BEGIN - timedelta(days=3))}, "WARNING_CertificateExpired"),
    ({"shown": lambda: contract(begin=BEGIN + timedelta(days=30))}, "WARNING_CertificateNotYetValid"),
    ({"shown": lambda: contract(days=14)}, "OK_CertificateExpiresSoon"),
    ({"shown": lambda: contract(days=16)}, "OK"),
    ({"encoding": signature.Encoding.COMBINED}, "OK"),
    (
        {"shown": lambda: Contract(EMAID, Hierarchy(BEGIN).contract())},
        "WARNING_CertificateValidationError",
    ),
]


@pytest.mark.parametrize(("what", "expected"), CODES, ids=[str(number) for number in range(len(CODES))])
def test_the_code_for_each_defect(what: dict[str, Any], expected: str) -> None:
    made = wire()
    arguments = {name: value() if isinstance(value, Callable) else value for name, value in what.items()}  # type: ignore[arg-type]
    response = authorize(made, **arguments)
    assert code(response) == expected
    assert made.state is {"O": State.AUTHORIZED, "W": State.AUTHORIZING, "F": State.CLOSED}[expected[0]]


def test_a_revoked_contract() -> None:
    serial = contract().credential.certificate.serial_number
    assert code(authorize(wire(known=backend(revoked=frozenset({serial}))))) == "WARNING_CertificateRevoked"


TOO_LARGE = "oversized"
CONTRACT_DEFECTS = [one for one in CATALOGUE.values() if Role.CONTRACT in one.roles]
FOR_THE_CHECKER = {
    *("too-long-valid", "missing-path-length", "wrong-name", "missing-name", "wrong-domain-component"),
    *("missing-extension", "missing-ocsp-address", "wrong-signature-algorithm", "extra-attribute"),
}
"""Points of a profile that a charger need not look at."""


def test_one_defective_chain_alone_fits_in_no_message() -> None:
    sizes = {one.name: max(map(len, one.apply(pki(), Role.CONTRACT).certificates_der)) for one in CONTRACT_DEFECTS}
    assert {name for name, size in sizes.items() if size > chains.MAX_OCTETS} == {TOO_LARGE}


@pytest.mark.parametrize("defect", [one for one in CONTRACT_DEFECTS if one.name != TOO_LARGE], ids=lambda one: one.name)
def test_no_defective_chain_kills_the_charger(defect: Any) -> None:
    chain = defect.apply(pki(), Role.CONTRACT)
    made = wire()
    response = authorize(made, chain)
    assert isinstance(response, m.AuthorizationRes)
    if defect.openssl != ("ok",) and defect.name not in {"revoked", "revoked-sub-ca", *FOR_THE_CHECKER}:
        assert code(response).startswith(("WARNING", "FAILED")), code(response)


@pytest.mark.parametrize("curve", [Curve.P521, Curve.ED448])
def test_both_curves_of_the_standard(curve: Curve) -> None:
    own = Contract(EMAID, pki(curve).contract())
    made = wire(known=replace(backend(), contract_roots=pki(curve).contract_roots))
    assert code(authorize(made, own)) == "OK"


def test_p256_for_rigs_alone() -> None:
    own = Contract(EMAID, pki(Curve.P256).contract())
    strict = replace(backend(), contract_roots=pki(Curve.P256).contract_roots)
    assert code(authorize(wire(known=strict), own)) == "FAILED_SignatureError"
    lenient = wire(known=replace(strict, lenient=True), lenient_signatures=True)
    assert code(authorize(lenient, own)) == "OK"


def test_challenges_are_new_each_time() -> None:
    station = Station(wire().station.config, random.Random(1))
    drawn = {station.new_challenge() for _ in range(500)}
    assert len(drawn) == 500
    assert {len(one) for one in drawn} == {16}


def test_a_replayed_signature() -> None:
    made = wire()
    made.reach(m.AuthorizationReq)
    old = made.build(m.AuthorizationReq)
    made.connect()
    made.reach(m.AuthorizationReq)
    header = replace(made.build(m.AuthorizationReq).Header, Signature=old.Header.Signature)
    assert code(made.step(lambda _: replace(old, Header=header))) == "WARNING_ChallengeInvalid"


# Installation


def test_contracts_are_installed_and_used() -> None:
    made = wire(plan={"provisioning": provisioning(maximum=2)}, installation_ongoing=1)
    made.plan = replace(made.plan, contracts=())
    made.connect()
    made.reach(m.CertificateInstallationReq)
    assert made.step().EVSEProcessing is m.Processing.Ongoing
    assert made.step().RemainingContractCertificateChains == 1
    assert made.step().EVSEProcessing is m.Processing.Ongoing
    assert made.step().RemainingContractCertificateChains == 0
    installed = made.evcc.memory.installed
    assert [one.emaid for one in installed] == [EMAID, OTHER_EMAID]
    assert "PrivateKey" not in repr(made.evcc.memory)
    request = made.build(m.AuthorizationReq)
    assert request.SelectedAuthorizationService is PNC
    assert {code(one) for one in made.finish()} <= {"OK"}


def test_while_a_contract_is_fetched_nothing_else_is_in_order() -> None:
    for kind in (m.AuthorizationReq, m.AuthorizationSetupReq, m.ServiceDiscoveryReq):
        made = wire(plan={"provisioning": provisioning()}, installation_ongoing=1)
        made.reach(m.CertificateInstallationReq)
        made.step()
        assert made.state is State.INSTALLING
        assert code(made.answer(made.build(kind))) == "FAILED_SequenceError"
        assert made.state is State.CLOSED


def test_prioritized_emaids_come_first() -> None:
    made = wire(plan={"provisioning": provisioning(emaids=(OTHER_EMAID,))})
    made.reach(m.CertificateInstallationReq)
    made.step()
    assert [one.emaid for one in made.evcc.memory.installed] == [OTHER_EMAID]


INSTALLATION = [
    (lambda: backend(installable={}), "WARNING_NoContractMatchingPCIDFound"),
    (lambda: backend(answers=False), "WARNING_NoCertificateAvailable"),
    (lambda: backend(provisioning_roots=()), "WARNING_CertificateValidationError"),
    (lambda: backend(providers=frozenset({"GBXYZ"})), "WARNING_eMSPUnknown"),
]


@pytest.mark.parametrize(("known", "expected"), INSTALLATION, ids=[expected for _, expected in INSTALLATION])
def test_a_warning_has_a_valid_body_and_the_car_goes_on(known: Callable[[], LocalBackend], expected: str) -> None:
    made = wire(known=known(), plan={"provisioning": provisioning(emaids=(EMAID,))})
    made.reach(m.CertificateInstallationReq)
    response = made.step()
    assert code(response) == expected
    assert not list(codec.violations(response))
    assert made.evcc.memory.installation == (expected,)
    assert made.evcc.next_type is m.AuthorizationReq
    assert made.state is State.AUTHORIZING


@pytest.mark.parametrize("defect", [one for one in SignatureDefect if one is not SignatureDefect.KEY_INFO])
def test_an_installation_that_is_not_signed_well(defect: SignatureDefect) -> None:
    made = wire(plan={"provisioning": provisioning()})
    made.reach(m.CertificateInstallationReq)
    good = made.build(m.CertificateInstallationReq)
    wrong = signed(good, pki().oem_provisioning.private_key, defect=defect).request
    assert code(made.step(lambda _: wrong)) == "FAILED_SignatureError"
    assert made.state is State.CLOSED


@pytest.mark.parametrize("fault", ["installation-data-tampered", "installation-unsigned"])
def test_the_car_does_not_keep_what_it_cannot_trust(fault: str) -> None:
    made = wire(fault, plan={"provisioning": provisioning()})
    made.reach(m.CertificateInstallationReq)
    made.step()
    assert not made.evcc.memory.installed
    assert made.evcc.memory.installation[0].startswith("signature of SignedInstallationData")
    foreign = wire(known=backend(cps=Hierarchy(BEGIN).cps), plan={"provisioning": provisioning()})
    foreign.reach(m.CertificateInstallationReq)
    foreign.step()
    assert foreign.evcc.memory.installation[0].startswith("CPSCertificateChain")


# Readings and prices


def confirm(made: Wire, change: Any = None) -> Any:
    made.reach(m.DC_ChargeLoopReq)
    made.step()
    made.station.notify(m.EvseNotification.MeteringConfirmation)
    made.reach(m.MeteringConfirmationReq)
    return made.step(change)


def test_readings_are_confirmed() -> None:
    made = wire(metering_signed=True)
    made.plan = replace(made.plan, loops=6)
    made.connect()
    seen: list[Any] = []
    assert code(confirm(made, lambda one: seen.append(one) or one)) == "OK"
    assert seen[0].SignedMeteringData.MeterInfo == made.evcc.memory.meter
    assert seen[0].Header.Signature is not None
    assert made.evcc.phase is Phase.CHARGE_LOOP
    made.finish()


def test_a_reading_that_is_not_signed_well() -> None:
    made = wire(metering_signed=True)
    made.plan = replace(made.plan, loops=6)
    made.connect()
    wrong = confirm(made, lambda one: replace(one, Header=replace(one.Header, Signature=None)))
    assert code(wrong) == "FAILED_MeteringSignatureNotValid"
    card = Wire(ServiceId.DC_BPT, metering_signed=True)
    card.plan = replace(card.plan, loops=6)
    card.connect()
    assert code(confirm(card)) == "OK"


@pytest.mark.parametrize("absolute", [False, True])
def test_tampered_prices_are_discarded(absolute: bool) -> None:
    good = wire(price_signed=True, absolute_prices=absolute)
    good.reach(m.DC_CableCheckReq)
    assert good.evcc.memory.prices_trusted is True
    assert isinstance(good.evcc.memory.prices, m.AbsolutePriceSchedule if absolute else m.PriceLevelSchedule)
    bad = wire("prices-tampered", price_signed=True, absolute_prices=absolute)
    bad.reach(m.DC_CableCheckReq)
    assert bad.evcc.memory.prices_trusted is False
    assert bad.evcc.memory.prices is None
    assert bad.effects


# Faults


def shows(fault: str, drive: Callable[[Wire], Any], **settings: Any) -> Any:
    return pytest.param(fault, drive, settings, id=fault)


def broken(name: str) -> Callable[[Wire], Any]:
    return lambda made: authorize(made, CATALOGUE[name].apply(pki(), Role.CONTRACT))


def twice(made: Wire) -> None:
    made.reach(m.AuthorizationReq)
    old = made.build(m.AuthorizationReq)
    made.connect()
    made.reach(m.AuthorizationReq)
    header = replace(made.build(m.AuthorizationReq).Header, Signature=old.Header.Signature)
    made.step(lambda _: replace(old, Header=header))
    assert made.state is State.AUTHORIZED


def refused(made: Wire) -> None:
    authorize(made, challenge=bytes(16))
    made.step()


def install(**changes: Any) -> Callable[[Wire], Any]:
    def drive(made: Wire) -> None:
        made.plan = replace(made.plan, provisioning=provisioning(**changes))
        made.connect()
        made.reach(m.CertificateInstallationReq)
        made.step()

    return drive


def install_signed(defect: SignatureDefect) -> Callable[[Wire], Any]:
    def drive(made: Wire) -> None:
        made.plan = replace(made.plan, provisioning=provisioning())
        made.connect()
        made.reach(m.CertificateInstallationReq)
        good = made.build(m.CertificateInstallationReq)
        made.step(lambda _: signed(good, pki().oem_provisioning.private_key, defect=defect).request)
        assert made.evcc.memory.installed

    return drive


def reading(made: Wire) -> None:
    made.plan = replace(made.plan, loops=6)
    made.connect()
    assert code(confirm(made, lambda one: replace(one, Header=replace(one.Header, Signature=None)))) == "OK"


def defect(one: SignatureDefect) -> Callable[[Wire], Any]:
    return lambda made: authorize(made, defect=one)


REVOKED = {"known": lambda: backend(revoked=frozenset({contract().credential.certificate.serial_number}))}
SHOWN = [
    shows("pnc-challenge-unchecked", lambda made: authorize(made, challenge=bytes(16))),
    shows("pnc-replay-accepted", twice),
    shows("pnc-challenge-constant", authorize),
    shows("pnc-challenge-small-seed", authorize),
    shows("pnc-challenge-ascii", authorize),
    shows("pnc-digest-unchecked", defect(SignatureDefect.WRONG_DIGEST)),
    shows("pnc-signature-unchecked", defect(SignatureDefect.WRONG_VALUE)),
    shows("pnc-unsigned-accepted", defect(SignatureDefect.UNSIGNED)),
    shows("pnc-signature-form-unchecked", defect(SignatureDefect.TWO_TRANSFORMS)),
    shows("pnc-signature-error-as-warning", defect(SignatureDefect.WRONG_VALUE)),
    shows("contract-untrusted-accepted", lambda made: authorize(made, Contract(EMAID, Hierarchy(BEGIN).contract()))),
    shows("contract-signatures-unchecked", broken("bad-signature")),
    shows("contract-order-unchecked", broken("wrong-order")),
    shows("contract-authority-unchecked", broken("path-length")),
    shows("contract-usage-unchecked", broken("wrong-key-usage")),
    shows("contract-key-unchecked", broken("wrong-curve")),
    shows("contract-expiry-unchecked", broken("expired")),
    shows("contract-begin-unchecked", broken("not-yet-valid")),
    shows("contract-revocation-unchecked", authorize, **REVOKED),
    shows("contract-refusal-ignored", authorize, known=lambda: backend(blocked=frozenset({EMAID}))),
    shows("contract-expires-soon-untold", lambda made: authorize(made, contract(days=14))),
    shows("contract-expired-as-validation-error", broken("expired")),
    shows("contract-warning-as-failed", broken("expired")),
    shows("pnc-stale-ok", broken("expired")),
    shows("contract-kills-process", broken("truncated-der")),
    shows("contract-retry-refused", refused),
    shows("pnc-without-challenge-mode", lambda made: made.reach(m.AuthorizationReq)),
    shows("installation-signature-unchecked", install_signed(SignatureDefect.WRONG_VALUE)),
    shows("installation-chain-unchecked", install(), known=lambda: backend(provisioning_roots=())),
    shows("installation-unknown-pcid-as-ok", install(), known=lambda: backend(installable={})),
    shows("installation-warning-as-failed", install(), known=lambda: backend(installable={})),
    shows("installation-data-tampered", install()),
    shows("installation-unsigned", install()),
    shows("installation-remaining-wrong", install()),
    shows(
        "installation-emsp-unchecked", install(emaids=(EMAID,)), known=lambda: backend(providers=frozenset({"GBXYZ"}))
    ),
    shows("installation-never-ends", install()),
    shows("metering-signature-unchecked", reading, metering_signed=True),
    shows("prices-tampered", lambda made: made.reach(m.DC_CableCheckReq), price_signed=True),
]


@pytest.mark.parametrize(("fault", "drive", "settings"), SHOWN)
def test_each_fault_shows(fault: str, drive: Callable[[Wire], Any], settings: dict[str, Any]) -> None:
    settings = {name: value() if name == "known" else value for name, value in settings.items()}
    made = wire(fault, **settings)
    try:
        drive(made)
    except Died:
        assert fault == "contract-kills-process"
    assert {effect.fault for effect in made.effects} == {fault}
