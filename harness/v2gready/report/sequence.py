"""The sequence diagram of a trace as inline SVG: crisp on screen and paper, every judged arrow a link to its frame.

Long diagrams are cut into pieces that fit a printed page; each piece repeats the heads of the lifelines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from v2gready.model.trace import Event, EventKind, Frame
from v2gready.report.matrix import GLYPHS
from v2gready.report.text import TIMES, fill, plural, shorten, span
from v2gready.report.timeline import Folded, Gap, Shown, Step, message_name, response_code, title

WIDTH = 900
ROWS_PER_PIECE = 12
_ROW, _HEAD, _SHORT_HEAD, _FOOT = 34, 44, 26, 6
_TIME_X, _FIRST_X, _LAST_X, _GUTTER_X = 66, 150, 590, 690
_MIDDLE_X = (_FIRST_X + _LAST_X) / 2
_LONGEST_LABEL, _LONGEST_NOTE = 58, 64
_LABEL_WIDTH, _NOTE_WIDTH = 6.3, 5.7
"""Average width of a character of a label and of a note, in user units."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part in a trace.

    Attributes:
        tester: Role that the harness played.
        dut: Role of the device under test.
        lifelines: Position of each role's line.
        peers: The roles heard on each link.
    """

    tester: str
    dut: str
    lifelines: Mapping[str, float]
    peers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def receiver(self, frame: Frame) -> str:
        """Whom a frame is meant for: the other one on the link; the device, or the tester for the device's."""
        others = [role for role in self.peers.get(frame.link, ()) if role != frame.sender]
        if len(others) == 1:
            return others[0]
        return self.tester if frame.sender == self.dut else self.dut


def cast(steps: Sequence[Step], tester: str, dut: str) -> Cast:
    """Finds the roles and spreads their lifelines; tester and device always take part."""
    peers: dict[str, list[str]] = {}
    for record in _records(steps):
        if isinstance(record, Frame) and record.sender not in peers.setdefault(record.link, []):
            peers[record.link].append(record.sender)
    roles = list(dict.fromkeys((tester, dut, *(role for several in peers.values() for role in several))))
    gap = (_LAST_X - _FIRST_X) / max(len(roles) - 1, 1)
    return Cast(tester, dut, {role: _FIRST_X + gap * position for position, role in enumerate(roles)}, peers)


def sequence(steps: Sequence[Step], tester: str, dut: str, link_to: Callable[[int], str], label: str) -> list[Markup]:
    """Draws the steps.

    Args:
        steps: What is shown of the trace.
        tester: Role of the harness.
        dut: Role of the device.
        link_to: Anchor of the frame with that index.
        label: Accessible name of the diagram.

    Returns:
        SVG elements, one below the other.
    """
    roles = cast(steps, tester, dut)
    pieces = [steps[start : start + ROWS_PER_PIECE] for start in range(0, len(steps), ROWS_PER_PIECE)]
    if len(pieces) > 1 and len(pieces[-1]) < 4:  # no page for a leftover
        pieces[-2:] = [[*pieces[-2], *pieces[-1]]]
    return [_piece(piece, roles, link_to, label, _HEAD if piece is pieces[0] else _SHORT_HEAD) for piece in pieces]


def _records(steps: Sequence[Step]) -> Iterator[Frame | Event]:
    for step in steps:
        if isinstance(step, Shown):
            yield step.record
        elif isinstance(step, Folded):
            yield from step.records


def _piece(steps: Sequence[Step], roles: Cast, link_to: Callable[[int], str], label: str, head: int) -> Markup:
    height = head + _ROW * len(steps) + _FOOT
    parts = [fill('<svg class="sequence" viewBox="0 0 {} {}" role="group" aria-label="{}">', WIDTH, height, label)]
    for role, x in roles.lifelines.items():
        parts.append(_lifeline(role, x, height, head, roles))
    link = None
    for row, step in enumerate(steps):
        y = head + _ROW * row + _ROW * 0.62
        match step:
            case Gap():
                parts.append(_gap(step, y, roles))
            case Folded():
                parts.append(_linked(link_to(step.first.index), _folded(step, y), _fold_title(step)))
            case Shown(record=Event() as event):
                parts.append(_time(event.t, y))
                parts.append(_linked(link_to(event.index), _event(event, step, y, roles), title(event)))
            case Shown(record=Frame() as frame):
                parts.append(_time(frame.t, y, frame.link if frame.link != link else ""))
                parts.append(_linked(link_to(frame.index), _arrow(frame, step, y, roles), title(frame)))
                link = frame.link
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _lifeline(role: str, x: float, height: float, head: int, roles: Cast) -> Markup:
    """One role; the part it plays is said once, at the head of the whole diagram."""
    part = "harness" if role == roles.tester else "device under test" if role == roles.dut else ""
    caption = fill('<text class="sq-part" x="{}" y="34">{}</text>', _n(x), part)
    return fill(
        '<line class="sq-life" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>'
        '<text class="{kind}" x="{x}" y="18">{role}</text>{caption}',
        x=_n(x),
        top=head - 4,
        bottom=_n(height),
        kind="sq-role" if head == _HEAD else "sq-part",
        role=shorten(role, 24),
        caption=caption if part and head == _HEAD else "",
    )


