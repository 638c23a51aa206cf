# SPDX-License-Identifier: Apache-2.0
"""What a configuration is checked against: interfaces, addresses, networks."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from unittest.mock import Mock

import pytest

from dsrlb.config import HostFacts, LinkFact
from dsrlb.net import host
from dsrlb.net.links import Link

MAC = "02:00:00:00:00:01"


def test_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    present = {
        "br0": Link(9, "br0", MAC, 1500, True, "bridge", "", None, None),
        "eth1": Link(1, "eth1", MAC, 1400, False, "veth", "veth", None, None, master=9),
        "eth2": Link(2, "eth2", MAC, 1400, True, "veth", "veth", None, None, master=99),
    }
    addresses = {ip_address("10.0.0.1"): "br0"}
    subnets = {"br0": (ip_network("10.0.0.0/24"),)}
    list_links = Mock(return_value=present)
    list_addresses = Mock(return_value=(addresses, subnets))
    monkeypatch.setattr(host, "list_links", list_links)
    monkeypatch.setattr(host, "list_addresses", list_addresses)
    assert host.host_facts() == HostFacts(
        {
            "br0": LinkFact(9, "bridge", MAC, 1500, True, ""),
            "eth1": LinkFact(1, "veth", MAC, 1400, False, "br0"),
            "eth2": LinkFact(2, "veth", MAC, 1400, True, ""),
        },
        addresses,
        subnets,
    )
    list_links.assert_called_once_with()  # every start and every change waits for them
    list_addresses.assert_called_once_with(present)
