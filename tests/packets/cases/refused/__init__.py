# SPDX-License-Identifier: Apache-2.0
"""What is dropped or left to the kernel, whatever the mode."""
