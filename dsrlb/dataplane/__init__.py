# SPDX-License-Identifier: Apache-2.0
"""The kernel side: compile, load, maps, test runs. bcc is imported in a child process only."""
