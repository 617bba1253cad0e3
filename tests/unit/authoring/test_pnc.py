"""Words of Plug & Charge: what a judge says of signatures and of random values."""

from __future__ import annotations

from dataclasses import replace

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
