"""How the command line speaks: to people with rich, to machines with JSON, and its exit codes."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec

import click
from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from trustid.errors import (
    ConfigurationError,
    InternalError,
    KeystoreError,
    StoreError,
    TrustidError,
)

__all__ = [
    "CONFIGURATION",
    "EXIT_CODES",
    "OK",
    "REFUSED",
    "UNREACHABLE",
    "USAGE",
    "Output",
    "clean",
    "exit_code_of",
    "gigabytes",
    "moment",
    "with_output",
]

OK: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
CONFIGURATION: Final = 4

EXIT_CODES: Final = """\b
Exit codes:
  0  done
  1  refused: something was checked and does not hold, or somebody said no
  2  the command was not understood
  3  the other side cannot be reached
  4  a setting, a key file or a folder on this machine is not in order"""

PROGRESS_AFTER_SECONDS: Final = 2.0

_UNREACHABLE_CODES: Final = frozenset(
    {"did_unreachable", "status_unavailable", "fetch_failed", "fetch_timeout", "tls_invalid"}
)

_VALUE_MAX: Final = 500
"""A single claim on the screen; JSON output is never cut."""

_GIGABYTES_FROM: Final = 10**9

_HINTS: Final = {
    "fetch_blocked": "For servers that you run on this machine yourself, set TRUSTID_ALLOW_HTTP=1.",
    "acc_epoch_stale": "Refresh, and show it again later: trustid wallet refresh",
}
"""What to do, beside an error that has one of these codes, or tells that the other side had it."""

P = ParamSpec("P")


class Output:
    """Where a command's result goes.

    Args:
        as_json: One JSON object on standard output, nothing else.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def result(self, value: Mapping[str, Any]) -> None:
        """Print the result for machines; nothing for people."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False))

    def say(self, text: str, style: str = "") -> None:
        """Print a line for people."""
        if not self.as_json:
            self._console.print(Text(text, style=style))

    def table(self, columns: list[str], rows: list[list[str]]) -> None:
        """Print a table for people; cells are cleaned."""
        if self.as_json:
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            # Cut nothing: a host of which the end is missing is another host.
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*[Text(clean(cell)) for cell in row])
        self._console.print(table)

    def panel(self, title: str, lines: list[tuple[str, str]]) -> None:
        """Print named lines in a frame for people; texts are cleaned."""
        if self.as_json:
            return
        grid = Table.grid(padding=(0, 2))
        for name, value in lines:
            grid.add_row(Text(name, style="bold"), Text(clean(value)))
        self._console.print(Panel(grid, title=Text(clean(title)), title_align="left", expand=False))

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int, int], None]]:
        """Bars for people, for what takes longer than two seconds; nothing for machines and files.

        Yields:
            A function that is told a step, how much of it is done, and how much there is.
        """
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        if self.as_json or not console.is_terminal:
            yield lambda _step, _done, _total: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), _Rate())
        bars = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
        started = time.monotonic()
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done)
            if time.monotonic() - started > PROGRESS_AFTER_SECONDS:
                bars.start()  # again does nothing

        try:
            yield tell
        finally:
            bars.stop()

    def error(self, error: TrustidError) -> None:
        """Say what went wrong: to machines on standard output, to people on standard error."""
        if self.as_json:
            click.echo(
                json.dumps(
                    {"error": error.code, "message": clean(error.message), "public": error.public},
                    ensure_ascii=False,
                )
            )
            return
        console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
        console.print(Text.assemble((error.public, "bold red")))
        console.print(Text(clean(f"{error.code}: {error.message}"), style="dim"))
        for code, hint in _HINTS.items():
            if code in (error.code, *error.message.split()):
                console.print(Text(hint))


class _Rate(ProgressColumn):
    """How much is done in a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


def clean(value: Any) -> str:
    """Text from elsewhere, made safe for a terminal: no control or direction characters, bounded."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return text if len(text) <= _VALUE_MAX else f"{text[:_VALUE_MAX]}…"


def moment(seconds: int) -> str:
    """A time in UTC, to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def gigabytes(count: int) -> str:
    """A number of bytes as people read it."""
    return f"{count / 1e9:,.1f} GB" if count >= _GIGABYTES_FROM else f"{count / 1e6:,.1f} MB"


def exit_code_of(error: TrustidError) -> int:
    """The exit code that reports an error."""
    if error.code in _UNREACHABLE_CODES:
        return UNREACHABLE
    if isinstance(error, ConfigurationError | KeystoreError | StoreError | InternalError):
        return CONFIGURATION
    return REFUSED


def with_output(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its `--json`, its `Output` and its exit codes.

    The command's first argument becomes the `Output`. Errors of ours end it
    with one clear message; any other error is a bug and shows itself.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
    @functools.wraps(command)
    def run(*args: Any, as_json: bool, **kwargs: Any) -> None:
        output = Output(as_json=as_json)
        try:
            command(output, *args, **kwargs)
        except TrustidError as error:
            output.error(error)
            sys.exit(exit_code_of(error))

    return run
