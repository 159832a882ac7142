"""The API's documentation as a plain page: no script, nothing loaded from elsewhere, so it works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from litestar.connection import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

STYLE = """
body{font:16px/1.5 system-ui;max-width:56rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code{background:#8882;padding:.1em .3em;border-radius:3px}
h3{margin-bottom:0} .method{display:inline-block;min-width:3.5em}
table{border-collapse:collapse;margin:.5rem 0} td{padding:.15rem .8rem .15rem 0;vertical-align:top}
"""


class PlainRenderPlugin(OpenAPIRenderPlugin):
    """Renders the OpenAPI document as one HTML page."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        info = openapi_schema["info"]
        title = f"{escape(info['title'])} {escape(info['version'])}"
        parts = [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
            f"<h1>{title}</h1><p>{escape(info.get('description', ''))} ",
            'As a document for tools: <a href="/schema/openapi.json">openapi.json</a>.</p>',
            *_operations(openapi_schema),
            "</body></html>",
        ]
        return "\n".join(parts).encode()


def _operations(schema: Mapping[str, Any]) -> Iterator[str]:
    for path, item in sorted(schema["paths"].items()):
        for method, operation in item.items():
            if not isinstance(operation, Mapping) or "responses" not in operation:
                continue
            verb = f'<span class="method">{escape(method.upper())}</span>'
            yield f"<h3><code>{verb} {escape(path)}</code></h3>"
            yield f"<p>{escape(operation.get('description') or operation.get('summary') or '')}</p>"
            rows = [*_parameters(operation), *_fields(operation, schema)]
            if rows:
                yield f"<table>{''.join(rows)}</table>"


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        yield _row(parameter["name"], parameter["in"], parameter.get("schema", {}))


def _fields(operation: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    choices = [body, *body.get("oneOf", [])]
    name = next((choice["$ref"].rsplit("/", 1)[1] for choice in choices if "$ref" in choice), None)
    if name is not None:
        for field, about in schema["components"]["schemas"][name].get("properties", {}).items():
            yield _row(field, "body", about)


def _row(name: str, where: str, about: Mapping[str, Any]) -> str:
    bounds = [f"{key} {about[key]}" for key in _BOUNDS if key in about and about[key] != 2**63 - 1]
    told = " ".join([str(about.get("type", "")), *bounds, str(about.get("description", ""))])
    return f"<tr><td><code>{escape(name)}</code></td><td>{where}</td><td>{escape(told)}</td></tr>"


_BOUNDS = ("enum", "minimum", "maximum", "exclusiveMaximum", "minLength", "maxLength")
