"""The robot's own page: STOP, how the robot stands, and "I am watching", served by the robot itself.

Needs no learner, no link and no database. It can stop the robot and never release it: whoever lets a stopped
robot move again should see what is in front of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from robot_agent.config import AgentConfig
from robot_agent.confirmation import Guard, stopped_by, wait_latched
from robot_agent.eyesight import eyesight, last_photo
from robot_agent.frames import Kind, Mode
from robot_agent.photos import PhotoFolder
from robot_agent.sources.buttons import read_board
from robot_agent.sources.watch import Watchers

log = logging.getLogger("page")

HTML = Path(__file__).parent / "page.html"
MAX_BODY = 512
MAX_CONNECTIONS = 64
IDLE_S = 5.0
"""A connection that says nothing for this long is ended."""
CONFIRM_S = 2.0
LOOK_S = 0.1
"""How often it is looked whether a watcher fell silent."""
RETRY_S = 5.0
"""Pause before a port that is taken is tried again."""
PHOTOS = "/photos/"
SHOWN_PHOTOS = 6
"""The newest ones, on the page."""
WATCHER = re.compile(r"[A-Za-z0-9-]{1,64}")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Desk:
    """What the page can ask for.

    Args:
        config: of the agent.
        lines: the eventfds `stop_page` and `stop_supervisor`.
    """

    def __init__(self, config: AgentConfig, lines: Mapping[str, int]) -> None:
        self._config, self._lines = config, lines
        self._guard = Guard(config.runtime)
        self.photos = PhotoFolder(config.state.photos)
        mark = config.runtime.watched("page")
        self.watchers = Watchers(mark, lambda: os.eventfd_write(lines["stop_supervisor"], 1))

    def stop(self) -> float:
        """Ask for a stop; returns when [s], monotonic."""
        asked_s = time.monotonic()
        os.eventfd_write(self._lines["stop_page"], 1)
        return asked_s

    def confirmed(self, asked_s: float) -> dict[str, Any]:
        """What became of that stop."""
        took_s = wait_latched(self._guard.latches, asked_s, CONFIRM_S)
        if took_s is None:
            return {"confirmed": False, "error": "the guard has not confirmed; it latches as soon as it runs"}
        return {"confirmed": True, "latched_ms": round(took_s * 1e3, 2)}

    def state(self) -> dict[str, Any]:
        """How the robot stands."""
        state = self._guard.state()
        said: dict[str, Any] = {"robot_id": self._config.robot_id, "state": "NO_GUARD"}
        if state is not None:
            said |= {
                "state": Mode(state.mode).name,
                "stopped_by": stopped_by(state.stop_source) if state.stop_source else "",
                "fault": state.fault,
                "limp": state.limp,
                "teleop": state.teleop,
                "idle": state.kind == Kind.IDLE,
            }
        eyes = eyesight(self._config)
        said |= {"eyes": eyes.found, "eyes_well": eyes.well, "photo": last_photo(self._config)}
        said["photos"] = self.photos.names()[:SHOWN_PHOTOS]
        said["watchers"] = len(self.watchers)
        said["buttons"] = [asdict(button) for button in read_board(self._config.runtime.buttons)]
        return said

    def watch(self, said: Any) -> dict[str, Any]:
        """A beat or a farewell of somebody who watches."""
        name = said.get("watcher") if isinstance(said, dict) else None
        watching = said.get("watching") if isinstance(said, dict) else None
        if not (isinstance(name, str) and WATCHER.fullmatch(name) and isinstance(watching, bool)):
            text = 'expected {"watcher": up to 64 letters, digits and -, "watching": true or false}'
            raise Refused(HTTPStatus.BAD_REQUEST, text)
        name = f"page {name}"
        if not watching:
            self.watchers.leave(name)
        elif not self.watchers.beat(name, time.monotonic()):
            text = f"{len(self.watchers)} watch already; let one of them leave"
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, text)
        return {"watching": watching}

    def keep_watch(self, ending: threading.Event) -> None:
        """Miss those who fall silent."""
        while not ending.wait(LOOK_S):
            self.watchers.look(time.monotonic())


class Server(ThreadingHTTPServer):
    """One thread a connection, of which there are not too many."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self.html = HTML.read_bytes()
        self.policy = content_policy(self.html.decode())
        self._room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind, without asking a name server that may not be there who this machine is."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a connection's thread, or end the connection where there are too many."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """A connection, in its own thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news; anything else is."""
        log.info("a request from %s failed: %r", client_address[0], sys.exc_info()[1])


