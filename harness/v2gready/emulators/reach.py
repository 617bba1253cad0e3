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


class NoChain(Unequipped):
    """A chain is missing on the bench; the same for ISO 15118.

    Args:
        name: ``role-defect``, as the files of variants are called.
        told: Whether somebody has to tell the device what is wrong with it, because the chain does not show it.
    """

    def __init__(self, name: str, *, told: bool = False) -> None:
        files = f"{name}.pem and {name}.key to a folder of variants"
        rest = f"add {files}" if told else f"add authorities, or {files},"
        end = ", and let the device know what it is" if told else ""
        super().__init__(f"the bench has no chain {name}: {rest} in [interfaces.iso15118]{end}")


class Missing(Unequipped):
    """Something else that a DUT file could name.

    Args:
        what: What the bench does not have.
        keys: Keys of ``[interfaces.iso15118]`` that would give it, beside authorities.
    """

    def __init__(self, what: str, *keys: str) -> None:
        add = f"{' and '.join(keys)}, or authorities," if keys else "authorities"
        super().__init__(f"the bench has no {what}: add {add} to [interfaces.iso15118]")
