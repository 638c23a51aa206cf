# SPDX-License-Identifier: Apache-2.0
"""The real program on two CPUs, with the packets of a flow on both of them at the same moment."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from tests import scale
from tests.packets.flowtable.clients import Balancer, Kind
from tests.packets.flowtable.drivers import together
from tests.packets.flowtable.scan import faults

FLOWS = 4096
# Two kinds: the first packet of a flow's two and the second are sent at about the same time.
PHASES = (
    (Kind.SYN, Kind.SYN),
    (Kind.ACK, Kind.DATA),
    (Kind.DATA, Kind.DATA),
    (Kind.DATA, Kind.FIN),
    (Kind.FIN, Kind.RST),
)


@pytest.fixture(params=(4, 6), ids=("ipv4", "ipv6"))
def balancer(request: pytest.FixtureRequest) -> Iterator[Balancer]:
    """Tables that these flows do not fill."""
    with closing(Balancer(1 << 17, request.param)) as found:
        yield found


@pytest.mark.soak
def test_flow_on_two_cpus(balancer: Balancer) -> None:
    """Every packet of a flow goes to one real server, whichever CPU was faster.

    So it does right behind the packet that makes it an open flow on the other CPU.
    """
    began, asked = time.monotonic(), scale.count("flowtable_shared") // 2
    total: Counter[str] = Counter()
    rounds = max(asked // (FLOWS * 2 * len(PHASES)), 1)
    for number in range(rounds):
        first = number * FLOWS % (1 << 17)
        if first == 0:
            balancer.clear()
        for phase in PHASES:
            balancer.start_shared()
            send = partial(balancer.send, phase, first, FLOWS, shared=True, turns=FLOWS)
            for sent in together(send, send):
                total += Counter({name: sent[name] for name in ("sent", "forwarded", "moved")})
                total["repeated"] += sent["refused"] if phase == PHASES[0] else 0
                total["lost"] += 0 if phase == PHASES[0] else sent["refused"]
                assert sent["moved"] + total["lost"] == 0, f"{phase} of {first}: {sent}"
        assert faults(balancer.table) == []
    lost = total["lost"] + total["moved"]
    name = f"flowtable-shared-ipv{balancer.family}"
    seconds = time.monotonic() - began
    scale.record(name, asked, total["sent"], lost, seconds)
    print(f"{name}: {dict(total)}, {total['sent'] / seconds:,.0f} packets/s, {balancer.verified}")
    # A SYN that meets another CPU making the same flow is dropped: its client repeats it.
    assert balancer.reasons() == {"forwarded": total["forwarded"], "flow-busy": total["repeated"]}
    assert total["repeated"] * 50 < total["sent"]
    assert balancer.events()[f"flows{balancer.family}"]["raced"] > 0, "the CPUs never met"
