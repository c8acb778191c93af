"""nginx as the upstream of every service, and as the bare reverse proxy that maps nothing."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_CONFIG = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx-{name}.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/{name}-body;
    proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-fastcgi;
    uwsgi_temp_path {folder}/{name}-uwsgi;
    scgi_temp_path {folder}/{name}-scgi;
    default_type application/json;
    {http}
    server {{
        listen 127.0.0.1:{port};
        location / {{ {location} }}
    }}
}}
"""


def upstream(folder: Path, port: int, answer: Any) -> Sequence[str]:
    """The command of a server that answers every request with the same JSON, kept in memory."""
    text = json.dumps(answer, ensure_ascii=False)
    if "'" in text or "$" in text or len(text.encode()) > 3900:
        raise ValueError("the answer does not fit a line of nginx's configuration")
    return _command(folder, "upstream", port, "", f"return 200 '{text}';")


def proxy(folder: Path, port: int, upstream_port: int) -> Sequence[str]:
    """The command of a reverse proxy with kept connections."""
    http = f"upstream crm {{ server 127.0.0.1:{upstream_port}; keepalive 256; keepalive_requests 1000000000; }}"
    location = 'proxy_pass http://crm; proxy_http_version 1.1; proxy_set_header Connection "";'
    return _command(folder, "nginx", port, http, location)


def _command(folder: Path, name: str, port: int, http: str, location: str) -> Sequence[str]:
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / f"{name}.conf"
    config.write_text(
        _CONFIG.format(user=user, folder=folder, name=name, port=port, http=http, location=location), encoding="utf-8"
    )
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(config)]
