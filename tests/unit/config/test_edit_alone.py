# SPDX-License-Identifier: Apache-2.0
"""Only what a command changes is looked at, with the same result as if all of it were."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from dsrlb.config import Config, edit
from dsrlb.errors import ConfigError
from tests.unit.config.edits import BASE

editing = sys.modules["dsrlb.config.edit"]  # the package has a function of that name


def slowly(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Config:
    """By way of the whole configuration."""
    with monkeypatch.context() as patch:
        patch.setattr(editing, "_edited_alone", lambda *_: None)
        return edit(BASE, change)


@pytest.mark.parametrize(
    ("verb", "service", "address", "given"),
    [
        ("real-set", "web", "10.0.0.12", {"weight": 7}),
        ("real-set", "web", "10.0.0.12", {"max_open": 70, "max_open_low": 7}),
        ("real-set", "dns", "10.0.0.13", {"mac": "02:00:00:00:00:09"}),
        ("real-add", "tls", "10.0.0.14", {}),
        ("real-remove", "web", "10.0.0.12", {}),
        ("service-set", "dns", "", {"protocol": "tcp", "port": 80}),
        ("service-set", "web", "", {"algorithm": "maglev", "table_size": 65537}),
    ],
)
def test_what_changes_alone_is_looked_at(
    verb: str,
    service: str,
    address: str,
    given: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes to the same as by way of the whole, and all others are the same objects."""
    change = {"verb": verb, "service": service, "address": address, "settings": given}
    alone = editing._edited_alone(BASE, change)
    assert alone is not None
    assert alone == slowly(change, monkeypatch)
    assert alone.balancer is BASE.balancer
    holder = "pool" if verb.startswith("real") and service != "dns" else service
    same = {old.name: old is new for old, new in zip(BASE.service, alone.service, strict=True)}
    same |= {old.name: old is new for old, new in zip(BASE.group, alone.group, strict=True)}
    assert [name for name in same if not same[name]] == [holder]


@pytest.mark.parametrize(
    ("verb", "service", "address", "given"),
    [
        ("real-set", "web", "10.0.0.12", {"weight": -7}),
        ("real-set", "web", "10.0.0.99", {"weight": 7}),
        ("real-set", "none", "10.0.0.12", {"weight": 7}),
        ("real-set", "web", "10.0.0.12", {"max_open": 7, "max_open_low": 70}),
        ("real-add", "web", "192.0.2.53", {}),
        ("service-set", "tls", "", {"port": 80}),
        ("service-set", "tls", "", {"nonsense": 80}),
    ],
)
def test_what_is_wrong_is_told_as_of_the_whole(
    verb: str,
    service: str,
    address: str,
    given: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change = {"verb": verb, "service": service, "address": address, "settings": given}
    with pytest.raises(ConfigError) as quick:
        edit(BASE, change)
    with pytest.raises(ConfigError) as slow:
        slowly(change, monkeypatch)
    assert quick.value.problems == slow.value.problems
