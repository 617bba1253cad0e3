"""The classes themselves."""

from __future__ import annotations

import dataclasses
import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.iso15118 import messages
from v2gready.protocols.iso15118.codec import MessageSet
from v2gready.protocols.iso15118.messages import (
    BPT_AC_CPDReqEnergyTransferMode,
    DC_ChargeLoopRes,
    MessageHeader,
    RationalNumber,
    ResponseCode,
    SessionSetupReq,
    SessionSetupRes,
    V2GRequest,
    V2GResponse,
)

CLASSES = [one for name in messages.__all__ if isinstance(one := getattr(messages, name), type)]


@pytest.mark.parametrize("declaration", [c for c in CLASSES if not issubclass(c, enum.Enum)])
def test_every_class_is_a_frozen_dataclass_of_keywords(declaration: type) -> None:
    assert dataclasses.is_dataclass(declaration)
    assert declaration.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert all(field.kw_only for field in dataclasses.fields(declaration))
    assert "__dict__" not in dir(declaration)


@pytest.mark.parametrize("declaration", [c for c in CLASSES if issubclass(c, enum.Enum)])
def test_enumerations_count_from_zero(declaration: type[enum.IntEnum]) -> None:
    """Their values are the numbers on the wire."""
    assert [member.value for member in declaration] == list(range(len(declaration)))


def test_requests_and_responses_are_told_apart() -> None:
    header = MessageHeader(SessionID=bytes(8), TimeStamp=0)
    assert isinstance(SessionSetupReq(Header=header, EVCCID=""), V2GRequest)
    assert isinstance(SessionSetupRes(Header=header, ResponseCode=ResponseCode.OK, EVSEID=""), V2GResponse)
    for member in (MessageSet.COMMON, MessageSet.AC, MessageSet.DC):
        for declaration in member.schema.messages:
            base = V2GRequest if declaration.__name__.endswith("Req") else V2GResponse
            assert issubclass(declaration, base)


def test_fields_come_in_the_order_of_the_schema() -> None:
    assert [field.name for field in dataclasses.fields(DC_ChargeLoopRes)] == [
        *("Header", "ResponseCode", "EVSEStatus", "MeterInfo", "Receipt"),
        *("EVSEPresentCurrent", "EVSEPresentVoltage"),
        *("EVSEPowerLimitAchieved", "EVSECurrentLimitAchieved", "EVSEVoltageLimitAchieved", "CLResControlMode"),
    ]
    assert [field.name for field in dataclasses.fields(BPT_AC_CPDReqEnergyTransferMode)][::3] == [
        *("EVMaximumChargePower", "EVMinimumChargePower", "EVMaximumDischargePower", "EVMinimumDischargePower"),
    ]


def test_response_codes() -> None:
    """Reference 3.3: 5 to 20 are warnings, 21 to 39 failures."""
    assert len(ResponseCode) == 40
    assert all(ResponseCode(number).name.startswith("WARNING_") for number in range(5, 21))
    assert all(ResponseCode(number).name.startswith("FAILED") for number in range(21, 40))
    assert ResponseCode.FAILED_SequenceError == 34
    assert ResponseCode.FAILED_UnknownSession == 38


@pytest.mark.parametrize(
    ("value", "exponent", "scaled"),
    [
        (0, 0, 0),
        (400, 0, 400),
        (-32768, 0, -32768),
        (22000, 0, 22000),
        (150000, 1, 15000),
        (3750000, 3, 3750),
        (0.5, -1, 5),
        (399.8, -1, 3998),
        (-25.25, -2, -2525),
        (0.001, -3, 1),
        (50.0001, 0, 50),
        (32767000, 3, 32767),
    ],
)
def test_rational_numbers_of_usual_values(value: float, exponent: int, scaled: int) -> None:
    assert RationalNumber.of(value) == RationalNumber(Exponent=exponent, Value=scaled)


def test_floats_that_mean_a_decimal_are_taken_for_it() -> None:
    """0.1 is not exactly a tenth, but its RationalNumber is, and it comes back as 0.1."""
    for tenths in range(-5000, 5001):
        assert float(RationalNumber.of(tenths / 10)) == tenths / 10


@given(st.floats(min_value=-32767000, max_value=32767000))
def test_no_other_rational_number_is_nearer(value: float) -> None:
    number = RationalNumber.of(value)
    assert -3 <= number.Exponent <= 3
    error = abs(float(number) - value)
    for exponent in range(-3, 4):
        scaled = min(max(round(value / 10**exponent), -32768), 32767)
        other = RationalNumber(Exponent=exponent, Value=scaled)
        assert error <= abs(float(other) - value) + 1e-9


@pytest.mark.parametrize("value", [32767500.1, -4e7, float("inf"), float("nan")])
def test_what_no_rational_number_can_hold(value: float) -> None:
    with pytest.raises(ValueError, match="RationalNumber"):
        RationalNumber.of(value)


@pytest.mark.parametrize(
    ("exponent", "value", "expected"), [(-3, 1, 0.001), (2, -5, -500.0), (127, 1, 1e127), (-128, 3, 3e-128)]
)
def test_float_of_a_rational_number(exponent: int, value: int, expected: float) -> None:
    assert float(RationalNumber(Exponent=exponent, Value=value)) == expected
