# SPDX-License-Identifier: Apache-2.0
"""Revisions as they are shown, with a daemon and without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.config import dump, parse
from dsrlb.control.revisions import confirm, history
from dsrlb.control.revisions import offline as offlinerevisions
from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.rollback import words
from dsrlb.errors import StateError, UnknownRevision
from tests.unit.api.fakerows import TOML
from tests.unit.control.logs import Logs

FIRST = dump(parse(TOML, "first"))
SECOND = dump(parse(TOML.replace("10.0.0.12", "10.0.0.13"), "second"))


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    found.apply(FIRST)
    found.apply(SECOND, author=Author(0, "root", "alice"), confirm_within=60)
    yield found
    found.open.close()


def test_rows(logs: Logs) -> None:
    second, first = history.rows(logs.open, None)
    assert (first["number"], first["running"], first["confirm_seconds"]) == (1, False, None)
    assert (second["user"], second["said"], second["result"]) == ("root", "alice", "waiting")
    assert second["running"]
    assert second["confirm_seconds"] is not None
    assert 59 < second["confirm_seconds"] <= 60
    assert [row["number"] for row in history.rows(logs.open, 1)] == [2]


def test_at_a_glance(logs: Logs) -> None:
    view = history.glance(logs.open)
    assert (view["running"], view["way_back"]) == (2, 1)
    assert view["confirm"] is not None
    assert (view["confirm"]["revision"], view["confirm"]["way_back"]) == (2, 1)
    assert (view["trouble"], view["lost"]) == ("", "")


def test_from_one_to_another(logs: Logs) -> None:
    view = history.diff(logs.open, 1, None, None, True)
    assert (view["before"], view["after"], view["affects_flows"]) == (1, 2, True)
    assert [(change["kind"], change["what"]) for change in view["changes"]] == [
        ("remove", "real web 10.0.0.12"),
        ("add", "real web 10.0.0.13"),
    ]
    lines = view["text"].splitlines()
    assert lines[:2] == ["--- <revision 1>", "+++ <revision 2>"]
    assert [line.split('"')[1] for line in lines[2:] if line[0] == "-"] == ["10.0.0.12"]
    assert [line.split('"')[1] for line in lines[2:] if line[0] == "+"] == ["10.0.0.13"]
    assert history.diff(logs.open, 2, 2, None, False)["changes"] == []
    assert history.diff(logs.open, 1, 2, None, False)["text"] == ""


@pytest.mark.parametrize(("before", "after"), [(7, None), (1, 7)])
def test_unknown_ones(logs: Logs, before: int, after: int | None) -> None:
    with pytest.raises(UnknownRevision, match="there is no revision 7"):
        history.diff(logs.open, before, after, None, False)


def test_without_a_daemon(logs: Logs) -> None:
    with offlinerevisions.saved("main") as saved:
        assert [row["number"] for row in history.rows(saved, None)] == [2, 1]
        assert history.text_of(saved, 1) == FIRST
        assert history.diff(saved, 1, None, None, False)["after"] == 2
        with pytest.raises(UnknownRevision):
            saved.get(3)
    with pytest.raises(StateError, match="no revisions: ") as refused:
        offlinerevisions.saved("other").__enter__()
    assert refused.value.hint == "dsrlb run -c FILE"


def test_a_plan_without_a_daemon(logs: Logs) -> None:
    """Against what ran last, which names the way back."""
    view = offlinerevisions.plan("main", parse(FIRST, "f"))
    assert view["way_back"] == 2
    assert [change["kind"] for change in view["changes"]] == ["remove", "add"]
    assert view["affects_flows"]


def test_confirming_without_a_daemon(logs: Logs) -> None:
    row = offlinerevisions.confirm("main", Author(0, "root"))
    assert (row["number"], row["result"], row["reason"]) == (2, "applied", "confirmed by root")
    assert logs.again().waiting is None


def test_confirming_too_late_without_a_daemon(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody took it back, and the next start does: what was said would not hold."""
    now = confirm.clock()
    monkeypatch.setattr(confirm, "clock", lambda: now + 61)
    message = "revision 2 was not confirmed in time: the next start goes back to 1"
    with pytest.raises(StateError, match=message) as refused:
        offlinerevisions.confirm("main", Author(0, "root"))
    assert "`dsrlb rollback 2` makes it the running one then" in refused.value.hint
    assert logs.results() == ["applied", "waiting"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"verb": "service-remove", "service": "web", "settings": {}}, "service remove web"),
        (
            {
                "verb": "real-set",
                "service": "web",
                "address": "10.0.0.1",
                "settings": {"weight": 0, "port": 80},
            },
            "real set web 10.0.0.1 weight=0 port=80",
        ),
        (
            {
                "verb": "service-set",
                "service": "web",
                "settings": {
                    "one_packet": True,
                    "port": [80, "90-99"],
                    "snat": {"pool": "10.0.0.9", "toa": False},
                    "real": [{"address": "10.0.0.1", "weight": 2}],
                },
            },
            'service set web one_packet=true port=[80, "90-99"] '
            'snat={ pool = "10.0.0.9", toa = false } real=[{ address = "10.0.0.1", weight = 2 }]',
        ),
    ],
)
def test_a_command_in_words(change: dict[str, object], text: str) -> None:
    assert words(change) == text


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"health": {"type": "command", "command": ["/bin/true", "s3cret"]}}, "health=***"),
        ({"helth": "s3cret", "weight": 1}, "helth=*** weight=***"),
        ({"on_down": "keep\n2026 \x1b[31m"}, r"on_down=keep\n2026 \x1b[31m"),
    ],
)
def test_no_secret_in_words(settings: dict[str, object], text: str) -> None:
    told = words({"verb": "service-set", "service": "web", "settings": settings})
    assert told == f"service set web {text}"