class Handler(BaseHTTPRequestHandler):
    """The requests there are."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "reachy-coach", ""
    timeout = IDLE_S
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """The page, the robot's state and its photos."""
        if self.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self.server.html)
        elif self.path == "/state":
            self._json(HTTPStatus.OK, self.server.desk.state())
        elif self.path.startswith(PHOTOS):
            self._photo(self.path.removeprefix(PHOTOS))
        else:
            self._lost()

    def do_POST(self) -> None:
        """A stop, or word of somebody who watches."""
        try:
            self._same_origin()
            if self.path == "/stop":
                self._stop()
            elif self.path == "/watch":
                self._json(HTTPStatus.OK, self.server.desk.watch(self._body()))
            else:
                self._lost()
        except Refused as error:
            self.close_connection = True  # what is left of the body would be taken for a request
            self._json(error.status, {"error": str(error)})

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged; what they lead to is."""

    def _photo(self, name: str) -> None:
        try:
            self._same_origin()
        except Refused as error:
            self._json(error.status, {"error": str(error)})
            return
        found = self.server.desk.photos.read(name)
        if found is None:
            self._json(HTTPStatus.NOT_FOUND, {"error": "there is no such photo"})
        else:
            self._answer(HTTPStatus.OK, "image/png", found)

    def _stop(self) -> None:
        """Two lines: that it was sent, at once; then what became of it."""
        asked_s = self.server.desk.stop()  # before anything else, whatever the request's body is
        log.warning("a stop was asked for by %s", self.client_address[0])
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self._headers("application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self._line({"sent": True})
        self._line(self.server.desk.confirmed(asked_s))

    def _line(self, said: Mapping[str, Any]) -> None:
        self.wfile.write(json.dumps(said).encode() + b"\n")
        self.wfile.flush()

    def _same_origin(self) -> None:
        """No other site may act in the name of a person who has this page open or not."""
        origin, host = self.headers.get("Origin"), self.headers.get("Host", "")
        foreign = origin is not None and origin.partition("://")[2] != host
        if foreign or self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise Refused(
                HTTPStatus.FORBIDDEN, f"a request from {origin} to {host}: open the robot's own page"
            )

    def _body(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "the request does not say how long it is")
        if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            text = f"the request has more than {MAX_BODY} bytes"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise Refused(HTTPStatus.BAD_REQUEST, "the request is not JSON") from None

    def _lost(self) -> None:
        self.close_connection = True
        self._json(
            HTTPStatus.NOT_FOUND, {"error": "there are GET /, /state and /photos/NAME, POST /stop and /watch"}
        )

    def _json(self, status: HTTPStatus, said: Mapping[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(said).encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self._headers(kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Content-Security-Policy", self.server.policy)


def content_policy(html: str) -> str:
    """Of the page: its own script and style, requests to where it came from, and nothing else."""

    def hashes(tag: str) -> str:
        parts = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        return " ".join(f"'sha256-{_digest(part)}'" for part in parts)

    return (
        f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; "
        "connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def run(config: AgentConfig, lines: Mapping[str, int]) -> int:
    """Serve until the process is ended."""
    desk = Desk(config, lines)
    ending = threading.Event()
    threading.Thread(target=desk.keep_watch, args=(ending,), daemon=True).start()
    host, port = config.page_address
    complained = False
    while True:
        try:
            server = Server((host, port), desk)
            break
        except OSError as error:
            if not complained:
                log.error("no page at %s:%d (%s); choose another page_port or page_host", host, port, error)
            complained = True
            time.sleep(RETRY_S)
    with server:
        log.info("the robot's page is at http://%s:%d", host, port)
        server.serve_forever(poll_interval=60.0)
    return 0
