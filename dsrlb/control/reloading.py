# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a file becomes the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from dsrlb.config.secrets import told
from dsrlb.config.source import load_with_origin
from dsrlb.control.balancer import Balancer
from dsrlb.control.revisions.authors import own
from dsrlb.control.revisions.change import Change
from dsrlb.errors import DsrlbError


async def apply_file(
    file: Path, balancer: Balancer, change: Callable[[Callable[[], object]], Awaitable[object]]
) -> None:
    """What comes of it is an event. ``change``: runs something that touches the balancer."""
    try:
        config, origin = await asyncio.to_thread(load_with_origin, file)
        wanted = Change(own(), f"reload {file}")
        await change(lambda: balancer.accept(config, origin, wanted))
    except DsrlbError as error:
        balancer.events.add("apply", f"reload: {told(error)}", "error")
