"""An S3-compatible server on loopback: moto's, with a log of requests, and faults on demand.

`serving()` starts it in a thread of this process; other processes reach it by `environment`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from attrs import Factory, define

MISSING = (
    "left out: tests of object stores need moto's server and obstore: "
    "pip install obstore 'moto[server]'"
)
SECRET = "not-to-be-found-in-any-file"  # noqa: S105  # of a server on loopback
_BY = "AWS4-HMAC-SHA256 Credential=someone/20260101/us-east-1/s3/aws4_request, Signature=any"

_numbers = count()  # moto keeps buckets for the life of the process


@define
class Store:
    """The server.

    Args:
        app: of moto.
        url: of its endpoint; known once it listens.
        requests: method and path of each, a listing as `LIST`.
        refuse: status by the end of a path; `hang` in its place never answers.
        before: called with the path before an object is given.
        without_etag: whether the server says no ETag, and heeds no condition.
    """

    app: Any
    url: str = ""
    requests: list[tuple[str, str]] = Factory(list)
    refuse: dict[str, str] = Factory(dict)
    before: Callable[[str], None] | None = None
    without_etag: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """Return what a user has in the environment."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def bucket(self, name: str | None = None, *, versioned: bool = False) -> str:
        """Make a bucket, and return its URL."""
        name = name or f"bucket-{next(_numbers)}"
        self._send("PUT", f"/{name}")
        if versioned:
            status = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            self._send("PUT", f"/{name}?versioning", status)
        return f"s3://{name}"

    def put(self, url: str, content: bytes | Path) -> str:
        """Write an object."""
        body = content.read_bytes() if isinstance(content, Path) else content
        self._send("PUT", url.removeprefix("s3:/"), body)
        return url

    def delete(self, url: str) -> None:
        """Delete an object."""
        self._send("DELETE", url.removeprefix("s3:/"))

    def asked(self, method: str) -> list[str]:
        """Return the paths of the requests of a method."""
        return [path for one, path in self.requests if one == method]

    def forget(self) -> None:
        """Forget what was asked."""
        self.requests.clear()

    def _send(self, method: str, path: str, body: bytes | None = None) -> None:
        headers = {"content-type": "application/octet-stream", "x-test": "1", "authorization": _BY}
        request = Request(self.url + path, body, headers, method=method)  # noqa: S310  # loopback
        with urlopen(request) as answer:  # noqa: S310  # loopback
            answer.read()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """Answer a request as WSGI has it."""
        if "HTTP_X_TEST" in environ:
            return self.app(environ, start)
        path, method = environ["PATH_INFO"].encode("latin-1").decode(), environ["REQUEST_METHOD"]
        is_list = "list-type" in environ.get("QUERY_STRING", "")
        self.requests.append(("LIST" if is_list else method, path))
        if method == "GET" and not is_list and self.before is not None:
            self.before(path)
        for end, status in self.refuse.items():
            if path.endswith(end):
                if status == "hang":
                    time.sleep(60)
                start(f"{status} {HTTPStatus(int(status)).phrase}", [("content-type", "text/xml")])
                return [f"<Error><Code>Test</Code><Key>{SECRET}</Key></Error>".encode()]
        if not self.without_etag:
            return self.app(environ, start)
        environ.pop("HTTP_IF_MATCH", None)
        return self._without_etag(environ, start)

    def _without_etag(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() != "etag"]
            kept = [(name, value) for name, value in kept if name.lower() != "content-length"]
            return start(status, [*kept, ("content-length", str(len(body)))], *rest)

        answer: list[Any] = []
        raw = b"".join(self.app(environ, lambda *given: answer.extend(given)))
        body = raw
        if b"<ListBucketResult" in raw:
            import re

            body = re.sub(rb"<ETag>.*?</ETag>", b"<ETag></ETag>", raw)
        started(*answer)
        return [body]


@contextmanager
def serving() -> Iterator[Store]:
    """Serve until the block ends."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: object) -> None:
            pass

    store = Store(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=Quiet)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
