"""Before timing: every service sends the upstream the same request and gives the golden answer."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks import hot
from benchmarks.services import Service


class WrongAnswerError(RuntimeError):
    """A service does not do the work that is measured."""


class Upstream(ThreadingHTTPServer):
    """An upstream that keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[hot.Sent] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        self.server.sent.append(hot.Sent("POST", self.path, headers, body))
        answer = json.dumps(hot.UPSTREAM_ANSWER, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name for it
        """Says nothing."""


@contextmanager
def recording() -> Iterator[Upstream]:
    """An upstream in a thread of this process."""
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def check(name: str, service: Service, port: int, upstream: Upstream | None = None) -> None:
    """Send the request once. Raises WrongAnswerError if the answer, or what reached the upstream, is wrong."""
    status, body = _ask(port, hot.KEY)
    wrong = service.judge(body) if status == 200 else [f"status {status}: {body[:300]!r}"]
    if upstream is not None and not service.proxies and not wrong:
        wrong = hot.judge_request(upstream.sent[-1])
        if _ask(port, hot.KEY[:-1] + "1")[0] != 401:
            wrong.append("a wrong key was not refused with 401")
    if wrong:
        raise WrongAnswerError(f"{name} does not do the work that is measured:\n" + "\n".join(wrong))


def _ask(port: int, key: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", hot.PATH, hot.BODY, {**hot.HEADERS, "Authorization": f"Bearer {key}"})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()
