"""TLS: which cars come in, and what is spoken over which protection (reference 7.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    EventKind,
    Observation,
    ShowsChains,
    TlsUse,
    Trace,
    answered,
    connection,
    holds,
    sdp,
    serves,
    tls_refused,
)
from v2gready.authoring import messages as m

SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = ("secp521r1", "x448")
KEYS = ("secp521r1", "ed448")


class GoodHandshake(ChargerCase):
    """With a car that keeps the profile there is a TLS 1.3 session, by a suite, a group and keys of the profile.

    The car shows its vehicle certificate, and the charger takes it: supportedAppProtocolReq is answered.
    """

    id = "CHG-TLS-PROFILE-01"
    title = "TLS: a good car gets a TLS 1.3 session of the profile"
    area = "tls"
    requirements = ("V2G20-1264", "V2G20-2365", "V2G20-2458", "V2G20-1634", "V2G20-2674")
    pics = "tls"
    faults = {"tls-wrong-group": "V2G20-1634"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Connects and negotiates the protocol."""
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads what the handshake has agreed on."""
        opened = connection(trace)
        session = next(trace.events(EventKind.TLS_ESTABLISHED, link=opened.link), None)
        agreed = {} if session is None else session.detail
        at = (opened.index,) if session is None else (opened.index, session.index)
        for requirement, what, allowed in (
            ("V2G20-2365", "version", ("TLSv1.3",)),
            ("V2G20-2458", "cipher", SUITES),
            ("V2G20-1634", "group", GROUPS),
            ("V2G20-2674", "peer_key", KEYS),
        ):
            seen = agreed.get(what, "no TLS session")
            yield holds(requirement, seen in allowed, expected=f"{what}: {' or '.join(allowed)}", seen=seen, at=at)
        if session is not None:
            yield answered("V2G20-1264", trace.exchange(m.SupportedAppProtocolReq), *m.SapResponseCode)


class _CarRefused(ShowsChains, ChargerCase):
    """Cars that must not come in, one after the other, and then one that must."""

    area = "tls"
    pics = "tls"
    examined = "vehicle-tls"
    uses: ClassVar[tuple[TlsUse, ...]]
    rule: ClassVar[str]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Tries to get a session; at last a good car comes."""
        for use in self.uses:
            await bench.ev.visit(tls=use)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused in the handshake or before any answer; the good car is served."""
        for nth, use in enumerate(self.uses):
            opened = connection(trace, nth)
            yield tls_refused(self.rule, trace, link=opened.link, why=f"the car shows {use.value}")
            yield serves("H-ROBUST", trace, after=opened)


class NoCertificate(_CarRefused):
    """The charger asks for a client certificate and refuses a car that has none."""

    id = "CHG-TLS-NOCERT-01"
    title = "TLS: a car without certificate is refused"
    requirements = ("V2G20-2400", "H-ROBUST")
    faults = {"tls-accepts-no-client-cert": "V2G20-2400", "dies-on-broken-handshake": "H-ROBUST"}
    uses = (TlsUse.NO_CERTIFICATE,)
    rule = "V2G20-2400"


class ForeignCertificate(_CarRefused):
    """A vehicle certificate under a root that the charger does not know is refused."""

    id = "CHG-TLS-FOREIGN-01"
    title = "TLS: a car under an unknown root is refused"
    requirements = ("V2G20-2331", "H-ROBUST")
    faults = {"tls-accepts-foreign-client-cert": "V2G20-2331", "dies-on-broken-handshake": "H-ROBUST"}
    uses = (TlsUse.FOREIGN,)
    defects = ("foreign-root",)
    rule = "V2G20-2331"


class CertificateValidity(_CarRefused):
    """A vehicle certificate is refused before and after its period of validity."""

    id = "CHG-TLS-VALID-01"
    title = "TLS: an expired or future vehicle certificate is refused"
    requirements = ("H-VEHICLE-CERT-VALID", "H-ROBUST")
    faults = {"tls-ignores-validity": "H-VEHICLE-CERT-VALID", "dies-on-broken-handshake": "H-ROBUST"}
    uses = (TlsUse.EXPIRED, TlsUse.NOT_YET_VALID)
    defects = ("expired", "not-yet-valid")
    rule = "H-VEHICLE-CERT-VALID"


class ContractCertificate(_CarRefused):
    """A contract certificate belongs to the application; in TLS it is refused, though its root may be known."""

    id = "CHG-TLS-CONTRACT-01"
    title = "TLS: a contract certificate is refused"
    requirements = ("V2G20-2339", "H-ROBUST")
    faults = {"tls-accepts-contract-cert": "V2G20-2339", "serves-one-session": "H-ROBUST"}
    uses = (TlsUse.CONTRACT,)
    rule = "V2G20-2339"


class OemRoot(ChargerCase):
    """A vehicle certificate may be issued under an OEM root as well as under a V2G root."""

    id = "CHG-TLS-OEM-01"
    title = "TLS: a vehicle certificate under an OEM root is accepted"
    area = "tls"
    requirements = ("V2G20-2331",)
    pics = "tls"
    faults = {"tls-refuses-oem-root": "V2G20-2331"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Comes with a certificate under the OEM root."""
        await bench.ev.visit(tls=TlsUse.OEM_ROOT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car gets a session."""
        yield serves("V2G20-2331", trace)


class OldTls(ChargerCase):
    """With TLS 1.2 ISO 15118-20 is not spoken: the handshake fails, or the protocol is not negotiated."""

    id = "CHG-TLS-OLD-01"
    title = "TLS: no ISO 15118-20 over TLS 1.2"
    area = "tls"
    requirements = ("V2G20-2356", "H-ROBUST")
    pics = "tls"
    faults = {"tls-accepts-12": "V2G20-2356", "dies-on-broken-handshake": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Comes with TLS 1.2 at most and offers ISO 15118-20; then a good car comes."""
        await bench.ev.visit(tls=TlsUse.TLS_1_2)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK to the offer."""
        yield not_selected(trace)
        yield serves("H-ROBUST", trace, after=connection(trace))


class PlainTcp(ChargerCase):
    """Without TLS ISO 15118-20 is not spoken, whatever a car asks for by SDP and however it then connects."""

    id = "CHG-TLS-PLAIN-01"
    title = "TLS: no ISO 15118-20 over plain TCP"
    area = "tls"
    requirements = ("V2G20-2356", "H-ROBUST")
    pics = "tls and not plain_tcp"
    faults = {"plain-tcp-for-20": "V2G20-2356", "dies-on-broken-handshake": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for no security and speaks plain TCP at the port it is told; then a good car comes."""
        await bench.ev.visit(tls=TlsUse.NONE, security=sdp.Security.NONE)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK to the offer."""
        yield not_selected(trace)
        yield serves("H-ROBUST", trace, after=connection(trace))


def not_selected(trace: Trace) -> Observation:
    """On the first connection ISO 15118-20 is not selected."""
    opened = connection(trace)
    responses = [one for one in trace.frames(sender=trace.dut, link=opened.link) if one.message is not None]
    refused = all(one.message.ResponseCode is m.SapResponseCode.Failed_NoNegotiation for one in responses)
    seen = ", ".join(f"{type(one.message).__name__} with {one.message.ResponseCode.name}" for one in responses)
    return holds(
        "V2G20-2356",
        refused,
        expected="no handshake, no answer or Failed_NoNegotiation",
        seen=seen or "no answer",
        at=(opened.index, *(one.index for one in responses)),
    )
