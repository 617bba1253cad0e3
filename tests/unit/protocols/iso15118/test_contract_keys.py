"""Contract keys under way: the car gets the key that was sent, or learns why not."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x448
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.iso15118 import contract_keys as transport
from v2gready.protocols.iso15118.contract_keys import DERIVATIONS, OCC_W, Curve, Derivation, Finding, Flaw, Unwrapped

CAR = ec.generate_private_key(ec.SECP521R1())
CONTRACT = ec.generate_private_key(ec.SECP521R1())
CAR_X = x448.X448PrivateKey.generate()
CONTRACT_X = x448.X448PrivateKey.generate()
CAR_2 = ec.generate_private_key(ec.SECP256R1())
P521_ORDER = int(
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
    "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    16,
)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

derivations = st.sampled_from(list(DERIVATIONS.values())) | st.builds(
    Derivation,
    st.just("drawn"),
    st.sampled_from(transport.Kdf),
    st.binary(max_size=40),
    st.none() | st.binary(max_size=40),
    st.booleans(),
)


def flaw(found: Unwrapped | Finding) -> Flaw | None:
    return found.flaw if isinstance(found, Finding) else None


@given(value=st.integers(1, P521_ORDER - 1), derivation=derivations)
def test_secp521r1_there_and_back(value: int, derivation: Derivation) -> None:
    contract = ec.derive_private_key(value, ec.SECP521R1())
    wrapped = transport.wrap(contract, CAR.public_key(), os.urandom, derivation=derivation)
    assert (wrapped.curve, len(wrapped.dh_public_key), len(wrapped.encrypted)) == (Curve.SECP521, 133, 94)
    found = transport.unwrap(wrapped, CAR, contract.public_key(), derivation=derivation)
    assert isinstance(found, Unwrapped)
    assert isinstance(found.key, ec.EllipticCurvePrivateKey)
    assert found.key.private_numbers() == contract.private_numbers()


@given(derivation=derivations)
def test_x448_there_and_back(derivation: Derivation) -> None:
    wrapped = transport.wrap(CONTRACT_X, CAR_X.public_key(), os.urandom, derivation=derivation)
    assert (wrapped.curve, len(wrapped.dh_public_key), len(wrapped.encrypted)) == (Curve.X448, 133, 84)
    assert bytes(77) in wrapped.dh_public_key
    found = transport.unwrap(wrapped, CAR_X, CONTRACT_X.public_key(), derivation=derivation)
    assert isinstance(found, Unwrapped)
    assert found.key.public_key() == CONTRACT_X.public_key()


@given(value=st.integers(1, P256_ORDER - 1))
def test_part_2_there_and_back(value: int) -> None:
    contract = ec.derive_private_key(value, ec.SECP256R1())
    public, encrypted = transport.wrap_2(contract, CAR_2.public_key(), os.urandom)
    assert (len(public), len(encrypted)) == (65, 48)
    found = transport.unwrap_2(public, encrypted, CAR_2, contract.public_key())
    assert isinstance(found, Unwrapped)
    assert isinstance(found.key, ec.EllipticCurvePrivateKey)
    assert found.key.private_numbers() == contract.private_numbers()


def test_part_2_by_another_reading_of_its_derivation() -> None:
    """[V2G2-818] is the concatenation KDF of NIST SP 800-56A, which cryptography has as well."""
    contract = ec.generate_private_key(ec.SECP256R1())
    public, encrypted = transport.wrap_2(contract, CAR_2.public_key(), os.urandom)
    secret = CAR_2.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public))
    key = ConcatKDFHash(hashes.SHA256(), 16, b"\x01UV").derive(secret)
    opening = Cipher(algorithms.AES128(key), modes.CBC(encrypted[:16])).decryptor()
    plain = opening.update(encrypted[16:]) + opening.finalize()
    assert int.from_bytes(plain, "big") == contract.private_numbers().private_value


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=str)
def test_derivations_are_one_step_of_sp_800_56a(derivation: Derivation) -> None:
    algorithm = hashes.SHA512() if derivation.kdf is transport.Kdf.SHA512_LEFT else hashes.SHA256()
    assert derivation.key(b"Z" * 66) == ConcatKDFHash(algorithm, 32, derivation.other_info).derive(b"Z" * 66)


@given(bit=st.integers(0, 94 * 8 - 1))
def test_one_bit_breaks_the_tag(bit: int) -> None:
    wrapped = transport.wrap(CONTRACT, CAR.public_key(), os.urandom)
    flipped = int.from_bytes(wrapped.encrypted, "big") ^ 1 << bit
    found = transport.unwrap(replace(wrapped, encrypted=flipped.to_bytes(94, "big")), CAR, CONTRACT.public_key())
    assert flaw(found) is Flaw.TAG


@given(public=st.binary(max_size=140), encrypted=st.binary(max_size=100), curve=st.sampled_from(Curve))
def test_nothing_raises(public: bytes, encrypted: bytes, curve: Curve) -> None:
    for own in (CAR, CAR_X, CAR_2, None):
        assert isinstance(
            transport.unwrap(transport.Wrapped(curve, public, encrypted), own, CONTRACT.public_key()), Finding
        )
    assert isinstance(transport.unwrap_2(public, encrypted, CAR_2, CONTRACT.public_key()), Finding)


WRAPPED = transport.wrap(CONTRACT, CAR.public_key(), os.urandom)
BAD = [
    (replace(WRAPPED, encrypted=WRAPPED.encrypted[:-1]), CAR, CONTRACT, Flaw.BLOB_LENGTH),
    (replace(WRAPPED, encrypted=WRAPPED.encrypted + b"\0"), CAR, CONTRACT, Flaw.BLOB_LENGTH),
    (replace(WRAPPED, curve=Curve.X448), CAR, CONTRACT, Flaw.BLOB_LENGTH),
    (replace(WRAPPED, dh_public_key=bytes(133)), CAR, CONTRACT, Flaw.PUBLIC_KEY),
    (replace(WRAPPED, dh_public_key=b"\x04" + bytes(132)), CAR, CONTRACT, Flaw.PUBLIC_KEY),
    (replace(WRAPPED, dh_public_key=WRAPPED.dh_public_key[:-1]), CAR, CONTRACT, Flaw.PUBLIC_KEY),
    (WRAPPED, ec.generate_private_key(ec.SECP521R1()), CONTRACT, Flaw.TAG),
    (WRAPPED, CAR_2, CONTRACT, Flaw.CURVE),
    (WRAPPED, CAR_X, CONTRACT, Flaw.CURVE),
    (WRAPPED, CAR, ec.generate_private_key(ec.SECP521R1()), Flaw.MISMATCH),
    (WRAPPED, CAR, CAR_2, Flaw.MISMATCH),
    (WRAPPED, CAR, ed448.Ed448PrivateKey.generate(), Flaw.MISMATCH),
    (transport.Wrapped(Curve.X448, bytes(133), bytes(84)), CAR_X, CONTRACT_X, Flaw.PUBLIC_KEY),
    (transport.Wrapped(Curve.X448, bytes(133), bytes(84)), CAR, CONTRACT_X, Flaw.CURVE),
]


@pytest.mark.parametrize(("wrapped", "own", "contract", "expected"), BAD)
def test_what_is_wrong_has_a_name(wrapped: transport.Wrapped, own: Any, contract: Any, expected: Flaw) -> None:
    found = transport.unwrap(wrapped, own, contract.public_key())
    assert flaw(found) is expected
    assert str(found).startswith(expected.value)


def test_zero_is_no_key() -> None:
    """A sender that encrypts 66 octets of nothing."""
    ephemeral = ec.generate_private_key(ec.SECP521R1())
    honest = transport.wrap(CONTRACT, CAR.public_key(), os.urandom, ephemeral=ephemeral)
    secret = ephemeral.exchange(ec.ECDH(), CAR.public_key())
    sealed = transport._seal(OCC_W, secret, bytes(12), bytes(66))
    found = transport.unwrap(replace(honest, encrypted=bytes(12) + sealed), CAR, CONTRACT.public_key())
    assert flaw(found) is Flaw.RANGE


def test_another_derivation_breaks_the_tag() -> None:
    for sent in DERIVATIONS.values():
        wrapped = transport.wrap(CONTRACT, CAR.public_key(), os.urandom, derivation=sent)
        for read in DERIVATIONS.values():
            found = transport.unwrap(wrapped, CAR, CONTRACT.public_key(), derivation=read)
            assert isinstance(found, Unwrapped) == (sent is read)


def test_part_2_has_no_tag_but_a_check() -> None:
    contract = ec.generate_private_key(ec.SECP256R1())
    public, encrypted = transport.wrap_2(contract, CAR_2.public_key(), os.urandom)
    spoiled = encrypted[:-1] + bytes([encrypted[-1] ^ 1])
    assert flaw(transport.unwrap_2(public, spoiled, CAR_2, contract.public_key())) is Flaw.MISMATCH
    assert flaw(transport.unwrap_2(public, encrypted[:-1], CAR_2, contract.public_key())) is Flaw.BLOB_LENGTH
    assert flaw(transport.unwrap_2(b"\4", encrypted, CAR_2, contract.public_key())) is Flaw.PUBLIC_KEY
    assert flaw(transport.unwrap_2(public, encrypted, CAR, contract.public_key())) is Flaw.CURVE


def test_misuse_is_ours() -> None:
    with pytest.raises(ValueError, match="no key of the profile"):
        transport.wrap(CONTRACT, rsa.generate_private_key(65537, 2048).public_key(), os.urandom)
    with pytest.raises(ValueError, match="is on secp521r1"):
        transport.wrap(CAR_2, CAR.public_key(), os.urandom)
    with pytest.raises(ValueError, match="X448 key"):
        transport.wrap(CONTRACT, CAR_X.public_key(), os.urandom)
    with pytest.raises(ValueError, match="secp256r1 alone"):
        transport.wrap_2(CONTRACT, CAR_2.public_key(), os.urandom)


def test_no_key_in_a_repr() -> None:
    found = transport.unwrap(WRAPPED, CAR, CONTRACT.public_key())
    assert repr(found) == "Unwrapped()"
