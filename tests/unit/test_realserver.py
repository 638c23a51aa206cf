# SPDX-License-Identifier: Apache-2.0
"""dsrlb real-server without a network: which pieces, which commands, which state."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsrlb.cli.realserver import real_server
from dsrlb.errors import NetError, StateError
from dsrlb.realserver import Piece, Request, Sysctl, check, manage, namespaces, state, steps
from dsrlb.realserver.namespaces import identity, living, outermost
from dsrlb.realserver.pieces import l2dsr
from dsrlb.realserver.steps import Assigned, Host

VIP4, VIP6 = IPv4Address("192.0.2.10"), IPv6Address("2001:db8::10")
OWN4 = IPv4Address("192.0.2.5")
SETTINGS = {
    "net/ipv4/conf/all/arp_ignore": "1",
    "net/ipv4/conf/all/arp_announce": "2",
    "net/ipv4/conf/all/arp_notify": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/eth0/rp_filter": "0",
    "net/ipv6/conf/all/ndisc_notify": "1",
    "net/ipv6/conf/lo/disable_ipv6": "0",
}
READY = Host(
    up={"lo": True, "eth0": True},
    addresses={VIP4: (Assigned("lo", 32),), VIP6: (Assigned("lo", 128),)},
)
BARE = Host(up={"lo": True, "eth0": True}, addresses={})


def write(root: Path, settings: dict[str, str]) -> None:
    """Lay out settings as /proc/sys does."""
    for key, value in settings.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text(value + "\n")


@pytest.fixture(autouse=True)
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc/sys and a /var/lib of this test's own."""
    root = tmp_path / "proc"
    write(root, SETTINGS)
    monkeypatch.setattr(steps, "PROC_SYS", root)
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    return root


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host with nothing on lo."""
    monkeypatch.setattr(manage, "read_host", lambda: BARE)
    yield


def lacking(vips: tuple[IPv4Address | IPv6Address, ...], host: Host) -> list[Piece]:
    return [piece for piece in l2dsr(vips, None, host) if not piece.ok]


def test_a_ready_host_lacks_nothing() -> None:
    assert lacking((VIP4, VIP6), READY) == []


def test_missing_addresses_are_added_without_being_a_source() -> None:
    assert [piece.remedy for piece in lacking((VIP4, VIP6), BARE)] == [
        "ip address add 192.0.2.10/32 dev lo scope host",
        "ip -6 address add 2001:db8::10/128 dev lo nodad preferred_lft 0",
    ]


def test_ipv6_alone_needs_no_arp_settings(proc: Path) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": "0"})
    assert lacking((VIP6,), READY) == []


def test_silence_comes_before_the_address(proc: Path) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": "0"})
    names = [piece.name for piece in lacking((VIP4,), BARE)]
    assert names == ["ipv4/conf/all/arp_ignore", "192.0.2.10 on lo"]


@pytest.mark.parametrize(
    ("value", "ok"), [("0", False), ("1", True), ("2", True), ("8", True), ("5", False)]
)
def test_arp_ignore_may_be_stricter_but_not_undefined(proc: Path, value: str, ok: bool) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": value})
    assert (lacking((VIP4,), READY) == []) is ok


@pytest.mark.parametrize(
    ("everywhere", "own", "ok"),
    [("0", "0", True), ("1", "0", False), ("0", "1", False), ("1", "2", True), ("2", "1", True)],
)
def test_rp_filter_counts_the_larger_value(proc: Path, everywhere: str, own: str, ok: bool) -> None:
    write(proc, {"net/ipv4/conf/all/rp_filter": everywhere})
    write(proc, {"net/ipv4/conf/eth0/rp_filter": own})
    found = lacking((VIP4,), READY)
    assert [piece.remedy for piece in found] == (
        [] if ok else ["sysctl -w net.ipv4.conf.eth0.rp_filter=2"]
    )


@pytest.mark.parametrize(
    ("place", "others", "advice"),
    [
        (
            Assigned("eth0", 24),
            {OWN4: (Assigned("eth0", 24),)},
            "ip address del 192.0.2.10/24 dev eth0",
        ),
        (Assigned("eth0", 24), {VIP6: (Assigned("eth0", 64),)}, "the only IPv4 address of eth0"),
        (Assigned("eth0", 24), {OWN4: (Assigned("eth1", 24),)}, "the only IPv4 address of eth0"),
        (Assigned("lo", 24), {}, "ip address del 192.0.2.10/24 dev lo"),
    ],
)
def test_a_vip_in_the_wrong_place_is_for_the_operator(
    place: Assigned, others: dict[steps.IPAddress, tuple[Assigned, ...]], advice: str
) -> None:
    """The host's own address is not to be taken from it."""
    wrong = Host(up=READY.up, addresses={VIP4: (Assigned("lo", 32), place), **others})
    (piece,) = lacking((VIP4,), wrong)
    assert not piece.steps
    assert advice in piece.remedy


def test_ipv6_off_on_the_loopback_is_said(proc: Path) -> None:
    write(proc, {"net/ipv6/conf/lo/disable_ipv6": "1"})
    (piece,) = lacking((VIP6,), BARE)
    assert "disable_ipv6=0" in piece.remedy


def test_interfaces_with_dots_keep_them() -> None:
    plain = Sysctl("net/ipv4/conf/eth0/arp_ignore", "1")
    dotted = Sysctl("net/ipv4/conf/eth0.20/arp_ignore", "1")
    assert plain.shell() == "sysctl -w net.ipv4.conf.eth0.arp_ignore=1"
    assert dotted.shell() == "sysctl -w net/ipv4/conf/eth0.20/arp_ignore=1"


