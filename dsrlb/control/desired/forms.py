# SPDX-License-Identifier: Apache-2.0
"""What a real server's flows hold on to: what of a method they were made for.

Where replies come back a flow is a pair, found by the addresses and ports of both sides of the
balancer, and neither another translation nor another port of the real server fits it. In DSR modes
a flow is what the client sends, whatever is put around it.
"""

from __future__ import annotations

from functools import cache

from dsrlb.control.desired.contents import DesiredReal
from dsrlb.dataplane.methods import Method, methods

Form = tuple[bool, ...] | tuple[bool, bool, bool, int]
"""Equal where flows of the one can go on as flows of the other."""


def form(method: Method, port: int = 0) -> Form:
    """``port``: the real server's, 0 where the service's is kept."""
    if not method.replies:
        return (False,)
    return (True, method.snat, method.routes, port)


@cache
def by_number() -> dict[int, Method]:
    """The methods as the maps name them."""
    return {method.number: method for method in methods().values()}


def form_of(real: DesiredReal) -> Form:
    """Of a real server as the maps have it."""
    return form(by_number()[real.method], real.port)
