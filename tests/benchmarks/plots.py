"""A plot per question, as SVG: a block of bars for each kind of figure, drawn to its longest."""

from __future__ import annotations

from html import escape

from tests.benchmarks.answers import Answer, Figure, number

WIDTH = 820
NAMES = 380  # where bars begin
LONGEST = 300
LINE, GAP, TOP = 22, 34, 30
OURS, PEER, TARGET = "#2f6fde", "#9aa4b2", "#c0392b"


def plot(answer: Answer) -> str:
    """Shorter is better in all of them. A red line is what ours should not be above."""
    parts: list[str] = []
    y = TOP
    for what, figures in answer.kinds().items():
        if not figures[0].compared:
            continue
        parts.append(_text(10, y, f"{what}, {figures[0].unit}", weight="bold"))
        longest = max(*_extent(figures), 1e-12)
        for figure in figures:
            y += LINE
            parts += _bar(y, figure, ours=figure is figures[0], scale=LONGEST / longest)
        parts += _targets(y, figures, LONGEST / longest)
        y += GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}"'
        f' viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="13" role="img">'
        f"<title>{escape(answer.title)}</title>"
        f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>'
    )
    return "\n".join([head, *parts, "</svg>\n"])


def _extent(figures: list[Figure]) -> list[float]:
    return [max(figure.runs) for figure in figures] + _goals(figures)


def _goals(figures: list[Figure]) -> list[float]:
    """The target as a value of ours: its own limit, or the strictest share of a peer's."""
    own = [figures[0].limit] if figures[0].limit is not None else []
    shares = [one.reach * one.median for one in figures[1:] if one.reach is not None]
    return [min(own + shares)] if own or shares else []


def _bar(y: float, figure: Figure, *, ours: bool, scale: float) -> list[str]:
    length = max(1.0, figure.median * scale)
    low, high = min(figure.runs) * scale, max(figure.runs) * scale
    colour = OURS if ours else PEER
    return [
        _text(10, y, figure.contender.replace("`", "")),
        f'<rect x="{NAMES}" y="{y - 12}" width="{length:.1f}" height="14" fill="{colour}"/>',
        f'<path d="M{NAMES + low:.1f} {y - 5}H{NAMES + high:.1f}" stroke="#222"/>',
        _text(NAMES + max(length, high) + 8, y, number(figure.median)),
    ]


def _targets(y: float, figures: list[Figure], scale: float) -> list[str]:
    top = y - LINE * (len(figures) - 1) - 14
    return [
        f'<path d="M{NAMES + goal * scale:.1f} {top}V{top + 18}" stroke="{TARGET}"'
        ' stroke-width="2"/>'
        for goal in _goals(figures)
    ]


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" fill="#222" font-weight="{weight}">{escape(text)}</text>'
