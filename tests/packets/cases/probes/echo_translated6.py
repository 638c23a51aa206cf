# SPDX-License-Identifier: Apache-2.0
"""ICMPv6 echo: modes bridge, router, one-arm and nat."""

from __future__ import annotations

from tests.packets.cases.case import Case

CASES = [
    Case(
        "probe-echo-bridge6",
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d5000000000000000000000000 fd0000d500000000000000000000IIII
        icmp 8000 5632-I 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000061 0200000000bb 86dd
        ip6  60000000 0010 3a 40
        addr fd000000000000000000000000000001 fd000000000000000000000000000061
        icmp 8000 f3ba-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-bridge6-answer",
        """
        eth  0200000000bb 020100000061 86dd
        ip6  60000000 0010 3a 40
        addr fd000000000000000000000000000061 fd000000000000000000000000000001
        icmp 8100 f2ba-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d500000000000000000000IIII fd0000d5000000000000000000000000
        icmp 8100 5532-I 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-echo-router6",
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d5000000000000000000000000 fd0000d500000000000000000000IIII
        icmp 8000 5632-I 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0010 3a 3f
        addr fd000000000000000000000000000001 fd000000000000000000000000000062
        icmp 8000 f3b9-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-router6-answer",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0010 3a 40
        addr fd000000000000000000000000000062 fd000000000000000000000000000001
        icmp 8100 f2b9-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d500000000000000000000IIII fd0000d5000000000000000000000000
        icmp 8100 5532-I 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-echo-router6-tagged",
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d5000000000000000000000000 fd0000d500000000000000000000IIII
        icmp 8000 5632-I 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000066 0200000000aa 8100 0014 86dd
        ip6  60000000 0010 3a 3f
        addr fd000000000000000000000000000001 fd000000000000000000000000000066
        icmp 8000 f3b5-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-router6-tagged-answer",
        """
        eth  0200000000aa 020100000066 8100 0014 86dd
        ip6  60000000 0010 3a 40
        addr fd000000000000000000000000000066 fd000000000000000000000000000001
        icmp 8100 f2b5-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d500000000000000000000IIII fd0000d5000000000000000000000000
        icmp 8100 5532-I 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-one-arm6",
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d5000000000000000000000000 fd0000d500000000000000000000IIII
        icmp 8000 5632-I 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0010 3a 3f
        addr fd000000000000000000000000000001 fd000000000000000000000000000063
        icmp 8000 f3b8-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-one-arm6-answer",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0010 3a 40
        addr fd000000000000000000000000000063 fd000000000000000000000000000001
        icmp 8100 f2b8-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d500000000000000000000IIII fd0000d5000000000000000000000000
        icmp 8100 5532-I 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-nat6",
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d5000000000000000000000000 fd0000d500000000000000000000IIII
        icmp 8000 5632-I 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0010 3a 3f
        addr fd000000000000000000000000000001 fd000000000000000000000000000064
        icmp 8000 f3b7-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-nat6-answer",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0010 3a 40
        addr fd000000000000000000000000000064 fd000000000000000000000000000001
        icmp 8100 f2b7-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 86dd
        ip6  60000000 0010 3a 40
        addr fd0000d500000000000000000000IIII fd0000d5000000000000000000000000
        icmp 8100 5532-I 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
]

SERVICES = {
    "probe-echo-bridge6": "bridge-130-tcp",
    "probe-echo-router6": "router-131-tcp",
    "probe-echo-router6-tagged": "router-141-tcp",
    "probe-echo-one-arm6": "one-arm-132-tcp",
    "probe-echo-nat6": "nat-133-tcp",
}
"""Of each case: the service whose real server has the place IIII in reals[]."""