def _time(t: float, y: float, link: str = "") -> Markup:
    text = fill('<text class="sq-time" x="{}" y="{}">{}</text>', _TIME_X, _n(y + 4), f"{t:.3f}")
    if link:
        text += fill('<text class="sq-link" x="{}" y="{}">{}</text>', _TIME_X, _n(y - 9), shorten(link, 11))
    return text


def _linked(target: str, drawing: Markup, tooltip: str) -> Markup:
    return fill('<a href="#{}"><title>{}</title>{}</a>', target, shorten(tooltip, 120), drawing)


def _arrow(frame: Frame, step: Shown, y: float, roles: Cast) -> Markup:
    start = roles.lifelines[frame.sender]
    end = roles.lifelines[roles.receiver(frame)]
    kind = _kind(step) + ("" if message_name(frame) else " sq-broken")
    head = 7 if end > start else -7
    code = response_code(frame)
    label = shorten(title(frame), _LONGEST_LABEL)
    if code:
        code = shorten(code, max(_LONGEST_LABEL - len(label), 12))
    text = fill(
        '<text class="sq-label" x="{}" y="{}">{}{}</text>',
        _n((start + end) / 2),
        _n(y - 6),
        label,
        fill(" <tspan>{}</tspan>", code) if code else "",
    )
    return fill(
        '<g class="{kind}"><rect class="sq-hit" x="{left}" y="{top}" width="{width}" height="{row}"/>'
        '<path class="sq-line" d="M{x1} {y}H{x2}"/><path class="sq-head" d="M{x2} {y}l{b} -4v8z"/>{text}{marks}</g>',
        kind=kind,
        left=_n(min(start, end)),
        width=_n(abs(end - start)),
        top=_n(y - 20),
        row=_ROW,
        x1=_n(start),
        x2=_n(end),
        y=_n(y),
        b=-head,
        text=text,
        marks=_marks(step, y),
    )


def _event(event: Event, step: Shown, y: float, roles: Cast) -> Markup:
    if event.kind == EventKind.PHASE:
        return fill(
            '<g class="sq-phase"><rect x="{x}" y="{top}" width="{width}" height="20"/>'
            '<text x="{tx}" y="{ty}">{text}</text></g>',
            x=_TIME_X + 14,
            width=WIDTH - _TIME_X - 14,
            top=_n(y - 12),
            tx=_TIME_X + 24,
            ty=_n(y + 2),
            text=shorten(event.detail.get("text", event.kind), 120),
        )
    note = shorten(_event_text(event), _LONGEST_NOTE)
    width = len(note) * _NOTE_WIDTH + 18
    middle = roles.lifelines.get(event.source, _MIDDLE_X)
    left = min(max(middle - width / 2, _TIME_X + 14), _GUTTER_X - width)
    return fill(
        '<g class="{kind} sq-note"><rect x="{x}" y="{top}" width="{width}" height="20" rx="3"/>'
        '<text x="{tx}" y="{ty}">{note}</text>{marks}</g>',
        kind=_kind(step),
        x=_n(left),
        width=_n(width),
        top=_n(y - 12),
        tx=_n(left + width / 2),
        ty=_n(y + 2),
        note=note,
        marks=_marks(step, y - 2),
    )


def _event_text(event: Event) -> str:
    facts = ", ".join(f"{key} {value}" for key, value in event.detail.items() if value != "")
    return f"{event.kind}: {facts}" if facts else event.kind


def _gap(gap: Gap, y: float, roles: Cast) -> Markup:
    breaks = Markup("").join(
        fill('<path class="sq-break" d="M{x} {a}l-5 4 10 4 -10 4 5 4"/>', x=_n(x), a=_n(y - 12))
        for x in roles.lifelines.values()
    )
    return breaks + fill(
        '<text class="sq-silence" x="{}" y="{}">{} of silence</text>', _n(_MIDDLE_X), _n(y), span(gap.seconds)
    )


def _folded(step: Folded, y: float) -> Markup:
    return fill(
        '<g class="sq-fold"><rect x="{x}" y="{top}" width="{width}" height="24" rx="2"/>'
        '<text x="{tx}" y="{ty}">{text}</text></g>',
        x=_FIRST_X - 30,
        width=_LAST_X - _FIRST_X + 60,
        top=_n(y - 15),
        tx=_n(_MIDDLE_X),
        ty=_n(y + 1),
        text=shorten(_fold_title(step), 84),
    )


def _fold_title(step: Folded) -> str:
    what = " ⇄ ".join(step.names) + f" {TIMES} {step.turns}" if step.turns else plural(len(step.records), "record")
    return f"{what}, {step.first.t:.3f} s to {step.last.t:.3f} s"


def _marks(step: Shown, y: float) -> Markup:
    if not step.marks:
        return Markup("")
    worst = step.state
    names = list(dict.fromkeys(mark.requirement for mark in step.marks if mark.state == worst))
    rest = len({mark.requirement for mark in step.marks}) - 1
    text = shorten(names[0], 26) + (f" +{rest}" if rest else "")
    return fill(
        '<g class="sq-mark sq-{kind}"><circle cx="{x}" cy="{y}" r="8"/><text class="sq-glyph" x="{x}" y="{gy}">{glyph}'
        '</text><text x="{tx}" y="{gy}">{text}</text></g>',
        kind=worst,
        x=_GUTTER_X,
        y=_n(y),
        gy=_n(y + 4),
        tx=_GUTTER_X + 14,
        glyph=GLYPHS[worst],
        text=text,
    )


def _kind(step: Shown) -> str:
    return f"sq-{step.state or 'plain'}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
