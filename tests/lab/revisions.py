# SPDX-License-Identifier: Apache-2.0
"""Configurations to go between, and what a balancer says of its revisions."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.instance import Instance, config, real
from tests.lab.plain import VIPS, Plain
from tests.lab.traffic import request

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
