"""Bad input gets one clear sentence: file, key, remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready.engine.preflight import examine, prepare
from v2gready.model.dut import ConfigurationError

Write = Callable[..., Path]

NETWORK = ('kind = "embedded"', 'kind = "network"\ninterface = "lo"')
PLAIN = ('security = "tls"', 'security = "none"')


def problems(path: Path) -> str:
    with pytest.raises(ConfigurationError) as wrong:
        prepare(path)
    assert all(line.startswith(str(path)) for line in str(wrong.value).splitlines())
    return str(wrong.value)


def test_a_good_file_is_ready(dut_file: Write) -> None:
    ready = prepare(dut_file())
    assert ready.dut.device.role == "charger"
    assert ready.secc is not None


@pytest.mark.parametrize(
    ("replacement", "told"),
    [
        (("schema = 1", "schema = 9"), "schema: is 9; write schema = 1"),
        (("schema = 1", "schema = 1\nhook = 3"), "hook: is not a key of a DUT file; use one of"),
        (('make = "V2G-ready"', ""), "device.make: is missing"),
        (('make = "V2G-ready"', 'make = "V2G-ready"\nmaker = "x"'), "device.maker: is unknown; use one of make"),
        (('role = "charger"', 'role = "toaster"'), "device.role: 'toaster' has no catalogue; use one of charger"),
        (("dc_bpt = true\n", ""), "pics.dc_bpt: no answer to: Does it offer service 6, DC_BPT?; answer true or false"),
        (("dc_bpt = true", 'dc_bpt = "yes"'), "pics.dc_bpt: is 'yes'; answer true or false"),
        (("dc_bpt = true", "dc_bpt = true\ndc_bbt = true"), "pics.dc_bbt: is no question of this role"),
        (('kind = "embedded"', 'kind = "cable"'), "interfaces.iso15118.kind: is 'cable'"),
        (('security = "tls"', 'security = "ssl"'), "interfaces.iso15118.security: is 'ssl'"),
        (('security = "tls"', 'security = "tls"\nsdp_port = 70000'), "interfaces.iso15118.sdp_port: is 70000"),
        (('security = "tls"', 'security = "tls"\nsecure = 1'), "interfaces.iso15118.secure: is unknown; use one of"),
        (("[pixit]", '[hooks.set_power]\nkind = "shout"\n[pixit]'), "hooks.set_power.kind: is 'shout'; use one of"),
        (("[pixit]", '[hooks.set_power]\nkind = "http"\n[pixit]'), "hooks.set_power.url: is missing"),
        (NETWORK, "interfaces.iso15118.roots: is missing; name a PEM file"),
    ],
)
def test_what_where_and_remedy(dut_file: Write, replacement: tuple[str, str], told: str) -> None:
    assert told in problems(dut_file(replacement))


def test_all_problems_are_told_at_once(dut_file: Write) -> None:
    told = problems(dut_file(("dc_bpt = true\n", ""), ('make = "V2G-ready"', "")))
    assert "pics.dc_bpt" in told
    assert "device.make" in told


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist; check the path" in problems(tmp_path / "none.toml")


def test_a_file_that_is_no_toml_names_the_line(dut_file: Write) -> None:
    assert "is no TOML" in problems(dut_file(("schema = 1", "schema = = 1")))
    assert "line 2" in problems(dut_file(("schema = 1", "schema = = 1")))


def test_an_unknown_interface_is_named_with_those_there_are(dut_file: Write) -> None:
    told = problems(dut_file(('kind = "embedded"', 'kind = "network"\ninterface = "nope0"'), PLAIN))
    assert "'nope0'" in told
    assert "lo" in told


def test_an_unreadable_certificate(dut_file: Write, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("no certificate")
    keys = 'interface = "lo"\nroots = "roots.pem"\nvehicle_certificates = "gone.pem"\nvehicle_key = "gone.key"'
    told = problems(dut_file(('kind = "embedded"', f'kind = "network"\n{keys}')))
    assert "roots.pem holds no PEM certificate" in told
    assert "gone.pem: No such file or directory" in told
    assert "gone.key: No such file or directory" in told


def test_doctor_lists_what_it_found(dut_file: Write) -> None:
    assert all(good for _, good, _ in examine(dut_file()))
    findings = examine(dut_file(("dc_bpt = true\n", "")))
    assert ("pics.dc_bpt", False) in [(name, good) for name, good, _ in findings]
