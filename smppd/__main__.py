"""`smppd` and `python -m smppd`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from smppd.cli import app

    app()


if __name__ == "__main__":
    main()
