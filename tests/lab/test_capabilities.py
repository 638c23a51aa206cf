# SPDX-License-Identifier: Apache-2.0
"""What the daemon and what it starts may do: by the kernel's word, of every thread."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

from dsrlb import privileges
from dsrlb.control.capabilities import KEPT
from tests.lab.instance import Instance, config
from tests.lab.plain import Plain, addresses
from tests.lab.traffic import serves
from tests.waiting import wait_until

_CHECKED = 'name = "web"\nhealth = { type = "tcp", interval = "300ms", timeout = "250ms" }\n'


def sets(pid: int, name: str) -> set[int]:
    """One of the capability sets of every thread of a process, as bits."""
    return {
        int(found[1], 16)
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        if (found := re.search(rf"^{name}:\s+(\w+)$", status.read_text(), re.MULTILINE))
    }


def bits(capabilities: set[int]) -> int:
    """The same of numbers."""
    return sum(1 << number for number in capabilities)


def checker_of(pid: int) -> int | None:
    """The process that checks real servers."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"dsrlb.health" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    return None


def test_the_daemon_has_what_it_needs(plain: Plain, balancer: Instance) -> None:
    """And goes on with it: changes, the loss of what probes leave by, checks."""
    before = sets(1, "CapBnd").pop()
    balancer.start(config().replace('name = "web"\n', _CHECKED, 1))
    kept = bits(set(KEPT)) & before
    for name in ("CapEff", "CapPrm", "CapBnd"):
        assert sets(balancer.pid, name) == {kept}, name
    assert sets(balancer.pid, "CapInh") == {0}
    balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "3")
    balancer.done("service", "set", "web", "--algorithm", "maglev")
    before_that = plain.lb.link("dsrlb-x0")["ifindex"]
    plain.lb.batch("link del dsrlb-p0")
    wait_until(
        "there is another pair, with the program",
        lambda: (
            [
                one["ifindex"] != before_that and "xdp" in one
                for one in json.loads(plain.lb.run("ip", "-d", "-json", "link"))
                if one["ifname"] == "dsrlb-x0"
            ]
            == [True]
        ),
    )
    assert serves(plain.client)
    plain.stop_server("r2")
    wait_until("r2 is down", lambda: balancer.count_up() == 6)


def test_who_checks_is_nobody(balancer: Instance) -> None:
    balancer.start(config().replace('name = "web"\n', _CHECKED, 1))
    checker = wait_until("there is a process", lambda: checker_of(balancer.pid))
    assert checker is not None
    raw = 1 << privileges.NET_RAW
    wait_until("it has given up the rest", lambda: sets(checker, "CapEff") == {raw})
    assert sets(checker, "CapBnd") <= {raw, sets(balancer.pid, "CapBnd").pop()}
    uids = re.search(r"^Uid:\s+(.*)$", Path(f"/proc/{checker}/status").read_text(), re.MULTILINE)
    assert uids is not None
    assert set(uids[1].split()) == {"65534"}


def test_the_unit_lets_it_have_just_that() -> None:
    unit = resources.files("dsrlb").joinpath("data/dsrlb.service").read_text()
    lines = re.findall(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)
    named = {word.removeprefix("CAP_") for line in lines for word in line.split()}
    assert {getattr(privileges, name) for name in named} == set(KEPT)
