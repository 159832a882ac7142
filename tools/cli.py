"""`reachy-coach`: the commands, each imported only when it is called, and what their errors look like."""

from __future__ import annotations

import difflib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from shared import __version__
from shared.errors import CoachError
from tools.extras import missing_extra

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130

LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True)
class Command:
    """One line of `reachy-coach --help`."""

    name: str
    target: str
    """`module:function`, or `module:app` for a command with subcommands; imported on first use."""
    help: str
    group: str


START, ROBOT, LEARN = "Start here", "On the robot", "Learning"

COMMANDS: tuple[Command, ...] = (
    Command("demo", "tools.demo:demo", "The whole loop on this machine, with a link for your phone.", START),
    Command("agent", "tools.agent:agent", "The robot's agent, on MuJoCo or on a Reachy Mini.", ROBOT),
    Command("stop", "tools.stop:stop", "Stop the robot of this machine; release and resume it.", ROBOT),
    Command(
        "install-robot",
        "tools.install_robot:install_robot",
        "Make the agent come up with the robot; or take it away.",
        ROBOT,
    ),
    Command("doctor", "tools.doctor:doctor", "What this robot lacks, and what to do about it.", ROBOT),
    Command("learner", "tools.learner:learner", "Ingest, store, API and pages.", LEARN),
    Command("train", "tools.train:train", "Train in simulation only; goes on after Ctrl-C.", LEARN),
    Command("eval", "tools.eval:evaluate", "Success of a policy, with confidence intervals.", LEARN),
    Command("bench", "tools.bench:bench", "The figures: sim, train, policy, stop, limiter, ood.", LEARN),
    Command("reward", "tools.reward:app", "Words become rewards: data and models.", LEARN),
    Command("tasks", "tools.tasks:app", "What the robot can be asked to do; play it, picture it.", LEARN),
    Command("coordinate", "tools.coordinate:app", "Split commands into goals, and play them.", LEARN),
    Command("tools", "tools.made:app", "Make motions from words, tried in simulation.", LEARN),
    Command("vision", "tools.vision:app", "The robot's eyes: train, measure, try the detector.", LEARN),
    Command("lesson", "tools.lesson:app", "What words, or a demonstration, teach, try by try.", LEARN),
    Command("sysid", "tools.sysid:app", "Find the simulated body that moves like a recorded one.", LEARN),
    Command("keys", "tools.keys:app", "Key pairs for the link between robot and learner.", ROBOT),
)
"""Every command."""


def build_app(argv: Sequence[str] = ()) -> App:
    """A new command tree; nothing of it is imported yet.

    A command named in argv is registered without its short help, so that its own page shows its docstring.
    """
    app = App(
        name="reachy-coach",
        help="Teach Reachy Mini by telling it how it did.",
        version=__version__,
        suppress_keyboard_interrupt=False,
    )
    groups = {title: Group(title, sort_key=i) for i, title in enumerate((START, ROBOT, LEARN))}
    for command in COMMANDS:
        short = None if command.name in argv else command.help
        app.command(command.target, name=command.name, help=short, group=groups[command.group])
    app.register_install_completion_command(help="Install tab completion for this shell.")

    app.meta.suppress_keyboard_interrupt = False

    @app.meta.default
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        log_level: Annotated[LogLevel, Parameter(help="How much to log to stderr.")] = "info",
    ) -> Any:
        refuse_unknown(tokens)
        configure_logs(log_level)
        return app(tokens, exit_on_error=False, result_action="return_value")

    return app


def refuse_unknown(tokens: Sequence[str]) -> None:
    """Name the nearest command, without importing any of them.

    Raises:
        CoachError: the first word is no command.
    """
    names = [command.name for command in COMMANDS]
    if not tokens or tokens[0].startswith("-") or tokens[0] in names:
        return
    near = difflib.get_close_matches(tokens[0], names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
    raise CoachError(f"no command {tokens[0]!r}; {hint}")


def configure_logs(level: LogLevel) -> None:
    """Structured logs as tidy lines on stderr: stdout belongs to figures and JSON."""
    import structlog

    colors = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=28),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(getattr(logging, level.upper()), logging.WARNING), stream=sys.stderr)


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0 done; 2 a mistake that the user can mend, told in one line; 130 interrupted; otherwise what the command
    returned.
    """
    try:
        result = build_app(argv).meta(list(argv), exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return EXIT_ERROR  # already told, with the usage
    except CoachError as error:
        return complain(error)
    except ImportError as error:
        readable = missing_extra(error)
        if readable is None:
            raise
        return complain(readable)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return result if isinstance(result, int) else 0


def complain(error: CoachError) -> int:
    """Print one line and give the exit code."""
    sys.stderr.write(f"reachy-coach: {error}\n")
    return error.exit_code


def main() -> None:
    """The console script."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # `reachy-coach ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
