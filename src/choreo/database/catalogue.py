"""The catalogue store: songs, moves and their vectors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, Table, delete, func, insert, select

from choreo.database.engine import transaction
from choreo.database.tables import move_embeddings, songs
from choreo.errors import UnknownMove, UnknownSong
from choreo.move import AUDIO_DIMENSIONS, POSE_DIMENSIONS, TEXT_DIMENSIONS, Move
from choreo.song import ListedSong, Song
from choreo.vocabulary import Difficulty, EnergyLevel, Style


@dataclass(frozen=True)
class EmbeddedMove:
    """A move with its three vectors.

    Each vector is little-endian float32 of unit length, as bytes, so that this module needs
    no numeric library: `numpy.frombuffer(vector, "<f4")` reads it without a copy.
    """

    move: Move
    pose: bytes
    audio: bytes
    text: bytes

    def __post_init__(self) -> None:
        for name, dimensions in (
            ("pose", POSE_DIMENSIONS),
            ("audio", AUDIO_DIMENSIONS),
            ("text", TEXT_DIMENSIONS),
        ):
            found = len(getattr(self, name))
            if found != 4 * dimensions:
                raise ValueError(
                    f"{name} vector of {self.move.id!r} has {found} bytes; {dimensions} float32 "
                    f"are {4 * dimensions}"
                )


class SqlCatalogue:
    """Songs and moves in a SQL database."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._clock = clock

    def songs(self) -> list[Song]:
        """Return all songs, by title."""
        with transaction(self._engine, reads_only=True) as connection:
            rows = connection.execute(select(songs.c.document).order_by(songs.c.title, songs.c.id))
            return [Song.model_validate_json(row.document) for row in rows]

    def listed_songs(self) -> list[ListedSong]:
        """Return what a list tells about each song, by title; vectors are not read."""
        # A release before this one stored no listing; a whole document tells the same.
        listing = func.coalesce(songs.c.listing, songs.c.document)
        with transaction(self._engine, reads_only=True) as connection:
            texts = connection.scalars(select(listing).order_by(songs.c.title, songs.c.id))
            return [ListedSong.model_validate_json(text) for text in texts]

    def song(self, song_id: str) -> Song:
        """Return one song.

        Raises:

            UnknownSong: If there is none with this id.
        """
        with transaction(self._engine, reads_only=True) as connection:
            document = connection.execute(
                select(songs.c.document).where(songs.c.id == song_id)
            ).scalar()
        if document is None:
            raise UnknownSong(f"there is no song {song_id[:80]!r}; GET /api/songs lists them")
        return Song.model_validate_json(document)

    def save_song(self, song: Song) -> None:
        """Store a song, replacing the one with the same id."""
        row: dict[str, object] = {
            "id": song.id,
            "title": song.title,
            "artist": song.artist,
            "tempo": song.analysis.tempo if song.analysis else None,
            "duration": song.duration,
            "document": song.model_dump_json(exclude_none=True),
            "updated_at": self._clock(),
            "listing": ListedSong.of(song).model_dump_json(exclude_none=True),
        }
        self._replace(songs, [row])

    def moves(self) -> list[Move]:
        """Return all moves, by id, without their vectors."""
        with transaction(self._engine, reads_only=True) as connection:
            rows = connection.execute(
                select(move_embeddings.c.document).order_by(move_embeddings.c.id)
            )
            return [Move.model_validate_json(row.document) for row in rows]

    def move_counts(self) -> dict[tuple[Difficulty, EnergyLevel, Style], int]:
        """Return how many moves have each combination; those with none are left out."""
        columns = (
            move_embeddings.c.difficulty,
            move_embeddings.c.energy_level,
            move_embeddings.c.style,
        )
        with transaction(self._engine, reads_only=True) as connection:
            rows = connection.execute(select(*columns, func.count()).group_by(*columns))
            return {
                (Difficulty(difficulty), EnergyLevel(energy), Style(style)): count
                for difficulty, energy, style, count in rows
            }

    def moves_named(self, ids: Sequence[str]) -> list[Move]:
        """Return the moves with these ids, by id; unknown ids are passed over."""
        table = move_embeddings.c
        # PostgreSQL keeps no NUL, and refuses to be asked for one.
        possible = [move_id for move_id in ids if "\0" not in move_id]
        with transaction(self._engine, reads_only=True) as connection:
            texts = connection.scalars(
                select(table.document).where(table.id.in_(possible)).order_by(table.id)
            )
            return [Move.model_validate_json(text) for text in texts]

    def moves_page(
        self, offset: int, limit: int, wanted: Mapping[str, str]
    ) -> tuple[int, list[Move]]:
        """Return how many moves are as wanted, and `limit` of them, by family and id.

        Args:

            offset: How many of them to pass over.

            limit: How many to return at most.

            wanted: Values of `difficulty`, `energy_level` and `style`; what is left out may be
                any.
        """
        table = move_embeddings.c
        conditions = [table[name] == value for name, value in wanted.items()]
        with transaction(self._engine, reads_only=True) as connection:
            total = connection.scalar(
                select(func.count()).select_from(move_embeddings).where(*conditions)
            )
            texts = connection.scalars(
                select(table.document)
                .where(*conditions)
                .order_by(table.family, table.id)
                .offset(offset)
                .limit(limit)
            )
            return total or 0, [Move.model_validate_json(text) for text in texts]

    def embedded_moves(self, ids: Sequence[str] | None = None) -> list[EmbeddedMove]:
        """Return moves with their vectors, by id.

        Args:

            ids: Those to return; None for all.

        Raises:

            UnknownMove: If one of `ids` is not there.
        """
        table = move_embeddings.c
        wanted = [] if ids is None else [table.id.in_(ids)]
        with transaction(self._engine, reads_only=True) as connection:
            rows = connection.execute(
                select(table.document, table.pose, table.audio, table.text)
                .where(*wanted)
                .order_by(table.id)
            )
            found = [
                EmbeddedMove(
                    move=Move.model_validate_json(row.document),
                    pose=bytes(row.pose),
                    audio=bytes(row.audio),
                    text=bytes(row.text),
                )
                for row in rows
            ]
        missing = sorted(set(ids or ()) - {item.move.id for item in found})
        if missing:
            raise UnknownMove(f"there is no move {missing[0][:80]!r} in the library")
        return found

    def save_moves(self, moves: Iterable[EmbeddedMove]) -> None:
        """Store moves, replacing those with the same ids, in one transaction."""
        now = self._clock()
        rows = [
            {
                "id": item.move.id,
                "family": item.move.family,
                "difficulty": item.move.difficulty,
                "energy_level": item.move.energy_level,
                "style": item.move.style,
                "duration": item.move.duration,
                "session": item.move.session,
                "pose": item.pose,
                "audio": item.audio,
                "text": item.text,
                "document": item.move.model_dump_json(exclude_none=True),
                "updated_at": now,
            }
            for item in moves
        ]
        self._replace(move_embeddings, rows)

    def version(self) -> str:
        """Return a text that changes whenever a move is stored or removed."""
        table = move_embeddings.c
        with transaction(self._engine, reads_only=True) as connection:
            count, newest = connection.execute(
                select(func.count(), func.max(table.updated_at))
            ).one()
        return f"{count}@{newest.isoformat() if newest else 'empty'}"

    def remove_moves(self, ids: Iterable[str]) -> None:
        """Remove moves; unknown ids are passed over."""
        with transaction(self._engine) as connection:
            connection.execute(delete(move_embeddings).where(move_embeddings.c.id.in_(list(ids))))

    def remove_song(self, song_id: str) -> None:
        """Remove a song; an unknown id is passed over."""
        with transaction(self._engine) as connection:
            connection.execute(delete(songs).where(songs.c.id == song_id))

    def _replace(self, table: Table, rows: list[dict[str, object]]) -> None:
        if not rows:
            return
        with transaction(self._engine) as connection:
            connection.execute(delete(table).where(table.c.id.in_([row["id"] for row in rows])))
            connection.execute(insert(table), rows)
