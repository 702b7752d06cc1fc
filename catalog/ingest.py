"""The ingest: folders of songs and clips into a library.

Every file is worked on in a process of its own pool and stored the moment it is ready, media
first, so an ingest that is killed leaves a library that works, and the next one goes on where it
stopped: media lie under keys made of their content, and what is unchanged is not touched.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.clips import METHOD, ClipJob, MadeClip, MadeMove, make_moves
from catalog.manifest import MANIFEST_NAMES, Manifest, Told, read_manifest, write_manifest
from catalog.mending import with_edits
from catalog.pose_models import are_installed
from catalog.scratch import scratch_folder
from catalog.sessions import Sessions
from catalog.songs import SongLabels, labels_of, make_song, song_id
from catalog.source_files import (
    Refusal,
    Source,
    content_hash,
    find_sources,
)
from catalog.summary import OnFile, Outcome, Summary
from catalog.words import Naming, naming_of
from catalog.workers import Crashed, Job, WorkerLimits, run_all
from choreo.database.catalogue import EmbeddedMove
from choreo.database.migrate import upgrade_own
from choreo.errors import AlreadyPublished, InvalidInput, MediaMissing
from choreo.media_kinds import CLIP_SUFFIXES, SONG_SUFFIXES
from choreo.song import Song

if TYPE_CHECKING:
    from choreo.move import Move
    from choreo.ports import ObjectStore
    from choreo.wiring import Stack

Progress = Callable[[str, float], None]
"""Called with (what is being done, share of it that is done: 0 to 1)."""

FINGERPRINT_CHARS = 24


def ingest(
    songs: Path | None,
    moves: Path | None,
    manifest: Path | None,
    stack: Stack,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    template: Path | None = None,
    pose_models: Path | None = None,
    on_file: OnFile | None = None,
) -> Summary:
    """Bring folders of songs and clips into the library.

    Args:

        songs: Folder of recordings, or None.

        moves: Folder tree of clips, or None.

        manifest: What people say about the clips; by default `manifest.csv` or
            `manifest.json` in `moves`, if there is one.

        stack: The library's database and store; the schema is brought up to date first.

        workers: Processes; by default one for each core.

        progress: Told what is going on.

        template: Where to write a manifest with everything that is now known of the clips.

        pose_models: Folder that `catalog.pose_models.install` filled; None: moves are described
            by the motion of the picture alone, which is faster and less exact.

        on_file: Told what became of each file, as soon as it is known.

    Returns:

        What was made, what was unchanged and what was refused with its reason. One file's fault
        never stops the others.

    Raises:

        InvalidInput: When a folder or the manifest that was named does not exist, or `template`
            exists.

        Unavailable: When the database or the store does not answer.
    """
    started = time.monotonic()
    for folder in (songs, moves):
        if folder is not None and not folder.is_dir():
            raise InvalidInput(f"{folder} is not a folder")
    if manifest is not None and not manifest.is_file():
        raise InvalidInput(f"{manifest} is not a file")
    if template is not None and template.exists():
        raise InvalidInput(f"{template} exists; a manifest is never written over")
    upgrade_own(stack.engine)
    if pose_models is not None and not are_installed(pose_models):
        raise InvalidInput(f"{pose_models} does not hold the pose model; install it there first")
    run = _Run(
        stack,
        workers or os.cpu_count() or 1,
        progress or (lambda _what, _share: None),
        pose_models,
        on_file or (lambda _outcome: None),
    )
    if songs is not None:
        run.take_songs(songs)
    if moves is not None:
        run.take_clips(moves, manifest)
    with scratch_folder() as scratch:
        run.work(scratch)
    if template is not None:
        write_manifest(run.known_rows(), template)
    return run.summary(time.monotonic() - started)


@dataclass(frozen=True)
class _SongJob:
    source: Source
    labels: SongLabels
    identity: str
    content_hash: str


@dataclass
class _Run:
    """The state of one ingest."""

    stack: Stack
    workers: int
    progress: Progress
    pose_models: Path | None
    on_file: OnFile
    song_jobs: list[_SongJob] = field(default_factory=list)
    clip_jobs: list[ClipJob] = field(default_factory=list)
    songs_made: list[str] = field(default_factory=list)
    songs_unchanged: list[str] = field(default_factory=list)
    moves_made: list[str] = field(default_factory=list)
    moves_unchanged: list[str] = field(default_factory=list)
    moves_removed: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[Refusal] = field(default_factory=list)
    by_file: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store: ObjectStore = self.stack.object_store()
        self.catalogue = self.stack.catalogue
        self.known_songs = {song.id: song for song in self.catalogue.songs()}
        self.known_moves = {move.id: move for move in self.catalogue.moves()}
        self.sessions: Sessions | None = None
        settings = self.stack.settings
        self.limits = WorkerLimits(settings.ingest_memory_mib, settings.ingest_cpu_seconds)

    # Deciding what there is to do

    def take_songs(self, folder: Path) -> None:
        new: list[tuple[Source, str, list[Song]]] = []
        for source, digest in self._unique(folder, SONG_SUFFIXES):
            same = [s for s in self.known_songs.values() if s.content_hash == digest]
            if same and _is_current(same[0]) and self.store.size(same[0].audio_path) is not None:
                self.songs_unchanged.append(same[0].id)
                self.on_file(Outcome(source.relative, "unchanged", (same[0].id,)))
                continue
            new.append((source, digest, same))
        # Also the tags are read in a process that may break.
        jobs: list[Job] = [(labels_of, source) for source, _, _ in new]
        found = dict(run_all(jobs, self.workers, self.limits)) if jobs else {}
        for source, digest, same in new:
            labels = found[source]
            if not isinstance(labels, SongLabels):
                self._refuse(source.relative, _reason(source, labels))
                continue
            taken = {job.identity for job in self.song_jobs} | set(self.songs_unchanged)
            identity = same[0].id if same else song_id(labels.title, source.stem, digest, taken)
            self.song_jobs.append(_SongJob(source, labels, identity, digest))

    def take_clips(self, folder: Path, manifest: Path | None) -> None:
        told = _manifest_of(folder, manifest)
        self.refusals += told.refusals
        refused_before = len(self.refusals)
        sources = self._unique(folder, CLIP_SUFFIXES)
        listed = [source.relative for source, _ in sources]
        listed += [refusal.file for refusal in self.refusals[refused_before:]]
        self.refusals += [
            Refusal(
                (manifest or folder / MANIFEST_NAMES[0]).name,
                f"speaks of {name!r}, which is not there",
            )
            for name in told.without_file(listed)
        ]
        by_content: dict[str, list[Move]] = {}
        for move in self.known_moves.values():
            by_content.setdefault(move.content_hash, []).append(move)
        taken: set[str] = set()
        for source, digest in sources:
            said = told.about(source.relative) or Told(source.relative)
            naming = _free(naming_of(source), taken, digest)
            taken.add(naming.base_id)
            fingerprint = _fingerprint(digest, naming, said, posed=self.pose_models is not None)
            done = [
                move
                for move in by_content.get(digest, [])
                if f"/{fingerprint[:12]}/" in move.video_path
            ]
            if done and all(self.store.size(move.video_path) is not None for move in done):
                self.moves_unchanged += [move.id for move in done]
                self.by_file[source.relative] = [move.id for move in done]
                ids = tuple(move.id for move in done)
                self.on_file(Outcome(source.relative, "unchanged", ids))
                continue
            self.clip_jobs.append(
                ClipJob(source, digest, fingerprint, naming, said, Path(), self.pose_models)
            )

    def _unique(self, folder: Path, suffixes: frozenset[str]) -> list[tuple[Source, str]]:
        sources, refusals = find_sources(folder, suffixes)
        for refusal in refusals:
            self._refuse(refusal.file, refusal.reason)
        with ThreadPoolExecutor(self.workers) as pool:
            digests = list(pool.map(_hash_or_reason, sources))
        seen: dict[str, str] = {}
        unique = []
        for done, (source, (digest, fault)) in enumerate(zip(sources, digests, strict=True), 1):
            self.progress("reading", done / len(sources))
            if fault:
                self._refuse(source.relative, fault)
            elif digest in seen:
                self._refuse(source.relative, f"is the same file as {seen[digest]}")
            else:
                seen[digest] = source.relative
                unique.append((source, digest))
        return unique

    def _refuse(self, file: str, reason: str) -> None:
        self.refusals.append(Refusal(file, reason))
        self.on_file(Outcome(file, "refused", reason=reason))

    # Doing it

    def work(self, scratch: Path) -> None:
        jobs: list[Job] = [(_song_of, job) for job in self.song_jobs] + [
            (_clip_of, replace(job, scratch=scratch)) for job in self.clip_jobs
        ]
        total = len(jobs)
        if not total:
            return
        self.progress("ingesting", 0.0)
        worked = run_all(jobs, self.workers, self.limits)
        for done, (job, outcome) in enumerate(worked, start=1):
            self._store(job, outcome)
            self.progress("ingesting", done / total)

    def _store(self, job: Any, outcome: Any) -> None:
        source: Source = job.source
        if isinstance(outcome, Song):
            self._store_song(source, outcome)
        elif isinstance(outcome, MadeClip):
            self._store_moves(job, outcome)
        else:
            self._refuse(source.relative, _reason(source, outcome))

    def _store_song(self, source: Source, song: Song) -> None:
        self._publish(source.path, song.audio_path)
        if not self._was_corrected_meanwhile(song):
            self.catalogue.save_song(song)
        self.songs_made.append(song.id)
        self._made(source, [song.id], _song_warnings(song))

    def _was_corrected_meanwhile(self, song: Song) -> bool:
        """Tell whether a person moved the 1 while the song was analysed again."""
        if song.id not in self.known_songs:
            return False
        now = self.catalogue.song(song.id).analysis
        return now is not None and now.corrected_by_person

    def _store_moves(self, job: ClipJob, clip: MadeClip) -> None:
        made = [self._with_session(item) for item in clip.moves]
        made = with_edits(made, self._given_before(job.content_hash))
        for item in made:
            for key, file in item.files.items():
                self._publish(file, key)
                if file != job.source.path:
                    file.unlink(missing_ok=True)
        self.catalogue.save_moves(
            EmbeddedMove(item.move, item.pose, item.audio, item.text) for item in made
        )
        ids = [item.move.id for item in made]
        self.moves_made += ids
        self.by_file[job.source.relative] = ids
        for item in made:
            self.known_moves[item.move.id] = item.move
        self._remove_replaced(job, set(ids))
        self._made(job.source, ids, clip.warnings)

    def _given_before(self, content_hash: str) -> list[Move]:
        """Return the moves of this clip as they are now: a person may have edited one meanwhile."""
        ids = [m.id for m in self.known_moves.values() if m.content_hash == content_hash]
        return self.catalogue.moves_named(ids)

    def _made(self, source: Source, ids: list[str], warnings: tuple[str, ...]) -> None:
        self.warnings += [Refusal(source.relative, text) for text in warnings]
        self.on_file(Outcome(source.relative, "made", tuple(ids), warnings=tuple(warnings)))

    def _remove_replaced(self, job: ClipJob, ids: set[str]) -> None:
        """Forget moves that this clip gave before, under another name or in other numbers."""
        alive = {job.content_hash for job in self.clip_jobs}
        base = job.naming.base_id
        stale = [
            move.id
            for move in self.known_moves.values()
            if move.id not in ids
            and (
                move.content_hash == job.content_hash
                or (_is_part_of(move.id, base) and move.content_hash not in alive)
            )
            and move.id not in self.moves_unchanged
        ]
        if stale:
            self.catalogue.remove_moves(stale)
            for identity in stale:
                del self.known_moves[identity]
            self.moves_removed += stale

    def _publish(self, file: Path, key: str) -> None:
        try:
            self.store.publish(file, key)
        except AlreadyPublished:
            # The key is made of the content, so an earlier run already stored the same.
            return

    def _with_session(self, item: MadeMove) -> MadeMove:
        from choreo.vectors.packing import unpack

        colours = unpack(item.colours, len(item.colours) // 4)[0]
        if self.sessions is None:
            self.sessions = self._known_sessions()
        if item.move.session:
            self.sessions.add(item.move.session, colours)
            return item
        session = self.sessions.place(colours)
        return replace(item, move=item.move.model_copy(update={"session": session}))

    def _known_sessions(self) -> Sessions:
        """Read the sessions of the moves that are in the library from their thumbnails."""
        from catalog.pictures import read_picture
        from catalog.sessions import signature

        sessions = Sessions()
        with tempfile.TemporaryDirectory(prefix="choreo-thumbnails-") as folder:
            for number, move in enumerate(self.known_moves.values()):
                if move.thumbnail_path and move.session:
                    file = Path(folder) / f"{number}.jpg"
                    try:
                        self.store.fetch(move.thumbnail_path, file)
                        sessions.add(move.session, signature(read_picture(file)))
                    except (MediaMissing, InvalidInput):
                        continue
        return sessions

    # Telling about it

    def known_rows(self) -> Iterable[Told]:
        """Return what is now known of each clip that gave one move, for a template."""
        for file, ids in sorted(self.by_file.items()):
            move = self.known_moves[ids[0]]
            yield _row_of(file, move, alone=len(ids) == 1)

    def summary(self, seconds: float) -> Summary:
        return Summary(
            songs_made=tuple(sorted(self.songs_made)),
            songs_unchanged=tuple(sorted(self.songs_unchanged)),
            moves_made=tuple(sorted(self.moves_made)),
            moves_unchanged=tuple(sorted(self.moves_unchanged)),
            moves_removed=tuple(sorted(self.moves_removed)),
            refusals=tuple(sorted(self.refusals, key=lambda entry: entry.file)),
            warnings=tuple(sorted(self.warnings, key=lambda entry: entry.file)),
            seconds=seconds,
        )


def _song_of(job: _SongJob) -> Song:
    return make_song(job.source, job.labels, job.identity, job.content_hash)


def _clip_of(job: ClipJob) -> MadeClip:
    return make_moves(job)


def _is_current(song: Song) -> bool:
    from choreo.music.analysis import VERSION

    analysis = song.analysis
    # A person's correction of the 1 outlives our changes of the method.
    return analysis is not None and (analysis.corrected_by_person or analysis.version == VERSION)


def _song_warnings(song: Song) -> tuple[str, ...]:
    return song.analysis.warnings if song.analysis else ()


def _hash_or_reason(source: Source) -> tuple[str, str]:
    try:
        return content_hash(source.path), ""
    except OSError as exc:
        return "", f"cannot be read: {exc.strerror}"


def _reason(source: Source, error: Exception) -> str:
    if isinstance(error, Crashed):
        return (
            "broke the program that reads it, or took it longer than a file may; convert it to "
            "mp4 or wav first"
        )
    if isinstance(error, MemoryError):
        return "needs more memory than a file may; convert it to mp4 or wav first"
    return str(error).removeprefix(f"{source.path.name} ").removeprefix(f"{source.path.name}: ")


def _manifest_of(folder: Path, manifest: Path | None) -> Manifest:
    if manifest is not None:
        return read_manifest(manifest)
    for name in MANIFEST_NAMES:
        if (folder / name).is_file():
            return read_manifest(folder / name)
    return Manifest()


def _free(naming: Naming, taken: set[str], digest: str) -> Naming:
    if naming.base_id not in taken:
        return naming
    return replace(naming, base_id=f"{naming.base_id}_{digest[:6]}")


def _fingerprint(digest: str, naming: Naming, told: Told, *, posed: bool) -> str:
    import hashlib

    told_values = {key: value for key, value in asdict(told).items() if value is not None}
    text = json.dumps(
        [METHOD, posed, digest, asdict(naming), told_values], sort_keys=True, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_CHARS]


def _is_part_of(identity: str, base: str) -> bool:
    head, _, number = identity.rpartition("_")
    return identity == base or (head == base and number.isdigit())


def _row_of(file: str, move: Move, *, alone: bool) -> Told:
    return Told(
        file=file,
        name=move.name,
        family=move.family,
        role=move.role,
        difficulty=move.difficulty,
        energy_level=move.energy_level,
        style=move.style,
        counts=move.counts if alone else None,
        first_count_at=None,
        tempo=round(move.tempo, 3),
        entry_hold=move.entry_state.hold,
        exit_hold=move.exit_state.hold,
        leader_foot_in=move.entry_state.leader_foot,
        follower_foot_in=move.entry_state.follower_foot,
        leader_foot_out=move.exit_state.leader_foot,
        follower_foot_out=move.exit_state.follower_foot,
        facing_in=move.entry_state.facing,
        facing_out=move.exit_state.facing,
        travel=move.travel,
        rotation=move.rotation,
        loopable=move.loopable,
        prerequisites=move.prerequisites or None,
        session=move.session,
        tags=move.tags or None,
        description=move.description or None,
    )
