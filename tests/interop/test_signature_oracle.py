"""Signatures against EXIficient and against Josev, in both directions.

The octets that are hashed and signed are those of EXIficient; what was signed over EXIficient's octets holds for us;
Josev's own code takes what we sign on P-256, and we take, leniently, what Josev signs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding as Form
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from interop.conftest import skip_or_fail
from interop.environments import MissingError, java, python_of
from interop.test_exi_oracle import upper
from unit.protocols.exi.strategies import examples
from v2gready.emulators.ev.pnc import SignatureDefect, signed
from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import signature as xmldsig
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, to_plain
from v2gready.protocols.iso15118.messages import xmldsig as grammar
from v2gready.protocols.iso15118.signature import Algorithm, Element, Encoding, Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interop.josev.oracle import Oracle

pytestmark = pytest.mark.interop

SIGNED: list[tuple[str, type[Any]]] = [
    ("PnC_AReqAuthorizationMode", m.PnC_AReqAuthorizationMode),
    ("OEMProvisioningCertificateChain", m.SignedCertificateChain),
    ("SignedInstallationData", m.SignedInstallationData),
    ("SignedMeteringData", m.SignedMeteringData),
    ("AbsolutePriceSchedule", m.AbsolutePriceSchedule),
    ("PriceLevelSchedule", m.PriceLevelSchedule),
]
NAMESPACES = {Encoding.STANDALONE: grammar.NAMESPACE, Encoding.COMBINED: MessageSet.COMMON.urn}
KEYS: dict[Algorithm, Any] = {
    Algorithm.ECDSA_SHA512: ec.generate_private_key(ec.SECP521R1()),
    Algorithm.EDDSA_ED448: ed448.Ed448PrivateKey.generate(),
    Algorithm.ECDSA_SHA256: ec.generate_private_key(ec.SECP256R1()),
}
EACH = 20


class Josev:
    """Josev's security module as a process, see ``josev/signature_server.py``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        java()
        server = Path(__file__).with_name("josev") / "signature_server.py"
        self._process = subprocess.Popen(
            [str(python_of("josev")), str(server)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def call(self, **call: Any) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        guard = threading.Timer(120, process.kill)
        guard.start()
        try:
            process.stdin.write(json.dumps(call) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
        finally:
            guard.cancel()
        return answer


@pytest.fixture(scope="module")
def josev() -> Iterator[Josev]:
    with ExitStack() as stack:
        try:
            running = stack.enter_context(Josev())
        except MissingError as reason:
            skip_or_fail(reason)
        yield running


@pytest.mark.parametrize(("name", "declaration"), SIGNED)
def test_the_octets_that_are_hashed(oracle: Oracle, name: str, declaration: type[Any]) -> None:
    for number, value in enumerate(examples(declaration, EACH)):
        element = Element(name, replace(value, Id=f"id{number}"))
        theirs = oracle.encode(MessageSet.COMMON.urn, {name: to_plain(element.value)}, fragment=True)
        assert xmldsig.element_octets(element) == theirs
        assert xmldsig.digest(element) == hashlib.sha512(theirs).digest()
        assert xmldsig.digest(element, xmldsig.SHA256) == hashlib.sha256(theirs).digest()


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize(("name", "declaration"), SIGNED)
def test_what_we_sign_holds_over_the_octets_of_the_oracle(
    oracle: Oracle, name: str, declaration: type[Any], algorithm: Algorithm, encoding: Encoding
) -> None:
    (value, other) = examples(declaration, 2)
    elements = [Element(name, replace(value, Id="id1")), Element(name, replace(other, Id="id2"))]
    key = KEYS[algorithm]
    signature = xmldsig.sign(elements, key, encoding=encoding)
    octets = oracle.encode(NAMESPACES[encoding], {"SignedInfo": to_plain(signature.SignedInfo)}, fragment=True)
    assert xmldsig.signed_info_octets(signature.SignedInfo, encoding) == octets
    value = signature.SignatureValue.value
    if algorithm is Algorithm.EDDSA_ED448:
        key.public_key().verify(value, octets)
    else:
        half = len(value) // 2
        r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
        hashed = hashes.SHA512() if algorithm is Algorithm.ECDSA_SHA512 else hashes.SHA256()
        der = encode_dss_signature(r, s)
        key.public_key().verify(der, octets, ec.ECDSA(hashed))


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(("name", "declaration"), SIGNED)
def test_what_is_signed_over_the_octets_of_the_oracle_holds_for_us(
    oracle: Oracle, name: str, declaration: type[Any], encoding: Encoding
) -> None:
    """Our code takes no part in the signature: octets of EXIficient, hashlib, cryptography."""
    key = KEYS[Algorithm.ECDSA_SHA512]
    (value,) = examples(declaration, 1)
    value = replace(value, Id="id1")
    data = oracle.encode(MessageSet.COMMON.urn, {name: to_plain(value)}, fragment=True)
    exi = {"Algorithm": "http://www.w3.org/TR/canonical-exi/"}
    info = {
        "CanonicalizationMethod": exi,
        "SignatureMethod": {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"},
        "Reference": [
            {
                "URI": "#id1",
                "Transforms": {"Transform": [exi]},
                "DigestMethod": {"Algorithm": "http://www.w3.org/2001/04/xmlenc#sha512"},
                "DigestValue": hashlib.sha512(data).hexdigest(),
            }
        ],
    }
    octets = oracle.encode(NAMESPACES[encoding], {"SignedInfo": info}, fragment=True)
    r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(hashes.SHA512())))
    raw = r.to_bytes(66, "big") + s.to_bytes(66, "big")
    plain = {
        "SessionStopReq": {
            "Header": {
                "SessionID": "3D4CBF93374ED89B",
                "TimeStamp": 1700000000,
                "Signature": {"SignedInfo": info, "SignatureValue": {"value": raw.hex()}},
            },
            "ChargingSession": "Terminate",
        }
    }
    carrier = decode(MessageSet.COMMON, oracle.encode(MessageSet.COMMON.urn, plain))
    assert isinstance(carrier, m.SessionStopReq)
    found = xmldsig.verify(carrier.Header.Signature, [Element(name, value)], key.public_key())
    assert found.valid, found.findings
    assert found.encoding is encoding


@pytest.mark.parametrize(
    "declaration",
    [
        m.AuthorizationReq,
        m.CertificateInstallationReq,
        m.CertificateInstallationRes,
        m.MeteringConfirmationReq,
        m.ScheduleExchangeRes,
    ],
)
def test_signed_messages_have_the_same_bytes(oracle: Oracle, declaration: type[Any]) -> None:
    key = KEYS[Algorithm.ECDSA_SHA512]
    met = 0
    for message in examples(declaration, 60):
        if not xmldsig.signed_elements(message):
            continue
        met += 1
        signed = xmldsig.sign_message(message, key)
        data = encode(signed)
        plain = {declaration.__name__: to_plain(signed)}
        assert oracle.encode(MessageSet.COMMON.urn, plain) == data
        assert upper(oracle.decode(MessageSet.COMMON.urn, data)) == upper(plain)
    assert met >= 10


def certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate for a key; Josev takes the key out of it and looks at nothing else here."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEV2GC00000001A")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + dt.timedelta(days=3650))
    return builder.sign(key, hashes.SHA256()).public_bytes(Form.DER)


