"""The single file (CFF) of COMTRADE 2013: its sections CFG, INF, HDR and DAT, taken apart and put together.

Source: IEEE C37.111-2013 (IEC 60255-24:2013), clause "Single file format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from v2gready.grid.formats.comtrade.configuration import Form
from v2gready.grid.formats.errors import RecordingError

_TITLE = re.compile(
    rb"^[ \t]*---[ \t]*file type:[ \t]*([a-z]+)(?:[ \t]+([a-z0-9]+))?(?:[ \t]*:[ \t]*(\d{1,15}))?[ \t]*---[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Sections:
    """What a single file holds."""

    cfg: bytes
    dat: bytes
    information: bytes = b""
    header: bytes = b""


def split(data: bytes, file: str) -> Sections:
    """Takes a single file apart.

    Raises:
        RecordingError: A section is missing or shorter than declared.
    """
    found: dict[str, bytes] = {}
    at = 0
    while (title := _TITLE.search(data, at)) is not None:
        kind = title[1].decode().upper()
        start = title.end() + 1  # past the line feed
        if kind in found:
            raise RecordingError(file, f"offset {title.start()}", f"a second section {kind}", "remove one of them")
        if kind == "DAT" and (title[2] or b"").upper() != b"ASCII":
            # Binary data may hold anything, a section title included: its length counts, not its looks.
            length = int(title[3]) if title[3] else len(data) - start
            if length > len(data) - start:
                what = f"the data section has {max(len(data) - start, 0)} of {length} bytes"
                raise RecordingError(file, f"offset {start}", what, "it is truncated: copy it again from the recorder")
            at = start + length
        else:
            following = _TITLE.search(data, start)
            at = following.start() if following else len(data)
        found[kind] = data[start:at]
    for kind in ("CFG", "DAT"):
        if kind not in found:
            what = f"there is no section {kind}"
            raise RecordingError(file, "", what, "check that it is a COMTRADE single file (CFF) and complete")
    return Sections(found["CFG"], found["DAT"], found.get("INF", b""), found.get("HDR", b""))


def join(sections: Sections, form: Form) -> bytes:
    """Puts a single file together."""
    kind = "DAT ASCII" if form is Form.ASCII else f"DAT {form}: {len(sections.dat)}"
    return b"".join(
        (
            b"--- file type: CFG ---\r\n" + sections.cfg,
            b"--- file type: INF ---\r\n" + sections.information,
            b"--- file type: HDR ---\r\n" + sections.header,
            f"--- file type: {kind} ---\r\n".encode() + sections.dat,
        )
    )
