"""Profiles: parsing, errors, limits, storing, a laboratory's own numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.grid.parameters import KNOWN, PLAUSIBLE, Kind, Shape
from v2gready.grid.profile import Profile, ProfileError, compare, parse_profile
from v2gready.model.measurement import Provenance

HEADER: dict[str, Any] = {
    "id": "sample",
    "title": "Sample",
    "standard": "EN 50549-1",
    "edition": "2019",
    "country": "EU",
    "unit_class": "A",
    "status": "in_force",
    "valid_from": "2019-02",
    "nominal_voltage": 230.0,
    "nominal_frequency": 50.0,
}
THRESHOLD = {"value": 50.2, "unit": "Hz", "tag": "S2", "source": "a manual", "admissible": [50.2, 52.0]}
RANGE = {"rows": [[47.5, 49.0, 1800], [49.0, 51.0, math.inf]], "tag": "u"}
LAB = {"value": 50.3, "source": "our copy of EN 50549-1:2019", "reviewed_by": "A. Tester", "reviewed_on": "2026-11-02"}


def sample(left_open: dict[str, Any] | None = None, **parameters: Any) -> Profile:
    return parse_profile({**HEADER, "parameter": parameters, "open": left_open or {}}, "sample.toml")


def problems_of(**parameters: Any) -> str:
    with pytest.raises(ProfileError) as caught:
        sample(**parameters)
    return str(caught.value)


def test_a_profile_is_a_mapping_of_its_parameters() -> None:
    profile = sample(lfsmo_threshold=THRESHOLD)
    assert list(profile) == ["lfsmo_threshold"]
    assert profile["lfsmo_threshold"].number == 50.2
    assert profile.get("lfsmo_droop") is None
    with pytest.raises(KeyError):
        profile["lfsmo_droop"]


def test_a_limit_carries_provenance_and_citation() -> None:
    profile = sample(islanding_time={"value": 2.0, "tag": "u", "clause": "4.9.4"})
    limit = profile.limit("islanding_time", high=2.0, unit="s")
    assert (limit.high, limit.low, limit.unit) == (2.0, None, "s")
    assert limit.provenance is Provenance.UNCONFIRMED
    assert limit.source == "EN 50549-1:2019 cl. 4.9.4 [u]"


@pytest.mark.parametrize(
    ("tag", "provenance"),
    [
        ("S", Provenance.CONFIRMED),
        ("M", Provenance.CONFIRMED),
        ("S2", Provenance.SECONDARY),
        ("u", Provenance.UNCONFIRMED),
    ],
)
def test_each_tag_has_its_provenance(tag: str, provenance: Provenance) -> None:
    assert sample(lfsmo_threshold={**THRESHOLD, "tag": tag})["lfsmo_threshold"].provenance is provenance


def test_a_citation_names_the_document_that_sets_the_number() -> None:
    law = {"value": 5.0, "tag": "u", "document": "Regulation (EU) 2016/631", "clause": "Art 13(6)"}
    assert sample(cease_time=law).cite("cease_time") == "Regulation (EU) 2016/631 Art 13(6) [u]"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"value": 502.0, "tag": "u"}, "between 40 and 70"),
        ({"value": "50.2", "tag": "u"}, "no number"),
        ({"value": True, "tag": "u"}, "no number"),
        ({"value": math.nan, "tag": "u"}, "no number"),
        ({"rows": [[50.2]], "tag": "u"}, "give it value alone"),
        ({"value": 50.2, "text": "Pn", "tag": "u"}, "give it value alone"),
        ({"tag": "u"}, "no content"),
        ({"value": 50.2}, "use one of S, S2, M, u"),
        ({"value": 50.2, "tag": "x"}, "use one of S, S2, M, u"),
        ({"value": 50.2, "tag": "S"}, "name where the number was read"),
        ({"value": 50.2, "tag": "u", "unit": "mHz"}, "the suite counts in 'Hz'"),
        ({"value": 50.2, "tag": "u", "mode": "charging"}, "charge, discharge, both"),
        ({"value": 50.2, "tag": "u", "claus": "1"}, "claus"),
        ({"value": 50.1, "tag": "u", "admissible": [50.2, 52.0]}, "outside of what the code admits"),
        ({"value": 50.2, "tag": "u", "admissible": [52.0, 50.2]}, "lowest, highest"),
        ({"value": 50.2, "tag": "u", "admissible": 3}, "no range"),
        ({"value": 50.2, "tag": "u", "reviewed_on": "yesterday"}, "YYYY-MM-DD"),
        ({"value": 50.2, "tag": "u", "note": 1}, "no text"),
        ({"value": 50.2, "tag": "u", "status": "final"}, "in_force"),
        (50.2, "no table"),
    ],
)
def test_a_wrong_number_is_named_with_remedy(entry: Any, told: str) -> None:
    message = problems_of(lfsmo_threshold=entry)
    assert "sample.toml: parameter.lfsmo_threshold" in message
    assert told in message


@pytest.mark.parametrize(
    ("name", "rows", "told"),
    [
        ("uvrt", [[1.0, 0.5], [0.0, 0.5]], "must not fall"),
        ("uvrt", [[0.0, 0.5, 1.0]], "wrong width"),
        ("uvrt", [], "no list of rows"),
        ("uvrt", [0.5], "wrong width"),
        ("uvrt", [[0.0, math.inf]], "between"),
        ("trip_u_under", [[0.8, 1.0], [0.7, 0.2]], "one row"),
        ("frequency_range", [[49.0, 47.5, 60]], "begins above its end"),
        ("frequency_range", [[47.5, 49.0, 60], [48.5, 51.0, 60]], "overlaps"),
        ("reconnect_frequency", [[49.5, 50.1], [50.1, 50.2]], "one band"),
    ],
)
def test_a_wrong_table_is_named_with_remedy(name: str, rows: Any, told: str) -> None:
    message = problems_of(**{name: {"rows": rows, "tag": "u"}})
    assert f"parameter.{name}" in message
    assert told in message


def test_a_choice_takes_the_known_words_alone() -> None:
    assert "P_at_threshold" in problems_of(lfsmo_p_ref={"text": "Prated", "tag": "u"})
    assert sample(lfsmo_p_ref={"text": "Pn", "tag": "u"})["lfsmo_p_ref"].text == "Pn"


def test_an_unknown_name_is_an_error_with_a_guess() -> None:
    assert "did you mean lfsmo_threshold?" in problems_of(lfsmo_treshold=THRESHOLD)


def test_all_problems_come_at_once() -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(
            {
                **HEADER,
                "status": "final",
                "valid_from": "soon",
                "nominal_voltage": 0,
                "colour": "red",
                "title": "",
                "parameter": {"lfsmo_threshold": {"value": 1, "tag": "u"}, "nothing": {}},
                "open": {"rocof": {"rows": [[2.0, 0.5]]}},
            },
            "bad.toml",
        )
    assert isinstance(caught.value, ValueError)
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {
        "status",
        "valid_from",
        "nominal_voltage",
        "colour",
        "title",
        "parameter.lfsmo_threshold.value",
        "parameter.nothing",
        "open.rocof.rows",
    }
    assert all(line.startswith("bad.toml: ") for line in str(caught.value).splitlines())


def test_a_parameter_is_not_set_and_left_open_at_once() -> None:
    with pytest.raises(ProfileError, match="keep one of both"):
        sample({"lfsmo_threshold": {"note": "state"}}, lfsmo_threshold=THRESHOLD)


@pytest.mark.parametrize("table", ["parameter", "open"])
def test_a_table_that_is_none_is_named(table: str) -> None:
    with pytest.raises(ProfileError, match=f"{table}: is no table"):
        parse_profile({**HEADER, table: 3}, "bad.toml")


def test_a_stage_is_threshold_and_delay() -> None:
    profile = sample(trip_f_over={"rows": [[51.5, 0.1]], "tag": "u"}, lfsmo_threshold=THRESHOLD)
    assert profile["trip_f_over"].stage == (51.5, 0.1)
    with pytest.raises(TypeError, match="no protection stage"):
        _ = profile["lfsmo_threshold"].stage
    with pytest.raises(TypeError, match="no single number"):
        _ = profile["trip_f_over"].number


def test_a_curve_comes_as_a_curve() -> None:
    profile = sample(uvrt={"rows": [[0.0, 0.15], [1.5, 0.85]], "tag": "u"}, lfsmo_threshold=THRESHOLD)
    assert profile.curve("uvrt")(1.5) == 0.85
    with pytest.raises(TypeError, match="no curve"):
        profile.curve("lfsmo_threshold")


# --- storing


def test_a_stored_profile_is_the_same_profile() -> None:
    profile = sample(
        {"rocof": {"note": "state"}},
        frequency_range=RANGE,
        lfsmo_threshold=THRESHOLD,
        lfsmo_p_ref={"text": "Pn", "tag": "u"},
    )
    text = json.dumps(profile.to_json(), allow_nan=False)
    assert Profile.from_json(json.loads(text)) == profile
    assert profile["frequency_range"].rows[1][2] == math.inf


def test_a_stored_profile_that_was_spoilt_is_refused() -> None:
    plain = sample(lfsmo_threshold=THRESHOLD).to_json()
    plain["parameter"]["lfsmo_threshold"]["value"] = 5.02
    with pytest.raises(ProfileError, match="stored profile sample: parameter.lfsmo_threshold.value"):
        Profile.from_json(plain)


def _plausible(unit: str, within: tuple[float, float] | None = None) -> st.SearchStrategy[float]:
    low, high = within or PLAUSIBLE[unit]
    return st.floats(low, min(high, 1e6), allow_nan=False)


@st.composite
def _entries(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    entry: dict[str, Any] = {"tag": "u", "clause": draw(st.text(max_size=5)), "note": draw(st.text(max_size=5))}
    match kind.shape:
        case Shape.NUMBER:
            return {**entry, "value": draw(_plausible(kind.units[0], kind.within))}
        case Shape.CHOICE:
            return {**entry, "text": draw(st.sampled_from(kind.choices))}
        case Shape.BANDS:
            low, high = sorted(draw(st.sets(_plausible(kind.units[0]), min_size=2, max_size=2)))
            return {**entry, "rows": [[low, high, *(draw(_plausible(unit)) for unit in kind.units[2:])]]}
        case Shape.CURVE:
            x = sorted(draw(st.sets(_plausible(kind.units[0]), min_size=1, max_size=4)))
            return {**entry, "rows": [[one, draw(_plausible(kind.units[1]))] for one in x]}
    return {**entry, "rows": [[draw(_plausible(unit)) for unit in kind.units]]}


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles of some plausible parameters, of whatever shape."""
    names = draw(st.lists(st.sampled_from(sorted(KNOWN)), max_size=6, unique=True))
    return sample(**{name: draw(_entries(KNOWN[name])) for name in names})


