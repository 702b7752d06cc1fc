"""A folder of own media, as a dancer has it: one short song, a few small clips, a manifest."""

import sys
from pathlib import Path

from local_emulators.demo_library.synthesiser import Part
from local_emulators.small_media import Move, write_moves, write_song

MOVES = (
    Move("basic_step", "beginner", "low"),
    Move("side_step", "beginner", "medium"),
    Move("box_step", "beginner", "high"),
    Move("opening", "beginner", "medium", "closed", "open"),
    Move("closing", "beginner", "medium", "open", "closed"),
    Move("right_turn", "intermediate", "high", "open", "open"),
)


def write_own_media(folder: Path) -> None:
    """Write `songs`, with one of 12 eights (46 s), and `moves`, which must be conformed."""
    parts = [Part("verse", 4), Part("chorus", 4, "majao"), Part("mambo", 2, "mambo")]
    write_song(folder / "songs", "Patio", parts)
    write_moves(folder / "moves", MOVES, frame_rate=25, height=240)


if __name__ == "__main__":
    # For tools/image_flow.py, which takes the media in through the image of the catalogue.
    write_own_media(Path(sys.argv[1]))
