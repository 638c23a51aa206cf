# SPDX-License-Identifier: Apache-2.0
"""A real server that is drained, removed, and back by the way back: it is drained."""

from __future__ import annotations

import time

from tests.lab.instance import Instance
from tests.lab.plain import addresses
from tests.lab.revisions import BOTH, ONE

V4, _ = addresses("r2")
SAID = f"that {V4} is drained"


def states(balancer: Instance) -> dict[str, str]:
    """Of r2, by service, in IPv4."""
    rows = [row for row in balancer.get("/reals") if row["address"] == V4]
    return {row["service"]: row["state"] for row in rows}


def since(balancer: Instance) -> list[str]:
    """Of who is drained."""
    return [row["since"] for row in balancer.get("/reals") if row["state"] == "drain"]


UP = 6
"""Real servers and families of both services."""
DRAINED = {"web": "drain", "dns": "up"}


def test_by_every_way_back(balancer: Instance) -> None:
    """By itself, asked for, without a daemon, and by itself when the daemon was killed."""
    balancer.start(BOTH)
    balancer.done("real", "drain", "web", V4)
    before = since(balancer)
    assert SAID in balancer.done("plan", balancer.write(ONE))
    assert SAID in balancer.done("apply", str(balancer.file), "--confirm-within", "1s")
    assert states(balancer) == {}
    balancer.wait_event("automatic return from 2 to 1")
    assert states(balancer) == DRAINED
    assert since(balancer) == before
    balancer.wait_event(f"web: {V4} is drained again (by root, since ")

    balancer.done("real", "remove", "web", V4)
    balancer.done("rollback")
    assert states(balancer) == DRAINED

    balancer.done("apply", str(balancer.file))
    balancer.kill()
    assert SAID not in balancer.done("rollback")
    balancer.start(up=UP)
    assert states(balancer) == DRAINED

    balancer.done("apply", balancer.write(ONE), "--confirm-within", "1s")
    balancer.kill()
    time.sleep(1.0)
    balancer.start(up=UP)
    assert states(balancer) == DRAINED

    balancer.done("apply", balancer.write(ONE))
    balancer.done("apply", balancer.write(BOTH))  # that is no way back
    assert states(balancer) == {"web": "up", "dns": "up"}
