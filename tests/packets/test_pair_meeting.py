# SPDX-License-Identifier: Apache-2.0
"""Flows both of whose keys belong into one set and have the same tag: made as all others."""

from __future__ import annotations

import random
from ipaddress import ip_address

import numpy as np
import numpy.typing as npt
import pytest

from dsrlb.dataplane.flowhash import key_hash
from tests.packets.cases.paired_services import CONFIG, RESOLUTIONS
from tests.packets.harness import Program
from tests.packets.model.types import IP
from tests.packets.pair_steps import DATA, TCP, UDP, Connection, halves, states
from tests.packets.test_pair_states import KINDS

MAIN, PENDING = 64, 16
"""Sets: flows that meet in one of the main table do so in one of the pending one, too."""
_SOURCE = random.Random(1)
SECRET = [_SOURCE.getrandbits(64) for _ in range(11)]
POOL = {4: ip_address("198.51.100.7"), 6: ip_address("2001:db8:51::7")}
PORTS = np.arange(1024, 65536, dtype=np.uint32)

Hashes = npt.NDArray[np.uint32]


def _hashes(ends: tuple[IP, IP], protocol: int, ports: tuple[npt.ArrayLike, ...]) -> Hashes:
    """Of keys with these addresses, by their ports (source, destination)."""
    source, destination = np.broadcast_arrays(*ports)
    head = np.frombuffer(ends[0].packed + ends[1].packed, np.uint8)
    keys = np.zeros((len(source), len(head) + 8), np.uint8)
    keys[:, : len(head)] = head
    keys[:, -8:-6] = source.astype(">u2").view(np.uint8).reshape(-1, 2)
    keys[:, -6:-4] = destination.astype(">u2").view(np.uint8).reshape(-1, 2)
    keys[:, -4] = protocol
    value, _ = key_hash(keys.view("<u8"), np.array(SECRET, np.uint64))
    return value


def meeting(of: Connection) -> int:
    """A client's port whose flow has both keys in one set of the main table, with one tag."""
    assert of.client is not None
    forward = _hashes((of.client, of.vip), of.protocol, (PORTS, of.place.port))
    seen_as, ports = of.client, PORTS
    if of.place.mode == "one-arm":  # the first port that is tried (allocate.h)
        seen_as = POOL[of.family]
        ports = 1024 + (forward.astype(np.uint64) * np.uint64(64_512) >> np.uint64(32))
    reverse = _hashes((of.real, seen_as), of.protocol, (of.place.real_port, ports))
    differ = forward ^ reverse
    shift = np.uint32(32 - (MAIN - 1).bit_length())
    return int(PORTS[np.flatnonzero((differ & 0xFF == 0) & (differ >> shift == 0))[0]])


@pytest.mark.parametrize(("mode", "family"), KINDS)
@pytest.mark.parametrize("protocol", [6, 17], ids=["tcp", "udp"])
def test_halves_that_meet(program: Program, mode: str, family: int, protocol: int) -> None:
    program.configure(CONFIG, RESOLUTIONS)
    place = (TCP if protocol == 6 else UDP)[mode]
    made = Connection(program, place, family, protocol)
    made.port = meeting(made)
    with program.tables.made(MAIN, PENDING, SECRET):
        made.open()
        metas = program.tables.sets[family][:MAIN, :4] & np.uint64(0xFF0F)
        (both,) = metas[metas.any(axis=1)]  # of the one set that has something
        assert len(np.unique(both[both != 0] >> np.uint64(8))) == 1
        assert halves(program) == 1
        assert states(program) == {f"flows{family}": ["open" if protocol == 6 else "udp"]}
        assert (made.request(DATA), made.reply(DATA)) == ("forwarded", "forwarded-reply")
