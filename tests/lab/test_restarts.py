# SPDX-License-Identifier: Apache-2.0
"""The daemon is restarted and killed again and again under load, in every mode."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from tests import scale
from tests.lab.restarting import EVERY, watched
from tests.lab.traffic import Load, syn_retransmissions


@pytest.mark.soak
@pytest.mark.parametrize("method", EVERY if scale.SOAK else EVERY[::4])
def test_restarts_and_kills_lose_nothing(method: str, tmp_path: Path) -> None:
    """No request fails, no connection is reset, no SYN is sent twice, each flow is counted once,
    and nobody goes down or comes up by it."""
    with watched(method, tmp_path) as made:
        balancer, load = made.balancer, Load(made.client)
        balancer.start(made.text, up=0)
        made.wait_checked()
        news, repeated, ends = made.news(), syn_retransmissions(made.client), 0
        load.start()
        try:
            for end in cycle((balancer.stop, balancer.kill)):
                end()
                ends += 1
                load.progress(40)
                balancer.start(up=0)
                assert made.open_flows() >= 1
                made.wait_checked()
                if ends >= 2 and load.seconds() >= scale.count("lab_restarts_seconds"):
                    break
        finally:
            load.stop()
        repeated = syn_retransmissions(made.client) - repeated
        lost = load.asked - load.done
        name = f"restarts and kills of the daemon under load, {method}"
        scale.record(name, load.asked, load.done, lost + repeated, load.seconds())
        assert (load.errors, lost, repeated) == ([], 0, 0)
        assert made.news() == news
        assert balancer.new_flows(made.served) == load.connections
