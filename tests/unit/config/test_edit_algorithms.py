# SPDX-License-Identifier: Apache-2.0
"""Another algorithm is one command, and takes along what only the old one had."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.config import Config, edit
from dsrlb.errors import ConfigError
from tests.unit.config.edits import BASE, changed


def then(config: Config, **settings: Any) -> Config:
    """After one more change of service web."""
    return edit(config, {"verb": "service-set", "service": "web", "settings": settings})


@pytest.mark.parametrize("name", ["least-connection", "adaptive", "hash", "maglev"])
def test_there_and_back(name: str) -> None:
    config = changed("service-set", "web", algorithm=name)
    assert config.service[0].algorithm == name
    assert then(config, algorithm="round-robin") == BASE


def test_what_is_of_hashes_goes_with_them() -> None:
    config = changed("service-set", "web", algorithm="hash", hash_on="tuple", table_size=65537)
    kept = then(config, algorithm="maglev").service[0]
    assert (kept.hash_on, kept.table_size) == ("tuple", 65537)
    assert then(config, algorithm="round-robin") == BASE
    with pytest.raises(ConfigError, match="only with algorithm hash or maglev"):
        then(config, algorithm="round-robin", hash_on="source")  # what is given is not thrown away


def test_the_default_of_what_is_hashed_is_the_new_algorithms() -> None:
    config = changed("service-set", "web", algorithm="hash")
    assert config.service[0].by_source
    assert not then(config, algorithm="maglev").service[0].by_source


def test_on_unknown_is_kept_for_another_algorithm() -> None:
    config = changed("service-set", "web", on_unknown="reset")
    by_hash = then(config, algorithm="maglev")
    assert then(by_hash, algorithm="adaptive").service[0].on_unknown == "reset"


def test_sizes_by_command_are_numbers() -> None:
    assert changed("service-set", "web", algorithm="maglev", table_size=4093).service[0].table_size
    with pytest.raises(ConfigError, match="one of 0, 4093"):
        changed("service-set", "web", algorithm="maglev", table_size="4093")
