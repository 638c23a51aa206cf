# SPDX-License-Identifier: Apache-2.0
"""Report pages: whole, of one file each, with everything escaped, and saying what was seen."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lablib import pages
from lablib.hops import follow
from lablib.pages import frames, styles
from lablib.pages.index import index
from lablib.pages.markup import Markup, join, tag
from lablib.promises import METHODS, Promise, flows_by_real
from lablib.report import Report
from lablib.traffic import Result
from tests.unit.lablib import crossed
from tests.unit.lablib.breaks import LABS
from tests.unit.lablib.routed import exchange
from tests.unit.lablib.wire import captures, evidence

DATE = "2026-01-02T03:04:05+00:00"
VOID = {"meta"}
EVIL = "<script>alert(1)</script>\"'&"


class Reader(HTMLParser):
    """Checks that elements are closed in order; keeps attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.marks: Counter[str] = Counter()
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """The values of an attribute, whatever element has it."""
        return [value for _, key, value in self.attributes if key == name]

    @property
    def text(self) -> str:
        """All texts."""
        return "".join(self.texts)


def _report(method: str = "dscp", version: int = 4, **changes: Any) -> Report:
    seen = exchange(method, version).evidence()
    results = {
        "web": Result(4, 4, Counter(r1=4)),
        "dns": Result(2, 1, Counter(r2=1)),
    }
    flows = {"web": flows_by_real(seen, 6), "dns": flows_by_real(seen, 17)}
    held = METHODS[seen.topology.kind](seen)
    pcaps = [Path("/somewhere/client.pcap"), Path("/somewhere/front-lb.pcap")]
    made = Report(seen.topology, version, held, results, flows, seen, DATE, pcaps)
    return replace(made, **changes)


@pytest.mark.parametrize(("method", "version"), LABS)
def test_a_page_needs_no_other_file(method: str, version: int) -> None:
    page = pages.report(_report(method, version))
    read = Reader(page)
    assert read.elements["html"] == read.elements["svg"] == read.elements["style"] == 1
    for element in ("script", "link", "img", "iframe", "object", "use", "image"):
        assert read.elements[element] == 0
    assert not read.values("src") and not read.values("onclick")
    assert set(read.values("href")) == {"client.pcap", "front-lb.pcap", "report.json"}
    assert "http:" not in page and "https:" not in page
    assert "url(" not in page and "@import" not in page and "//" not in styles.SHEET


@pytest.mark.parametrize(("method", "version"), LABS)
def test_a_page_says_what_was_seen(method: str, version: int) -> None:
    made = _report(method, version)
    text = Reader(pages.report(made)).text
    for words in (
        f"IPv{version}",
        "VERIFIED",
        str(made.topology.vip(version)),
        made.topology.about,
        "2026-01-02",
        f"Promises: {len(made.promises)} of {len(made.promises)} kept",
        "5 of 6",
        *(promise.name for promise in made.promises),
    ):
        assert words in text
    assert "NOT VERIFIED" not in text and "FAIL" not in text
    assert text.count("PASS") == len(made.promises)


def test_l2dsr_has_a_page() -> None:
    seen = evidence(captures())
    held = METHODS["l2dsr"](seen)
    flows = {"web": Counter(r1=1)}
    made = Report(seen.topology, 4, held, {"web": Result()}, flows, seen, DATE, [])
    read = Reader(pages.report(made))
    assert "2  dst MAC r1" in read.text
    assert "tunnel" not in read.text


@pytest.mark.parametrize(("mode", "version"), crossed.LABS)
def test_both_ways_through_the_balancer_are_shown(mode: str, version: int) -> None:
    seen = crossed.exchange(mode, version).evidence()
    flows = {"web": flows_by_real(seen, 6)}
    held = METHODS[mode](seen)
    made = Report(seen.topology, version, held, {"web": Result()}, flows, seen, DATE, [])
    read = Reader(pages.report(made))
    assert f"Promises: {len(held)} of {len(held)} kept" in read.text
    assert "100.0 %" in read.text
    for way in ("in", "out"):
        assert read.text.count(f", port lb: {way}") >= 4  # request and reply, table and bytes


def test_a_broken_promise_is_shown() -> None:
    broken = Promise("TTL - 1", False, 3, "it was 64")
    text = Reader(pages.report(_report(promises=[broken]))).text
    assert "NOT VERIFIED" in text
    assert "Promises: 0 of 1 kept" in text
    assert text.count("FAIL") == 1 and "it was 64" in text


def test_what_could_not_be_followed_is_said() -> None:
    made = _report()
    for name in made.seen.services:
        made.seen.services[name] = []
    page = pages.report(made)
    read = Reader(page)
    assert "could not be followed: no HTTP request to 10.78.0.100" in read.text
    assert read.elements["polyline"] == 0 and read.elements["pre"] == 0


def test_everything_is_escaped() -> None:
    made = _report()
    topology = replace(made.topology, about=EVIL, title=EVIL, name=EVIL)
    flows = {EVIL: Counter({EVIL: 1})}
    page = pages.report(
        replace(
            made,
            topology=topology,
            promises=[Promise(EVIL, False, 1, EVIL)],
            flows=flows,
            results={EVIL: Result(1, 1, Counter({EVIL: 1}))},
            pcaps=[Path("/" + EVIL.replace("/", ""))],
        )
    )
    read = Reader(page)
    assert read.elements["script"] == 0
    assert read.text.count("<script>") >= 7
    listed = index({EVIL: {**_json(made), "about": EVIL, "title": EVIL}})
    assert Reader(listed).elements["script"] == 0


