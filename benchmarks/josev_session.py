"""How long Josev's car and Josev's charger take for a whole DC_BPT session.

``python benchmarks/josev_session.py [--sessions 8] [--warm-up 3] [--transport plain|tls|both]`` as root, prints JSON.

What is measured: the car's own log, from the line before the SDP request that gets answered leaves its socket to the
line after the response to SessionStop is decoded. Outside are process start, the start of both Java virtual machines,
some rounds through both codecs before the first message, and the five seconds that each side waits before it closes.
Both processes stay up for all sessions of a run; the first sessions, in which the Java virtual machines still compile,
are reported apart (``warm_up_seconds``) and do not enter the median. The message log is off. Two processes in two
network namespaces with a veth pair between them. All of this favours Josev: as shipped, its car is a process that
charges once and ends, and takes two to four times as long.

The car chooses the first service and parameter set (Scheduled), runs ten charge loops without a pause between them and
sends a few extra messages at random (it tosses a coin before PowerDelivery); ``exchanges`` says how many in all. A
session in which the car missed a timeout of its own and had to start again is discarded.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from interop.josev.pki import lay_out
from interop.josev.processes import DC_BPT, Car, Charger
from interop.netns import Cable

QUIET = {"MESSAGE_LOG_JSON": "False"}
PATIENCE_PER_SESSION = 40.0


def measure(folder: Path, *, tls: bool, sessions: int, warm_up: int) -> dict[str, Any]:
    """Let Josev charge at Josev and read the times from the car's log."""
    pki = lay_out(folder / "pki") if tls else None
    with (
        Cable() as cable,
        Charger(cable, folder / "charger.log", pki=pki, settings=QUIET),
        Car(cable, folder / "car.log", sessions=sessions, pki=pki, settings=QUIET) as car,
    ):
        car.wait_until_ended(PATIENCE_PER_SESSION * sessions)
        done = car.sessions()
    if len(done) != sessions:
        reason = f"only {len(done)} of {sessions} sessions were completed"
        raise car.failure(reason)
    loops = json.loads(DC_BPT.read_text())["chargeLoopCycle"]
    warm = [session for session in done[warm_up:] if session.charge_loops == loops]
    return {
        "median_seconds": round(statistics.median(session.seconds for session in warm), 3),
        "seconds": [session.seconds for session in warm],
        "warm_up_seconds": [session.seconds for session in done[:warm_up]],
        "exchanges": [len(session.messages) for session in warm],
        "charge_loops": loops,
        "discarded": len(done) - warm_up - len(warm),
    }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=8, help="sessions in one run, warm-up included")
    parser.add_argument("--warm-up", type=int, default=3, help="how many of them do not count")
    parser.add_argument("--transport", choices=["plain", "tls", "both"], default="both")
    options = parser.parse_args()
    if not 0 <= options.warm_up < options.sessions:
        parser.error("--warm-up must leave at least one session to count")
    chosen = ["plain", "tls"] if options.transport == "both" else [options.transport]
    results = {}
    for transport in chosen:
        with tempfile.TemporaryDirectory() as folder:
            results[transport] = measure(
                Path(folder), tls=transport == "tls", sessions=options.sessions, warm_up=options.warm_up
            )
    print(json.dumps({"counterpart": "Josev 0.31.2 against itself, DC_BPT Scheduled", **results}, indent=2))


if __name__ == "__main__":
    main()
