"""``v2gready pki``: make certificates for a rig, look at them, check chains against the profiles."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from v2gready.engine import pki_files
from v2gready.engine.ocpp_pki import write_pki
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.model.verdict import Verdict
from v2gready.protocols.ocpp.pki import CSMS_HOST, ORGANISATION, SERIAL
from v2gready.protocols.pki import Addresses, Curve, Edition, Hierarchy, Role, Shown, asn1
from v2gready.protocols.pki.checker import Finding, broken, check
from v2gready.protocols.pki.defects import CATALOGUE, for_role
from v2gready.protocols.pki.profiles import LEAVES

pki_app = typer.Typer(help="Certificates for a rig: make them, show them, check chains.", no_args_is_help=True)

NOT_MET = 1
_EARLIER = timedelta(days=1)
"""Certificates begin a day ago: clocks of devices differ."""
_DEFAULT = {Edition.ISO_20: Curve.P521, Edition.ISO_2: Curve.P256}
_ADDRESSES = Addresses()
T = TypeVar("T", Curve, Edition, Role)
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")

EditionOption = Annotated[str, typer.Option("--edition", help="20 or 2: whose profiles.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


@pki_app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Directory to write; made for this user alone.")],
    *,
    edition: EditionOption = "20",
    curve: Annotated[str, typer.Option(help="secp521r1, ed448 or secp256r1; that of the edition if left out.")] = "",
    ocsp: Annotated[str, typer.Option(help="URL of the OCSP responder, written into certificates.")] = _ADDRESSES.ocsp,
    crl: Annotated[str, typer.Option(help="URL of the CRL, written into certificates.")] = _ADDRESSES.crl,
    vehicle_root: Annotated[str, typer.Option(help="Root of vehicles: v2g-root or oem-root.")] = Role.V2G_ROOT.value,
    contract_root: Annotated[str, typer.Option(help="Root of contracts: mo-root or v2g-root.")] = Role.MO_ROOT.value,
    force: Force = False,
) -> None:
    """Make a whole PKI: roots, sub-CAs and one leaf of each role, with their keys."""
    chosen = _edition(edition)
    settings = pki_files.Settings(
        curve=_choice("--curve", curve, Curve, list(Curve)) if curve else _DEFAULT[chosen],
        edition=chosen,
        not_before=(datetime.now(UTC) - _EARLIER).replace(microsecond=0),
        addresses=Addresses(_url("--ocsp", ocsp), _url("--crl", crl)),
        vehicle_root=_choice("--vehicle-root", vehicle_root, Role, [Role.V2G_ROOT, Role.OEM_ROOT]),
        contract_root=_choice("--contract-root", contract_root, Role, [Role.MO_ROOT, Role.V2G_ROOT]),
    )
    pki = pki_files.create(directory, settings, force=force)
    _say(f"wrote {len(pki.profiles.roles)} certificates with their keys ({settings.curve.value}) to {directory}")
    _say(f"trust anchors: {directory / pki_files.ROOTS}; more certificates: v2gready pki issue {directory}")


@pki_app.command()
def issue(
    directory: Annotated[Path | None, typer.Argument(help="Directory that init made.")] = None,
    *,
    role: Annotated[str, typer.Option(help=f"What for: {', '.join(LEAVES)}.")] = Role.CONTRACT.value,
    identity: Annotated[
        str,
        typer.Option(
            "--identity", "--emaid", "--evccid", "--seccid", "--pcid", help="Its common name; a known one if left out."
        ),
    ] = "",
    days: Annotated[int, typer.Option(help="Validity; that of the profile if left out.")] = 0,
    defect: Annotated[str, typer.Option(help="Make it defective; see --defects.")] = "",
    name: Annotated[str, typer.Option(help="Name of the files; role and identity or defect if left out.")] = "",
    defects: Annotated[bool, typer.Option("--defects", help="List the defects and leave.")] = False,
    force: Force = False,
) -> None:
    """Issue one more certificate, good or with a named defect."""
    chosen = _choice("--role", role, Role, list(LEAVES))
    if defects:
        _say("\n".join(f"{one.name:<32} {one.sentence} ({one.rule})" for one in for_role(chosen)))
        return
    if directory is None:
        raise ConfigurationError("pki issue", [Problem("DIR", "is missing", "name a directory that init made")])
    if days < 0:
        raise ConfigurationError("--days", [Problem(str(days), "is no validity", "write a number of days above 0")])
    pki = pki_files.load(directory)
    if chosen not in pki.profiles.roles:
        known = ", ".join(one for one in LEAVES if one in pki.profiles.roles)
        raise ConfigurationError("--role", [Problem(role, f"is unknown to {pki.profiles.standard}", f"use {known}")])
    label = _FILE_NAME.sub("-", name or f"{chosen}-{defect or identity or pki.identity_of(chosen) or 'new'}")
    made, crls = (
        _defective(pki, chosen, defect, given=bool(identity or days)) if defect else _good(pki, chosen, identity, days)
    )
    paths = pki_files.write_chain(directory / pki_files.ISSUED, label, made, crls=crls, force=force)
    _say("\n".join(f"wrote {path}" for path in paths))


def _good(pki: Hierarchy, role: Role, identity: str, days: int) -> tuple[Shown, Sequence[bytes]]:
    try:
        return pki.issue(role, identity=identity or None, days=days or None), ()
    except (ValueError, OverflowError) as problem:
        wanted = [Problem("--identity, --days", f"make no certificate: {problem}", "use shorter ones")]
        raise ConfigurationError("pki issue", wanted) from None


def _defective(pki: Hierarchy, role: Role, defect: str, *, given: bool) -> tuple[Shown, Sequence[bytes]]:
    if given:
        problem = Problem("--identity, --days", "do not go with --defect", "leave them out")
        raise ConfigurationError("pki issue", [problem])
    found = CATALOGUE.get(defect)
    if found is None or found not in for_role(role, pki.edition):
        what = "is no defect" if found is None else f"makes no sense for {role} in {pki.profiles.standard}"
        remedy = f"see v2gready pki issue --defects --role {role}"
        raise ConfigurationError("--defect", [Problem(defect, what, remedy)])
    # A sub-CA that is revoked must not be the one above the good chain.
    chain = found.apply(pki.sibling() if found.name == "revoked-sub-ca" else pki, role)
    return chain, chain.crls


@pki_app.command()
def show(
    path: Annotated[Path, typer.Argument(help="PEM or DER file, or a directory that init made.")],
) -> None:
    """Show what certificates say. Private keys are never shown."""
    files = sorted(path.rglob("*.pem")) if path.is_dir() else [path]
    if not files:
        raise ConfigurationError(str(path), [Problem("directory", "holds no .pem file", "name another")])
    for file in files:
        if path.is_dir():
            _say(f"{file.relative_to(path)}")
        for index, data in enumerate(pki_files.read_certificates([file])):
            _say(_told(index, data))


def _told(index: int, data: bytes) -> str:
    try:
        found = asn1.parse(data)
    except asn1.Unreadable as problem:
        return f"  {index}  {len(data)} octets that are no certificate: {problem}"
    subject = ", ".join(f"{kind}={value}" for kind, value in found.names)
    lines = [f"  {index}  {subject}"]
    period = " to ".join(f"{one:%Y-%m-%d %H:%M:%S}" if one else "?" for one in (found.begin, found.end))
    authority = found.authority
    kind = "no basic constraints" if authority is None else ("CA" if authority[0] else "no CA")
    if authority is not None and authority[1] is not None:
        kind += f", path length {authority[1]}"
    algorithm = asn1.ALGORITHMS.get(found.outer_algorithm[0], found.outer_algorithm[0])
    lines.append(f"     {period}, serial {found.serial:x}")
    lines.append(f"     {found.key_type}, {algorithm}, {len(data)} octets, {kind}")
    usage = ", ".join(one for one in asn1.BITS if one in (found.usages or ())) or "none"
    purpose = f"; {', '.join(found.purposes)}" if found.purposes else ""
    lines.append(f"     key usage: {usage}{purpose}")
    lines += [f"     OCSP: {url}" for url in found.ocsp_urls]
    lines += [f"     not DER: {one}" for one in found.deviations]
    return "\n".join(lines)


@pki_app.command("check")
def check_chain(
    files: Annotated[list[Path], typer.Argument(help="PEM or DER, leaf first; several are put together.")],
    *,
    role: Annotated[str, typer.Option(help="Of the first certificate, e.g. secc, vehicle, contract.")],
    roots: Annotated[list[Path], typer.Option(help="Trust anchors, PEM or DER; may be given more than once.")],
    edition: EditionOption = "20",
    at: Annotated[str, typer.Option(help="Time of the check, ISO 8601; now if left out.")] = "",
    identity: Annotated[str, typer.Option(help="What its common name has to be.")] = "",
    crl: Annotated[list[Path] | None, typer.Option(help="Revocation list, DER.")] = None,
    ocsp: Annotated[list[Path] | None, typer.Option(help="OCSP response, DER.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Tell also what is as it should be.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Check a chain against the profile of its role, point by point; exit code 1 if one is broken."""
    if form not in {"text", "json"}:
        raise ConfigurationError("--format", [Problem(repr(form), "is no format", "write text or json")])
    chosen = _edition(edition)
    moment = _moment(at)
    try:
        findings = check(
            pki_files.read_certificates(files),
            _choice("--role", role, Role, list(Role)),
            roots=pki_files.read_certificates(roots),
            at=moment,
            edition=chosen,
            identity=identity or None,
            crls=[pki_files.read(one) for one in crl or ()],
            responses=[pki_files.read(one) for one in ocsp or ()],
        )
    except ValueError as problem:
        wrong = Problem("--role, --roots", str(problem), "name the role of the edition, and readable trust anchors")
        raise ConfigurationError("pki check", [wrong]) from None
    if form == "json":
        sys.stdout.write(json.dumps({"schema": 1, "findings": [_as_json(one) for one in findings]}, indent=1) + "\n")
    else:
        _say("\n".join(_lines(findings, every=every)))
    raise SystemExit(NOT_MET if broken(findings) else 0)


