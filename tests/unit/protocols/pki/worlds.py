"""Hierarchies of every curve, made once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from v2gready.protocols.pki import Curve, Edition, Hierarchy

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
AT = NOT_BEFORE + timedelta(days=1)
WORLDS = {Curve.P521: Edition.ISO_20, Curve.ED448: Edition.ISO_20, Curve.P256: Edition.ISO_2}


@cache
def world(curve: Curve) -> Hierarchy:
    return Hierarchy(NOT_BEFORE, curve=curve, edition=WORLDS[curve])
