# SPDX-License-Identifier: Apache-2.0
"""Neighbour discovery that is not answered: conflicts, others' business, wrong messages."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

PASSED = [
    # RFC 4861, 7.1.1: no message
    Case(
        "nd-checksum-wrong",
        """
        eth  3333ff000010 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000010
        nd   8700 4cc3 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # to a VIP, so never to the kernel
    Case(
        "nd-checksum-wrong-unicast",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        nd   8700 1c0e 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    # came through a router
    Case(
        "nd-hop-limit-254",
        """
        eth  3333ff000010 020000000001 86dd
        ip6  60000000 0020 3a fe
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000010
        nd   8700 4cc2 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-hop-limit-254-unicast",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 3a fe
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        nd   8700 1d0e 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nd-code-1",
        """
        eth  3333ff000010 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000010
        nd   8701 4cc1 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-for-another",
        """
        eth  3333ff000011 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000011
        nd   8700 4cc0 00000000 20010db8000000000000000000000011
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # fd01::10 has the VIP's group
    Case(
        "nd-same-group",
        """
        eth  3333ff000010 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000010
        nd   8700 7d79 00000000 fd010000000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # neither the target nor its group
    Case(
        "nd-to-all-nodes",
        """
        eth  333300000001 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff020000000000000000000000000001
        nd   8700 4bd3 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-vip-of-other-interface",
        """
        eth  3333ff000099 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000099
        nd   8700 4bb0 00000000 20010db8000000000000000000000099
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-other-host",
        """
        eth  0200000000bb 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        nd   8700 1d0e 00000000 20010db8000000000000000000000010
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    # ::ffff:192.0.2.10
    Case(
        "nd-mapped-vip",
        """
        eth  3333ff00020a 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff00020a
        nd   8700 b686 00000000 00000000000000000000ffffc000020a
        slla 0101 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # 23 bytes with a right checksum of 23; a solicitation has 24 at least
    Case(
        "nd-payload-short",
        """
        eth  3333ff000010 020000000001 86dd
        ip6  60000000 0017 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000010
        nd   8700 4fdd 00000000 20010db8000000000000000000000010
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-advertisement-claims-vip",
        """
        eth  333300000001 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8000000000000000000000010 ff020000000000000000000000000001
        nd   8800 f90c 20000000 20010db8000000000000000000000010
        tlla 0201 020000000001
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "nd-advertisement-solicited",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        nd   8800 bb0d 60000000 20010db8000000000000000000000010
        tlla 0201 020000000001
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "nd-advertisement-other-source",
        """
        eth  333300000001 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fe800000000000000000000000000001 ff020000000000000000000000000001
        nd   8800 2854 20000000 20010db8000000000000000000000010
        tlla 0201 020000000001
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "nd-advertisement-tagged",
        """
        eth  333300000001 020000000001 8100
        tag  0064 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8000000000000000000000010 ff020000000000000000000000000001
        nd   8800 f90c 20000000 20010db8000000000000000000000010
        tlla 0201 020000000001
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    # ours, come back to us
    Case(
        "nd-own-advertisement",
        """
        eth  333300000001 0200000000aa 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8000000000000000000000010 ff020000000000000000000000000001
        nd   8800 f863 20000000 20010db8000000000000000000000010
        tlla 0201 0200000000aa
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-advertisement-for-another",
        """
        eth  333300000001 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8000000000000000000000011 ff020000000000000000000000000001
        nd   8800 f90a 20000000 20010db8000000000000000000000011
        tlla 0201 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "nd-advertisement-checksum-wrong",
        """
        eth  333300000001 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8000000000000000000000010 ff020000000000000000000000000001
        nd   8800 1234 20000000 20010db8000000000000000000000010
        tlla 0201 020000000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
