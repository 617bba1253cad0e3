"""What OpenSSL can say in a handshake and Python's ssl has no name for (RFC 8446 4.2, RFC 6066).

The functions of libssl are called on the context behind an `ssl.SSLContext`. Where Python was built with OpenSSL inside
of it, they cannot be found: then a context stays as it is, and `REACHABLE` is False.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from cryptography import x509

from v2gready.transports.stream import TransportError

_SET_GROUPS: Final = 92
_SET_SIGNATURES: Final = 98
_SET_CLIENT_SIGNATURES: Final = 102
_SET_STATUS_TYPE: Final = 65
_SET_STATUS_CALLBACK: Final = 63
_GET_STATUS: Final = 70
_SET_STATUS: Final = 71
_STATUS_OCSP: Final = 1
_ACKNOWLEDGED, _NOT_ACKNOWLEDGED, _GO_ON = 0, 3, 1
_StatusCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_FUNCTIONS: Final = {
    "SSL_CTX_set_ciphersuites": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
    "SSL_CTX_ctrl": (ctypes.c_long, (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)),
    "SSL_CTX_callback_ctrl": (ctypes.c_long, (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)),
    "SSL_ctrl": (ctypes.c_long, (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)),
    "CRYPTO_malloc": (ctypes.c_void_p, (ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int)),
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


def ask_for_signatures(context: ssl.SSLContext, names: Sequence[str]) -> None:
    """signature_algorithms of CertificateRequest: what a server takes from a client, in OpenSSL's spelling.

    Raises:
        TransportError: OpenSSL knows none of that name.
    """
    _call("SSL_CTX_ctrl", context, _SET_CLIENT_SIGNATURES, 0, ":".join(names).encode("ascii"))


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


def staple(context: ssl.SSLContext, response: bytes) -> None:
    """Answers status_request with an OCSP response, DER, for the leaf; in TLS 1.3 OpenSSL knows no other place.

    Args:
        context: Of a server.
        response: What is stapled to every session.
    """

    def give(session: int, _: int | None) -> int:
        if _LIBRARY is None:
            return _NOT_ACKNOWLEDGED
        octets = _LIBRARY.CRYPTO_malloc(len(response), b"", 0)  # OpenSSL takes it over, and frees it
        ctypes.memmove(octets, response, len(response))
        taken = _LIBRARY.SSL_ctrl(session, _SET_STATUS, len(response), octets) == 1
        return _ACKNOWLEDGED if taken else _NOT_ACKNOWLEDGED

    _answer_status(context, give)


def stapled(context: ssl.SSLContext) -> list[bytes]:
    """Where the OCSP responses of servers will be, after the handshakes of a client that asks for them.

    Args:
        context: Of the client.
    """
    found: list[bytes] = []

    def take(session: int, _: int | None) -> int:
        octets = ctypes.c_void_p()
        size = -1 if _LIBRARY is None else _LIBRARY.SSL_ctrl(session, _GET_STATUS, 0, ctypes.byref(octets))
        if size > 0 and octets.value:
            found.append(ctypes.string_at(octets.value, size))
        return _GO_ON

    _answer_status(context, take)
    return found


def _answer_status(context: ssl.SSLContext, answer: Callable[[int, int | None], int]) -> None:
    if _LIBRARY is None:
        return
    callback = _StatusCallback(answer)
    _LIBRARY.SSL_CTX_callback_ctrl(_pointer(context), _SET_STATUS_CALLBACK, ctypes.cast(callback, ctypes.c_void_p))
    _CALLBACKS[context] = callback


_CALLBACKS: Final[MutableMapping[ssl.SSLContext, Any]] = WeakKeyDictionary()
"""OpenSSL holds no reference to what it calls."""


def _call(name: str, context: ssl.SSLContext, *arguments: Any) -> None:
    if _LIBRARY is not None and getattr(_LIBRARY, name)(_pointer(context), *arguments) != 1:
        raise TransportError(f"OpenSSL refuses {name} with {arguments}")


def _pointer(context: ssl.SSLContext) -> Any:
    """The SSL_CTX: the first thing behind the head that every Python object has."""
    return ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
