"""A real HTTP server in a language model's place, and what it may say."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from learner.speakers.endpoint import Endpoint

UNKNOWN = "moonwalk like an owl"
"""A wish for a motion that the grammar does not know, and what a model may propose."""
OWL = {
    "format": 1,
    "name": "owl",
    "description": "something else",
    "steps": [
        {"move": {"pitch": 12, "right": 30, "left": -30}, "seconds": 1.5},
        {"hold": 0.6},
        {"move": {"pitch": 0, "right": 0, "left": 0}, "seconds": 1.2},
    ],
}


@contextmanager
def serving():
    """A server that answers with `answer(handler)` and keeps what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
            try:
                self.server.answer(self)
            except OSError:
                self.close_connection = True  # the client has had enough

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.daemon_threads, made.ended = [], True, threading.Event()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        made.shutdown()
        made.server_close()
        thread.join()


def choices(text):
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def send(handler, body, status=200, length=None):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def says(server, text):
    """Have the server say this, whatever it is asked."""
    server.answer = lambda handler: send(handler, choices(text))


def address(server):
    return f"http://127.0.0.1:{server.server_port}/v1/"


def endpoint(server, **more):
    return Endpoint(address(server), "some-model", **more)
