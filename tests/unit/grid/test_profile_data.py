"""The shipped grid codes: they load, differ where their sources differ, hide nothing, and have the known findings."""

from __future__ import annotations

import json
import tomllib
from itertools import combinations

import pytest

from v2gready.grid.lint import RULES, Weight, lint
from v2gready.grid.parameters import KNOWN
from v2gready.grid.profile import Profile, ProfileError, compare, parse_profile
from v2gready.resources import folder

FILES = sorted((folder("fixtures") / "gridcodes").glob("*.toml"))
CODES = {path.stem: parse_profile(tomllib.loads(path.read_text(encoding="utf-8")), path.name) for path in FILES}
COUNTRIES = ("nl", "de-4105-2018", "de-4105-2026", "be", "at", "cz-storage", "gb")


def test_the_set_is_complete() -> None:
    assert set(CODES) == {
        "rfg1", "rfg2-draft", "dc2-draft", "en50549-1", "en50549-1-factory", "reference", *COUNTRIES,
    }  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_a_profile_is_named_as_its_file_and_survives_storing(name: str) -> None:
    code = CODES[name]
    assert code.id == name
    assert Profile.from_json(json.loads(json.dumps(code.to_json(), allow_nan=False))) == code


@pytest.mark.parametrize("name", CODES)
def test_a_profile_says_its_edition_and_dates_or_that_they_are_unknown(name: str) -> None:
    code = CODES[name]
    assert code.edition
    assert code.valid_from
    assert code.title
    assert code.note


@pytest.mark.parametrize("name", CODES)
def test_each_number_says_where_it_is_from_or_that_it_is_unconfirmed(name: str) -> None:
    for parameter in CODES[name].parameters.values():
        assert parameter.source or parameter.tag == "u"
        if parameter.tag == "S":
            assert parameter.clause, f"{parameter.name}: a text that was read has an article"
        if parameter.tag == "M":
            assert name == "reference"
        assert f"[{parameter.tag}]" in CODES[name].cite(parameter.name)


@pytest.mark.parametrize("name", CODES)
def test_what_is_left_open_says_why(name: str) -> None:
    assert all(one.note for one in CODES[name].left_open.values())


def test_draft_numbers_are_never_confirmed() -> None:
    drafts = [code for code in CODES.values() if code.status == "draft"]
    assert len(drafts) == 2
    assert {one.tag for code in drafts for one in code.parameters.values()} == {"u"}


# --- the profile diff test: must-not (e) of the reference, "five operators identical except for names"


@pytest.mark.parametrize(("first", "second"), list(combinations(CODES, 2)))
def test_no_two_profiles_ask_the_same(first: str, second: str) -> None:
    assert compare(CODES[first], CODES[second])


SOURCES_DIFFER = [
    ("nl", "de-4105-2018", {"trip_u_under", "trip_u_under_2", "trip_f_under", "trip_f_over", "reconnect_frequency"}),
    ("nl", "be", {"trip_u_under", "trip_u_over", "trip_f_under", "trip_f_over", "rocof", "voltage_range"}),
    ("nl", "at", {"frequency_range", "trip_u_under_2", "trip_u_over_10min", "reconnect_frequency"}),
    ("nl", "cz-storage", {"lfsmo_p_ref", "lfsmu_threshold", "lfsmu_supply_below", "frt_k"}),
    ("nl", "gb", {"frequency_range", "rocof", "lfsmo_threshold", "lfsmo_droop", "trip_f_over", "reconnect_wait"}),
    ("de-4105-2018", "de-4105-2026", {"lfsmo_threshold", "uvrt", "trip_f_over"}),
    ("de-4105-2018", "at", {"frequency_range", "trip_u_under", "trip_u_under_2", "reconnect_voltage"}),
    ("de-4105-2018", "be", {"trip_u_under", "trip_f_over", "reconnect_frequency"}),
    ("de-4105-2018", "cz-storage", {"lfsmo_p_ref", "lfsmu_droop"}),
    ("de-4105-2018", "gb", {"frequency_range", "lfsmo_threshold", "lfsmo_droop", "trip_u_under", "trip_f_over"}),
    ("at", "be", {"frequency_range", "trip_u_under", "trip_u_over", "trip_u_over_10min", "trip_f_over"}),
    ("at", "cz-storage", {"frequency_range", "lfsmo_p_ref"}),
    ("at", "gb", {"frequency_range", "lfsmo_threshold", "lfsmo_droop"}),
    ("be", "gb", {"frequency_range", "trip_u_under", "trip_f_under", "reconnect_wait"}),
    ("cz-storage", "gb", {"frequency_range", "lfsmo_threshold", "lfsmo_droop"}),
    ("en50549-1", "en50549-1-factory", {"trip_f_under", "trip_f_over", "trip_u_under", "islanding_time"}),
    ("rfg1", "rfg2-draft", {"rocof", "frequency_range"}),
]


