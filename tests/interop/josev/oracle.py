"""Client of the byte oracle: what does EXIficient make of this message?

::

    with Oracle() as oracle:
        exi = oracle.encode(DC, {"DC_CableCheckReq": {"Header": {...}}})
        plain = oracle.decode(DC, exi)
        josev = oracle.encode_josev(DC, to_exificient(plain))

The plain form is that of ``v2gready.protocols.iso15118.codec.to_plain``: element names of the standard, binary values
as hex strings, lists for what repeats. ``README.md`` beside this file records the other form, the one Josev feeds its
jar with, and where the two paths of the jar differ.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from interop.environments import MissingError, java, python_of

if TYPE_CHECKING:
    from collections.abc import Sequence


Plain = dict[str, Any]
"""A message as nested dictionaries, see the module."""

SAP = "urn:iso:15118:2:2010:AppProtocol"
COMMON = "urn:iso:std:iso:15118:-20:CommonMessages"
AC = "urn:iso:std:iso:15118:-20:AC"
DC = "urn:iso:std:iso:15118:-20:DC"
WPT = "urn:iso:std:iso:15118:-20:WPT"
ACDP = "urn:iso:std:iso:15118:-20:ACDP"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"

BASE64_ELEMENTS = frozenset(
    {
        *("Certificate", "GenChallenge", "DHPublicKey", "MeterSignature", "DigestValue", "SignatureValue"),
        *("SECP521_EncryptedPrivateKey", "X448_EncryptedPrivateKey", "TPM_EncryptedPrivateKey"),
    },
)
"""Elements of base64Binary type. The only hexBinary one is ``SessionID``, which is spelled alike in both forms."""

SERVER = Path(__file__).with_name("oracle_server.py")
PATIENCE = 120.0
"""Seconds for one line of calls; the first one also starts a Java virtual machine."""


class OracleError(ValueError):
    """The oracle refused a message or a byte string; the text is its own."""


class Oracle:
    """The oracle as a context manager: one subprocess with one Java virtual machine, for as many calls as wanted."""

    def __init__(self) -> None:
        """Only note the wish: the process starts on entry."""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the process.

        Raises:
            MissingError: Java or Josev's environment is missing.
        """
        java()
        self._process = subprocess.Popen(
            [str(python_of("josev")), str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            self.batch([{"do": "version"}])
        except OracleError as error:
            self.close()
            msg = f"the byte oracle does not start: {error}"
            raise MissingError(msg) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the process."""
        self.close()

    def close(self) -> None:
        """Stop the process; harmless when it never ran."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def batch(self, calls: Sequence[Plain]) -> list[Plain]:
        """Answer many calls in one round trip; ``oracle_server.py`` lists the calls and their answers."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            msg = "the byte oracle is not running"
            raise OracleError(msg)
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            process.stdin.write(json.dumps(list(calls)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            guard.cancel()
        if not line:
            msg = "the byte oracle died or did not answer in time"
            raise OracleError(msg)
        answers: list[Plain] = json.loads(line)
        return answers

    def encode(self, namespace: str, plain: Plain, *, fragment: bool = False, string_table: bool = False) -> bytes:
        """EXI bytes of a plain message, or of any element as a fragment.

        Args:
            namespace: The schema set, one of the constants of this module.
            plain: ``{element: content}``.
            fragment: Use the fragment grammar (signed elements) instead of the document grammar.
            string_table: Let the encoder refer back to strings it has written before, as plain EXI does and
                15118 peers do not.

        Raises:
            OracleError: The oracle refuses the message.
        """
        call = {"do": "encode", "namespace": namespace, "message": plain}
        return bytes.fromhex(self._one({**call, "fragment": fragment, "string_table": string_table})["exi"])

    def decode(self, namespace: str, exi: bytes, *, fragment: bool = False, string_table: bool = False) -> Plain:
        """The plain message of EXI bytes; the arguments are those of ``encode``.

        Raises:
            OracleError: The oracle refuses the bytes.
        """
        call = {"do": "decode", "namespace": namespace, "exi": exi.hex()}
        answer: Plain = self._one({**call, "fragment": fragment, "string_table": string_table})["message"]
        return answer

    def encode_josev(self, namespace: str, message: Plain) -> bytes:
        """EXI bytes by Josev's own path; ``message`` is what ``to_exificient`` gives."""
        return bytes.fromhex(self._one({"do": "encode_josev", "namespace": namespace, "message": message})["exi"])

    def decode_josev(self, namespace: str, exi: bytes) -> Plain:
        """The JSON of Josev's own path; ``from_exificient`` makes it plain."""
        answer: Plain = self._one({"do": "decode_josev", "namespace": namespace, "exi": exi.hex()})["message"]
        return answer

    def _one(self, call: Plain) -> Plain:
        (answer,) = self.batch([call])
        if "error" in answer:
            raise OracleError(answer["error"])
        return answer


def to_exificient(plain: Plain) -> Plain:
    """A plain message in the form of Josev's JSON: binary values in base64, the rest unchanged."""
    return _convert(plain, lambda text: base64.b64encode(bytes.fromhex(text)).decode())


def from_exificient(message: Plain) -> Plain:
    """A message in the form of Josev's JSON as a plain one."""
    return _convert(message, lambda text: base64.b64decode(text).hex().upper())


def _convert(value: Any, change: Any, name: str = "") -> Any:
    """Walk a message and change the binary values."""
    if isinstance(value, dict):
        # The text of SignatureValue stands one level deeper, beside its optional Id.
        return {
            key: _convert(item, change, name if (name, key) == ("SignatureValue", "value") else key)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_convert(item, change, name) for item in value]
    return change(value) if name in BASE64_ELEMENTS and isinstance(value, str) else value
