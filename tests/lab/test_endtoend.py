# SPDX-License-Identifier: Apache-2.0
"""The end-to-end bench's own means: both ends of connections, as XDP programs, at a balancer."""

from __future__ import annotations

import pytest

from dsrlb.errors import DsrlbError
from tests.bench.endtoend import loads
from tests.bench.endtoend.session import session
from tests.bench.endtoend.variants import VARIANTS

pytestmark = [pytest.mark.lab, pytest.mark.alone]
_NAT = [variant for variant in VARIANTS if variant.mode == "nat"]


def test_loads_reach_every_real_server_and_come_back() -> None:
    with session(_NAT) as made:
        (place,) = made.places
        for load in (loads.requests, loads.connections):
            run = load(made, place)
            assert run.done > 1000 and run.lost == 0
        assert 5.9 < run.packets / run.done < 6.1  # SYN, its answer, two with data, FIN, ACK
        paced = loads.timed(place, 2000)
        assert paced.lost == 0 and 0 < paced.done == paced.began
        assert paced.latencies is not None and int(paced.latencies.sum()) == paced.done
        with pytest.raises(DsrlbError, match="measured already"), session(_NAT):
            pass
