# SPDX-License-Identifier: Apache-2.0
"""index.html: every demo whose report.json is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lablib.pages.markup import Markup, tag
from lablib.pages.page import document, verdict

_SHOWN = {"title", "about", "family", "verified", "requests", "promises", "date"}


def write_index(folder: Path) -> Path:
    """Write the index of the demos in a folder; returns its path. One that was stopped while it
    wrote its report is left out, and so is one of an older version."""
    reports = {}
    for path in sorted(folder.glob("*/report.json")):
        if (path.parent / "report.html").is_file():
            report = json.loads(path.read_text())
            if report.keys() >= _SHOWN:
                reports[path.parent.name] = report
    written = folder / "index.html"
    written.write_text(index(reports))
    return written


def index(reports: dict[str, dict[str, Any]]) -> str:
    """The page; ``reports``: what report.json says, by folder."""
    verified = [bool(report["verified"]) for report in reports.values()]
    names = ("demo", "", "requests answered", "promises kept", "date (UTC)")
    styles = (None, None, "number", "number", "number")
    heads = [tag("th", n, class_=style) for n, style in zip(names, styles, strict=True)]
    rows = [_row(name, report) for name, report in reports.items()]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="wide demos")
    return document(
        "dsrlb demos",
        tag("h1", "dsrlb demos", verdict(bool(verified) and all(verified))),
        tag(
            "p",
            "Real clients through every mode, in network namespaces; "
            "every frame held against what the mode promises.",
            class_="about",
        ),
        tag("div", table, class_="scroll card"),
    )


def _row(name: str, report: dict[str, Any]) -> Markup:
    title = f"{report['title']}, {report['family'].replace('ipv', 'IPv')}"
    held = [promise["ok"] for promise in report["promises"]]
    requests = report["requests"]
    date = f"{report['date'][:10]} {report['date'][11:16]}"
    return tag(
        "tr",
        tag(
            "td",
            tag("a", title, href=f"{name}/report.html"),
            tag("div", report["about"], class_="quiet"),
        ),
        tag("td", verdict(bool(report["verified"]))),
        tag("td", f"{requests['answered']:,} / {requests['sent']:,}", class_="number"),
        tag("td", f"{sum(held)} / {len(held)}", class_="number"),
        tag("td", date, class_="number"),
    )
