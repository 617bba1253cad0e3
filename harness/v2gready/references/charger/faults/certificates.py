"""Faults of certificate installation, signed readings and signed prices (reference 4.5, 7.4; CRT-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import signature
from v2gready.protocols.iso15118.secc.backend import LocalBackend
from v2gready.protocols.iso15118.secc.responses.refusals import empty_installation
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode
_HEADER: Final = 8
_KEPT: Final = 20
"""Octets of a CertificateInstallationRes that reach a little beyond its header."""


class _Installs(Answers[m.CertificateInstallationRes]):
    message = m.CertificateInstallationRes


@fault("installation-signature-unchecked", "Installs contracts for whoever shows a provisioning certificate.")
class InstallationUnsigned(Ignores):
    """Reference 4.5: the request is signed over OEMProvisioningCertificateChain."""

    ignored = frozenset({Check.PROVISIONING_SIGNATURE})


@fault("installation-chain-unchecked", "Installs contracts for a provisioning certificate of any root.")
class InstallationChainUnchecked(Ignores):
    """Reference 4.5."""

    ignored = frozenset({Check.PROVISIONING_CHAIN})


@fault("installation-stale-ok", "Answers OK to every CertificateInstallationReq, also to one that it has refused.")
class InstallationStaleOk(Fault):
    """CRT-S-2: the code of the message before; a request that its decoder gave up on is no exception."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """OK, Finished, and whatever stands in the rest."""
        if turn.request is None and turn.state is State.AUTHORIZING:
            return Reply((empty_installation(turn.header, _CODE.OK),))
        bent = reply.bent(m.CertificateInstallationRes, lambda one: replace(one, ResponseCode=_CODE.OK))
        return bent if bent == reply else replace(bent, close=False)


@fault("installation-unknown-pcid-as-ok", "Answers OK and an empty contract to a car that has none.")
class UnknownPcidAsOk(_Installs):
    """[V2G20-2206], CRT-S-1."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """A stale OK."""
        none = response.ResponseCode is _CODE.WARNING_NoContractMatchingPCIDFound
        return replace(response, ResponseCode=_CODE.OK) if none else response


@fault("installation-warning-as-failed", "Answers FAILED to a car that has no contract, and ends the session.")
class InstallationWarningAsFailed(Fault):
    """[V2G20-2206]: a warning; the car may pay by card."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A warning taken for a failure."""

        def change(response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
            warning = _CODE.WARNING_AuthorizationSelectionInvalid <= response.ResponseCode < _CODE.FAILED
            return replace(response, ResponseCode=_CODE.FAILED) if warning else response

        bent = reply.bent(m.CertificateInstallationRes, change)
        return bent if bent == reply else replace(bent, close=True)


@fault("installation-warning-without-body", "Sends a CertificateInstallationRes with a warning and no body.")
class WarningWithoutBody(Fault):
    """CRT-S-1: the message is schema-valid all the same."""

    def __init__(self) -> None:
        super().__init__()
        self._short = False

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Remembers that the next frame is one."""
        self._short = any(
            isinstance(one, m.CertificateInstallationRes) and one.ResponseCode is not _CODE.OK for one in reply.messages
        )
        return reply

    def frame_out(self, data: bytes) -> bytes:
        """The rest was not filled in."""
        if not self._short:
            return data
        self._short = False
        return data[:4] + _KEPT.to_bytes(4, "big") + data[_HEADER : _HEADER + _KEPT]


@fault("installation-data-tampered", "Changes the contract key on its way into the car.")
class DataTampered(_Installs):
    """Reference 7.4: neither the signature of the provisioning service nor the tag holds."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """One bit."""
        sealed = response.SignedInstallationData.SECP521_EncryptedPrivateKey
        if response.ResponseCode is not _CODE.OK or sealed is None:
            return response
        spoiled = sealed[:-1] + bytes([sealed[-1] ^ 1])
        return replace(
            response,
            SignedInstallationData=replace(response.SignedInstallationData, SECP521_EncryptedPrivateKey=spoiled),
        )


@fault("installation-key-tampered", "Encrypts another key than that of the contract, and signs it all.")
class KeyTampered(_Installs):
    """Reference 7.4: the signature holds; the car has a contract that it cannot use."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """The key of somebody else, for which there is no room in this bench: zeros."""
        data = response.SignedInstallationData
        backend = turn.station.backend
        if not _good(response) or not isinstance(backend, LocalBackend) or backend.cps is None:
            return response
        spoiled = replace(data, SECP521_EncryptedPrivateKey=bytes(len(data.SECP521_EncryptedPrivateKey or b"")))
        bent = replace(response, SignedInstallationData=spoiled)
        key: Any = backend.cps.private_key
        return signature.sign_message(bent, key)


@fault("installation-chain-mixed", "Sends the contract without its lower sub-CA, and signs it all.")
class ChainMixed(_Installs):
    """Reference 7.3: a car that gets such a one can show it nowhere."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """One certificate of the chain was lost in the back end."""
        data = response.SignedInstallationData
        backend = turn.station.backend
        if not _good(response) or not isinstance(backend, LocalBackend) or backend.cps is None:
            return response
        chain = data.ContractCertificateChain
        upper = m.SubCertificates(Certificate=chain.SubCertificates.Certificate[1:])
        short = replace(data, ContractCertificateChain=replace(chain, SubCertificates=upper))
        key: Any = backend.cps.private_key
        return signature.sign_message(replace(response, SignedInstallationData=short), key)


@fault("installation-warning-final", "Takes no AuthorizationReq behind an installation that was refused.")
class NothingBehindInstallation(Fault):
    """Reference 4.2: AuthorizationReq is in order there."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Takes it for an error of order."""
        return violated or (self._refused and check is Check.SEQUENCE and isinstance(turn.request, m.AuthorizationReq))

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Remembers the refusal."""
        self._refused = any(
            isinstance(one, m.CertificateInstallationRes) and one.ResponseCode is not _CODE.OK for one in reply.messages
        )
        return reply


@fault("installation-ongoing-for-ever", "Answers OK and Ongoing to a car that it has a contract for, without an end.")
class OngoingForEver(_Installs):
    """V2G_SECC_Ongoing_Performance_Time; every answer takes its time."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The back end is slow, too."""
        bent = super().reply(turn, reply)
        return bent if bent == reply else replace(bent, delay=3.0)

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """The back end never answers."""
        return replace(response, ResponseCode=_CODE.OK, EVSEProcessing=m.Processing.Ongoing)


@fault("installation-unsigned", "Sends a contract without the signature of the provisioning service.")
class Unsigned(_Installs):
    """Reference 7.4."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """A header as always."""
        return replace(response, Header=replace(response.Header, Signature=None))


@fault("installation-remaining-wrong", "Says that one contract more is waiting than there is.")
class RemainingWrong(_Installs):
    """RemainingContractCertificateChains."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """Counts from one."""
        more = response.RemainingContractCertificateChains + 1
        return replace(response, RemainingContractCertificateChains=more) if _good(response) else response


@fault("installation-emsp-unchecked", "Does not look at the prioritized EMAIDs.")
class EmspUnchecked(Ignores):
    """[V2G20-2208]."""

    ignored = frozenset({Check.EMSP_KNOWN})


@fault("installation-never-ends", "Answers CertificateInstallationReq with Ongoing for ever.")
class NeverEnds(_Installs):
    """V2G_SECC_Ongoing_Performance_Time, 55 s."""

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """The back end never answers."""
        return replace(response, ResponseCode=_CODE.OK, EVSEProcessing=m.Processing.Ongoing)


@fault("metering-signature-unchecked", "Takes a reading with a wrong signature.")
class MeteringUnchecked(Ignores):
    """FAILED_MeteringSignatureNotValid is due where the charger wants it signed."""

    ignored = frozenset({Check.METERING_SIGNATURE})


@fault("prices-tampered", "Changes a price behind the signature of the provider.")
class PricesTampered(Answers[m.ScheduleExchangeRes]):
    """SCH-E-2: the digest does not hold."""

    message = m.ScheduleExchangeRes

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """Another id of the schedule."""
        mode = response.SEResControlMode
        if response.Header.Signature is None:
            return response
        if isinstance(mode, m.Dynamic_SEResControlMode):
            return replace(response, SEResControlMode=replace(mode, PriceSchedule=_other(mode.PriceSchedule)))
        first, *rest = mode.ScheduleTuple
        charging = replace(first.ChargingSchedule, PriceSchedule=_other(first.ChargingSchedule.PriceSchedule))
        tuples = (replace(first, ChargingSchedule=charging), *rest)
        return replace(response, SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=tuples))


def _other(
    price: m.AbsolutePriceSchedule | m.PriceLevelSchedule | None,
) -> m.AbsolutePriceSchedule | m.PriceLevelSchedule | None:
    return None if price is None else replace(price, PriceScheduleID=price.PriceScheduleID + 1)


def _good(response: m.CertificateInstallationRes) -> bool:
    return response.ResponseCode is _CODE.OK and response.EVSEProcessing is m.Processing.Finished
