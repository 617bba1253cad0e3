"""Contracts that are delivered in the name of another provisioning service (reference 4.5, 7.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import signature
from v2gready.protocols.pki.defects import Chain


def in_the_name_of(service: Chain | None, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
    """The same contract with another CPSCertificateChain, and signed by its key.

    A chain may be so defective that its key signs nothing in this profile (RSA, another curve); then the contract is
    signed with a key made for the purpose.

    Args:
        service: The other service; None for the one that it is from.
        response: What the back end made.
    """
    finished = response.EVSEProcessing is m.Processing.Finished and response.ResponseCode is m.ResponseCode.OK
    if service is None or not finished:
        return response
    leaf, *above = service.certificates_der
    subs = m.SubCertificates(Certificate=tuple(above)) if above else None
    key: Any = service.private_key
    if signature.algorithm_of(key) is None:
        key = ec.generate_private_key(ec.SECP521R1())
    chain = m.CertificateChain(Certificate=leaf, SubCertificates=subs)
    return signature.sign_message(replace(response, CPSCertificateChain=chain), key)
