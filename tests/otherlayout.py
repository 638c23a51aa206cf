# SPDX-License-Identifier: Apache-2.0
"""Releases whose flow tables are of another layout: this one's C sources, changed.

EARLIER has the fields of a key in another order and the protocol as an integer of four bytes; a
flow has a word more, in front of its value, half of which is `mark`. LATER has the protocol as one
of two bytes and a new field `zone` behind it; a flow has `mark` behind its value, as a word.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from dsrlb import paths

Changes = Mapping[str, tuple[tuple[str, str], ...]]

_KEY4 = """struct flow4_key {
	u32 source_be;
	u32 destination_be;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 reserved[3];
};
"""
_KEY6 = """struct flow6_key {
	struct address source;
	struct address destination;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 reserved[3];
};
"""
_FLOW4 = """struct flow4 {
	struct flow4_key key;
	u64 value;
};
"""
_FLOW6 = """struct flow6 {
	struct flow6_key key;
	u64 value;
	u64 reserved;
};
"""
_SPELL = """	if (ipv6) {
		key->word[0] = source->word_be[0] | (u64)source->word_be[1] << 32;
		key->word[1] = source->word_be[2] | (u64)source->word_be[3] << 32;
		key->word[2] = destination->word_be[0] | (u64)destination->word_be[1] << 32;
		key->word[3] = destination->word_be[2] | (u64)destination->word_be[3] << 32;
		key->word[4] = ports_be | (u64)proto << 32;
	} else {
		key->word[0] = source->word_be[3] | (u64)destination->word_be[3] << 32;
		key->word[1] = ports_be | (u64)proto << 32;
	}
"""
_EARLIER_SPELL = """	ports_be = ports_be >> 16 | ports_be << 16;
	key->word[0] = proto | (u64)ports_be << 32;
	if (ipv6) {
		key->word[1] = destination->word_be[0] | (u64)destination->word_be[1] << 32;
		key->word[2] = destination->word_be[2] | (u64)destination->word_be[3] << 32;
		key->word[3] = source->word_be[0] | (u64)source->word_be[1] << 32;
		key->word[4] = source->word_be[2] | (u64)source->word_be[3] << 32;
	} else {
		key->word[1] = destination->word_be[3] | (u64)source->word_be[3] << 32;
	}
"""
_READ = """	if (ipv6) {
		source->word_be[0] = word[0];
		source->word_be[1] = word[0] >> 32;
		source->word_be[2] = word[1];
		source->word_be[3] = word[1] >> 32;
		destination->word_be[0] = word[2];
		destination->word_be[1] = word[2] >> 32;
		destination->word_be[2] = word[3];
		destination->word_be[3] = word[3] >> 32;
		*ports_be = word[4];
	} else {
		address_from_ipv4(source, word[0]);
		address_from_ipv4(destination, word[0] >> 32);
		*ports_be = word[1];
	}
"""
_EARLIER_READ = """	*ports_be = word[0] >> 48 | word[0] >> 32 << 16;
	if (ipv6) {
		destination->word_be[0] = word[1];
		destination->word_be[1] = word[1] >> 32;
		destination->word_be[2] = word[2];
		destination->word_be[3] = word[2] >> 32;
		source->word_be[0] = word[3];
		source->word_be[1] = word[3] >> 32;
		source->word_be[2] = word[4];
		source->word_be[3] = word[4] >> 32;
	} else {
		address_from_ipv4(destination, word[1]);
		address_from_ipv4(source, word[1] >> 32);
	}
"""
EARLIER: Changes = {
    "abi_flow.h": (
        (
            _KEY4,
            "struct flow4_key {\n\tu32 proto;\n\tu16 destination_port_be;\n\tu16 source_port_be;\n"
            "\tu32 destination_be;\n\tu32 source_be;\n};\n",
        ),
        (
            _KEY6,
            "struct flow6_key {\n\tu32 proto;\n\tu16 destination_port_be;\n\tu16 source_port_be;\n"
            "\tstruct address destination;\n\tstruct address source;\n};\n",
        ),
        (
            _FLOW4,
            "struct flow4 {\n\tstruct flow4_key key;\n\tu32 mark;\n\tu32 reserved;\n"
            "\tu64 value;\n};\n",
        ),
        (
            _FLOW6,
            "struct flow6 {\n\tstruct flow6_key key;\n\tu32 mark;\n\tu32 reserved;\n"
            "\tu64 value;\n};\n",
        ),
    ),
    "flow_key.h": ((_SPELL, _EARLIER_SPELL), (_READ, _EARLIER_READ)),
    "flow_table.h": (
        ("return ipv6 ? KEY6_WORDS : KEY4_WORDS;", "return (ipv6 ? KEY6_WORDS : KEY4_WORDS) + 1;"),
    ),
}
LATER: Changes = {
    "abi_flow.h": (
        (_KEY4, _KEY4.replace("u8 proto;\n\tu8 reserved[3];", "u16 proto;\n\tu16 zone;")),
        (_KEY6, _KEY6.replace("u8 proto;\n\tu8 reserved[3];", "u16 proto;\n\tu16 zone;")),
        (_FLOW4, _FLOW4.replace("value;\n", "value;\n\tu64 mark;\n")),
        (_FLOW6, _FLOW6.replace("u64 reserved;", "u64 mark;")),
    ),
}
_RELEASE = re.compile(r"(?<=^#define ABI_VERSION )\d+", re.MULTILINE)


def write(folder: Path, changes: Changes, more: int) -> Path:
    """Make the folder, with the sources of a release whose number is ``more`` larger."""
    shutil.copytree(paths.ebpf_sources(), folder)
    for name, pairs in changes.items():
        text = (folder / name).read_text()
        for present, other in pairs:
            assert text.count(present) == 1, present
            text = text.replace(present, other)
        (folder / name).write_text(text)
    head = folder / "abi.h"
    head.write_text(_RELEASE.sub(lambda found: str(int(found[0]) + more), head.read_text()))
    return folder
