# SPDX-License-Identifier: Apache-2.0
"""Programs that are attached already: whose they are. They may be gone at any moment."""

from __future__ import annotations

import os

from dsrlb.dataplane import bpf


def program_fd(number: int | None) -> int | None:
    """A descriptor of a program by its id, which keeps it alive; None when there is none."""
    if number is None:
        return None
    try:
        return bpf.prog_fd_by_id(number)
    except FileNotFoundError:
        return None


def program_name(number: int) -> str:
    """What a program is called, for people."""
    fd = program_fd(number)
    if fd is None:
        return "just gone"
    try:
        return bpf.prog_info(fd).name or "without a name"
    finally:
        os.close(fd)


def is_ours(number: int | None, maps: set[int]) -> bool:
    """Does the program use one of these maps (by id)?"""
    fd = program_fd(number)
    if fd is None:
        return False
    try:
        return bool(bpf.prog_map_ids(fd) & maps)
    finally:
        os.close(fd)


def is_orphan(number: int | None, name: str, pinned: set[int]) -> bool:
    """Is it a program of this name that uses none of the maps that are pinned?"""
    fd = program_fd(number)
    if fd is None:
        return False
    try:
        return bpf.prog_info(fd).name == name and not bpf.prog_map_ids(fd) & pinned
    finally:
        os.close(fd)
