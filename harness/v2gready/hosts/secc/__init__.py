"""The SECC on a network: SDP, TCP and TLS around `v2gready.protocols.iso15118.secc`."""

from v2gready.hosts.secc.server import RunningCharger, run
from v2gready.hosts.secc.tls import ChargerCredentials

__all__ = ["ChargerCredentials", "RunningCharger", "run"]
