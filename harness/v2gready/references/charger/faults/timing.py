"""Faults of time: late answers, and timers that are wrong or missing (reference 5.1; TMO-S-*, LOOP-S-2, LOOP-S-3)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import math
from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Reply, Turn
from v2gready.references.charger.faults.kinds import Slow
from v2gready.references.charger.faults.registry import fault

_LONG_DELAY = 4.8
_LOOP_TIMEOUTS = 1.0
"""Below this a sequence timeout is that of the loop."""


@fault("loop-timeout-60s", "Waits 60 s for the next charge loop instead of 0.5 s.")
class LoopTimeout60(Fault):
    """[V2G20-1500], [V2G20-1502], LOOP-S-2."""

    def sequence_timeout(self, seconds: float) -> float:
        """One timer for all."""
        return 60.0 if seconds < _LOOP_TIMEOUTS else seconds


@fault("no-sequence-timeout", "Waits for the next request for ever.")
class NoSequenceTimeout(Fault):
    """[V2G20-443], TMO-S-1."""

    def sequence_timeout(self, seconds: float) -> float:
        """No timer."""
        return math.inf


@fault("short-sequence-timeout", "Waits 20 s for the next request instead of 60 s.")
class ShortSequenceTimeout(Fault):
    """[V2G20-443], TMO-S-1: a car has 40 s [V2G_EVCC_Sequence_Performance_Time]."""

    def sequence_timeout(self, seconds: float) -> float:
        """The timer of another message."""
        return min(seconds, 20.0)


@fault("long-sequence-timeout", "Waits 120 s for the next request instead of 60 s.")
class LongSequenceTimeout(Fault):
    """[V2G20-443], TMO-S-1."""

    def sequence_timeout(self, seconds: float) -> float:
        """Patience."""
        return 120.0 if seconds >= _LOOP_TIMEOUTS else seconds


@fault("slow-response", "Answers every request but ChargeLoopReq after 1.8 s, ServiceDetailReq after 4.8 s.")
class SlowResponse(Fault):
    """V2G_SECC_Msg_Performance_Time 1.5 s and 4.5 s, V2G_EVCC_Msg_Timeout 2 s and 5 s."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A slow controller."""
        if isinstance(turn.request, m.ChargeLoopReq):
            return reply
        return replace(reply, delay=_LONG_DELAY if isinstance(turn.request, m.ServiceDetailReq) else Slow.seconds)


@fault("slow-sap", "Answers supportedAppProtocolReq after 1.8 s.")
class SlowSap(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.SupportedAppProtocolReq,)


@fault("slow-session-setup", "Answers SessionSetupReq after 1.8 s.")
class SlowSessionSetup(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.SessionSetupReq,)


@fault("slow-authorization", "Answers AuthorizationSetupReq and AuthorizationReq after 1.8 s.")
class SlowAuthorization(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s; the refusal of a card as well [V2G20-2219]."""

    requests = (m.AuthorizationSetupReq, m.AuthorizationReq)


@fault("slow-services", "Answers ServiceDiscoveryReq and ServiceSelectionReq after 1.8 s.")
class SlowServices(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.ServiceDiscoveryReq, m.ServiceSelectionReq)


@fault("slow-service-detail", "Answers ServiceDetailReq after 4.8 s.")
class SlowServiceDetail(Slow):
    """V2G_SECC_Msg_Performance_Time 4.5 s, V2G_EVCC_Msg_Timeout 5 s."""

    requests = (m.ServiceDetailReq,)
    seconds = _LONG_DELAY


@fault("slow-parameters", "Answers ChargeParameterDiscoveryReq after 1.8 s.")
class SlowParameters(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.ChargeParameterDiscoveryReq,)


@fault("slow-schedule", "Answers ScheduleExchangeReq after 1.8 s.")
class SlowSchedule(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.ScheduleExchangeReq,)


@fault("slow-cable-check", "Answers DC_CableCheckReq after 1.8 s.")
class SlowCableCheck(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.DC_CableCheckReq,)


@fault("slow-precharge", "Answers DC_PreChargeReq after 1.8 s.")
class SlowPreCharge(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.DC_PreChargeReq,)


@fault("slow-power-delivery", "Answers PowerDeliveryReq after 1.8 s.")
class SlowPowerDelivery(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.PowerDeliveryReq,)


@fault("slow-loop-response", "Answers ChargeLoopReq after 0.4 s.")
class SlowLoopResponse(Slow):
    """V2G_SECC_Msg_Performance_Time 0.25 s, V2G_EVCC_Msg_Timeout 0.5 s; LOOP-S-3."""

    requests = (m.ChargeLoopReq,)
    seconds = 0.4


@fault("slow-welding-detection", "Answers DC_WeldingDetectionReq after 1.8 s.")
class SlowWeldingDetection(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.DC_WeldingDetectionReq,)


@fault("slow-session-stop", "Answers SessionStopReq after 1.8 s.")
class SlowSessionStop(Slow):
    """V2G_SECC_Msg_Performance_Time 1.5 s."""

    requests = (m.SessionStopReq,)
