# SPDX-License-Identifier: Apache-2.0
"""The place of the API's socket: may a daemon listen there? Asked before it changes anything."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

from dsrlb.errors import StateError

_LONGEST = 107  # bytes in sockaddr_un.sun_path, see unix(7), without the 0 behind them
_ELSEWHERE = "another balancer needs another --instance"


def look(path: Path) -> None:
    """Nothing is in the way but the socket of a daemon that is dead, and there is a folder that can
    be written to; it is made if there is none. Raises StateError: why not."""
    length = len(os.fsencode(path))
    if length > _LONGEST:
        raise StateError(
            f"cannot listen on {path}: {length} bytes, and a socket's path has {_LONGEST} at most",
            hint="use a shorter --instance" + (" or DSRLB_ROOT" if _moved() else ""),
        )
    _look_at_folder(path.parent)
    try:
        kind = path.lstat().st_mode
        if not stat.S_ISSOCK(kind):
            raise StateError(
                f"{path} is in the way: it is not a socket",
                hint="the daemon's socket has to be there: move it away",
            )
        if _answers(path):
            raise StateError(
                f"a daemon listens on {path} already", hint=f"`dsrlb status` asks it; {_ELSEWHERE}"
            )
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateError(f"cannot listen on {path}: {error.strerror}") from error


def _moved() -> bool:
    return bool(os.environ.get("DSRLB_ROOT"))


def _look_at_folder(folder: Path) -> None:
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)  # whatever the umask is: the socket's own mode decides
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise StateError(
            f"cannot listen in {folder}: {error.strerror}",
            hint="the daemon's socket is made there: it has to be a folder that root can write to",
        ) from error


def _answers(path: Path) -> bool:
    """Does a live process listen there?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True
