# SPDX-License-Identifier: Apache-2.0
"""Fragments of IPv4 out of order, twice, and of what was not forwarded."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

CONVERSATION = [
    # before the first one
    Case(
        "fragments-middle-early",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments-last-early",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments-first-late",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0035 0040 64c6
        data abcd*8
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0035 0040 64c6
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-middle-again",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-other-id",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0008 0006 40 11 aeaf 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments-other-source",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeaf 0a010002 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments-other-protocol",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 06 aebb 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    # overlaps the other first one, and is of another flow
    Case(
        "fragments-first-twice",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0064 0040 6497
        data abcd*8
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 002c 0007 2000 3f 11 476a 0a010001 0a00001f
        udp  03e8 0064 0040 1c83
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-last-of-the-second",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0024 0007 0006 3f 11 676c 0a010001 0a00001f
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-first-to-no-service",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 11 8eac 0a010001 c000020a
        udp  03e8 0063 0040 6498
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "fragments-last-of-no-service",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0009 0006 40 11 aeae 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
]
