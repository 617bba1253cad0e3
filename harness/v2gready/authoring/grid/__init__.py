"""The public authoring API of grid cases. See docs/writing-a-test-case.md."""

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.bench import ROLES, GridBench, GridCase, GridInvariant, Row, row
from v2gready.authoring.grid.judgements import (
    delivers_again,
    needed,
    never_above,
    never_below,
    no_faster_than,
    on_curve,
    remark,
    shortened,
    stays_connected,
    trips_in_time,
    within,
)
from v2gready.authoring.grid.stages import (
    Protection,
    Stage,
    StageCase,
    StageHolds,
    StageTrips,
    StageTripsWithoutCurrent,
)
from v2gready.authoring.grid.view import CONNECTED_SHARE, Span, View
from v2gready.grid import measurement
from v2gready.grid.profile import Parameter, Profile
from v2gready.grid.script import Script
from v2gready.grid.series import Series
from v2gready.model.case import INFORMATIVE, RECOMMENDED, REQUIRED
from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance
from v2gready.model.observation import Curve, Inconclusive, Observation, Severity
from v2gready.model.trace import Event, EventKind, Trace
from v2gready.model.verdict import Verdict

__all__ = [
    "CONNECTED_SHARE",
    "INFORMATIVE",
    "RECOMMENDED",
    "REQUIRED",
    "ROLES",
    "Curve",
    "DecisionRule",
    "Event",
    "EventKind",
    "GridBench",
    "GridCase",
    "GridInvariant",
    "Inconclusive",
    "Limit",
    "Measurement",
    "Observation",
    "Parameter",
    "Profile",
    "Protection",
    "Provenance",
    "Row",
    "Script",
    "Series",
    "Severity",
    "Span",
    "Stage",
    "StageCase",
    "StageHolds",
    "StageTrips",
    "StageTripsWithoutCurrent",
    "Trace",
    "Verdict",
    "View",
    "delivers_again",
    "holds",
    "measurement",
    "needed",
    "never_above",
    "never_below",
    "no_faster_than",
    "on_curve",
    "remark",
    "row",
    "shortened",
    "stays_connected",
    "trips_in_time",
    "within",
]
