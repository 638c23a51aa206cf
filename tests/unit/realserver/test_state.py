# SPDX-License-Identifier: Apache-2.0
"""What `dsrlb real-server` has changed, and remembers: written, read back, joined, given up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsrlb.errors import StateError
from dsrlb.realserver import state


def saved(**fields: object) -> Path:
    """Save a state, then put ``fields`` into the file."""
    path = state.state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    gue = state.Entry("192.0.2.11", "gue", ("10.0.0.2",), ("eth0",), 6080, True)
    entries = [state.Entry("192.0.2.10"), gue]
    changed = state.Changed(entries, ["192.0.2.10"], {"a/b/c": ("0", "1")}, True, ["inet 6080"])
    state.save(changed)
    assert state.load() == changed
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return path


def test_state_of_another_boot_or_namespace_is_of_the_past() -> None:
    saved(life="another")
    assert state.load() == state.Changed()


def beside(name: str, **fields: object) -> Path:
    """A state file of another namespace."""
    own = saved()
    path = own.with_name(name)
    path.write_text(json.dumps({**json.loads(own.read_text()), **fields}))
    return path


THERE = (4, 4026530000)
GONE = (4, 4026530001)


@pytest.mark.parametrize(
    ("namespace", "fields", "there", "stays"),
    [
        (THERE, {}, {THERE}, True),
        (GONE, {}, {THERE}, False),
        (GONE, {}, None, True),
        (THERE, {"life": "another-boot/1"}, {THERE}, False),
        (GONE, {"life": "another-boot/1"}, None, False),
        (THERE, {"life": None}, {THERE}, False),
    ],
    ids=["there", "gone", "not to be told", "rebooted", "rebooted, not to be told", "spoilt"],
)
def test_states_of_the_past_are_removed_with_the_next_change(
    namespace: tuple[int, int],
    fields: dict[str, object],
    there: set[tuple[int, int]] | None,
    stays: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "living", lambda: there)
    path = beside("real-server-{}-{}.json".format(*namespace), **fields)
    state.load()
    assert path.exists(), "reading changes nothing"
    own = state.state_file()
    state.save(state.Changed([state.Entry("192.0.2.11")]))
    assert path.exists() == stays
    assert own.exists()


@pytest.mark.parametrize(
    "fields",
    [{"version": 99}, {"sysctls": 5}, {"entries": None}, {"entries": [{"vip": "192.0.2.1"}]}],
)
def test_state_that_cannot_be_read_is_not_guessed_at(fields: dict[str, object]) -> None:
    path = saved(**fields)
    with pytest.raises(StateError, match=path.name):
        state.load()


def test_the_state_of_the_first_version_is_read() -> None:
    """It knew VIPs by l2dsr and no ports."""
    path = saved()
    content = json.loads(path.read_text())
    del content["entries"], content["ports"]
    path.write_text(json.dumps({**content, "version": 1, "vips": ["192.0.2.10", "2001:db8::10"]}))
    assert state.load() == state.Changed(
        [state.Entry("192.0.2.10"), state.Entry("2001:db8::10")],
        ["192.0.2.10"],
        {"a/b/c": ("0", "1")},
        True,
    )


def test_setups_of_one_vip_are_joined() -> None:
    changed = state.Changed()
    changed.enter(state.Entry("192.0.2.10", "ipip", ("10.0.0.2",), ("eth0",), 0, True))
    changed.enter(state.Entry("192.0.2.10"))
    changed.enter(state.Entry("192.0.2.10", "ipip", ("10.0.0.3", "10.0.0.2"), ("eth1",)))
    assert changed.vips == ["192.0.2.10"]
    assert changed.entries == [
        state.Entry("192.0.2.10", "ipip", ("10.0.0.2", "10.0.0.3"), ("eth0", "eth1"), 0, True),
        state.Entry("192.0.2.10"),
    ]


def test_an_empty_state_leaves_no_file() -> None:
    path = saved()
    state.save(state.Changed())
    assert not path.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"version": None},
        {"version": []},
        {"entries": None},
        {"entries": ["x"]},
        {"entries": [{"vip": 5, "reals": [], "interfaces": []}]},
        {"entries": [{"vip": "nobody", "reals": [], "interfaces": []}]},
        {"entries": [{"vip": "192.0.2.10", "reals": "10.0.0.2", "interfaces": []}]},
        {"entries": [{"vip": "192.0.2.10", "reals": [], "interfaces": [], "gue_port": "6080"}]},
        {"added": "192.0.2.10"},
        {"added": [1]},
        {"sysctls": []},
        {"sysctls": {"a/b/c": ["0"]}},
        {"sysctls": {"a/b/c": [0, 1]}},
        {"ports": {}},
        {"routes": {"inet": "x"}},
    ],
    ids=str,
)
def test_wrong_types(fields: dict[str, object]) -> None:
    path = saved(**fields)
    with pytest.raises(StateError, match=str(path)):
        state.load()


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_garbage(raw: bytes) -> None:
    path = saved()
    path.write_bytes(raw)
    with pytest.raises(StateError, match="cannot be read"):
        state.load()
