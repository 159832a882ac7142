"""The documentation keeps its word: links and anchors lead somewhere, commands in it can be typed, no blank
is left to fill in, and the README tells of every command."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclopts import CycloptsError, MissingArgumentError

from tools.cli import COMMANDS, build_app

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.+)$", re.MULTILINE)
BLANK = re.compile(r"(?<![\w.])@[A-Z]{2,}@")
BLOCK = re.compile(r"^[ ]*```[^\n]*\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`(reachy-coach [^`\n]+)`")
OPEN_END = re.compile(r"\.\.\.|[|<>&]")
"""Command lines with these are patterns, or more than one command."""


def broken_links(page: Path) -> list[str]:
    """Relative links of one page that lead nowhere."""
    found = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        other = page.parent / path if path else page
        if not other.exists():
            found.append(f"{target} leads nowhere")
        elif anchor and other.suffix == ".md" and anchor not in anchors(other):
            found.append(f"{target}: there is no such heading")
    return found


def anchors(page: Path) -> set[str]:
    """What a page's headings can be linked by."""
    plain = (
        re.sub(r"[^\w\- ]", "", title.lower())
        for title in HEADING.findall(BLOCK.sub("", page.read_text("utf-8")))
    )
    return {title.strip().replace(" ", "-") for title in plain}


def command_lines(text: str) -> Iterator[tuple[str, bool]]:
    """What is to be typed: from blocks, whole; from code within sentences, where arguments may be missing."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = re.sub(r"\s#.*$", "", line.strip())
            begin = re.match(r"(?:sudo )?(?:\S*/)?(?=reachy-coach )", words)
            if begin:
                yield words[begin.end() :], True
    yield from ((line, False) for line in CODE.findall(text))


def wrong_command(line: str, whole: bool) -> str:
    """Why this cannot be typed; "" if it can, or is a pattern. Nothing is run."""
    if OPEN_END.search(line):
        return ""
    try:
        tokens = shlex.split(line)[1:]
    except ValueError as error:
        return f"{line}: {error}"
    if not tokens or tokens[0].startswith("-"):
        return ""
    if tokens[0] not in {command.name for command in COMMANDS}:
        return f"{line}: no such command"
    try:
        build_app(tokens).parse_args(tokens, exit_on_error=False, print_error=False)
    except MissingArgumentError as error:
        return f"{line}: {str(error).strip().splitlines()[0]}" if whole else ""
    except CycloptsError as error:
        return f"{line}: {str(error).strip().splitlines()[0]}"
    return ""


def problems_of(page: Path) -> list[str]:
    """What is wrong with one page, as lines to print."""
    text = page.read_text(encoding="utf-8")
    found = broken_links(page)
    found += [f"{mark} is still to be filled in" for mark in BLANK.findall(text)]
    found += [problem for one in command_lines(text) if (problem := wrong_command(*one))]
    return [f"{page.relative_to(ROOT)}: {problem}" for problem in found]


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("learner/**/weights/*.md")]
    problems = [line for page in sorted(pages) for line in problems_of(page)]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    problems += [
        f"README.md: reachy-coach {command.name} is not mentioned"
        for command in COMMANDS
        if f"reachy-coach {command.name}" not in readme
    ]
    for line in problems:
        sys.stderr.write(line + "\n")
    sys.stdout.write(f"{len(pages)} pages, {len(problems)} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
