"""Hostile input to a CSMS: one broken station may not take the others with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Event,
    EventKind,
    Frame,
    Inconclusive,
    Observation,
    Record,
    Trace,
    Unreached,
    answered,
    calls,
    changed,
    complete,
    disturbances,
    dropped_or_refused,
    ended,
    every,
    first_of,
    goes_on,
    goes_on_after_each,
    handshakes,
    holds,
    ordinary,
    sent,
    serve_again,
    stays_and_goes_on,
    subprotocol_is,
    watched_until,
)
from v2gready.authoring.ocpp.backend import accepted_boot

PATIENCE = 30.0
"""Seconds in which a CSMS answers or ends what it does not want; a reader's figure, the standard has none."""


class HostileText(CsmsCase):
    """A text message that two readers may understand differently, or that costs its reader more than its sender.

    Attributes:
        texts: What is sent; ``{id}`` stands for a new message id.
    """

    area = "hostile"
    requirements = ("OCPP-H-HOSTILE", "OCPP-J-ERR-SURVIVES")
    texts: ClassVar[tuple[str, ...]]

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each on a connection that is open, and asks for something ordinary behind it."""
        for text in self.texts:
            async with bench.station.connect() as csms:
                await csms.boot()
                csms.raw(text.replace("{id}", bench.new_id()))
                await serve_again(bench, csms)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing is carried out, and the CSMS serves behind each."""
        accepted_boot(trace)
        yield dropped_or_refused("OCPP-H-HOSTILE", trace, seconds=1)
        found = [one.frame for one in disturbances(trace)]
        yield from goes_on_after_each("OCPP-J-ERR-SURVIVES", trace, found)
        complete(found, len(self.texts), "texts")


class DuplicateKeys(HostileText):
    """One key two times in an object, of which one reader takes the first value and the next one the last.

    The check sees one token, and the database books another.
    """

    id = "CSMS-OCPP-HOSTILE-01"
    title = "An object with one key two times is not taken"
    faults = {"duplicate-keys-accepted": "OCPP-H-HOSTILE", "dead-after-broken-json": "OCPP-J-ERR-SURVIVES"}
    texts = (
        '[2,"{id}","Authorize",{"idToken":{"idToken":"A","type":"Central","idToken":"B"}}]',
        '[2,"{id}","Heartbeat",{"customData":{"vendorId":"a","vendorId":"b"}}]',
        "[2,",
    )


class NoNumbers(HostileText):
    """NaN, Infinity and 1e400 as a meter value. JSON has no such numbers; many readers take them all the same.

    One NaN in a sum makes the sum NaN, and every bill behind it.
    """

    id = "CSMS-OCPP-HOSTILE-02"
    title = "NaN, Infinity and numbers that are too large are not taken"
    faults = {"nan-accepted": "OCPP-H-HOSTILE"}
    texts = tuple(
        '[2,"{id}","MeterValues",{"evseId":1,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":'
        f'[{{"value":{number}}}]}}]}}]'
        for number in ("NaN", "Infinity", "-Infinity", "1e400")
    )


class DeepNesting(HostileText):
    """Arrays in arrays, a hundred and a hundred thousand deep. A reader that calls itself runs out of stack."""

    id = "CSMS-OCPP-HOSTILE-03"
    title = "Deep nesting is survived, and not taken"
    faults = {"deep-nesting-accepted": "OCPP-H-HOSTILE"}
    texts = (
        '[2,"{id}","Heartbeat",{"nested":' + "[" * 100 + "]" * 100 + "}]",
        '[2,"{id}","Heartbeat",{"nested":' + "[" * 50_000 + "]" * 50_000 + "}]",
        "[" * 100_000,
        '{"a":' * 10_000,
    )


class Fuzz(CsmsCase):
    """A hundred messages with a few characters changed, in a run of luck that the seed of the run repeats."""

    id = "CSMS-OCPP-HOSTILE-04"
    title = "A hundred damaged messages are survived"
    area = "hostile"
    requirements = ("OCPP-H-HOSTILE",)
    faults = {"dead-after-broken-json": "OCPP-H-HOSTILE"}
    rounds = 100

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends them one by one, on a new connection if the CSMS has had enough; then asks."""
        csms = await bench.station.open()
        await csms.boot()
        for number in range(self.rounds):
            action = bench.rng.choice(("Authorize", "TransactionEvent", "MeterValues", "NotifyEvent"))
            text = json.dumps([2, bench.new_id(), action, ordinary(action, bench.stamp())])
            for _ in range(bench.rng.randint(1, 4)):
                place = bench.rng.randrange(len(text))
                text = text[:place] + bench.rng.choice('{}[]",:0\\\u00e9 ') + text[place + bench.rng.randint(0, 2) :]
            csms.raw(text)
            await csms.silence(0.1)
            if not csms.is_open and number < self.rounds - 1:
                csms = await bench.station.open()
                await csms.boot()
        await serve_again(bench, csms)
        await csms.close()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What counts is the last answer."""
        accepted_boot(trace)
        found = disturbances(trace)
        if len(found) < self.rounds // 4:
            raise Inconclusive(f"{len(found)} damaged messages were sent only")
        yield goes_on("OCPP-H-HOSTILE", trace, found[-1].frame)


