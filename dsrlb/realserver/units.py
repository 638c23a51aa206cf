# SPDX-License-Identifier: Apache-2.0
"""A setup that is done again at every boot: its systemd unit as text, and read back.

The unit of a setup is named by the method (dscp: and the code) and its first VIP. Each VIP is in
one unit of a method (and code) at most: the last setup that was to persist counts.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from dsrlb import paths
from dsrlb.errors import StateError
from dsrlb.realserver.namespaces import identity, outermost
from dsrlb.realserver.request import L3DSR, Request
from dsrlb.realserver.steps import IPAddress

PREFIX = "dsrlb-real-server-"
_COMMAND = ("real-server", "setup")
_PLAIN = re.compile(r"[\w@%+=:,./$-]+", re.ASCII)
# nftables.service first: loading a ruleset takes our table along with all others.
_BODY = """\
[Unit]
Description=dsrlb real server: {what}
Documentation=man:dsrlb(8)
Wants=network-online.target
After=network-online.target nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={command}
# No ExecStop=: stopping or restarting this must not cut clients off, and a shutdown takes back
# everything by itself. `dsrlb real-server undo` is the way back, and removes this file, too.

[Install]
WantedBy=multi-user.target
"""
_FIRST = (
    "# Made by `dsrlb real-server setup --persist` ({digest}). Changes of yours: systemctl edit\n"
)


def folder() -> Path:
    """Where units of the host's administrator are."""
    return paths.systemd_units()


def link(name: str) -> Path:
    """What has systemd start a unit at boot."""
    return folder() / "multi-user.target.wants" / name


def of_this_host() -> bool:
    """Is this the network namespace that units are started in, process 1's?"""
    return identity(Path("/proc/self/ns/net")) == outermost()


def program() -> str:
    """The absolute path of the program dsrlb, a link to it as it is. Raises StateError."""
    called = sys.argv[0] if Path(sys.argv[0]).name == "dsrlb" else ""
    found = shutil.which(called) or shutil.which(str(Path(sys.executable).with_name("dsrlb")))
    if found is None:
        raise StateError("where the program dsrlb is cannot be told", hint="call it by its path")
    return str(Path(found).absolute())


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit sets up. ``options``: the words of `setup` but for ``--vip``."""

    program: str
    options: tuple[str, ...]
    vips: tuple[IPAddress, ...]

    @classmethod
    def of(cls, request: Request) -> Unit:
        """Exactly this setup. Raises StateError."""
        l3dsr = request.method in L3DSR
        words = ["--mode", "l3dsr" if l3dsr else request.method]
        words += ["--method", request.method] if l3dsr else []
        words += ["--dscp", str(request.dscp)] if request.dscp else []
        words += ["--gue-port", str(request.gue_port)] if request.gue_port else []
        for address in sorted(request.addresses, key=str):
            words += ["--address", str(address)]
        words += ["--mss", str(request.mss)] if request.mss else []
        words += ["--interface", request.interface] if request.interface else []
        for gateway in sorted(request.gateways, key=str):
            words += ["--gateway", str(gateway)]
        return cls(program(), tuple(words), request.vips)

    @classmethod
    def read(cls, text: str) -> Unit:
        """From a unit's text. Raises ValueError for one of another make."""
        (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
        program, *words = (_plain(word) for word in shlex.split(command))
        if tuple(words[:2]) != _COMMAND or len(words) % 2:
            raise ValueError(command)
        pairs = list(zip(words[2::2], words[3::2], strict=True))
        options = [word for pair in pairs if pair[0] != "--vip" for word in pair]
        vips = tuple(ip_address(value) for key, value in pairs if key == "--vip")
        unit = cls(program, tuple(options), vips)
        if not vips or not unit.method:
            raise ValueError(command)
        return unit

    def _option(self, key: str) -> str:
        return dict(zip(self.options[::2], self.options[1::2], strict=True)).get(key, "")

    @property
    def method(self) -> str:
        """As in a request."""
        return self._option("--method") or self._option("--mode")

    @property
    def kind(self) -> str:
        """Setups of one kind take VIPs from one another; those of different kinds add up."""
        code = self._option("--dscp")
        return f"{self.method}-{code}" if code else self.method

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{PREFIX}{self.kind}-{self.vips[0]}.service"

    @property
    def arguments(self) -> str:
        """What `dsrlb` is told, but for the VIPs."""
        return shlex.join((*_COMMAND, *self.options))

    @property
    def text(self) -> str:
        """The file's content."""
        vips = [word for vip in self.vips for word in ("--vip", str(vip))]
        command = " ".join(map(_quoted, (self.program, *_COMMAND, *self.options, *vips)))
        what = f"{self.kind.replace('-', ' ')} {', '.join(map(str, self.vips))}"
        body = _BODY.format(what=what, command=command)
        return _FIRST.format(digest=_digest(body)) + body

    def without(self, vips: Iterable[IPAddress]) -> Unit | None:
        """What is left, if anything, when others have these VIPs."""
        left = tuple(vip for vip in self.vips if vip not in set(vips))
        return replace(self, vips=left) if left else None


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _quoted(word: str) -> str:
    """As systemd reads words (systemd.service(5): specifiers, variables, quotes)."""
    word = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return word
    return '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))


def _plain(word: str) -> str:
    return word.replace("$$", "$").replace("%%", "%")


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a name of ours. ``unit``: None, it is of another make; ``intact``: as setup wrote
    it; ``enabled``: it is started at boot."""

    name: str
    unit: Unit | None
    intact: bool
    enabled: bool


def read() -> list[Found]:
    """All units of ours on this host. Raises StateError."""
    return [_read(path) for path in sorted(folder().glob(f"{PREFIX}*.service"))]


def _read(path: Path) -> Found:
    try:
        text = path.read_text(errors="replace")  # others may have written what is no UTF-8
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error
    first, _, body = text.partition("\n")
    try:
        unit = Unit.read(text)
    except ValueError:
        unit = None
    intact = f"{first}\n" == _FIRST.format(digest=_digest(body))
    return Found(path.name, unit, intact, os.path.lexists(link(path.name)))
