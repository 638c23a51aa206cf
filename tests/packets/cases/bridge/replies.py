# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: replies, and what is none."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

REPLIES = [
    Case(
        "bridge-refused-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 8396
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a 3b64
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-reply-other-host",
        """
        eth  020000000099 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a 1c33
        data cafe
        """,
        """
        eth  020000000099 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e8 000a 6465
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-reply-multicast-mac",
        """
        eth  01005e000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a 1c33
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "bridge-reply-cut-short",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        data 0082 03e8 000a
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # of other ports
    Case(
        "bridge-reply-of-others",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0009 0009 000a 208b
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "bridge-reply-right",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a 1c33
        data cafe
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e8 000a 6465
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

REPLIES6 = [
    Case(
        "bridge6-refused-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 000a 24d7
        data abcd
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e8 0082 000a 553e
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-reply-other-host",
        """
        eth  020000000099 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a 360d
        data cafe
        """,
        """
        eth  020000000099 020100000061 86dd
        ip6  60000000 000a 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 000a 05a6
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-reply-multicast-mac",
        """
        eth  01005e000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a 360d
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "bridge6-reply-cut-short",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        data 0082 03e8 000a
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # of other ports
    Case(
        "bridge6-reply-of-others",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0009 0009 000a 3a65
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "bridge6-reply-right",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a 360d
        data cafe
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 000a 05a6
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
