"""Settings read by SunSpec Modbus and held against the grid code; the encoder is pysunspec2's, the server our own."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from v2gready.bench.grid.drivers import InstrumentError
from v2gready.bench.grid.registers import UNREADABLE, DerRegisters, SettingCheck, compare_settings
from v2gready.bench.grid.sunspec import read_settings
from v2gready.grid.profile import Profile, parse_profile
from v2gready.grid.rating import Rating
from v2gready.references.inverter.registers import setting_registers
from v2gready.references.inverter.settings import DerSettings
from v2gready.resources import folder

modbus = pytest.importorskip("tests.unit.bench.grid.modbus_server")


def load(name: str) -> Profile:
    return parse_profile(tomllib.loads((folder("fixtures") / "gridcodes" / f"{name}.toml").read_text("utf-8")), name)


PROFILE = load("reference")


def trip(quantity: str, scale: int, stages: list[tuple[float, float]]) -> dict[str, Any]:
    """A trip model with a stored curve that is not in force behind the one that is."""
    size = 4

    def points(content: list[tuple[float, float]]) -> dict[str, Any]:
        rows = [{quantity: round(x * 10**scale), "Tms": round(t * 100)} for x, t in content]
        return {"ActPt": len(content), "Pt": rows + [{quantity: 1, "Tms": 1}] * (size - len(rows))}

    curve = {"ReadOnly": 1, "MustTrip": points(stages), "MayTrip": points([]), "MomCess": points([])}
    other = {"ReadOnly": 0, "MustTrip": points([(1.0, 9.0)]), "MayTrip": points([]), "MomCess": points([])}
    return {
        "Ena": 1,
        "AdptCrvReq": 0,
        "AdptCrvRslt": 1,
        "NPt": size,
        "NCrvSet": 2,
        "V_SF" if quantity == "V" else "Hz_SF": -scale,
        "Tms_SF": -2,
        "Crv": [curve, other],
    }


def device_models() -> dict[int, dict[str, Any]]:
    """A device that is set to the reference profile, in percent and scale factors."""
    return {
        1: {"Mn": "maker", "Md": "model", "Vr": "1", "SN": "1", "DA": 1},
        702: {"WMaxRtg": 110, "VAMaxRtg": 110, "VAMax": 110, "WMax": 110, "VNomRtg": 2300, "VarMaxInj": 55}
        | {"VarMaxAbs": 55, "W_SF": 2, "VA_SF": 2, "Var_SF": 2, "V_SF": -1},
        703: {"ES": 1, "ESVHi": 1100, "ESVLo": 850, "ESHzHi": 50200, "ESHzLo": 49500, "ESDlyTms": 60, "ESRndTms": 5}
        | {"ESRmpTms": 625, "V_SF": -1, "Hz_SF": -3},
        704: {"AntiIslEna": 1, "WMaxLimPct": 600, "WMaxLimPct_SF": -1},
        705: {"Ena": 1, "AdptCrvReq": 0, "AdptCrvRslt": 1, "NPt": 4, "NCrv": 1, "V_SF": -1, "DeptRef_SF": -1}
        | {"RspTms_SF": 0, "Crv": [volt_var(3, [300, 0, 0, -300])]},
        706: {"Ena": 1, "AdptCrvReq": 0, "AdptCrvRslt": 1, "NPt": 2, "NCrv": 1, "V_SF": -2, "DeptRef_SF": 0}
        | {
            "RspTms_SF": 0,
            "Crv": [
                {"ActPt": 2, "DeptRef": 0, "RspTms": 10, "ReadOnly": 1}
                | {"Pt": [{"V": 11000, "W": 100}, {"V": 11522, "W": 36}]}
            ],
        },
        707: trip("V", 2, [(80.0, 2.0), (45.0, 1.0)]),
        708: trip("V", 2, [(115.0, 6.0), (120.0, 0.2), (125.0, 0.1)]),
        709: trip("Hz", 3, [(47.5, 2.0), (47.0, 0.1)]),
        710: trip("Hz", 3, [(51.5, 2.0), (52.0, 0.1)]),
        711: {"Ena": 1, "AdptCtlReq": 1, "AdptCtlRslt": 1, "NCtl": 2, "Db_SF": -3, "K_SF": -3, "RspTms_SF": -1}
        | {
            "Ctl": [
                {"DbOf": 200, "DbUf": 200, "KOf": 20, "KUf": 50, "RspTms": 10, "PMin": -100, "ReadOnly": 1},
                {"DbOf": 36, "DbUf": 36, "KOf": 50, "KUf": 50, "RspTms": 50, "PMin": 0, "ReadOnly": 0},
            ]
        },
        713: {"WHRtg": 600, "SoC": 55, "WH_SF": 2, "Pct_SF": 0},
    }


def volt_var(reference: int, shares: list[int]) -> dict[str, Any]:
    points = [{"V": v, "Var": q} for v, q in zip([930, 970, 1030, 1070], shares, strict=True)]
    return {"ActPt": 4, "DeptRef": reference, "Pri": 1, "RspTms": 10, "ReadOnly": 1, "Pt": points}


def read(models: Mapping[int, Mapping[str, Any]]) -> DerRegisters:
    with modbus.serving(modbus.image_of(models)) as server:
        registers = asyncio.run(read_settings("127.0.0.1", server.server_address[1], 1, 2.0))
        assert set(server.functions) == {3}  # reading alone
    return registers


@pytest.fixture(scope="module")
def registers() -> DerRegisters:
    return read(device_models())


def by_name(checks: tuple[SettingCheck, ...]) -> dict[str, SettingCheck]:
    return {check.parameter: check for check in checks}


def test_registers_come_scaled_and_under_the_names_of_the_reference_inverter(registers: DerRegisters) -> None:
    settings = replace(DerSettings.from_profile(PROFILE), reconnect_random=5.0)
    own = setting_registers(Rating.declared({"rated_power": 11_000}), settings)
    shared = set(own) & set(registers)
    assert len(shared) > 45
    assert {name: registers[name] for name in shared} == pytest.approx({name: own[name] for name in shared}, abs=1e-9)
    assert registers["713.SoC"] == pytest.approx(0.55)
    assert registers["713.WHRtg"] == 60_000
    assert registers["704.WMaxLimPct"] == pytest.approx(0.6)


def test_what_is_not_implemented_or_not_in_force_is_not_there(registers: DerRegisters) -> None:
    assert "702.AMaxRtg" not in registers
    assert not any(name.endswith((".ID", ".L", "_SF")) for name in registers)
    assert "707.Crv.MustTrip.Pt3.V" not in registers
    assert registers["711.Ctl.DbOf"] == pytest.approx(0.2)


def test_a_device_that_is_set_as_asked_agrees(registers: DerRegisters) -> None:
    checks = compare_settings(registers, PROFILE)
    decided = [check for check in checks if check.agrees is not None]
    assert len(decided) == 23
    assert all(check.agrees for check in decided), [str(check) for check in decided if not check.agrees]


def test_what_sunspec_cannot_express_is_said(registers: DerRegisters) -> None:
    silent = {check.parameter for check in compare_settings(registers, PROFILE) if check.agrees is None}
    assert silent == {name for name in UNREADABLE if name in PROFILE}
    assert {"rocof", "trip_rocof", "lfsmu_charge_curve"} <= silent


@pytest.mark.parametrize(
    ("name", "value", "parameter"),
    [
        ("703.ESHzHi", 50.1, "reconnect_frequency"),
        ("703.ESVLo", 0.9, "reconnect_voltage"),
        ("703.ESDlyTms", 30, "reconnect_wait"),
        ("703.ESRmpTms", 60, "reconnect_gradient"),
        ("703.ESRndTms", 600, "reconnect_random"),
        ("711.Ctl.DbOf", 0.5, "lfsmo_threshold"),
        ("711.Ctl.KOf", 0.05, "lfsmo_droop"),
        ("711.Ctl.DbUf", 0.3, "lfsmu_threshold"),
        ("711.Ctl.KUf", 0.02, "lfsmu_droop"),
        ("711.Ctl.RspTms", 30, "lfsmo_rise"),
        ("711.Ena", 0, "lfsmo_droop"),
        ("707.Crv.MustTrip.Pt1.V", 0.85, "trip_u_under"),
        ("707.Crv.MustTrip.Pt2.Tms", 3.0, "trip_u_under_2"),
        ("708.Crv.MustTrip.Pt3.V", 1.1, "trip_u_over_3"),
        ("709.Crv.MustTrip.Pt1.Tms", 0.5, "trip_f_under"),
        ("710.Crv.MustTrip.Pt1.Hz", 50.5, "trip_f_over"),
        ("710.Ena", 0, "trip_f_over"),
        ("705.Crv.Pt1.Var", 0.44, "qu_curve"),
        ("705.Crv.RspTms", 60, "qu_time"),
        ("706.Crv.Pt2.W", 0.2, "voltwatt_curve"),
        ("704.AntiIslEna", 0, "islanding_time"),
    ],
)
def test_each_wrong_setting_is_found_where_it_is(
    registers: DerRegisters, name: str, value: float, parameter: str
) -> None:
    wrong = by_name(compare_settings({**registers, name: value}, PROFILE))
    assert wrong[parameter].agrees is False


def test_a_longer_wait_and_a_quicker_response_are_as_asked(registers: DerRegisters) -> None:
    checks = compare_settings({**registers, "703.ESDlyTms": 300, "711.Ctl.RspTms": 0.2}, PROFILE)
    assert all(check.agrees is not False for check in checks)


def test_a_stage_that_the_code_does_not_have_would_end_what_it_asks_to_ride_through(registers: DerRegisters) -> None:
    extra = {"709.Crv.MustTrip.Pt3.Hz": 49.0, "709.Crv.MustTrip.Pt3.Tms": 2.0}
    wrong = [check for check in compare_settings({**registers, **extra}, PROFILE) if check.agrees is False]
    assert [check.seen for check in wrong] == ["49 Hz"]


@pytest.mark.parametrize(
    ("name", "parameter"), [("703.ESDlyTms", "reconnect_wait"), ("704.AntiIslEna", "islanding_time")]
)
def test_a_point_that_the_device_does_not_have_is_no_agreement(
    registers: DerRegisters, name: str, parameter: str
) -> None:
    kept = {key: value for key, value in registers.items() if key != name}
    assert by_name(compare_settings(kept, PROFILE))[parameter].agrees is None


def test_no_register_means_no_agreement_anywhere() -> None:
    assert {check.agrees for check in compare_settings({}, PROFILE)} == {None}


def test_a_function_that_is_off_is_not_taken_for_set(registers: DerRegisters) -> None:
    checks = by_name(compare_settings({**registers, "705.Ena": 0}, PROFILE))
    assert checks["qu_curve"].agrees is None
    assert "off" in checks["qu_curve"].note


def test_another_reference_of_a_curve_is_converted() -> None:
    models = device_models()
    models[705]["Crv"] = [volt_var(1, [600, 0, 0, -600])]  # of the rated reactive power, half of the apparent
    assert read(models)["705.Crv.Pt1.Var"] == pytest.approx(0.3)


def test_a_reference_that_nobody_knows_leaves_the_curve_out() -> None:
    models = device_models()
    models[705]["Crv"] = [volt_var(2, [600, 0, 0, -600])]  # of what is available just now
    registers = read(models)
    assert "705.Crv.Pt1.Var" not in registers
    assert by_name(compare_settings(registers, PROFILE))["qu_curve"].agrees is None


@pytest.mark.parametrize(("first", "second"), [("nl", "de-4105-2018"), ("be", "at")])
def test_a_device_set_for_another_country_disagrees(first: str, second: str) -> None:
    own, other = load(first), load(second)
    image = setting_registers(Rating.declared({"rated_power": 11_000}), DerSettings.from_profile(own))
    assert all(check.agrees is not False for check in compare_settings(image, own))
    assert any(check.agrees is False for check in compare_settings(image, other))


def test_a_device_without_the_models_is_an_error() -> None:
    with pytest.raises(InstrumentError, match="none of the SunSpec models 701 to 714"):
        read({1: device_models()[1]})


def test_what_is_no_sunspec_device_is_an_error() -> None:
    with (
        modbus.serving(b"\0" * 400) as server,
        pytest.raises(InstrumentError, match="not SunSpec register map") as error,
    ):
        asyncio.run(read_settings("127.0.0.1", server.server_address[1], 1, 1.0))
    assert "\n" not in str(error.value)


def test_a_map_that_breaks_off_is_an_error() -> None:
    image = modbus.image_of(device_models())[:700]
    with modbus.serving(image) as server, pytest.raises(InstrumentError, match="cannot read"):
        asyncio.run(read_settings("127.0.0.1", server.server_address[1], 1, 1.0))


def test_a_silent_device_is_an_error() -> None:
    with modbus.serving(b"", silent=True) as server, pytest.raises(InstrumentError, match="cannot read"):
        asyncio.run(read_settings("127.0.0.1", server.server_address[1], 1, 0.2))


def test_nobody_there_is_an_error() -> None:
    with pytest.raises(InstrumentError, match="cannot read 127.0.0.1:9 unit 1"):
        asyncio.run(read_settings("127.0.0.1", 9, 1, 1.0))
