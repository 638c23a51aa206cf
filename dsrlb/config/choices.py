# SPDX-License-Identifier: Apache-2.0
"""The algorithms by name, and the sizes of the tables that some of them go by."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

AlgorithmName = Literal[
    "round-robin",
    "weighted-round-robin",
    "least-connection",
    "weighted-least-connection",
    "fastest-response-time",
    "adaptive",
    "hash",
    "maglev",
]

SCANNED = (
    "least-connection",
    "weighted-least-connection",
    "fastest-response-time",
    "adaptive",
)
"""Those that compare all real servers."""

HASHED = ("hash", "maglev")
"""Those that go by a hash of the flow."""

WEIGHTED = ("weighted-round-robin", "weighted-least-connection", *HASHED)
"""Those that go by weights: others know 0 and all else."""

COUNTED = ("least-connection", "weighted-least-connection", "adaptive")
"""Those that go by how many flows there are."""


def _whole(value: Any) -> Any:
    if type(value) is not int:
        raise ValueError(f"one of {', '.join(map(str, get_args(_Size)))}")
    return value


_Size = Literal[0, 4093, 65537, 262147, 524309]
TABLE_SIZES: tuple[int, ...] = get_args(_Size)[1:]
LARGEST_TABLE = TABLE_SIZES[-1]
TableSize = Annotated[_Size, BeforeValidator(_whole)]
