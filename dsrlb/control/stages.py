# SPDX-License-Identifier: Apache-2.0
"""The programs of the fast path that a configuration needs."""

from __future__ import annotations

from dsrlb.config import Config
from dsrlb.control.probing.targets import prefixes_needed
from dsrlb.dataplane.loader import Dataplane


def check(dataplane: Dataplane, config: Config) -> None:
    """Can complete() compile what is not loaded yet from the sources of all else? Raises
    SourcesChanged or CompileError."""
    dataplane.check(replies=_replies(config), probes=_probes(config))


def complete(dataplane: Dataplane, config: Config) -> None:
    """Load what is not loaded yet. Raises CompileError or LoadError."""
    dataplane.complete(replies=_replies(config), probes=_probes(config))


def _replies(config: Config) -> bool:
    return any(service.replies for service in config.service)


def _probes(config: Config) -> bool:
    return bool(prefixes_needed(config))
