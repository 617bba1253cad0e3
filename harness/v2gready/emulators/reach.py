"""How a stimulus says that it did not get where it wanted; the same word for every protocol."""

from __future__ import annotations


class Unreached(Exception):  # noqa: N818 - the way to the test step ended early: an outcome, not an error
    """The session ended before the step that the stimulus wanted. The judge will find it inconclusive."""


class Unequipped(Unreached):
    """The bench does not have what the stimulus needs: nothing that the device could help."""


class NoCertificate(Unequipped):
    """A defective certificate is missing on the bench. It is the bench's owner who can help: the sentence says how."""

    def __init__(self, whose: str, variant: str) -> None:
        super().__init__(
            f"the bench has no {whose} certificate that is {variant.replace('_', ' ')}: add authority_certificates and "
            "authority_key to [interfaces.ocpp], or a folder of variants"
        )
