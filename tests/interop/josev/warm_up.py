"""A warm Java virtual machine before the first message: used by both runners, in Josev's environment.

A cold one needs half a second for a message that later takes it 50 ms. On a busy machine that runs into the timeouts of
the other side, and it makes every measurement of a response time one of the class loader.
"""

from __future__ import annotations

import json
from typing import Any

V20 = "urn:iso:std:iso:15118:-20:"
HEADER = {"SessionID": "3D4CBF93374ED89B", "TimeStamp": 1700000000}
FIVE = {"Exponent": 0, "Value": 5}
POWER = {"TimeAnchor": 0, "PowerScheduleEntries": {"PowerScheduleEntry": [{"Duration": 1, "Power": FIVE}]}}
SCHEDULE = {"ScheduleTupleID": 1, "ChargingSchedule": {"PowerSchedule": POWER}}
PROTOCOL = {
    "ProtocolNamespace": f"{V20}DC",
    "VersionNumberMajor": 1,
    "VersionNumberMinor": 0,
    "SchemaID": 1,
    "Priority": 1,
}
PARAMETERS = {"ParameterSetID": 1, "Parameter": [{"Name": "ControlMode", "intValue": 1}]}
MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("urn:iso:15118:2:2010:AppProtocol", {"supportedAppProtocolReq": {"AppProtocol": [PROTOCOL]}}),
    (f"{V20}CommonMessages", {"SessionSetupReq": {"Header": HEADER, "EVCCID": "WARM"}}),
    (
        f"{V20}CommonMessages",
        {
            "ServiceDetailRes": {
                "Header": HEADER,
                "ResponseCode": "OK",
                "ServiceID": 6,
                "ServiceParameterList": {"ParameterSet": [PARAMETERS]},
            }
        },
    ),
    (
        f"{V20}CommonMessages",
        {
            "ScheduleExchangeRes": {
                "Header": HEADER,
                "ResponseCode": "OK",
                "EVSEProcessing": "Finished",
                "Scheduled_SEResControlMode": {"ScheduleTuple": [SCHEDULE]},
            }
        },
    ),
    (
        f"{V20}DC",
        {
            "DC_ChargeLoopReq": {
                "Header": HEADER,
                "MeterInfoRequested": False,
                "EVPresentVoltage": FIVE,
                "BPT_Scheduled_DC_CLReqControlMode": {"EVTargetCurrent": FIVE, "EVTargetVoltage": FIVE},
            }
        },
    ),
    (
        f"{V20}DC",
        {
            "DC_ChargeLoopRes": {
                "Header": HEADER,
                "ResponseCode": "OK",
                "EVSEPresentCurrent": FIVE,
                "EVSEPresentVoltage": FIVE,
                "EVSEPowerLimitAchieved": False,
                "EVSECurrentLimitAchieved": False,
                "EVSEVoltageLimitAchieved": False,
                "BPT_Scheduled_DC_CLResControlMode": {"EVSEMaximumChargePower": FIVE},
            }
        },
    ),
    (
        f"{V20}AC",
        {
            "AC_ChargeLoopReq": {
                "Header": HEADER,
                "MeterInfoRequested": False,
                "Scheduled_AC_CLReqControlMode": {"EVPresentActivePower": FIVE},
            }
        },
    ),
]
"""One or two of every message set, in the form of Josev's JSON."""


def warm_up(codec: Any, rounds: int) -> None:
    """Encode and decode every message ``rounds`` times with Josev's codec."""
    for _ in range(rounds):
        for namespace, message in MESSAGES:
            codec.decode(codec.encode(json.dumps(message), namespace), namespace)
