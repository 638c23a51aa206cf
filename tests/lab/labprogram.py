# SPDX-License-Identifier: Apache-2.0
"""`netns-lab/lab`, run as people run it, on topologies under names of their own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.plain import PREFIX, ROOT, listed, processes_of

LAB = str(ROOT / "netns-lab/lab")


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [LAB, *arguments], capture_output=True, text=True, timeout=180, check=False
    )


def done(*arguments: str) -> str:
    """Run what must succeed; returns what it printed."""
    result = lab(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def left_of(name: str) -> list[str]:
    """What there is of a lab."""
    names = listed("/run/netns", f"{PREFIX}{name.removeprefix('t')}")
    for folder in ("/sys/fs/bpf/dsrlb", "/var/lib/dsrlb", "/run/dsrlb"):
        names += listed(folder, f"lab-{name}")
    names += map(str, (ROOT / "build/lab" / name).glob("*/var"))
    return names + processes_of((f"dsrlb-{name}", f"/{name}/"))


@contextmanager
def copied(topology: str, name: str, folder: Path) -> Iterator[Path]:
    """A topology of netns-lab under another name; in the end nothing is left of its lab."""
    source = ROOT / "netns-lab/topologies"
    text = (source / f"{topology}.toml").read_text()
    path = folder / f"{topology}.toml"
    path.write_text(text.replace(f'name = "{topology}"', f'name = "{name}"'))
    config = f"{topology}.dsrlb.toml"
    (folder / config).write_text((source / config).read_text())
    yield path
    subprocess.run([LAB, "down", str(path)], check=True, timeout=60)
    assert left_of(name) == []
    shutil.rmtree(ROOT / "build/lab" / name, ignore_errors=True)


def tcpdump(pcap: Path, expression: str) -> int:
    """How many frames of a capture tcpdump finds."""
    argv = ["tcpdump", "-nr", str(pcap), expression]
    result = subprocess.run(argv, capture_output=True, text=True, check=True)
    return len(result.stdout.splitlines())
