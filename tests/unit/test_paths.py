# SPDX-License-Identifier: Apache-2.0
"""Where an instance keeps its things, and who may say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsrlb.errors import StateError
from dsrlb.paths import for_instance


def test_defaults_carry_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSRLB_ROOT", raising=False)
    monkeypatch.delenv("DSRLB_CONFIG", raising=False)
    paths = for_instance("edge-1")
    assert paths.socket == Path("/run/dsrlb/edge-1.sock")
    assert paths.state == Path("/var/lib/dsrlb/edge-1")
    assert paths.pins == Path("/sys/fs/bpf/dsrlb/edge-1")
    assert paths.config_file == Path("/etc/dsrlb/dsrlb.toml")


def test_configuration_file_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSRLB_ROOT", "/tmp/elsewhere")
    assert for_instance().config_file == Path("/tmp/elsewhere/etc/dsrlb/dsrlb.toml")
    monkeypatch.setenv("DSRLB_CONFIG", "/srv/lb.toml")
    assert for_instance().config_file == Path("/srv/lb.toml")


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "..", "x" * 49])
def test_names_that_bpffs_cannot_hold(name: str) -> None:
    with pytest.raises(StateError, match="is not usable"):
        for_instance(name)
