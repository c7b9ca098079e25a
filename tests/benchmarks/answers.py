"""What was measured, as it is kept between runs and shown in the report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self


@dataclass
class Figure:
    """One thing that was measured of one contender, in each run."""

    what: str
    unit: str
    contender: str
    runs: list[float] = field(default_factory=list)
    compared: bool = True  # whether the ratio to ours says something
    reach: float | None = None  # what that ratio should not be above
    limit: float | None = None  # what the figure itself should not be above

    @property
    def median(self) -> float:
        return median(self.runs)


class Goal(NamedTuple):
    """A target of a question, a figure or a ratio to a peer; less is better."""

    question: int
    what: str
    target: float
    reached: float
    unit: str = ""

    @property
    def missed(self) -> bool:
        return self.reached > self.target

    def __str__(self) -> str:
        came = f"{number(self.reached)} {self.unit}".strip()
        return f"{self.question}. {self.what}: {came}, to reach: {number(self.target)}"


@dataclass
class Answer:
    """The figures of one question. The first contender of each kind of figure is ours."""

    question: int
    title: str
    how: str
    commit: str = ""
    circumstances: str = ""  # when, how long, and what else the machine had to do
    machine: dict[str, str] = field(default_factory=dict)  # and the versions: machine.description
    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def note(
        self,
        what: str,
        unit: str,
        contender: str,
        value: float,
        *,
        compared: bool = True,
        reach: float | None = None,
        limit: float | None = None,
    ) -> None:
        """Adds what one run came to."""
        for figure in self.figures:
            if (figure.what, figure.contender) == (what, contender):
                figure.runs.append(value)
                return
        self.figures.append(Figure(what, unit, contender, [value], compared, reach, limit))

    def kinds(self) -> dict[str, list[Figure]]:
        """The figures by what they are of."""
        found: dict[str, list[Figure]] = {}
        for figure in self.figures:
            found.setdefault(figure.what, []).append(figure)
        return found

    def goals(self) -> list[Goal]:
        """What it should reach, and what it came to."""
        found = [
            Goal(self.question, f"{one.what}: {one.contender}", one.limit, one.median, one.unit)
            for one in self.figures
            if one.limit is not None
        ]
        for ours, *peers in self.kinds().values():
            found += [
                Goal(self.question, f"{one.what}: ÷ {one.contender}", one.reach, ratio(ours, one))
                for one in peers
                if one.reach is not None
            ]
        return found

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        saved = json.loads(path.read_text())
        return cls(**saved | {"figures": [Figure(**each) for each in saved["figures"]]})


def ratio(ours: Figure, peer: Figure) -> float:
    """Ours by the peer's: the median of `ratios`."""
    return median(ratios(ours, peer))


def ratios(ours: Figure, peer: Figure) -> list[float]:
    """Ours by the peer's, of each pair of runs that followed one another."""
    return [one / other for one, other in zip(ours.runs, peer.runs, strict=True)]


def number(value: float) -> str:
    """With three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
