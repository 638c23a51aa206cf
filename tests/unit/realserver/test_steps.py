# SPDX-License-Identifier: Apache-2.0
"""Single commands that `dsrlb real-server` runs and shows."""

from __future__ import annotations

import pytest

from dsrlb.realserver import Sysctl, steps


def test_interfaces_with_dots_keep_them() -> None:
    plain = Sysctl("net/ipv4/conf/eth0/arp_ignore", "1")
    dotted = Sysctl("net/ipv4/conf/eth0.20/arp_ignore", "1")
    assert plain.shell() == "sysctl -w net.ipv4.conf.eth0.arp_ignore=1"
    assert dotted.shell() == "sysctl -w net/ipv4/conf/eth0.20/arp_ignore=1"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(steps.NoCommandError, match="dsrlb-no-such: command not found") as caught:
        steps.output(["dsrlb-no-such", "-4"])
    assert caught.value.hint == "install dsrlb-no-such"
