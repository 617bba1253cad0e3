"""The byte oracle: EXIficient inside Josev's ``EXICodec.jar``, behind lines of JSON on stdin and stdout.

Runs in Josev's environment (``oracle.py`` starts it) and imports nothing of ours. One line in is a list of calls, one
line out the list of answers in the same order. A call is an object::

    {"do": "encode", "namespace": N, "message": plain, "fragment": false, "string_table": false}   -> {"exi": hex}
    {"do": "decode", "namespace": N, "exi": hex, "fragment": false, "string_table": false}  -> {"message": plain}
    {"do": "encode_josev", "namespace": N, "message": json}                                        -> {"exi": hex}
    {"do": "decode_josev", "namespace": N, "exi": hex}                                          -> {"message": json}
    {"do": "version"}                                                                         -> {"version": text}

and any answer may be ``{"error": text}`` instead. ``encode`` and ``decode`` drive the EXI engine and its grammars
directly with XML made from the schemas; ``encode_josev`` and ``decode_josev`` go the way Josev's own messages go.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
from pathlib import Path
from typing import Any

import iso15118.shared
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from plain_xml import Schema
from py4j.protocol import Py4JJavaError

SCHEMAS = Path(iso15118.shared.__file__).parent / "schemas"
V20 = "urn:iso:std:iso:15118:-20:"
SETS = {
    "urn:iso:15118:2:2010:AppProtocol": ("V2G_CI_AppProtocol.xsd", "CommonAppProtocol"),
    "http://www.w3.org/2000/09/xmldsig#": ("xmldsig-core-schema.xsd", "XMLDSIG_Core_Schema_Grammar"),
    **{
        f"{V20}{part}": (f"iso15118_20/V2G_CI_{part}.xsd", f"ISO15118_20_V2G_CI_{part}")
        for part in ("CommonMessages", "AC", "DC", "WPT", "ACDP")
    },
}
"""Namespace -> schema file, grammar class."""


class Oracle:
    """The jar, with its grammars and schemas loaded when first used."""

    def __init__(self) -> None:
        """Start the Java virtual machine."""
        self.codec = ExificientEXICodec()
        self.jvm = self.codec.gateway.jvm
        self.exi = self.jvm.com.siemens.ct.exi
        self.parsers = self.jvm.javax.xml.parsers.SAXParserFactory.newInstance()
        self.parsers.setNamespaceAware(True)
        self.transformers = self.jvm.javax.xml.transform.TransformerFactory.newInstance()

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """The answer to one call; never raises."""
        try:
            operation = {
                "encode": self.encode,
                "decode": self.decode,
                "encode_josev": self.encode_josev,
                "decode_josev": self.decode_josev,
                "version": self.version,
            }[call.pop("do")]
            return operation(**call)
        except Py4JJavaError as error:
            return {"error": str(error.java_exception)}
        except Exception as error:  # noqa: BLE001 (the client reports it)
            return {"error": f"{type(error).__name__}: {error}"}

    def encode(self, namespace: str, message: dict[str, Any], **options: bool) -> dict[str, Any]:
        """EXI bytes of a plain message."""
        xml = self._schema(namespace).to_xml(message)
        result = self.exi.main.api.sax.EXIResult(self._factory(namespace, **options))
        sink = self.jvm.java.io.ByteArrayOutputStream()
        result.setOutputStream(sink)
        reader = self.parsers.newSAXParser().getXMLReader()
        reader.setContentHandler(result.getHandler())
        reader.parse(self.jvm.org.xml.sax.InputSource(self.jvm.java.io.StringReader(xml)))
        return {"exi": bytes(sink.toByteArray()).hex()}

    def decode(self, namespace: str, exi: str, **options: bool) -> dict[str, Any]:
        """The plain message of EXI bytes."""
        source = self.exi.main.api.sax.EXISource(self._factory(namespace, **options))
        source.setInputSource(
            self.jvm.org.xml.sax.InputSource(self.jvm.java.io.ByteArrayInputStream(bytes.fromhex(exi)))
        )
        transformer = self.transformers.newTransformer()
        transformer.setOutputProperty("omit-xml-declaration", "yes")
        text = self.jvm.java.io.StringWriter()
        transformer.transform(source, self.jvm.javax.xml.transform.stream.StreamResult(text))
        return {"message": self._schema(namespace).to_plain(text.toString())}

    def encode_josev(self, namespace: str, message: dict[str, Any]) -> dict[str, Any]:
        """EXI bytes by Josev's own path (JSON, JAXB, XML, EXI)."""
        return {"exi": bytes(self.codec.encode(json.dumps(message), namespace)).hex()}

    def decode_josev(self, namespace: str, exi: str) -> dict[str, Any]:
        """The JSON that Josev's own path makes of EXI bytes."""
        return {"message": json.loads(self.codec.decode(bytes.fromhex(exi), namespace))}

    def version(self) -> dict[str, Any]:
        """The version the jar states."""
        return {"version": str(self.codec.get_version())}

    @functools.cache  # noqa: B019 (one oracle per process)
    def _factory(self, namespace: str, *, fragment: bool = False, string_table: bool = False) -> Any:
        """An EXI factory set up as Josev sets up its own, or with the value table of plain EXI switched on."""
        factory = self.exi.core.helpers.DefaultEXIFactory.newInstance()
        factory.setGrammars(self._grammars(namespace))
        factory.setFragment(fragment)
        if not string_table:
            factory.setValueMaxLength(0)
            factory.setValuePartitionCapacity(0)
        factory.setMaximumNumberOfBuiltInElementGrammars(0)
        factory.setMaximumNumberOfBuiltInProductions(0)
        return factory

    @functools.cache  # noqa: B019 (one oracle per process)
    def _grammars(self, namespace: str) -> Any:
        return getattr(self.exi.main.generatedgrammar, SETS[namespace][1])()

    @functools.cache  # noqa: B019 (one oracle per process)
    def _schema(self, namespace: str) -> Schema:
        return Schema(SCHEMAS / SETS[namespace][0])


def main() -> None:
    """Answer until stdin closes."""
    logging.disable(logging.CRITICAL)
    answers = sys.stdout
    sys.stdout = sys.stderr
    oracle = Oracle()
    for line in sys.stdin:
        answers.write(json.dumps([oracle.answer(call) for call in json.loads(line)]) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
