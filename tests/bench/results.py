# SPDX-License-Identifier: Apache-2.0
"""build/bench: results.json, and RESULTS.md for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Lines = Callable[[list[Row]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the results: its name in results.json, its heading, and how its rows are shown."""

    name: str
    title: str
    table: Lines
    markdown: Lines | None = None

    def page(self, rows: list[Row]) -> Iterator[str]:
        """Its part of RESULTS.md."""
        yield f"## {self.title}"
        yield ""
        if self.markdown is not None:
            yield from self.markdown(rows)
        else:
            yield "```"
            yield from self.table(rows)
            yield "```"
        yield ""


@dataclass(slots=True)
class Results:
    """Rows by section, in the order in which they were measured."""

    machine: Mapping[str, Any]
    rows: dict[str, list[Row]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, Any]:
        """As it stands in results.json."""
        return {"machine": dict(self.machine), "seconds": self.seconds, **self.rows}

    def _page(self, sections: Sequence[Section], plots: Sequence[Path]) -> Iterator[str]:
        yield "# Results of `make bench`"
        yield ""
        yield "| | |"
        yield "|---|---|"
        for name, value in self.machine.items():
            yield f"| {name.replace('_', ' ')} | {value} |"
        yield ""
        yield "Times are ns per packet. How they are taken: docs/PERFORMANCE.md."
        yield ""
        for section in sections:
            if self.rows.get(section.name):
                yield from section.page(self.rows[section.name])
        for plot in plots:
            yield f"![{plot.stem.replace('-', ' ')}]({plot.name})"
            yield ""

    def write(self, folder: Path, sections: Sequence[Section], plots: Sequence[Path]) -> None:
        """results.json and RESULTS.md; the latter shows the plots."""
        (folder / "results.json").write_text(json.dumps(self.content, indent=1) + "\n")
        page = "\n".join(self._page(sections, plots))
        (folder / "RESULTS.md").write_text(page.rstrip() + "\n")