class NoText(CsmsCase):
    """What no text message may be: octets that are no UTF-8, a binary message, reserved opcodes and bits, half a frame.

    The CSMS closes (RFC 6455 has codes for it) or ignores. Afterwards the station, which may be innocent - a bad
    modem -, comes back, and has to get in.
    """

    id = "CSMS-OCPP-HOSTILE-05"
    title = "What breaks the WebSocket protocol is survived, and the station gets in again"
    area = "hostile"
    requirements = ("OCPP-H-HOSTILE", "OCPP-J-ERR-SURVIVES")
    faults = {"second-connection-refused": "OCPP-J-ERR-SURVIVES"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Does each on a connection of its own."""
        call = b'[2,"%b","Heartbeat",{}]'
        for number in range(7):
            async with bench.station.connect() as csms:
                await csms.boot()
                csms.step(f"violation {number}")
                if number == 0:
                    csms.raw(b'[2,"\xff\xfe","Heartbeat",{}]')
                elif number == 1:
                    csms.raw(b"\xc0\xaf\xed\xa0\x80")
                elif number == 2:
                    csms.binary(call % bench.new_id().encode())
                elif number == 3:
                    csms.frame(3, b"reserved")
                elif number == 4:
                    csms.frame(1, call % b"rsv", rsv=2)
                elif number == 5:
                    csms.octets(b"\x81\xfe\xff")
                    csms.abort()
                else:
                    csms.frame(9, b"p" * 126)
                if csms.is_open:
                    await serve_again(bench, csms)
                    continue
            async with bench.station.connect() as csms:
                await csms.boot()
                await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Behind each the CSMS closes or serves; a half-open connection that says nothing is neither."""
        accepted_boot(trace)
        found = [one for one in trace.records if _violates(one, trace.tester)]
        if not found:
            raise Inconclusive("nothing that breaks the protocol was sent")
        yield from goes_on_after_each("OCPP-J-ERR-SURVIVES", trace, found)
        yield dropped_or_refused("OCPP-H-HOSTILE", trace, seconds=1)
        complete(found, 6, "violations")


def _violates(record: Record, tester: str) -> bool:
    if isinstance(record, Event):
        return record.kind == EventKind.BROKEN and record.source == tester
    return isinstance(record, Frame) and record.sender == tester and bool(record.problem)


class Large(CsmsCase):
    """Messages of 100 kB and of 1.5 MB. There is no limit in the standard, and every CSMS has one.

    It answers, refuses, or closes with a code that says why. A connection that just breaks tells the station nothing:
    it sends the same message again, for ever.
    """

    id = "CSMS-OCPP-HOSTILE-06"
    title = "A very large message gets an answer, an error or a Close with a code"
    area = "hostile"
    requirements = ("OCPP-H-LARGE",)
    faults = {"big-frame-kills": "OCPP-H-LARGE"}
    sizes = (100_000, 1_500_000)

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends DataTransfer with much in it."""
        for size in self.sizes:
            async with bench.station.connect() as csms:
                await csms.boot()
                csms.post("DataTransfer", {"vendorId": "org.v2gready", "data": "x" * size})
                await serve_again(bench, csms, watch=5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the end of each connection, and at what follows."""
        accepted_boot(trace)
        found = calls(trace, "DataTransfer", sender=trace.tester)
        if not found:
            raise Inconclusive("no large message was sent")
        for number, one in enumerate(found):
            gone = ended(trace, one.link, after=one.request)
            size = len(one.request.raw)
            if one.reply is not None:
                seen, good = "a reply", True
            elif gone is None:
                if watched_until(trace, one.link) - one.t < PATIENCE:
                    seen, good = "no reply yet, still open", True
                else:
                    seen, good = f"nothing in {PATIENCE:g} s", False
            else:
                seen = f"{gone.kind} {gone.detail.get('code', gone.detail.get('how', ''))}"
                good = gone.kind == EventKind.WS_CLOSE
            expected = f"a reply or a Close with a code for {size} octets"
            at = (*one.at, *(() if gone is None else (gone.index,)))
            yield holds("OCPP-H-LARGE", good, expected=expected, seen=seen, at=at)
            following = found[number + 1].request if number + 1 < len(found) else None
            yield goes_on("OCPP-H-LARGE", trace, one.request, until=following)
        complete(found, len(self.sizes), "large messages")


class Fragments(CsmsCase):
    """One message in many fragments, with Pings between them. RFC 6455 allows it, and proxies do it."""

    id = "CSMS-OCPP-HOSTILE-07"
    title = "A message in fragments, with Pings between them, is read as one"
    area = "hostile"
    requirements = ("OCPP-J-FRAGMENTS",)
    faults = {"big-frame-kills": "OCPP-J-FRAGMENTS", "slow-answers": "OCPP-J-FRAGMENTS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """A heartbeat octet by octet, an event of 140 kB in pieces, a message with an empty piece at its end."""
        async with bench.station.connect() as csms:
            await csms.boot()
            short = f'[2,"{bench.new_id()}","Heartbeat",{{}}]'.encode()
            vendor = {"vendorId": "org.v2gready", "text": "\u00e9" * 70_000}
            event = changed(ordinary("NotifyEvent", bench.stamp()), "customData", vendor)
            long = json.dumps([2, bench.new_id(), "NotifyEvent", event], ensure_ascii=False).encode()
            for whole, size in ((short, 1), (long, 1777)):
                pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
                for number, piece in enumerate(pieces):
                    csms.frame(1 if number == 0 else 0, piece, fin=False)
                    if number % 10 == 5:
                        csms.ping()
                csms.frame(0, b"", fin=True)
                await csms.silence(5)
                if not csms.is_open:
                    return

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Both are answered."""
        requirement = "OCPP-J-FRAGMENTS"
        yield answered(requirement, sent(trace, "Heartbeat"))
        for one in calls(trace, "NotifyEvent", sender=trace.tester):
            yield answered(requirement, one)
        complete(calls(trace, "NotifyEvent", sender=trace.tester), 1, "messages in fragments")


class OddText(CsmsCase):
    """Valid text that somebody stumbles over: U+0000, quotes, tags, four-byte characters, right-to-left marks.

    Many a database cannot store the first of them. To refuse it is right as well; to fall over is not.
    """

    id = "CSMS-OCPP-HOSTILE-08"
    title = "Odd characters in texts are taken or refused, and the connection goes on"
    area = "hostile"
    requirements = ("OCPP-H-HOSTILE",)
    faults = {"nul-character-closes": "OCPP-H-HOSTILE"}
    texts = (
        "nul\u0000nul",
        "'; DROP TABLE transactions;--",
        "<script>alert(1)</script>",
        "${jndi:ldap://localhost/x}",
        "\U0001f50c\u202e\u0301\ufeff",
        "../../etc/passwd%00",
    )

    async def stimulate(self, bench: CsmsBench) -> None:
        """As text of an event and as a token."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for text in self.texts:
                for action, path in (("NotifyEvent", "eventData.0.techInfo"), ("Authorize", "idToken.idToken")):
                    if csms.is_open:
                        await csms.call(action, changed(ordinary(action, bench.stamp()), path, text), timeout=5)
            await serve_again(bench, csms)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every one gets a reply on a connection that stays."""
        accepted_boot(trace)
        odd = calls(trace, "NotifyEvent", sender=trace.tester) + calls(trace, "Authorize", sender=trace.tester)
        first = first_of(trace, [one.request for one in odd], "an odd text")
        yield every(
            "OCPP-H-HOSTILE",
            (
                holds(
                    "OCPP-H-HOSTILE",
                    one.reply is not None,
                    expected=f"a reply to {one.action}",
                    seen="a reply" if one.reply is not None else "none",
                    at=one.at,
                )
                for one in odd
            ),
            what="odd texts",
        )
        yield from stays_and_goes_on("OCPP-H-HOSTILE", trace, first)
        complete(odd, 2 * len(self.texts), "odd texts")


class SlowHandshake(CsmsCase):
    """Peers that send an octet of their handshake every five seconds, for minutes ("slow loris").

    They need nothing but patience to hold what a CSMS has for handshakes. A station that comes meanwhile gets in.
    """

    id = "CSMS-OCPP-HOSTILE-09"
    title = "Slow handshakes keep no other station out"
    area = "hostile"
    requirements = ("OCPP-H-SLOW-HANDSHAKE",)
    faults = {"one-handshake-at-a-time": "OCPP-H-SLOW-HANDSHAKE"}
    slow = 8

    async def stimulate(self, bench: CsmsBench) -> None:
        """Eight of them, and a station in between."""
        head = f"GET /{bench.identity} HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nX-Slow: ".encode()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.slow):
                group.create_task(bench.station.dawdle(head, every=5, seconds=60))
            await bench.wait(2)
            with suppress(Unreached):
                async with bench.station.connect() as csms:
                    await csms.boot()
                    await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The station's handshake and its answers."""
        slow = list(trace.events(EventKind.BROKEN, source=trace.tester))
        found = handshakes(trace)
        if len(slow) < self.slow or not found or found[0].request.index < slow[-1].index:
            raise Inconclusive("there were no slow handshakes, or no station behind them")
        yield subprotocol_is("OCPP-H-SLOW-HANDSHAKE", found[0], *found[0].offered)
        asked = calls(trace, sender=trace.tester)
        if asked:
            yield every(
                "OCPP-H-SLOW-HANDSHAKE", (answered("OCPP-H-SLOW-HANDSHAKE", one) for one in asked), what="CALLs"
            )
        accepted_boot(trace)
        complete(asked, 2, "CALLs")
