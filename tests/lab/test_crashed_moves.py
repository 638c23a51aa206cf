# SPDX-License-Identifier: Apache-2.0
"""kill -9 while flows move into tables of another size, again and again, under load."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests import scale
from tests.lab import moves
from tests.lab.instance import Instance
from tests.lab.restarting import resized, watched
from tests.lab.traffic import Load, syn_retransmissions

METHODS = ("l2dsr", "nat", "one-arm") if scale.SOAK else ("nat",)
FIRST = 12_500
"""A capacity that none begins with: there would be nothing to move."""
STATES = (moves.moved, moves.begun, moves.in_front)


@pytest.mark.soak
@pytest.mark.parametrize("method", METHODS)
def test_killed_while_flows_move(method: str, tmp_path: Path) -> None:
    """Whenever that is, packets go on; the next start goes on as well, and ends what was begun:
    flows that have ended meanwhile are not there again."""
    rounds, chance = scale.count("lab_crashed_moves"), Random(20240601)
    with watched(method, tmp_path) as made:
        balancer, load = made.balancer, Load(made.client)
        text = moves.closing_soon(made.text)
        balancer.start(text, up=0)
        made.wait_checked()
        repeated = syn_retransmissions(made.client)
        load.start()
        seen: Counter[str] = Counter()
        try:
            for turn in range(rounds):
                with moves.kept(made.client) as kept:
                    balancer.stop()
                    file = balancer.write(resized(text, FIRST + 5_000 * (turn % 7)))
                    if turn < 2 * len(STATES):
                        state = STATES[turn % len(STATES)]
                        seen[state.__name__] += moves.killed_when(state, balancer, "-c", file)
                        kept.end_behind()
                    else:
                        _killed(balancer, load, file, chance)
                    load.progress(40)
                    balancer.start(up=0)
                    made.wait_up()
                    assert moves.stage(balancer) == ""
                    kept.go_on()
                    load.progress(40)
        finally:
            load.stop()
        repeated = syn_retransmissions(made.client) - repeated
        lost = load.asked - load.done
        scale.record(
            f"kill -9 while flows move, {method}", rounds, rounds, lost + repeated, load.seconds()
        )
        assert (load.errors, lost, repeated) == ([], 0, 0)
        assert seen["moved"] > 0, "no kill came while packets went by the new tables already"
        assert seen["begun"] > 0, "no kill came when the new tables were complete"
        moves.none_open(made)


def _killed(balancer: Instance, load: Load, file: str, chance: Random) -> None:
    """Start a daemon and kill it at any moment."""
    started = balancer.popen("run", "-c", file)
    load.lasts(load.seconds() + chance.uniform(0, 1.5))
    started.kill()
    started.communicate()
