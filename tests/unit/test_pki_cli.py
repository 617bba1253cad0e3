"""``v2gready pki`` as a user meets it: exit codes, sentences, files."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready import cli

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pki(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["v2gready", "pki", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return command


def test_from_init_to_a_verdict(pki: Command, tmp_path: Path) -> None:
    code, out, err = pki("init", "rig")
    assert (code, err) == (0, "")
    assert "wrote 18 certificates with their keys (secp521r1) to rig" in out
    assert stat.S_IMODE((tmp_path / "rig" / "secc.key").stat().st_mode) == 0o600
    assert pki("issue", "rig", "--emaid", "DEV2GC00000009Z", "--days", "13")[0] == 0
    assert pki("issue", "rig", "--role", "secc", "--defect", "key-usage-not-critical")[0] == 0
    good, bad = "rig/issued/contract-DEV2GC00000009Z.pem", "rig/issued/secc-key-usage-not-critical.pem"
    roots = ("--roots", "rig/roots.pem")
    code, out, _ = pki("check", good, "--role", "contract", *roots)
    assert (code, "0 broken" in out) == (0, True)
    code, out, _ = pki("check", bad, "--role", "secc", *roots)
    assert code == 1
    assert "fail   certificate 0: key-usage-critical: expected key usage marked critical; seen not critical" in out
    code, out, _ = pki("check", bad, "--role", "secc", *roots, "--format", "json")
    found = [one for one in json.loads(out)["findings"] if one["verdict"] == "fail"]
    assert [(one["point"], one["index"]) for one in found] == [("key-usage-critical", 0)]
    assert "pass" in pki("check", good, "--role", "contract", *roots, "--all")[1]
    assert pki("check", good, "--role", "contract", *roots, "--identity", "DEV2GC00000008Z")[0] == 1
    assert pki("check", good, "--role", "contract", *roots, "--at", "2030-01-01")[0] == 1


def test_a_revoked_one_with_its_lists(pki: Command, tmp_path: Path) -> None:
    assert pki("init", "rig", "--curve", "ed448")[0] == 0
    assert pki("issue", "rig", "--role", "vehicle", "--defect", "revoked")[0] == 0
    lists = [item for path in sorted((tmp_path / "rig/issued").glob("*.crl")) for item in ("--crl", str(path))]
    asked = ("check", "rig/issued/vehicle-revoked.pem", "--role", "vehicle", "--roots", "rig/tls-roots.pem")
    assert pki(*asked)[0] == 0
    code, out, _ = pki(*asked, *lists)
    assert (code, "revoked at" in out) == (1, True)


def test_a_revoked_sub_ca_is_not_that_of_the_good_chain(pki: Command, tmp_path: Path) -> None:
    assert pki("init", "rig")[0] == 0
    assert pki("issue", "rig", "--role", "secc", "--defect", "revoked-sub-ca")[0] == 0
    lists = [item for path in sorted((tmp_path / "rig/issued").glob("*.crl")) for item in ("--crl", str(path))]
    asked = ("--role", "secc", "--roots", "rig/tls-roots.pem", *lists)
    assert pki("check", "rig/issued/secc-revoked-sub-ca.pem", *asked)[0] == 1
    assert pki("check", "rig/secc.pem", *asked)[0] == 0


def test_show_tells_everything_but_keys(pki: Command, tmp_path: Path) -> None:
    assert pki("init", "rig", "--edition", "2")[0] == 0
    code, out, _ = pki("show", "rig")
    assert code == 0
    assert "CN=CPOSubCA1" in out
    assert "secp256r1, ecdsa-with-SHA256" in out
    assert "PRIVATE" not in out
    code, _, err = pki("show", "rig/secc.key")
    assert (code, "holds a private key and no certificate" in err) == (2, True)
    assert pki("issue", "rig", "--role", "secc", "--defect", "truncated-der", "--name", "cut")[0] == 0
    assert "octets that are no certificate" in pki("show", "rig/issued/cut.pem")[1]


def test_nothing_is_overwritten(pki: Command, tmp_path: Path) -> None:
    assert pki("init", "rig")[0] == 0
    before = (tmp_path / "rig" / "secc.key").read_bytes()
    code, _, err = pki("init", "rig")
    assert code == 2
    assert "add --force to overwrite" in err
    assert (tmp_path / "rig" / "secc.key").read_bytes() == before
    assert pki("init", "rig", "--force")[0] == 0
    assert (tmp_path / "rig" / "secc.key").read_bytes() != before
    assert pki("issue", "rig", "--name", "one")[0] == 0
    assert pki("issue", "rig", "--name", "one")[0] == 2


def test_the_defects_are_listed(pki: Command) -> None:
    code, out, _ = pki("issue", "--defects", "--role", "vehicle")
    assert code == 0
    assert "no-client-auth" in out
    assert "no-server-auth" not in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("init", "x", "--curve", "secp384r1"), "--curve: 'secp384r1': is unknown; use one of"),
        (("init", "x", "--edition", "3"), "--edition: '3': is unknown; use one of 20, 2"),
        (("init", "x", "--ocsp", "here"), "'here': is no URL; write http://HOST:PORT/PATH"),
        (("init", "x", "--vehicle-root", "mo-root"), "use one of v2g-root, oem-root"),
        (("init", "/dev/null/x"), "name one you can write to"),
        (("issue",), "DIR: is missing"),
        (("issue", "x"), "name a directory that v2gready pki init made"),
        (("issue", "x", "--role", "cpo-sub1"), "'cpo-sub1': is unknown; use one of"),
        (("issue", "x", "--days", "-1"), "write a number of days above 0"),
        (("show", "x"), "name a readable file"),
        (("check", "x", "--role", "secc", "--roots", "x"), "name a readable file"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(arguments: tuple[str, ...], sentence: str, pki: Command) -> None:
    code, out, err = pki(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


def test_what_makes_no_sense_in_a_rig(pki: Command, tmp_path: Path) -> None:
    assert pki("init", "rig", "--edition", "2")[0] == 0
    for arguments, sentence in {
        ("--role", "vehicle"): "is unknown to ISO 15118-2; use secc, contract",
        ("--role", "secc", "--defect", "no-server-auth"): "makes no sense for secc in ISO 15118-2",
        ("--role", "secc", "--defect", "x"): "x: is no defect; see v2gready pki issue --defects",
        ("--defect", "expired", "--days", "3"): "do not go with --defect",
        ("--emaid", "x" * 65): "make no certificate",
        ("--days", "99999999"): "make no certificate",
    }.items():
        code, _, err = pki("issue", "rig", *arguments)
        assert (code, sentence in err) == (2, True), err
    asked = ("check", "rig/secc.pem", "--roots", "rig/roots.pem", "--role")
    for more, sentence in {
        ("secc", "--at", "noon"): "'noon': is no time",
        ("secc", "--format", "xml"): "write text or json",
        ("vehicle", "--edition", "2"): "knows no vehicle certificate",
        ("driver",): "'driver': is unknown",
    }.items():
        code, _, err = pki(*asked, *more)
        assert (code, sentence in err) == (2, True), err
    (tmp_path / "junk").write_bytes(b"\x30\x00")
    code, _, err = pki("check", "rig/secc.pem", "--role", "secc", "--roots", "junk")
    assert (code, "a trust anchor is unreadable" in err) == (2, True)


def test_the_other_pki(pki: Command, tmp_path: Path) -> None:
    code, out, _ = pki("ocpp", "bench", "--serial", "CS001")
    assert (code, "csms.pem" in out) == (0, True)
    assert stat.S_IMODE((tmp_path / "bench" / "station.key").stat().st_mode) == 0o600
