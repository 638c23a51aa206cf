# SPDX-License-Identifier: Apache-2.0
"""index.html of a comparison: one file, no script."""

from __future__ import annotations

from lablib.compare import charts
from lablib.compare.charts import took
from lablib.compare.clients import LIMIT
from lablib.compare.comparison import Comparison, Part
from lablib.compare.figures import Result
from lablib.compare.load import CLIENTS, LONG, LONG_SECONDS
from lablib.compare.measured import about, measured, real_servers
from lablib.compare.styles import STYLE
from lablib.pages.markup import Markup, join, tag
from lablib.pages.page import document

_ABOUT = (
    "All algorithms under the same load, on six real servers of different speed, with short and "
    "long connections, through the fast path in network namespaces."
)
_GOOD, _BAD = 2, 5  # times the best of a column


def page(made: Comparison) -> str:
    """The page."""
    return document(
        "dsrlb: algorithms compared",
        tag("h1", "Which algorithm?"),
        tag("p", _ABOUT, class_="about"),
        _facts(made),
        *(_glance(part) for part in made.parts),
        _key(),
        *(_deeds(part, words=number == 0) for number, part in enumerate(made.parts)),
        real_servers(made),
        measured(made),
        style=STYLE,
    )


def _facts(made: Comparison) -> Markup:
    first = made.parts[0]
    asked = sum(len(arrival.questions) for arrival in first.load)
    facts = [
        ("connections, for each algorithm", f"{len(first.load):,}", f" in {first.seconds:g} s"),
        ("requests on them", f"{asked:,}", ""),
        ("long connections", f"{LONG:.0%}", f" {LONG_SECONDS[0]:g} to {LONG_SECONDS[1]:g} s"),
        ("clients", f"{CLIENTS}", " addresses"),
        ("date", made.date[:10], f" {made.date[11:16]} UTC"),
    ]
    return tag(
        "dl",
        [tag("div", tag("dt", n), tag("dd", v, tag("small", rest))) for n, v, rest in facts],
        class_="facts",
    )


def _glance(part: Part) -> Markup:
    """Who was how fast."""
    names = ["p50", "p99", *(_phase(part, phase.name) for phase in part.phases)]
    heads = [
        tag("th", ""),
        tag("th", charts.response_axis()),
        *(tag("th", name, class_="number") for name in [*names, "failed"]),
        tag("th", "choose it when"),
    ]
    columns = [_figures(one) for one in part.results]
    best = [min(values) for values in zip(*columns, strict=True)]
    rows = [_row(one, best) for one in part.results]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="wide cases")
    return join(
        tag("h2", part.scenario.title),
        tag("p", about(part)),
        tag("div", table, class_="scroll card"),
    )


def _phase(part: Part, name: str) -> str:
    return f"p99 while {part.scenario.slow} is slow" if name == "slow" else f"p99 {name}"


def _row(one: Result, best: list[float]) -> Markup:
    failed = one.times.failed
    return tag(
        "tr",
        tag("th", one.case.name, tag("small", f"looks at {one.case.looks_at}"), scope="row"),
        tag("td", charts.response(one.times)),
        [_cell(value, least) for value, least in zip(_figures(one), best, strict=True)],
        tag("td", f"{failed:,}", class_="number bad" if failed else "number"),
        tag("td", one.case.choose, class_="choose"),
    )


def _figures(one: Result) -> tuple[float, ...]:
    return (one.times.p50, one.times.p99, *(times.p99 for times in one.by_phase.values()))


def _cell(value: float, best: float) -> Markup:
    style = "number"
    if value <= _GOOD * best:
        style += " good"
    elif value >= _BAD * best:
        style += " bad"
    return tag("td", took(value), class_=style)


def _key() -> Markup:
    text = (
        "Response time: from connecting to the last byte of the first answer. Hollow: half of the "
        "connections were answered within (p50); full: 99 of 100 (p99). Green: at most "
        f"{_GOOD} times the best of the column, red: {_BAD} times or more. A client gives up after "
        f"{LIMIT:g} s; that is a failed connection, and counts as one that took {LIMIT:g} s."
    )
    return tag("p", text, class_="quiet")


def _deeds(part: Part, *, words: bool) -> Markup:
    """What each case did with its connections; ``words``: and what to think of it."""
    text = (
        "Open connections of each real server over time (height: their logarithm, the same scale "
        "for all of these), their peak, and how many connections it got; the upright mark is the "
        "share that its weight stands for. ×8 is the weight."
    )
    return join(
        tag("h2", f"What each did: {part.scenario.title.lower()}"),
        tag("p", text, class_="quiet"),
        tag("div", [_card(part, one, words) for one in part.results], class_="cards"),
    )


def _card(part: Part, one: Result, words: bool) -> Markup:
    times = one.times
    choose = tag("p", tag("b", "Choose it when "), one.case.choose)
    beware = tag("p", tag("b", "But: "), one.case.beware)
    return tag(
        "section",
        tag("h3", one.case.name),
        tag(
            "p",
            "p50 ",
            tag("b", took(times.p50)),
            ", p99 ",
            tag("b", took(times.p99)),
            f", mean {took(times.mean)}; {times.answered:,} of {times.sent:,} answered",
            class_="took",
        ),
        charts.reals(part, one),
        [choose, beware] if words else "",
        class_="card",
    )
