# SPDX-License-Identifier: Apache-2.0
"""Flows of another release, whose tables have another layout: each is found, as what it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsrlb import paths
from dsrlb.control.desired.contents import RealId
from dsrlb.dataplane import generation
from dsrlb.dataplane.artifact import Artifact, build
from dsrlb.dataplane.flowhash import key_hash
from dsrlb.dataplane.flowtable import FlowTable, flow_tables
from dsrlb.dataplane.maps import MapSet
from tests import otherlayout
from tests.packets.cases.paired_services import FAR, RESOLUTIONS
from tests.packets.harness import Program
from tests.packets.moves import TEXT, Clients, check_tables, meaning, moving, program
from tests.packets.steps import V4, V6, Family, go, opened

CAPACITY = 2_000
MARK = 0x12345678


@dataclass(frozen=True, slots=True)
class Release:
    """The changes that make its sources, and how much larger its number is than this one's."""

    changes: Any
    more: int

    @contextmanager
    def sources(self, folder: Path) -> Iterator[None]:
        """Its sources are those that are compiled meanwhile."""
        place = folder / f"release{self.more}"
        made = place if place.is_dir() else otherlayout.write(place, self.changes, self.more)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(paths, "ebpf_sources", lambda: made)
            yield


EARLIER = Release(otherlayout.EARLIER, -1)
PRESENT = Release({}, 0)
LATER = Release(otherlayout.LATER, 1)
STEPS = {
    "from-an-earlier-one": (EARLIER, PRESENT),
    "to-a-later-one": (PRESENT, LATER),
    "over-both": (EARLIER, LATER),
}


@contextmanager
def upgraded(step: str, folder: Path, pins: Path) -> Iterator[tuple[Program, Program]]:
    """Programs of two releases, with clients' services; flows are to move from the one to the
    other."""
    before, after = STEPS[step]
    with ExitStack() as stack:
        with before.sources(folder):
            former = stack.enter_context(program(CAPACITY, pins))
        with after.sources(folder):
            new = stack.enter_context(program(CAPACITY, pins))
        assert new.maps.converted
        for one in (new, former):
            one.link(FAR)
        former.configure(TEXT, RESOLUTIONS)
        moving(new).ready(former.dataplane.program_fd, known=False)
        yield former, new


def named(key: np.void) -> tuple[Any, ...]:
    """A key, by the names that all releases have."""
    both = ("source_port_be", "destination_port_be", "proto")
    names = key.dtype.names or ()
    ends = ("source_be", "destination_be") if "source_be" in names else ("source", "destination")
    return tuple(str(key[name]) for name in (*ends, *both))


def flows(tables: tuple[FlowTable, ...]) -> set[tuple[Any, ...]]:
    """What the tables' entries say, wherever they stand: of a reverse half its last hop."""
    found: set[tuple[Any, ...]] = set()
    for table in tables:
        for part in table.parts():
            metas = table.metas(part)
            places = np.flatnonzero(table.abi.in_use()[table.abi.kinds(metas)])
            entries = table.entries(part, places)
            for meta, key, value in zip(
                metas[places].tolist(), table.keys(entries), table.values(entries), strict=True
            ):
                reverse = bool(meta & 0x80)
                said = int(value) >> 48 if reverse else int(value)
                found.add((table.ipv6, part.pending, meta & 15, meta >> 32, named(key), said))
    return found


def all_flows(one: Program) -> set[tuple[Any, ...]]:
    """Of a program's own tables."""
    return flows(flow_tables(one.maps, one.dataplane.artifact))


def sources_begin(former: Program) -> None:
    """Sources that have a real server."""
    for v in (V4, V6):
        go(former, v, v.to_11, *opened(v, 2000))
        go(former, v, v.to_12, *opened(v, 2000, client=str(v.client) + "1"))


def sources_go_on(new: Program) -> None:
    """Their flows, and others of theirs, have the same real server."""
    for v in (V4, V6):
        go(new, v, v.to_11, *opened(v, 2001), *opened(v, 2000)[1:])
        go(new, v, v.to_12, *opened(v, 2001, client=str(v.client) + "1"))


@pytest.mark.parametrize("step", STEPS)
def test_everything_moves(step: str, tmp_path: Path, pins: Path) -> None:
    with upgraded(step, tmp_path, pins) as (former, new):
        clients = Clients(former)
        sources_begin(former)
        before = all_flows(former)
        assert len(before) > len(clients.every)
        clients.go_through(new)
        for one in clients.open:
            assert one.request() == "forwarded", "by the former tables"
        assert all_flows(new) == set()
        moving(new).change()
        assert all_flows(new) == before
        assert moving(new).result.unfit == 0
        clients.go_on()
        sources_go_on(new)
        if step == "from-an-earlier-one":  # as tests that know this layout by themselves read it
            check_tables(new)
            assert len(meaning(new.tables.entries())) > len(before)


