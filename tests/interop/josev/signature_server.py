"""Josev's own signing and checking of messages of ISO 15118-20, behind lines of JSON on stdin and stdout.

Runs in Josev's environment and imports nothing of ours. One line in is one call, one line out its answer::

    {"do": "sign", "exi": hex, "key": PEM}   -> {"exi": hex}      an AuthorizationReq or CertificateInstallationReq
    {"do": "verify", "exi": hex}             -> {"valid": bool}   with the certificate in the message

and any answer may be ``{"error": text}``. Josev hashes with SHA-256 and signs on P-256, whatever the message says.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from iso15118.shared.exi_codec import EXI
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.enums import Namespace
from iso15118.shared.security import create_signature, verify_signature
from iso15118.shared.settings import load_shared_settings


def signed_part(message: Any) -> tuple[Any, bytes]:
    """The part of a message that is signed, and the certificate of its signer."""
    if hasattr(message, "pnc_params"):
        return message.pnc_params, message.pnc_params.contract_cert_chain.certificate
    return message.oem_prov_cert_chain, message.oem_prov_cert_chain.certificate


def answer(call: dict[str, Any]) -> dict[str, Any]:
    """The answer to one call; never raises."""
    try:
        common = Namespace.ISO_V20_COMMON_MSG
        message = EXI().from_exi(bytes.fromhex(call["exi"]), common)
        part, certificate = signed_part(message)
        elements = [(part.id, EXI().to_exi(part, common))]
        if call["do"] == "verify":
            return {"valid": verify_signature(message.header.signature, elements, certificate)}
        message.header.signature = create_signature(elements, load_pem_private_key(call["key"].encode(), None))
        return {"exi": EXI().to_exi(message, common).hex()}
    except Exception as error:  # noqa: BLE001 (the client reports it)
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer until stdin closes."""
    logging.disable(logging.CRITICAL)
    answers = sys.stdout
    sys.stdout = sys.stderr
    load_shared_settings()
    EXI().set_exi_codec(ExificientEXICodec())
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