@pytest.mark.parametrize(("first", "second", "names"), SOURCES_DIFFER)
def test_codes_differ_where_their_sources_differ(first: str, second: str, names: set[str]) -> None:
    assert names <= {difference.name for difference in compare(CODES[first], CODES[second])}


SOURCES_AGREE = [
    ("nl", "de-4105-2018", {"lfsmo_threshold", "lfsmo_droop", "reconnect_wait"}),
    ("nl", "be", {"frequency_range", "cease_time"}),
    ("at", "de-4105-2018", {"trip_f_under", "trip_f_over", "reconnect_frequency", "lfsmo_p_ref"}),
]


@pytest.mark.parametrize(("first", "second", "names"), SOURCES_AGREE)
def test_codes_agree_where_their_sources_agree(first: str, second: str, names: set[str]) -> None:
    assert names <= set(CODES[first])
    assert names.isdisjoint(difference.name for difference in compare(CODES[first], CODES[second]))


def test_what_all_of_the_union_shares_is_the_law_of_the_union() -> None:
    """A number that is the same in every country of the Union is one of the Regulation, not a copy of a neighbour."""
    union = [CODES[name] for name in COUNTRIES if name != "gb"]
    shared = [name for name in KNOWN if all(name in code and code[name].same_demand(union[0][name]) for code in union)]
    assert shared == ["cease_time", "cease_share"]
    assert all("2016/631" in code.cite(name) for code in union for name in shared)


# --- what was read in law


@pytest.mark.parametrize(
    ("code", "name", "numbers", "clause"),
    [
        ("nl", "rocof", ((2.0, 0.5),), "art 3.13(2)(c)"),
        ("nl", "voltage_range", ((0.85, 0.9, 1200.0), (0.9, 1.1, float("inf"))), "art 3.15(9)"),
        ("at", "lfsmo_threshold", 50.2, "§ 5(1)"),
        ("at", "lfsmo_droop", 5.0, "§ 5(1)"),
        ("at", "lfsmo_p_ref", "P_at_threshold", "§ 5(2)"),
    ],
)
def test_numbers_read_in_law_are_confirmed(code: str, name: str, numbers: object, clause: str) -> None:
    parameter = CODES[code][name]
    assert parameter.tag == "S"
    assert parameter.clause == clause
    assert numbers in (parameter.value, parameter.text, parameter.rows)


def test_a_mixed_table_has_its_weakest_tag() -> None:
    austria = CODES["at"]["frequency_range"]
    assert austria.rows[:2] == ((47.5, 48.5, 3600.0), (48.5, 49.0, 5400.0))
    assert austria.tag == "u"


def test_three_reference_powers_are_told_apart() -> None:
    czech = CODES["cz-storage"]
    assert (czech["lfsmo_p_ref"].text, czech["lfsmu_p_ref"].text) == ("Pn", "P_at_threshold")


def test_a_framework_leaves_numbers_open_and_a_laboratory_fills_them() -> None:
    lab = {"source": "decision of the operator", "reviewed_by": "A. Tester", "reviewed_on": "2026-11-02"}
    filled = CODES["rfg1"].overridden_by({"parameter": {"lfsmo_droop": {**lab, "value": 4.0}}})
    assert filled["lfsmo_droop"].value == 4.0
    with pytest.raises(ProfileError, match="2 to 12 %"):
        CODES["rfg1"].overridden_by({"parameter": {"lfsmo_droop": {**lab, "value": 13.0}}})


# --- the reference device