@given(profiles())
def test_storing_loses_nothing(profile: Profile) -> None:
    assert Profile.from_json(json.loads(json.dumps(profile.to_json(), allow_nan=False))) == profile


@given(profiles(), profiles())
def test_comparing_finds_what_differs_and_nothing_else(one: Profile, other: Profile) -> None:
    assert compare(one, one) == ()
    found = {difference.name for difference in compare(one, other)}
    assert found == {difference.name for difference in compare(other, one)}
    for name in set(one) | set(other):
        same = name in one and name in other and one[name].same_demand(other[name])
        assert (name in found) is not same


# --- a laboratory's own numbers


def test_a_laboratory_overrides_a_number_with_source_and_reviewer() -> None:
    profile = sample(lfsmo_threshold={**THRESHOLD, "tag": "u"}, frequency_range=RANGE)
    changed = profile.overridden_by({"profile": "sample", "parameter": {"lfsmo_threshold": LAB}})
    one = changed["lfsmo_threshold"]
    assert (one.value, one.tag, one.status, one.reviewed_by) == (50.3, "S", "lab_supplied", "A. Tester")
    assert one.admissible == (50.2, 52.0)
    assert one.note == "replaces: lfsmo_threshold 50.2 Hz [u]"
    assert changed.lab_supplied == ("lfsmo_threshold",)
    assert changed["frequency_range"] == profile["frequency_range"]
    assert changed.limit("lfsmo_threshold", low=50.3, unit="Hz").provenance is Provenance.CONFIRMED
    assert "laboratory: our copy of EN 50549-1:2019, A. Tester" in changed.cite("lfsmo_threshold")
    assert [str(one) for one in compare(profile, changed)] == [
        "lfsmo_threshold: lfsmo_threshold 50.2 Hz [u] / lfsmo_threshold 50.3 Hz [S]"
    ]
    assert Profile.from_json(changed.to_json()) == changed


