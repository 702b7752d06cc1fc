"""Writes the demo's songs and clips, each with its exact truth, into a folder to look at.

python -m local_emulators.demo_library demo_media
"""

import argparse
from pathlib import Path

from choreo_cli.screen import progress
from local_emulators.demo_library.build import make_media


def main() -> None:
    """Make the media."""
    parser = argparse.ArgumentParser(
        prog="python -m local_emulators.demo_library",
        description="Write the demo's songs and clips with their truth.",
        epilog="Example: python -m local_emulators.demo_library demo_media",
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with progress() as show:
        make_media(folder, lambda what, share: show(what.capitalize(), share))
    print(f"{folder / 'songs'} and {folder / 'moves'}; `choreo ingest` takes both")


if __name__ == "__main__":
    main()