def requests(key: ec.EllipticCurvePrivateKey) -> list[m.AuthorizationReq | m.CertificateInstallationReq]:
    header = m.MessageHeader(SessionID=bytes(range(1, 9)), TimeStamp=1_700_000_000)
    leaf = certificate(key)
    above = m.SubCertificates(Certificate=(leaf, leaf))
    return [
        m.AuthorizationReq(
            Header=header,
            SelectedAuthorizationService=m.Authorization.PnC,
            AReqAuthorizationMode=m.PnC_AReqAuthorizationMode(
                Id="id1",
                GenChallenge=bytes(range(16)),
                ContractCertificateChain=m.ContractCertificateChain(Certificate=leaf, SubCertificates=above),
            ),
        ),
        m.CertificateInstallationReq(
            Header=header,
            OEMProvisioningCertificateChain=m.SignedCertificateChain(Id="id1", Certificate=leaf, SubCertificates=above),
            ListOfRootCertificateIDs=m.ListOfRootCertificateIDs(
                RootCertificateID=(m.X509IssuerSerial(X509IssuerName="CN=V2GRootCA", X509SerialNumber=7),)
            ),
            MaximumContractCertificateChains=1,
        ),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_josev_takes_what_we_sign(josev: Josev, which: int) -> None:
    key = KEYS[Algorithm.ECDSA_SHA256]
    message = xmldsig.sign_message(requests(key)[which], key)
    assert josev.call(do="verify", exi=encode(message).hex()) == {"valid": True}
    assert message.Header.Signature is not None
    value = bytearray(message.Header.Signature.SignatureValue.value)
    value[-1] ^= 1
    spoiled = replace(message.Header.Signature, SignatureValue=m.SignatureValue(value=bytes(value)))
    wrong = replace(message, Header=replace(message.Header, Signature=spoiled))
    assert josev.call(do="verify", exi=encode(wrong).hex()) == {"valid": False}


@pytest.mark.parametrize("which", [0, 1])
def test_we_take_what_josev_signs(josev: Josev, which: int) -> None:
    key = KEYS[Algorithm.ECDSA_SHA256]
    pem = key.private_bytes(Form.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    answer = josev.call(do="sign", exi=encode(requests(key)[which]).hex(), key=pem)
    message = decode(MessageSet.COMMON, bytes.fromhex(answer["exi"]))
    assert isinstance(message, m.V2GMessage)
    found = xmldsig.verify_message(message, key.public_key(), lenient=True)
    assert found.valid, found.findings
    assert found.encoding is Encoding.STANDALONE
    assert xmldsig.verify_message(message, key.public_key()).flaws == {Flaw.NOT_STANDARD}


def test_josev_refuses_the_algorithm_of_the_standard(josev: Josev) -> None:
    """Its verification knows P-256 with SHA-256 alone: a deviation of the counterpart, whatever the message says."""
    key = KEYS[Algorithm.ECDSA_SHA512]
    message = xmldsig.sign_message(requests(key)[0], key)
    assert josev.call(do="verify", exi=encode(message).hex()) == {"valid": False}


def test_a_key_info_that_we_put_in_bit_by_bit(oracle: Oracle) -> None:
    """EXIficient reads what we refuse: the defect is a KeyInfo and nothing else."""
    key = KEYS[Algorithm.ECDSA_SHA512]
    message = requests(KEYS[Algorithm.ECDSA_SHA256])[0]
    made = signed(message, key, defect=SignatureDefect.KEY_INFO)
    seen = oracle.decode(MessageSet.COMMON.urn, made.octets)
    header = seen["AuthorizationReq"]["Header"]["Signature"]
    assert str(header.pop("KeyInfo")).count("V2G") == 3
    assert upper(seen) == upper({"AuthorizationReq": to_plain(made.request)})
    with pytest.raises(ExiDecodeError) as caught:
        decode(MessageSet.COMMON, made.octets)
    found = xmldsig.refused_content(caught.value)
    assert found is not None
    assert found.words == "KeyInfo"