def test_bytes_are_escaped() -> None:
    lab = exchange("dscp", 4)
    for name, packets in lab.points.items():
        lab.points[name] = [data.replace(b" HTTP/1", b"<b>&</b") for data in packets]
    shown = frames.views(follow(lab.evidence()).request)
    assert "&lt;b&gt;&amp;&lt;/b" in shown and "<b>&" not in shown


@pytest.mark.parametrize(("method", "version"), LABS)
def test_changed_bytes_are_marked(method: str, version: int) -> None:
    """As many of them, as hexadecimal digits, as changed; the tunnel's headers as added."""
    followed = follow(exchange(method, version).evidence())
    for hop in (*followed.request, *followed.reply):
        shown = str(frames.views((followed.request[0], hop)))
        view = shown[shown.index("</details>") :]
        marked = re.findall(r'<mark class="changed">([0-9a-f ]+)</mark>', view)
        found = [word for run in marked for word in run.split() if len(word) == 2]
        wanted = [f"{hop.frame[at]:02x}" for at in hop.changed]
        assert Counter(wanted) <= Counter(found)
        assert view.count("(added)") == (0 if not any(hop.added) else 1 + (method == "gue"))


def test_fields_are_marked_in_the_table() -> None:
    shown = str(frames.table(follow(exchange("gue", 4).evidence()).request))
    rows = shown.split("<tr>")[3:]
    changed = [re.findall(r'<mark class="changed">([^<]+)</mark>', row) for row in rows]
    added = [re.findall(r'<mark class="added">([^<]+)</mark>', row) for row in rows]
    assert [len(row) for row in changed] == [0, 0, 0, 4, 0, 3, 0, 0]
    assert changed[3][:3] == ["02:00:00:78:00:0a", "02:00:00:78:00:fe", "63"]
    assert changed[5] == ["02:00:00:78:01:fe", "02:00:00:78:01:11", "63"]
    assert added[3] == ["10.78.0.10", "10.78.1.11", "UDP 49216&gt;6080", "46", "2", "64"]
    assert sum(map(len, added)) == 6


def test_shares_are_drawn_to_scale() -> None:
    flows = {"web": Counter(r1=6, r2=3), "dns": Counter()}
    page = pages.report(_report(flows=flows))
    widths = re.findall(r'class="fill" style="width:([\d.]+)%"', page)
    marks = re.findall(r'class="due" style="left:calc\(([\d.]+)% - 1px\)"', page)
    # web: two thirds, a third and nothing, where each is due a third.
    assert widths[:3] == ["100.00", "50.00", "0.00"]
    assert marks[:3] == ["50.00"] * 3
    # dns: weights 1, 2, 3 and no flow at all.
    assert widths[3:] == ["0.00"] * 3
    assert marks[3:] == ["33.33", "66.67", "100.00"]


def test_there_is_a_dark_page_and_one_for_paper() -> None:
    assert styles.SHEET.count(f"@media {styles.DARK}") == 1
    assert "@media print" in styles.SHEET and "@media(max-width:600px)" in styles.SHEET
    light, dark = re.findall(r":root\{(?:color-scheme:light dark;)?([^}]+)\}", styles.SHEET)
    names = [re.findall(r"--([\w-]+):", part) for part in (light, dark)]
    assert names[0] == names[1]
    assert set(re.findall(r"var\(--([\w-]+)\)", styles.SHEET)) == set(names[0])


def _json(made: Report) -> dict[str, object]:
    return json.loads(json.dumps(made.to_json()))  # type: ignore[no-any-return]


def test_the_index_lists_what_is_there(tmp_path: Path) -> None:
    for folder, made in (
        ("l3dsr-dscp-ipv4", _report("dscp", 4)),
        ("l3dsr-gue-ipv6", _report("gue", 6)),
        ("half", _report("ipip", 4)),
    ):
        (tmp_path / folder).mkdir()
        made.write(tmp_path / folder)
        if folder != "half":  # it was stopped between the two
            (tmp_path / folder / "report.html").write_text(pages.report(made))
    old = tmp_path / "old"
    old.mkdir()
    (old / "report.html").write_text("of another version")
    (old / "report.json").write_text('{"mode": "l2dsr", "verified": true}')
    written = pages.write_index(tmp_path)
    assert written == tmp_path / "index.html"
    read = Reader(written.read_text())
    links = read.values("href")
    assert links == ["l3dsr-dscp-ipv4/report.html", "l3dsr-gue-ipv6/report.html"]
    assert all((tmp_path / link).is_file() for link in links)
    for words in ("l3dsr by DSCP, IPv4", "l3dsr by GUE, IPv6", "5 / 6", "2026-01-02 03:04"):
        assert words in read.text
    assert read.text.count("VERIFIED") == 3 and "NOT" not in read.text


def test_one_broken_demo_is_seen_in_the_index() -> None:
    good, bad = _json(_report()), _json(_report(promises=[Promise("x", False, 1)]))
    text = Reader(index({"a": good, "b": bad})).text
    assert text.count("NOT VERIFIED") == 2
    assert "0 / 1" in text
    assert "NOT VERIFIED" in Reader(index({})).text


def test_markup() -> None:
    assert tag("b", "<&>", class_="x", stroke_width=1, title=None) == (
        '<b class="x" stroke-width="1">&lt;&amp;&gt;</b>'
    )
    assert tag("meta", name='"') == '<meta name="&quot;">'
    assert join("<", [Markup("<i>"), "<"]) == "&lt;<i>&lt;"
