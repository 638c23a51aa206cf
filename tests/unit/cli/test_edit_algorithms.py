# SPDX-License-Identifier: Apache-2.0
"""Another algorithm by one command."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.fake import FakeController
from tests.unit.cli.conftest import Run

ADD = ("service", "add", "dns", "--vip", "192.0.2.53", "--protocol", "udp", "--port", "53")


def sent(daemon: FakeController) -> Any:
    """The settings of the one change that the daemon was asked for."""
    ((_, change, _, _),) = daemon.calls
    return change["settings"]


@pytest.mark.parametrize(
    "name",
    [
        *("weighted-round-robin", "least-connection", "weighted-least-connection"),
        *("fastest-response-time", "adaptive", "hash", "maglev"),
    ],
)
def test_service_set(run: Run, daemon: FakeController, name: str) -> None:
    result = run("service", "set", "web", "--algorithm", name)
    assert result.exit_code == 0, result.stderr
    assert sent(daemon) == {"algorithm": name}
    assert daemon.config.service[0].algorithm == name
    assert f"algorithm: round-robin -> {name}; for new flows" in result.stdout


def test_what_belongs_to_hashes(run: Run, daemon: FakeController) -> None:
    options = ("--algorithm", "hash", "--hash-on", "tuple", "--table-size", "65537")
    result = run("service", "set", "web", *options)
    assert result.exit_code == 0, result.stderr
    assert sent(daemon) == {"algorithm": "hash", "hash_on": "tuple", "table_size": 65537}
    daemon.calls.clear()
    assert run("service", "set", "web", "--algorithm", "adaptive").exit_code == 0
    service = daemon.config.service[0]
    assert (service.algorithm, service.hash_on, service.table_size) == ("adaptive", None, 0)


def test_service_add(run: Run, daemon: FakeController) -> None:
    options = ("--algorithm", "maglev", "--hash-on", "source", "--table-size", "0")
    result = run(*ADD, "--real", "10.0.0.13", *options)
    assert result.exit_code == 0, result.stderr
    service = daemon.config.service[1]
    assert (service.algorithm, service.hash_on, service.table_size) == ("maglev", "source", 0)


@pytest.mark.parametrize("name", ["weighted-least-connection", "hash", "maglev"])
def test_a_weight(run: Run, daemon: FakeController, name: str) -> None:
    assert run("service", "set", "web", "--algorithm", name).exit_code == 0
    result = run("real", "set", "web", "10.0.0.11", "--weight", "3")
    assert result.exit_code == 0, result.stderr
    assert "weight: 1 -> 3" in result.stdout
    assert daemon.config.service[0].real[0].weight == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--algorithm", "fastest"), "'fastest-response-time', 'adaptive', 'hash' or 'maglev'"),
        (("--hash-on", "tuple"), "only with algorithm hash or maglev"),
        (("--algorithm", "maglev", "--table-size", "1000"), "4093, 65537, 262147 or 524309"),
    ],
)
def test_what_cannot_be_accepted(
    run: Run, daemon: FakeController, options: tuple[str, ...], says: str
) -> None:
    result = run("service", "set", "web", *options)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize("options", [("--hash-on", "port"), ("--table-size", "large")])
def test_wrong_usage(run: Run, daemon: FakeController, options: tuple[str, ...]) -> None:
    result = run("service", "set", "web", *options)
    assert result.exit_code == 2
    assert "Usage: dsrlb" in result.stderr
    assert daemon.calls == []
