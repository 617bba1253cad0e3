"""The one error of this package."""

from __future__ import annotations


class RecordingError(ValueError):
    """A file does not hold a usable recording.

    Attributes:
        file: Name of the file.
        place: Line, offset or channel in it; empty if the whole file is meant.
        what: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, file: str, place: str, what: str, remedy: str) -> None:
        self.file, self.place, self.what, self.remedy = file, place, what, remedy
        super().__init__(f"{file}{', ' if place else ''}{place}: {what}; {remedy}")
