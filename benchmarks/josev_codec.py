"""How long Josev's own codec takes for one message, there and back.

Run with the interpreter of Josev's environment (``interop.environments.python_of("josev")``)::

    .venvs/josev/bin/python benchmarks/josev_codec.py [message.json] [--rounds 500] [--warm-up 300]

``message.json`` is a plain DC or AC message, ``{"DC_ChargeLoopReq": {...}}``; without it a BPT charge loop request is
used. A round is what Josev does for every message: pydantic model -> JSON -> EXI (in a Java virtual machine behind a
local socket), and EXI -> JSON -> pydantic model. The message log is off; rounds before ``--warm-up`` do not count.
Prints JSON with microseconds.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import time
from pathlib import Path
from typing import Any

from iso15118.shared.exi_codec import EXI
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.iso15118_20 import ac, dc
from iso15118.shared.settings import load_shared_settings, shared_settings

NAMESPACE = "urn:iso:std:iso:15118:-20:"
MESSAGE: dict[str, Any] = {
    "DC_ChargeLoopReq": {
        "Header": {"SessionID": "3D4CBF93374ED89B", "TimeStamp": 1700000000},
        "DisplayParameters": {"PresentSOC": 42, "ChargingComplete": False},
        "MeterInfoRequested": True,
        "EVPresentVoltage": {"Exponent": -1, "Value": 4000},
        "BPT_Scheduled_DC_CLReqControlMode": {
            "EVTargetCurrent": {"Exponent": -1, "Value": -250},
            "EVTargetVoltage": {"Exponent": -1, "Value": 4000},
            "EVMaximumDischargePower": {"Exponent": 1, "Value": 1100},
            "EVMinimumDischargePower": {"Exponent": 0, "Value": 0},
            "EVMaximumDischargeCurrent": {"Exponent": -1, "Value": 300},
        },
    }
}


def model_of(plain: dict[str, Any]) -> tuple[Any, str]:
    """The pydantic message of a plain one, and its namespace."""
    ((name, content),) = plain.items()
    part = name.partition("_")[0]
    kind = getattr({"AC": ac, "DC": dc}[part], name.replace("_", ""))
    return kind.parse_obj(content), NAMESPACE + part


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("message", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--warm-up", type=int, default=300)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    load_shared_settings()
    shared_settings["MESSAGE_LOG_JSON"] = False
    plain = json.loads(options.message.read_text()) if options.message else MESSAGE
    codec = EXI()
    codec.set_exi_codec(ExificientEXICodec())
    model, namespace = model_of(plain)
    encoding, decoding = [], []
    for number in range(options.warm_up + options.rounds):
        start = time.perf_counter()
        exi = codec.to_exi(model, namespace)
        middle = time.perf_counter()
        again = codec.from_exi(exi, namespace)
        end = time.perf_counter()
        if again != model:
            raise SystemExit("the message did not survive the round")
        if number >= options.warm_up:
            encoding.append((middle - start) * 1e6)
            decoding.append((end - middle) * 1e6)
    both = [there + back for there, back in zip(encoding, decoding, strict=True)]
    report = {
        name: {"median_us": round(statistics.median(values), 1), "mean_us": round(statistics.fmean(values), 1)}
        for name, values in (("encode", encoding), ("decode", decoding), ("round_trip", both))
    }
    print(json.dumps({"message": next(iter(plain)), "exi": exi.hex(), "rounds": options.rounds, **report}, indent=2))


if __name__ == "__main__":
    main()
