"""What a peer that leaves the checking to OpenSSL says in a TLS 1.3 handshake, as the table of defects tells it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from tests.unit.protocols.pki.openssl import agrees

from v2gready.protocols.pki import Curve, Hierarchy, Role, Shown
from v2gready.protocols.pki.defects import TLS_ROLES, for_role, good
from v2gready.protocols.pki.profiles import Point
from v2gready.transports.tls import client_context, server_context


@cache
def world(curve: Curve) -> Hierarchy:
    return Hierarchy(datetime.now(UTC) - timedelta(days=2), curve=curve)


def handshake(curve: Curve, secc: Shown, vehicle: Shown) -> str:
    """`ok`, or what the one who refuses says."""
    pki = world(curve)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context(pki.roots, vehicle, curve=curve).wrap_bio(to_client, to_server)
    server = server_context(pki.roots, secc, curve=curve).wrap_bio(to_server, to_client, server_side=True)
    done = [False, False]
    while not all(done):
        for number, side in enumerate((client, server)):
            try:
                side.do_handshake()
                done[number] = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as refusal:
                return refusal.verify_message
            except ssl.SSLError as refusal:
                return str(refusal)
    return "ok"


@pytest.mark.parametrize("role", TLS_ROLES)
@pytest.mark.parametrize("curve", [Curve.P521, Curve.ED448])
def test_openssl_refuses_what_the_table_says(curve: Curve, role: Role) -> None:
    pki = world(curve)
    shown = {one: good(pki, one) for one in TLS_ROLES}
    assert handshake(curve, shown[Role.SECC], shown[Role.VEHICLE]) == "ok"
    for defect in for_role(role):
        # Revocation is nothing that OpenSSL looks at without a list.
        if not defect.presentable or defect.point is Point.REVOCATION:
            continue
        bad = {**shown, role: defect.apply(pki, role)}
        answer = handshake(curve, bad[Role.SECC], bad[Role.VEHICLE])
        assert agrees(answer, defect.in_handshake), (defect.name, answer)
