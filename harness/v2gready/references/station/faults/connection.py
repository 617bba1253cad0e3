"""Faults of connection, network profiles, passwords and TLS (reference S01 to S13)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.references.station.boot import BootKnob
from v2gready.references.station.door import DoorKnob, TlsPolicy
from v2gready.references.station.faults.kinds import Answers, Ignores, Sends, Turns
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.security import SecurityCheck, SecurityKnob
from v2gready.references.station.server import ConnectionKnob

_MANY = 1_000_000.0


# Reconnecting


@fault("no-backoff", "Connects again at once, without the back-off.")
class NoBackOff(Turns):
    """S12: a storm of connections when a CSMS comes back."""

    knob = ConnectionKnob.BACK_OFF
    wrong = 0.1


@fault("backoff-constant", "Waits equally long before every connection attempt.")
class BackOffConstant(Turns):
    """S12: the wait is doubled, and its random share is new."""

    knob = ConnectionKnob.BACK_OFF

    def __init__(self) -> None:
        super().__init__()
        self._first: float | None = None

    def bend(self, value: float) -> float:
        """The first one for ever."""
        self._first = value if self._first is None else self._first
        return self._first


@fault("backoff-never-reset", "Goes on with the long waits after a connection that worked.")
class BackOffNeverReset(Turns):
    """S12, errata: reset after success."""

    knob = ConnectionKnob.FAILURES
    wrong = 4


@fault("gives-up-reconnecting", "Gives up after three failed connection attempts.")
class GivesUpReconnecting(Turns):
    """S12: for ever."""

    knob = ConnectionKnob.BACK_OFF

    def __init__(self) -> None:
        super().__init__()
        self._attempts = 0

    def bend(self, value: float) -> float:
        """Sleeps."""
        self._attempts += 1
        return value if self._attempts < 3 else _MANY


@fault("missing-pong-unnoticed", "Does not notice that no Pong comes back.")
class MissingPongUnnoticed(Turns):
    """S12: a dead connection is to be found out."""

    knob = ConnectionKnob.PONG
    wrong = False


@fault("no-ping", "Sends no Ping whatever WebSocketPingInterval says.")
class NoPing(Turns):
    """Part 4, 5.4."""

    knob = ConnectionKnob.PING
    wrong = 0.0


@fault("boot-again-on-reconnect", "Sends BootNotification after every reconnect.")
class BootAgain(Turns):
    """Part 4, 5.3: only if its content has changed."""

    knob = BootKnob.NEEDED
    wrong = True


# The handshake


@fault("identity-not-encoded", "Does not percent-encode its identity in the URL.")
class IdentityNotEncoded(Turns):
    """S03; shows with an identity that needs it."""

    knob = ConnectionKnob.PATH

    def bend(self, value: str) -> str:
        """As it is, but for what HTTP could not carry at all."""
        return unquote(value).replace(" ", "%20")


@fault("wrong-identity-in-path", "Puts a trailing slash behind its identity in the URL.")
class WrongIdentity(Turns):
    """OCPP-J 3.1: the identity is the last segment."""

    knob = ConnectionKnob.PATH

    def bend(self, value: str) -> str:
        """Another path."""
        return f"{value}/"


@fault("prefers-old-version", "Lists OCPP 2.0.1 before OCPP 2.1.")
class PrefersOldVersion(Turns):
    """S01: in order of preference."""

    knob = ConnectionKnob.SUBPROTOCOLS

    def bend(self, value: tuple[str, ...]) -> tuple[str, ...]:
        """Turned round."""
        return value[::-1]


@fault("no-subprotocol-offered", "Offers no subprotocol.")
class NoSubprotocol(Turns):
    """S01."""

    knob = ConnectionKnob.SUBPROTOCOLS
    wrong = ()


@fault("offers-2-0-1-only", "Does not offer OCPP 2.1.")
class OffersOldOnly(Turns):
    """S01."""

    knob = ConnectionKnob.SUBPROTOCOLS
    wrong = (Edition.V201.value,)


@fault("negotiated-version-ignored", "Speaks OCPP 2.1 although OCPP 2.0.1 was negotiated.")
class VersionIgnored(Turns):
    """F26, F27."""

    knob = ConnectionKnob.EDITION
    wrong = Edition.V21


@fault("no-authorization-header", "Sends no password.")
class NoAuthorization(Turns):
    """A00."""

    knob = SecurityKnob.AUTHORIZATION
    wrong = False


# Passwords


@fault("password-not-used", "Keeps on using the former password after a change.")
class PasswordNotUsed(Turns):
    """S09."""

    knob = SecurityKnob.PASSWORD
    wrong = "old"


@fault("password-fallback-missing", "Does not go back to the former password when the new one is refused.")
class PasswordFallbackMissing(Turns):
    """S09: it locks itself out."""

    knob = SecurityKnob.PASSWORD
    wrong = "new"


@fault("password-change-without-reconnect", "Does not reconnect after a change of its password.")
class PasswordWithoutReconnect(Turns):
    """A01."""

    knob = SecurityKnob.RECONNECT
    wrong = False


@fault("short-password-accepted", "Says that it accepts a password of less than 16 characters.")
class ShortPasswordAccepted(Answers):
    """A00."""

    actions = frozenset({"SetVariables"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Accepted, whatever came of it."""
        results = [
            {key: value for key, value in one.items() if key != "attributeStatusInfo"} | {"attributeStatus": "Accepted"}
            if one["variable"]["name"] == "BasicAuthPassword"
            else one
            for one in payload["setVariableResult"]
        ]
        return payload | {"setVariableResult": results}


