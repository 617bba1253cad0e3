"""Cases that show defective chains: what they play is told by the class, so that the matrix of defects finds them."""

from __future__ import annotations

from typing import ClassVar


class ShowsChains:
    """A case that shows a device chains of the catalogue of defects.

    `tests/quality/test_chain_matrix.py` reads the attributes, and docs/pki.md tells what it finds.

    Attributes:
        examined: Who looks at the chain: an entry of ``fixtures/pki/checks.toml``.
        defects: What is shown, one after the other; names of ``fixtures/pki/defects.toml``.
    """

    examined: ClassVar[str]
    defects: ClassVar[tuple[str, ...]] = ()

    @property
    def defect(self) -> str:
        """The one that is shown, where it is one."""
        return self.defects[0]
