# SPDX-License-Identifier: Apache-2.0
"""`make install` and `make uninstall` in folders of this test's own, and the unit it installs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.plain import PREFIX, ROOT, Namespace, run

FOLDERS = {
    "PREFIX": "opt",
    "SBINDIR": "sbin",
    "MANDIR": "man",
    "SYSCONFDIR": "etc",
    "UNITDIR": "units",
    "CACHEDIR": "cache",
}
BUILD = """
from dsrlb.dataplane import artifact
from dsrlb import paths
built = artifact.build()
print(built.cached, sorted(built.programs), paths.ebpf_sources())
"""


@dataclass(frozen=True)
class Place:
    """Where it is installed to."""

    root: Path

    def make(self, target: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run a target of the Makefile with every folder below the root."""
        folders = [f"{name}={self.root / folder}" for name, folder in FOLDERS.items()]
        command = ["make", "-C", str(ROOT), "-f", str(ROOT / "Makefile"), target, *folders]
        command += [f"INSTANCE=t-{os.getpid()}-i", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    def run(self, *command: str) -> str:
        """Run what must succeed, from a folder that is not the checkout; returns its output."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
            "DSRLB_ROOT": str(self.root),
            "DSRLB_CACHE_DIR": str(self.root / "cache"),
        }
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
            env=environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> list[str]:
        """All that is there and is no folder."""
        return sorted(
            str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation, which takes the packages from where pip gets them; uninstalled at last."""
    place = Place(tmp_path_factory.mktemp("installed"))
    done = place.make("install")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"next: edit {place.root}/etc/dsrlb.toml" in done.stdout
    yield place
    done = place.make("uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.files() == []
    left = sorted(path.name for path in place.root.iterdir())
    assert left == ["man", "sbin", "units"], "folders that others use too"


def test_what_is_installed_works_from_anywhere(installed: Place) -> None:
    dsrlb = str(installed.root / "sbin/dsrlb")
    assert installed.run(dsrlb, "--version").startswith("dsrlb, version ")
    python = str(installed.root / "opt/bin/python")
    assert installed.run(python, "-c", BUILD).startswith("False "), "not compiled before"
    built = installed.run(python, "-c", BUILD)
    assert built.startswith("True ['dsrlb")
    assert f"{installed.root}/opt/lib" in built, "the wheel's own sources"
    assert built.rstrip().endswith("dsrlb/_ebpf")
    assert (installed.root / "man/dsrlb.8").read_text().startswith(".TH")


def test_the_example_is_a_good_start(installed: Place) -> None:
    """On a host with an eth0."""
    host = Namespace(f"{PREFIX}{os.getpid()}-install")
    run("ip", "netns", "add", host.name)
    try:
        host.batch("link add eth0 type veth peer name other")
        check = (
            str(installed.root / "sbin/dsrlb"),
            "check",
            str(installed.root / "etc/dsrlb.toml"),
        )
        assert "ok; services: 1, reals: 2 (" in installed.run(*host.enter(*check))
    finally:
        run("ip", "netns", "del", host.name)


def test_the_configuration_is_root_s_alone(installed: Place) -> None:
    """Checks in it may hold passwords."""
    assert (installed.root / "etc/dsrlb.toml").stat().st_mode & 0o777 == 0o600


def test_the_unit_names_what_was_installed(installed: Place) -> None:
    unit = (installed.root / "units/dsrlb.service").read_text()
    assert "/usr/local" not in unit
    assert f"Environment=DSRLB_CONFIG={installed.root}/etc/dsrlb.toml\n" in unit
    assert f"ExecStart={installed.root}/sbin/dsrlb run\n" in unit
    assert f"ExecReload={installed.root}/sbin/dsrlb apply {installed.root}/etc/dsrlb.toml\n" in unit


def test_it_is_installed_again_over_itself(installed: Place) -> None:
    assert (installed.root / "opt/.dsrlb").is_file()
    done = installed.make("install")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("own", ["pyvenv.cfg", "bin/dsrlb", ".hidden"])
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, own: str) -> None:
    file = tmp_path / "opt" / own
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    refused = Place(tmp_path).make("install")
    assert refused.returncode != 0
    assert f"{tmp_path}/opt is not empty, and not an installation of dsrlb" in refused.stderr
    assert Place(tmp_path).files() == [f"opt/{own}"]
    assert file.read_text() == "mine"


@pytest.mark.parametrize("prefix", ["", "build/here"])
def test_a_relative_folder_is_refused(tmp_path: Path, prefix: str) -> None:
    refused = Place(tmp_path).make("install", f"PREFIX={prefix}", "-C", str(tmp_path))
    assert refused.returncode != 0
    assert "PREFIX has to be an absolute path" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_uninstall_leaves_a_folder_of_somebody_else(tmp_path: Path) -> None:
    """Even one that `make install` of an earlier version made an environment of."""
    (tmp_path / "opt/bin").mkdir(parents=True)
    for name in ("opt/pyvenv.cfg", "opt/bin/other"):
        (tmp_path / name).write_text("mine")
    done = Place(tmp_path).make("uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert Place(tmp_path).files() == ["opt/bin/other", "opt/pyvenv.cfg"]
    assert f"kept: {tmp_path}/opt\n" in done.stdout


def test_uninstall_tells_of_units_of_real_servers(tmp_path: Path) -> None:
    """They would start a program that is gone; what they set up may be in use."""
    unit = tmp_path / "units/dsrlb-real-server-l2dsr-192.0.2.10.service"
    unit.parent.mkdir()
    unit.touch()
    done = Place(tmp_path).make("uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"kept: {unit} (real-server setup --persist made it" in done.stdout
    assert unit.exists()


def test_prefix_is_not_taken_from_the_environment(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "-C", str(ROOT), "-n", "uninstall"],
        env={**os.environ, "PREFIX": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path) not in done.stdout
    assert 'rm -rf "/opt/dsrlb"' in done.stdout


def test_what_is_missing_is_named_before_anything_is_made(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    refused = Place(tmp_path / "here").make("install", f"SYSTEM_PYTHON={python}")
    assert refused.returncode != 0
    assert "apt-get install python3-venv python3-bpfcc libbpfcc linux-libc-dev" in refused.stderr
    assert not (tmp_path / "here").exists()