@fault("password-readable", "Gives its password away in GetVariables.")
class PasswordReadable(Answers):
    """B06: write-only."""

    actions = frozenset({"GetVariables"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Accepted with a value; not the true one: a fault is no reason to spread secrets."""
        results = [
            one | {"attributeStatus": "Accepted", "attributeValue": "********"}
            if one["variable"]["name"] == "BasicAuthPassword"
            else one
            for one in payload["getVariableResult"]
        ]
        return payload | {"getVariableResult": results}


# Network profiles


@fault("downgrade-accepted", "Accepts a network profile with a lower security profile.")
class DowngradeAccepted(Ignores):
    """S08."""

    ignored = frozenset({SecurityCheck.DOWNGRADE})


@fault("unknown-slot-accepted", "Accepts a network profile for a slot that it does not have.")
class UnknownSlotAccepted(Ignores):
    """B09: InvalidConfSlot."""

    ignored = frozenset({SecurityCheck.SLOT})


@fault("active-slot-overwritten", "Lets the network profile in use be overwritten.")
class ActiveSlotOverwritten(Ignores):
    """Errata: ActiveNetworkConf."""

    ignored = frozenset({SecurityCheck.ACTIVE})


@fault("incomplete-network-profile-accepted", "Accepts a network profile that cannot work.")
class IncompleteProfileAccepted(Ignores):
    """B09: InvalidNetworkConf, e.g. ws:// with security profile 2."""

    ignored = frozenset({SecurityCheck.CONFIGURATION})


@fault("network-profile-failover-missing", "Never tries the next network profile.")
class FailoverMissing(Turns):
    """S13."""

    knob = SecurityKnob.ATTEMPTS
    wrong = _MANY


@fault("network-profile-failover-early", "Tries the next network profile after one attempt.")
class FailoverEarly(Turns):
    """S13: after exactly NetworkProfileConnectionAttempts."""

    knob = SecurityKnob.ATTEMPTS
    wrong = 1


@fault("network-priority-ignored", "Tries its network profiles in the order of their slots.")
class PriorityIgnored(Turns):
    """B10."""

    knob = SecurityKnob.PRIORITY

    def bend(self, value: list[Any]) -> list[Any]:
        """Sorted."""
        return sorted(value, key=lambda profile: int(profile.slot))


# TLS


class _Lax(Turns):
    """Demands less of the CSMS."""

    knob = DoorKnob.POLICY


@fault("expired-server-cert-accepted", "Accepts an expired certificate of the CSMS.")
class ExpiredAccepted(_Lax):
    """S05."""

    def bend(self, value: TlsPolicy) -> TlsPolicy:
        """Does not look at the time."""
        return replace(value, validity=False)


@fault("wrong-name-accepted", "Accepts a certificate of the CSMS for another host.")
class WrongNameAccepted(_Lax):
    """S05."""

    def bend(self, value: TlsPolicy) -> TlsPolicy:
        """Does not look at the name."""
        return replace(value, name=False)


@fault("wildcard-accepted", "Accepts a wildcard certificate of the CSMS.")
class WildcardAccepted(_Lax):
    """S05, errata: AllowCSMSTLSWildcards is false."""

    def bend(self, value: TlsPolicy) -> TlsPolicy:
        """As every browser does."""
        return replace(value, wildcards=True)


@fault("foreign-root-accepted", "Does not check the certificate of the CSMS at all.")
class ForeignRootAccepted(_Lax):
    """S05."""

    def bend(self, value: TlsPolicy) -> TlsPolicy:
        """verify=False."""
        return replace(value, chain=False, name=False, validity=False)


@fault("no-client-certificate", "Shows no certificate with security profile 3.")
class NoClientCertificate(Turns):
    """A00."""

    knob = DoorKnob.CERTIFICATE
    wrong = False


@fault("no-tls-security-event", "Tells no security event after a refused TLS session.")
class NoTlsEvent(Turns):
    """S04, S05: InvalidCsmsCertificate and its kin."""

    knob = DoorKnob.EVENT
    wrong = None


@fault("wrong-tls-security-event", "Tells InvalidTLSVersion whatever was wrong with the TLS session.")
class WrongTlsEvent(Turns):
    """S04, S05."""

    knob = DoorKnob.EVENT

    def bend(self, value: str | None) -> str | None:
        """One for all."""
        return None if value is None else "InvalidTLSVersion"


@fault("security-event-without-time", "Stamps security events with the year 1970.")
class EventWithoutTime(Sends):
    """B03."""

    action = "SecurityEventNotification"

    def bend(self, payload: Payload) -> Payload:
        """The epoch."""
        return payload | {"timestamp": "1970-01-01T00:00:00.000Z"}


@fault("security-event-lost-offline", "Does not tell security events.")
class SecurityEventLost(Sends):
    """A04: queued until the CSMS is there."""

    action = "SecurityEventNotification"

    def bend(self, payload: Payload) -> Payload | None:
        """Lost."""
        return None
