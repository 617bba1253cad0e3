"""TLS: what a car offers, which good chains it believes, and what it shows of itself (reference 7.1, 7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = ("secp521r1", "x448")
SIGNATURES = ("ecdsa_secp521r1_sha512", "ed448")
OF_TLS_1_3 = ("TLS_AES_", "TLS_CHACHA20_", "TLS_SM4_", "0x13")
"""What the suites of TLS 1.3 begin with; those of TLS 1.2, which a car of both parts offers too, do not count."""
OF_PART_2 = ("secp256r1", "ecdsa_secp256r1_sha256")
"""Group and signature of ISO 15118-2, for a car that offers TLS 1.2 as well."""


class HelloCase(EvCase):
    """The first thing that a car says: it is compared with the profile."""

    area = "tls"
    pics = "tls"

    async def stimulate(self, bench: EvBench) -> None:
        """A good session up to the choice of the protocol."""
        await bench.plug_in()
        await bench.charger.wait_for(m.SupportedAppProtocolReq)
        bench.charger.cut()


class HelloVersion(HelloCase):
    """TLS 1.3 is the only version in which both sides prove who they are here; a car that lacks it has no session."""

    id = "EV-TLS-HELLO-01"
    title = "ClientHello: TLS 1.3 is offered, and a session of TLS 1.3 comes about"
    requirements = ("V2G20-2365", "V2G20-1264")
    faults: ClassVar = {"tls-left-out": "V2G20-2365", "tls-no-client-certificate": "V2G20-1264"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads supported_versions, and what was agreed on."""
        connected = ev.first_connection(trace)
        session = ev.shook_hands(trace, connected)
        hello = ev.hello_of(trace, connected)
        yield holds(
            "V2G20-2365",
            hello is not None and "TLSv1.3" in ev.words_of(hello, "versions"),
            expected="a ClientHello with TLSv1.3 in supported_versions",
            seen="no ClientHello" if hello is None else str(hello.detail.get("versions")),
            at=(connected.index,) if hello is None else (connected.index, hello.index),
        )
        agreed = {} if session is None else session.detail
        shown = "peer_certificate" in agreed
        yield holds(
            "V2G20-1264",
            agreed.get("version") == "TLSv1.3" and shown,
            expected="a session of TLS 1.3 in which the car shows a certificate",
            seen=f"{agreed.get('version', 'no TLS session')}, certificate {'shown' if shown else 'not shown'}",
            at=(connected.index,) if session is None else (session.index,),
        )


