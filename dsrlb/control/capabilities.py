# SPDX-License-Identifier: Apache-2.0
"""What the daemon may still do once it has started (capabilities(7)); OPERATIONS.md tells, too."""

from __future__ import annotations

from dsrlb import privileges
from dsrlb.errors import KernelError
from dsrlb.observe.events import EventLog

KEPT = {
    privileges.BPF: "make maps, load programs",
    privileges.PERFMON: "load programs that read what the verifier lets nobody else read",
    privileges.NET_ADMIN: "attach, neighbours, offloads, the probes' veth pair and rules",
    privileges.NET_RAW: "ask by ARP and neighbour solicitation, announce VIPs",
    privileges.SYS_ADMIN: "open BPF objects by their ids",
    privileges.CHOWN: "give the socket a group",
    privileges.SETUID: "start the process that checks real servers, as nobody",
    privileges.SETGID: "the same",
    privileges.SETPCAP: "the same, with less than the daemon has",
    privileges.KILL: "end that process when it hangs",
}
"""What each is needed for."""


def give_up(events: EventLog) -> None:
    """Have these alone from now on, with all that is started. Where the kernel refuses that, it is
    told, and the daemon goes on as it was."""
    try:
        privileges.keep(KEPT)
    except KernelError as error:
        events.add("start", f"capabilities that are not needed stay: {error.message}", "warning")
