"""`choreo generate` and `choreo render`: the flow in one process."""

import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from choreo.blueprint import MAX_MEDLEY_SONGS, Blueprint
from choreo.errors import InvalidInput, MediaMissing, UnknownSong
from choreo.task import GenerationRequest, Stage
from choreo.vocabulary import Difficulty, EnergyLevel, Style
from choreo.wiring import Stack
from choreo_cli.library import open_stack
from choreo_cli.screen import Show, progress

PLANNED_PERCENT = 20
"""Planning reports 0 to this much of a task's progress."""


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line."""

    songs: tuple[str, ...]
    """Ids of songs or files; several are a medley, in this order."""
    query: str | None
    difficulty: Difficulty | None
    energy_level: EnergyLevel | None
    style: Style | None
    seed: int


def generate_video(
    wishes: Wishes, library: Path, out: Path, blueprint_out: Path | None, *, quiet: bool
) -> dict[str, Any]:
    """Plan and render one video; return what a machine wants to know of it.

    Raises:

        ChoreoError: If it cannot be made.
    """
    from choreo.database.migrate import upgrade
    from planning.pipeline import Tools, plan
    from planning.search import IndexCache

    stack = open_stack(library)
    upgrade(stack.engine)
    settings = stack.settings
    cache = IndexCache(
        stack.catalogue,
        settings.embeddings_cache_ttl,
        settings.faiss_nprobe,
        settings.faiss_use_gpu,
    )
    tools = Tools(
        stack.catalogue,
        stack.object_store(),
        cache,
        stack.language_model(),
        settings.vector_search_top_k,
    )
    with progress(quiet) as show:
        songs = tuple(_song_id(song, stack, show) for song in wishes.songs)
        _check_songs(songs)
        request = GenerationRequest(
            song_id=songs[0] if len(songs) == 1 else None,
            song_ids=songs if len(songs) > 1 else None,
            query=wishes.query,
            difficulty=wishes.difficulty,
            energy_level=wishes.energy_level,
            style=wishes.style,
            seed=wishes.seed,
        )

        def planned(_stage: Stage, percent: int, message: str) -> None:
            del message
            show("Planning", percent / PLANNED_PERCENT)

        made = plan(request, tools, task_id=secrets.token_hex(16), report=planned)
        show("Planning", 1.0)
        if blueprint_out is not None:
            blueprint_out.write_text(made.blueprint.to_json(), encoding="utf-8")
        result = _rendered(made.blueprint, stack, out, show)
    quality = made.blueprint.generation_parameters.get("quality") or {}
    notes = [*made.warnings, *([made.degraded] if made.degraded else [])]
    if isinstance(quality, dict) and quality.get("sentence"):
        notes.insert(0, str(quality["sentence"]))
    return {
        **result,
        "moves": len(made.blueprint.moves),
        "quality": {**quality, **result["quality"]},
        "notes": notes,
    }


def render_blueprint(blueprint: Path, library: Path, out: Path, *, quiet: bool) -> dict[str, Any]:
    """Render a blueprint file with the media of a library; see `generate_video`."""
    plan = Blueprint.from_json(blueprint.read_text(encoding="utf-8"))
    with progress(quiet) as show:
        return _rendered(plan, open_stack(library), out, show)


def _rendered(blueprint: Blueprint, stack: Stack, out: Path, show: Show) -> dict[str, Any]:
    from execution.transfer import fetch_media
    from rendering import render

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        media = fetch_media(
            blueprint,
            stack.object_store(),
            Path(folder),
            lambda done, of: show("Fetching", done / of),
            check=lambda: None,
        )
        video = Path(folder) / "video.mp4"
        report = render(
            blueprint,
            media,
            video,
            report=lambda share, _message: show("Rendering", share),
            cancelled=lambda: False,
        )
        show("Rendering", 1.0)
        shutil.move(video, out)
    return {
        "video": str(out),
        "duration": report.duration,
        "file_size": report.file_size,
        "quality": report.quality,
    }


def _check_songs(songs: tuple[str, ...]) -> None:
    twice = sorted({song for song in songs if songs.count(song) > 1})
    if twice:
        raise InvalidInput(f"--song names {', '.join(twice)} twice; a medley has different songs")
    if len(songs) > MAX_MEDLEY_SONGS:
        raise InvalidInput(f"--song is given {len(songs)} times; {MAX_MEDLEY_SONGS} is the most")


def _song_id(song: str, stack: Stack, show: Callable[[str, float], None]) -> str:
    file = Path(song)
    if not file.is_file():
        try:
            found = stack.catalogue.song(song)
        except UnknownSong:
            names = ", ".join(one.id for one in stack.catalogue.songs()[:20]) or "it has none"
            raise InvalidInput(
                f"{song!r} is neither a file nor a song of the library; its songs: {names}"
            ) from None
        if stack.object_store().size(found.audio_path) is None:
            raise MediaMissing(f"the sound of {song!r} is missing: {found.audio_path}")
        return found.id
    from catalog.ingest import ingest
    from catalog.source_files import content_hash

    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)

        def heard(what: str, share: float) -> None:
            if what == "ingesting":  # reading one file takes no time
                show("Listening", share)

        summary = ingest(Path(folder), None, None, stack, progress=heard)
    if summary.refusals:
        raise InvalidInput(f"{file} {summary.refusals[0].reason}")
    digest = content_hash(file)
    return next(one.id for one in stack.catalogue.songs() if one.content_hash == digest)
