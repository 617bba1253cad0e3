"""Our EXI codec against EXIficient: the same bytes for 5,000 random messages of all types, and for fragments."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from unit.protocols.exi.strategies import examples, fullest
from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import messages, schemas
from v2gready.protocols.iso15118.codec import (
    DER_SETS,
    MessageSet,
    decode,
    decode_fragment,
    encode,
    encode_fragment,
    from_plain,
    message_set,
    to_plain,
)
from v2gready.protocols.iso15118.messages import (
    AbsolutePriceSchedule,
    AuthorizationReq,
    CertificateInstallationReq,
    EVPowerProfileEntryList,
    PnC_AReqAuthorizationMode,
    PowerScheduleEntryList,
    PriceLevelSchedule,
    PriceLevelScheduleEntryList,
    PriceRuleStackList,
    SignedCertificateChain,
    SignedInfo,
    SignedInstallationData,
    SignedMeteringData,
    SupportedAppProtocolReq,
    SupportedAppProtocolRes,
    SupportedProvidersList,
    xmldsig,
)

if TYPE_CHECKING:
    from interop.josev.oracle import Oracle

pytestmark = pytest.mark.interop

# Josev does not know Amendment 1; `tests/unit/protocols/iso15118/content_models.py` is a second implementation of it.
MESSAGES = [declaration for member in MessageSet if member not in DER_SETS for declaration in member.schema.messages]
# 42 messages
EACH = 120
ROOTS = {
    SupportedAppProtocolReq: "supportedAppProtocolReq",
    SupportedAppProtocolRes: "supportedAppProtocolRes",
}

FRAGMENTS = [
    (None, "SignedInfo", SignedInfo),
    *((member, "SignedInfo", SignedInfo) for member in (MessageSet.COMMON, MessageSet.AC, MessageSet.DC)),
    (MessageSet.COMMON, "PnC_AReqAuthorizationMode", PnC_AReqAuthorizationMode),
    (MessageSet.COMMON, "OEMProvisioningCertificateChain", SignedCertificateChain),
    (MessageSet.COMMON, "SignedInstallationData", SignedInstallationData),
    (MessageSet.COMMON, "SignedMeteringData", SignedMeteringData),
    (MessageSet.COMMON, "AbsolutePriceSchedule", AbsolutePriceSchedule),
    (MessageSet.COMMON, "PriceLevelSchedule", PriceLevelSchedule),
    (MessageSet.COMMON, "AuthorizationReq", AuthorizationReq),
    (MessageSet.COMMON, "CertificateInstallationReq", CertificateInstallationReq),
]


def root(declaration: type) -> str:
    """Name of the element."""
    return ROOTS.get(declaration, declaration.__name__)


def namespace(member: MessageSet | None) -> str:
    """Name of the grammar in the oracle."""
    return xmldsig.NAMESPACE if member is None else member.urn


def upper(plain: Any) -> Any:
    """A plain message with binary values spelled as the oracle does, for comparison."""
    if isinstance(plain, dict):
        return {name: upper(value) for name, value in plain.items()}
    if isinstance(plain, list):
        return [upper(value) for value in plain]
    return plain.upper() if isinstance(plain, str) else plain


def calls(
    operation: str, member: MessageSet | None, *, fragment: bool = False, **each: list[Any]
) -> list[dict[str, Any]]:
    """One call of the oracle per item of the lists."""
    common = {"do": operation, "namespace": namespace(member), "fragment": fragment}
    return [{**common, **dict(zip(each, items, strict=True))} for items in zip(*each.values(), strict=True)]


@pytest.mark.parametrize("declaration", MESSAGES)
def test_messages_have_the_same_bytes(oracle: Oracle, declaration: type[Any]) -> None:
    member = message_set(declaration)
    drawn = examples(declaration, EACH)
    plain = [to_plain(message) for message in drawn]
    answers = oracle.batch(calls("encode", member, message=[{root(declaration): item} for item in plain]))
    for message, item, answer in zip(drawn, plain, answers, strict=True):
        data = encode(message)
        assert {"exi": data.hex()} == answer, item
        assert decode(member, data) == message
        assert from_plain(declaration.__name__, item) == message


@pytest.mark.parametrize("declaration", MESSAGES)
def test_full_messages_have_the_same_bytes(oracle: Oracle, declaration: type[Any]) -> None:
    """Every optional element, every list at its limit, where there is no event code for one more."""
    for branch in range(6):
        message = fullest(declaration, branch)
        data = encode(message)
        assert oracle.encode(message_set(declaration).urn, {root(declaration): to_plain(message)}) == data
        assert decode(message_set(declaration), data) == message


LONG_LISTS = [
    ("EVPowerProfileEntries", EVPowerProfileEntryList, 2048),
    ("PowerScheduleEntries", PowerScheduleEntryList, 1024),
    ("PriceLevelScheduleEntries", PriceLevelScheduleEntryList, 1024),
    ("PriceRuleStacks", PriceRuleStackList, 1024),
]


@pytest.mark.parametrize(("element", "declaration", "limit"), LONG_LISTS)
def test_long_lists_have_the_same_bytes(oracle: Oracle, element: str, declaration: type[Any], limit: int) -> None:
    full = fullest(declaration, most=limit)
    (field,) = dataclasses.fields(declaration)
    items = getattr(full, field.name)
    assert len(items) == limit
    value = declaration(**{field.name: items[1:]})
    data = encode_fragment(element, value, message_set=MessageSet.COMMON)
    assert oracle.encode(MessageSet.COMMON.urn, {element: to_plain(value)}, fragment=True) == data
    assert decode_fragment(data, message_set=MessageSet.COMMON) == (element, value)


@pytest.mark.parametrize(("element", "declaration", "limit"), LONG_LISTS)
def test_a_long_list_at_its_limit_is_a_defect_of_the_oracle(
    oracle: Oracle, element: str, declaration: type[Any], limit: int
) -> None:
    """EXIficient takes a limit as high as 1024 for no limit, and still has a code for one more item.

    By EXI 8.5.4.1.5 only the end of the list is left then, which takes one bit. We follow the standard. Limits up to
    128 are kept by the oracle (`test_full_messages_have_the_same_bytes`, SupportedProviders below).
    """
    full = fullest(declaration, most=limit)
    data = encode_fragment(element, full, message_set=MessageSet.COMMON)
    theirs = oracle.encode(MessageSet.COMMON.urn, {element: to_plain(full)}, fragment=True)
    assert theirs != data
    assert decode_fragment(data, message_set=MessageSet.COMMON) == (element, full)
    with pytest.raises(ExiDecodeError):
        decode_fragment(theirs, message_set=MessageSet.COMMON)


def test_128_providers_have_the_same_bytes(oracle: Oracle) -> None:
    value = fullest(SupportedProvidersList, most=128)
    data = encode_fragment("SupportedProviders", value, message_set=MessageSet.COMMON)
    assert oracle.encode(MessageSet.COMMON.urn, {"SupportedProviders": to_plain(value)}, fragment=True) == data


@pytest.mark.parametrize(
    ("declaration", "lacking"),
    [("SessionSetupReq", "EVCCID"), ("DC_CableCheckRes", "ResponseCode"), ("DC_PreChargeReq", "EVPresentVoltage")],
)
def test_the_escape_of_an_incomplete_message_is_refused(oracle: Oracle, declaration: str, lacking: str) -> None:
    """EXIficient is not strict and writes a second-level event where an element is missing (reference 2.1)."""
    member = message_set(getattr(messages, declaration))
    plain = to_plain(fullest(getattr(messages, declaration)))
    del plain[lacking]
    with pytest.raises(ExiDecodeError, match="unknown event code"):
        decode(member, oracle.encode(member.urn, {declaration: plain}))


@pytest.mark.parametrize("declaration", MESSAGES)
def test_the_oracle_reads_what_we_write(oracle: Oracle, declaration: type[Any]) -> None:
    drawn = examples(declaration, 10)
    answers = oracle.batch(calls("decode", message_set(declaration), exi=[encode(message).hex() for message in drawn]))
    for message, answer in zip(drawn, answers, strict=True):
        assert upper(answer) == upper({"message": {root(declaration): to_plain(message)}})


@pytest.mark.parametrize("declaration", MESSAGES)
def test_string_table_hits_are_read(oracle: Oracle, declaration: type[Any]) -> None:
    """A generic EXI encoder refers back to strings; our own encoder never does (reference 2.6)."""
    member = message_set(declaration)
    drawn = examples(declaration, 30)
    plain = [{root(declaration): to_plain(message)} for message in drawn]
    answers = oracle.batch([{**call, "string_table": True} for call in calls("encode", member, message=plain)])
    for message, answer in zip(drawn, answers, strict=True):
        assert decode(member, bytes.fromhex(answer["exi"])) == message


@pytest.mark.parametrize(("member", "element", "declaration"), FRAGMENTS)
def test_fragments_have_the_same_bytes(
    oracle: Oracle, member: MessageSet | None, element: str, declaration: type[Any]
) -> None:
    values = examples(declaration, 60)
    plain = [{element: to_plain(value)} for value in values]
    answers = oracle.batch(calls("encode", member, fragment=True, message=plain))
    for value, answer in zip(values, answers, strict=True):
        data = encode_fragment(element, value, message_set=member)
        assert {"exi": data.hex()} == answer
        assert decode_fragment(data, message_set=member) == (element, value)


@pytest.mark.parametrize("member", [None, MessageSet.COMMON, MessageSet.AC, MessageSet.DC])
def test_all_fragment_codes_agree(oracle: Oracle, member: MessageSet | None) -> None:
    """Every element of the set whose content is a dataclass: a slip in the numbering cannot hide."""
    schema = schemas.XMLDSIG if member is None else member.schema
    namespaces = Counter(name for name, _ in schema.fragment_codes)
    # The oracle takes elements by name as well, and means another one where two namespaces have the name.
    unique = {name: declaration for name, declaration in schema.fragment_types.items() if namespaces[name] == 1}
    for element, declaration in unique.items():
        (value,) = examples(declaration, 1)
        data = encode_fragment(element, value, message_set=member)
        assert oracle.encode(namespace(member), {element: to_plain(value)}, fragment=True) == data
