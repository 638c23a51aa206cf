# SPDX-License-Identifier: Apache-2.0
"""What is read out of C text."""

from __future__ import annotations

from dsrlb.dataplane.artifact import parse_constants, parse_enums, parse_flow_events
from tests.unit.control.flowmaps import artifact

TEXT = """
#define PLAIN 12
#define MASK 0xff00ull
#define SIZED 3u
#define COMPUTED (PLAIN + 1)
/* In
 * order (of worth). */
enum colour {
    RED,
    GREEN,   /* as (grass), and more */
    BLUE = 9,
    BLACK, /* the last */
};
enum made { LIST(ENUM) COUNT };
#define EVENTS(FLOW_EVENT)      \\
    FLOW_EVENT(A, "a-b", "one") \\
    FLOW_EVENT(B, "c",          \\
        "two, `three`")
"""


def test_plain_numbers() -> None:
    assert parse_constants(TEXT) == {"PLAIN": 12, "MASK": 0xFF00, "SIZED": 3}


def test_enumerations_but_not_those_of_macros() -> None:
    assert parse_enums(TEXT) == {"colour": {"RED": 0, "GREEN": 1, "BLUE": 9, "BLACK": 10}}


def test_flow_events() -> None:
    found = [(event.name, event.description) for event in parse_flow_events(TEXT)]
    assert found == [("a-b", "one"), ("c", "two, `three`")]


def test_what_the_sources_have() -> None:
    found = artifact()
    assert found.enums["flow_state"]["FLOW_BUSY"] == 15
    assert found.enums["reap_command"]["REAP_EXPIRED"] == 1
    assert {"made", "expired", "replaced-open"} <= {event.name for event in found.flow_events}
    assert len(found.flow_events) <= found.constants["MAX_FLOW_EVENTS"]
