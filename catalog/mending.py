"""What a person says on the page about a song's count or about a move: it wins, and it is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.songs import slot_vectors
from choreo import music
from choreo.database.catalogue import EmbeddedMove
from choreo.errors import InvalidInput
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style

if TYPE_CHECKING:
    from catalog.clips import MadeMove
    from choreo.move import Move
    from choreo.song import Song, SongAnalysis
    from choreo.wiring import Stack


@dataclass(frozen=True)
class Edit:
    """What a person says about a move; None where nothing is said."""

    name: str | None = None
    family: str | None = None
    difficulty: Difficulty | None = None
    energy_level: EnergyLevel | None = None
    style: Style | None = None
    entry_hold: Hold | None = None
    exit_hold: Hold | None = None

    @property
    def said(self) -> tuple[str, ...]:
        """Names of the fields that are said."""
        return tuple(entry.name for entry in fields(self) if getattr(self, entry.name) is not None)


STATES = {"entry_hold": "entry_state", "exit_hold": "exit_state"}
"""Where a move keeps its holds."""


def corrected(
    song: Song, *, shift: int = 0, taps: Sequence[float] = (), heard: bool = False
) -> SongAnalysis:
    """Return the song's analysis after a person's correction of the count.

    Args:

        song: A song with an analysis.

        shift: Counts by which every 1 comes later; negative for earlier.

        taps: Seconds on the song's clock, one for each 1 that the person heard; they come first.

        heard: Take all corrections back.

    Raises:

        InvalidInput: When there is nothing to correct, or the correction makes no sense.
    """
    if song.analysis is None:
        raise InvalidInput(f"{song.id} has not been analysed yet")
    if heard:
        return song.heard or song.analysis
    analysis = song.analysis
    if taps:
        analysis = music.correct_by_taps(analysis, taps)
    return music.correct_counts(analysis, shift) if shift else analysis


def save_counts(stack: Stack, song: Song, analysis: SongAnalysis) -> Song:
    """Store a corrected analysis, with the vectors of its 8-counts and the way back.

    Raises:

        MediaMissing: When the song's sound is not in the store.
    """
    if analysis == song.analysis:
        return song
    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        file = Path(folder) / Path(song.audio_path).name
        stack.object_store().fetch(song.audio_path, file)
        vectors = slot_vectors(file, analysis)
    heard = (song.heard or song.analysis) if analysis.corrected_by_person else None
    mended = song.model_copy(update={"analysis": analysis, "slot_vectors": vectors, "heard": heard})
    stack.catalogue.save_song(mended)
    return mended


def edit_move(stack: Stack, move_id: str, edit: Edit) -> Move:
    """Store what a person says about a move, and describe it anew.

    Raises:

        UnknownMove: When there is no move with this id.
    """
    (before,) = stack.catalogue.embedded_moves([move_id])
    if not edit.said:
        return before.move
    move = _edited(before.move, edit)
    stack.catalogue.save_moves([EmbeddedMove(move, before.pose, before.audio, _text_vector(move))])
    return move


def with_edits(made: Sequence[MadeMove], before: Sequence[Move]) -> list[MadeMove]:
    """Return the moves of a clip that was made again, with what a person had said about them.

    Args:

        made: The clip's moves as they come out now.

        before: The moves that the same clip gave before.
    """
    by_id = {move.id: move for move in before}
    # Under another name the parts of a clip still follow one another as before.
    in_order = sorted(before, key=lambda move: (len(move.id), move.id))
    if len(in_order) == len(made) and not any(item.move.id in by_id for item in made):
        by_id = {item.move.id: move for item, move in zip(made, in_order, strict=True)}
    return [_with_edit(item, by_id.get(item.move.id)) for item in made]


def _with_edit(item: MadeMove, before: Move | None) -> MadeMove:
    if before is None or not before.edited:
        return item
    values = {
        name: getattr(before, STATES[name]).hold if name in STATES else getattr(before, name)
        for name in before.edited
    }
    move = _edited(item.move, Edit(**values))
    return replace(item, move=move, text=_text_vector(move))


def _edited(move: Move, edit: Edit) -> Move:
    update: dict[str, object] = {}
    for name in edit.said:
        value = getattr(edit, name)
        if name in STATES:
            state = getattr(move, STATES[name])
            update[STATES[name]] = state.model_copy(update={"hold": value})
        else:
            update[name] = value
    said = tuple(dict.fromkeys((*move.edited, *edit.said)))
    estimated = tuple(name for name in move.estimated if name not in said)
    doubts = {name: value for name, value in move.confidences.items() if name not in said}
    return move.model_copy(
        update={**update, "edited": said, "estimated": estimated, "confidences": doubts}
    )


def _text_vector(move: Move) -> bytes:
    from catalog.clips import sentence_of
    from choreo.vectors import text
    from choreo.vectors.packing import pack

    return pack(text.embed([sentence_of(move)])[0])
