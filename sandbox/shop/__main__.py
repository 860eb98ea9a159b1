"""Write a log and its predictions to files: `python -m sandbox.shop --seed 1 --histories 2000 --to build/shop`."""

import argparse
from pathlib import Path

from sandbox.shop.generate import generate


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.shop", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=2000)
    parser.add_argument("--to", type=Path, default=Path("build/shop"), help="folder of the files")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    generated = generate(given.seed, given.histories)
    generated.write_predictions(given.to / "predictions-lenient.ndjson", "lenient")
    generated.write_predictions(given.to / "predictions-strict.ndjson", "strict")
    generated.write_log(given.to / "log.ndjson")
    print(f"{len(generated.records)} records of {len(generated.histories)} histories in {given.to}")


if __name__ == "__main__":
    main()
