"""Run the demo: `python -m sandbox.demo --profile lenient --orders 2000 --seed 1`."""

import asyncio
import sys

from rich.console import Console

from sandbox.demo.children import DemoError
from sandbox.demo.options import Options, options
from sandbox.demo.run import demo


async def _bounded(given: Options, console: Console) -> int:
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
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
