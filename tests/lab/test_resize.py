# SPDX-License-Identifier: Apache-2.0
"""Another balancer.flow_capacity: flows move into other tables while clients go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import scale
from tests.lab.restarting import EVERY, Watched, resized, watched
from tests.lab.traffic import Load, syn_retransmissions


def _capacity(made: Watched) -> tuple[int, int]:
    """Flows of either family that the tables are rated for."""
    flows = made.balancer.get("/status")["flows"]
    return flows["ipv4"]["capacity"], flows["ipv6"]["capacity"]


METHODS = EVERY if scale.SOAK else ("one-arm",)


@pytest.mark.soak
@pytest.mark.parametrize("method", METHODS)
def test_tables_of_another_size(method: str, tmp_path: Path) -> None:
    """Larger ones, then smaller ones: by a change and a restart, and by `run -c`."""
    with watched(method, tmp_path) as made:
        balancer, load = made.balancer, Load(made.client)
        balancer.start(made.text, up=0)
        made.wait_checked()
        repeated, moves = syn_retransmissions(made.client), 0
        load.start()
        try:
            while moves < 2 or load.seconds() < scale.count("lab_restarts_seconds"):
                capacity = (50_000, 5_000)[moves % 2]
                file = balancer.write(resized(made.text, capacity))
                load.progress(40)
                if moves % 2:
                    balancer.kill()
                    balancer.start(resized(made.text, capacity), up=0)
                else:
                    said = balancer.done("apply", file)
                    assert "the daemon's next start" in said
                    assert _capacity(made) != (capacity, capacity)
                    balancer.stop()
                    load.progress(40)
                    balancer.start(up=0)
                moves += 1
                assert _capacity(made) == (capacity, capacity)
                balancer.wait_event(f"flows moved into tables for {capacity:,}")
                assert made.open_flows() >= 1
                load.progress(40)
        finally:
            load.stop()
        repeated = syn_retransmissions(made.client) - repeated
        lost = load.asked - load.done
        scale.record(
            f"tables of another size under load, {method}",
            load.asked,
            load.done,
            lost + repeated,
            load.seconds(),
        )
        assert (load.errors, lost, repeated) == ([], 0, 0)
        assert balancer.new_flows(made.served) == load.connections
        names = [path.name for path in balancer.pins.iterdir()]
        assert not any(name.startswith(("next", "drain", "onward", "moved")) for name in names)
