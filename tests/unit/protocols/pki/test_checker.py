"""The checker before octets of any kind, and what it says beside the defects of the catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.protocols.pki.worlds import AT, WORLDS, world

from v2gready.model.verdict import Verdict
from v2gready.protocols.pki import OTHER_EVCCID, Curve, Edition, Hierarchy, Role, der
from v2gready.protocols.pki.asn1 import Unreadable, parse
from v2gready.protocols.pki.checker import Finding, Point, broken, check
from v2gready.protocols.pki.revocation import Register

PKI = world(Curve.P521)
ROOT = der(PKI.v2g_root.certificate)
SECC = PKI.secc.chain_der()


def at_point(findings: tuple[Finding, ...], point: Point) -> list[Verdict]:
    return [one.verdict for one in findings if one.point is point]


@given(st.binary(max_size=300))
def test_any_octets_are_judged(data: bytes) -> None:
    found = check([data], Role.SECC, roots=[ROOT], at=AT)
    assert at_point(found, Point.READABLE) == [Verdict.FAIL]


@given(st.integers(0, len(SECC[0]) - 1), st.integers(1, 255))
def test_no_changed_octet_passes(position: int, mask: int) -> None:
    changed = bytearray(SECC[0])
    changed[position] ^= mask
    found = check([bytes(changed), *SECC[1:]], Role.SECC, roots=[ROOT], at=AT)
    assert broken(found)


@given(st.integers(0, len(SECC[0]) - 1))
def test_no_part_is_a_certificate(size: int) -> None:
    with pytest.raises(Unreadable):
        parse(SECC[0][:size])


@settings(max_examples=24)
@given(st.permutations(range(4)))
def test_the_order_is_right_in_one_way(order: list[int]) -> None:
    everything = [*SECC, der(PKI.cross().certificate)]
    found = check([everything[index] for index in order], Role.SECC, roots=[der(PKI.oem_root.certificate)], at=AT)
    assert (broken(found) == ()) is (order == [0, 1, 2, 3])


@settings(max_examples=30)
@given(st.integers(-400, 400))
def test_validity_at_any_moment(days: int) -> None:
    found = check(SECC, Role.SECC, roots=[ROOT], at=AT + timedelta(days=days))
    assert (at_point(found, Point.VALIDITY)[0] is Verdict.PASS) is (-1 <= days < 59)


def test_p256_with_the_profiles_of_20_is_for_rigs() -> None:
    pki = Hierarchy(AT - timedelta(days=1), curve=Curve.P256)
    found = check(pki.secc.chain_der(), Role.SECC, roots=[der(pki.v2g_root.certificate)], at=AT)
    assert {one.point for one in broken(found)} == {Point.CURVE, Point.SIGNATURE_ALGORITHM}


def test_the_identity_of_the_message_is_that_of_the_certificate() -> None:
    chain = PKI.vehicle.chain_der()
    found = check(chain, Role.VEHICLE, roots=[ROOT], at=AT, identity=OTHER_EVCCID)
    assert [one.point for one in broken(found, indicative=True)] == [Point.IDENTITY]
    assert [one.seen for one in found if one.point is Point.IDENTITY] == ["CN=WMIV1234567890ABCDEX"]


def test_the_role_decides() -> None:
    found = check(PKI.contract().chain_der(), Role.SECC, roots=[der(PKI.mo_root.certificate)], at=AT)
    assert {one.point for one in broken(found)} >= {Point.EXTENDED_KEY_USAGE, Point.IDENTITY}
    with pytest.raises(ValueError, match="knows no vehicle"):
        check(SECC, Role.VEHICLE, roots=[ROOT], at=AT, edition=Edition.ISO_2)


def test_what_is_unconfirmed_is_indicative() -> None:
    wrong = PKI.issue(Role.VEHICLE, identity="12345")
    found = check(wrong.chain_der(), Role.VEHICLE, roots=[ROOT], at=AT)
    assert broken(found) == ()
    assert [one.point for one in broken(found, indicative=True)] == [Point.IDENTITY]


@pytest.mark.parametrize("curve", WORLDS)
def test_revocation_by_ocsp_is_looked_at_if_there_is_any(curve: Curve) -> None:
    pki = world(curve)
    chain = [pki.secc.certificate, *pki.secc.chain]
    register = Register([pki.cpo_sub2, pki.cpo_sub1, pki.v2g_root])
    root = der(pki.v2g_root.certificate)

    def look() -> list[Verdict]:
        responses = [register.response(one, AT) for one in chain]
        found = check(pki.secc.chain_der(), Role.SECC, roots=[root], at=AT, edition=pki.edition, responses=responses)
        return at_point(found, Point.REVOCATION)

    assert look() == [Verdict.PASS] * 3
    register.age = timedelta(days=8)
    assert look() == [Verdict.INCONC] * 3
    register.age = timedelta(0)
    register.revoke(chain[0], AT)
    assert look() == [Verdict.FAIL, Verdict.PASS, Verdict.PASS]
