"""Records fixtures/exi/vectors.json: messages and fragments with the bytes that EXIficient makes of them.

    python tests/interop/record_exi_vectors.py

The unit tests replay the vectors without Java. The bytes come from the oracle alone; our codec takes no part.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from interop.josev.oracle import Oracle  # noqa: E402 - after the path
from interop.test_exi_oracle import FRAGMENTS, MESSAGES, calls, root  # noqa: E402
from unit.protocols.exi.strategies import examples  # noqa: E402
from v2gready.protocols.iso15118.codec import message_set, to_plain  # noqa: E402

OUTPUT = TESTS.parent / "fixtures" / "exi" / "vectors.json"
DRAWN = 120
KEPT = 6
LONGEST = 600


def spread(vectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few of many, from the shortest to the longest."""
    vectors = sorted((v for v in vectors if len(v["exi"]) <= 2 * LONGEST), key=lambda v: (len(v["exi"]), v["exi"]))
    return [vectors[number * (len(vectors) - 1) // (KEPT - 1)] for number in range(KEPT)]


def main() -> None:
    """Draw, ask, write."""
    documents, fragments = [], []
    with Oracle() as oracle:
        for declaration in MESSAGES:
            member = message_set(declaration)
            plain = [to_plain(message) for message in examples(declaration, DRAWN)]
            answers = oracle.batch(calls("encode", member, message=[{root(declaration): item} for item in plain]))
            documents += spread(
                [
                    {"set": member.name, "message": declaration.__name__, "plain": item, "exi": answer["exi"]}
                    for item, answer in zip(plain, answers, strict=True)
                ]
            )
        for member, element, declaration in FRAGMENTS:
            plain = [to_plain(value) for value in examples(declaration, DRAWN)]
            answers = oracle.batch(calls("encode", member, fragment=True, message=[{element: item} for item in plain]))
            name = None if member is None else member.name
            fragments += spread(
                [
                    {"set": name, "element": element, "type": declaration.__name__, "plain": item, "exi": answer["exi"]}
                    for item, answer in zip(plain, answers, strict=True)
                ]
            )
    lines = [
        "{",
        '"about": "Made by EXIficient (EXICodec.jar of PyPI iso15118 0.31.2): tests/interop/record_exi_vectors.py",',
        '"documents": [',
        ",\n".join(json.dumps(vector) for vector in documents),
        "],",
        '"fragments": [',
        ",\n".join(json.dumps(vector) for vector in fragments),
        "]",
        "}",
    ]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
