# SPDX-License-Identifier: Apache-2.0
"""Read the configuration of other balancers, and write it as one of dsrlb's.

A reader for each format gives virtual servers in one form (form.py); the writer makes services of
them, and takes out what the models and checks of dsrlb.config do not accept.
"""

from dsrlb.importing.convert import Imported, from_ipvsadm, from_keepalived
from dsrlb.importing.report import Note

__all__ = ["Imported", "Note", "from_ipvsadm", "from_keepalived"]
