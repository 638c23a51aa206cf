# SPDX-License-Identifier: Apache-2.0
"""Revisions: changes that are recorded, and ways back from them, while clients are served."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.instance import Instance, config, real
from tests.lab.plain import VIPS, Plain, addresses
from tests.lab.traffic import Load, request

ONE = config([real("r1")])
TWO = config([real("r2")])
BOTH = config()


def history(balancer: Instance) -> list[dict[str, Any]]:
    """Oldest first, with a daemon or without."""
    rows: list[dict[str, Any]] = json.loads(balancer.done("history", "--json"))
    return rows[::-1]


def results(balancer: Instance) -> list[str]:
    """What became of each revision, oldest first."""
    return [row["result"] for row in history(balancer)]


def served_by(plain: Plain) -> set[str]:
    """Who answers new flows of both VIPs."""
    return {name for vip in VIPS for name in request(plain.client, vip, count=4)}


def test_every_change_is_a_revision(plain: Plain, balancer: Instance) -> None:
    balancer.start(BOTH)
    first = balancer.done("config", "show")
    v4, _ = addresses("r1")
    said = balancer.done("real", "set", "web", v4, "--weight", "3")
    assert said.splitlines()[-1] == (
        f"revision 2 is running; back to 1: dsrlb --instance {balancer.name} rollback"
    )
    balancer.done("apply", balancer.write(ONE), "--adopt-vip")
    rows = history(balancer)
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert [row["result"] for row in rows] == ["applied"] * 3
    assert [row["what"] for row in rows] == [
        f"run -c {balancer.file}",
        f"real set web {v4} weight=3",
        f"apply {balancer.file}",
    ]
    assert {(row["uid"], row["user"]) for row in rows} == {(0, "root")}
    assert [row["running"] for row in rows] == [False, False, True]
    assert balancer.done("config", "show", "1") == first
    assert (balancer.state / "config.toml").read_text() == balancer.done("config", "show")
    said = balancer.done("apply", str(balancer.file))
    assert said.startswith("no changes")
    assert len(history(balancer)) == 3
    assert "-address" in balancer.done("diff", "1", "--text").replace(" ", "")


def test_rollback_under_traffic(plain: Plain, balancer: Instance, load: Load) -> None:
    balancer.start(BOTH)
    load.start()
    more = BOTH.replace('name = "dns"', 'name = "names"')
    balancer.done("apply", balancer.write(more))
    balancer.done("service", "set", "web", "algorithm=maglev")
    load.progress(50)
    balancer.done("rollback")
    assert balancer.get("/services")[0]["algorithm"] == "round-robin"
    balancer.done("rollback", "1")
    assert [row["name"] for row in balancer.get("/services")] == ["web", "web", "dns", "dns"]
    load.progress(50)
    load.stop()
    assert load.errors == []
    assert [row["way_back"] for row in history(balancer)] == [None, 1, 2, 3, 4]
    unknown = balancer.dsrlb("rollback", "77")
    assert (unknown.returncode, "there is no revision 77" in unknown.stderr) == (1, True)
