"""The command group: commands are loaded when they are called, so that ``hopenow --help`` answers at once.

Exit codes: see `EXIT_CODES`. An error is one clear line on standard error (with its findings under it); set
``HOPENOW_DEBUG=1`` for the traceback.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn, cast

import click

import hopenow
from hopenow.errors import CoverageError, HopeNowError, LawError, ReferenceDataError

OK, FAILED, USAGE, INPUT, LAW, DEFECT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 70, 130, 143
EXIT_CODES = {
    OK: "done",
    FAILED: "done, but some cases failed, a loan was not found, or (with --strict) rows were skipped",
    USAGE: "the command line is wrong",
    INPUT: "the input cannot be read, or the output cannot be written",
    LAW: "a law file or reference file has a defect, or does not cover the date",
    DEFECT: "a defect of the program; please report it",
    INTERRUPTED: "interrupted (Ctrl-C); no half-written file is left",
    TERMINATED: "terminated; no half-written file is left",
}

COMMANDS = {
    "review": ("review", "Every option for every loan of a tape."),
    "explain": ("explain", "One loan: the whole waterfall in plain words."),
    "demo": ("demo", "Make up a tape, review it, and show where the report is."),
    "conform": ("conform", "Run worked cases and compare every figure."),
    "law": ("law", "List, show and check the dated rules and figures."),
    "tape": ("tape", "Look at a loan file; write templates and mappings."),
    "facts": ("facts", "List everything that can be known of a loan."),
    "serve": ("serve", "The platform: database, web server and worker together."),
    "platform": ("platform", "Migrate, back up, restore, rotate keys: for the operator."),
    "verify": ("verify", "Check that nothing in the platform's ledger was changed."),
    "outcomes": ("outcomes", "Who was helped, and did it last: from loan histories."),
    "npv": ("npv", "The HAMP value test: is a loan worth more modified, or as it is?"),
    "fairness": ("fairness", "Who gets help and who is left out, from a file of applications."),
    "research": ("research", "De-identified research files, and what may be published."),
    "clocks": ("clocks", "Duties, deadlines and protections of a case, from what happened."),
    "standards": ("standards", "Lending standards: loans checked, distress observed, key facts before signing."),
}
"""Command to its module in `hopenow.cli` and its line in the help."""


class _Commands(click.Group):
    """Loads a command's module when the command is called; the help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"hopenow.cli.{COMMANDS[cmd_name][0]}").command
        return cast(click.Command, command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), words) for code, words in EXIT_CODES.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(hopenow.__version__, prog_name="hopenow")
def cli() -> None:
    """Every workout a homeowner in mortgage trouble could have, with exact terms and every reason."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end; cleans up as Ctrl-C does."""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with one of `EXIT_CODES`."""
    with contextlib.suppress(ValueError):  # only the main thread may set it
        signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="hopenow", standalone_mode=False)
        return code if isinstance(code, int) else OK
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        terminated = isinstance(error, Terminated) or isinstance(error.__cause__ or error.__context__, Terminated)
        click.echo("hopenow: stopped; no half-written file is left", err=True)
        return TERMINATED if terminated else INTERRUPTED
    except HopeNowError as error:
        return _refused(str(error), LAW if isinstance(error, LawError | ReferenceDataError | CoverageError) else INPUT)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _refused(f"{place}{error.strerror or error}", INPUT)
    except Exception as error:  # noqa: BLE001  (said in one line; the traceback is there on request)
        words = " ".join(str(error).split())[:300]
        return _refused(
            f"a defect of the program: {type(error).__name__}: {words} (HOPENOW_DEBUG=1 shows where)", DEFECT
        )


def _refused(message: str, code: int) -> int:
    if os.environ.get("HOPENOW_DEBUG") == "1":
        traceback.print_exc()
    click.echo(f"hopenow: {message}", err=True)
    return code