@pytest.mark.parametrize(
    ("step", "replies_first"),
    [("from-an-earlier-one", False), ("to-a-later-one", True), ("over-both", False)],
)
def test_what_was_not_copied_is_fetched(
    step: str, replies_first: bool, tmp_path: Path, pins: Path
) -> None:
    with upgraded(step, tmp_path, pins) as (former, new):
        clients = Clients(former)
        sources_begin(former)
        clients.go_through(new)
        new.maps["moved"].array[0] = 1
        loads = new.loads()
        for one in clients.open:
            assert (one.reply() if replies_first else one.request()).startswith("forwarded")
        assert new.loads() == loads, "each flow is counted once"
        clients.go_on(replies_first=replies_first)
        for v in (V4, V6):
            go(new, v, v.to_11, opened(v, 2000)[1])
        moving(new).change()
        clients.go_on(replies_first=not replies_first)
        sources_go_on(new)
        Clients(new, 3000).go_on()


def _marks(one: Program) -> list[np.ndarray[Any, Any]]:
    """The fields `mark` of all entries, by family."""
    found = []
    for name in ("flows4", "flows6"):
        found.append(one.maps[name].array["flow"]["mark"])
    return found


def test_other_fields_of_a_flow_go_with_it(tmp_path: Path, pins: Path) -> None:
    """In an integer that is wider by now."""
    with upgraded("over-both", tmp_path, pins) as (former, new):
        Clients(former)
        count = []
        for marks, name in zip(_marks(former), ("flows4", "flows6"), strict=True):
            used = (former.maps[name].array["meta"] & np.uint64(15)) != 0
            marks[used] = MARK
            count.append(int(used.sum()))
        moving(new).change()
        assert [int((marks == MARK).sum()) for marks in _marks(new)] == count
        assert all(set(np.unique(marks)) == {0, MARK} for marks in _marks(new))


def test_fields_that_are_new_are_nothing(tmp_path: Path, pins: Path) -> None:
    """Also in entries that had something there before."""
    with upgraded("to-a-later-one", tmp_path, pins) as (former, new):
        clients = Clients(former)
        for marks in _marks(new):
            marks[:] = MARK
        moving(new).change()
        for marks, name in zip(_marks(new), ("flows4", "flows6"), strict=True):
            used = (new.maps[name].array["meta"] & np.uint64(15)) != 0
            assert used.sum() >= len(clients.every) // 2
            assert not marks[used].any()
            assert not new.maps[name].array["flow"]["key"]["zone"].any()


def test_a_key_for_which_there_is_no_room_is_told(tmp_path: Path, pins: Path) -> None:
    """A protocol of four bytes that does not fit into one: nobody else has its flow."""
    with upgraded("from-an-earlier-one", tmp_path, pins) as (former, new):
        for sport in (2000, 2001):
            go(former, V4, V4.to_11, *opened(V4, sport))
        sets = former.maps["flows4"].array
        at = np.argwhere(sets["flow"]["key"]["proto"] == 6)[0]
        sets["flow"]["key"]["proto"][tuple(at)] = 0x106
        before = len(all_flows(former))
        moving(new).change()
        assert (moving(new).result.unfit, moving(new).result.copied) == (1, before - 1)
        assert len(all_flows(new)) == before - 1


def left(pins: Path) -> list[str]:
    """The maps that are pinned, sorted."""
    return sorted(path.name.rpartition("-")[0] for path in pins.iterdir())


