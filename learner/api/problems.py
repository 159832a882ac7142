"""Every error as problem details (RFC 9457), with a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsException

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger("api")


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> Response[dict[str, Any]]:
    """An answer that says what is wrong; `more` are further members of its body."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail, **more}
    return Response(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def not_found(what: str, key: object, hint: str) -> ProblemDetailsException:
    """404: there is no such thing."""
    return ProblemDetailsException(status_code=404, title="Not Found", detail=f"no {what} {key!r}; {hint}")


def conflict(detail: str) -> ProblemDetailsException:
    """409: it cannot be done in this state."""
    return ProblemDetailsException(status_code=409, title="Conflict", detail=detail)


def problem_error(status: int, detail: str, headers: dict[str, str] | None = None) -> ProblemDetailsException:
    """Any other status, with a sentence that says what to do."""
    title = HTTPStatus(status).phrase
    return ProblemDetailsException(status_code=status, title=title, detail=detail, headers=headers)


def unavailable(detail: str, retry_after_s: int | None = None) -> ProblemDetailsException:
    """503: not now."""
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else None
    return problem_error(503, detail, headers)


def handle_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """Any HTTP error; a validation error names each field."""
    if not isinstance(error.extra, list) or not error.extra:
        return problem(error.status_code, error.detail, error.headers)
    told = [_field(entry) for entry in error.extra if isinstance(entry, Mapping)]
    detail = "; ".join(told) or error.detail
    return problem(error.status_code, detail, error.headers, errors=error.extra)


def _field(entry: Mapping[str, Any]) -> str:
    key, message = entry.get("key"), str(entry.get("message", ""))
    return f"{key}: {message}" if key else message


def handle_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """A defect: logged with its traceback, told without its insides."""
    log.error("request failed", path=request.url.path, exc_info=error)
    return problem(500, "the learner failed on this request; its log says why")