class HelloAlgorithms(HelloCase):
    """Suites, groups and signatures of the profile alone: whatever else a library brings along is an open door."""

    id = "EV-TLS-HELLO-02"
    title = "ClientHello: suites, groups and signatures of the profile, and no others"
    requirements = ("V2G20-2458", "V2G20-1634", "V2G20-1667")
    faults: ClassVar = {
        "tls-offers-aes-128": "V2G20-2458",
        "tls-offers-x25519": "V2G20-1634",
        "tls-offers-sha256": "V2G20-1667",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the lists; what belongs to ISO 15118-2 is left to a car that offers TLS 1.2 as well."""
        hello = ev.client_hello(trace)
        older = OF_PART_2 if "TLSv1.2" in ev.words_of(hello, "versions") else ()
        suites = [one for one in ev.words_of(hello, "suites") if one.startswith(OF_TLS_1_3)]
        for requirement, what, seen, allowed in (
            ("V2G20-2458", "suites of TLS 1.3", suites, SUITES),
            ("V2G20-1634", "groups", ev.words_of(hello, "groups"), (*GROUPS, *older)),
            ("V2G20-1667", "signatures", ev.words_of(hello, "signature_algorithms"), (*SIGNATURES, *older)),
        ):
            mine = [one for one in seen if one in allowed and one not in older]
            yield holds(
                requirement,
                bool(mine) and all(one in allowed for one in seen),
                expected=f"{what}: out of {', '.join(allowed)}",
                seen=", ".join(seen) or "none",
                at=(hello.index,),
            )


class HelloStatus(HelloCase):
    """Without status_request no SECC staples, and a car without a network cannot ask for revocation by itself."""

    id = "EV-TLS-HELLO-03"
    title = "ClientHello: status_request"
    requirements = ("V2G20-2372",)
    faults: ClassVar = {"tls-asks-no-status": "V2G20-2372"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the extension."""
        hello = ev.client_hello(trace)
        there = hello.detail.get("status_request") is True
        yield holds(
            "V2G20-2372",
            there,
            expected="status_request",
            seen="there" if there else "not there",
            at=(hello.index,),
        )


class HelloAuthorities(HelloCase):
    """A charger with chains under several roots takes the one whose root the car names; the rest is a guess."""

    id = "EV-TLS-HELLO-04"
    title = "ClientHello: certificate_authorities names the root that the SECC's chain is under"
    requirements = ("V2G20-1006", "H-EV-TLS-TRUSTED-CA")
    faults: ClassVar = {"tls-names-no-roots": "V2G20-1006"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """At least one name; trusted_ca_keys is the way of ISO 15118-2."""
        hello = ev.client_hello(trace)
        names = ev.words_of(hello, "authorities")
        yield holds(
            "V2G20-1006",
            bool(names),
            expected="names of roots in certificate_authorities",
            seen=f"{len(names)} names",
            at=(hello.index,),
        )
        keys = hello.detail.get("trusted_ca_keys") is True and "TLSv1.2" not in ev.words_of(hello, "versions")
        yield holds(
            "H-EV-TLS-TRUSTED-CA",
            not keys,
            expected="no trusted_ca_keys in a ClientHello of TLS 1.3 alone",
            seen="there" if keys else "not there",
            at=(hello.index,),
        )


class HelloFragments(HelloCase):
    """A controller with little memory for TLS records says so beforehand, or fails at the first long chain."""

    id = "EV-TLS-HELLO-05"
    title = "ClientHello: max_fragment_length"
    requirements = ("V2G20-2446",)
    faults: ClassVar = {"tls-no-fragment-length": "V2G20-2446"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the extension."""
        hello = ev.client_hello(trace)
        there = hello.detail.get("max_fragment_length") is True
        yield holds(
            "V2G20-2446",
            there,
            expected="max_fragment_length",
            seen="there" if there else "not there",
            at=(hello.index,),
        )


class VehicleCertificate(EvCase):
    """The vehicle certificate says which car this is; contract and provisioning certificate are not for TLS.

    A charger that keeps the rules refuses them, and the car never charges there (a defect of the field).
    """

    id = "EV-TLS-CLIENT-01"
    title = "TLS: the car shows its vehicle certificate: for clients, CN is its EVCCID, no contract, no PCID"
    area = "tls"
    requirements = ("V2G20-2339", "V2G20-2598", "V2G20-2674")
    pics = "tls"
    faults: ClassVar = {
        "tls-shows-contract": "V2G20-2339",
        "tls-shows-provisioning": "V2G20-2339",
        "evccid-not-of-certificate": "V2G20-2598",
        "evccid-empty": "V2G20-2598",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """A session up to the EVCCID; what the car shows is looked at afterwards."""
        bench.charger.tls(any_client=True)
        await bench.plug_in()
        await bench.charger.wait_for(m.AuthorizationSetupReq)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares certificate and SessionSetupReq."""
        session = ev.tls_session(trace)
        certificate = ev.shown_certificate(session)
        yield holds(
            "V2G20-2339",
            certificate is not None and certificate.for_clients and not certificate.is_ca,
            expected="a certificate for clientAuth: contract and provisioning certificates have no such purpose",
            seen="no certificate" if certificate is None else str(certificate),
            at=(session.index,),
        )
        if certificate is None:
            return
        setup = ev.asked(trace, m.SessionSetupReq)
        yield holds(
            "V2G20-2598",
            bool(setup.request.EVCCID) and certificate.common_names == (setup.request.EVCCID,),
            expected=f"EVCCID {setup.request.EVCCID!r} as CN of the certificate",
            seen=f"CN {', '.join(certificate.common_names) or 'missing'}",
            at=(session.index, setup.frame.index),
        )
        yield holds(
            "V2G20-2674",
            certificate.key in ("secp521r1", "ed448"),
            expected="a key on secp521r1, or of Ed448",
            seen=certificate.key,
            at=(session.index,),
        )


class OldServer(EvCase):
    """A charger of ISO 15118-2 answers with TLS 1.2: the car may speak -2 there, and never -20."""

    id = "EV-TLS-VERSION-01"
    title = "TLS 1.2 alone: ISO 15118-20 is not offered"
    area = "tls"
    requirements = ("V2G20-1237",)
    pics = "tls"
    faults: ClassVar = {"tls-accepts-1-2": "V2G20-1237"}

    async def stimulate(self, bench: EvBench) -> None:
        """Takes connections of TLS 1.2 only."""
        bench.charger.tls(only_1_2=True, client_certificate=False)
        await bench.plug_in()
        await bench.charger.no_session(10.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No offer of -20 on any connection that is not protected by TLS 1.3."""
        connected = ev.connections(trace)
        if not connected:
            ev.first_connection(trace)
        for one in connected:
            yield ev.not_offered("V2G20-1237", trace, one)


class GoodChain(EvCase):
    """The counter-proof of every refusal: a good chain is believed, with either kind of key."""

    area = "tls"
    requirements = ("V2G20-2365",)
    pics = "tls"
    chain: ClassVar[str] = ""

    async def stimulate(self, bench: EvBench) -> None:
        """Shows a good chain."""
        bench.charger.tls(chain=self.chain)
        await bench.plug_in()
        await bench.charger.wait_for(m.SessionSetupReq, within=20.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car speaks over the connection."""
        yield ev.accepts_tls("V2G20-2365", trace)


class GoodChainEcdsa(GoodChain):
    """A chain as every charger of ISO 15118-20 has it: keys on secp521r1."""

    id = "EV-TLS-GOOD-01"
    title = "TLS: a good SECC chain with keys on secp521r1 is believed"
    faults: ClassVar = {"tls-refuses-every-chain": "V2G20-2365"}


class GoodChainEd448(GoodChain):
    """The second kind of key of the profile: a charger may have it, so a car has to know it."""

    id = "EV-TLS-GOOD-02"
    title = "TLS: a good SECC certificate with a key of Ed448 is believed"
    requirements = ("V2G20-2319",)
    faults: ClassVar = {"tls-without-ed448": "V2G20-2319"}
    chain = "ed448"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car speaks over the connection."""
        yield ev.accepts_tls("V2G20-2319", trace)
