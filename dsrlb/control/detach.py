# SPDX-License-Identifier: Apache-2.0
"""Take the program, and what it changed, off every interface of this network namespace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsrlb.control.state import State
from dsrlb.dataplane.artifact import FIRST
from dsrlb.dataplane.programs import is_orphan, is_ours
from dsrlb.errors import NetError
from dsrlb.net import features, veth, xdp
from dsrlb.net.links import Link, list_links, set_group
from dsrlb.paths import Paths


def attached(maps: set[int], others: set[int] | None = None) -> Iterator[tuple[Link, int]]:
    """Yield (interface, program id) where the program uses one of ``maps``.

    With ``others``, the maps that are pinned by any instance: also where a program of ours uses
    none of them. Nothing takes that one over any more.
    """
    for link in list_links().values():
        number = link.xdp_program
        if number is None:
            continue
        if is_ours(number, maps) or (others is not None and is_orphan(number, FIRST, others)):
            yield link, number


def everywhere(
    paths: Paths, state: State, maps: set[int], others: set[int] | None = None
) -> list[str]:
    """Detach wherever attached() finds the program, restore offloads, leave groups, and remove what
    probes leave by.

    Returns what was done, line by line. Raises NetError when a program could not be detached: its
    interface keeps its offloads and groups then, and all others are done.
    """
    done, failed = [], {}
    for link, number in attached(maps, others):
        try:
            xdp.detach(link)
        except NetError as error:
            failed[link.name] = error.message
        else:
            done.append(f"XDP program {number} on {link.name}")
    try:
        done += veth.remove(paths.instance)
    except NetError as error:
        failed["probes"] = error.message
    present = list_links().keys() - failed.keys()
    for name in list(state.features()):
        if name not in present:
            continue
        try:
            restore_features(state, name)
        except NetError as error:
            done.append(f"offloads of {name} not restored: {error.message}")
        else:
            done.append(f"offloads of {name} restored")
    if failed:
        raise NetError("; ".join(failed.values()))
    leave_groups(state)
    return done + state.damage


def restore_features(state: State, name: str, present: str = "") -> None:
    """Put the offloads of an interface back as they were before dsrlb. ``present``: its name now,
    if it was renamed."""
    saved = state.features()
    before = saved.pop(name, None)
    if before:
        features.change(present or name, before)
        state.save_features(saved)


def leave_groups(state: State, keep: Sequence[tuple[str, str]] = ()) -> None:
    """Leave every (interface, group) that was joined, but for those in ``keep``."""
    before = state.groups()
    if before == list(keep):
        return  # the usual case writes nothing
    for name, mac in set(before) - set(keep):
        set_group(name, mac, member=False)
    state.save_groups(keep)
