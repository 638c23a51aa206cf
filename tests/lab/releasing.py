# SPDX-License-Identifier: Apache-2.0
"""Earlier releases, which tests of upgrades run."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.lab.instance import CACHE
from tests.lab.plain import ROOT

_PACKED = Path(__file__).with_name("releases")
_UNPACKED = ROOT / "build/releases"
PREVIOUS = "0.1.0"
_COMPILE = """
from pathlib import Path
from dsrlb.dataplane.artifact import build
for source in sorted(Path("ebpf").glob("*.c")):
    build(source)
"""


def unpacked(version: str) -> Path:
    """The folder in which `python -m dsrlb` is that release."""
    folder = _UNPACKED / f"dsrlb-{version}"
    if not folder.is_dir():
        _UNPACKED.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=_UNPACKED) as place,
            tarfile.open(_PACKED / f"dsrlb-{version}.tar.xz") as packed,
        ):
            # Python 3.12 wants a filter, and 3.11.2 knows none: it takes this for an attribute.
            packed.extraction_filter = getattr(tarfile, "data_filter", None)
            packed.extractall(place)
            with suppress(OSError):  # another process was faster: then it is there
                Path(place, folder.name).rename(folder)
    assert (folder / "dsrlb/__main__.py").is_file()
    return folder


def compiled(folder: Path) -> Path:
    """Have all of a release's programs in the cache: a start that compiled them on a busy machine
    would take longer than a test waits for it."""
    environment = {**os.environ, "DSRLB_CACHE_DIR": str(CACHE)}
    command = (sys.executable, "-c", _COMPILE)
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=600)
    return folder
