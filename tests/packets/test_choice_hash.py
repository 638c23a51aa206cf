# SPDX-License-Identifier: Apache-2.0
"""The control plane's hash of a flow finds the entry that the program finds."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.dataplane.choicehash import Flow, choice_hash, table_place
from tests.packets.choosing import Clients, real, service, table
from tests.packets.harness import Program, mac_of
from tests.packets.steps import SYN, Family


@pytest.mark.parametrize("on", ["source", "tuple"])
@pytest.mark.parametrize("seed", [0, 7, (1 << 64) - 1])
def test_program(program: Program, v: Family, on: str, seed: int) -> None:
    reals = [real(number) for number in range(1, 61)]
    text = service("maglev", reals, f'hash_on = "{on}"')
    program.configure(text.replace("[balancer]", f"[balancer]\nhash_seed = {seed}", 1))
    entries, clients = table(program, v), Clients(program, v)
    for number in range(1, 101):
        client, port = clients.client(number * 77), 1000 + number * 613 % 64000
        flow = Flow(ip_address(client), ip_address(v.vip), port, 80, 6)
        place = table_place(choice_hash(flow, seed, by_source=on == "source"), len(entries))
        got = program.run(v.head + v.tcp(SYN, sport=port, client=client))
        assert got.frame[:6] == mac_of(v.real(entries[place]))
