# SPDX-License-Identifier: Apache-2.0
"""kill -9 while flows move into tables of another size, again and again, under load."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests import scale
from tests.lab.restarting import Watched, resized, watched
from tests.lab.traffic import Load, syn_retransmissions
from tests.waiting import wait_until


def _stage(made: Watched) -> str:
    """Which folder of pins is there beside the maps'."""
    found = [path.name for path in made.balancer.pins.iterdir() if path.is_dir()]
    assert len(found) <= 1, found
    return "".join(found)


METHODS = ("l2dsr", "nat", "one-arm") if scale.SOAK else ("nat",)


@pytest.mark.soak
@pytest.mark.parametrize("method", METHODS)
def test_killed_while_flows_move(method: str, tmp_path: Path) -> None:
    """Whenever that is, packets go on; the next start goes on as well, and ends what was begun."""
    rounds, chance = scale.count("lab_crashed_moves"), Random(20240601)
    with watched(method, tmp_path) as made:
        balancer, load = made.balancer, Load(made.client)
        balancer.start(made.text, up=0)
        made.wait_checked()
        repeated = syn_retransmissions(made.client)
        load.start()
        seen: set[str] = set()
        try:
            for turn in range(rounds):
                balancer.stop()
                file = balancer.write(resized(made.text, 10_000 + 5_000 * (turn % 7)))
                started = balancer.popen("run", "-c", file)
                if turn % 2 == 0:
                    wait_until("flows are to move", lambda: _stage(made) == "draining", 60)
                load.lasts(load.seconds() + chance.uniform(0, 0.5))
                started.kill()
                started.communicate()
                seen.add(_stage(made))
                load.progress(40)
                balancer.start(up=0)
                made.wait_up()
                assert _stage(made) == ""
                load.progress(40)
        finally:
            load.stop()
        repeated = syn_retransmissions(made.client) - repeated
        lost = load.asked - load.done
        scale.record(
            f"kill -9 while flows move, {method}", rounds, rounds, lost + repeated, load.seconds()
        )
        assert (load.errors, lost, repeated) == ([], 0, 0)
        assert "draining" in seen, f"no kill came while flows moved: {seen}"
