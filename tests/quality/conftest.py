"""The embedded bench for the proof of the cases, with one PKI for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from v2gready.engine.benches import EmbeddedBench
from v2gready.engine.catalogue import Catalogue, load_catalogue
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.preflight import embedded_dut, prepare
from v2gready.model.case import TestCase
from v2gready.model.pics import Condition
from v2gready.model.run import CaseRecord
from v2gready.model.trace import Trace
from v2gready.protocols.sdp import Security
from v2gready.references.charger import Effect

CATALOGUE: Catalogue = load_catalogue()


@dataclass(frozen=True)
class Proof:
    """A case run against the reference charger."""

    record: CaseRecord
    trace: Trace
    effects: tuple[Effect, ...]


@pytest.fixture(scope="session")
def prove() -> Callable[..., Proof]:
    """Runs a case against the reference charger with the faults named; a case for rigs without TLS on such a one."""
    charger = prepare(embedded_dut())
    rig = replace(
        charger,
        dut=replace(charger.dut, pics={**charger.dut.pics, "tls": False, "plain_tcp": True}),
        settings=replace(charger.settings, security=Security.NONE),
    )

    def run(case: type[TestCase[Any]], *faults: str) -> Proof:
        ready = charger if Condition(case.pics).holds(charger.dut.pics) else rig
        surroundings = Surroundings(
            CATALOGUE.registry,
            CATALOGUE.invariants,
            ready.dut.declared,
            seed=1,
            timing_uncertainty=VIRTUAL_TIMING_UNCERTAINTY,
        )
        effects: list[Effect] = []
        setup = EmbeddedBench(ready.dut, ready.settings, ready.secc, faults, effects)
        record, trace = execute(case(), setup, surroundings)
        return Proof(record, trace, tuple(effects))

    return run
