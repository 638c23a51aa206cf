# SPDX-License-Identifier: Apache-2.0
"""The control plane's rounds over flows whose replies come back, at the real tables."""

from __future__ import annotations

import numpy as np
import pytest

from dsrlb.control.flows import keeper as keepers
from dsrlb.control.flows.counters import flow_events
from dsrlb.control.flows.keeper import FlowKeeper
from dsrlb.control.maps.lasthops import LastHop
from dsrlb.dataplane.flowtable import Part, Places
from dsrlb.observe.events import EventLog
from tests.packets.cases import flows as f
from tests.packets.harness import LINK, Program
from tests.packets.steps import A, config, states

CLIENT = LastHop(f.TO_BALANCER[6:12].hex(":"), LINK.number, 0)
ROUTER = config(A).replace('"l2dsr"', '"router"')
POOL = '[service.snat]\npool = ["198.51.100.7", "2001:db8:7::7"]\n'
ONE_ARM = config(A, keys=POOL, more=POOL).replace('"l2dsr"', '"one-arm"')
OLD_TICKS = 100  # more than ten seconds


@pytest.fixture
def keeper(program: Program, monkeypatch: pytest.MonkeyPatch) -> FlowKeeper:
    monkeypatch.setattr(keepers, "_PAUSE_SECONDS", 0)
    program.forget_flows()
    return FlowKeeper(program.dataplane, EventLog())


def syn(program: Program) -> None:
    """A new flow of either family."""
    for head, packet in ((f.TO_BALANCER, f.SYN), (f.TO_BALANCER6, f.SYN6)):
        assert program.run(head + packet).reason == "forwarded"


def halves(keeper: FlowKeeper, *, reverse: bool) -> list[Places]:
    """The entries of either half in use, by family."""
    found = []
    for table in keeper.tables:
        metas = table.metas(Part(False, 0, table.sizes.sets))
        chosen = table.abi.in_use()[table.abi.kinds(metas)] & (table.abi.reverse(metas) == reverse)
        found.append(np.flatnonzero(chosen))
    return found


def age_hops(program: Program) -> None:
    """The last hops were taken long ago."""
    rest = program.maps["last_hops"].array["rest"]
    rest[rest != 0] -= np.uint64(OLD_TICKS << 32)


def expired(program: Program) -> dict[str, int]:
    events = flow_events(program.maps, program.dataplane.artifact)
    return {table: happened["expired"] for table, happened in events.items()}


def test_a_pair_is_one_flow(program: Program, keeper: FlowKeeper) -> None:
    program.configure(ROUTER)
    syn(program)
    for _ in range(2):
        keeper.round()
    for family, sums in keeper.totals(60).items():
        assert (family, sums.pending, sums.pending_used, sums.open) == (family, 1, 2, 0)
    assert program.loads() == program.counted()
    assert sum(pending for _, pending in program.loads().values()) == 2


def test_reverse_halves_of_no_flow_go(program: Program, keeper: FlowKeeper) -> None:
    program.configure(ROUTER)
    syn(program)
    keeper.round()
    reaper = program.dataplane.reaper()
    forward, reverse = halves(keeper, reverse=False), halves(keeper, reverse=True)
    for table, one, other in zip(keeper.tables, forward, reverse, strict=True):
        assert (len(one), len(other)) == (1, 1)
        versions = table.abi.version(table.metas_of(other))
        assert reaper.expire(table.ipv6, other, versions) == 0  # neither expired nor alone
        assert reaper.drop(table.ipv6, one, table.abi.version(table.metas_of(one))) == 1
    before = expired(program)
    keeper.round()
    assert states(program) == {}
    after = expired(program)
    assert {table: after[table] - before[table] for table in after} == {
        "flows4": 0,
        "flows6": 0,
        "pending4": 1,
        "pending6": 1,
    }


def test_last_hops(program: Program, keeper: FlowKeeper) -> None:
    program.configure(ROUTER)
    syn(program)
    rest = program.maps["last_hops"].readonly["rest"]
    assert np.count_nonzero(rest) == 1
    age_hops(program)
    keeper.round()
    assert keeper.last_hops() == {CLIENT}
    assert np.count_nonzero(rest) == 1
    program.expire_flows()
    for _ in range(2):  # the forward halves, then what belonged to them
        keeper.round()
    assert states(program) == {}
    assert keeper.last_hops() == set()
    assert np.count_nonzero(rest) == 0


def test_a_last_hop_that_is_taken_again_stays(program: Program, keeper: FlowKeeper) -> None:
    program.configure(ROUTER)
    syn(program)
    (place,) = np.flatnonzero(program.maps["last_hops"].readonly["rest"])
    tick = program.maps["last_hops"].readonly["rest"][place] >> np.uint64(32)
    reaper = program.dataplane.reaper()
    for wrong in (tick + np.uint64(1), tick - np.uint64(1)):
        assert reaper.free_hops(np.array([place]), np.array([wrong])) == 0
    busy = program.dataplane.artifact.constants["HOP_BUSY"]
    program.maps["last_hops"].array["rest"][place] |= np.uint64(busy)
    assert reaper.free_hops(np.array([place]), np.array([tick])) == 0
    program.maps["last_hops"].array["rest"][place] ^= np.uint64(busy)
    assert reaper.free_hops(np.array([place]), np.array([tick])) == 1
    assert reaper.free_hops(np.array([place, 1 << 20]), np.array([tick, tick])) == 0
    keeper.round()


def test_ports_of_the_pool(program: Program, keeper: FlowKeeper) -> None:
    program.configure(ONE_ARM)
    syn(program)
    keeper.round()
    use, flows = keeper.pool_use, keeper.pool_flows
    assert use is not None
    assert flows is not None
    assert np.flatnonzero(use.named).tolist() == np.flatnonzero(flows).tolist()
    assert flows[flows > 0].tolist() == [1, 1]
    pools = program.maps["pools"].array["word_be"][use.named].tolist()
    assert sorted(one[3] for one in pools) == sorted(
        int.from_bytes(bytes.fromhex(text), "little") for text in ("c6336407", "00000007")
    )
    program.expire_flows()
    keeper.round()
    assert keeper.pool_use is not None
    assert not keeper.pool_use.named.any()
