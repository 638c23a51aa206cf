# SPDX-License-Identifier: Apache-2.0
"""docs/CONFIG.md: every key is there, every example is accepted, and the file is current."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from dsrlb.config import parse, reference

EXAMPLE = Path(reference.__file__).resolve().parents[1] / "data" / "example.toml"


def test_every_key_has_an_example_and_a_description() -> None:
    documented = dict(reference.keys())
    assert set(documented) == set(reference.EXAMPLES)
    assert [key for key, info in documented.items() if not info.description] == []


@pytest.mark.parametrize("key", list(reference.EXAMPLES))
def test_examples_are_accepted(key: str) -> None:
    table, _, name = key.partition(".")
    model = next(model for known, _, model in reference.TABLES if known == table)
    value = tomllib.loads(f"key = {reference.EXAMPLES[key]}")["key"]
    info = model.model_fields[name]
    annotated: Any = info.annotation
    for metadata in info.metadata:
        annotated = Annotated[annotated, metadata]
    TypeAdapter(annotated).validate_python(value)


def test_durations_ranges_and_defaults_are_readable() -> None:
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in reference.render().splitlines()
        if line.startswith("| `")
    }
    assert rows["`pending_timeout`"][:2] == ["duration", '"10s"']
    assert rows["`flow_capacity`"][:3] == ["integer", "1_000_000", "1000 to 16_000_000"]
    assert rows["`mode`"][2].startswith('`"l2dsr"`, `"l3dsr"`')
    assert rows["`hash_on`"][2] == '`"source"`, `"tuple"`'
    assert rows["`table_size`"][:3] == ["integer", "0", "`0`, `4093`, `65537`, `262147`, `524309`"]
    assert rows["`probe_prefix`"][1] == '"198.18.0.0/16", "fd00:d5::/96"'
    assert rows["`announce`"][:2] == ["true or false", "true"]
    assert rows["`vip`"][:2] == ["IP address, or a list", "required"]
    assert rows["`pool`"][:2] == ["IP address, range, prefix, or a list", "required"]
    assert rows["`ports`"][:3] == ["string, or a list", "required", "exactly 2"]
    assert rows["`interfaces`"][:2] == ["string, or a list", "all of balancer.interfaces"]


def test_the_file_is_current() -> None:
    assert reference.main(["--check"]) == 0


def test_wrong_usage() -> None:
    assert reference.main(["--nonsense"]) == 2


def test_a_stale_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "docs" / "CONFIG.md"
    monkeypatch.setattr(reference, "TARGET", target)
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    target.write_text(target.read_text() + "x")
    assert reference.main(["--check"]) == 1


def test_the_example_configuration_is_valid() -> None:
    config = parse(EXAMPLE.read_text(), str(EXAMPLE))
    assert [service.name for service in config.service] == ["web"]
