# SPDX-License-Identifier: Apache-2.0
"""Maps that somebody else has written to while no daemon ran: found, told, and put right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import RealId, ServiceId
from dsrlb.control.maps import installed
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.maps import MapSet
from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain, addresses
from tests.lab.traffic import request
from tests.waiting import wait_until

WEB = ServiceId("web", 4)
MAGLEV = config().replace('name = "web"\n', 'name = "web"\nalgorithm = "maglev"\n', 1)


@contextmanager
def opened(balancer: Instance) -> Iterator[MapSet]:
    """The maps of an instance, to write to them."""
    with closing(MapSet(build(cache=balancer.cache), balancer.pins, 1000)) as maps:
        yield maps


def drifts(balancer: Instance) -> list[str]:
    """What was told of it."""
    return [event["message"] for event in balancer.get("/events") if event["kind"] == "drift"]


@pytest.mark.lasting
def test_a_table_that_sends_all_to_one(plain: Plain, balancer: Instance) -> None:
    """The look that follows the start compares tables entry by entry."""
    balancer.serve(MAGLEV)
    balancer.kill()
    with opened(balancer) as maps:
        held, r1 = installed.read(maps), ip_address(addresses("r1")[0])
        first, web = held.reals[RealId(WEB, r1)].index, held.services[WEB]
        lines = maps["tables"].array["real"]
        count = -(-web.entries // lines.shape[1])
        lines[web.table : web.table + count] = first
    assert request(plain.client, VIPS[0], count=30) == {"r1": 30}
    balancer.start()
    wait_until("it is told", lambda: any("table of web" in text for text in drifts(balancer)), 20)
    wait_until("both serve", lambda: len(request(plain.client, VIPS[0], count=10)) == 2)


@pytest.mark.lasting
def test_a_record_that_says_something_else(plain: Plain, balancer: Instance) -> None:
    """A start writes it anew, and tells of it; of one that finds all as it was nothing is told."""
    balancer.serve(MAGLEV)
    balancer.kill()
    balancer.start()
    assert drifts(balancer) == []
    balancer.kill()
    with opened(balancer) as maps:
        record = installed.read(maps).services[WEB].record
        maps["records"].array["on_unknown"][record] ^= 1
    balancer.start()
    assert [text.rpartition(": ")[0] for text in drifts(balancer)] == [
        "what the maps held of services was put right"
    ]
