# SPDX-License-Identifier: Apache-2.0
"""Which layouts of the flow tables can be converted, into what C, and why others cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsrlb.dataplane.artifact import MapLayout
from dsrlb.dataplane.converting import check, text
from dsrlb.errors import AbiMismatch
from tests.unit.control.flowmaps import SETTINGS_LAYOUT

U8, U16, U32, U64 = "unsigned char", "unsigned short", "unsigned int", "unsigned long long"
ADDRESS = ["address", [["word_be", U32, [4]]], "struct_packed"]
PORTS = [["source_port_be", U16], ["destination_port_be", U16]]
PROTO = [["proto", U8], ["reserved", U8, [3]]]
KEY4 = [["source_be", U32], ["destination_be", U32], *PORTS, *PROTO]
KEY6 = [["source", ADDRESS], ["destination", ADDRESS], *PORTS, *PROTO]
FLOWS = 4
SIZES = {U8: 1, U16: 2, U32: 4, U64: 8, "char": 1, "unsigned __int128": 16}


def size(kind: Any) -> int:
    """Bytes of a description without padding."""
    if isinstance(kind, str):
        return SIZES[kind]
    total = 0
    for _, of, *rest in kind[1]:
        is_array = bool(rest) and isinstance(rest[0], list)
        total += size(of) * (rest[0][0] if is_array else 1)
    return total


def flow_map(
    name: str,
    key: list[Any],
    rest: list[Any],
    metas: int = FLOWS,
    value: tuple[Any, ...] = ("value", U64),
) -> MapLayout:
    """A flow table's map."""
    fields = [["key", ["key", key, "struct_packed"]], list(value), *rest]
    flow = ["flow", fields, "struct_packed"]
    kind = ["set", [["meta", U64, [metas]], ["flow", flow, [metas]]], "struct_packed"]
    return MapLayout(name, 2, 4, size(kind), 512, 0, U32, kind)


SPILLS = MapLayout("spills", 2, 4, 8, 4 * 100, 0, U32, U64)


def layouts(
    key4: list[Any] = KEY4, key6: list[Any] = KEY6, rest: tuple[Any, ...] = (), **more: Any
) -> dict[str, MapLayout]:
    """Of all maps that it is about."""
    return {
        "flows4": flow_map("flows4", key4, list(rest), **more),
        "flows6": flow_map("flows6", key6, list(rest), **more),
        "flow_settings": SETTINGS_LAYOUT,
        "spills": SPILLS,
    }


