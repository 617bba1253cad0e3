"""Every defective chain, before two judges that share no code: our checker, and openssl."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.protocols.pki import openssl
from tests.unit.protocols.pki.worlds import AT, WORLDS, world

from v2gready.protocols.pki import Curve, Hierarchy, Role
from v2gready.protocols.pki.checker import broken, check
from v2gready.protocols.pki.defects import CATALOGUE, OK, TLS_ROLES, for_role, good
from v2gready.protocols.pki.profiles import LEAVES
from v2gready.transports.stream import TransportError
from v2gready.transports.tls import server_context

PAIRS = [(curve, role) for curve in WORLDS for role in LEAVES if role in world(curve).profiles.roles]


@pytest.mark.parametrize(("curve", "role"), PAIRS)
def test_the_checker_finds_each_by_its_own_point(curve: Curve, role: Role) -> None:
    pki = world(curve)
    for defect in for_role(role, pki.edition):
        chain = defect.apply(pki, role)
        found = check(chain.certificates_der, role, roots=[chain.root_der], at=AT, edition=pki.edition, crls=chain.crls)
        assert defect.point in {one.point for one in broken(found, indicative=True)}, defect.name


@pytest.mark.skipif(openssl.OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize(("curve", "role"), PAIRS)
def test_openssl_answers_as_expected(curve: Curve, role: Role, tmp_path: Path) -> None:
    pki = world(curve)
    assert openssl.verify(good(pki, role), tmp_path, AT) == OK
    for defect in for_role(role, pki.edition):
        chain = defect.apply(pki, role)
        answer = openssl.verify(chain, tmp_path, AT)
        assert openssl.agrees(answer, defect.openssl), (defect.name, answer)
        if role in TLS_ROLES:
            answer = openssl.verify(chain, tmp_path, AT, openssl.PURPOSES[role])
            assert openssl.agrees(answer, defect.in_handshake), (defect.name, answer)
        assert bool(openssl.text(chain.certificates_der[0])) is (defect.name != "truncated-der")


def test_a_good_chain_has_none() -> None:
    for curve, role in PAIRS:
        pki = world(curve)
        chain = good(pki, role)
        assert broken(check(chain.certificates_der, role, roots=[chain.root_der], at=AT, edition=pki.edition)) == ()


@pytest.mark.parametrize("role", TLS_ROLES)
def test_a_handshake_can_show_what_is_presentable(role: Role) -> None:
    pki = Hierarchy(datetime.now(UTC) - timedelta(days=2))
    for defect in for_role(role):
        chain = defect.apply(pki, role)
        if defect.presentable:
            server_context(pki.roots, chain)
        else:
            with pytest.raises(TransportError, match=f"refuses the credential {role} {defect.name}"):
                server_context(pki.roots, chain)


def test_a_defect_for_other_roles_is_refused() -> None:
    with pytest.raises(ValueError, match="no-server-auth is for secc, not for contract"):
        CATALOGUE["no-server-auth"].apply(world(Curve.P521), Role.CONTRACT)


def test_no_representation_shows_a_key() -> None:
    chain = CATALOGUE["expired"].apply(world(Curve.P521), Role.SECC)
    assert "private_key" not in repr(chain)
    assert "expired" in chain.label
