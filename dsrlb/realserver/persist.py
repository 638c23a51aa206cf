# SPDX-License-Identifier: Apache-2.0
"""Have a setup done again at boot, say whether it will be, and no longer.

A unit is enabled by its link, as `systemctl enable` does it; so that works as well where systemd
does not run now. It is not started: what it does has been done.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsrlb import paths
from dsrlb.errors import StateError
from dsrlb.realserver import units
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.request import Request
from dsrlb.realserver.steps import Command, IPAddress, Step
from dsrlb.realserver.units import Found, Unit

_NAME = "at boot"
_RELOAD = Command(("systemctl", "daemon-reload"))
_ELSEWHERE = "this network namespace is not process 1's, which systemd's units are started in"


@dataclass(frozen=True, slots=True)
class Write:
    """Write a unit, and enable it (or leave it as it is)."""

    unit: Unit
    enable: bool = True

    def shell(self) -> str:
        """The commands that do the same, on one line."""
        name = self.unit.name
        escaped = self.unit.text.replace("\\", "\\\\").replace("%", "%%").replace("\n", "\\n")
        path, link = units.folder() / name, units.link(name)
        write = f"printf {shlex.quote(escaped)} >{shlex.quote(str(path))}"
        if not self.enable:
            return write
        folder, target = shlex.quote(str(link.parent)), shlex.quote(str(link))
        return f"mkdir -p {folder} && {write} && ln -sfn ../{name} {target}"

    def prepare(self) -> None:
        """See that it can be written. Raises StateError."""
        for folder in (units.folder(), units.link(self.unit.name).parent):
            _writable(folder)

    def run(self) -> None:
        """Do it. Raises StateError."""
        path, link = units.folder() / self.unit.name, units.link(self.unit.name)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_text(self.unit.text)
            temporary.chmod(0o644)
            os.replace(temporary, path)
            if self.enable and not os.path.lexists(link):
                link.symlink_to(f"../{path.name}")
        except OSError as error:
            raise StateError(f"{path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Remove:
    """Disable a unit; ``file``: and remove it."""

    name: str
    file: bool = True

    def shell(self) -> str:
        """The command that does the same."""
        paths = [units.link(self.name), *([units.folder() / self.name] if self.file else [])]
        return shlex.join(["rm", "-f", *map(str, paths)])

    def prepare(self) -> None:
        """See that it can be removed. Raises StateError."""
        _writable(units.folder())

    def run(self) -> None:
        """Do it. Raises StateError."""
        link = units.link(self.name)
        try:
            link.unlink(missing_ok=True)
            if self.file:
                (units.folder() / self.name).unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{link}: {error.strerror}") from error
        with suppress(OSError):  # other units are in it
            link.parent.rmdir()


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        hint = "run as root" if isinstance(error, PermissionError) else "units are kept there"
        raise StateError(f"{folder}: {error.strerror}", hint=hint) from error


def _reload() -> tuple[Step, ...]:
    return (_RELOAD,) if paths.systemd_runs() else ()


def pieces(request: Request, *, wanted: bool) -> list[Piece]:
    """Whether this setup is done at boot, and what makes it so. ``wanted``: it has to be; else it
    may not be at all, but not otherwise. Raises StateError."""
    if not units.of_this_host():
        return [Piece(_NAME, False, _ELSEWHERE, (), "set it up there")] if wanted else []
    if request.idle:
        return [Piece(_NAME, True, "there is nothing to do")]
    unit, found = Unit.of(request), units.read()
    alike = [one for one in found if _rivals(one, unit)]
    if not alike and not wanted:
        return [Piece(_NAME, True, "nothing (setup --persist)")]
    wrong = _wrong(unit, alike)
    if not wrong:
        return [Piece(_NAME, True, ", ".join(one.name for one in alike))]
    should = f"{unit.name}, enabled, with {unit.arguments}"
    blocked = _blocked(unit, alike, found)
    if blocked:
        advice = "it is not as setup wrote it: remove it (systemctl edit keeps changes apart)"
        return [Piece(_NAME, False, wrong, (), f"{units.folder() / blocked}: {advice}", should)]
    return [Piece(_NAME, False, wrong, (*_changes(unit, alike), *_reload()), wanted=should)]


def notes(steps: Iterable[Step]) -> tuple[str, ...]:
    """What there is to say about units that are written."""
    written = [step for step in steps if isinstance(step, Write) and step.enable]
    names = ", ".join(step.unit.name for step in written)
    if not names:
        return ()
    if paths.systemd_runs():
        return (f"{names}: enabled, for the next boot",)
    return (f"{names}: systemd does not run now, enabled by its link for when it starts",)


def _rivals(one: Found, unit: Unit) -> bool:
    """Are some of the VIPs in a unit that is there?"""
    return (
        one.unit is not None
        and one.unit.kind == unit.kind
        and not set(one.unit.vips).isdisjoint(unit.vips)
    )


def _wrong(unit: Unit, alike: Iterable[Found]) -> str:
    """What the units that are there do not do of what ``unit`` does; or ""."""
    missing = list(unit.vips)
    for one in alike:
        assert one.unit is not None
        if one.unit.options != unit.options:
            return f"{one.name} does {one.unit.arguments}"
        if not one.enabled:
            return f"{one.name} is not enabled"
        if shutil.which(one.unit.program) is None:
            return f"{one.name}: there is no program {one.unit.program}"
        missing = [vip for vip in missing if vip not in one.unit.vips]
    return f"no unit for {', '.join(map(str, missing))}" if missing else ""


def _blocked(unit: Unit, alike: Sequence[Found], found: Iterable[Found]) -> str:
    """The name of a file that would have to go and is somebody else's work; or ""."""
    rests = (one.unit.without(unit.vips) for one in alike if one.unit)
    names = {unit.name, *(one.name for one in alike), *(rest.name for rest in rests if rest)}
    return next((one.name for one in found if one.name in names and not one.intact), "")


def _changes(unit: Unit, alike: Sequence[Found]) -> list[Step]:
    """``unit`` gets its VIPs from the others, which keep the rest."""
    return _rewritten([(one, one.unit.without(unit.vips)) for one in alike if one.unit], unit)


def _rewritten(now: Iterable[tuple[Found, Unit | None]], unit: Unit | None = None) -> list[Step]:
    """Units get another content, or go. What is new comes first: an interruption leaves a VIP in
    two units, never in none."""
    now = list(now)
    writes = [Write(rest, enable=one.enabled) for one, rest in now if rest]
    writes += [Write(unit)] if unit else []
    written = {write.unit.name for write in writes}
    return [*writes, *(Remove(one.name) for one, _ in now if one.name not in written)]


def undoing(methods: Collection[str], vips: Collection[IPAddress]) -> tuple[list[Step], list[str]]:
    """The steps after which these VIPs (none: all) by these methods are not set up at boot, and
    words on what is left. Raises StateError."""
    steps: list[Step] = []
    notes: list[str] = []
    if not units.of_this_host():
        return steps, notes
    for one in units.read():
        if one.unit is None:
            if not vips:
                notes.append(f"{one.name} is not of setup's making: left")
            continue
        if one.unit.method not in methods:
            continue
        rest = one.unit.without(vips or one.unit.vips)
        if rest == one.unit:
            continue
        if one.intact:
            steps += _rewritten([(one, rest)])
        elif one.enabled:
            steps.append(Remove(one.name, file=False))
            others = f" (it had {', '.join(map(str, rest.vips))} as well)" if rest else ""
            notes.append(f"{one.name} was changed by hand: disabled{others}, and the file left")
    return [*steps, *(_reload() if steps else ())], notes
