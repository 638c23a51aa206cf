# SPDX-License-Identifier: Apache-2.0
"""Where real servers are, looked up."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import NOWHERE
from dsrlb.control.macs.nexthops import Target
from dsrlb.control.macs.targets import Whereabouts


@dataclass
class Placed:
    """Something that says where."""

    where: Resolution


def test_get_says_what_brackets_say() -> None:
    """Also of who is not looked for, and of who is not found yet."""
    found, sought, strange = (
        RealId(ServiceId("web", 4), ip_address(f"10.0.0.{number}")) for number in (1, 2, 3)
    )
    targets = {real: Target(real.address, None) for real in (found, sought)}
    where = Resolution("02:00:00:00:00:01", None, fresh=True)
    reals = Whereabouts(targets, {targets[found]: Placed(where)})
    assert reals.get(found) is reals[found] is reals.get(found, NOWHERE) is where
    for real in (sought, strange):
        assert real not in reals
        assert reals.get(real) is None
        assert reals.get(real, NOWHERE) is NOWHERE
    assert dict(reals) == {found: where}
