# SPDX-License-Identifier: Apache-2.0
"""No difference between two configurations is left out of the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsrlb.config import digest, dump, parse
from dsrlb.control.plan import view

GROUP = '[[group]]\nname = "both"\n'
HEALTH = '[group.health]\ntype = "http"\npath = "/a"\n'
REALS = '[[group.real]]\naddress = "10.0.0.1"\n[[group.real]]\naddress = "10.0.0.2"\n'
SERVICE = """
[[service]]
name = "{name}"
vip = ["192.0.2.{number}", "192.0.2.1{number}"]
protocol = "tcp"
port = [80, 443]
mode = "l2dsr"
group = "both"
"""
HEAD = '[balancer]\ninterfaces = ["eth0", "eth1"]\n'
WEB, MAIL = (SERVICE.format(name=name, number=n) for n, name in ((1, "web"), (2, "mail")))
TEXT = HEAD + GROUP + HEALTH + REALS + WEB + MAIL
SPARE = '[[group]]\nname = "spare"\n[[group.real]]\naddress = "10.0.0.9"\n'


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (TEXT.replace('"/a"', '"/b"'), ["group both"]),
        (TEXT.replace(HEALTH, ""), ["group both"]),
        (TEXT.replace(WEB, SPARE + WEB), ["group spare"]),
        (HEAD + GROUP + HEALTH + REALS + MAIL + WEB, ["configuration"]),
    ],
)
def test_what_no_service_shows(after: str, what: list[str]) -> None:
    """There and back again."""
    one, other = parse(TEXT, "one"), parse(after, "other")
    for changes in (view(one, other), view(other, one)):
        assert changes["hash_before"] != changes["hash_after"]
        assert [change["what"] for change in changes["changes"]] == what
        assert not changes["affects_flows"]


def test_an_unused_group_with_others() -> None:
    one, other = (TEXT.replace(WEB, text + WEB) for text in (SPARE, SPARE.replace(".9", ".8")))
    (change,) = view(parse(one, "one"), parse(other, "other"))["changes"]
    assert change["detail"] == "other real servers; no service has it"


def _tables(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every table of a configuration, as pydantic has it."""
    yield path, config
    for name in type(config).model_fields:
        value = getattr(config, name)
        for item in value if isinstance(value, tuple) else (value,):
            if hasattr(type(item), "model_fields"):
                yield from _tables(item, f"{path}.{name}")


def test_every_key_is_told() -> None:
    """Whatever key another value has: a new one is in the plan, or this test says so."""
    config = parse(TEXT, "one")
    silent = []
    for path, table in _tables(config):
        for name in type(table).model_fields:
            if path in ("", ".group") or name in ("name", "real", "group", "address", "health"):
                continue  # tables, and what names one, have tests of their own
            changed = table.model_copy(update={name: _other(getattr(table, name))})
            after = _replaced(config, table, changed)
            if after is not None and not view(config, after)["changes"]:
                silent.append(f"{path}.{name}")
    assert silent == []


def _other(value: Any) -> Any:
    """Of the same kind, and not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        return value[:-1] if len(value) > 1 else value * 2
    return value


def _replaced(config: Any, table: Any, changed: Any) -> Any:
    """The configuration with one table changed; None when it is the same after all."""
    if changed == table:
        return None

    def within(one: Any) -> Any:
        if one is table:
            return changed
        update = {}
        for name in type(one).model_fields:
            value = getattr(one, name)
            if isinstance(value, tuple):
                update[name] = tuple(
                    within(item) if hasattr(type(item), "model_fields") else item for item in value
                )
            elif hasattr(type(value), "model_fields"):
                update[name] = within(value)
        return one.model_copy(update=update)

    return within(config)


def test_equal_configurations_have_no_changes() -> None:
    config = parse(TEXT, "one")
    again = parse(dump(config), "again")
    assert digest(config) == digest(again)
    assert view(config, again)["changes"] == []