@pytest.mark.parametrize("end", ["next", "draining", "drained", "half-drained"])
def test_a_crash_on_the_way(end: str, tmp_path: Path, pins: Path) -> None:
    """The next start goes on wherever the pins are, and forgets all that is of the former one."""
    with ExitStack() as stack:
        with EARLIER.sources(tmp_path):
            former = stack.enter_context(program(CAPACITY, pins))
        former.link(FAR)
        former.configure(TEXT, RESOLUTIONS)
        clients, kinds = Clients(former), left(pins)
        before = all_flows(former)
        with program(CAPACITY, pins) as new:
            new.link(FAR)
            moving(new).ready(former.dataplane.program_fd, known=False)
            moving(new).change()
        draining = pins / generation.DRAINING
        if end == "next":
            draining.rename(pins / generation.NEXT)
        elif end != "draining":
            drained = draining.rename(pins / generation.DRAINED)
            for pin in sorted(drained.glob("f*"))[: 3 * (end == "half-drained")]:
                for other in pins.glob(f"{pin.name.rpartition('-')[0]}-*"):
                    other.unlink()
                pin.rename(pins / pin.name)
        again = stack.enter_context(program(CAPACITY, pins))
        again.link(FAR)
        former.configure(TEXT, RESOLUTIONS)  # and ports of bridges forward again
        assert bool(again.maps.converted) == again.maps.moving == ("drained" not in end)
        if again.maps.moving:
            moving(again).ready(former.dataplane.program_fd, known=False)
            moving(again).change()
        assert all_flows(again) == before
        clients.go_through(again)
        clients.go_on()
        if again.maps.moving:
            again.dataplane.moved()
            again.maps.drained()
        assert again.maps.forget_former() > 1
        assert left(pins) == kinds


PROTO = ["proto", "unsigned long long"]


def longer(built: Artifact) -> Artifact:
    """A release's whose keys have a word more, with the protocol in it, and whose hash has a secret
    for as many."""
    maps = dict(built.maps)
    for name, size in (("flows4", 160), ("flows6", 256)):
        kind, (meta, (_, flow, count)), packed = built.maps[name].value
        (_, key), value = flow[1][:2]
        spare = ["reserved", "unsigned int"]
        fields = [*(one for one in key[1] if one[0] not in ("proto", "reserved")), spare, PROTO]
        flow = [flow[0], [["key", [key[0], fields, packed]], value], packed]
        value = [kind, [meta, ["flow", flow, count]], packed]
        maps[name] = replace(built.maps[name], value=value, value_size=size)
    settings = built.maps["flow_settings"]
    fields = [one for one in settings.value[1] if one[0] != "secret"]
    value = ["flow_settings", [*fields, ["secret", "unsigned long long", [13]]], "struct_packed"]
    maps["flow_settings"] = replace(settings, value=value, value_size=settings.value_size + 16)
    return replace(built, maps=maps)


def write_flow(new: Program, v: Family, sport: int, identity: RealId) -> None:
    """An open flow of a client into the former tables, where its key belongs."""
    table = new.maps.former(f"former{v.version}", new.maps.former_sizes(4).sets)
    settings = new.maps.former("former_settings", 1).array[0]
    real = new.applier.installed.reals[identity]
    number = int(new.maps["reals"].array["generation"][real.index]) & 0xFFFF
    key = np.zeros(1, table.value_type["flow"].base["key"])
    words = (np.frombuffer(ip_address(one).packed, "<u4") for one in (v.client, v.vip))
    for name, word in zip(("source", "destination"), words, strict=True):
        if v.version == 4:
            key[f"{name}_be"] = word
        else:
            key[name]["word_be"] = word
    key["source_port_be"] = int.from_bytes(sport.to_bytes(2, "big"), "little")
    key["destination_port_be"] = int.from_bytes((80).to_bytes(2, "big"), "little")
    key["proto"] = 6
    count = key.itemsize // 8
    value, _ = key_hash(key.view("<u8").reshape(1, count), settings["secret"])
    at = int(value[0]) * int(settings["flow_sets"]) >> 32
    expires = (time.monotonic_ns() >> 27) + 5_000
    row = table.array[at]
    slot = int(np.flatnonzero((row["meta"] & np.uint64(15)) == 0)[0])
    row["flow"][slot]["key"] = key[0]
    row["flow"][slot]["value"] = real.index | number << 16
    row["meta"][slot] = expires << 32 | 1 << 16 | (int(value[0]) & 0xFF) << 8 | 8


@pytest.mark.parametrize("copied", [True, False], ids=["copied", "fetched"])
def test_keys_of_another_length(copied: bool, v: Family, pins: Path) -> None:
    """Where they belong is told by as many words as they had, and by their own secret."""
    with closing(MapSet(longer(build()), pins, CAPACITY)) as made:
        made.pin()
    with program(CAPACITY, pins) as new:
        moving(new).ready(None, known=False)
        new.link(FAR)
        found = new.configure(TEXT, RESOLUTIONS)
        ends = [(port, (v.to_11, v.to_12)[port % 2]) for port in range(3000, 3040)]
        for port, to in ends:
            write_flow(new, v, port, found[v.real(11 + (to is v.to_12))])
        if copied:
            moving(new).change()
            assert moving(new).result.copied == len(ends)
        for port, to in ends:
            go(new, v, to, opened(v, port)[1])
        assert len(all_flows(new)) == len(ends)
