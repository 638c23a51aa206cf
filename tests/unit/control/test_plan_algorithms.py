# SPDX-License-Identifier: Apache-2.0
"""What a change of algorithm, or of what belongs to it, does to new flows."""

from __future__ import annotations

from typing import get_args

import pytest

from dsrlb.config.choices import AlgorithmName
from tests.unit.control.test_plan import TEXT, changes

ELSEWHERE = "most clients' new flows go to other real servers"
MAGLEV = 'algorithm = "maglev"'
HASH = 'algorithm = "hash"'


def by(lines: str, weight: int = 1) -> str:
    """The text with these lines in its service."""
    text = TEXT.replace('mode = "l2dsr"', f'mode = "l2dsr"\n{lines}')
    return text.replace('"10.0.0.2"', f'"10.0.0.2"\nweight = {weight}')


def only(before: str, after: str) -> str:
    """The detail of the one change, which ends no flow."""
    ((kind, what, detail, affects),) = changes(before, after)
    assert (kind, what, affects) == ("change", "service web", False)
    return detail


@pytest.mark.parametrize("name", ["least-connection", "fastest-response-time", "maglev"])
def test_another_algorithm(name: str) -> None:
    other = by(f'algorithm = "{name}"')
    assert only(TEXT, other) == f"algorithm: round-robin -> {name}; for new flows"
    assert only(other, TEXT) == f"algorithm: {name} -> round-robin; for new flows"


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (MAGLEV, f'{MAGLEV}\nhash_on = "source"', True),
        (MAGLEV, f'{MAGLEV}\nhash_on = "tuple"', False),  # which it was
        (HASH, f'{HASH}\nhash_on = "tuple"', True),
        (HASH, f'{HASH}\nhash_on = "source"', False),
    ],
)
def test_what_is_hashed(before: str, after: str, moves: bool) -> None:
    value = after.split('"')[-2]
    assert only(by(before), by(after)) == f"hash_on: none -> {value}" + (
        f"; {ELSEWHERE}" if moves else ""
    )


def test_what_is_hashed_by_another_algorithm() -> None:
    """The algorithm's change says it all."""
    found = changes(by(HASH), by(f'{MAGLEV}\nhash_on = "source"'))
    assert [detail for _, _, detail, _ in found] == [
        "algorithm: hash -> maglev; for new flows",
        "hash_on: none -> source",
    ]


@pytest.mark.parametrize("name", ["hash", "maglev"])
def test_another_size(name: str) -> None:
    lines = f'algorithm = "{name}"'
    found = changes(by(lines), by(f"{lines}\ntable_size = 4093"))
    assert [detail for _, _, detail, _ in found] == [
        "table_size: 0 -> 4093",
        f"IPv4 table: 65,537 -> 4,093 entries; {ELSEWHERE}",
    ]
    assert only(by(lines), by(f"{lines}\ntable_size = 65537")) == "table_size: 0 -> 65537"


def test_a_size_that_comes_of_weights() -> None:
    found = changes(by(MAGLEV), by(MAGLEV, weight=2000))
    assert found == [
        (
            "change",
            "service web",
            f"IPv4 table: 65,537 -> 262,147 entries; {ELSEWHERE}",
            False,
        ),
        ("change", "real web 10.0.0.2", "weight: 1 -> 2000", False),
    ]
    (change,) = changes(by(MAGLEV), by(MAGLEV, weight=0))
    assert change == ("change", "real web 10.0.0.2", "weight: 1 -> 0", False)
    pinned = f"{MAGLEV}\ntable_size = 65537"
    assert len(changes(by(pinned), by(pinned, weight=2000))) == 1


@pytest.mark.parametrize("name", get_args(AlgorithmName))
def test_a_weight_that_nobody_goes_by(name: str) -> None:
    """Of which nothing comes is said; 0 is heeded by all."""
    before, after = (by(f'algorithm = "{name}"', weight=weight) for weight in (1, 5))
    heeded = name.startswith("weighted-") or name in ("hash", "maglev")
    said = "" if heeded else f"; {name} goes by no weight"
    assert [detail for _, _, detail, _ in changes(before, after)] == [f"weight: 1 -> 5{said}"]
    none = by(f'algorithm = "{name}"', weight=0)
    assert changes(before, none)[-1][2] == "weight: 1 -> 0"
    assert changes(none, after)[-1][2] == "weight: 0 -> 5"


def test_another_seed() -> None:
    def seeded(text: str) -> str:
        return text.replace("[balancer]", "[balancer]\nhash_seed = 7")

    for text, says in (
        (TEXT, ""),
        (by(MAGLEV), f"; {ELSEWHERE} (hash, maglev)"),
    ):
        assert changes(text, seeded(text)) == [
            ("change", "balancer", f"hash_seed: 0 -> 7{says}", False)
        ]


def test_another_prefix_of_probes() -> None:
    other = TEXT.replace("[balancer]", '[balancer]\nprobe_prefix = "10.9.0.0/16"')
    detail = "probe_prefix: 198.18.0.0/16, fd00:d5::/96 -> 10.9.0.0/16"
    assert changes(TEXT, other) == [("change", "balancer", detail, False)]
