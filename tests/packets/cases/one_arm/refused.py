# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: first packets that are not forwarded, or only just."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "one-arm-ack-without-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000002 00000101 5010 0400 da59 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # its replies come back to the pool
    Case(
        "one-arm-hairpin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6e81 0a00003e c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db2d 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 0750 c6336407 0a00003f
        tcp  PPPP 1f90 00000001 00000000 5002 0400 57d8-P 0000
        """,
        "tx",
        "forwarded",
    ),
    # replies can have one
    Case(
        "one-arm-two-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db69 0000
        """,
        UNTOUCHED,
        "drop",
        "last-hop",
    ),
    Case(
        "one-arm-other-host",
        """
        eth  020000000099 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db69 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "one-arm6-ack-without-flow",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0084 00000002 00000101 5010 0400 7b9a 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # its replies come back to the pool
    Case(
        "one-arm6-hairpin",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 20010db8000000000000000000000010
        tcp  03e8 0084 00000001 00000000 5002 0400 7c4a 0000
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        tcp  PPPP 1f90 00000001 00000000 5002 0400 60dd-P 0000
        """,
        "tx",
        "forwarded",
    ),
    # replies can have one
    Case(
        "one-arm6-two-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0084 00000001 00000000 5002 0400 7caa 0000
        """,
        UNTOUCHED,
        "drop",
        "last-hop",
    ),
    Case(
        "one-arm6-other-host",
        """
        eth  020000000099 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0084 00000001 00000000 5002 0400 7caa 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
]
