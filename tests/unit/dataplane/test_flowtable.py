# SPDX-License-Identifier: Apache-2.0
"""What is read out of the flow tables: parts, decoding, the hash, counts, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from dsrlb.dataplane.flowhash import key_hash, spilled_sets
from dsrlb.dataplane.flowscan import Count
from dsrlb.dataplane.flowtable import FlowTable, value_generation, value_real
from dsrlb.dataplane.pairscan import Named
from tests.unit.control.flowmaps import REALS, Flows

MOST_PASSES = 40
"""CPU time for a family with a million flows, in tables of 2.5 million entries: in passes over the
tables' meta words, which take a slow machine longer, too."""
PASSES = 5


@pytest.fixture
def flows() -> Flows:
    return Flows()


def count(flows: Flows, table: FlowTable) -> Count:
    generations = flows.maps["reals"].array["generation"].astype(np.uint16)
    found = Count(table, generations)
    for part in table.parts(256):
        found.add(part, flows.abi.now(), flows.reaper.expire)
    return found


def test_parts_cover_both_tables_and_never_a_border(flows: Flows) -> None:
    (table, _) = flows.tables
    parts = list(table.parts(300))
    main = table.sizes.main_sets
    assert [(part.first, part.last) for part in parts[:2]] == [(0, 300), (300, 600)]
    assert all(after.first == before.last for before, after in pairwise(parts))
    assert all(part.pending == (part.first >= main) for part in parts)
    assert parts[-1].last == table.sizes.sets


@pytest.mark.parametrize("client", ["203.0.113.7", "2001:db8:1::7"])
def test_an_entry_decoded(flows: Flows, client: str) -> None:
    entry = flows.put(
        4321, client, port=5555, real=7, generation=9, left=500, version=65535, probe=3, vip_port=53
    )
    table = flows.tables["." not in client]
    entries = np.array([entry])
    metas = table.metas_of(entries)
    abi = table.abi
    assert abi.state(metas)[0] == abi.states["data"]
    assert (abi.version(metas)[0], abi.probe(metas)[0]) == (65535, 3)
    assert 498 <= abi.left(metas, abi.now())[0] <= 500
    assert not abi.reverse(metas)[0]
    values = table.values(entries)
    assert (value_real(values)[0], value_generation(values)[0]) == (7, 9)
    (key,) = table.keys(entries)
    assert (key["source_port_be"].byteswap(), key["destination_port_be"].byteswap()) == (5555, 53)
    assert key["proto"] == 6
    assert table.still(entries, metas)[0]
    flows.put(4321, client, version=0)
    assert not table.still(entries, metas)[0]


def test_a_busy_entry_is_none(flows: Flows) -> None:
    entry = flows.put(1)
    table = flows.tables[0]
    metas = table.metas_of(np.array([entry]))
    flows.put(1, state="busy")
    assert not table.still(np.array([entry]), metas)[0]
    assert count(flows, table).used == [0, 0]


def test_counts(flows: Flows) -> None:
    flows.real(1)
    flows.real(2, generation=70000)
    flows.put(0, state="open")
    flows.put(1, state="udp")
    flows.put(5, real=2, generation=70000 & 0xFFFF)
    flows.put(6, real=2, generation=3)  # of another real that had the index
    flows.put(7, state="closing")
    flows.put(8, state="reset", probe=2)
    flows.put(9, state="source")
    flows.reverse(10, 0, 1, state="open")
    flows.put(11, state="unverified", probe=1)
    flows.put(0, state="pending", pending=True, real=2, generation=70000 & 0xFFFF)
    flows.put(3, "2001:db8::1")
    found = count(flows, flows.tables[0])
    assert (found.open[1], found.open[2], found.open.sum()) == (2, 1, 3)
    assert (found.pending[1], found.pending[2]) == (1, 1)
    assert (found.closing, found.used, found.spills) == (2, [9, 1], 3)
    assert count(flows, flows.tables[1]).open[1] == 1


def test_what_has_expired_goes_first(flows: Flows) -> None:
    flows.real(1)
    for entry in range(600):
        flows.put(entry, left=-1 if entry % 3 else 50, version=entry)
    flows.put(0, pending=True, state="pending", left=0)
    flows.count()
    found = count(flows, flows.tables[0])
    assert (found.expired, found.open[1], found.used) == (401, 200, [200, 0])
    assert flows.maps["loads"].array["open"][1] == 200
    assert flows.maps["loads"].array["pending"][1] == 0


def test_reverse_halves_of_no_flow_go(flows: Flows) -> None:
    """Whose forward half's entry has another version: it is another's, or free."""
    flows.real(1)
    flows.pair(0, 100)
    flows.pair(1, 101, pending=True, state="pending")
    kept = flows.put(2, state="busy", version=7)  # published behind its reverse half
    flows.reverse(102, kept, 7)
    other = flows.put(3, version=9)
    flows.reverse(103, other, 8)
    flows.reverse(104, 4, 1)
    flows.reverse(105, 2**32 - 1, 1)  # as if written just now: looked at again by the program
    found = count(flows, flows.tables[0])
    metas = flows.tables[0].metas_of(np.arange(100, 106))
    assert (flows.abi.state(metas) == 0).tolist() == [False, True, False, True, True, False]
    assert (found.expired, found.open[1], found.pending[1], found.used) == (2, 2, 1, [5, 2])


