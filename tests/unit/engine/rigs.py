"""Rigs on loopback: a PKI in a folder, a reference device as a process, and the DUT file that describes it."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from v2gready.engine import campaign as campaigns
from v2gready.engine import pki_files
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.ev_hooks import NAMES
from v2gready.engine.preflight import embedded_dut, prepare
from v2gready.engine.selection import Selector
from v2gready.model.run import CaseRecord
from v2gready.protocols.pki import Addresses, Curve, Edition
from v2gready.protocols.pki.hierarchy import Hierarchy

VALUES: Mapping[str, tuple[str, ...]] = {
    "set_power": ("watts",),
    "set_departure": ("seconds", "minimum_soc", "target_soc"),
    "prefer": ("service", "control", "authorization"),
}
"""What hooks of a car are given."""


def made(folder: Path, *, curve: Curve = Curve.P521, edition: Edition = Edition.ISO_20, age: int = 1) -> Hierarchy:
    """A PKI as ``v2gready pki init`` writes it, so many days old."""
    begin = (datetime.now(UTC) - timedelta(days=age)).replace(microsecond=0)
    return pki_files.create(folder, pki_files.Settings(curve, edition, begin, Addresses()))


def free_ports(count: int = 1) -> list[int]:
    """UDP and TCP ports that nobody has."""
    holders = [socket.create_server(("::1", 0), family=socket.AF_INET6) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def dut(path: Path, role: str, *, control: int = 0, **keys: object) -> Path:
    """A DUT file for the reference device of a role on loopback; with a control port it has hooks."""
    text = embedded_dut(role).read_text(encoding="utf-8")
    begin, end = text.index("[interfaces"), text.index("[pics]")
    table = {"kind": "network", "interface": "lo", "security": "tls", **keys}
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    document = f"{text[:begin]}[interfaces.iso15118]\n" + "\n".join(lines) + f"\n\n{text[end:]}"
    for name in NAMES if control else ():
        query = "&".join(f"{value}={{{value}}}" for value in VALUES.get(name, ()))
        document += f'\n[hooks.{name}]\nkind = "http"\nurl = "http://127.0.0.1:{control}/{name}?{query}"\n'
    path.write_text(document, encoding="utf-8")
    return path


def certified(path: Path, out: Path, *cases: str) -> dict[str, CaseRecord]:
    """The cases, run one after the other."""
    catalogue, ready = load_catalogue(), prepare(path)
    selector = Selector(" or ".join(cases))
    campaign = campaigns.start(catalogue, ready, out, selector=selector, scheme="", seed=1)
    return {case: campaign.run_case(catalogue.case(case)) for case in cases}
