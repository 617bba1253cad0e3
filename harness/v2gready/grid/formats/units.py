"""Units as instruments write them, and the SI units of our channels."""

from __future__ import annotations

from v2gready.grid.recording import ChannelNames

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "k": 1e3, "M": 1e6}
_ALIASES = {
    "v": "V",
    "volt": "V",
    "volts": "V",
    "a": "A",
    "amp": "A",
    "amps": "A",
    "ampere": "A",
    "amperes": "A",
    "w": "W",
    "watt": "W",
    "watts": "W",
    "var": "var",
    "vars": "var",
    "hz": "Hz",
    "hertz": "Hz",
    "s": "s",
    "sec": "s",
    "seconds": "s",
}
_SUFFIXES = ("rms", "eff", "peak", "ac", "dc")


def si_unit(channel: str) -> str:
    """The unit of a channel of ours; empty if it is digital or unknown."""
    if channel in (*ChannelNames.VOLTAGES, ChannelNames.POSITIVE_SEQUENCE):
        return "V"
    if channel in ChannelNames.CURRENTS:
        return "A"
    return {ChannelNames.FREQUENCY: "Hz", ChannelNames.POWER: "W", ChannelNames.REACTIVE: "var"}.get(channel, "")


def factor(written: str, unit: str) -> float | None:
    """By what to multiply values in a unit as written to get them in an SI unit; None: they are of another kind."""
    text = written.strip()
    for suffix in _SUFFIXES:
        if text.lower().endswith(suffix) and len(text) > len(suffix):
            text = text[: -len(suffix)].rstrip(" _-")
    for prefix, value in _PREFIXES.items():
        if text.startswith(prefix) and _ALIASES.get(text[len(prefix) :].lower()) == unit:
            return value
    return None
