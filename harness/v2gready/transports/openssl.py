"""What OpenSSL can say in a ClientHello and Python's ssl has no name for (RFC 8446 4.2, RFC 6066).

The functions of libssl are called on the context behind an `ssl.SSLContext`. Where Python was built with OpenSSL inside
of it, they cannot be found: then a context stays as it is, and `REACHABLE` is False.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
from collections.abc import Sequence
from typing import Any, Final

from cryptography import x509

from v2gready.transports.stream import TransportError

_SET_GROUPS: Final = 92
_SET_SIGNATURES: Final = 98
_SET_STATUS_TYPE: Final = 65
_STATUS_OCSP: Final = 1
_FUNCTIONS: Final = {
    "SSL_CTX_set_ciphersuites": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
    "SSL_CTX_ctrl": (ctypes.c_long, (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)),
    "SSL_CTX_set0_CA_list": (None, (ctypes.c_void_p, ctypes.c_void_p)),
    "SSL_CTX_set_tlsext_max_fragment_length": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_uint8)),
    "OPENSSL_sk_new_null": (ctypes.c_void_p, ()),
    "OPENSSL_sk_push": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p)),
    "d2i_X509_NAME": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long)),
}


def _open() -> Any:
    """Libssl as this Python is linked to it; None where there is no such library."""
    try:
        library = ctypes.CDLL(getattr(_ssl, "__file__", None))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library


_LIBRARY: Final = _open()
REACHABLE: Final = _LIBRARY is not None
"""Whether this Python lets anybody at its OpenSSL."""


def offer_suites(context: ssl.SSLContext, names: Sequence[str]) -> None:
    """The suites of TLS 1.3, in order.

    Raises:
        TransportError: OpenSSL knows none of that name.
    """
    _call("SSL_CTX_set_ciphersuites", context, ":".join(names).encode("ascii"))


def offer_signatures(context: ssl.SSLContext, names: Sequence[str]) -> None:
    """signature_algorithms, in OpenSSL's spelling (``ECDSA+SHA512``).

    Raises:
        TransportError: OpenSSL knows none of that name.
    """
    _call("SSL_CTX_ctrl", context, _SET_SIGNATURES, 0, ":".join(names).encode("ascii"))


def offer_groups(context: ssl.SSLContext, names: Sequence[str]) -> None:
    """supported_groups, in OpenSSL's spelling (``P-521``), in order.

    Raises:
        TransportError: OpenSSL knows none of that name.
    """
    _call("SSL_CTX_ctrl", context, _SET_GROUPS, 0, ":".join(names).encode("ascii"))


def ask_for_status(context: ssl.SSLContext) -> None:
    """status_request with an empty list of responders: the peer may staple OCSP responses."""
    _call("SSL_CTX_ctrl", context, _SET_STATUS_TYPE, _STATUS_OCSP, None)


def name_authorities(context: ssl.SSLContext, names: Sequence[x509.Name]) -> None:
    """certificate_authorities: the roots that this side knows."""
    if _LIBRARY is None:
        return
    stack = _LIBRARY.OPENSSL_sk_new_null()
    for name in names:
        octets = ctypes.create_string_buffer(name.public_bytes())
        start = ctypes.c_void_p(ctypes.addressof(octets))
        _LIBRARY.OPENSSL_sk_push(stack, _LIBRARY.d2i_X509_NAME(None, ctypes.byref(start), len(octets) - 1))
    _LIBRARY.SSL_CTX_set0_CA_list(_pointer(context), stack)  # takes the stack over


def limit_fragments(context: ssl.SSLContext, code: int) -> None:
    """max_fragment_length: 1 to 4 for 512 to 4096 octets (RFC 6066 4).

    Raises:
        TransportError: There is no such code.
    """
    _call("SSL_CTX_set_tlsext_max_fragment_length", context, code)


def _call(name: str, context: ssl.SSLContext, *arguments: Any) -> None:
    if _LIBRARY is not None and getattr(_LIBRARY, name)(_pointer(context), *arguments) != 1:
        raise TransportError(f"OpenSSL refuses {name} with {arguments}")


def _pointer(context: ssl.SSLContext) -> Any:
    """The SSL_CTX: the first thing behind the head that every Python object has."""
    return ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
