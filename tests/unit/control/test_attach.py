# SPDX-License-Identifier: Apache-2.0
"""Interfaces that go in the middle of an attempt to attach to them."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest

from dsrlb.control.attach import Attachments
from dsrlb.dataplane import bpf
from dsrlb.errors import KernelError, NetError
from dsrlb.net import features, links, xdp
from dsrlb.net.links import Link
from dsrlb.observe.events import EventLog

NAMES = ("eth0", "eth1")


def _link(ifindex: int, name: str) -> Link:
    mac = f"02:00:00:00:00:{ifindex:02x}"
    return Link(ifindex, name, mac, 1500, True, "veth", "veth", None, None)


@pytest.fixture
def attachments(monkeypatch: pytest.MonkeyPatch) -> Attachments:
    """Where eth0 (ifindex 2) is gone by the time that the kernel hears of it."""

    def egress(_number: int, ifindex: int) -> None:
        if ifindex == 2:
            raise KernelError("cannot write map egress: Invalid argument")

    table = Mock(max_entries=64)
    table.items.return_value = ()
    present = {name: _link(number, name) for number, name in enumerate(NAMES, 2)}
    monkeypatch.setattr(links, "list_links", Mock(return_value=present))
    monkeypatch.setattr(links, "global_addresses", Mock(return_value={}))
    monkeypatch.setattr(features, "read", Mock(return_value={}))
    monkeypatch.setattr(xdp, "attach", Mock())
    monkeypatch.setattr(bpf, "map_info", Mock())
    maps = {"links": table, "egress": Mock(set=egress)}
    state = Mock(features=Mock(return_value={}))
    return Attachments(Mock(maps=maps), state, EventLog())


def test_a_change_is_refused_with_its_name(attachments: Attachments) -> None:
    with pytest.raises(NetError, match="eth0: the interface is gone"):
        attachments.bring_up(NAMES, "auto")
    assert not attachments.links


def test_the_others_go_on(attachments: Attachments) -> None:
    attachments.bring_up(NAMES, "auto", strict=False)
    assert list(attachments.links) == ["eth1"]
    assert attachments.status["eth0"].reason == "eth0: the interface is gone"
    assert attachments.status["eth1"].attached


def test_one_that_has_another_name_for_a_moment(
    attachments: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is taken off then, by nobody else, and put back with the name."""

    def found(name: str, program: int | None) -> None:
        link = replace(_link(3, name), xdp_program=program, xdp_mode="generic" if program else None)
        monkeypatch.setattr(links, "list_links", Mock(return_value={name: link}))

    monkeypatch.setattr(xdp, "detach", Mock())
    monkeypatch.setattr("dsrlb.control.attach.is_ours", lambda program, _: program is not None)
    found("eth1", None)
    attachments.bring_up(["eth1"], "auto")
    found("other", 7)
    attachments.sweep(["eth1"])
    assert not attachments.status["eth1"].attached
    found("eth1", None)
    attachments.bring_up(["eth1"], "auto")
    assert attachments.status["eth1"].attached
