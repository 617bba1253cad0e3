"""Strings as a reader should meet them: hostile ones defused, numbers and anchors in one form."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

# Control characters (but tab and newline), invisible and direction-changing characters, surrogates, noncharacters:
# a device could use them to hide or forge what a report says, and XML 1.0 forbids most of them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff"
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
TIMES = "\N{MULTIPLICATION SIGN}"
_NO_ANCHOR = re.compile(r"[^A-Za-z0-9.-]")


def visible(value: object) -> str:
    r"""Text in which every character can be seen: ``\x1b`` instead of an escape character."""
    return _UNSAFE.sub(_escape, str(value))


def one_line(value: object) -> str:
    """Visible text without a line break: no value can pass for a line of the report."""
    return visible(value).replace("\n", "\\n").replace("\t", "\\t")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shorten(value: object, limit: int) -> str:
    """Visible text of at most ``limit`` characters, an ellipsis standing for the rest."""
    text = visible(value)
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def fill(template: str, *values: object, **named: object) -> Markup:
    """Markup with values in its braces, escaped unless they are markup: `Markup.format` at half its price.

    Args:
        template: Our own text; braces without a format.
        *values: By place.
        **named: By name.
    """
    filled = template.format(*map(escape, values), **{name: escape(value) for name, value in named.items()})
    return Markup(filled)  # noqa: S704 # every value was escaped


def anchor(*parts: object) -> str:
    """A fragment identifier; different parts give different anchors."""
    return "-".join(_NO_ANCHOR.sub(lambda match: f"_{ord(match[0]):x}_", str(part)) for part in parts)


def span(seconds: float) -> str:
    """A duration in the unit a person would use."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def utc(stamp: str) -> str:
    """An ISO 8601 stamp for a reader; what is no stamp stays as it is."""
    try:
        return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return stamp


def scaled(value: int, exponent: int) -> str:
    """The number that a RationalNumber stands for (ISO 15118-20: Value times ten to the power of Exponent)."""
    number = Decimal(value).scaleb(exponent)
    return f"{number:f}" if -12 <= exponent <= 12 else f"{number:.6E}"


def plural(count: int, word: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}".replace(",", "\u202f")


def listed(names: Iterable[object], limit: int = 6) -> str:
    """Names with commas; after ``limit`` of them only how many more."""
    every = [str(name) for name in names]
    rest = len(every) - limit
    return ", ".join(every) if rest <= 0 else f"{', '.join(every[:limit])} and {rest} more"


class Texts:
    """The sentences of a report (``reports/texts.toml``) by dotted key."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    @classmethod
    def read(cls, path: Path) -> Texts:
        """Reads the data file."""
        return cls(tomllib.loads(path.read_text(encoding="utf-8")))

    def __call__(self, key: str, **values: object) -> str:
        """The sentence with its values filled in.

        Raises:
            KeyError: There is no such sentence, or a value is missing.
        """
        sentence = self.table(key)
        if not isinstance(sentence, str):
            raise KeyError(key)
        return string.Formatter().vformat(sentence, (), values)

    def table(self, key: str) -> Any:
        """The part of the data file under a dotted key.

        Raises:
            KeyError: There is none.
        """
        found: Any = self._document
        for part in key.split("."):
            found = found[part]
        return found
