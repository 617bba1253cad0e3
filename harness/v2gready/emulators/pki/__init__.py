"""What a PKI has on the network: OCSP responder and revocation lists."""

from v2gready.emulators.pki.server import Asked, RevocationServer

__all__ = ["Asked", "RevocationServer"]
