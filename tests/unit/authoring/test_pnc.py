"""Words of Plug & Charge: what a judge says of signatures and of random values."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.iso15118.test_plug_and_charge import pki, provisioning, wire
from v2gready.authoring import pnc
from v2gready.model.verdict import Verdict
from v2gready.protocols.iso15118 import messages as m


def test_a_signed_request_is_judged_by_the_certificate_in_it() -> None:
    made = wire(plan={"provisioning": provisioning()})
    made.reach(m.AuthorizationSetupReq)
    answer = made.step()
    assert pnc.challenges([answer, None]) == (answer.ASResAuthorizationMode.GenChallenge,)
    request = made.build(m.CertificateInstallationReq)
    assert pnc.signed_well("X", request).verdict is Verdict.PASS
    response = made.step()
    assert len(pnc.chain_of(response)) == 3
    good = pnc.signed_well("X", response, at=(1,))
    assert good.verdict is Verdict.PASS
    assert good.seen == "ECDSA_SHA512, SignedInfo by the grammar of XML Signature alone"
    bare = replace(response, Header=replace(response.Header, Signature=None))
    bad = pnc.signed_well("X", bare)
    assert bad.verdict is Verdict.FAIL
    assert bad.seen == "no Signature in the header"
    assert "SignedInstallationData" in bad.expected


def test_prices_are_judged_by_the_certificate_of_the_provider() -> None:
    made = wire(price_signed=True)
    made.reach(m.ScheduleExchangeReq)
    response = made.step()
    signer = made.station.backend.prices.certificate_der()
    assert pnc.signed_well("X", response, signer).verdict is Verdict.PASS
    assert pnc.signed_well("X", response).verdict is Verdict.FAIL
    assert pnc.signed_well("X", response, pki().cps.certificate_der()).verdict is Verdict.FAIL


@given(seed=st.integers(0, 2**32), count=st.integers(0, 200))
def test_random_values_have_no_weakness(seed: int, count: int) -> None:
    rng = random.Random(seed)
    assert pnc.weaknesses([rng.randbytes(16) for _ in range(count)]) == []


def test_weaknesses_have_names() -> None:
    rng = random.Random(1)
    good = [rng.randbytes(16) for _ in range(50)]
    assert pnc.weaknesses([*good, good[0]]) == ["1 of 51 values came before"]
    digits = [f"{rng.randrange(10**16):016d}".encode() for _ in range(50)]
    assert pnc.weaknesses(digits)[0] == "every octet is a printable character"
    assert any("bits are the same" in one for one in pnc.weaknesses(digits))
    half = [bytes(8) + rng.randbytes(8) for _ in range(50)]
    assert pnc.weaknesses(half)[0] == "64 of 128 bits are the same in all 50 values"
    assert any("ones" in one for one in pnc.weaknesses(half))
    assert pnc.weaknesses([b"a", b"\xff\xff"]) == ["lengths of 1, 2 octets"]
