"""A web server on the loopback interface for tests that fetch for real."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from trustid.fetching import Fetcher, FetchPolicy

Answer = tuple[int, str, bytes] | Callable[[BaseHTTPRequestHandler], None]


class Loopback:
    """Serves what stands in `pages` and counts who asks.

    Attributes:
        pages: For each path status, content type and body, or a function that
            answers by itself.
        asked: The paths of all requests so far.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                page = outer.pages.get(self.path)
                if callable(page):
                    page(self)
                    return
                status, content_type, body = page or (404, "text/plain", b"")
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: object) -> None:
                """A client that hangs up is part of the test."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.authority = f"127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        return f"http://{self.authority}{path}"

    def fetcher(self, **policy: float) -> Fetcher:
        return Fetcher(FetchPolicy(allow_http_hosts=frozenset({self.authority}), **policy))  # type: ignore[arg-type]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()


@contextmanager
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    server.serve()
    try:
        yield server
    finally:
        server.close()
