# SPDX-License-Identifier: Apache-2.0
"""What can be said and done about an instance without its daemon."""

from __future__ import annotations

import os

from dsrlb.control.state import State
from dsrlb.dataplane import bpf, bpffs
from dsrlb.dataplane.maps import unpin_all
from dsrlb.errors import KernelError
from dsrlb.paths import Paths, for_instance


def _map_ids(paths: Paths) -> set[int]:
    """The ids of the instance's pinned maps, whatever version made them."""
    root = bpffs.locate()
    if root is None:
        return set()
    folder = bpffs.instance_folder(paths.pins, root)
    if not folder.is_dir():
        return set()
    found = set()
    for path in folder.iterdir():
        fd = bpf.get_pinned(path)
        try:
            found.add(bpf.map_info(fd).id)
        finally:
            os.close(fd)
    return found


def remove_pins(paths: Paths) -> list[str]:
    """Remove the instance's pins; returns a line about them, or nothing."""
    root = bpffs.locate()
    if root is None:
        return []
    removed = unpin_all(bpffs.instance_folder(paths.pins, root))
    return [f"{len(removed)} pinned maps in {paths.pins}"] if removed else []


def _attached(paths: Paths) -> list[tuple[str, int]]:
    """Interfaces of this namespace with the instance's program: (name, program id)."""
    from dsrlb.control.attach import is_ours
    from dsrlb.net.links import list_links

    ids = _map_ids(paths)
    return [
        (link.name, link.xdp_program)
        for link in list_links().values()
        if link.xdp_program is not None and ids and is_ours(link.xdp_program, ids)
    ]


def describe(instance: str) -> str:
    """Say whether traffic still flows although no daemon answers."""
    try:
        attached = _attached(for_instance(instance))
    except (KernelError, OSError) as error:
        return f"whether traffic flows cannot be told: {error}"
    if not attached:
        return "nothing of it is attached here: no traffic is balanced; start it: dsrlb run"
    places = ", ".join(f"{name} (program {number})" for name, number in attached)
    return f"traffic still flows: attached to {places}; `dsrlb run` takes over"


def detach(instance: str) -> list[str]:
    """Take the program off all interfaces of this namespace and remove the pins.

    Returns what was removed. Raises StateError while a daemon runs, KernelError when the kernel
    refuses.
    """
    from dsrlb.control.announce import leave_groups
    from dsrlb.control.attach import restore_features
    from dsrlb.net import xdp
    from dsrlb.net.links import list_links

    paths = for_instance(instance)
    state = State(paths)
    state.lock()
    present = list_links()
    done = []
    for name, number in _attached(paths):
        xdp.detach(present[name])
        done.append(f"XDP program {number} on {name}")
    leave_groups(state)
    for name in list(state.features()):
        if name in present:
            restore_features(state, name)
            done.append(f"offloads of {name} restored")
    return done + remove_pins(paths)
