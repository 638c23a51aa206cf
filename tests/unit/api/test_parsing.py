# SPDX-License-Identifier: Apache-2.0
"""Bodies: what JSON allows and nobody can take, and those that are large."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from dsrlb.api.bodies import MOST_BYTES
from dsrlb.api.parsing import MOST_PLAIN, parse
from dsrlb.config.files import LARGEST
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import TOML
from tests.unit.api.test_app import ask

HALF = "\ud800"
DEEP = "x = " + "[" * 500 + "]" * 500
DOTS = "x" + ".a" * 20_000 + " = 1"
EDIT: dict[str, Any] = {"verb": "real-set", "service": "web", "address": "10.0.0.11"}
SET: dict[str, Any] = {"verb": "service-set", "service": "web"}


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/plan", {"toml": HALF}),
        ("/plan", {"toml": TOML, "filename": HALF}),
        ("/plan", {"toml": TOML, HALF: 1}),
        ("/plan", {"toml": TOML + HALF + "#" * (1 << 20)}),
        ("/plan", {"toml": DEEP}),
        ("/plan", {"toml": DOTS}),
        ("/plan", {"toml": nested(100)}),
        ("/plan", nested(100_000)),
        ("/plan", HALF),
        ("/apply", {"toml": TOML, "filename": HALF}),
        ("/apply", {"toml": TOML, "behind": HALF}),
        ("/apply", {"toml": DEEP}),
        ("/apply", {"toml": DOTS}),
        ("/edit", EDIT | {"service": HALF}),
        ("/edit", EDIT | {"address": HALF}),
        ("/edit", EDIT | {"address": "[" * 500}),
        ("/edit", EDIT | {"settings": {HALF: 1}}),
        ("/edit", EDIT | {"settings": {"weight": HALF}}),
        ("/edit", EDIT | {"settings": {"weight": nested(500)}}),
        ("/edit", EDIT | {"settings": nested(500)}),
        ("/edit", SET | {"settings": {"health": {"type": "tcp", "send": HALF}}}),
        ("/edit", SET | {"settings": {"health": {"type": "http", "path": f"/{HALF}"}}}),
        ("/edit", SET | {"settings": {"health": {"type": "command", "command": ["/x", HALF]}}}),
        ("/real/state", {"service": HALF, "address": "10.0.0.11", "state": "drain"}),
        ("/real/state", {"service": "web", "address": HALF, "state": "drain"}),
        ("/flows/drop", {HALF: HALF}),
        ("/rollback", {"behind": HALF}),
        ("/confirm", {"behind": HALF}),
    ],
)
def test_what_nobody_can_take(path: str, body: Any) -> None:
    """It is told, and the controller is not asked for what cannot be."""
    content = "[" * 100_000 + "]" * 100_000 if isinstance(body, list) else json.dumps(body)
    headers = {"content-type": "application/json"}
    answer = ask(FakeController(), "POST", path, content=content, headers=headers)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error", "hint", "problems"}
    assert "internal" not in answer.text


TEXTS = {
    "quotes": '"',
    "lines": "a = 1\n",
    "accents": "é",
    "pairs": "\U0001f4a1",
    "escapes": "\\ud83d\\",
    "odd": 'x"\\\t\U0001f4a1é',
    "plain": "x",
}


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("before", range(3))
def test_a_large_one_is_what_it_is(text: str, ascii_only: bool, before: int) -> None:
    """Wherever it is cut into pieces."""
    body = {"filename": "a" * before, "toml": text * (700_000 // len(text)), "n": [1, {"a": "b"}]}
    raw = json.dumps(body, ensure_ascii=ascii_only).encode()
    assert len(raw) > MOST_PLAIN
    assert parse(raw) == body


@pytest.mark.parametrize("size", [65_525, *range(65_528, 65_545), 131_070, 131_072, 131_074])
@pytest.mark.parametrize("text", ["x", "\n", "\U0001f4a1"])
def test_around_the_ends_of_pieces(size: int, text: str) -> None:
    encoded = len(json.dumps(text)) - 2
    body = {"a": "y" * (size % encoded) + text * (size // encoded), "b": " " * MOST_PLAIN}
    assert parse(json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"toml":"","x":[' + b"1," * 20_000_000 + b"1]}", 413),
        (b'{"toml":"","x":[' + b'"",' * 300_000 + b'""]}', 413),
        (b'{"toml":"' + b"x" * (LARGEST + 1) + b'"}', 413),
        (b'{"x":["' + b"x" * (1 << 20) + b'"]}', 400),
        (b'["' + b"x" * (1 << 20) + b'"]', 400),
        (b'{"a":"' + b"x" * 200_000 + b'","a":"' + b"x" * 400_000 + b'"}', 400),
    ],
)
def test_a_large_one_that_is_refused(raw: bytes, status: int) -> None:
    assert len(raw) < MOST_BYTES
    began = time.monotonic()
    with pytest.raises(HTTPException) as refused:
        parse(raw)
    assert refused.value.status_code == status
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "end",
    [b"", b"\\", b'\\x"}', b'\\u12"}', b'\n"}', b'"', b'"}}', b'"}x', b'\xff"}', b'\xe2\x82"}'],
)
def test_a_large_one_that_is_no_json(end: bytes) -> None:
    with pytest.raises(ValueError):
        parse(b'{"toml":"' + b"x" * (1 << 20) + end)


def test_a_large_configuration(controller: FakeController) -> None:
    toml = TOML + "# \U0001f4a1\n" * 300_000
    answer = ask(controller, "POST", "/plan", json={"toml": toml})
    assert answer.status_code == 200
    assert controller.calls == [("plan", toml, "<request>")]


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


@pytest.mark.parametrize("depth", [34, 100_000])
def test_how_deep_a_body_may_be(depth: int) -> None:
    """In it, that is: its own brackets do not count."""
    assert parse(b"[" * 33 + b"]" * 33) == nested(32)
    with pytest.raises(HTTPException) as refused:
        parse(b"[" * depth + b"]" * depth)
    assert "more than 32 deep" in refused.value.detail
