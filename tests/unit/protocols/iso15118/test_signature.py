"""Signatures over EXI fragments: what is made holds, and everything that is wrong with one has its name."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.protocols.exi.strategies import examples, objects
from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import signature as xmldsig
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode
from v2gready.protocols.iso15118.signature import Algorithm, Element, Encoding, Flaw

SIGNED = [
    ("PnC_AReqAuthorizationMode", m.PnC_AReqAuthorizationMode),
    ("OEMProvisioningCertificateChain", m.SignedCertificateChain),
    ("SignedInstallationData", m.SignedInstallationData),
    ("SignedMeteringData", m.SignedMeteringData),
    ("AbsolutePriceSchedule", m.AbsolutePriceSchedule),
    ("PriceLevelSchedule", m.PriceLevelSchedule),
]
HEADER = m.MessageHeader(SessionID=bytes(range(8)), TimeStamp=1_700_000_000)


@functools.cache
def key(algorithm: Algorithm) -> Any:
    match algorithm:
        case Algorithm.ECDSA_SHA512:
            return ec.generate_private_key(ec.SECP521R1())
        case Algorithm.EDDSA_ED448:
            return ed448.Ed448PrivateKey.generate()
        case Algorithm.ECDSA_SHA256:
            return ec.generate_private_key(ec.SECP256R1())


P521 = key(Algorithm.ECDSA_SHA512)


def authorization() -> m.AuthorizationReq:
    mode = m.PnC_AReqAuthorizationMode(
        Id="id1",
        GenChallenge=bytes(range(16)),
        ContractCertificateChain=m.ContractCertificateChain(
            Certificate=b"leaf", SubCertificates=m.SubCertificates(Certificate=(b"sub 2", b"sub 1"))
        ),
    )
    return m.AuthorizationReq(
        Header=HEADER, SelectedAuthorizationService=m.Authorization.PnC, AReqAuthorizationMode=mode
    )


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("encoding", Encoding)
def test_a_signed_message_survives_the_wire(algorithm: Algorithm, encoding: Encoding) -> None:
    private = key(algorithm)
    data = encode(xmldsig.sign_message(authorization(), private, encoding=encoding))
    received = decode(MessageSet.COMMON, data)
    assert isinstance(received, m.AuthorizationReq)
    assert received.Header.Signature is not None
    assert len(received.Header.Signature.SignatureValue.value) == algorithm.length
    found = xmldsig.verify_message(received, private.public_key(), lenient=True)
    assert found.valid
    assert (found.algorithm, found.encoding) == (algorithm, encoding)
    assert bool(found.deviations) is not algorithm.standard


@pytest.mark.parametrize(("name", "declaration"), SIGNED)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_signed_element(name: str, declaration: type[Any], data: st.DataObject) -> None:
    value = replace(data.draw(objects(declaration)), Id="id7")
    element = Element(name, value)
    signature = xmldsig.sign([element], P521)
    assert xmldsig.verify(signature, [element], P521.public_key()).valid
    other = Element(name, replace(value, Id="id8"))
    assert xmldsig.verify(signature, [other], P521.public_key()).flaws == {Flaw.WRONG_URI, Flaw.MISSING_REFERENCE}


def test_the_elements_of_each_message() -> None:
    for declaration, name in (
        (m.CertificateInstallationReq, "OEMProvisioningCertificateChain"),
        (m.CertificateInstallationRes, "SignedInstallationData"),
        (m.MeteringConfirmationReq, "SignedMeteringData"),
    ):
        for message in examples(declaration, 3):
            assert [one.name for one in xmldsig.signed_elements(message)] == [name]
    assert xmldsig.signed_elements(m.SessionSetupReq(Header=HEADER, EVCCID="X")) == ()
    found = xmldsig.verify_message(m.SessionSetupReq(Header=HEADER, EVCCID="X"), P521.public_key())
    assert found.flaws == {Flaw.NOTHING_TO_SIGN}


def test_price_schedules_with_an_id_are_signed_together() -> None:
    level = m.PriceLevelSchedule(
        Id="p1",
        TimeAnchor=1,
        PriceScheduleID=1,
        NumberOfPriceLevels=1,
        PriceLevelScheduleEntries=m.PriceLevelScheduleEntryList(
            PriceLevelScheduleEntry=(m.PriceLevelScheduleEntry(Duration=1, PriceLevel=1),)
        ),
    )
    (some,) = examples(m.PowerSchedule, 1)

    def one(number: int, ids: tuple[str | None, str | None]) -> m.ScheduleTuple:
        charging, discharging = (
            m.ChargingSchedule(PowerSchedule=some, PriceSchedule=replace(level, Id=own)) for own in ids
        )
        return m.ScheduleTuple(ScheduleTupleID=number, ChargingSchedule=charging, DischargingSchedule=discharging)

    mode = m.Scheduled_SEResControlMode(ScheduleTuple=(one(1, ("a", "b")), one(2, ("c", None))))
    message = m.ScheduleExchangeRes(
        Header=HEADER,
        ResponseCode=m.ResponseCode.OK,
        EVSEProcessing=m.Processing.Finished,
        SEResControlMode=mode,
    )
    assert [one.id for one in xmldsig.signed_elements(message)] == ["a", "b", "c"]
    signed = xmldsig.sign_message(message, P521)
    assert xmldsig.verify_message(signed, P521.public_key()).valid
    tampered = m.Dynamic_SEResControlMode(PriceSchedule=replace(level, Id="a", NumberOfPriceLevels=2))
    dynamic = replace(signed, SEResControlMode=tampered)
    assert xmldsig.verify_message(dynamic, P521.public_key()).flaws == {Flaw.DIGEST, Flaw.WRONG_URI}
    twins = m.Scheduled_SEResControlMode(ScheduleTuple=(one(1, ("a", "b")), one(2, ("a", None))))
    doubled = replace(signed, SEResControlMode=twins)
    assert Flaw.SAME_ID in xmldsig.verify_message(doubled, P521.public_key()).flaws


def reference(**changes: Any) -> Any:
    def alter(info: m.SignedInfo) -> m.SignedInfo:
        return replace(info, Reference=(replace(info.Reference[0], **changes),))

    return alter


EXI = m.Transform(Algorithm=xmldsig.CANONICAL_EXI)
WRONG = [
    (reference(URI="#id2"), {Flaw.WRONG_URI, Flaw.MISSING_REFERENCE}),
    (reference(URI="id1"), {Flaw.WRONG_URI, Flaw.MISSING_REFERENCE}),
    (reference(URI=None), {Flaw.WRONG_URI, Flaw.MISSING_REFERENCE}),
    (reference(Transforms=None), {Flaw.MISSING_TRANSFORMS}),
    (reference(Transforms=m.Transforms(Transform=(EXI, EXI))), {Flaw.SEVERAL_TRANSFORMS}),
    (reference(Transforms=m.Transforms(Transform=(m.Transform(Algorithm="urn:x"),))), {Flaw.TRANSFORM}),
    (reference(DigestMethod=m.DigestMethod(Algorithm="urn:md5")), {Flaw.DIGEST_METHOD}),
    (reference(DigestMethod=m.DigestMethod(Algorithm=xmldsig.SHA256)), {Flaw.NOT_STANDARD, Flaw.DIGEST}),
    (reference(DigestValue=bytes(64)), {Flaw.DIGEST}),
    (reference(DigestValue=b""), {Flaw.DIGEST}),
    (lambda info: replace(info, Reference=info.Reference * 2), {Flaw.SEVERAL_REFERENCES}),
    (
        lambda info: replace(info, CanonicalizationMethod=m.CanonicalizationMethod(Algorithm="urn:c14n")),
        {Flaw.CANONICALIZATION},
    ),
    (lambda info: replace(info, SignatureMethod=m.SignatureMethod(Algorithm="urn:s")), {Flaw.SIGNATURE_METHOD}),
    (
        lambda info: replace(info, SignatureMethod=m.SignatureMethod(Algorithm=Algorithm.EDDSA_ED448.uri)),
        {Flaw.KEY},
    ),
]


@pytest.mark.parametrize(("alter", "flaws"), WRONG)
def test_a_signature_that_holds_over_a_wrong_signed_info(alter: Any, flaws: set[Flaw]) -> None:
    message = xmldsig.sign_message(authorization(), P521, alter=alter)
    received = decode(MessageSet.COMMON, encode(message))
    assert isinstance(received, m.V2GMessage)
    assert xmldsig.verify_message(received, P521.public_key()).flaws == flaws


@pytest.mark.parametrize("length", [0, 1, 64, 131, 133, 139])
def test_the_length_of_the_value(length: int) -> None:
    message = xmldsig.sign_message(authorization(), P521)
    assert message.Header.Signature is not None
    value = m.SignatureValue(value=bytes(length))
    wrong = replace(message, Header=replace(HEADER, Signature=replace(message.Header.Signature, SignatureValue=value)))
    assert xmldsig.verify_message(wrong, P521.public_key()).flaws == {Flaw.VALUE_LENGTH}


@given(value=st.binary(min_size=132, max_size=132))
def test_no_value_raises(value: bytes) -> None:
    message = xmldsig.sign(xmldsig.signed_elements(authorization()), P521)
    wrong = replace(message, SignatureValue=m.SignatureValue(value=value))
    found = xmldsig.verify(wrong, xmldsig.signed_elements(authorization()), P521.public_key())
    assert found.flaws == {Flaw.VALUE}


def test_absent_and_foreign_keys() -> None:
    assert xmldsig.verify_message(authorization(), P521.public_key()).flaws == {Flaw.ABSENT}
    message = xmldsig.sign_message(authorization(), P521)
    other = ec.generate_private_key(ec.SECP521R1()).public_key()
    assert xmldsig.verify_message(message, other).flaws == {Flaw.VALUE}
    for unfit in (
        rsa.generate_private_key(65537, 2048).public_key(),
        key(Algorithm.EDDSA_ED448).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        None,
    ):
        assert xmldsig.verify_message(message, unfit).flaws == {Flaw.KEY}
    with pytest.raises(ValueError, match="no signature algorithm"):
        xmldsig.sign_message(authorization(), ec.generate_private_key(ec.SECP384R1()))


def test_p256_is_a_flaw_unless_lenient() -> None:
    private = key(Algorithm.ECDSA_SHA256)
    message = xmldsig.sign_message(authorization(), private)
    assert xmldsig.verify_message(message, private.public_key()).flaws == {Flaw.NOT_STANDARD}
    lenient = xmldsig.verify_message(message, private.public_key(), lenient=True)
    assert lenient.valid
    assert {str(one) for one in lenient.deviations} >= {
        f"an algorithm that ISO 15118-20 has not: {Algorithm.ECDSA_SHA256.uri}"
    }


def test_a_signature_is_bound_to_its_content() -> None:
    message = xmldsig.sign_message(authorization(), P521)
    mode = message.AReqAuthorizationMode
    assert isinstance(mode, m.PnC_AReqAuthorizationMode)
    changed = replace(message, AReqAuthorizationMode=replace(mode, GenChallenge=bytes(16)))
    assert xmldsig.verify_message(changed, P521.public_key()).flaws == {Flaw.DIGEST}


def test_an_error_of_decoding_becomes_a_finding() -> None:
    for name in xmldsig.REFUSED:
        found = xmldsig.refused_content(ExiDecodeError(f"Signature: {name} is refused", 99))
        assert found is not None
        assert (found.flaw, found.words) == (Flaw.REFUSED_CONTENT, name)
    assert xmldsig.refused_content(ExiDecodeError("end of data inside the document")) is None
