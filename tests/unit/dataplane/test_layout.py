# SPDX-License-Identifier: Apache-2.0
"""numpy types come from bcc's descriptions; fingerprints change with the layout."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsrlb.dataplane import layout
from dsrlb.dataplane.artifact import MapLayout
from dsrlb.dataplane.mapnames import fingerprint
from dsrlb.errors import AbiMismatch

ADDRESS = ["address", [["word_be", "unsigned int", [4]]], "struct_packed"]
PLAIN = MapLayout(
    name="m",
    kind=2,
    key_size=4,
    value_size=24,
    max_entries=10,
    flags=0,
    key="unsigned int",
    value=["s", [["a", ADDRESS], ["b", "unsigned char", [6]], ["c", "unsigned short"]], "struct"],
)


def test_nested_struct() -> None:
    dtype = layout.value_dtype(PLAIN)
    assert dtype.itemsize == 24
    assert dtype["a"]["word_be"].shape == (4,)
    assert dtype.fields is not None
    assert dtype.fields["c"][1] == 22


def test_hidden_padding_is_refused() -> None:
    with pytest.raises(AbiMismatch, match="padding"):
        layout.value_dtype(replace(PLAIN, value_size=28))


def test_fingerprint() -> None:
    same = fingerprint(PLAIN, 1, sized=False)
    assert fingerprint(PLAIN, 1, sized=False) == same
    other_value = ["s", [["x", ADDRESS], *PLAIN.value[1][1:]], "struct"]
    for changed in (
        fingerprint(PLAIN, 2, sized=False),
        fingerprint(replace(PLAIN, max_entries=11), 1, sized=False),
        fingerprint(replace(PLAIN, value=other_value), 1, sized=False),
        fingerprint(replace(PLAIN, flags=1), 1, sized=False),
    ):
        assert changed != same
    larger = replace(PLAIN, max_entries=11)
    assert fingerprint(larger, 1, sized=True) == fingerprint(PLAIN, 1, sized=True)
