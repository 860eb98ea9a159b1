"""Show generated orders as a shop does: `python -m sandbox.shop.admin --seed 1 --histories 200 --port 0`."""

import argparse
import asyncio
import json
import signal

from sandbox.shop.admin.server import AdminApi, Town
from sandbox.shop.generate import generate


async def serve(town: Town, port: int) -> None:
    """Serve until a signal asks to stop; the first line says where, and with which tokens."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    api = AdminApi(town)
    await api.start(port)
    print(json.dumps({"ready": True, "port": api.port, "tokens": town.tokens}), flush=True)
    await stopped.wait()
    await api.stop()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.shop.admin", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--maximum", type=float, default=2_000.0, help="points of a full bucket")
    parser.add_argument("--restore-rate", type=float, default=100.0, help="points that come back each second")
    given = parser.parse_args()
    town = Town(maximum=given.maximum, restore_rate=given.restore_rate)
    for _, history in generate(given.seed, given.histories).histories:
        town.add(history.order)
    asyncio.run(serve(town, given.port))


if __name__ == "__main__":
    main()
