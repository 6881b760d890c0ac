"""Plots of the evaluation's page, as SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from voxel.records.evaluation import Difference

WIDTH = 340
ROW = 46
EDGE = 14
_INTERVAL = Markup(
    '<text x="{x0}" y="{text}" class="word">{name}</text>'
    '<line x1="{low}" x2="{high}" y1="{y}" y2="{y}" class="range"/>'
    '<circle cx="{middle}" cy="{y}" r="5" class="{look}"/>'
)
_POINT = Markup('<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="point"/>')


def intervals(rows: Sequence[tuple[str, Difference]]) -> Markup:
    """The change of each row with its 95 % interval, around a line at no change. In points of a hundred."""
    ends = [end for _, found in rows for end in (*found.ci95, found.after - found.before)]
    most = max(0.05, *(abs(end) for end in ends)) * 1.08

    def at(value: float) -> float:
        return round(WIDTH / 2 + value / most * (WIDTH / 2 - EDGE), 1)

    looks = {"better": "good", "worse": "bad", "no difference shown": "none"}
    marks = Markup("").join(
        _INTERVAL.format(
            x0=EDGE,
            text=ROW * index + 16,
            name=name,
            low=at(found.ci95[0]),
            high=at(found.ci95[1]),
            y=ROW * index + 30,
            middle=at(found.after - found.before),
            look=looks[found.outcome],
        )
        for index, (name, found) in enumerate(rows)
    )
    height = ROW * len(rows) + 26
    return Markup(
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-label="Change of the overall score with its 95 % '
        'interval"><line x1="{m}" x2="{m}" y1="0" y2="{b}" class="axis"/>{marks}'
        '<text x="{e}" y="{t}" class="tick">{low:+.0f}</text><text x="{m}" y="{t}" class="tick middle">no change</text>'
        '<text x="{r}" y="{t}" class="tick end">{high:+.0f} points</text></svg>'
    ).format(
        w=WIDTH, h=height, m=WIDTH / 2, b=height - 20, marks=marks, e=EDGE, r=WIDTH - EDGE, t=height - 4,
        low=-100 * most, high=100 * most,
    )  # fmt: skip


def points(pairs: Sequence[tuple[float, float]], before: str, after: str) -> Markup:
    """One point for each example: its overall score before (to the right) and after (upwards), each 0 to 1."""
    side = WIDTH - 2 * EDGE

    def x(value: float) -> float:
        return EDGE + value * side

    def y(value: float) -> float:
        return EDGE + (1 - value) * side

    return Markup(
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-label="Overall score of each example before and '
        'after"><rect x="{e}" y="{e}" width="{s}" height="{s}" class="frame"/>'
        '<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" class="axis"/>{marks}'
        '<text x="{x0}" y="{t}" class="tick">0</text><text x="{m}" y="{t}" class="tick middle">{before}</text>'
        '<text x="{x1}" y="{t}" class="tick end">100 %</text>'
        '<text x="{up}" y="{above}" class="tick">above the line: {after} is better</text></svg>'
    ).format(
        w=WIDTH, h=WIDTH + 14, e=EDGE, s=side, x0=x(0), y0=y(0), x1=x(1), y1=y(1), m=WIDTH / 2, t=WIDTH + 8,
        up=EDGE + 8, above=EDGE + 18, before=before, after=after,
        marks=Markup("").join(_POINT.format(x=x(old), y=y(new)) for old, new in pairs),
    )  # fmt: skip