def test_fields_go_where_their_names_are() -> None:
    key4 = [["proto", U32], *reversed(PORTS), ["destination_be", U32], ["source_be", U32]]
    former = layouts(key4, rest=(["mark", U32], ["gone", U32]))
    present = layouts(rest=(["fresh", U64], ["mark", U64]))
    check(former, present, FLOWS)
    made = text(former, present, FLOWS)
    assert "struct former_key4 {\n\tunsigned int proto;\n\tunsigned short dest" in made
    assert (
        "key4_of_former(struct flow4_key *to, const struct former_key4 *from)\n{\n"
        "\tto->source_be = from->source_be;\n"
        "\tto->destination_be = from->destination_be;\n"
        "\tto->source_port_be = from->source_port_be;\n"
        "\tto->destination_port_be = from->destination_port_be;\n"
        "\tto->proto = from->proto;\n}\n"
    ) in made
    assert (
        "rest4_of_former(struct flow4 *to, const struct former_flow4 *from)\n{\n"
        "\tto->mark = from->mark;\n\tto->fresh = 0;\n}\n"
    ) in made
    assert "\tto->source.word_be[3] = from->source.word_be[3];\n" in made
    assert "offsetof(struct former_flow4, value) == 16" in made
    assert "sizeof(struct former_set4) == 160" in made
    assert "#define FORMER_SPILL_WORDS 100\n" in made
    assert "reserved = " not in made


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a key's field is gone": (
        {"key4": [*KEY4[:-1], ["zone", U8], ["reserved", U8, [2]]]},
        {},
        "flows4 cannot be converted: zone is no part of a key any more",
    ),
    "network order": (
        {
            "key4": [
                *KEY4[:2],
                ["source_port_be", U32],
                ["destination_port_be", U32],
                ["proto", U64],
            ]
        },
        {},
        r"source_port_be \(in network order\) has 2 bytes, and had 4",
    ),
    "an array": (
        {"rest": (["marks", U32, [2]],)},
        {"rest": (["marks", U32, [4]],)},
        r"marks\[0\] has another number of elements",
    ),
    "text": (
        {"rest": (["label", "char", [8]],)},
        {"rest": (["label", U8, [8]],)},
        r"label\[0\] is text, or was",
    ),
    "single bits": (
        {"rest": (["one", U32, 3], ["more", U32])},
        {},
        "a struct has fields of single bits",
    ),
    "a union": (
        {"rest": (["either", ["either", [["one", U64]], "union"]],)},
        {},
        "either is not a plain struct",
    ),
    "unknown integers": ({"rest": (["large", "unsigned __int128"],)}, {}, "a field is unsigned __"),
    "larger sets": ({"metas": 8}, {}, "sets are not of 4 flows"),
    "half a value": ({"value": ("value", U32, [2])}, {}, "meta or value is no single word"),
    "no value": ({"value": ("worth", U64)}, {}, "there is no field value"),
    "odd words": (
        {"rest": (["mark", U32],)},
        {},
        "flows and keys are not made of words of 64 bits",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_converted(why: str) -> None:
    former, present, said = REFUSED[why]
    with pytest.raises(AbiMismatch, match=said):
        check(layouts(**former), layouts(**present), FLOWS)


@pytest.mark.parametrize("field", ["secret", "spill_active"])
def test_settings_that_say_too_little(field: str) -> None:
    former = layouts()
    settings = former["flow_settings"]
    fields = [one for one in settings.value[1] if one[0] != field]
    kind = [settings.value[0], fields, "struct_packed"]
    former["flow_settings"] = replace(settings, value=kind)
    with pytest.raises(AbiMismatch, match=f"flow_settings cannot .* no field {field}"):
        check(former, layouts(), FLOWS)


def test_a_secret_for_other_keys() -> None:
    former = layouts(key6=[*KEY6, ["zone", U64]])
    present = layouts(key6=[*KEY6, ["zone", U64]])
    with pytest.raises(AbiMismatch, match="its secret is not one for keys of this length"):
        check(former, present, FLOWS)


OTHERS = {
    "struct": (["clock", ["clock", [["ticks", U64]], "struct_packed"]], "clock is neither"),
    "text": (["said", "char", [8]], "said is neither"),
    "table": (["table", U64, [2, 2]], "table is neither"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_settings_with_more_than_numbers(what: str) -> None:
    """Which nothing here can read."""
    former, (field, said) = layouts(), OTHERS[what]
    settings = former["flow_settings"]
    kind = [settings.value[0], [*settings.value[1], field], "struct_packed"]
    more = 32 if what == "table" else 8
    longer = replace(settings, value=kind, value_size=settings.value_size + more)
    former["flow_settings"] = longer
    with pytest.raises(AbiMismatch, match=f"flow_settings cannot be converted: {said}"):
        check(former, layouts(), FLOWS)


def test_settings_with_two_capacities() -> None:
    former = layouts()
    settings = former["flow_settings"]
    fields = [[*one, [2]] if one[0] == "capacity" else one for one in settings.value[1]]
    former["flow_settings"] = replace(settings, value=[settings.value[0], fields, "struct_packed"])
    with pytest.raises(AbiMismatch, match="capacity is no single number"):
        check(former, layouts(), FLOWS)


def test_settings_that_are_longer_than_what_describes_them() -> None:
    former = layouts()
    settings = former["flow_settings"]
    former["flow_settings"] = replace(settings, value_size=settings.value_size + 8)
    with pytest.raises(AbiMismatch, match="a struct has padding that is not written out"):
        check(former, layouts(), FLOWS)
