# SPDX-License-Identifier: Apache-2.0
"""ICMPv6 errors about packets in tunnels go to the kernel too."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "tunnel-error-6in6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0200 a670 00000500
        ip6  60000000 05b4 29 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000032
        data 6000000005a00640
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-4in6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0200 ac7f 00000500
        ip6  60000000 05b4 04 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000034
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-gue6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0200 4cc7 00000500
        ip6  60000000 05b4 11 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000033
        data c00017c005c80000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-unreachable6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0100 8d81 00000000
        ip6  60000000 05b4 29 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000032
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-expired6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0300 8b81 00000000
        ip6  60000000 05b4 29 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000032
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-of-dscp6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0200 8782 00000500
        ip6  60000000 05b4 29 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000031
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-tcp6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000001
        icmp 0200 aa81 00000500
        ip6  60000000 05b4 06 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000032
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-other-source6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0000000000000000000000000000fe 20010db8005100000000000000000002
        icmp 0200 877f 00000500
        ip6  60000000 05b4 29 40
        addr 20010db8005100000000000000000002 fd000000000000000000000000000032
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
