# SPDX-License-Identifier: Apache-2.0
"""The network side of the kernel: links, XDP attachment, routes, neighbours, frames, events.

Everything works in the calling process's network namespace and asks netlink or ethtool, never
/sys/class/net (that mount may belong to another namespace). Functions are synchronous; pyroute2's
synchronous calls cannot run inside an event loop, so the daemon calls them in a thread.
"""
