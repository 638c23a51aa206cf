# SPDX-License-Identifier: Apache-2.0
"""Mode l3dsr: the files about one of its methods begin with dscp, ipip or gue. Its fragments are in
../fragments, the ICMP errors about its flows in ../errors.

"4in6" is IPv4 behind an IPv6 header that was put in front, "6in4" the reverse. Ports 100 and up are
the methods in the order of ../services.py.
"""
