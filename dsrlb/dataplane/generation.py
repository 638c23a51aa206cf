# SPDX-License-Identifier: Apache-2.0
"""Flow tables that take the place of others of another size or layout: which maps that is about,
and where their pins are until all flows are in them.

 next/      being pinned; nobody uses them yet, and a start that finds them removes them
 draining/  complete, and programs that use them may run; a start that finds them goes on
 drained/   all flows are in them: their pins are about to take the place of the former ones

Each step from one to the next is one rename, so that a crash leaves either.
"""

from __future__ import annotations

from pathlib import Path

from dsrlb.dataplane.flowsettings import CACHES, SETTINGS, TABLES, TRACES

NEXT, DRAINING, DRAINED = "next", "draining", "drained"
ONWARD, MOVED = "onward", "moved"
CARRIED = {"carried4": "former4", "carried6": "former6"}
"""What was copied of each entry of a former table."""
EXTRA = frozenset({ONWARD, MOVED, *CARRIED})
"""Maps that are there only while flows move (ebpf/former.h)."""
MADE_ANEW = (
    TABLES
    | CACHES
    | EXTRA
    | {SETTINGS, TRACES, "spills", "inserts", "pressure", "flow_changes"}
    | {"fragments", "timings", "stages"}
)
"""What says where in the tables a flow is, or what goes by that; stages: programs of these maps."""
FORMER = {
    "former4": "flows4",
    "former6": "flows6",
    "former_settings": SETTINGS,
    "former_spills": "spills",
}
"""What the programs that move flows call the maps of the former tables."""
_REPLACED = MADE_ANEW - EXTRA - CACHES - {"stages"}
"""Of these no pin of another layout is of use then; of others each release has its own."""


def _remove(folder: Path) -> None:
    for pin in folder.iterdir():
        pin.unlink()
    folder.rmdir()


def tidy(folder: Path) -> None:
    """Bring to its end what an earlier daemon has left half done, or forget it."""
    if (folder / NEXT).is_dir():
        _remove(folder / NEXT)
    if (folder / DRAINED).is_dir():
        for pin in (folder / DRAINED).iterdir():
            name = pin.name.rpartition("-")[0]
            if name in EXTRA:
                pin.unlink()
                continue
            if name in _REPLACED:
                _remove_others(folder, name)
            pin.replace(folder / pin.name)
        (folder / DRAINED).rmdir()


def _remove_others(folder: Path, name: str) -> None:
    """Remove what the place of a map's pin is taken of."""
    for pin in list(folder.iterdir()):
        if pin.name.rpartition("-")[0] == name:
            pin.unlink()


def forget(folder: Path) -> None:
    """Remove tables that no program uses. What a crash leaves of them the next start removes: it
    would go on with ``draining/``, for which all of it has to be there."""
    if (folder / NEXT).is_dir():
        _remove(folder / NEXT)
    if (folder / DRAINING).is_dir():
        _remove((folder / DRAINING).rename(folder / NEXT))


def drained(folder: Path) -> None:
    """All flows are in the new tables: their pins become the pins."""
    (folder / DRAINING).rename(folder / DRAINED)
    tidy(folder)


def files_in(folder: Path) -> list[Path]:
    """The pins in an instance's folder, those of tables on their way included. Another instance's
    may go meanwhile; a folder that is not there has none."""
    found = []
    for path in _entries(folder):
        found += _entries(path) if path.is_dir() else [path]
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
