"""Refuses what other web sites would make a visitor's browser ask of this API, which has no login."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

HARMLESS = {"GET", "HEAD", "OPTIONS"}
"""Their answers cannot be read by another site's script; a WebSocket's can."""


def same_origin(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Guard: a browser's `Origin` must be the address it speaks to; programs send none.

    Raises:
        PermissionDeniedException: it is another one.
    """
    origin = connection.headers.get("origin")
    if origin is None or connection.scope.get("method") in HARMLESS:
        return
    if urlsplit(origin).netloc != connection.headers.get("host"):
        raise PermissionDeniedException(f"requests from pages of {origin} are not taken here")
