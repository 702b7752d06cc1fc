"""The commands. Results go to stdout, progress and errors to stderr; exit 1 on failure, 2 on
wrong usage.
"""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from choreo.errors import ChoreoError
from choreo.vocabulary import Difficulty, EnergyLevel, Style
from choreo_cli.screen import print_json

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)

_F = TypeVar("_F", bound=Callable[..., Any])
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _library_option(command: _F) -> _F:
    return click.option(
        "--library",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("library"),
        envvar="LIBRARY",
        show_default=True,
        help="Folder of the library.",
    )(command)


def _json_option(command: _F) -> _F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(command)


def _says_errors(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn this product's errors into one message on stderr and exit code 1."""

    @wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return command(*args, **kwargs)
        except ChoreoError as exc:
            raise click.ClickException(str(exc)) from exc
        except BrokenPipeError:
            raise  # the reader has seen enough; click ends quietly
        except OSError as exc:
            raise click.ClickException(f"{exc.strerror}: {exc.filename}") from exc

    return wrapped


def _example(text: str) -> str:
    return f"Example: {text}"


@click.group(
    epilog=_example('choreo generate --query "a romantic bachata for beginners" --out dance.mp4')
)
@click.version_option(package_name="choreo")
def main() -> None:
    """Choreography videos whose moves start on the count of your song."""


@main.command(epilog=_example("choreo analyse song.mp3 --json"))
@click.argument("song")
@_library_option
@_json_option
@click.option(
    "--shift-counts", type=int, default=0, help="Move the 1 by so many counts; it is kept."
)
@click.option("--tap", type=FILE, help="File with the second of each 1, one a line; it is kept.")
@_says_errors
def analyse(song: str, library: Path, as_json: bool, shift_counts: int, tap: Path | None) -> None:
    """Find beats, counts and sections of SONG: a file, or the id of a song of the library.

    A correction of a library's song is stored and kept.
    """
    from choreo_cli.analysing import analysis_of, shown

    analysis = analysis_of(song, library, shift_counts, tap)
    if as_json:
        print_json(analysis.model_dump(mode="json"))
    else:
        print(shown(analysis))


@main.command(epilog=_example("choreo ingest --songs my_songs --moves Bachata_steps"))
@click.option("--songs", type=FOLDER, help="Folder of mp3, wav, ogg, flac or m4a files.")
@click.option("--moves", type=FOLDER, help="Folder tree of mp4, mov or webm clips.")
@click.option("--manifest", type=FILE, help="CSV or JSON with what is known about the clips.")
@click.option("--write-manifest", type=OUT, help="Write a manifest with what could be told.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; one per core if left out.")
@_library_option
@_json_option
@_says_errors
def ingest(
    songs: Path | None,
    moves: Path | None,
    manifest: Path | None,
    write_manifest: Path | None,
    workers: int | None,
    library: Path,
    as_json: bool,
) -> None:
    """Bring songs and clips into the library; a second run does only what changed.

    With the pose model (`make pose-model`) moves are compared by the dancers' joints, without it
    by the motion of the picture.
    """
    if songs is None and moves is None:
        raise click.UsageError("name --songs, --moves or both")
    from choreo_cli.library import ingest_folders, print_summary

    summary = ingest_folders(library, songs, moves, manifest, write_manifest, workers, as_json)
    print_summary(summary, as_json)
    if not summary.usable:
        sys.exit(1)


@main.command(epilog=_example("choreo library --picture coverage.html"))
@_library_option
@click.option("--picture", type=OUT, help="Also draw it, as an HTML page.")
@_json_option
@_says_errors
def library(library: Path, picture: Path | None, as_json: bool) -> None:
    """Show what the library has, and what it lacks."""
    from choreo_cli.library import print_coverage

    print_coverage(library, picture, as_json)


@main.command(epilog=_example("choreo generate --song luna_de_marzo --out dance.mp4"))
@click.option(
    "--song",
    "songs",
    multiple=True,
    help="Id of a song of the library, or a file; given several times, a medley in this order.",
)
@click.option("--query", help="A sentence that describes the dance.")
@click.option(
    "--difficulty",
    type=click.Choice([value.value for value in Difficulty]),
    help="No move is harder.",
)
@click.option(
    "--energy",
    type=click.Choice([value.value for value in EnergyLevel]),
    help="Shifts the energy that the music asks for.",
)
@click.option(
    "--style",
    type=click.Choice([value.value for value in Style]),
    help="Preferred; near styles fill in where it has too few moves.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Another number, another choice among moves that fit as well.",
)
@click.option("--out", type=OUT, required=True, help="The video to write.")
@click.option("--blueprint", "blueprint_out", type=OUT, help="Also write the plan.")
@_library_option
@_json_option
@_says_errors
def generate(
    songs: tuple[str, ...],
    query: str | None,
    difficulty: str | None,
    energy: str | None,
    style: str | None,
    seed: int,
    out: Path,
    blueprint_out: Path | None,
    library: Path,
    as_json: bool,
) -> None:
    """Plan and render one video, on this machine, without any service."""
    if not songs and not query:
        raise click.UsageError("name a --song, a --query or both")
    from choreo_cli.generating import Wishes, generate_video

    wishes = Wishes(
        songs=songs,
        query=query,
        difficulty=Difficulty(difficulty) if difficulty else None,
        energy_level=EnergyLevel(energy) if energy else None,
        style=Style(style) if style else None,
        seed=seed,
    )
    result = generate_video(wishes, library, out, blueprint_out, quiet=as_json)
    if as_json:
        print_json(result)
    else:
        print(f"{out}: {result['duration']:.1f} s, {result['file_size'] / 1e6:.1f} MB")
        for line in result["notes"]:
            print(f"  {line}")


@main.command(epilog=_example("choreo render blueprint.json --out dance.mp4"))
@click.argument("blueprint", type=FILE)
@click.option("--out", type=OUT, required=True, help="The video to write.")
@_library_option
@_json_option
@_says_errors
def render(blueprint: Path, out: Path, library: Path, as_json: bool) -> None:
    """Render BLUEPRINT with the media of the library."""
    from choreo_cli.generating import render_blueprint

    result = render_blueprint(blueprint, library, out, quiet=as_json)
    if as_json:
        print_json(result)
    else:
        print(f"{out}: {result['duration']:.1f} s, {result['file_size'] / 1e6:.1f} MB")


@main.command(epilog=_example("choreo inspect dance.mp4"))
@click.argument("file", type=FILE)
@_library_option
@_json_option
@_says_errors
def inspect(file: Path, library: Path, as_json: bool) -> None:
    """Report the quality of FILE: a video, or a blueprint."""
    from choreo_cli.inspecting import inspect_file, shown

    report = inspect_file(file, library)
    if as_json:
        print_json(report)
    else:
        print(shown(report))


@main.command(epilog=_example("choreo export blueprint.json --vtt > captions.vtt"))
@click.argument("blueprint", type=FILE)
@click.option("--otio", "kind", flag_value="otio", help="OpenTimelineIO, for editors.")
@click.option("--vtt", "kind", flag_value="vtt", help="WebVTT captions.")
@click.option("--cue-sheet", "kind", flag_value="cue_sheet", help="Counts and moves, for print.")
@click.option("--out", type=OUT, help="File to write; stdout if left out.")
@_says_errors
def export(blueprint: Path, kind: str | None, out: Path | None) -> None:
    """Write BLUEPRINT in a form that other programs and people read."""
    if kind is None:
        raise click.UsageError("name one of --otio, --vtt and --cue-sheet")
    from choreo import exports
    from choreo.blueprint import Blueprint

    writers = {"otio": exports.timeline, "vtt": exports.captions, "cue_sheet": exports.cue_sheet}
    text = writers[kind](Blueprint.from_json(blueprint.read_text(encoding="utf-8")))
    if out is None:
        print(text)
    else:
        out.write_text(text, encoding="utf-8")


@main.command(epilog=_example("choreo migrate"))
@_library_option
@click.option(
    "--grantees",
    default="",
    envvar="DB_GRANTEES",
    help="Database users that are given their privileges: component=user,…",
)
@_says_errors
def migrate(library: Path, grantees: str) -> None:
    """Bring the database to the newest schema: the library's, or the environment's."""
    from choreo.database.grants import apply_grants, parse_grantees
    from choreo.database.migrate import upgrade
    from choreo_cli.library import open_stack

    users = parse_grantees(grantees)
    engine = open_stack(library).engine
    upgrade(engine)
    print("The schema is up to date.")
    if users:
        apply_grants(engine, users)
        print(f"Privileges were given to {', '.join(users.values())}.")


@main.command(epilog=_example("choreo schema > docs/blueprint.schema.json"))
def schema() -> None:
    """Print the JSON Schema of the blueprint."""
    from choreo.blueprint import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
