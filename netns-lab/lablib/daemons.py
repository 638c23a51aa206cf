# SPDX-License-Identifier: Apache-2.0
"""What runs on the real servers: nginx and dnsmasq."""

from __future__ import annotations

import random
from pathlib import Path

from lablib.shell import BUILD

LARGE_BYTES = 50 << 20
_NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type text/plain;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {port};
        listen [::]:{port};
        add_header Server-Address $server_addr;
        location = /name {{ return 200 "{name}\\n"; }}
        location = /healthz {{ return 200 "ok\\n"; }}
        location = /large {{ alias {large}; }}
    }}
}}
"""


def large_file() -> Path:
    """The 50 MB file that every real serves; made once."""
    path = BUILD / "lab/large.bin"
    if not path.exists() or path.stat().st_size != LARGE_BYTES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(77).randbytes(LARGE_BYTES))
    return path


def nginx(name: str, folder: Path, port: int) -> list[str]:
    """The command of a web server that tells its name at /name; writes its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    large = large_file()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, name=name, large=large, port=port))
    return ["nginx", "-c", str(config), "-p", str(folder), "-e", str(folder / "nginx.log")]


def dnsmasq(name: str, port: int) -> list[str]:
    """The command of a DNS server that tells its name as TXT of whoami.lab."""
    argv = ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/dev/null", "--no-hosts"]
    argv += ["--no-resolv", "--pid-file=", f"--txt-record=whoami.lab,{name}", "--log-facility=-"]
    return [*argv, f"--port={port}"]
