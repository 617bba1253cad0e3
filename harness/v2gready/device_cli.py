"""``v2gready device``: reference devices as processes of their own, on loopback unless told otherwise."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from v2gready.engine.device import inverter_faults, serve_charger
from v2gready.engine.ev_device import ev_credentials, serve_ev
from v2gready.engine.grid_settings import installed
from v2gready.engine.ocpp_settings import CSMS_ROLE, STATION_ROLE, checked
from v2gready.engine.ocpp_settings import installed as ocpp_installed
from v2gready.engine.rig import car_of, charger_of
from v2gready.engine.settings import NETWORK
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.references.charger import REFERENCE
from v2gready.references.ev import REFERENCE as EV

device_app = typer.Typer(help="Run a reference device as a process of its own.", no_args_is_help=True)

Faults = Annotated[list[str] | None, typer.Option("--fault", help="Named fault; may be given more than once.")]
ListFaults = Annotated[bool, typer.Option("--faults", help="List the faults and leave.")]
Seed = Annotated[int | None, typer.Option(help="Seed of ids, for reproducible rigs.")]
PasswordEnv = Annotated[str, typer.Option(help="Environment variable with the password of Basic authentication.")]
Level = Annotated[int, typer.Option(help="Security profile: 1, 2 or 3.")]
Pem = Annotated[str, typer.Option(help="PEM file, for security profiles 2 and 3.")]
Control = Annotated[int, typer.Option(help="Port on loopback that takes hooks as POST /name?value=...; 0 for none.")]
Rig = Annotated[str, typer.Option("--pki", help="Folder that v2gready pki init made: TLS, and Plug & Charge.")]
PASSWORD_ENV = "V2GREADY_OCPP_PASSWORD"  # noqa: S105 - the name of a variable


@device_app.command()
def charger(
    *,
    interface: Annotated[str, typer.Option(help="Network interface; loopback unless told.")] = "lo",
    sdp_port: Annotated[int, typer.Option(help="UDP port of SDP.")] = 15118,
    csms: Annotated[str, typer.Option(help="URL of a CSMS: the charger is an OCPP station as well.")] = "",
    identity: Annotated[str, typer.Option(help="Its identity at the CSMS.")] = "V2GREADY-CS-1",
    password_env: PasswordEnv = PASSWORD_ENV,
    pki: Rig = "",
    fault: Faults = None,
    list_faults: ListFaults = False,
    seed: Seed = None,
) -> None:
    """The charger (SECC) over ISO 15118-20: plain TCP, or TLS with --pki; with --csms one charger with its back end."""
    if list_faults:
        _list(REFERENCE.faults)
        return
    chosen = _chosen("charger", fault, REFERENCE.faults)
    back_end = None
    if csms:
        table = _table(1, password_env, {}) | {"url": csms, "identities": [identity]}
        back_end = checked(table, CSMS_ROLE, Path(), "device charger")
    credentials = charger_of(Path(pki)) if pki else None
    _serve(serve_charger(interface, sdp_port, chosen, _rng(seed), _say, back_end, credentials))


@device_app.command()
def ev(
    *,
    interface: Annotated[str, typer.Option(help="Network interface; loopback unless told.")] = "lo",
    sdp_port: Annotated[int, typer.Option(help="UDP port of SDP.")] = 15118,
    pki: Rig = "",
    roots: Annotated[str, typer.Option(help="PEM file of V2G roots: with it the car speaks TLS.")] = "",
    certificates: Annotated[str, typer.Option(help="PEM file of the vehicle certificate and its issuers.")] = "",
    key: Annotated[str, typer.Option(help="PEM file of its private key.")] = "",
    curve: Annotated[str, typer.Option(help="Group of the key exchange.")] = "secp521r1",
    sessions: Annotated[int, typer.Option(help="Sessions in a row; 0 for no end.")] = 1,
    loops: Annotated[int | None, typer.Option(help="Charge loops of a session; all that the battery takes.")] = None,
    control: Control = 0,
    fault: Faults = None,
    list_faults: ListFaults = False,
    seed: Seed = None,
) -> None:
    """The car (EVCC) over ISO 15118-20: charges at a charger, or, with --control, waits for hooks."""
    if list_faults:
        _list(EV.faults)
        return
    chosen = _chosen("ev", fault, EV.faults)
    if pki and (roots or certificates or key):
        wrong = Problem("--pki", "does not go with --roots, --certificates and --key", "name the folder or the files")
        raise ConfigurationError("device ev", [wrong])
    credentials = car_of(Path(pki)) if pki else ev_credentials(roots, certificates, key, curve)
    _serve(
        serve_ev(
            interface,
            sdp_port,
            chosen,
            _rng(seed),
            _say,
            credentials=credentials,
            sessions=sessions,
            loops=loops,
            control=control,
        )
    )


@device_app.command()
def station(
    *,
    url: Annotated[str, typer.Option(help="The CSMS to call.")] = "ws://127.0.0.1:9000/ocpp",
    identity: Annotated[str, typer.Option(help="Its identity.")] = "V2GREADY-CS-1",
    password_env: PasswordEnv = PASSWORD_ENV,
    security_profile: Level = 1,
    roots: Pem = "",
    certificates: Pem = "",
    key: Pem = "",
    control: Control = 0,
    fault: Faults = None,
    list_faults: ListFaults = False,
    seed: Seed = None,
) -> None:
    """The charging station over OCPP 2.1 and 2.0.1."""
    _need_ocpp()
    from v2gready.engine import ocpp_device as ocpp  # noqa: PLC0415 - the extra "ocpp"

    known = ocpp.faults_of(ocpp.STATION_NAME)
    if list_faults:
        _list(known)
        return
    chosen = _chosen("station", fault, known)
    files = {"roots": roots, "station_certificates": certificates, "station_key": key}
    table = _table(security_profile, password_env, files) | {"url": url, "identities": [identity]}
    settings = checked(table, CSMS_ROLE, Path(), "device station")
    _serve(ocpp.serve_station(settings, chosen, _rng(seed), _say, control))


@device_app.command()
def csms(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port.")] = 9000,
    path: Annotated[str, typer.Option(help="Path of the endpoint, without identity.")] = "/ocpp",
    identity: Annotated[list[str] | None, typer.Option(help="A station it knows; may be given more than once.")] = None,
    password_env: PasswordEnv = PASSWORD_ENV,
    security_profile: Level = 1,
    roots: Pem = "",
    certificates: Pem = "",
    key: Pem = "",
    control: Control = 0,
    fault: Faults = None,
    list_faults: ListFaults = False,
    seed: Seed = None,
) -> None:
    """The CSMS over OCPP 2.1 and 2.0.1."""
    _need_ocpp()
    from v2gready.engine import ocpp_device as ocpp  # noqa: PLC0415 - the extra "ocpp"

    known = ocpp.faults_of(ocpp.CSMS_NAME)
    if list_faults:
        _list(known)
        return
    chosen = _chosen("csms", fault, known)
    stations = tuple(identity or ("CS001",))
    files = {"roots": roots, "server_certificates": certificates, "server_key": key}
    table = _table(security_profile, password_env, files)
    table |= {"host": host, "port": port, "path": path, "identity": stations[0]}
    settings = replace(checked(table, STATION_ROLE, Path(), "device csms"), identities=stations)
    _serve(ocpp.serve_csms(settings, chosen, _rng(seed), _say, control))


@device_app.command()
def inverter(*, list_faults: ListFaults = False) -> None:
    """The inverter at the grid: it runs in process alone; its faults can be listed."""
    if not list_faults or not installed():
        wrong = Problem("inverter", "runs in process alone", "use --faults, with the extra grid")
        raise ConfigurationError("device", [wrong])
    _say("\n".join(inverter_faults()))


def _need_ocpp() -> None:
    if not ocpp_installed():
        wrong = Problem("ocpp", "needs ocpp and websockets", "pip install 'v2gready[ocpp]'")
        raise ConfigurationError("device", [wrong])


def _table(level: int, password_env: str, files: Mapping[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {"kind": NETWORK, "security_profile": level}
    if level < 3:
        table["password_env"] = password_env
    return table | {name: file for name, file in files.items() if file}


def _chosen(name: str, fault: list[str] | None, known: Mapping[str, str]) -> tuple[str, ...]:
    unknown = sorted(set(fault or ()) - set(known))
    if unknown:
        wrong = Problem(unknown[0], "is no fault", f"see v2gready device {name} --faults")
        raise ConfigurationError("--fault", [wrong])
    return tuple(fault or ())


def _list(faults: Mapping[str, str]) -> None:
    _say("\n".join(f"{key:<36} {sentence}" for key, sentence in sorted(faults.items())))


def _rng(seed: int | None) -> random.Random:
    return random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - only if asked for


def _serve(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        _say("stopped")


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
