"""What all connections of the CSMS share: configuration, registry, authority, time."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from v2gready.references.csms.authority import Authority
from v2gready.references.csms.config import CsmsConfig, CsmsCredentials, StationEntry
from v2gready.references.csms.registry import Station
from v2gready.references.csms.seams import Check, Seams


class Backend:
    """The CSMS behind its connections.

    Args:
        config: What it is.
        rng: Where message ids come from.
        seams: Its faults.
        epoch: Unix time at ``now`` zero.
        credentials: Certificates; None for a CSMS without TLS.

    Attributes:
        stations: Every station that was there, by identity.
        needs_status: See `CsmsConfig.needs_status`; an operator may change it.
    """

    def __init__(
        self,
        config: CsmsConfig,
        rng: random.Random,
        *,
        seams: Seams | None = None,
        epoch: float = 0.0,
        credentials: CsmsCredentials | None = None,
    ) -> None:
        self.config = config
        self.seams = Seams() if seams is None else seams
        self.stations: dict[str, Station] = {}
        self.needs_status = config.needs_status
        self.credentials = CsmsCredentials() if credentials is None else credentials
        self._epoch = epoch
        self._rng = rng
        self._authority: Authority | None = None

    def unix(self, now: float) -> float:
        """Unix time at a monotonic instant."""
        return self._epoch + now

    def new_id(self) -> str:
        """A message id of 32 hexadecimal digits."""
        return f"{self._rng.getrandbits(128):032x}"

    def authority(self, now: float) -> Authority:
        """Who signs certificates and OCSP responses. Made at first use: most runs need none."""
        if self._authority is None:
            moment = datetime.fromtimestamp(self.unix(now), UTC)
            self._authority = Authority(self.credentials.issuer, moment, self.config.organisation)
        return self._authority

    def station(self, identity: str) -> Station | None:
        """The station of that identity; None if nobody knows it."""
        found = self.stations.get(identity)
        if found is not None:
            return found
        entry = self.config.stations.get(identity)
        if self.seams.check(identity, Check.KNOWN, violated=entry is None):
            return None
        found = self.stations[identity] = Station(identity, entry or StationEntry())
        return found
