"""The matrix of proof: every defect, and everybody who looks at a chain of that kind."""

from __future__ import annotations

import asyncio
import secrets
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.quality.conftest import CATALOGUE
from tests.unit.protocols.iso15118 import test_plug_and_charge as pnc
from v2gready.authoring import ShowsChains
from v2gready.emulators.charger.delivery import in_the_name_of
from v2gready.emulators.ev.pnc import pnc_request, signed
from v2gready.hosts.secc.tls import ChargerCredentials, TlsDoor
from v2gready.model.case import TestCase
from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import codec, contract_keys, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import contracts
from v2gready.protocols.iso15118.secc.seams import Died, Seams
from v2gready.protocols.pki import Hierarchy, Role
from v2gready.protocols.pki.checks import CHECKS, ChainCheck
from v2gready.protocols.pki.defects import CATALOGUE as DEFECTS
from v2gready.protocols.pki.defects import OK, Chain, Defect, good
from v2gready.references.charger.faults import make as charger_faults
from v2gready.references.ev.chain import ChainProblem, problems
from v2gready.references.ev.faults import make as car_faults
from v2gready.references.ev.seams import TlsProfile
from v2gready.transports.clock import run
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure, TlsStream, client_context

DOCUMENT = Path(__file__).parents[2] / "docs" / "pki.md"
Case = type[TestCase[Any]]
Cell = tuple[str, str]
"""Who looks, and the defect."""


@cache
def shown() -> Mapping[Cell, tuple[Case, ...]]:
    """Which cases show which defect to whom, as the cases themselves tell."""
    found: dict[Cell, tuple[Case, ...]] = {}
    for case in CATALOGUE.cases:
        if issubclass(case, ShowsChains):
            for defect in case.defects:
                cell = case.examined, defect
                found[cell] = (*found.get(cell, ()), case)
    return found


def possible(check: ChainCheck) -> tuple[str, ...]:
    """Defects that a leaf of that role can have."""
    return tuple(name for name, one in DEFECTS.items() if check.role in one.roles)


@cache
def world() -> Hierarchy:
    # OpenSSL looks at the machine's clock.
    return Hierarchy(datetime.now(UTC) - timedelta(days=1))


def made(check: ChainCheck, defect: str, pki: Hierarchy) -> Chain:
    """The chain; the good one for an empty name."""
    return DEFECTS[defect].apply(pki, check.role) if defect else good(pki, check.role)


def accepts(name: str, defect: str, *faults: str) -> bool:
    """Whether the reference device's own check takes a chain, with the faults named."""
    check = CHECKS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography about serial numbers
        match name:
            case "secc-tls":
                return _car_takes(check, defect, faults)
            case "vehicle-tls":
                return _charger_lets_in(check, defect, faults)
            case "contract-authorization":
                return _charger_authorizes(check, defect, faults)
            case "provisioning-installation":
                return _charger_installs(check, defect, faults)
            case "service-installation" | "contract-installation":
                assert not faults, "where a car takes what it must not is proven by the cases"
                return _car_keeps(check, defect)
    raise AssertionError(f"nobody knows how to ask {name}")


def _car_takes(check: ChainCheck, name: str, faults: tuple[str, ...]) -> bool:
    """OpenSSL first, as test_handshakes has it, unless it is overruled; then the walk of the car."""
    defect = DEFECTS.get(name)
    chain = made(check, name, world())
    profile = TlsProfile()
    for fault in car_faults(faults):
        profile = fault.tls(profile)
    found = problems(chain.certificates_der, _roots(chain), datetime.now(UTC), lambda one, by: _listed(chain, one, by))
    unsignable = defect is not None and name in {"wrong-curve", "rsa-key"}
    overruled = bool(profile.ignored & (frozenset(ChainProblem) - {ChainProblem.REVOKED, ChainProblem.PROFILE}))
    if unsignable or not (overruled or _passes_openssl(defect)):
        return False
    return not found - profile.ignored


def _passes_openssl(defect: Defect | None) -> bool:
    return defect is None or (defect.presentable and (OK in defect.in_handshake or bool(defect.name in _BY_LIST)))


_BY_LIST = frozenset({"revoked", "revoked-sub-ca"})
"""OpenSSL has no list in a handshake."""


def _roots(chain: Chain) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(chain.root_der)]


def _listed(chain: Chain, one: x509.Certificate, by: x509.Certificate) -> bool:
    lists = [x509.load_der_x509_crl(raw) for raw in chain.crls]
    return any(
        crl.issuer == by.subject and crl.get_revoked_certificate_by_serial_number(one.serial_number) is not None
        for crl in lists
    )


def _charger_lets_in(check: ChainCheck, name: str, faults: tuple[str, ...]) -> bool:
    """A handshake with the charger's door."""
    if name and not DEFECTS[name].presentable:
        return False
    pki, entered = world(), []
    credentials = ChargerCredentials(pki.secc, pki.roots)
    seams = Seams(charger_faults(faults))

    async def serve(stream: ByteStream) -> None:
        door = TlsDoor(credentials, seams, allow_1_2=False, timeout=5.0)
        with suppress(Exception):  # what a fault does behind the door is another question
            entered.append(await door.enter(stream) is not None)

    async def main() -> None:
        link = NullLink()
        async with link.host("secc") as secc, link.host("ev") as ev:
            listener = await secc.listen(serve)
            raw = await ev.connect(secc.address, listener.endpoint.port, timeout=1)
            with suppress(TlsFailure, StreamReset):
                await TlsStream.connect(raw, client_context(pki.roots, made(check, name, pki)))
            await asyncio.sleep(1)

    run(main(), virtual=True)
    return entered == [True]


