"""What an operator can ask of the CSMS: the hooks of a DUT file of role csms, by their names.

Every action makes the CSMS send something to one station, at once if it is connected, and never otherwise: what came of
it, the wire tells. ``station`` is an identity; without it the station that connected last is meant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms import orders
from v2gready.references.csms.backend import Backend
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.registry import Station
from v2gready.references.csms.transactions import Ledger, Transaction
from v2gready.references.csms.turn import Request, stamp


class Operator(ABC):
    """The actions; whoever runs the CSMS gives it time and connections.

    Attributes:
        backend: The CSMS.
    """

    backend: Backend

    @abstractmethod
    def _now(self) -> float:
        """Monotonic time."""

    @abstractmethod
    def _connected(self, station: str | None) -> Csms | None:
        """The connection of that station, or the newest."""

    @abstractmethod
    def _moved(self, csms: Csms) -> None:
        """The connection may have something to send."""

    def do(self, action: str, payload: Mapping[str, Any] | None = None, station: str | None = None) -> None:
        """Sends any CALL, with the payload as it is."""
        csms = self._connected(station)
        if csms is None:
            return
        csms.request(Request(action, dict(payload or {})), self._now())
        self._moved(csms)

    # Transactions

    def request_start(
        self,
        token: str = "V2G-TOKEN",  # noqa: S107 - a customer
        evse: int = 1,
        *,
        type: str = "ISO14443",  # noqa: A002 - the word of the hook
        profile: Mapping[str, Any] | None = None,
        station: str | None = None,
    ) -> None:
        """RequestStartTransaction."""
        known = self._station(station)
        if known is not None:
            payload: Payload = {"idToken": orders.id_token(token, type), "remoteStartId": known.number()}
            payload["evseId"] = evse
            if profile is not None:
                payload["chargingProfile"] = dict(profile)
            self.do("RequestStartTransaction", payload, station)

    def request_stop(self, transaction: str | None = None, *, station: str | None = None) -> None:
        """RequestStopTransaction for a transaction that runs; without one, for the newest that does."""
        running = self._running(station, transaction)
        if running is not None:
            self.do("RequestStopTransaction", {"transactionId": running.id}, station)

    def get_transaction_status(self, transaction: str | None = None, *, station: str | None = None) -> None:
        """GetTransactionStatus."""
        self.do("GetTransactionStatus", {} if transaction is None else {"transactionId": transaction}, station)

    def notify_allowed_energy_transfer(
        self,
        modes: Sequence[str] = ("DC_BPT",),
        transaction: str | None = None,
        *,
        station: str | None = None,
    ) -> None:
        """NotifyAllowedEnergyTransfer: the decision about a transaction that runs (Q02)."""
        running = self._running(station, transaction)
        if running is not None:
            running.transfers = tuple(modes)
            self.do(
                "NotifyAllowedEnergyTransfer",
                {"transactionId": running.id, "allowedEnergyTransfer": list(modes)},
                station,
            )

    # Smart charging

    def set_charging_profile(
        self,
        *,
        evse: int = 1,
        profile: Mapping[str, Any] | None = None,
        periods: Sequence[Mapping[str, Any]] = ({"limit": 11_000.0},),
        kind: str = "Absolute",
        purpose: str | None = None,
        unit: str = "W",
        stack_level: int = 1,
        duration: int | None = None,
        station: str | None = None,
    ) -> None:
        """SetChargingProfile: a whole profile, or one made of periods.

        Without ``purpose`` it is a TxProfile where a transaction runs, and else a TxDefaultProfile.
        """
        known = self._station(station)
        if known is None:
            return
        running = self._running(station, None, evse)
        chosen = purpose or ("TxProfile" if running is not None and evse else "TxDefaultProfile")
        made = orders.charging_profile(
            known,
            self.backend.unix(self._now()),
            periods=periods,
            kind=kind,
            purpose=chosen,
            unit=unit,
            stack_level=stack_level,
            duration=duration,
            transaction=running.id if running is not None and chosen == "TxProfile" else None,
        )
        request = orders.profile_request(evse, made if profile is None else dict(profile))
        known.profiles[request.payload["chargingProfile"]["id"]] = request.payload["chargingProfile"]
        self.do(request.action, request.payload, station)

    def update_dynamic_schedule(
        self, values: Mapping[str, float], *, profile: int | None = None, station: str | None = None
    ) -> None:
        """UpdateDynamicSchedule, and what later pulls are answered; ``values`` as on the wire: setpoint, limit."""
        known = self._station(station)
        if known is None:
            return
        dynamic = [one for one in known.profiles.values() if one["chargingProfileKind"] == "Dynamic"]
        found = known.profiles.get(profile) if profile is not None else dynamic[-1] if dynamic else None
        if found is not None and found["chargingProfileKind"] == "Dynamic":
            found["chargingSchedule"][0]["chargingSchedulePeriod"][0].update(values)
        target = profile if profile is not None else found["id"] if found is not None else None
        if target is not None:
            self.do("UpdateDynamicSchedule", {"chargingProfileId": target, "scheduleUpdate": dict(values)}, station)

    def set_dynamic_values(self, values: Mapping[str, float], *, station: str | None = None) -> None:
        """Changes what pulls are answered, and sends nothing."""
        known = self._station(station)
        for one in () if known is None else known.profiles.values():
            if one["chargingProfileKind"] == "Dynamic":
                one["chargingSchedule"][0]["chargingSchedulePeriod"][0].update(values)

    def clear_charging_profile(self, profile: int | None = None, *, station: str | None = None) -> None:
        """ClearChargingProfile: one, or all."""
        criteria = {"chargingProfileCriteria": {"evseId": 0}}
        self.do("ClearChargingProfile", criteria if profile is None else {"chargingProfileId": profile}, station)

    def get_charging_profiles(self, *, evse: int | None = None, station: str | None = None) -> None:
        """GetChargingProfiles."""
        scope = {} if evse is None else {"evseId": evse}
        self._numbered("GetChargingProfiles", {**scope, "chargingProfile": {}}, station)

    def get_composite_schedule(
        self, *, evse: int = 1, duration: int = 3600, unit: str | None = None, station: str | None = None
    ) -> None:
        """GetCompositeSchedule."""
        payload: Payload = {"evseId": evse, "duration": duration}
        self.do("GetCompositeSchedule", payload if unit is None else {**payload, "chargingRateUnit": unit}, station)

    def use_priority_charging(
        self, transaction: str | None = None, *, activate: bool = True, station: str | None = None
    ) -> None:
        """UsePriorityCharging."""
        running = self._running(station, transaction)
        if running is not None:
            self.do("UsePriorityCharging", {"transactionId": running.id, "activate": activate}, station)

    def send_afrr_signal(self, signal: int, *, delay: float = 0.0, station: str | None = None) -> None:
        """AFRRSignal that applies ``delay`` seconds from now."""
        at = stamp(self.backend.unix(self._now()) + delay)
        self.do("AFRRSignal", {"timestamp": at, "signal": signal}, station)

    # DER

    def set_der_control(
        self,
        control_type: str = "FreqDroop",
        *,
        control_id: str | None = None,
        is_default: bool = True,
        value: Mapping[str, Any] | None = None,
        field: str | None = None,
        station: str | None = None,
    ) -> None:
        """SetDERControl; ``value`` replaces the sample of the type, or single fields of it."""
        known = self._station(station)
        if known is None:
            return
        usual, sample = orders.DER_SAMPLES[control_type]
        payload: Payload = {
            "isDefault": is_default,
            "controlId": control_id or f"der-{known.number()}",
            "controlType": control_type,
            field or usual: {**sample, **(value or {})},
        }
        self.do("SetDERControl", payload, station)

    def clear_der_control(
        self,
        *,
        is_default: bool = True,
        control_type: str | None = None,
        control_id: str | None = None,
        station: str | None = None,
    ) -> None:
        """ClearDERControl."""
        payload = _given(isDefault=is_default, controlType=control_type, controlId=control_id)
        self.do("ClearDERControl", payload, station)

    def get_der_control(
        self,
        *,
        is_default: bool | None = None,
        control_type: str | None = None,
        control_id: str | None = None,
        station: str | None = None,
    ) -> None:
        """GetDERControl."""
        payload = _given(isDefault=is_default, controlType=control_type, controlId=control_id)
        self._numbered("GetDERControl", payload, station)

    # Device model, life

    def get_variables(
        self, component: str, variable: str, *, evse: int | None = None, station: str | None = None
    ) -> None:
        """GetVariables: one variable."""
        asked = orders.component_variable(component, variable, evse=evse)
        self.do("GetVariables", {"getVariableData": [asked]}, station)

    def set_variables(
        self,
        component: str,
        variable: str,
        value: str,
        *,
        evse: int | None = None,
        instance: str | None = None,
        station: str | None = None,
    ) -> None:
        """SetVariables: one variable."""
        asked = orders.component_variable(component, variable, evse=evse, instance=instance)
        self.do("SetVariables", {"setVariableData": [{"attributeValue": value, **asked}]}, station)

    def get_base_report(self, kind: str = "FullInventory", *, station: str | None = None) -> None:
        """GetBaseReport."""
        self._numbered("GetBaseReport", {"reportBase": kind}, station)

    def get_report(self, component: str, variable: str | None = None, *, station: str | None = None) -> None:
        """GetReport: of one component."""
        asked = orders.component_variable(component, variable or "")
        if variable is None:
            del asked["variable"]
        self._numbered("GetReport", {"componentVariable": [asked]}, station)

    def get_log(self, kind: str = "SecurityLog", *, location: str, station: str | None = None) -> None:
        """GetLog, to be uploaded to ``location``."""
        self._numbered("GetLog", {"logType": kind, "log": {"remoteLocation": location}}, station)

    def trigger_message(
        self,
        message: str,
        *,
        evse: int | None = None,
        custom: str | None = None,
        station: str | None = None,
    ) -> None:
        """TriggerMessage."""
        where = None if evse is None else {"id": evse}
        self.do("TriggerMessage", _given(requestedMessage=message, evse=where, customTrigger=custom), station)

    def reset(self, kind: str = "OnIdle", *, evse: int | None = None, station: str | None = None) -> None:
        """Reset."""
        self.do("Reset", _given(type=kind, evseId=evse), station)

    def set_network_profile(self, slot: int, connection: Mapping[str, Any], *, station: str | None = None) -> None:
        """SetNetworkProfile; ``connection`` is the NetworkConnectionProfile as on the wire."""
        self.do("SetNetworkProfile", {"configurationSlot": slot, "connectionData": dict(connection)}, station)

    # Certificates

    def install_certificate(
        self,
        kind: str = "CSMSRootCertificate",
        certificate: str | None = None,
        *,
        station: str | None = None,
    ) -> None:
        """InstallCertificate; without one in PEM, the root of this CSMS."""
        chosen = certificate if certificate is not None else self.backend.authority(self._now()).root_pem()
        self.do("InstallCertificate", {"certificateType": kind, "certificate": chosen}, station)

    def delete_certificate(self, hash_data: Mapping[str, Any], *, station: str | None = None) -> None:
        """DeleteCertificate by its CertificateHashData."""
        self.do("DeleteCertificate", {"certificateHashData": dict(hash_data)}, station)

    def get_installed_certificates(self, kinds: Sequence[str] = (), *, station: str | None = None) -> None:
        """GetInstalledCertificateIds."""
        self.do("GetInstalledCertificateIds", {"certificateType": list(kinds)} if kinds else {}, station)

    # Policies of the operator

    def answer_needs(self, status: str) -> None:
        """From now on NotifyEVChargingNeeds is answered with Accepted, Processing, Rejected or NoChargingProfile."""
        self.backend.needs_status = status

    def forget_boot(self, station: str | None = None) -> None:
        """Takes a station for one that has not booted."""
        known = self._station(station)
        if known is not None:
            known.status = ""

    def ledger(self, transaction: str, *, station: str | None = None) -> Ledger | None:
        """What a transaction amounts to, for people; judges read `totalCost`."""
        known = self._station(station)
        found = None if known is None else known.transactions.get(transaction)
        return None if found is None else found.ledger(self.backend.config.tariff, self.backend.seams.booked)

    def _station(self, identity: str | None) -> Station | None:
        if identity is not None:
            return self.backend.stations.get(identity)
        csms = self._connected(None)
        return None if csms is None else csms.station

    def _running(self, station: str | None, transaction: str | None, evse: int | None = None) -> Transaction | None:
        known = self._station(station)
        if known is None:
            return None
        if transaction is not None:
            return known.transaction(transaction)
        seams = self.backend.seams
        for one in reversed(known.transactions.values()):
            if (evse is None or one.evse in {None, evse}) and seams.active(one, active=not one.ended):
                return one
        return None

    def _numbered(self, action: str, payload: Mapping[str, Any], station: str | None) -> None:
        known = self._station(station)
        if known is not None:
            self.do(action, {"requestId": known.number(), **payload}, station)


def _given(**values: Any) -> Payload:
    """The fields that have a value: an empty optional field is left out [P4 4]."""
    return {name: value for name, value in values.items() if value is not None}
