"""A second implementation of the message sets of Amendment 1, made of content models that are written down by hand.

It shares nothing with the codec but the names of fields: a set is stated as the reference writes it (3.3, 3.4, 3.6),
and bits are made from that by the rules of 2.1 and 2.5.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, given, settings

from unit.protocols.exi.bitwriter import BitWriter
from unit.protocols.exi.strategies import fullest, objects
from v2gready.protocols.exi.grammar import grammar_of
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode
from v2gready.protocols.iso15118.messages import ac

HEADER = m.MessageHeader(SessionID=bytes(8), TimeStamp=0)
ZERO = m.RationalNumber(Exponent=0, Value=0)

# `A?` optional, `A^` is A, A_L2?, A_L3? of one type; `A^?` the same with A optional; `A:type*2-10` a list. Without a
# type an element is a RationalNumber; a number as type is the bits of an enumeration.
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
AC_MODELS = {
    "RationalNumber": "Exponent:exponent Value:signed",
    "AC_CPDReqEnergyTransferMode": AC_REQ,
    "BPT_AC_CPDReqEnergyTransferMode": f"{AC_REQ} EVMaximumDischargePower^ EVMinimumDischargePower^",
    "AC_CPDResEnergyTransferMode": AC_RES,
    "BPT_AC_CPDResEnergyTransferMode": f"{AC_RES} EVSEMaximumDischargePower^ EVSEMinimumDischargePower^",
    "Scheduled_AC_CLReqControlMode": SCHEDULED_REQ,
    "BPT_Scheduled_AC_CLReqControlMode": f"{SCHEDULED_REQ} EVMaximumDischargePower^? EVMinimumDischargePower^?",
    "Dynamic_AC_CLReqControlMode": DYNAMIC_REQ,
    "BPT_Dynamic_AC_CLReqControlMode": f"{DYNAMIC_REQ} EVMaximumDischargePower^ EVMinimumDischargePower^"
    " EVMaximumV2XEnergyRequest? EVMinimumV2XEnergyRequest?",
    "Scheduled_AC_CLResControlMode": SCHEDULED_RES,
    "BPT_Scheduled_AC_CLResControlMode": SCHEDULED_RES,
    "Dynamic_AC_CLResControlMode": DYNAMIC_RES,
    "BPT_Dynamic_AC_CLResControlMode": DYNAMIC_RES,
}
"""What both sets take over from AC."""

ROOTS = {
    "AC_ChargeLoopReq": 2,
    "AC_ChargeLoopRes": 3,
    "AC_ChargeParameterDiscoveryReq": 4,
    "AC_ChargeParameterDiscoveryRes": 5,
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
        kind = kind or "RationalNumber"
        least, most = (int(one) for one in span.split("-")) if span else (0 if optional else 1, 1)
        phases = name.endswith("^")
        name = name.removesuffix("^")
        found.append((name, kind, least, most))
        if phases:
            found += [(f"{name}_L{line}", kind, 0, 1) for line in (2, 3)]
    return found


def code(choices: int, number: int) -> str:
    """Event code: ceil(log2(n + 1)) bits, since `strict` is false."""
    return f"{number:0{choices.bit_length()}b}"


def message_with(mode: Any, package: ModuleType) -> Any:
    """The message of a set that carries a mode, with nothing else that is optional."""
    name = type(mode).__name__
    if name.endswith("CPDReqEnergyTransferMode"):
        return package.AC_ChargeParameterDiscoveryReq(Header=HEADER, EnergyTransferMode=mode)
    if name.endswith("CPDResEnergyTransferMode"):
        return package.AC_ChargeParameterDiscoveryRes(
            Header=HEADER, ResponseCode=m.ResponseCode.FAILED_WrongChargeParameter, EnergyTransferMode=mode
        )
    if name.endswith("CLReqControlMode"):
        return package.AC_ChargeLoopReq(Header=HEADER, MeterInfoRequested=True, CLReqControlMode=mode)
    return package.AC_ChargeLoopRes(Header=HEADER, ResponseCode=m.ResponseCode.OK, CLResControlMode=mode)


def members(declaration: type, field: str) -> list[str]:
    """Names that the codec knows for the slot of a mode, by event code."""
    particle = next(one for one in grammar_of(declaration).particles if field in one.fields)
    return [production.name for production in particle.productions]


@dataclass(frozen=True, slots=True)
class SecondImplementation:
    """A set of Amendment 1.

    Attributes:
        member: As the codec knows it.
        package: Declarations of the set.
        models: A content model for every type of the set, and for those of AC.
    """

    member: MessageSet
    package: ModuleType
    models: Mapping[str, str]

    @property
    def modes(self) -> list[type]:
        """Whatever can be in the slot of a mode."""
        return [getattr(self.package, name, None) or getattr(ac, name) for name in self.models if "_AC_" in f"_{name}"]

    @property
    def without_model(self) -> set[str]:
        """Names of the declared types that have no content model."""
        declared = {
            name
            for name, value in vars(self.package).items()
            if getattr(value, "__module__", "") == self.package.__name__ and not issubclass(value, enum.Enum)
        }
        return declared - set(self.models)

    def check_octets(self, declaration: type) -> None:
        """Codec and second implementation agree on messages with a mode of this class."""

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(objects(declaration))
        def check(mode: Any) -> None:
            message = message_with(mode, self.package)
            data = self.document(message)
            assert encode(message) == data
            assert decode(self.member, data) == message

        check()
        for branch in range(2):
            message = message_with(fullest(declaration, branch), self.package)
            assert encode(message) == self.document(message)

    def check_modes_of_ac(self) -> None:
        """Modes of BPT are the same octets as in plain AC, and plain ones are not."""
        bpt = m.BPT_Scheduled_AC_CLReqControlMode(EVPresentActivePower=ZERO)
        plain = m.Scheduled_AC_CLReqControlMode(EVPresentActivePower=ZERO)
        der = {mode: encode(message_with(mode, self.package)) for mode in (bpt, plain)}
        usual = {mode: encode(message_with(mode, ac)) for mode in (bpt, plain)}
        assert der[bpt] == usual[bpt]
        assert der[plain] != usual[plain]
        assert decode(self.member, usual[bpt]) == message_with(bpt, self.package)

    def abstract_request(self) -> bytes:
        """A request of the charge loop with the event code of the abstract control mode."""
        mode = m.BPT_Scheduled_AC_CLReqControlMode(EVPresentActivePower=ZERO)
        data = encode(message_with(mode, self.package))
        bits = "".join(f"{byte:08b}" for byte in data)
        # header, root, SessionID, TimeStamp, end of header, MeterInfoRequested
        slot = 8 + 6 + 3 + 8 + 64 + 3 + 8 + 3 + 2 + 3
        assert bits[slot : slot + 3] == "001"
        wrong = bits[:slot] + "010" + bits[slot + 3 :]
        return int(wrong, 2).to_bytes(len(data))

    def document(self, message: Any) -> bytes:
        """A document with a header without signature, and nothing optional before the slot."""
        out = BitWriter().raw("10000000").raw(f"{ROOTS[type(message).__name__]:06b}")
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
        self._content(out, self.models[type(mode).__name__], mode)
        # Nothing comes behind the slot but the end.
        return bytes(out.raw("0"))

    def _element(self, out: BitWriter, kind: str, value: Any) -> None:
        """Content of an element behind its start, its end included."""
        if kind in self.models:
            self._content(out, self.models[kind], value)
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
            case "string":
                out.text(value)  # a repeated one as well (2.6)
            case _:
                out.raw(f"{int(value):0{int(kind)}b}")
        out.raw("0")

    def _content(self, out: BitWriter, model: str, value: Any) -> None:
        """A content model, with the event that ends the element."""
        if model.startswith("one of "):
            self._choice(out, particles(model.removeprefix("one of ")), value)
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
                    self._element(out, kind, items[taken.get(name, 0)])
                    taken[name] = taken.get(name, 0) + 1
                    at = index + 1
                    break
            else:
                assert ends
                out.raw(code(choices, len(ahead)))
                return

    def _choice(self, out: BitWriter, branches: list[tuple[str, str, int, int]], value: Any) -> None:
        """One of the branches, then the end of the element."""
        [(number, name, kind)] = [
            (number, name, kind)
            for number, (name, kind, _, _) in enumerate(branches)
            if getattr(value, name) is not None
        ]
        out.raw(code(len(branches), number))
        self._element(out, kind, getattr(value, name))
        out.raw(code(1, 0))
