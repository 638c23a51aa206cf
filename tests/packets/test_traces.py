# SPDX-License-Identifier: Apache-2.0
"""Traces: what every flow leaves in a bitmap, and what a SYN goes by (ebpf/flow_trace.h)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dsrlb.control.flows.keeper import FlowKeeper
from dsrlb.control.flows.traces import TraceBitmaps
from dsrlb.dataplane.flowhash import traces
from dsrlb.dataplane.flowtable import Part
from dsrlb.observe.events import EventLog
from tests.packets.cases import flows as f
from tests.packets.harness import Program
from tests.packets.steps import A, config, forwarded, states


class Traced:
    """One family's bitmaps, and packets of a flow of it."""

    def __init__(self, program: Program, ipv6: bool) -> None:
        self._program, self._ipv6 = program, ipv6
        self.settings = program.maps["flow_settings"].array[0]
        self.bitmaps = program.maps["traces"].array.reshape(4, -1)[2 * ipv6 : 2 * ipv6 + 2]
        self.tables = FlowKeeper(program.dataplane, EventLog()).tables
        self.syn, self.ack = (f.SYN6, f.ACK6) if ipv6 else (f.SYN, f.ACK)

    def send(self, packet: Any) -> None:
        """To the first real server, where it must arrive."""
        head, to = (f.TO_BALANCER6, f.TO6_11) if self._ipv6 else (f.TO_BALANCER, f.TO_11)
        forwarded(self._program, packet, to, head=head)

    def needed(self) -> npt.NDArray[np.uint64]:
        """The bits of all entries, of both tables."""
        table = self.tables[self._ipv6]
        everything = Part(False, 0, table.sizes.sets)
        kinds = table.abi.kinds(table.metas(everything))
        places = table.entries(everything, np.flatnonzero(table.abi.in_use()[kinds]))
        bits = np.zeros(self.bitmaps.shape[1], np.uint64)
        for word, trace in zip(
            *traces(table.key_words(places), self.settings["secret"], len(bits)), strict=True
        ):
            bits[word] |= trace
        return bits

    def states(self) -> dict[str, list[str]]:
        return {name[:-1]: found for name, found in states(self._program).items()}


@pytest.fixture(params=[False, True], ids=["ipv4", "ipv6"])
def traced(program: Program, request: pytest.FixtureRequest) -> Traced:
    program.configure(config(A))
    program.maps["traces"].array[:] = 0
    found = Traced(program, request.param)
    found.settings["trace_active"] = found.settings["trace_filling"] = 0
    return found


@pytest.mark.parametrize("active", [0, 1])
def test_a_flow_leaves_a_trace(traced: Traced, active: int) -> None:
    """Before it is opened as behind that; in the bitmap that look-ups go by."""
    traced.settings["trace_active"] = active
    traced.send(traced.syn)
    for _ in range(2):
        assert traced.needed().any()
        assert (traced.bitmaps[active] == traced.needed()).all()
        assert not traced.bitmaps[1 - active].any()
        traced.send(traced.ack)
    assert traced.states() == {"flows": ["open"]}


@pytest.mark.parametrize("active", [0, 1])
def test_both_bitmaps_while_one_is_made(traced: Traced, active: int) -> None:
    traced.settings["trace_active"], traced.settings["trace_filling"] = active, 1
    traced.send(traced.syn)
    assert traced.needed().any()
    assert (traced.bitmaps == traced.needed()).all()


def test_an_opened_flow_leaves_a_trace(traced: Traced) -> None:
    """A bitmap that is made meanwhile need not have had the pending one's."""
    traced.send(traced.syn)
    traced.bitmaps[:] = 0
    traced.send(traced.ack)
    assert traced.needed().any()
    assert (traced.bitmaps[0] == traced.needed()).all()


def test_a_syn_goes_by_traces(traced: Traced) -> None:
    """Without one it begins a flow; with one it is looked for. Half a trace is none."""
    traced.send(traced.syn)
    traced.send(traced.ack)
    traced.send(traced.syn)
    assert traced.states() == {"flows": ["open"]}
    word = int(np.flatnonzero(traced.bitmaps[0])[0])
    traced.bitmaps[0, word] &= traced.bitmaps[0, word] - np.uint64(1)
    traced.send(traced.syn)
    assert traced.states() == {"flows": ["open"], "pending": ["pending"]}


def test_other_packets_do_not(traced: Traced) -> None:
    traced.send(traced.syn)
    traced.bitmaps[:] = 0
    traced.send(traced.ack)
    traced.bitmaps[:] = 0
    traced.send(traced.ack)
    assert traced.states() == {"flows": ["open"]}


def test_a_rebuild(program: Program, traced: Traced) -> None:
    """Nothing is forgotten, also what comes meanwhile, and nothing else is kept."""
    now = 100.0
    rebuilt = TraceBitmaps(program.maps, traced.tables, lambda: now)
    traced.bitmaps[:] = np.uint64(2**64 - 1)
    traced.send(traced.syn)
    assert not rebuilt.step([1, 1], program.dataplane.reaper)
    assert not traced.bitmaps[1].any()
    traced.send(traced.ack)
    now += 2
    assert rebuilt.step([1, 1], program.dataplane.reaper)
    assert rebuilt.active == 1
    assert (traced.bitmaps[1] == traced.needed()).all()
    traced.send(traced.syn)
    assert traced.states() == {"flows": ["open"]}
    now += 2
    rebuilt.step([1, 1], program.dataplane.reaper)
    assert not rebuilt.rebuilding


def test_a_rebuild_beside_an_insert(program: Program, traced: Traced) -> None:
    """An entry that is BUSY when it is scanned may become what it was: its key is not forgotten."""
    now = 100.0
    rebuilt = TraceBitmaps(program.maps, traced.tables, lambda: now)
    traced.bitmaps[:] = np.uint64(2**64 - 1)
    traced.send(traced.syn)
    traced.send(traced.ack)
    assert not rebuilt.step([1, 1], program.dataplane.reaper)
    now += 2
    with program.tables.busy():
        assert rebuilt.step([1, 1], program.dataplane.reaper)
    traced.send(traced.syn)
    assert traced.states() == {"flows": ["open"]}
