# SPDX-License-Identifier: Apache-2.0
"""Mode nat, outbound: UDP over IPv6."""

from __future__ import annotations

from tests.packets.cases.case import Case

UDP6 = [
    Case(
        "outbound6-udp-query",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 20010db8007100000000000000000005
        udp  9c40 01bb 000a 8a7d
        data abcd
        """,
        """
        eth  020000000005 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8005100000000000000000009 20010db8007100000000000000000005
        udp  PPPP 01bb 000a f60f-P
        data abcd
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound6-udp-answer",
        """
        eth  0200000000aa 020000000005 86dd
        ip6  60000000 000b 11 40
        addr 20010db8007100000000000000000005 20010db8005100000000000000000009
        udp  01bb PPPP 000b d5dc-P
        data cafe01
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 000b 11 3f
        addr 20010db8007100000000000000000005 fd000000000000000000000000000064
        udp  01bb 9c40 000b 6a4a
        data cafe01
        """,
        "redirect",
        "forwarded-reply",
    ),
    Case(
        "outbound6-udp-second-query",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0009 11 40
        addr fd000000000000000000000000000064 20010db8007100000000000000000005
        udp  9c40 01bb 0009 8b4c
        data ab
        """,
        """
        eth  020000000005 0200000000aa 86dd
        ip6  60000000 0009 11 3f
        addr 20010db8005100000000000000000009 20010db8007100000000000000000005
        udp  PPPP 01bb 0009 f6de-P
        data ab
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound6-udp-second-answer",
        """
        eth  0200000000aa 020000000005 86dd
        ip6  60000000 0008 11 40
        addr 20010db8007100000000000000000005 20010db8005100000000000000000009
        udp  01bb PPPP 0008 a1e1-P
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0008 11 3f
        addr 20010db8007100000000000000000005 fd000000000000000000000000000064
        udp  01bb 9c40 0008 364f
        """,
        "redirect",
        "forwarded-reply",
    ),
]

ONE_LINK6 = [
    # the real server is behind in0 as well
    Case(
        "outbound6-udp-one-link",
        """
        eth  0200000000aa 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 20010db8007100000000000000000005
        udp  9c40 01bb 000a 8a7d
        data abcd
        """,
        """
        eth  020000000005 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8005100000000000000000009 20010db8007100000000000000000005
        udp  PPPP 01bb 000a f60f-P
        data abcd
        """,
        "tx",
        "forwarded-outbound",
    ),
]
