# SPDX-License-Identifier: Apache-2.0
"""What can be said and done about an instance without its daemon."""

from __future__ import annotations

import os
from pathlib import Path

from dsrlb.control.state import State
from dsrlb.dataplane import bpf, bpffs
from dsrlb.dataplane.generation import files_in
from dsrlb.dataplane.maps import unpin_all
from dsrlb.errors import KernelError
from dsrlb.observe.holder import busy, holder
from dsrlb.paths import Paths, for_instance


def _map_ids(folder: Path) -> set[int]:
    """The ids of the maps pinned in a folder, whatever version made them. Another instance's may
    go meanwhile."""
    found = set()
    for path in files_in(folder):
        try:
            fd = bpf.get_pinned(path)
        except FileNotFoundError:
            continue
        try:
            found.add(bpf.map_info(fd).id)
        finally:
            os.close(fd)
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _own_map_ids(paths: Paths) -> set[int]:
    root = bpffs.locate()
    return _map_ids(bpffs.instance_folder(paths.pins, root)) if root else set()


def _all_map_ids(paths: Paths) -> set[int]:
    """The ids of the maps of every instance."""
    root = bpffs.locate()
    if root is None:
        return set()
    folder = bpffs.instance_folder(paths.pins, root).parent
    return set().union(*(_map_ids(instance) for instance in _entries(folder)))


def pinned(paths: Paths) -> bool:
    """Are maps of the instance there, so that something may run?"""
    root = bpffs.locate()
    folder = bpffs.instance_folder(paths.pins, root) if root is not None else None
    return folder is not None and folder.is_dir() and any(folder.iterdir())


def remove_pins(paths: Paths) -> list[str]:
    """Remove the instance's pins, and the folder of all instances behind the last one's; returns a
    line about them, or nothing."""
    root = bpffs.locate()
    if root is None:
        return []
    folder = bpffs.instance_folder(paths.pins, root)
    removed = unpin_all(folder)
    bpffs.remove_parent(folder)
    return [f"{len(removed)} pinned maps in {paths.pins}"] if removed else []


def describe(instance: str) -> str:
    """Say whether traffic still flows although no daemon answers, or that one is about to."""
    from dsrlb.control.detach import attached
    from dsrlb.net import veth

    if (process := holder(for_instance(instance))) is not None:
        return busy(process)
    try:
        pair = veth.find(instance)
        probes = pair.balancer.ifindex if pair else 0
        found = [
            (link, number)
            for link, number in attached(_own_map_ids(for_instance(instance)))
            if link.ifindex != probes
        ]
    except (KernelError, OSError) as error:
        return f"whether traffic flows cannot be told: {error}"
    if not found:
        return "nothing of it is attached here: no traffic is balanced; start it: dsrlb run"
    places = ", ".join(f"{link.name} (program {number})" for link, number in found)
    return f"traffic still flows: attached to {places}; `dsrlb run` takes over"


def detach(instance: str) -> list[str]:
    """Take the program off all interfaces of this namespace and remove the pins.

    Also a program whose pins are gone, which no instance can take over. Returns what was removed.
    Raises StateError while a daemon runs, KernelError when the kernel refuses.
    """
    from dsrlb.control.detach import everywhere

    paths = for_instance(instance)
    state = State(paths)
    state.lock()
    done = everywhere(paths, state, _own_map_ids(paths), _all_map_ids(paths))
    return done + remove_pins(paths)
