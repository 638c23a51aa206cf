# SPDX-License-Identifier: Apache-2.0
"""A start on a host where the program of another release runs, or one whose flow tables are of
another size or layout than they are to be.

Packets go through the old program, its stages and its private maps until the new one takes its
place on an interface, in one step. So the new one has all of its stages before it is attached, and
the old one's are forgotten when it is attached nowhere any more. Configuration and counters are in
maps that both have, and so are flows, unless they have to move (dataplane/moving.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dsrlb.config import Config
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import FIRST
from dsrlb.dataplane.loader import Dataplane
from dsrlb.dataplane.mapnames import STAGES
from dsrlb.dataplane.programs import is_ours, program_fd, program_name
from dsrlb.net import links, xdp
from dsrlb.observe.events import EventLog

if TYPE_CHECKING:
    from dsrlb.dataplane.copies import Moved

_FRONT = "dsrlb_front"


@contextmanager
def _running(map_ids: set[int]) -> Iterator[int | None]:
    """The descriptor of a first program of this instance that is on an interface, or None."""
    for link in links.list_links().values():
        number = link.xdp_program
        if number is None or not is_ours(number, map_ids):
            continue
        fd = program_fd(number) if program_name(number) == FIRST else None
        if fd is not None:
            try:
                yield fd
            finally:
                os.close(fd)
            return
    yield None


def _in_front(map_ids: set[int]) -> bool:
    """Is the program in front on an interface?"""
    return any(
        link.xdp_program is not None
        and is_ours(link.xdp_program, map_ids)
        and program_name(link.xdp_program) == _FRONT
        for link in links.list_links().values()
    )


def before_attaching(dataplane: Dataplane, map_ids: set[int]) -> None:
    """Put in place what the program needs from its first packet on. Raises CompileError or
    LoadError."""
    if not dataplane.maps.renewed:
        dataplane.prepare()
        return
    dataplane.complete()  # also what the configuration of before needs: it is in the maps yet
    if dataplane.moving is not None:
        in_front = _in_front(map_ids)
        with _running(map_ids) as former:
            dataplane.moving.ready(former, known=in_front)


def attached(dataplane: Dataplane) -> None:
    """The program is on all interfaces: where flows move, let packets go by the new tables. Raises
    KernelError."""
    if dataplane.moving is not None:
        dataplane.moving.change()


def _runs(dataplane: Dataplane) -> bool:
    """Does a program of this release, and of these tables, run on an interface?"""
    own = {bpf.map_info(dataplane.maps.fd(STAGES)).id}
    if dataplane.maps.moving:
        own.add(bpf.map_info(dataplane.maps.fd("flows4")).id)
    return any(is_ours(link.xdp_program, own) for link in links.list_links().values())


def finish(dataplane: Dataplane, map_ids: set[int], events: EventLog) -> None:
    """Everything runs: forget what only the program of before had. Raises NetError."""
    if dataplane.moving is not None:
        _take_the_front_off(dataplane, map_ids, events)
    if dataplane.maps.forget_former():
        events.add("start", "took the place of another version's program")


def _take_the_front_off(dataplane: Dataplane, map_ids: set[int], events: EventLog) -> None:
    """All flows have moved: the first program itself onto every interface."""
    assert dataplane.moving is not None
    result, window = dataplane.moving.result, dataplane.moving.window
    capacity = dataplane.maps.capacity
    dataplane.moved()
    for link in links.list_links().values():
        old = program_fd(link.xdp_program)
        if old is None:
            continue
        try:
            mine = is_ours(link.xdp_program, map_ids) and bpf.prog_info(old).name == _FRONT
            if mine and link.xdp_mode:
                xdp.attach(link, dataplane.program_fd, link.xdp_mode, old)
        finally:
            os.close(old)
    dataplane.maps.drained()
    tell_moved(result, window, capacity, events)


def tell_moved(result: Moved, window: float, capacity: int, events: EventLog) -> None:
    """Say what has become of the flows, and which of them are lost. ``window``: in seconds."""
    message = (
        f"{result.copied:,} flows moved into tables for {capacity:,} "
        f"({1000 * window:.0f} ms between the last look at the former ones and the end)"
    )
    events.add("start", message)
    if result.unfit:
        message = f"{result.unfit:,} flows said more than this version keeps of one, and are lost"
        events.add("start", message, "error")
    if result.crowded:
        message = (
            f"{result.crowded:,} entries more than tables for {capacity:,} flows are rated for: "
            "where there is no room, some give way to others"
        )
        events.add("start", message, "error")


def tell_capacity(dataplane: Dataplane, config: Config, events: EventLog) -> None:
    """Say where the tables are not yet as large as they are to be."""
    wanted, running = config.balancer.flow_capacity, dataplane.maps.capacity
    if wanted != running:
        message = f"the flow tables hold {running:,} flows; {wanted:,} from the daemon's next start"
        events.add("apply", message, "warning")


def give_up(dataplane: Dataplane) -> None:
    """The start failed: leave nothing behind that the program of before would not know, unless it
    has been replaced already."""
    if dataplane.maps.renewed and not _runs(dataplane):
        dataplane.maps.take_back()