def test_a_laboratory_fills_what_the_code_leaves_open() -> None:
    profile = sample({"lfsmo_threshold": {"admissible": [50.2, 50.5], "note": "state"}})
    filled = profile.overridden_by({"parameter": {"lfsmo_threshold": LAB}})
    assert filled["lfsmo_threshold"].value == 50.3
    assert "lfsmo_threshold" not in filled.left_open
    with pytest.raises(ProfileError, match="outside of what the code admits"):
        profile.overridden_by({"parameter": {"lfsmo_threshold": {**LAB, "value": 50.6}}})


@pytest.mark.parametrize("missing", ["source", "reviewed_by", "reviewed_on"])
def test_a_laboratory_number_without_its_origin_is_refused(missing: str) -> None:
    entry = {key: value for key, value in LAB.items() if key != missing}
    with pytest.raises(ProfileError, match=f"lab.toml: parameter.lfsmo_threshold.{missing}: is missing"):
        sample().overridden_by({"parameter": {"lfsmo_threshold": entry}}, "lab.toml")


@pytest.mark.parametrize(
    ("lab", "told"),
    [
        ({}, "give at least one"),
        ({"parameter": {}}, "give at least one"),
        ({"parameter": 3}, "give at least one"),
        ({"profile": "nl", "parameter": {"lfsmo_threshold": LAB}}, "uses the profile 'sample'"),
        ({"parameter": {"lfsmo_thresold": LAB}}, "no parameter of a grid code"),
        ({"parameter": {"lfsmo_threshold": 50.3}}, "no table"),
        ({"parameters": {"lfsmo_threshold": LAB}}, "is not known"),
    ],
)
def test_a_wrong_laboratory_file_is_refused(lab: dict[str, Any], told: str) -> None:
    with pytest.raises(ProfileError, match=told):
        sample().overridden_by(lab)