@pytest.mark.usefixtures("host")
def test_an_interface_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NetError, match="eth9") as caught:
        check(Request("l2dsr", (VIP4,), interface="eth9"))
    assert "eth0" in caught.value.hint


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


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of the host's PID namespace with one process: a mount, a descriptor."""
    root = tmp_path / "processes"
    (root / "7/ns").mkdir(parents=True)
    (root / "7/fd").mkdir()
    (root / "7/ns/net").touch()
    (root / "7/ns/mnt").touch()
    (root / "7/mountinfo").write_text(
        "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "95 30 0:4 net:[4026530002] /run/netns/a rw shared:1 - nsfs nsfs rw\n"
        "96 30 0:4 uts:[4026530003] /run/utsns/a rw - nsfs nsfs rw\n"
    )
    (root / "7/opened").touch()
    (root / "7/fd/3").symlink_to("/dev/null")
    (root / "7/fd/4").symlink_to("net:[4026530004]")
    (root / "7/fd/net:[4026530004]").symlink_to("../opened")  # where the kernel needs nothing
    (root / "self").symlink_to("7")
    (root / "7/ns/pid").touch()
    monkeypatch.setattr(namespaces, "_INITIAL_PIDS", (root / "7/ns/pid").stat().st_ino)
    return root


def test_namespaces_live_by_process_mount_or_descriptor(processes: Path) -> None:
    assert living(processes) == {
        identity(processes / "7/ns/net"),
        (4, 4026530002),
        identity(processes / "7/fd/4"),
    }


def test_a_process_that_ends_meanwhile_is_no_harm(processes: Path) -> None:
    (processes / "8").mkdir()
    assert living(processes) is not None


def test_namespaces_that_cannot_all_be_told(
    processes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another PID namespace, or without the right to look into a process."""
    stat = Path.stat

    def refuse(path: Path, **options: bool) -> os.stat_result:
        if path == processes / "7/ns/net":
            raise PermissionError(13, "Permission denied")
        return stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", refuse)
        assert living(processes) is None
    monkeypatch.setattr(namespaces, "_INITIAL_PIDS", 1)
    assert living(processes) is None


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """A /proc of three generations: process 1, 7 and 9, which asks. Each has another namespace."""
    root = tmp_path / "family"
    for pid, parent in ((1, 0), (7, 1), (9, 7)):
        (root / f"{pid}/ns").mkdir(parents=True)
        (root / f"{pid}/ns/net").touch()
        (root / f"{pid}/stat").write_text(f"{pid} (a) b) S {parent} 0 0\n")
    (root / "self").symlink_to("9")
    return root


def test_the_outermost_namespace_is_that_of_process_1(family: Path) -> None:
    assert outermost(family) == identity(family / "1/ns/net")


@pytest.mark.parametrize(
    ("hidden", "outer"), [(["1/ns/net"], 7), (["1/stat", "1/ns/net", "7/ns/net"], 9)]
)
def test_where_process_1_may_not_be_looked_into_the_oldest_that_may_counts(
    family: Path, hidden: list[str], outer: int
) -> None:
    for name in hidden:
        (family / name).unlink()
    assert outermost(family) == identity(family / f"{outer}/ns/net")


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


@pytest.mark.usefixtures("host")
def test_check_prints_what_to_do_and_fails() -> None:
    result = CliRunner().invoke(real_server, ["check", "--vip", str(VIP4)])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-2:] == [
        "MISSING  192.0.2.10 on lo: missing; should be 192.0.2.10/32, there alone; "
        "ip address add 192.0.2.10/32 dev lo scope host",
        "ok       at boot: nothing (setup --persist)",
    ]
    assert "ok       ipv4/conf/all/arp_ignore: 1" in result.stdout


@pytest.mark.usefixtures("host")
def test_check_says_what_is_there_and_what_should_be(proc: Path) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": "5", "net/ipv4/conf/eth0/rp_filter": "1"})
    result = CliRunner().invoke(real_server, ["check", "--vip", str(VIP4), "--json"])
    assert result.exit_code == 1
    lacking = [piece for piece in json.loads(result.stdout) if not piece["ok"]]
    assert [(piece["name"], piece["value"], piece["wanted"]) for piece in lacking] == [
        ("ipv4/conf/all/arp_ignore", "5", "1 or 2 or 3 or 8"),
        ("ipv4/conf/eth0/rp_filter", "1", "0 or 2"),
        ("192.0.2.10 on lo", "missing", "192.0.2.10/32, there alone"),
    ]


@pytest.mark.usefixtures("host")
def test_dry_run_prints_commands_only(tmp_path: Path) -> None:
    result = CliRunner().invoke(real_server, ["setup", "--vip", str(VIP4), "--dry-run"])
    assert result.exit_code == 0
    assert result.stdout == "ip address add 192.0.2.10/32 dev lo scope host\n"
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    "text", ["192.0.2.300", "ff02::1", "127.0.0.1", "::", "web", "fe80::1%eth0"]
)
def test_wrong_addresses_are_wrong_usage(text: str) -> None:
    result = CliRunner().invoke(real_server, ["check", "--vip", text])
    assert result.exit_code == 2
    assert text in result.stderr


def test_setup_without_a_vip_is_wrong_usage() -> None:
    assert CliRunner().invoke(real_server, ["setup"]).exit_code == 2