@pki_app.command("ocpp")
def ocpp_pki(
    directory: Annotated[Path, typer.Argument(help="Directory to write; made for this user alone.")],
    *,
    host: Annotated[str, typer.Option(help="Name or address of the CSMS.")] = CSMS_HOST,
    serial: Annotated[str, typer.Option(help="Serial number of the station.")] = SERIAL,
    organisation: Annotated[str, typer.Option(help="Name of the operator.")] = ORGANISATION,
) -> None:
    """Make the other PKI: between a charging station and its CSMS over OCPP."""
    written = write_pki(directory, host=host, serial=serial, organisation=organisation)
    _say("\n".join(f"wrote {path}" for path in written))


def _lines(findings: Sequence[Finding], *, every: bool) -> Iterable[str]:
    for one in findings:
        if every or one.verdict is not Verdict.PASS:
            where = "chain" if one.index is None else f"certificate {one.index}"
            mark = " (indicative)" if one.indicative and one.verdict is Verdict.FAIL else ""
            yield f"{one.verdict.label:<6} {where}: {one.point}{mark}: expected {one.expected}; seen {one.seen}"
            yield f"       {one.requirement} ({one.provenance})"
    failed, hinted = len(broken(findings)), len(broken(findings, indicative=True)) - len(broken(findings))
    told = f"{len(findings)} points: {failed} broken"
    if hinted:
        told += f", {hinted} indicative (by rules that no source confirms)"
    unseen = sum(one.verdict is Verdict.INCONC for one in findings)
    yield told + (f", {unseen} inconclusive" if unseen else "")


def _as_json(one: Finding) -> dict[str, object]:
    return {
        "point": one.point.value,
        "requirement": one.requirement,
        "verdict": one.verdict.label,
        "expected": one.expected,
        "seen": one.seen,
        "index": one.index,
        "provenance": one.provenance.value,
    }


def _edition(text: str) -> Edition:
    return _choice("--edition", text, Edition, list(Edition))


def _choice(option: str, text: str, kind: type[T], allowed: Sequence[T]) -> T:
    try:
        found = kind(text)
    except ValueError:
        found = None
    if found is None or found not in allowed:
        known = ", ".join(one.value for one in allowed)
        raise ConfigurationError(option, [Problem(repr(text), "is unknown", f"use one of {known}")])
    return found


def _url(option: str, text: str) -> str:
    if text and not re.fullmatch(r"https?://[!-~]+", text):
        raise ConfigurationError(option, [Problem(repr(text), "is no URL", "write http://HOST:PORT/PATH")])
    if '"' in text or "\\" in text:
        raise ConfigurationError(option, [Problem(repr(text), "has a quote or backslash", "percent-encode it")])
    return text


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        problem = Problem(repr(text), "is no time", "write it as 2026-11-21T12:00:00Z")
        raise ConfigurationError("--at", [problem]) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
