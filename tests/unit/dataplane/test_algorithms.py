# SPDX-License-Identifier: Apache-2.0
"""The algorithms are read out of the C text."""

from __future__ import annotations

from typing import get_args

from dsrlb import paths
from dsrlb.config.choices import HASHED, SCANNED
from dsrlb.config.models import MOST_SCANNED, Service
from dsrlb.dataplane.algorithms import Algorithm, algorithms, by_number, parse_algorithms
from dsrlb.dataplane.artifact import parse_constants


def test_rows() -> None:
    text = """
    ALGORITHM(FIRST, "first", TURN) \\
    ALGORITHM(OTHER_ONE, "other-one", SCAN) \\
    ALGORITHM(LAST, "last", HASH)
    """
    assert parse_algorithms(text) == {
        "first": Algorithm("first", 1, "turn"),
        "other-one": Algorithm("other-one", 2, "scan"),
        "last": Algorithm("last", 3, "hash"),
    }


def test_every_row_of_the_program_is_read() -> None:
    text = (paths.ebpf_sources() / "algorithms.h").read_text()
    assert len(algorithms()) == text.count("ALGORITHM(") - 1  # the comment's
    assert [row.number for row in algorithms().values()] == list(range(1, len(algorithms()) + 1))
    assert list(by_number()) == [row.number for row in algorithms().values()]


def test_numbers() -> None:
    """They stand in records that outlive the daemon."""
    assert [row.name for row in algorithms().values()] == [
        "round-robin",
        "weighted-round-robin",
        "least-connection",
        "weighted-least-connection",
        "fastest-response-time",
        "adaptive",
        "hash",
        "maglev",
    ]


def test_as_many_are_compared_as_may_be_configured() -> None:
    constants = parse_constants((paths.ebpf_sources() / "abi_choice.h").read_text())
    assert constants["MOST_SCANNED"] == MOST_SCANNED


def test_the_configuration_knows_the_same_algorithms() -> None:
    named = get_args(Service.model_fields["algorithm"].annotation)
    assert list(named) == list(algorithms())
    kinds = {"scan": SCANNED, "hash": HASHED}
    for kind, names in kinds.items():
        assert set(names) == {row.name for row in algorithms().values() if row.kind == kind}
