# SPDX-License-Identifier: Apache-2.0
"""The API's routes and refusals, without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from dsrlb.api.app import create_app
from dsrlb.api.bodies import MOST_BYTES
from dsrlb.api.peer import with_uid
from dsrlb.config.files import LARGEST
from dsrlb.control.revisions.authors import Author
from dsrlb.errors import NetError
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import SERVICE, TOML

SERVICE_KEYS = (
    "name vip protocol port mode algorithm family reals_up reals all_down open pending packets "
    "bytes new reply_packets reply_bytes pool"
)
REAL_KEYS = (
    "service address port weight state reason since open pending packets bytes new reply_packets "
    "reply_bytes mac interface response_ms response_age verdict share sorry"
)


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


def ask(controller: FakeController, method: str, path: str, **request: Any) -> httpx.Response:
    async def exchange() -> httpx.Response:
        app = with_uid(create_app(controller), 0)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://dsrlb") as client:
            return await client.request(method, path, **request)

    return asyncio.run(exchange())


def test_services(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/services")
    assert answer.json() == [SERVICE]
    assert list(answer.json()[0]) == SERVICE_KEYS.split()


def test_reals_of_all_and_of_one(controller: FakeController) -> None:
    assert [row["address"] for row in ask(controller, "GET", "/reals").json()] == [
        "10.0.0.11",
        "10.0.0.12",
    ]
    rows = ask(controller, "GET", "/reals", params={"service": "web"}).json()
    assert list(rows[0]) == REAL_KEYS.split()
    assert rows[0]["port"] is None


def test_reals_of_an_unknown_service(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/reals", params={"service": "mail"})
    assert answer.status_code == 404
    assert answer.json() == {
        "error": "there is no service 'mail'; there are: web",
        "hint": "",
        "problems": [],
    }


@pytest.mark.parametrize("noun", ["status", "macs", "stats", "events"])
def test_nouns_answer(controller: FakeController, noun: str) -> None:
    assert ask(controller, "GET", f"/{noun}").status_code == 200


def test_events_since(controller: FakeController) -> None:
    assert [row["id"] for row in ask(controller, "GET", "/events?since=2").json()] == [3]


def test_config_is_the_text_itself(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/config")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == controller.config_toml()


def test_plan_changes_nothing(controller: FakeController) -> None:
    before = controller.config
    body = {"toml": TOML.replace("web", "shop"), "filename": "a.toml"}
    answer = ask(controller, "POST", "/plan", json=body)
    assert answer.status_code == 200
    assert {change["kind"] for change in answer.json()["changes"]} == {"add", "remove"}
    assert controller.config is before


def test_apply_hands_on_what_was_sent(controller: FakeController) -> None:
    body = {"toml": TOML, "filename": "a.toml", "adopt_vip": True, "confirm_within": 60}
    answer = ask(controller, "POST", "/apply", json={**body, "behind": "alice"})
    assert (answer.status_code, answer.json()["revision"]) == (200, 12)
    author = Author(0, "root", "alice")
    assert controller.calls == [("apply", TOML, "a.toml", True, 60, author)]


def test_a_client_does_not_say_who_it_is(controller: FakeController) -> None:
    """Its uid does; a name that it gives stands beside that."""
    body = {"toml": TOML, "filename": "a.toml"}
    answer = ask(controller, "POST", "/apply", json={**body, "who": "alice"})
    assert answer.status_code == 400
    assert "who" in answer.json()["error"]
    answer = ask(controller, "POST", "/apply", json={**body, "behind": "a\nb"})
    assert answer.status_code == 400
    assert controller.calls == []


def test_invalid_configuration_names_every_problem(controller: FakeController) -> None:
    toml = TOML.replace('"l2dsr"', '"natt"').replace("10.0.0.12", "10.0.0.11")
    answer = ask(controller, "POST", "/apply", json={"toml": toml, "filename": "bad.toml"})
    assert answer.status_code == 400
    problem = answer.json()["problems"][0]
    assert set(problem) == {"file", "line", "key", "value", "message"}
    assert (problem["file"], problem["line"]) == ("bad.toml", 9)
    assert problem["key"] == "service[0].mode"


def test_edit(controller: FakeController) -> None:
    body = {
        "verb": "real-set",
        "service": "web",
        "address": "10.0.0.12",
        "settings": {"weight": 3},
        "behind": "alice",
    }
    answer = ask(controller, "POST", "/edit", json=body)
    assert answer.status_code == 200
    assert controller.config.service[0].real[1].weight == 3
    change = {key: value for key, value in body.items() if key != "behind"}
    ask(controller, "POST", "/edit", json={**body, "adopt_vip": True})
    author = Author(0, "root", "alice")
    assert controller.calls == [("edit", change, False, author), ("edit", change, True, author)]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"verb": "real-add", "service": "web"}, "address belongs to"),
        ({"verb": "service-remove", "service": "web", "address": "10.0.0.1"}, "address belongs to"),
        ({"verb": "explode", "service": "web"}, "verb"),
        ({"verb": "service-remove"}, "service: Field required"),
        ({"verb": "service-remove", "service": "web", "colour": 1}, "colour"),
    ],
)
def test_an_edit_that_makes_no_sense(
    controller: FakeController, body: dict[str, Any], says: str
) -> None:
    answer = ask(controller, "POST", "/edit", json=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert controller.calls == []


def test_detach(controller: FakeController) -> None:
    answer = ask(controller, "POST", "/detach")
    assert answer.json() == {"done": ["XDP program 7 on eth0", "12 pinned maps"]}


def test_other_errors_are_conflicts_with_their_hint(controller: FakeController) -> None:
    controller.broken = NetError("eth0 is gone", hint="plug it in")
    answer = ask(controller, "GET", "/status")
    assert answer.status_code == 409
    assert answer.json() == {"error": "eth0 is gone", "hint": "plug it in", "problems": []}


def test_a_defect_is_told_as_json(controller: FakeController) -> None:
    controller.broken = ZeroDivisionError("by zero")
    answer = ask(controller, "GET", "/status")
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal error: ZeroDivisionError: by zero"


def test_an_unknown_path_has_the_shape_of_an_error(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/nowhere")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "hint", "problems"}


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES, 400), (MOST_BYTES + 1, 413)])
def test_the_limit_of_a_body(controller: FakeController, size: int, status: int) -> None:
    answer = ask(controller, "POST", "/plan", content=b" " * size)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "hint", "problems"}


def test_the_largest_file_fits_into_a_request() -> None:
    for text in ("é", '"', "\n", "\U0001f4a1"):
        toml = text * (LARGEST // len(text.encode()))
        assert len(json.dumps({"toml": toml, "filename": "x" * 4096})) < MOST_BYTES


def test_the_limit_holds_without_an_announced_length(controller: FakeController) -> None:
    async def chunks() -> Any:
        for _ in range(MOST_BYTES // 65536 + 1):
            yield b" " * 65536

    answer = ask(controller, "POST", "/plan", content=chunks())
    assert answer.status_code == 413


def test_openapi_describes_rows_and_refusals(controller: FakeController) -> None:
    described = ask(controller, "GET", "/openapi.json").json()
    assert set(described["paths"]) == {
        *("/status", "/services", "/reals", "/macs", "/stats", "/events", "/config"),
        *("/apply/prepare", "/edit/prepare", "/rollback/prepare"),
        *("/plan", "/apply", "/edit", "/detach", "/flows", "/flows/drop", "/real/state"),
        *("/revisions", "/revisions/{number}/config", "/diff", "/rollback", "/confirm"),
    }
    schemas = described["components"]["schemas"]
    assert list(schemas["ServiceRow"]["properties"]) == SERVICE_KEYS.split()
    assert list(schemas["RealRow"]["properties"]) == REAL_KEYS.split()
    refused = described["paths"]["/apply"]["post"]["responses"]["409"]
    assert refused["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")
