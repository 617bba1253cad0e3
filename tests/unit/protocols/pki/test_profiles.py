"""The profiles as data: complete, with clause and provenance for each item."""

from __future__ import annotations

import pytest

from v2gready.protocols.pki.authority import ATTRIBUTES
from v2gready.protocols.pki.defects import CATALOGUE, for_role
from v2gready.protocols.pki.points import LOOKS
from v2gready.protocols.pki.profiles import LEAVES, Edition, Point, Role, load_profiles

CHAIN_POINTS = {
    Point.READABLE,
    Point.CHAIN_LENGTH,
    Point.CHAIN_ORDER,
    Point.ROOT_LEFT_OUT,
    Point.ISSUED_BY_SUB_CA,
    Point.TRUST,
    Point.SIGNATURE,
    Point.REVOCATION,
}


@pytest.mark.parametrize("edition", Edition)
def test_each_item_has_a_clause_and_each_role_a_way_up(edition: Edition) -> None:
    profiles = load_profiles(edition)
    for role, profile in profiles.roles.items():
        assert all(rule.clause for rule in profile.rules.values())
        assert profiles.path(role)[-1].is_root
        assert {kind for kind, _ in profile.subject} <= ATTRIBUTES.keys()
        assert {Point.BASIC_CONSTRAINTS, Point.KEY_USAGE, *CHAIN_POINTS} <= profile.rules.keys()
        if Point.IDENTITY in profile.rules:
            assert profile.rules[Point.IDENTITY].value in profiles.names


def test_every_point_is_looked_at() -> None:
    assert LOOKS.keys() | CHAIN_POINTS == set(Point)


def test_iso_20_has_every_role_and_iso_2_no_vehicle() -> None:
    assert set(load_profiles(Edition.ISO_20).roles) == set(Role)
    with pytest.raises(ValueError, match="ISO 15118-2 knows no vehicle certificate"):
        load_profiles(Edition.ISO_2).of(Role.VEHICLE)


def test_the_catalogue_of_defects() -> None:
    assert len(CATALOGUE) >= 24
    assert {one.point for one in CATALOGUE.values()} >= set(Point) - {Point.SUBJECT_KEY_ID, Point.CHAIN_LENGTH}
    for role in LEAVES:
        assert len(for_role(role)) >= 24
    names = {one.name for one in for_role(Role.SECC, Edition.ISO_2)}
    assert "no-server-auth" not in names  # -2 has no such rule
    assert "expired" in names