def test_the_reference_device_has_every_parameter_and_no_finding() -> None:
    reference = CODES["reference"]
    assert set(reference) == set(KNOWN)
    assert lint(reference) == ()
    assert reference.status == "vendor_default"


def test_the_reference_device_marks_its_own_choices() -> None:
    own = [one for one in CODES["reference"].parameters.values() if one.tag == "M"]
    assert own
    assert {one.source for one in own} == {"harness: reference device, not a grid code"}


# --- what the lint finds in each shipped profile, and why it is left as it is

FINDINGS: dict[str, list[tuple[str, str]]] = {
    # Stage 1.11 pu and the mean of 10 minutes share a threshold in the decoded preset; 5 % from 50.2 ends at 51.5 Hz.
    "at": [("lfsmo-ends-at-trip", "trip_f_over"), ("mean-never-decides", "trip_u_over")],
    # Belgium's stages are instantaneous but outside of every range that is known.
    "be": [],
    # No protection is known.
    "cz-storage": [],
    # The unconfirmed ride-through curve and the decoded stage at 0.45 pu cannot both be right: for the laboratory.
    # P_ref of LFSM-U was in no source.
    "de-4105-2018": [
        ("trip-inside-uvrt", "trip_u_under_2"),
        ("lfsmo-ends-at-trip", "trip_f_over"),
        ("reference-power-missing", "lfsmu_droop"),
    ],
    "de-4105-2026": [],
    "dc2-draft": [],
    "en50549-1": [("reference-power-missing", "lfsmu_droop")],
    # The example of the reference: the preset trips inside what the standard asks.
    "en50549-1-factory": [
        ("trip-inside-frequency-range", "trip_f_under"),
        ("trip-inside-frequency-range", "trip_f_over"),
        ("trip-inside-uvrt", "trip_u_under_2"),
        ("trip-inside-ovrt", "trip_u_over"),
        ("trip-inside-ovrt", "trip_u_over_2"),
        ("lfsmo-ends-at-trip", "trip_f_over"),
        ("mean-never-decides", "trip_u_over"),
        ("voltwatt-never-acts", "trip_u_over"),
        ("reference-power-missing", "lfsmo_droop"),
    ],
    # Immunity and relay are the same 1 Hz/s: the trap of the reference, section 1.3.
    "gb": [
        ("rocof-trip-at-immunity", "trip_rocof"),
        ("lfsmo-ends-at-trip", "trip_f_over"),
        ("reference-power-missing", "lfsmo_droop"),
    ],
    "nl": [("lfsmo-ends-at-trip", "trip_f_over"), ("reference-power-missing", "lfsmo_droop")],
    "reference": [],
    "rfg1": [],
    "rfg2-draft": [],
}


@pytest.mark.parametrize("name", CODES)
def test_the_findings_of_a_shipped_profile_are_known(name: str) -> None:
    assert [(finding.rule, finding.parameters[-1]) for finding in lint(CODES[name])] == FINDINGS[name]


def test_the_factory_preset_contradicts_the_standard_and_the_standard_itself_does_not() -> None:
    def contradictions(name: str) -> int:
        return sum(finding.severity is Weight.CONTRADICTION for finding in lint(CODES[name]))

    assert contradictions("en50549-1-factory") == 6
    assert contradictions("en50549-1") == 0


# --- what the README shows


def readme_examples() -> list[str]:
    text = (folder("fixtures") / "gridcodes" / "README.md").read_text(encoding="utf-8")
    return [part.split("```", 1)[0] for part in text.split("```toml\n")[1:]]


def test_the_examples_of_the_readme_are_true() -> None:
    sample, lab = (tomllib.loads(example) for example in readme_examples())
    assert parse_profile(sample, "README")["lfsmo_threshold"].value == 50.2
    changed = CODES["en50549-1"].overridden_by(lab, "README")
    assert changed.lab_supplied == ("lfsmo_threshold", "trip_f_under")
    assert changed.cite("lfsmo_threshold").startswith("EN 50549-1:2019 cl. 4.6.1 (laboratory: our copy")


def test_the_documentation_names_every_rule() -> None:
    told = (folder("fixtures").parent / "docs" / "grid-profiles.md").read_text(encoding="utf-8")
    assert all(f"`{rule}`" in told for rule in RULES)
