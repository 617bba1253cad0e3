"""TLS: what the charger staples about its own revocation (reference 7.1; TLS-S-4).

The response for the SECC certificate alone: those for its sub-CAs OpenSSL does not hand out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from v2gready.authoring import ChargerBench, ChargerCase, Observation, Trace
from v2gready.authoring.staples import staple, stapled_good, stapled_within


class _Stapled(ChargerCase):
    """A car asks by status_request, as every car does."""

    area = "tls"
    pics = "tls and pnc"

    async def stimulate(self, bench: ChargerBench) -> None:
        """Connects."""
        await bench.ev.visit()


class Stapled(_Stapled):
    """A car in an underground garage has no network: what it knows of revocation it knows from the charger.

    A public charger staples, and a private one with Plug & Charge does; only a private one without need not.
    """

    id = "CHG-TLS-OCSP-01"
    title = "TLS: an OCSP response for the SECC certificate is stapled, and says good"
    requirements = ("V2G20-2388",)
    faults: ClassVar = {
        "ocsp-not-stapled": "V2G20-2388",
        "ocsp-of-another": "V2G20-2388",
        "ocsp-forged": "V2G20-2388",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """About this leaf, by its issuer."""
        yield stapled_good("V2G20-2388", staple(trace))


class Fresh(_Stapled):
    """A stolen key is revoked within hours; a response of last month would hide it."""

    id = "CHG-TLS-OCSP-02"
    title = "TLS: the stapled OCSP response is no older than a week"
    requirements = ("V2G20-1021",)
    faults: ClassVar = {"ocsp-stale": "V2G20-1021"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares thisUpdate with the moment of the handshake."""
        yield stapled_within("V2G20-1021", staple(trace), timedelta(days=7))
