# SPDX-License-Identifier: Apache-2.0
"""Mode router: first packets that are not forwarded, or only just."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "router-ack-without-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000002 00000101 5010 0400 da5a 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # from a real server of a service whose replies come back
    Case(
        "router-hairpin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6e81 0a00003e c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db2e 0000
        """,
        UNTOUCHED,
        "drop",
        "hairpin",
    ),
    # not of a connection through here
    Case(
        "router-reply-without-flow",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 00000001 00000002 5012 0400 7418 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # replies can have one
    Case(
        "router-two-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        UNTOUCHED,
        "drop",
        "last-hop",
    ),
    Case(
        "router-other-host",
        """
        eth  020000000099 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "router6-ack-without-flow",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000002 00000101 5010 0400 7b9b 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # from a real server of a service whose replies come back
    Case(
        "router6-hairpin",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7c4b 0000
        """,
        UNTOUCHED,
        "drop",
        "hairpin",
    ),
    # not of a connection through here
    Case(
        "router6-reply-without-flow",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        tcp  1f90 03e8 00000001 00000002 5012 0400 8df2 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # replies can have one
    Case(
        "router6-two-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7cab 0000
        """,
        UNTOUCHED,
        "drop",
        "last-hop",
    ),
    Case(
        "router6-other-host",
        """
        eth  020000000099 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7cab 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
]