def _decodes(request: Any) -> bool:
    """The message is valid by the schema; what is not, no reference device takes."""
    try:
        found = codec.decode(codec.message_set(request), codec.encode(request, check=False))
    except ExiDecodeError:
        return False
    return not list(codec.violations(found))


def _charger_authorizes(check: ChainCheck, name: str, faults: tuple[str, ...]) -> bool:
    """A correctly signed AuthorizationReq, answered by OK."""
    pki = pnc.pki()
    chain = made(check, name, pki)
    revoked = frozenset(one.serial_number for raw in chain.crls for crl in [x509.load_der_x509_crl(raw)] for one in crl)
    wire = pnc.wire(*faults, known=pnc.backend(revoked=revoked))
    wire.reach(m.AuthorizationReq)
    challenge = wire.evcc.memory.challenge
    assert challenge is not None
    request = pnc_request(wire.build(m.AuthorizationReq).Header, challenge, chain).request
    if not _decodes(request):
        return "contract-oversized-accepted" in faults
    try:
        return pnc.code(wire.step(lambda _: request)).startswith("OK")
    except Died:
        return False


def _charger_installs(check: ChainCheck, name: str, faults: tuple[str, ...]) -> bool:
    """A correctly signed CertificateInstallationReq, answered by OK."""
    chain = made(check, name, pnc.pki())
    wire = pnc.wire(*faults, plan={"provisioning": pnc.provisioning()})
    wire.reach(m.CertificateInstallationReq)
    leaf, *above = chain.certificates_der
    subs = m.SubCertificates(Certificate=tuple(above)) if above else None
    request = replace(
        wire.build(m.CertificateInstallationReq),
        OEMProvisioningCertificateChain=m.SignedCertificateChain(Id="id1", Certificate=leaf, SubCertificates=subs),
    )
    request = signed(request, chain.private_key).request
    if not _decodes(request):
        return "installation-stale-ok" in faults
    return pnc.code(wire.step(lambda _: request)).startswith("OK")


def _car_keeps(check: ChainCheck, name: str) -> bool:
    """A delivery that is signed well; whether the car has the contract afterwards."""
    chain = made(check, name, pnc.pki())
    wire = pnc.wire(plan={"provisioning": pnc.provisioning()})
    wire.reach(m.CertificateInstallationReq)
    response = wire.answer(wire.build(m.CertificateInstallationReq))
    by_service = check.role is Role.CPS
    response = in_the_name_of(chain, response) if by_service else _containing(chain, response)
    if response is None or not _decodes(response):
        return False
    plan = replace(wire.plan, provisioning=pnc.provisioning())
    _, memory = contracts.installed(response, plan, wire.evcc.memory, wire.station.utc(wire.now))
    return bool(memory.installed)


def _containing(chain: Chain, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes | None:
    """The same parcel with another contract in it; None where no key of that kind can be sent."""
    key: Any = chain.private_key
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp521r1":
        return None
    recipient = pnc.pki().oem_provisioning.certificate.public_key()
    wrapped = contract_keys.wrap(key, recipient, secrets.token_bytes)
    leaf, *above = chain.certificates_der
    contract = m.ContractCertificateChain(
        Certificate=leaf, SubCertificates=m.SubCertificates(Certificate=tuple(above) or (leaf,))
    )
    data = replace(
        response.SignedInstallationData,
        ContractCertificateChain=contract,
        DHPublicKey=wrapped.dh_public_key,
        SECP521_EncryptedPrivateKey=wrapped.encrypted,
    )
    signer: Any = pnc.pki().cps.private_key
    return signature.sign_message(replace(response, SignedInstallationData=data), signer)


def table() -> str:
    """The matrix for docs/pki.md."""
    head = ["defect", *(check.by for check in CHECKS.values())]
    rows = ([f"`{name}`", *(_cell(check, name) for check in CHECKS.values())] for name in DEFECTS)
    lines = (f"| {' | '.join(row)} |" for row in (head, *rows))
    first, *rest = lines
    return "\n".join((first, "|" + "---|" * len(head), *rest))


def reasons() -> str:
    """Why a cell has no case, for docs/pki.md: each reason with a number."""
    return "\n".join(f"{number}. {reason}" for reason, number in _numbers().items())


def _cell(check: ChainCheck, name: str) -> str:
    if name not in possible(check):
        return ""
    if cases := shown().get((check.name, name)):
        return "<br>".join(one.id for one in cases)
    refused = "refused, " if name in check.refused_all_the_same else ""
    return f"{refused}{_numbers()[check.not_judged[name]]}"


@cache
def _numbers() -> dict[str, int]:
    every = dict.fromkeys(reason for check in CHECKS.values() for reason in check.not_judged.values())
    return {reason: number for number, reason in enumerate(every, 1)}


def documented(text: str) -> str:
    """A document with both brought up to date."""
    for mark, content in (("matrix", table()), ("reasons", reasons())):
        begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{content}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
