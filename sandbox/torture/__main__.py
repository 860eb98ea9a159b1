"""Run it: `python -m sandbox.torture --seed 1 --minutes 5 --pods 3 --events 60000 --profile tags`."""

import asyncio
import json
import signal
import sys

from rich.console import Console

from sandbox.demo.children import DemoError
from sandbox.torture.options import Options, options
from sandbox.torture.report import Report
from sandbox.torture.run import torture


async def _bounded(given: Options, console: Console) -> Report:
    me = asyncio.current_task()
    if me is not None:
        # As Ctrl-C does: everything that was started is ended on the way out.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with asyncio.timeout(given.timeout):
        return await torture(given, console)


def main() -> int:
    """Entry point; the exit code is 0 only where the oracle is satisfied and no cell that must be met is empty."""
    given, console = options(sys.argv[1:]), Console(stderr=True)
    try:
        report = asyncio.run(_bounded(given, console))
    except TimeoutError:
        console.print(f"[red]not finished within {given.timeout:g} s[/red]; logs are in {given.build}/torture-logs")
        return 1
    except DemoError as error:
        console.print(f"[red]no proof[/red]: {error}", markup=True)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted")
        return 130
    for violation in report.judged.violations[:20]:
        console.print(f"[red]wrong[/red] {violation}", soft_wrap=True, highlight=False)
    for fault, phase in report.saboteur.cells.empty():
        console.print(f"not met: {fault} {phase}")
    print(f"torture: {json.dumps(report.line())}", flush=True)
    return 0 if report.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
