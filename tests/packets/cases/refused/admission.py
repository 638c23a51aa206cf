# SPDX-License-Identifier: Apache-2.0
"""New flows that a service does not take: lists, rates, limits; and what a race can refuse."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

# Port 85: 10.1.0.0/16 and fd01::/16 are denied, 10.1.0.128/25 and fd01::8000/113 are not.
LISTED = [
    Case(
        "denied-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0055 00000001 00000000 5002 0400 db98 0000
        """,
        UNTOUCHED,
        "drop",
        "denied",
    ),
    Case(
        "denied-not-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6e3d 0a010081 c000020a
        tcp  03e8 0055 00000001 00000000 5002 0400 db18 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6e3d 0a010081 c000020a
        tcp  03e8 0055 00000001 00000000 5002 0400 db18 0000
        """,
        "tx",
        "forwarded",
    ),
    # of no flow, which is looked at first
    Case(
        "denied-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0055 00000002 00000101 5010 0400 da88 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "denied6-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0055 00000001 00000000 5002 0400 7cd9 0000
        """,
        UNTOUCHED,
        "drop",
        "denied",
    ),
    Case(
        "denied6-not-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000008001 20010db8000000000000000000000010
        tcp  03e8 0055 00000001 00000000 5002 0400 fcd8 0000
        """,
        """
        eth  020100000011 0200000000aa 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000008001 20010db8000000000000000000000010
        tcp  03e8 0055 00000001 00000000 5002 0400 fcd8 0000
        """,
        "tx",
        "forwarded",
    ),
]

# Port 86 takes one new flow a second.
SERVICE_RATE = [
    Case(
        "service-rate-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0056 00000001 00000000 5002 0400 db97 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0056 00000001 00000000 5002 0400 db97 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "service-rate-second",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e9 0056 00000001 00000000 5002 0400 db96 0000
        """,
        UNTOUCHED,
        "drop",
        "service-rate",
    ),
    # no new flow
    Case(
        "service-rate-repeated",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0056 00000001 00000000 5002 0400 db97 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0056 00000001 00000000 5002 0400 db97 0000
        """,
        "tx",
        "forwarded",
    ),
]

# Port 87 takes one new flow a second of each source.
SOURCE_RATE = [
    Case(
        "source-rate-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0057 00000001 00000000 5002 0400 db96 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0057 00000001 00000000 5002 0400 db96 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "source-rate-second",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e9 0057 00000001 00000000 5002 0400 db95 0000
        """,
        UNTOUCHED,
        "drop",
        "source-rate",
    ),
    Case(
        "source-rate-other-source",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebc 0a010002 c000020a
        tcp  03e8 0057 00000001 00000000 5002 0400 db95 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebc 0a010002 c000020a
        tcp  03e8 0057 00000001 00000000 5002 0400 db95 0000
        """,
        "tx",
        "forwarded",
    ),
]

SOURCE_RATE6 = [
    Case(
        "source-rate6-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0057 00000001 00000000 5002 0400 7cd7 0000
        """,
        """
        eth  020100000011 0200000000aa 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0057 00000001 00000000 5002 0400 7cd7 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "source-rate6-same-network",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000002 20010db8000000000000000000000010
        tcp  03e8 0057 00000001 00000000 5002 0400 7cd6 0000
        """,
        UNTOUCHED,
        "drop",
        "source-rate",
    ),
    Case(
        "source-rate6-other-network",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000010000000000000001 20010db8000000000000000000000010
        tcp  03e8 0057 00000001 00000000 5002 0400 7cd6 0000
        """,
        """
        eth  020100000011 0200000000aa 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000010000000000000001 20010db8000000000000000000000010
        tcp  03e8 0057 00000001 00000000 5002 0400 7cd6 0000
        """,
        "tx",
        "forwarded",
    ),
]

# Port 88 has a real server with max_open = 1.
REALS_FULL = [
    Case(
        "reals-full-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0058 00000001 00000000 5002 0400 db95 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0058 00000001 00000000 5002 0400 db95 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "reals-full-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0058 00000002 00000101 5010 0400 da85 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0058 00000002 00000101 5010 0400 da85 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "reals-full-second",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e9 0058 00000001 00000000 5002 0400 db94 0000
        """,
        UNTOUCHED,
        "drop",
        "reals-full",
    ),
]

# Every place where the flow could be recorded is being written by another CPU.
FLOW_BUSY = Case(
    "flow-busy-syn",
    """
    eth  0200000000aa 020000000001 0800
    ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
    tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
    """,
    UNTOUCHED,
    "drop",
    "flow-busy",
)

# The second program is not in stages[].
INCOMPLETE = Case(
    "incomplete-syn",
    """
    eth  0200000000aa 020000000001 0800
    ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
    tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
    """,
    UNTOUCHED,
    "drop",
    "incomplete",
)
