"""Every link between our documents leads somewhere, and every command is in the README."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tools.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")


def broken_links(page: Path) -> list[str]:
    """Relative links of one page that lead nowhere, as lines to print."""
    found = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path = target.partition("#")[0]
        if path and "://" not in path and not (page.parent / path).exists():
            found.append(f"{page.relative_to(ROOT)}: {target} leads nowhere")
    return found


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    problems = [line for page in sorted(pages) for line in broken_links(page)]
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
