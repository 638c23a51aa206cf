# SPDX-License-Identifier: Apache-2.0
"""report.html of one demo in one family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lablib.hops import Followed, Hop
from lablib.pages import frames
from lablib.pages.drawing import drawing
from lablib.pages.markup import Content, Markup, join, tag
from lablib.pages.styles import SHEET
from lablib.promises import Promise
from lablib.report import Report


def document(title: str, *content: Content, style: str = "") -> str:
    """A page that needs no other file; ``style``: rules of its own, behind those of all pages."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(SHEET + style)),
    )
    return join(
        Markup("<!doctype html>\n"),
        tag("html", head, tag("body", tag("main", *content)), lang="en"),
        "\n",
    )


def verdict(verified: bool) -> Markup:
    """VERIFIED, or not."""
    text = "VERIFIED" if verified else "NOT VERIFIED"
    return tag("span", text, class_=f"verdict {'pass' if verified else 'fail'}")


def kept(promises: Iterable[Promise]) -> tuple[int, int]:
    """(promises that held, all)."""
    held = [promise.ok for promise in promises]
    return sum(held), len(held)


def report(made: Report) -> str:
    """The page."""
    topology = made.topology
    title = f"{topology.title}, IPv{made.version}"
    followed, reason = made.followed()
    vip = topology.vip(made.version)
    return document(
        f"{title}: {'verified' if made.verified else 'not verified'}",
        tag("h1", title, verdict(made.verified)),
        tag("p", topology.about, class_="about"),
        _facts(made),
        tag("h2", "Topology"),
        _ways_key(),
        tag("div", drawing(topology, vip, followed), class_="scroll card"),
        _frames(followed, reason),
        _shares(made),
        _promises(made.promises),
        _captures(made),
    )


def _facts(made: Report) -> Markup:
    held, every = kept(made.promises)
    carried, total = made.seen.carried()
    answered = sum(result.answered for result in made.results.values())
    sent = sum(result.sent for result in made.results.values())
    share = f"{100 * carried / total:.1f} %" if total else "-"
    facts: list[tuple[str, str, str]] = [
        ("VIP", str(made.topology.vip(made.version)), ""),
        ("requests answered", f"{answered:,}", f" of {sent:,}"),
        ("promises kept", f"{held}", f" of {every}"),
        ("bytes through the balancer", share, f" of {total / 1e6:,.1f} MB"),
        ("date", made.date[:10], f" {made.date[11:16]} UTC"),
    ]
    return tag(
        "dl",
        [tag("div", tag("dt", n), tag("dd", v, tag("small", rest))) for n, v, rest in facts],
        class_="facts",
    )


def _ways_key() -> Markup:
    return tag(
        "div",
        tag("span", tag("span", class_="swatch request"), "request"),
        tag("span", tag("span", class_="swatch reply"), "reply"),
        tag("span", "The labels say what is new of the frame on that segment."),
        class_="key",
    )


def _frames(followed: Followed | None, reason: str | None) -> Markup:
    if followed is None:
        words = tag("p", f"The request could not be followed: {reason}", class_="fail")
        return join(tag("h2", "Frames, hop by hop"), words)
    tunnel = any(hop.outer for hop in followed.request)
    key = tag(
        "div",
        tag("span", tag("mark", "changed", class_="changed"), " differs from the hop before"),
        tag("span", tag("mark", "added", class_="added"), " a tunnel's headers") if tunnel else "",
        class_="key",
    )
    return join(
        tag("h2", "Frames, hop by hop"),
        tag("p", "One HTTP request and its reply, as tcpdump saw them at every place on the way."),
        key,
        _way("The request", followed.request),
        _way("Its reply", followed.reply),
    )


def _way(title: str, hops: tuple[Hop, ...]) -> Markup:
    return join(tag("h3", title), frames.table(hops), frames.views(hops))


def _shares(made: Report) -> Markup:
    parts = [tag("h2", "Who got what")]
    for name, result in made.results.items():
        flows, weights = made.flows[name], made.topology.shares.get(name, {})
        parts.append(tag("h3", f"{name}: {result.answered:,} of {result.sent:,} answered"))
        parts.append(_service(flows, weights, result.by_real))
    note = "A flow is a connection or a client's port; a kept-alive one carries several requests."
    parts.append(tag("p", note, " The upright mark is the share by weight.", class_="quiet"))
    return join(parts)


def _service(
    flows: Mapping[str, int], weights: Mapping[str, int], requests: Mapping[str, int]
) -> Markup:
    total, sum_of_weights = sum(flows.values()) or 1, sum(weights.values()) or 1
    reals = list(dict.fromkeys([*weights, *flows]))
    parts = {real: 100 * flows.get(real, 0) / total for real in reals}
    due = {real: 100 * weights.get(real, 0) / sum_of_weights for real in reals}
    scale = max([*parts.values(), *due.values(), 1])  # the longest is as long as the track
    rows = [
        tag(
            "tr",
            tag("th", real, scope="row"),
            tag("td", str(weights.get(real, 0)), class_="number"),
            tag("td", _bar(parts[real] / scale, due[real] / scale)),
            tag("td", f"{flows.get(real, 0):,}", class_="number"),
            tag("td", f"{parts[real]:.1f} %", class_="number"),
            tag("td", f"{requests.get(real, 0):,}", class_="number"),
        )
        for real in reals
    ]
    names = ("real", "weight", "share of the flows", "flows", "%", "requests")
    styles = (None, "number", "wide", "number", "number", "number")
    heads = [tag("th", n, class_=style) for n, style in zip(names, styles, strict=True)]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="wide share")
    return tag("div", table, class_="scroll")


def _bar(part: float, due: float) -> Markup:
    """Both from 0 to 1."""
    fill = tag("div", class_="fill", style=f"width:{100 * part:.2f}%")
    mark = tag("div", class_="due", style=f"left:calc({100 * due:.2f}% - 1px)")
    return tag("div", fill, mark, class_="track")


def _promises(promises: Iterable[Promise]) -> Markup:
    every = list(promises)
    held, total = kept(every)
    rows = [
        tag(
            "tr",
            tag("td", _badge(promise.ok)),
            tag(
                "td",
                promise.name,
                tag("div", promise.detail, class_="detail") if promise.detail else "",
            ),
            tag("td", f"{promise.frames:,}", class_="number"),
        )
        for promise in every
    ]
    heads = [tag("th", ""), tag("th", "promise"), tag("th", "checked", class_="number")]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="wide promises")
    return join(tag("h2", f"Promises: {held} of {total} kept"), tag("div", table, class_="scroll"))


def _badge(ok: bool) -> Markup:
    return tag("span", "PASS" if ok else "FAIL", class_=f"badge {'pass' if ok else 'fail'}")


def _captures(made: Report) -> Markup:
    links = [tag("li", tag("a", path.name, href=path.name)) for path in made.pcaps]
    words = "Every link, as tcpdump wrote it (512 bytes of each frame); Wireshark reads them. "
    return join(
        tag("h2", "Captures"),
        tag("p", words, "The same as this page for programs: ", _link("report.json"), "."),
        tag("ul", links, class_="files"),
    )


def _link(name: str) -> Markup:
    return tag("a", name, href=name)