def test_what_flows_name(flows: Flows) -> None:
    named = Named(flows.abi, REALS, REALS)
    flows.real(1)
    flows.pair(0, 100, hop=7, pool=3)
    flows.pair(1, 101, hop=65535, pool=3, state="closing")
    flows.pair(2, 102, hop=7, pool=65535, generation=5)  # of a real server that was removed
    flows.put(3, pool=4, state="udp")
    flows.put(4, pool=9, state="source")  # whose value is something else
    flows.put(5, pool=9, state="busy")
    flows.put(6, pool=9, left=0)
    flows.reverse(103, 6, 9, hop=8)
    flows.put(7)
    flows.pair(0, 100, hop=5, pool=2, client="2001:db8::1")
    flows.count()
    for table in flows.tables:
        found = Count(table, np.zeros(REALS, np.uint16), named)
        for part in table.parts():
            found.add(part, flows.abi.now(), flows.reaper.expire)
    assert np.flatnonzero(named.hops).tolist() == [5, 7, 65535]
    places = np.flatnonzero(named.pools)
    assert dict(zip(places.tolist(), named.pools[places].tolist(), strict=True)) == {
        2: 1,
        3: 2,
        4: 1,
        65535: 1,
    }


def test_the_hash_is_that_of_the_program() -> None:
    """Computed here with Python's integers, as flow_key.h says."""
    rng = np.random.default_rng(2)
    secret = rng.integers(0, 2**64 - 1, 11, dtype=np.uint64)
    for words in (2, 5):
        keys = rng.integers(0, 2**64 - 1, (50, words), dtype=np.uint64)
        values, steps = key_hash(keys, secret)
        for key, value, step in zip(keys.tolist(), values.tolist(), steps.tolist(), strict=True):
            total = int(secret[10])
            for at, word in enumerate(key):
                first, second = int(secret[2 * at]), int(secret[2 * at + 1])
                low, high = word & 0xFFFFFFFF, word >> 32
                total += ((first + low) % 2**64) * ((second + high) % 2**64)
            total %= 2**64
            total = (total ^ total >> 32) * 0xD6E8FEB86659FD93 % 2**64
            total ^= total >> 32
            assert value == total & 0xFFFFFFFF
            assert step == total >> 32 & 0x0FFFFFFF | 0x10000000


def test_sets_in_front_of_an_entry(flows: Flows) -> None:
    table = flows.tables[0]
    secret = flows.maps["flow_settings"].array["secret"][0]
    for pending in (False, True):
        entry = np.array([flows.put(2, probe=3, pending=pending)])
        ((value,), (step,)) = key_hash(table.key_words(entry), secret)
        first = table.sizes.main_sets if pending else 0
        sets = table.sizes.pending_sets if pending else table.sizes.main_sets
        expected = {
            first + ((int(value) + probe * int(step)) % 2**32 * sets >> 32) for probe in range(3)
        }
        assert set(spilled_sets(table, entry, secret, pending=pending).tolist()) == expected


def _filled(capacity: int) -> Flows:
    """Tables with as many flows as they are rated for, and half of the pending ones."""
    flows = Flows(capacity)
    rng = np.random.default_rng(1)
    main, end = flows.maps.sizes.main_sets * 4, flows.maps.sizes.sets * 4
    for name in ("flows4", "flows6"):
        metas = np.zeros(end, np.uint64)
        expires = np.uint64((int(flows.abi.now()) + 5000) << 32)
        metas[rng.permutation(main)[:capacity]] = expires | np.uint64(8)
        metas[main + rng.permutation(end - main)[: capacity // 8]] = expires | np.uint64(3)
        sets = flows.maps[name].array
        sets["meta"] = metas.reshape(-1, 4)
        sets["flow"]["value"] = rng.integers(1, 1000, (len(sets), 4), dtype=np.uint64)
    return flows


def _scan(flows: Flows) -> Iterator[Count]:
    generations = np.zeros(REALS, np.uint16)
    for table in flows.tables:
        found = Count(table, generations)
        for part in table.parts():
            found.add(part, flows.abi.now(), flows.reaper.expire)
        yield found


def test_a_scan_is_quick() -> None:
    capacity = 1_000_000
    flows = _filled(capacity)
    taken, passes = [], []
    memory = flows.maps["flows4"].array["meta"].ravel()
    for _ in range(5):
        begun = time.process_time()
        for _ in range(PASSES):
            assert np.count_nonzero(memory & np.uint64(15))
        passes.append((time.process_time() - begun) * 1000 / PASSES)
        begun = time.process_time()
        found = list(_scan(flows))
        taken.append((time.process_time() - begun) * 1000 / len(flows.tables))
    assert [int(one.open.sum()) for one in found] == [capacity] * 2
    assert [int(one.pending.sum()) for one in found] == [capacity // 8] * 2
    print(f"a family takes {min(taken):.0f} ms of CPU, one pass {min(passes):.1f} ms")
    assert min(taken) < MOST_PASSES * min(passes)
