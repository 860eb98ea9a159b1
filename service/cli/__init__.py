"""The front door: the command `orderferry`."""

from service.cli.app import application
from service.cli.front import Front


def main() -> None:
    """Run the command line; the entry point of the console script."""
    application()(obj=Front())
