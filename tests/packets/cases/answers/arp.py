# SPDX-License-Identifier: Apache-2.0
"""ARP about VIPs, and about others."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

ANSWERED = [
    Case(
        "arp-broadcast",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 0a010001
        """,
        "tx",
        "answered-arp",
    ),
    # a neighbour that checks its entry (RFC 1122, 2.3.2.1)
    Case(
        "arp-unicast",
        """
        eth  0200000000aa 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 0a010001
        """,
        "tx",
        "answered-arp",
    ),
    # the field means nothing in a request
    Case(
        "arp-target-mac-filled",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 a5a5a5a5a5a5 c000020a
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 0a010001
        """,
        "tx",
        "answered-arp",
    ),
    # 60 bytes; the padding stays
    Case(
        "arp-padded",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        pad  a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 0a010001
        pad  a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5
        """,
        "tx",
        "answered-arp",
    ),
    Case(
        "arp-tagged",
        """
        eth  ffffffffffff 020000000001 8100
        tag  6064 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        pad  0000000000000000000000000000
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  6064 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 0a010001
        pad  0000000000000000000000000000
        """,
        "tx",
        "answered-arp",
    ),
    Case(
        "arp-qinq",
        """
        eth  ffffffffffff 020000000001 88a8
        tag  000a 8100
        tag  0064 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        """
        eth  020000000001 0200000000aa 88a8
        tag  000a 8100
        tag  0064 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 0a010001
        """,
        "tx",
        "answered-arp",
    ),
    # sender 0.0.0.0: someone is about to take the address (RFC 5227, 2.1.1)
    Case(
        "arp-probe",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 00000000 000000000000 c000020a
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000001 00000000
        """,
        "tx",
        "answered-arp",
    ),
    # proxied: the frame goes back to its sender, the reply names the asker
    Case(
        "arp-sender-mac-differs",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000002 0a010001 000000000000 c000020a
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a 020000000002 0a010001
        """,
        "tx",
        "answered-arp",
    ),
]

PASSED = [
    Case(
        "arp-reply-claims-vip",
        """
        eth  0200000000aa 020000000001 0806
        arp  0001 0800 0604 0002 020000000001 c000020a 0200000000aa 0a010001
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "arp-gratuitous-request-claims-vip",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 c000020a 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "arp-gratuitous-reply-claims-vip",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0002 020000000001 c000020a ffffffffffff c000020a
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "arp-claim-asks-for-another",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 c000020a 000000000000 0a010001
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    Case(
        "arp-claim-tagged-padded",
        """
        eth  ffffffffffff 020000000001 8100
        tag  0064 0806
        arp  0001 0800 0604 0001 020000000001 c000020a 000000000000 c000020a
        pad  0000000000000000000000000000
        """,
        UNTOUCHED,
        "pass",
        "vip-conflict",
    ),
    # ours, come back to us: no conflict
    Case(
        "arp-own-announcement",
        """
        eth  ffffffffffff 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c000020a ffffffffffff c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-for-another",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020b
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-same-filter-bit",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c63307f7
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-vip-of-other-interface",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c0000263
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-claims-vip-of-other-interface",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 c0000263 000000000000 c0000263
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # unicast to another station
    Case(
        "arp-other-host",
        """
        eth  0200000000bb 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # no question
    Case(
        "arp-reply-to-vip",
        """
        eth  0200000000aa 020000000001 0806
        arp  0001 0800 0604 0002 020000000001 0a010001 0200000000aa c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-reverse-request",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0003 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-hardware-ieee802",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0006 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-protocol-not-ipv4",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 86dd 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-hardware-size-8",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0804 0001 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-protocol-size-16",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0610 0001 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-27-bytes",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c00002
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "arp-three-tags",
        """
        eth  ffffffffffff 020000000001 8100
        tag  0001 8100
        tag  0002 8100
        tag  0003 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c000020a
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
