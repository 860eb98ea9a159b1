"""Run the demo: `python -m sandbox.demo --profile lenient --orders 2000 --seed 1`."""

import asyncio
import signal
import sys

from rich.console import Console

from sandbox.demo.children import DemoError
from sandbox.demo.options import Options, options
from sandbox.demo.run import demo


async def _bounded(given: Options, console: Console) -> int:
    me = asyncio.current_task()
    if me is not None:
        # As Ctrl-C does: everything that was started is ended on the way out.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with asyncio.timeout(given.timeout):
        return await demo(given, console, say=console.print)


def main() -> int:
    """Entry point; the exit code is 0 only where the proof holds."""
    given, console = options(sys.argv[1:]), Console(stderr=True)
    try:
        return asyncio.run(_bounded(given, console))
    except TimeoutError:
        console.print(f"[red]not finished within {given.timeout:g} s[/red]; the logs are in {given.build}/demo-logs")
    except DemoError as error:
        console.print(f"[red]no proof[/red]: {error}", markup=True)
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted")
        return 130
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
