# SPDX-License-Identifier: Apache-2.0
"""The API's routes for revisions."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.control.revisions.authors import Author
from dsrlb.errors import StateError
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import REVISION, TOML, WAITING
from tests.unit.api.test_app import ask


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


def test_history(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/revisions")
    assert answer.json() == [REVISION, WAITING]
    assert ask(controller, "GET", "/revisions", params={"limit": 1}).json() == [REVISION]
    assert ask(controller, "GET", "/revisions", params={"limit": 0}).status_code == 400


def test_a_configuration(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/revisions/3/config")
    assert (answer.status_code, answer.text) == (200, TOML)
    assert answer.headers["content-type"].startswith("text/plain")


def test_diff(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/diff", params={"before": 1, "text": True})
    assert answer.json()["text"].startswith("--- ")
    ask(controller, "GET", "/diff", params={"before": 1, "after": 2})
    assert controller.calls == [("diff", 1, None, True), ("diff", 1, 2, False)]
    assert ask(controller, "GET", "/diff").status_code == 400


def test_rollback(controller: FakeController) -> None:
    answer = ask(controller, "POST", "/rollback", json={})
    assert (answer.status_code, answer.json()["revision"]) == (200, 12)
    body = {"revision": 3, "confirm_within": 60, "behind": "alice"}
    assert ask(controller, "POST", "/rollback", json=body).json()["confirm_seconds"] == 60
    ask(controller, "POST", "/rollback", json={"adopt_vip": True})
    assert controller.calls == [
        ("rollback", None, False, None, Author(0, "root")),
        ("rollback", 3, False, 60, Author(0, "root", "alice")),
        ("rollback", None, True, None, Author(0, "root")),
    ]


def test_confirm(controller: FakeController) -> None:
    assert ask(controller, "POST", "/confirm", json={}).json() == REVISION
    controller.broken = StateError("nothing waits for confirmation")
    assert ask(controller, "POST", "/confirm", json={}).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("GET", "/revisions/77/config", {}),
        ("GET", "/diff", {"params": {"before": 77}}),
        ("POST", "/rollback", {"json": {"revision": 77}}),
    ],
)
def test_unknown_ones_are_not_found(
    controller: FakeController, method: str, path: str, request_: dict[str, Any]
) -> None:
    answer = ask(controller, method, path, **request_)
    assert answer.status_code == 404
    assert answer.json() == {
        "error": "there is no revision 77",
        "hint": "dsrlb history",
        "problems": [],
    }


@pytest.mark.parametrize("within", [0, -1, 86401, "soon"])
def test_times_that_are_none(controller: FakeController, within: object) -> None:
    for path, body in (("/rollback", {}), ("/apply", {"toml": TOML})):
        answer = ask(controller, "POST", path, json={**body, "confirm_within": within})
        assert answer.status_code == 400
        assert "confirm_within" in answer.json()["error"]
    assert controller.calls == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/rollback", {"revision": 1 << 63}),
        ("GET", f"/revisions/{1 << 63}/config", None),
        ("GET", f"/revisions?limit={1 << 63}", None),
        ("GET", f"/diff?before={1 << 63}", None),
        ("GET", f"/diff?before=1&after={1 << 63}", None),
        ("GET", f"/flows?limit={1 << 63}", None),
    ],
)
def test_numbers_that_no_database_has(
    controller: FakeController, method: str, path: str, body: dict[str, int] | None
) -> None:
    """SQLite and iterators would refuse them with errors of their own."""
    assert ask(controller, method, path, json=body).status_code == 400
    assert controller.calls == []
