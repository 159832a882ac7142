"""The page at `/`: the built front end, or a page that says how to build it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import MediaType, get
from litestar.static_files import create_static_files_router

STATIC = Path(__file__).parent / "static"

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>reachy-coach</title>
<style>
body{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}
code{background:#8882;padding:.1em .3em}
</style></head><body><h1>The learner runs; its page is not built</h1>
<p>In a source checkout, build it once with <code>make web</code> and reload.
Installed packages bring it along.</p>
<p>The API works: <a href="/schema">its documentation</a>, <a href="/api/v1/summary">summary</a>,
<a href="/metrics">metrics</a>.</p></body></html>
"""


def page_handlers(folder: Path = STATIC) -> list[Any]:
    """Route handlers for the page."""
    if (folder / "index.html").is_file():
        return [
            create_static_files_router(
                path="/", directories=[folder], html_mode=True, name="page", include_in_schema=False
            )
        ]

    @get("/", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
    def not_built() -> str:
        """How to build the page."""
        return NOT_BUILT

    return [not_built]
