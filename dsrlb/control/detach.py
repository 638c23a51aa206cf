# SPDX-License-Identifier: Apache-2.0
"""Take the program, and what it changed, off every interface of this network namespace."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dsrlb.control.announce import leave_groups
from dsrlb.control.attach import is_ours, restore_features
from dsrlb.control.state import State
from dsrlb.dataplane import bpf
from dsrlb.dataplane.loader import PROGRAM
from dsrlb.errors import NetError
from dsrlb.net import xdp
from dsrlb.net.links import Link, list_links


def attached(maps: set[int], others: set[int] | None = None) -> Iterator[tuple[Link, int]]:
    """Yield (interface, program id) where the program uses one of ``maps``.

    With ``others``, the maps that are pinned by any instance: also where a program of ours uses
    none of them. Nothing takes that one over any more.
    """
    for link in list_links().values():
        number = link.xdp_program
        if number is None:
            continue
        if is_ours(number, maps) or (others is not None and _is_orphan(number, others)):
            yield link, number


def _is_orphan(program_id: int, pinned: set[int]) -> bool:
    try:
        fd = bpf.prog_fd_by_id(program_id)
    except FileNotFoundError:
        return False
    try:
        return bpf.prog_info(fd).name == PROGRAM and not bpf.prog_map_ids(fd) & pinned
    finally:
        os.close(fd)


def everywhere(state: State, maps: set[int], others: set[int] | None = None) -> list[str]:
    """Detach wherever attached() finds the program, restore offloads, leave groups.

    Returns what was done, line by line. Raises NetError when a program could not be detached;
    everything else has been done then.
    """
    done, failed = [], []
    for link, number in attached(maps, others):
        try:
            xdp.detach(link)
        except NetError as error:
            failed.append(error.message)
        else:
            done.append(f"XDP program {number} on {link.name}")
    present = list_links()
    for name in list(state.features()):
        if name not in present:
            continue
        try:
            restore_features(state, name)
        except NetError as error:
            done.append(f"offloads of {name} not restored: {error.message}")
        else:
            done.append(f"offloads of {name} restored")
    leave_groups(state)
    if failed:
        raise NetError("; ".join(failed))
    return done
