# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: a port does not forward; everything is left to the bridge as it came."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

BLOCKED = [
    Case(
        "bridge-blocked-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 4000 40 06 6eb9 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 6002 0400 c3af 0000
        opt  020405b4
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
    Case(
        "bridge-blocked-request-again",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 4000 40 06 6eb9 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 6002 0400 c3af 0000
        opt  020405b4
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
]

STOPPED = [
    Case(
        "bridge-stopped-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002f 0007 4000 40 06 6eb6 0a010001 c000020a
        tcp  03e8 0082 00000002 00000101 5018 0400 05da 0000
        data 474554202f0d0a
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
    Case(
        "bridge-stopped-reply",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 0007 4000 40 06 2687 0a00003d 0a010001
        tcp  1f90 03e8 00000100 00000002 6012 0400 5b5e 0000
        opt  020405b4
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
        "out0",
    ),
    # about a reply
    Case(
        "bridge-stopped-error",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6ea8 0a030009 c000020a
        icmp 0301 f793 00000000
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        data 0082 03e8 0000 0101
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
    # about a request
    Case(
        "bridge-stopped-error-back",
        """
        eth  020000000001 020000000009 0800
        ip   4500 004b 0007 4000 40 01 1da1 0a000909 0a010001
        icmp 0301 115f 00000000
        ip   4500 002f 0007 4000 3c 06 2a84 0a010001 0a00003d
        tcp  03e8 1f90 00000002 00000101 5018 0400 9e99 0000
        data 474554202f0d0a
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
        "out0",
    ),
]

BLOCKED6 = [
    Case(
        "bridge6-blocked-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 6002 0400 64f0 0000
        opt  020405b4
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
    Case(
        "bridge6-blocked-request-again",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 6002 0400 64f0 0000
        opt  020405b4
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
]

STOPPED6 = [
    Case(
        "bridge6-stopped-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 001b 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000002 00000101 5018 0400 a71a 0000
        data 474554202f0d0a
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
    Case(
        "bridge6-stopped-reply",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0018 06 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        tcp  1f90 03e8 00000100 00000002 6012 0400 7538 0000
        opt  020405b4
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
        "out0",
    ),
    # about a reply
    Case(
        "bridge6-stopped-error",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd030000000000000000000000000009 20010db8000000000000000000000010
        icmp 0101 3d27 00000000
        ip6  60000000 001c 06 3c
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        data 0082 03e8 0000 0101
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
    ),
    # about a request
    Case(
        "bridge6-stopped-error-back",
        """
        eth  020000000001 020000000009 86dd
        ip6  60000000 004b 3a 40
        addr fd000009000000000000000000000009 fd010000000000000000000000000001
        icmp 0101 9e2d 00000000
        ip6  60000000 001b 06 3c
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        tcp  03e8 1f90 00000002 00000101 5018 0400 b873 0000
        data 474554202f0d0a
        """,
        UNTOUCHED,
        "pass",
        "bridge-blocked",
        "out0",
    ),
]
