# SPDX-License-Identifier: Apache-2.0
"""The file of a backup: a tar with a manifest, read as if somebody else had made it.

Nothing is ever extracted by a path that the file gives: members are known by name or refused.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from dsrlb import __version__
from dsrlb.errors import StateError

FORMAT = 1
"""Of the manifest and of what belongs to it."""

CONFIG, SOURCE, REVISIONS, ORDERS = "config.toml", "source", "revisions.db", "admin.json"
MEMBERS = (CONFIG, SOURCE, REVISIONS, ORDERS)
"""What a backup may hold; the first is in each."""

MOST_BYTES = 256 << 20
"""Of all members together."""

_MANIFEST = "manifest.json"
_GZIP = b"\x1f\x8b"


class _Content(BaseModel):
    sha256: str
    bytes: int


class _Manifest(BaseModel):
    format: int
    version: str = ""
    instance: str = ""
    time: str = ""
    members: dict[str, _Content] = {}


@dataclass(frozen=True, slots=True)
class Backup:
    """What a file holds. ``time``: ISO 8601, UTC; ``members``: content by name."""

    instance: str
    time: str
    members: Mapping[str, bytes]


def _manifest(backup: Backup) -> bytes:
    members = {
        name: _Content(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        for name, content in backup.members.items()
    }
    manifest = _Manifest(
        format=FORMAT,
        version=__version__,
        instance=backup.instance,
        time=backup.time,
        members=members,
    )
    return manifest.model_dump_json(indent=1).encode()


def now() -> str:
    """The time as a backup has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write(path: Path, backup: Backup) -> None:
    """Make a file of a backup, complete or not at all, readable by its owner alone; .tar is not
    compressed, all else is gzip. Raises StateError."""
    written = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as new:
            written = Path(new.name)
            # mypy wants literal modes.
            if path.suffix == ".tar":
                with tarfile.open(fileobj=new, mode="w") as tar:
                    _fill(tar, backup)
            else:
                with tarfile.open(fileobj=new, mode="w:gz") as tar:
                    _fill(tar, backup)
            new.flush()
            os.fsync(new.fileno())
        os.replace(written, path)
    except OSError as error:
        if written is not None:
            written.unlink(missing_ok=True)
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def _fill(tar: tarfile.TarFile, backup: Backup) -> None:
    stamp = int(datetime.fromisoformat(backup.time).timestamp())
    for name, content in ((_MANIFEST, _manifest(backup)), *backup.members.items()):
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(content), 0o600, stamp
        tar.addfile(info, io.BytesIO(content))


def read(path: Path) -> Backup:
    """The backup in a file, verified. Raises StateError for anything that is none, is damaged, or
    was made by a newer version."""
    found = _members(path, _uncompressed(path))
    manifest = _read_manifest(path, found)
    for name, content in manifest.members.items():
        if name not in found:
            raise StateError(f"{path} has no {name}, which its manifest names")
        actual = hashlib.sha256(found[name]).hexdigest()
        if (actual, len(found[name])) != (content.sha256, content.bytes):
            message = f"{path}: {name} is not what the manifest says: it was changed or damaged"
            raise StateError(message, hint="take another backup")
    extra = sorted(set(found) - set(manifest.members))
    if extra:
        raise StateError(f"{path}: the manifest does not name {', '.join(extra)}")
    if CONFIG not in found:
        raise StateError(f"{path} has no {CONFIG}")
    return Backup(manifest.instance, manifest.time, found)


def _uncompressed(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            if not packed:
                raw = file.read(MOST_BYTES + 1)
            else:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    raw = unpacked.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _none(path) from error
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise StateError(f"{path} holds more than {MOST_BYTES >> 20} MiB, which no backup does")
    return raw


def _none(path: Path) -> StateError:
    return StateError(f"{path} is no backup of dsrlb, or is cut off or damaged")


def _members(path: Path, raw: bytes) -> dict[str, bytes]:
    """The members by name, the manifest among them; none but those that a backup may have."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
            for info in tar:
                if info.name not in (_MANIFEST, *MEMBERS):
                    raise StateError(f"{path} holds {info.name!r}, which no backup does")
                file = tar.extractfile(info) if _is_plain(info) else None
                if file is None or info.name in found:
                    raise StateError(f"{path}: {info.name} is no plain file, or stands twice")
                found[info.name] = file.read()
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise _none(path) from error
    return found


def _is_plain(info: tarfile.TarInfo) -> bool:
    """A file that stands in the tar as long as it is: no link, no holes."""
    return info.type == tarfile.REGTYPE and not info.issparse()


def _read_manifest(path: Path, found: dict[str, bytes]) -> _Manifest:
    """The manifest, taken out of what was found."""
    raw = found.pop(_MANIFEST, None)
    if raw is None:
        raise _none(path)
    try:
        manifest = _Manifest.model_validate_json(raw)
    except ValidationError as error:
        raise _none(path) from error
    if manifest.format != FORMAT or _numbers(manifest.version) > _numbers(__version__):
        raise StateError(
            f"{path} was made by dsrlb {manifest.version} (format {manifest.format}); this is "
            f"{__version__}, which reads format {FORMAT} and nothing newer than itself",
            hint="restore it with that version",
        )
    return manifest


def _numbers(version: str) -> tuple[int, ...]:
    """0.10.2 as numbers; what begins otherwise is older than all."""
    numbers = []
    for part in version.split("."):
        if not (part.isascii() and part.isdigit() and len(part) < 10):
            break
        numbers.append(int(part))
    return tuple(numbers)
