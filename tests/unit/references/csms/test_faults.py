from __future__ import annotations

import base64
import json
import re

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from tests.unit.references.csms.rig import Rig
from tests.unit.references.csms.test_csms import csr
from tests.unit.references.csms.tour import tour
from v2gready.references.csms.faults import CATALOGUE, make

CSR = csr()
KEY = x509.load_pem_x509_csr(CSR.encode()).public_key()
ON_A_NETWORK = {
    "boot-serial-unchecked",
    "compression-refused",
    "ecdsa-certificate-alone",
    "one-handshake-at-a-time",
    "ping-flood-resets",
    "ping-unanswered",
    "tls-11-accepted",
    "weak-suites-accepted",
    "expired-station-certificate-accepted",
    "foreign-organisation-accepted",
    "other-stations-certificate-accepted",
    "station-certificate-not-asked",
}
"""TLS, handshakes, Pings, compression: test_server.py, test_door.py, and the proofs of the cases in tests/quality."""


def test_the_faultless_csms_has_no_effects() -> None:
    rig = Rig()
    tour(rig, CSR)
    assert rig.effects == []


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - ON_A_NETWORK))
def test_every_fault_takes_effect_on_the_wire(name: str) -> None:
    sound, broken = Rig(), Rig(name)
    tour(sound, CSR)
    tour(broken, CSR)
    assert broken.effects
    assert [lasting(text) for text in sound.wire] != [lasting(text) for text in broken.wire]


def lasting(text: str) -> str:
    """A message without the random part of signatures, keys and serial numbers."""
    if "-----BEGIN CERTIFICATE" in text:
        pem = json.loads(text)[-1]["certificateChain"]
        chain = x509.load_pem_x509_certificates(pem.encode())
        leaves = [(one.subject.rfc4514_string(), one.public_key() == KEY) for one in chain]
        return text.replace(json.dumps(pem), str(leaves))
    found = re.search(r'"ocspResult":"([^"]+)"', text)
    if found is None:
        return text
    try:
        response = ocsp.load_der_ocsp_response(base64.b64decode(found[1]))
    except ValueError:
        return text
    shown = (response.certificate_status, response.serial_number, response.this_update_utc)
    return text.replace(found[1], str(shown))


def test_two_tours_without_faults_are_alike() -> None:
    first, second = Rig(), Rig()
    tour(first, CSR)
    tour(second, CSR)
    assert [lasting(text) for text in first.wire] == [lasting(text) for text in second.wire]


def test_names_and_sentences() -> None:
    assert len(CATALOGUE) >= 45
    for name, kind in CATALOGUE.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert kind.sentence.endswith(".")
        assert kind.__doc__


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(KeyError, match="no-such-fault"):
        make(["no-such-fault"])
