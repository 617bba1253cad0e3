"""Editions: which one a connection speaks, and what may be said on it."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Edition,
    ErrorCode,
    Inconclusive,
    Observation,
    Trace,
    answered,
    call_error,
    changed,
    complete,
    editions,
    every,
    got,
    handshakes,
    never_sent,
    ordinary,
    schema,
    schema_refusals,
    sent,
    subprotocol_is,
)

NEW_ACTIONS = schema.actions(Edition.V21) - schema.actions(Edition.V201)


class NothingNewOn201(CsmsCase):
    """A station that speaks 2.0.1 alone. What came with 2.1 means nothing to it: it answers NotImplemented, or breaks.

    The CSMS is even told to send something new; it has to keep it to itself.
    """

    id = "CSMS-OCPP-EDITION-01"
    title = "On OCPP 2.0.1 the CSMS calls no action of 2.1"
    area = "rpc"
    pics = "ocpp201"
    requirements = ("OCPP-J-EDITION",)
    hooks = ("do",)
    faults = {"21-actions-on-201": "OCPP-J-EDITION"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots with 2.0.1, has the CSMS send something old and something new, and listens."""
        async with bench.station.connect(editions=[Edition.V201]) as csms:
            await csms.boot()
            await csms.status()
            await bench.do("GetPeriodicEventStream", {})
            await bench.do("GetBaseReport", {"requestId": 201, "reportBase": "SummaryInventory"})
            await csms.silence(10)
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for new actions between the boot and a heartbeat that is answered: the dead call nothing, either."""
        boot = sent(trace, "BootNotification")
        if editions(trace).get(boot.link) is not Edition.V201 or boot.answer is None:
            raise Inconclusive("no station was served with OCPP 2.0.1")
        yield never_sent("OCPP-J-EDITION", trace, NEW_ACTIONS, after=boot.request, seconds=10)
        got(trace, "GetBaseReport")  # it does send what it is told to
        if sent(trace, "Heartbeat").answer is None:
            raise Inconclusive("the CSMS did not live until the end")


class NothingNewFrom201(CsmsCase):
    """On 2.0.1 the station uses an action and fields of 2.1, and a token type that 2.0.1 does not have."""

    id = "CSMS-OCPP-EDITION-02"
    title = "On OCPP 2.0.1 actions, fields and values of 2.1 are refused"
    area = "rpc"
    pics = "ocpp201"
    requirements = ("OCPP-J-ERR-NOTIMPLEMENTED", "OCPP-J-ERR-EXTRA", "OCPP-J-ERR-ENUM")
    faults = {
        "unknown-action-silent": "OCPP-J-ERR-NOTIMPLEMENTED",
        "extra-property-accepted": "OCPP-J-ERR-EXTRA",
        "unknown-enum-accepted": "OCPP-J-ERR-ENUM",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Uses each of them once, beside what is right."""
        async with bench.station.connect(editions=[Edition.V201]) as csms:
            await csms.boot()
            event = ordinary("TransactionEvent", bench.stamp())
            token = ordinary("Authorize", bench.stamp())
            await csms.call("TransactionEvent", event)
            await csms.call("Authorize", token)
            await csms.call("TransactionEvent", changed(event, "transactionInfo.operationMode", "CentralSetpoint"))
            await csms.call("Authorize", changed(token, "idToken.type", "FancyApp"))
            await csms.call("NotifyPriorityCharging", {"transactionId": "tx-ordinary", "activated": True}, timeout=10)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the three refusals."""
        if Edition.V201 not in editions(trace).values():
            raise Inconclusive("no connection speaks OCPP 2.0.1")
        yield from schema_refusals("OCPP-J-ERR-EXTRA", trace, "additionalProperties")
        yield from schema_refusals("OCPP-J-ERR-ENUM", trace, "enum")
        new = sent(trace, "NotifyPriorityCharging")
        yield call_error("OCPP-J-ERR-NOTIMPLEMENTED", new, ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED)


class FreeTokenType(CsmsCase):
    """2.1 made a free text of the type of a token: apps and vendors name their own.

    A CSMS that kept the enumeration of 2.0.1 refuses every customer of such an app.
    """

    id = "CSMS-OCPP-EDITION-03"
    title = "Token types that 2.0.1 does not know are taken on OCPP 2.1"
    area = "rpc"
    requirements = ("OCPP-J-EDITION-OPEN-ENUMS",)
    faults = {"free-token-type-refused": "OCPP-J-EDITION-OPEN-ENUMS"}
    types = ("ISO14443", "FancyApp", "org.v2gready.app1", "x")

    async def stimulate(self, bench: CsmsBench) -> None:
        """Authorizes tokens of old and new types."""
        async with bench.station.connect(editions=[Edition.V21]) as csms:
            await csms.boot()
            for kind in self.types:
                await csms.call("Authorize", changed(ordinary("Authorize", bench.stamp()), "idToken.type", kind))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each is answered, whatever the customer may do."""
        old, *new = (sent(trace, "Authorize", where=lambda one, kind=kind: _kind(one) == kind) for kind in self.types)
        if old.answer is None:
            raise Inconclusive("Authorize is refused with a type that every edition has, too")
        requirement = "OCPP-J-EDITION-OPEN-ENUMS"
        yield every(requirement, (answered(requirement, one) for one in new), what="types")


def _kind(payload: object) -> object:
    token = payload.get("idToken") if isinstance(payload, dict) else None
    return token.get("type") if isinstance(token, dict) else None


class EditionPerConnection(CsmsCase):
    """A station is updated from 2.0.1 to 2.1, and goes back because the update failed: three connections, two editions.

    A CSMS that remembers the edition with the identity talks past the station from then on.
    """

    id = "CSMS-OCPP-EDITION-04"
    title = "The edition belongs to the connection: 2.0.1, then 2.1, then 2.0.1 again"
    area = "connection"
    pics = "ocpp201"
    requirements = ("OCPP-J-EDITION-CONNECTION",)
    faults = {"version-by-identity": "OCPP-J-EDITION-CONNECTION"}
    offers = (Edition.V201, Edition.V21, Edition.V201)

    async def stimulate(self, bench: CsmsBench) -> None:
        """Connects three times under one identity."""
        for edition in self.offers:
            attempt = await bench.station.attempt(editions=[edition], linger=1)
            if attempt.accepted:
                async with bench.station.connect(editions=[edition]) as csms:
                    await csms.boot()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each handshake selects what it was offered."""
        if len({one.offered for one in handshakes(trace)}) < 2:
            raise Inconclusive("the edition was never changed")
        requirement = "OCPP-J-EDITION-CONNECTION"
        yield every(
            requirement,
            (subprotocol_is(requirement, one, *one.offered) for one in handshakes(trace)),
            what="handshakes",
        )
        boots = [sent(trace, "BootNotification", nth=number) for number in range(2)]
        yield every(requirement, (answered(requirement, one) for one in boots), what="boots")
        complete(handshakes(trace), 2 * len(self.offers), "handshakes")
