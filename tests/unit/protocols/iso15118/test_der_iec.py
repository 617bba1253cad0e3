"""AC_DER_IEC against the reference's own numbers, and octet by octet against a second implementation.

The second implementation shares nothing with the codec but the names of fields: content models are written down below
as the reference writes them (3.3, 3.4, 3.6), and bits are made from them by the rules of 2.1 and 2.5.
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from unit.protocols.exi.bitwriter import BitWriter
from unit.protocols.exi.strategies import fullest, objects
from v2gready.protocols.exi import ExiDecodeError, ExiEncodeError
from v2gready.protocols.exi.grammar import grammar_of
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, energy_set, message_set
from v2gready.protocols.iso15118.messages import ac, der_iec

HEADER = m.MessageHeader(SessionID=bytes(8), TimeStamp=0)
ZERO = m.RationalNumber(Exponent=0, Value=0)

# `A?` optional, `A^` is A, A_L2?, A_L3?; `A^?` the same with A optional; without a type an element is a RationalNumber.
PT1A = "PT1ResponseActivePower:bool StepResponseTimeConstantActivePower"
PT1R = "PT1ResponseReactivePower:bool StepResponseTimeConstantReactivePower"
AC_REQ = "EVMaximumChargePower^ EVMinimumChargePower^"
AC_RES = (
    "EVSEMaximumChargePower^ EVSEMinimumChargePower^ EVSENominalFrequency MaximumPowerAsymmetry?"
    " EVSEPowerRampLimitation? EVSEPresentActivePower^?"
)
SCHEDULED_REQ = (
    "EVTargetEnergyRequest? EVMaximumEnergyRequest? EVMinimumEnergyRequest?"
    " EVMaximumChargePower^? EVMinimumChargePower^? EVPresentActivePower^ EVPresentReactivePower^?"
)
DYNAMIC_REQ = (
    "DepartureTime:unsigned? EVTargetEnergyRequest EVMaximumEnergyRequest EVMinimumEnergyRequest"
    " EVMaximumChargePower^ EVMinimumChargePower^ EVPresentActivePower^ EVPresentReactivePower^"
)
SCHEDULED_RES = "EVSETargetActivePower^? EVSETargetReactivePower^? EVSEPresentActivePower^?"
DYNAMIC_RES = (
    "DepartureTime:unsigned? MinimumSOC:percent? TargetSOC:percent? AckMaxDelay:unsigned?"
    " EVSETargetActivePower^ EVSETargetReactivePower^? EVSEPresentActivePower^?"
)
DER_REQ = (
    " EVMaximumDischargePower^ EVMinimumDischargePower^ EVMaximumChargeReactivePower^?"
    " EVMaximumDischargeReactivePower^? GridEventCondition:byte"
)
DER_RES = (
    " EVSEMaximumChargePower^ EVSEMaximumDischargePower^ DSOMaximumDischargePower^?"
    " DSOQSetpoint:DSOQSetpoint? DSOCosPhiSetpoint:DSOCosPhiSetpoint?"
)
MODELS = {
    "RationalNumber": "Exponent:exponent Value:signed",
    "AC_CPDReqEnergyTransferMode": AC_REQ,
    "BPT_AC_CPDReqEnergyTransferMode": f"{AC_REQ} EVMaximumDischargePower^ EVMinimumDischargePower^",
    "DER_AC_CPDReqEnergyTransferMode": f"{AC_REQ} EVProcessing:2 EVMaximumDischargePower^ EVMinimumDischargePower^"
    " EVSessionTotalDischargeEnergyAvailable? EVReactivePowerLimits:EVReactivePowerLimits?",
    "EVReactivePowerLimits": "EVMaximumChargeReactivePower^ EVMinimumChargeReactivePower^?"
    " EVMaximumDischargeReactivePower^ EVMinimumDischargeReactivePower^?",
    "AC_CPDResEnergyTransferMode": AC_RES,
    "BPT_AC_CPDResEnergyTransferMode": f"{AC_RES} EVSEMaximumDischargePower^ EVSEMinimumDischargePower^",
    "DER_AC_CPDResEnergyTransferMode": f"{AC_RES} EVSENominalChargePower^ EVSENominalDischargePower^"
    " EVSEMaximumDischargePower^ EVOperatingMode:1 GridConnectionMode:1 DERControl:DERControl",
    "DERControl": "OvervoltageFaultRideThrough:FaultRideThrough? UndervoltageFaultRideThrough:FaultRideThrough?"
    " ZeroCurrent:ZeroCurrent? ReactivePowerSupport:ReactivePowerSupport? ActivePowerSupport:ActivePowerSupport?"
    " MaximumLevelDCInjection?",
    "FaultRideThrough": "VoltageLimitStartFRT VoltageLimitStopFRT? VoltageRecoveryLimit?"
    f" VoltageRideThroughPositiveCurveKFactor? VoltageRideThroughNegativeCurveKFactor? {PT1A} {PT1R}",
    "ZeroCurrent": "OverVoltageLimit? UnderVoltageLimit? OverVoltageRecoveryLimit? UnderVoltageRecoveryLimit?"
    f" {PT1A} {PT1R}",
    "ReactivePowerSupport": "one of VoltVar:DERCurve WattVar:DERCurve WattCosPhi:DERCurve",
    "ActivePowerSupport": "UnderFrequencyWatt:FrequencyWatt? OverFrequencyWatt:FrequencyWatt? VoltWatt:VoltWatt?",
    "DERCurve": "xUnit:3 yUnit:3 CurveDataPoints:CurveDataPointList MinCosPhi? LockValueUnit:3? LockInValue?"
    f" LockOutValue? {PT1R} IntentionalDelay?",
    "CurveDataPointList": "CurveDataPoint:CurveDataPoint*2-10",
    "CurveDataPoint": "xValue yValue:SetpointExcitation",
    "SetpointExcitation": "SetpointValue Excitation:1?",
    "FrequencyWatt": "Fstart Fstop IntentionalDelayFstop:unsigned? Slope DeactivationTime:unsigned?"
    " IntentionalDelayPowerControl:unsigned? PowerReference:1 HysteresisControl:bool PowerUpRamp:unsigned?"
    f" {PT1A}",
    "VoltWatt": f"PowerReference:1 UStart UStop {PT1A} IntentionalDelayPowerControl:unsigned?",
    "Scheduled_AC_CLReqControlMode": SCHEDULED_REQ,
    "BPT_Scheduled_AC_CLReqControlMode": f"{SCHEDULED_REQ} EVMaximumDischargePower^? EVMinimumDischargePower^?",
    "DER_Scheduled_AC_CLReqControlMode": SCHEDULED_REQ + DER_REQ,
    "Dynamic_AC_CLReqControlMode": DYNAMIC_REQ,
    "BPT_Dynamic_AC_CLReqControlMode": f"{DYNAMIC_REQ} EVMaximumDischargePower^ EVMinimumDischargePower^"
    " EVMaximumV2XEnergyRequest? EVMinimumV2XEnergyRequest?",
    "DER_Dynamic_AC_CLReqControlMode": f"{DYNAMIC_REQ}{DER_REQ} EVMaximumV2XEnergyRequest?"
    " EVMinimumV2XEnergyRequest? EVSessionTotalDischargeEnergyAvailable?",
    "Scheduled_AC_CLResControlMode": SCHEDULED_RES,
    "BPT_Scheduled_AC_CLResControlMode": SCHEDULED_RES,
    "DER_Scheduled_AC_CLResControlMode": SCHEDULED_RES + DER_RES,
    "Dynamic_AC_CLResControlMode": DYNAMIC_RES,
    "BPT_Dynamic_AC_CLResControlMode": DYNAMIC_RES,
    "DER_Dynamic_AC_CLResControlMode": DYNAMIC_RES + DER_RES,
    "DSOQSetpoint": f"DSOQSetpointValue^ {PT1R}",
    "DSOCosPhiSetpoint": f"DSOCosPhiSetpointValue^ Excitation:1 {PT1R}",
}
CPD_CODES = {"AC": "00", "BPT": "01", "DER": "10"}
LOOP_CODES = {"BPT_Dynamic": 0, "BPT_Scheduled": 1, "DER_Dynamic": 3, "DER_Scheduled": 4, "Dynamic": 5, "Scheduled": 6}


def particles(model: str) -> list[tuple[str, str, int, int]]:
    """Name, type, least and most occurrences of each element of a content model."""
    found: list[tuple[str, str, int, int]] = []
    for word in model.split():
        optional = word.endswith("?")
        name, _, kind = word.removesuffix("?").partition(":")
        kind, _, span = kind.partition("*")
        least, most = (int(one) for one in span.split("-")) if span else (0 if optional else 1, 1)
        phases = name.endswith("^")
        name = name.removesuffix("^")
        found.append((name, kind or "RationalNumber", least, most))
        if phases:
            found += [(f"{name}_L{line}", "RationalNumber", 0, 1) for line in (2, 3)]
    return found


def code(choices: int, number: int) -> str:
    """Event code: ceil(log2(n + 1)) bits, since `strict` is false."""
    return f"{number:0{choices.bit_length()}b}"


def element(out: BitWriter, kind: str, value: Any) -> None:
    """Content of an element behind its start, its end included."""
    if kind in MODELS:
        content(out, MODELS[kind], value)
        return
    out.raw("0")
    match kind:
        case "bool":
            out.raw(str(int(value)))
        case "percent":
            out.raw(f"{value:07b}")
        case "byte":
            out.raw(f"{value:08b}")
        case "exponent":
            out.raw(f"{value + 128:08b}")
        case "signed":
            out.raw("1" if value < 0 else "0").unsigned(-value - 1 if value < 0 else value)
        case "unsigned":
            out.unsigned(value)
        case _:
            out.raw(f"{int(value):0{int(kind)}b}")
    out.raw("0")


def content(out: BitWriter, model: str, value: Any) -> None:
    """A content model, with the event that ends the element."""
    if model.startswith("one of "):
        choice(out, particles(model.removeprefix("one of ")), value)
        return
    slots: list[tuple[str, str, bool]] = []
    for name, kind, least, most in particles(model):
        slots += [(name, kind, position < least) for position in range(most)]
    taken: dict[str, int] = {}
    at = 0
    while True:
        ahead: list[int] = []  # what may come here: up to the first that must, each name once, else the end as well
        for index, (name, _, must) in enumerate(slots[at:], at):
            if all(name != slots[other][0] for other in ahead):
                ahead.append(index)
            if must:
                break
        ends = not any(slots[index][2] for index in ahead)
        choices = len(ahead) + ends
        for number, index in enumerate(ahead):
            name, kind, _ = slots[index]
            held = getattr(value, name)
            items = held if isinstance(held, tuple) else (() if held is None else (held,))
            if taken.get(name, 0) < len(items):
                out.raw(code(choices, number))
                element(out, kind, items[taken.get(name, 0)])
                taken[name] = taken.get(name, 0) + 1
                at = index + 1
                break
        else:
            assert ends
            out.raw(code(choices, len(ahead)))
            return


def choice(out: BitWriter, branches: list[tuple[str, str, int, int]], value: Any) -> None:
    """One of the branches, then the end of the element."""
    [(number, name, kind)] = [
        (number, name, kind) for number, (name, kind, _, _) in enumerate(branches) if getattr(value, name) is not None
    ]
    out.raw(code(len(branches), number))
    element(out, kind, getattr(value, name))
    out.raw(code(1, 0))


def document(message: Any) -> bytes:
    """A document with a header without signature, and nothing optional before the slot."""
    roots = {"AC_ChargeLoopReq": 2, "AC_ChargeLoopRes": 3}
    roots |= {"AC_ChargeParameterDiscoveryReq": 4, "AC_ChargeParameterDiscoveryRes": 5}
    out = BitWriter().raw("10000000").raw(f"{roots[type(message).__name__]:06b}")
    out.raw("0 0 0").binary(bytes(8)).raw("0 0 0").unsigned(0).raw("0 01")
    if isinstance(message, m.V2GResponse):
        out.raw("0 0").raw(f"{message.ResponseCode:06b}").raw("0")
    loop = isinstance(message, m.ChargeLoopReq | m.ChargeLoopRes)
    mode: Any = getattr(message, "CLReqControlMode", None) or getattr(message, "CLResControlMode", None)
    if isinstance(message, m.ChargeLoopReq):
        # DisplayParameters? MeterInfoRequested
        out.raw("01 0").raw(str(int(message.MeterInfoRequested))).raw("0")
    if loop:
        kind = type(mode).__name__.partition("_AC_")[0]
        number = LOOP_CODES[kind]
        # The response has four optional elements before the seven members: EVSEStatus MeterInfo Receipt, frequency.
        out.raw(f"{number + 4:04b}" if isinstance(message, m.ChargeLoopRes) else f"{number:03b}")
    else:
        mode = message.EnergyTransferMode
        out.raw(CPD_CODES[type(mode).__name__.partition("_")[0]])
    content(out, MODELS[type(mode).__name__], mode)
    # Nothing comes behind the slot but the end.
    return bytes(out.raw("0"))


def message_with(mode: Any) -> Any:
    """The message that carries a mode, with nothing else that is optional."""
    name = type(mode).__name__
    if name.endswith("CPDReqEnergyTransferMode"):
        return der_iec.AC_ChargeParameterDiscoveryReq(Header=HEADER, EnergyTransferMode=mode)
    if name.endswith("CPDResEnergyTransferMode"):
        return der_iec.AC_ChargeParameterDiscoveryRes(
            Header=HEADER, ResponseCode=m.ResponseCode.FAILED_WrongChargeParameter, EnergyTransferMode=mode
        )
    if name.endswith("CLReqControlMode"):
        return der_iec.AC_ChargeLoopReq(Header=HEADER, MeterInfoRequested=True, CLReqControlMode=mode)
    return der_iec.AC_ChargeLoopRes(Header=HEADER, ResponseCode=m.ResponseCode.OK, CLResControlMode=mode)


MODES = [getattr(m, name) for name in MODELS if "_AC_" in f"_{name}"]


@pytest.mark.parametrize("declaration", MODES)
def test_the_second_implementation_writes_the_same_octets(declaration: type[Any]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(objects(declaration))
    def check(mode: Any) -> None:
        message = message_with(mode)
        data = document(message)
        assert encode(message) == data
        assert decode(MessageSet.AC_DER_IEC, data) == message

    check()
    for branch in range(2):
        message = message_with(fullest(declaration, branch))
        assert encode(message) == document(message)


def test_every_type_of_the_set_is_in_the_second_implementation() -> None:
    declared = {name for name, value in vars(der_iec).items() if getattr(value, "__module__", "") == der_iec.__name__}
    types = {name for name in declared if not issubclass(getattr(der_iec, name), enum.Enum)}
    assert types - set(MODELS) == {one.__name__ for one in der_iec.MESSAGES}


def test_codes_of_the_members() -> None:
    """Reference 2.5."""

    def names(declaration: type, field: str) -> list[str]:
        particle = next(one for one in grammar_of(declaration).particles if field in one.fields)
        return [production.name for production in particle.productions]

    assert names(der_iec.AC_ChargeParameterDiscoveryReq, "EnergyTransferMode") == [
        "AC_CPDReqEnergyTransferMode",
        "BPT_AC_CPDReqEnergyTransferMode",
        "DER_AC_CPDReqEnergyTransferMode",
    ]
    assert names(der_iec.AC_ChargeLoopRes, "CLResControlMode") == [
        *("BPT_Dynamic_AC_CLResControlMode", "BPT_Scheduled_AC_CLResControlMode", "CLResControlMode"),
        *("DER_Dynamic_AC_CLResControlMode", "DER_Scheduled_AC_CLResControlMode"),
        *("Dynamic_AC_CLResControlMode", "Scheduled_AC_CLResControlMode"),
    ]


def test_bpt_modes_are_the_same_octets_as_in_plain_ac_and_plain_ones_are_not() -> None:
    """Reference 2.5: so the grammar has to be known, and must not be tried out."""
    present = {"EVPresentActivePower": ZERO}
    bpt = m.BPT_Scheduled_AC_CLReqControlMode(**present)
    plain = m.Scheduled_AC_CLReqControlMode(**present)
    fields: dict[str, Any] = {"Header": HEADER, "MeterInfoRequested": False}
    der = {mode: encode(der_iec.AC_ChargeLoopReq(**fields, CLReqControlMode=mode)) for mode in (bpt, plain)}
    usual = {mode: encode(ac.AC_ChargeLoopReq(**fields, CLReqControlMode=mode)) for mode in (bpt, plain)}
    assert der[bpt] == usual[bpt]
    assert der[plain] != usual[plain]
    assert decode(MessageSet.AC_DER_IEC, usual[bpt]) == der_iec.AC_ChargeLoopReq(**fields, CLReqControlMode=bpt)


def test_the_abstract_control_mode_is_refused() -> None:
    data = bytearray(encode(message_with(m.BPT_Scheduled_AC_CLReqControlMode(EVPresentActivePower=ZERO))))
    bits = "".join(f"{byte:08b}" for byte in data)
    slot = (
        8 + 6 + 3 + 8 + 64 + 3 + 8 + 3 + 2 + 3
    )  # header, root, SessionID, TimeStamp, end of header, MeterInfoRequested
    assert bits[slot : slot + 3] == "001"
    wrong = bits[:slot] + "010" + bits[slot + 3 :]
    with pytest.raises(ExiDecodeError, match="abstract"):
        decode(MessageSet.AC_DER_IEC, int(wrong, 2).to_bytes(len(data)))


POINT = m.CurveDataPoint(xValue=ZERO, yValue=m.SetpointExcitation(SetpointValue=ZERO))
CURVE = m.DERCurve(
    xUnit=m.CurveUnit.V,
    yUnit=m.CurveUnit.var,
    CurveDataPoints=m.CurveDataPointList(CurveDataPoint=(POINT, POINT)),
    PT1ResponseReactivePower=False,
    StepResponseTimeConstantReactivePower=ZERO,
)


def parameters(control: m.DERControl) -> m.DER_AC_CPDResEnergyTransferMode:
    """Parameters of a charger without power, with these settings."""
    limits = {"EVSEMaximumChargePower": ZERO, "EVSEMinimumChargePower": ZERO, "EVSENominalFrequency": ZERO}
    return m.DER_AC_CPDResEnergyTransferMode(
        **limits,
        EVSENominalChargePower=ZERO,
        EVSENominalDischargePower=ZERO,
        EVSEMaximumDischargePower=ZERO,
        EVOperatingMode=m.EvOperatingMode.GridFollowing,
        GridConnectionMode=m.GridConnectionMode.GridConnected,
        DERControl=control,
    )


@pytest.mark.parametrize("points", [0, 1, 11])
def test_a_curve_has_two_to_ten_points(points: int) -> None:
    curve = replace(CURVE, CurveDataPoints=m.CurveDataPointList(CurveDataPoint=(POINT,) * points))
    mode = parameters(m.DERControl(ReactivePowerSupport=m.ReactivePowerSupport(VoltVar=curve)))
    with pytest.raises(ExiEncodeError, match=r"allowed are 2\.\.10"):
        encode(message_with(mode))


@pytest.mark.parametrize("names", [(), ("VoltVar", "WattCosPhi")])
def test_of_the_characteristics_one_is_sent(names: tuple[str, ...]) -> None:
    support = m.ReactivePowerSupport(**dict.fromkeys(names, CURVE))
    with pytest.raises(ExiEncodeError, match="WattCosPhi"):
        encode(message_with(parameters(m.DERControl(ReactivePowerSupport=support))))


def test_the_set_of_a_frame() -> None:
    """The payload type tells; where a peer keeps that of AC, the namespace does."""
    assert energy_set(MessageSet.AC.urn, 0x8003) is MessageSet.AC
    assert energy_set(MessageSet.AC_DER_IEC.urn, 0x8010) is MessageSet.AC_DER_IEC
    assert energy_set(MessageSet.AC_DER_IEC.urn, 0x8003) is MessageSet.AC_DER_IEC
    assert energy_set(MessageSet.DC.urn, 0x8004) is MessageSet.DC
    assert energy_set(MessageSet.DC.urn, 0x8002) is None
    assert message_set(der_iec.AC_ChargeLoopReq) is MessageSet.AC_DER_IEC
    assert message_set(ac.AC_ChargeLoopReq) is MessageSet.AC
