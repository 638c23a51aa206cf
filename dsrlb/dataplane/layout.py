# SPDX-License-Identifier: Apache-2.0
"""numpy types of map layouts, from bcc's descriptions of the C structs."""

from __future__ import annotations

from typing import Any

import numpy as np

from dsrlb.dataplane.artifact import MapLayout
from dsrlb.errors import AbiMismatch

_SCALARS = {
    "char": "S1",
    "unsigned char": "u1",
    "unsigned short": "<u2",
    "unsigned int": "<u4",
    "int": "<i4",
    "unsigned long": "<u8",
    "unsigned long long": "<u8",
    "long long": "<i8",
}


def dtype_of(description: Any) -> np.dtype[Any]:
    """Return the numpy type of one bcc description (a scalar's name, or [name, fields, kind])."""
    if isinstance(description, str):
        return np.dtype(_SCALARS[description])
    fields: list[tuple[Any, ...]] = []
    for name, kind, *rest in description[1]:
        shape = tuple(rest[0]) if rest and isinstance(rest[0], list) else ()
        if kind == "char" and shape:
            fields.append((name, f"S{shape[0]}"))
        else:
            fields.append((name, dtype_of(kind), shape) if shape else (name, dtype_of(kind)))
    return np.dtype(fields)


def key_dtype(layout: MapLayout) -> np.dtype[Any]:
    """The type of a map's key; AbiMismatch when its size is not what the compiler says."""
    return _checked(layout, "key", dtype_of(layout.key), layout.key_size)


def value_dtype(layout: MapLayout) -> np.dtype[Any]:
    """The type of a map's value; AbiMismatch when its size is not what the compiler says."""
    return _checked(layout, "value", dtype_of(layout.value), layout.value_size)


def _checked(layout: MapLayout, part: str, dtype: np.dtype[Any], size: int) -> np.dtype[Any]:
    if dtype.itemsize != size:
        raise AbiMismatch(
            f"map {layout.name}: its {part} takes {size} bytes in C and {dtype.itemsize} as "
            "described; a struct has padding that is not written out"
        )
    return dtype
