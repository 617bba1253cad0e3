"""Network profiles, passwords and security events (A00 to A05, B09, B10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.context import ErrorReply, Handler
from v2gready.references.station.device_model import DataType, Variable

if TYPE_CHECKING:
    from v2gready.references.station.station import Station

_BASIC: Final = (1, 2)
"""Security profiles with a password."""
_VERSIONS: Final = {"OCPP201": (Edition.V201,), "OCPP21": (Edition.V21, Edition.V201)}


class SecurityKnob(Enum):
    """What a fault may bend in security."""

    PASSWORD = "which password is used"  # noqa: S105 - "new" or "old", no secret
    PRIORITY = "order of network profiles"
    EVENT = "security event"
    ATTEMPTS = "attempts before the next network profile"
    RECONNECT = "reconnects with a new password"
    AUTHORIZATION = "sends Basic authorization"


class SecurityCheck(Enum):
    """Rules of security."""

    DOWNGRADE = "no lower security profile"
    SLOT = "configuration slot exists"
    CONFIGURATION = "network profile is complete"
    ACTIVE = "the network profile in use is not changed"


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """One way to the CSMS.

    Attributes:
        slot: Configuration slot.
        url: Endpoint without identity.
        security_profile: 1, 2 or 3.
        message_timeout: Seconds.
        identity: Of the station, where it differs.
        password: Basic authentication, where it differs. A secret.
        editions: Subprotocols, where the profile narrows them.
        interface: ocppInterface.
    """

    slot: int
    url: str
    security_profile: int
    message_timeout: int
    identity: str | None = None
    password: str | None = field(default=None, repr=False)
    editions: tuple[Edition, ...] = ()
    interface: str = "Any"


class Security:
    """Who the station trusts and how it shows itself.

    Args:
        station: The station.

    Attributes:
        profiles: Network profiles by slot.
        active: Slot in use.
        former_password: The password before the present one, until that has worked. A secret.
    """

    def __init__(self, station: Station) -> None:
        config = station.config
        self._station = station
        scheme, host = ("ws" if config.security_profile == 1 else "wss"), config.host
        host = f"[{host}]" if ":" in host else host
        url = f"{scheme}://{host}:{config.port}{config.path}"
        self.profiles = {0: NetworkProfile(0, url, config.security_profile, config.message_timeout)}
        self.active = 0
        self.former_password: str | None = None
        self.handlers: Mapping[str, Handler] = {"SetNetworkProfile": self._set_profile}
        self._define(self.profiles[0])
        priority = station.model.find("OCPPCommCtrlr", "NetworkConfigurationPriority")
        if priority is not None:
            priority.guard = self._priority_problem
        password = station.model.find("SecurityCtrlr", "BasicAuthPassword")
        if password is not None:
            password.guard = self._remember_password
        station.model.on_change(self._changed)

    @property
    def profile(self) -> NetworkProfile:
        """In use, or to be used first."""
        return self.profiles[self.active]

    @property
    def message_timeout(self) -> float:
        """Seconds that an answer of the CSMS may take."""
        return float(self.profile.message_timeout)

    def plan(self) -> list[NetworkProfile]:
        """Profiles in the order in which they are tried."""
        slots = self._station.model.members("OCPPCommCtrlr", "NetworkConfigurationPriority")
        order = [self.profiles[int(slot)] for slot in slots if int(slot) in self.profiles]
        return self._station.seams.value(SecurityKnob.PRIORITY, order or [self.profile])

    def password(self, profile: NetworkProfile, *, fallback: bool) -> str | None:
        """The password for the next attempt; a secret. None without Basic authentication.

        Args:
            profile: The profile that is tried.
            fallback: The present one was refused just now: use the former one.
        """
        if profile.security_profile not in _BASIC:
            return None
        if not self._station.seams.value(SecurityKnob.AUTHORIZATION, True):
            return None
        if profile.password is not None:
            return profile.password
        choice = "old" if fallback and self.former_password is not None else "new"
        choice = self._station.seams.value(SecurityKnob.PASSWORD, choice)
        if choice == "old" and self.former_password is not None:
            return self.former_password
        return self._station.model.get("SecurityCtrlr", "BasicAuthPassword") or ""

    def connected(self, profile: NetworkProfile, *, fallback: bool) -> None:
        """A connection with a profile stands; lower profiles go after an upgrade (A05.FR.06)."""
        before = self.profile
        self.active = profile.slot
        model = self._station.model
        model.put("OCPPCommCtrlr", "ActiveNetworkProfile", profile.slot)
        model.put("SecurityCtrlr", "SecurityProfile", profile.security_profile)
        if fallback and self.former_password is not None:
            model.put("SecurityCtrlr", "BasicAuthPassword", self.former_password)
        self.former_password = None
        if profile.security_profile > before.security_profile:
            lower = [one.slot for one in self.profiles.values() if one.security_profile < profile.security_profile]
            for slot in lower:
                del self.profiles[slot]
            slots = [str(slot) for slot in sorted(self.profiles)]
            order = [one for one in model.members("OCPPCommCtrlr", "NetworkConfigurationPriority") if one in slots]
            model.put("OCPPCommCtrlr", "NetworkConfigurationPriority", order or slots)

    def power_cycle(self) -> None:
        """The first profile in priority is tried first."""
        self._station.model.on_change(self._changed)
        self.active = self.plan()[0].slot

    def event(self, kind: str, now: float, info: str = "") -> None:
        """Tells a security event; kept until the CSMS is there (A04)."""
        payload: Payload = {"type": kind, "timestamp": self._station.stamp(now)}
        if info:
            payload["techInfo"] = info[:255]
        self._station.outbox.put("SecurityEventNotification", payload, now, keep=True)

    # Changes by the CSMS

    def _set_profile(self, payload: Payload, _: float) -> Payload | ErrorReply:
        slot, data = payload["configurationSlot"], payload["connectionData"]
        seams = self._station.seams
        priority = self._station.model.find("OCPPCommCtrlr", "NetworkConfigurationPriority")
        known = priority is None or str(slot) in priority.values
        if seams.check(SecurityCheck.SLOT, violated=not known):
            return _rejected("InvalidConfSlot")
        if seams.check(SecurityCheck.ACTIVE, violated=slot == self.active):
            return _rejected("ActiveNetworkConf")
        wanted = data["securityProfile"]
        if seams.check(SecurityCheck.DOWNGRADE, violated=self._is_downgrade(wanted)):
            return _rejected("NoSecurityDowngrade")
        if seams.check(SecurityCheck.CONFIGURATION, violated=not self._complete(data["ocppCsmsUrl"], wanted, data)):
            return _rejected("InvalidNetworkConf")
        self.profiles[slot] = NetworkProfile(
            slot,
            data["ocppCsmsUrl"],
            wanted,
            data["messageTimeout"],
            data.get("identity"),
            data.get("basicAuthPassword"),
            tuple(
                one for one in _VERSIONS.get(data.get("ocppVersion", ""), ()) if one in self._station.config.editions
            ),
            data["ocppInterface"],
        )
        self._define(self.profiles[slot])
        return {"status": "Accepted"}

    def _is_downgrade(self, wanted: int) -> bool:
        present = self.profile.security_profile
        if wanted >= present:
            return False
        allowed = self._station.model.boolean("SecurityCtrlr", "AllowSecurityProfileDowngrade")
        return not (allowed and (present, wanted) == (3, 2))

    def _complete(self, url: str, security_profile: int, data: Payload) -> bool:
        parts = urlsplit(url)
        scheme = "ws" if security_profile == 1 else "wss"
        store = self._station.certificates
        return (
            parts.scheme == scheme
            and bool(parts.hostname)
            and 1 <= security_profile <= 3
            and data["ocppTransport"] == "JSON"
            and data.get("ocppVersion", "OCPP21") in _VERSIONS
            and (security_profile == 1 or bool(store.roots("CSMSRootCertificate")))
            and (security_profile < 3 or store.own is not None)
        )

    def _priority_problem(self, value: str) -> str | None:
        slots = [int(slot) for slot in value.split(",") if slot.strip()]
        if not slots or any(slot not in self.profiles for slot in slots):
            return "InvalidNetworkConf"
        lowest = min(self.profiles[slot].security_profile for slot in slots)
        downgrade = self._station.seams.check(SecurityCheck.DOWNGRADE, violated=self._is_downgrade(lowest))
        return "NoSecurityDowngrade" if downgrade else None

    def _changed(self, variable: Variable, now: float) -> None:
        names = (variable.component.lower(), variable.name.lower())
        if names == ("securityctrlr", "basicauthpassword"):
            if self._station.seams.value(SecurityKnob.RECONNECT, True):
                self._station.reconnect_soon(now)
        elif names[0] == "networkconfiguration":
            self._change_slot(int(variable.component_instance), variable)
        elif names == ("ocppcommctrlr", "heartbeatinterval"):
            self._station.boot.restart_heartbeat(now)

    def _remember_password(self, _: str) -> str | None:
        """The last check before a new password is stored: the former one is kept until the new one has worked."""
        self.former_password = self._station.model.get("SecurityCtrlr", "BasicAuthPassword")
        return None

    def _change_slot(self, slot: int, variable: Variable) -> None:
        profile = self.profiles.get(slot)
        if profile is None:
            return
        match variable.name:
            case "OcppCsmsUrl":
                self.profiles[slot] = replace(profile, url=variable.value)
            case "SecurityProfile":
                self.profiles[slot] = replace(profile, security_profile=int(variable.value))
            case "MessageTimeout":
                self.profiles[slot] = replace(profile, message_timeout=int(variable.value))
            case "Identity":
                self.profiles[slot] = replace(profile, identity=variable.value or None)
            case "BasicAuthPassword":
                self.profiles[slot] = replace(profile, password=variable.value)
            case _:
                pass

    def _define(self, profile: NetworkProfile) -> None:
        """NetworkConfiguration[slot] of 2.1."""
        component, slot = "NetworkConfiguration", str(profile.slot)

        def active(_: str) -> str | None:
            used = self._station.seams.check(SecurityCheck.ACTIVE, violated=self.active == profile.slot)
            return "ActiveNetworkConf" if used else None

        def security(value: str) -> str | None:
            downgrade = self._station.seams.check(SecurityCheck.DOWNGRADE, violated=self._is_downgrade(int(value)))
            return active(value) or ("NoSecurityDowngrade" if downgrade else None)

        texts = {"OcppCsmsUrl": profile.url, "Identity": profile.identity or ""}
        for name, value in texts.items():
            self._station.model.define(
                Variable(component, name, value, component_instance=slot, writable=True, guard=active, maximum=2000)
            )
        self._station.model.define(
            Variable(component, "BasicAuthPassword", "", component_instance=slot, writable=True, readable=False,
                     guard=active, minimum=16, maximum=64)
        )  # fmt: skip
        numbers = {
            "SecurityProfile": (profile.security_profile, 1, 3, security),
            "MessageTimeout": (profile.message_timeout, 1, None, active),
        }
        for name, (number, low, high, guard) in numbers.items():
            self._station.model.define(
                Variable(component, name, str(number), component_instance=slot, writable=True, guard=guard,
                         type=DataType.INTEGER, minimum=low, maximum=high)
            )  # fmt: skip


def _rejected(reason: str) -> Payload:
    return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}
