"""Finding the charger, opening a session, authorization, services."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

from tests.unit.references.ev.rig import Rig
from tests.unit.references.ev.scenarios.registry import (
    DYNAMIC,
    IN_TLS,
    SCHEDULED,
    Drive,
    bent,
    code,
    plugged_in_for,
    shows,
    visit,
)
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Eim
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.protocols.sdp import SdpResponse, Security

# A session is enough

_EVERYWHERE = """session-id-not-adopted evccid-empty evccid-not-of-certificate session-setup-repeated
    timestamp-in-milliseconds timestamp-frozen session-id-made-up auth-pnc-without-contract auth-eim-signed
    auth-skips-setup service-detail-skipped parameter-set-not-offered service-vas-selected sap-priority-twice
    sap-schema-id-twice sap-wrong-major cpd-minimum-above-maximum cpd-implausible-power
    schedule-of-other-mode energy-requests-out-of-order session-stop-left-out power-stop-left-out
    connection-cut-out-of-loop connection-left-open termination-code-too-long request-slow request-too-slow
    v2gtp-bad-version v2gtp-length-short payload-type-of-common request-truncated request-twice
    contactor-closed-after-stop loop-slow loop-of-other-mode charging-complete-early sdp-bad-header sdp-wrong-length
    sdp-asks-for-udp pre-charge-not-awaited pre-charge-target-too-high pre-charge-skipped contactor-closed-early
    present-voltage-zero contactor-opens-under-load cable-check-not-awaited"""
shows(_EVERYWHERE, services=(ServiceId.DC_BPT, ServiceId.AC_BPT))(visit)
_SCHEDULED = """schedule-tuple-not-offered profile-missing profile-of-other-mode profile-time-anchor-zero
    target-current-above-own-limit target-voltage-above-own-limit profile-above-schedule profile-not-kept"""
shows(_SCHEDULED, controls=SCHEDULED)(visit)
_BPT = "cpd-without-bpt cpd-discharge-sign-differs loop-without-bpt v2x-energy-missing"
shows(_BPT, services=(ServiceId.DC_BPT,), controls=DYNAMIC)(visit)
shows("cpd-bpt-unasked", services=(ServiceId.DC,))(visit)
shows("soc-pair-incomplete", controls=DYNAMIC)(visit)
_PRESENT = "ac-present-power-zero ac-present-power-is-target"
shows(_PRESENT, services=(ServiceId.AC,), loops=20)(visit)
shows("sdp-asks-without-tls tls-no-client-certificate tls-left-out", **IN_TLS)(visit)
shows("power-tolerance-unanswered", shapes={"power_tolerance": 500.0})(visit)
shows("parameter-set-first parameter-set-by-number", controls=DYNAMIC)(
    bent(
        m.ServiceDetailRes,
        lambda res: replace(
            res,
            ServiceParameterList=m.ServiceParameterList(
                ParameterSet=tuple(
                    replace(one, ParameterSetID=10 * one.ParameterSetID)
                    for one in res.ServiceParameterList.ParameterSet
                )
            ),
        ),
    )
)


# SDP


@shows("sdp-retries-too-fast sdp-asks-once sdp-never-gives-up", sdp_attempts=20)
async def _silence(one: Rig) -> None:
    one.script.answers = [None] * 1000
    await one.visit()


def sdp(**changes: Any) -> Drive:
    async def drive(one: Rig) -> None:
        endpoint = one.charger.tcp_endpoint(Security.TLS) or one.charger.tcp_endpoint(Security.NONE)
        assert endpoint is not None
        good = SdpResponse(IPv6Address(endpoint.host), endpoint.port, Security.NONE)
        one.script.answers = [replace(good, **changes).encode()]
        await one.visit()

    return drive


shows("sdp-accepts-downgrade", **IN_TLS)(sdp())
shows("sdp-accepts-off-link")(sdp(address=IPv6Address("2001:db8::1")))
shows("sdp-accepts-multicast")(sdp(address=IPv6Address("ff02::1")))
shows("sdp-accepts-unspecified")(sdp(address=IPv6Address("::")))
shows("sdp-accepts-port-zero")(sdp(port=0))
shows("sdp-accepts-any-port sdp-ends-at-bad-answer")(sdp(port=80))


@shows("sdp-dies-of-garbage")
async def _garbage(one: Rig) -> None:
    one.script.answers = [b"garbage"]
    await one.visit()
    assert one.ev.alive is not (one.ev.effects != ())


# SAP, session, authorization

_NONE = m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.Failed_NoNegotiation)
shows("sap-refusal-ignored")(bent(m.SupportedAppProtocolRes, lambda _: _NONE))
shows("sap-takes-any-schema-id")(bent(m.SupportedAppProtocolRes, lambda res: replace(res, SchemaID=99)))
shows("sap-schema-id-ignored", services=(ServiceId.DC, ServiceId.AC))(
    bent(m.SupportedAppProtocolRes, lambda res: replace(res, SchemaID=20))
)


def other_id(response: Any) -> Any:
    return replace(response, Header=replace(response.Header, SessionID=b"\x11" * 8))


shows("session-id-change-followed")(bent(m.ServiceDiscoveryRes, other_id))
shows("session-zero-id-accepted")(
    bent(m.SessionSetupRes, lambda res: replace(res, Header=replace(res.Header, SessionID=bytes(8))))
)
shows("session-joins-unasked")(bent(m.SessionSetupRes, code(m.ResponseCode.OK_OldSessionJoined)))
_REFUSED = {"shapes": {"authorization": (Eim.REJECT,)}}


@shows("auth-refusal-ignored auth-retries-forever", **_REFUSED)
async def _refused(one: Rig) -> None:
    await plugged_in_for(one, 30)


_WAITING = {"shapes": {"authorization": (Eim.ONGOING,) * 300 + (Eim.ACCEPT,)}}


@shows("auth-ongoing-as-finished ongoing-timeout-missing ongoing-timeout-short", **_WAITING)
async def _endless(one: Rig) -> None:
    await plugged_in_for(one, 100)


# Services


def unknown_service(response: Any) -> Any:
    services = (m.Service(ServiceID=60_000, FreeService=False), *response.EnergyTransferServiceList.Service)
    vas = m.ServiceList(Service=(m.Service(ServiceID=65, FreeService=True),))
    return replace(response, EnergyTransferServiceList=m.ServiceList(Service=services), VASList=vas)


shows("service-unknown-id-fatal service-vas-fatal")(bent(m.ServiceDiscoveryRes, unknown_service))
shows(
    "service-first-offered",
    services=(ServiceId.DC_BPT, ServiceId.DC),
    shapes={"services": (ServiceId.DC, ServiceId.DC_BPT)},
)(visit)
shows("service-not-offered", services=(ServiceId.DC_BPT,), shapes={"services": (ServiceId.DC,)})(visit)
shows("service-detail-of-other-accepted")(bent(m.ServiceDetailRes, lambda res: replace(res, ServiceID=2)))


def many_parameters(response: Any) -> Any:
    more = tuple(m.Parameter(Name=f"New{n}", boolValue=True) for n in range(20))
    sets = tuple(replace(one, Parameter=one.Parameter + more) for one in response.ServiceParameterList.ParameterSet)
    return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=sets))


shows("parameter-unknown-fatal parameter-many-fatal")(bent(m.ServiceDetailRes, many_parameters))
