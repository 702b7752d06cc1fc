"""The `choreo` command, as people and machines use it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from choreo.blueprint import Blueprint
from choreo_cli.main import main


def _choreo(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def _made(result: Result) -> str:
    assert result.exit_code == 0, result.output + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def dance(library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict]:
    """A video, its blueprint, and what `generate --json` said."""
    folder = tmp_path_factory.mktemp("dance")
    video, plan = folder / "dance.mp4", folder / "plan.json"
    said = _made(
        _choreo(
            "generate", "--song", "patio", "--difficulty", "beginner", "--seed", 3,
            "--out", video, "--blueprint", plan, "--library", library, "--json",
        )
    )  # fmt: skip
    return video, plan, json.loads(said)


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert "Example: choreo" in _made(_choreo(command, "--help"))


def test_generate_makes_a_video_and_its_plan(dance: tuple[Path, Path, dict]) -> None:
    video, plan, said = dance
    assert video.stat().st_size == said["file_size"]
    blueprint = Blueprint.from_json(plan.read_text(encoding="utf-8"))
    assert said["moves"] == len(blueprint.moves)
    assert said["duration"] == pytest.approx(blueprint.total_duration, abs=0.05)
    assert said["quality"]["cut_on_8_count"] == 1


def test_generate_takes_a_file_that_the_library_does_not_have(
    library: Path, own_media: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "dance.mp4"
    song = own_media / "songs" / "patio.m4a"
    _made(_choreo("generate", "--song", song, "--out", out, "--library", library))
    assert out.stat().st_size > 100_000


def test_render_follows_a_plan_again(
    dance: tuple[Path, Path, dict], library: Path, tmp_path: Path
) -> None:
    video, plan, _ = dance
    again = tmp_path / "again.mp4"
    _made(_choreo("render", plan, "--out", again, "--library", library))
    assert again.read_bytes() == video.read_bytes()


def test_inspect_reports_a_plan_and_a_video(dance: tuple[Path, Path, dict], library: Path) -> None:
    video, plan, said = dance
    report = json.loads(_made(_choreo("inspect", plan, "--library", library, "--json")))
    assert report["cut_on_8_count"] == 1
    assert report["baseline"]["cut_on_8_count"] < 0.5
    seen = json.loads(_made(_choreo("inspect", video, "--json")))
    assert seen["picture_seconds"] == pytest.approx(said["duration"], abs=0.1)
    assert not seen["frozen"]
    assert seen["loudness_lufs"] == pytest.approx(-14, abs=1)
    # The music of the video is heard afresh, and the moves begin on its count.
    assert seen["moves"] == said["moves"]
    assert seen["cut_on_downbeat"] == 1
    assert seen["cut_error_median"] < 0.017
    assert "cut on 8 count" in _made(_choreo("inspect", plan, "--library", library))


def test_export_writes_captions_cue_sheets_and_timelines(
    dance: tuple[Path, Path, dict], tmp_path: Path
) -> None:
    _, plan, _ = dance
    assert _made(_choreo("export", plan, "--vtt")).startswith("WEBVTT")
    assert "Why" in _made(_choreo("export", plan, "--cue-sheet"))
    file = tmp_path / "plan.otio"
    _made(_choreo("export", plan, "--otio", "--out", file))
    assert json.loads(file.read_text(encoding="utf-8"))["OTIO_SCHEMA"].startswith("Timeline")


def test_analyse_shows_a_song_and_keeps_a_correction(library: Path, own_media: Path) -> None:
    before = json.loads(_made(_choreo("analyse", "patio", "--library", library, "--json")))
    assert before["tempo"] == pytest.approx(126, rel=0.003)
    try:
        moved = _choreo("analyse", "patio", "--shift-counts", 2, "--library", library, "--json")
        assert json.loads(_made(moved))["corrected_by_person"]
        kept = json.loads(_made(_choreo("analyse", "patio", "--library", library, "--json")))
        assert kept["eight_counts"][0] == pytest.approx(
            before["beats"][before["beats"].index(before["eight_counts"][0]) + 2]
        )
    finally:
        _made(_choreo("analyse", "patio", "--shift-counts", -2, "--library", library))
    assert "Tempo" in _made(_choreo("analyse", own_media / "songs" / "patio.m4a"))


def test_library_shows_what_is_there(library: Path, tmp_path: Path) -> None:
    picture = tmp_path / "coverage.html"
    shown = _made(_choreo("library", "--library", library, "--picture", picture))
    assert "6 moves" in shown
    assert "<table>" in picture.read_text(encoding="utf-8")
    assert "Refused by the last ingest: none" in shown
    document = json.loads(_made(_choreo("library", "--library", library, "--json")))
    assert [song["id"] for song in document["songs"]] == ["patio"]


def test_library_names_what_the_last_ingest_refused_and_why(tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    songs.mkdir()
    (songs / "words.mp3").write_text("no sound")
    _choreo("ingest", "--songs", songs, "--library", tmp_path / "lib")
    picture = tmp_path / "coverage.html"
    shown = _made(_choreo("library", "--library", tmp_path / "lib", "--picture", picture))
    assert "words.mp3: cannot be read as sound" in shown
    assert "words.mp3: cannot be read as sound" in picture.read_text(encoding="utf-8")


def test_a_second_ingest_changes_nothing(library: Path, own_media: Path) -> None:
    said = json.loads(
        _made(
            _choreo(
                "ingest", "--songs", own_media / "songs", "--moves", own_media / "moves",
                "--library", library, "--workers", 1, "--json",
            )
        )
    )  # fmt: skip
    assert (said["songs_made"], said["moves_made"]) == ([], [])
    assert len(said["moves_unchanged"]) == 6


def test_an_ingest_without_anything_usable_names_the_reason_and_fails(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    (folder / "notes.mp3").write_text("not music")
    result = _choreo("ingest", "--songs", folder, "--library", tmp_path / "library")
    assert result.exit_code == 1
    assert "notes.mp3" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("generate", "--out", "x.mp4"), 2, "--song"),
        (("generate", "--query", "a dance", "--energy", "wild", "--out", "x.mp4"), 2, "medium"),
        (("generate", "--song", "nobody", "--out", "x.mp4"), 1, "patio"),
        (("analyse", "nobody"), 1, "patio"),
        (("ingest",), 2, "--moves"),
        (("render", "missing.json", "--out", "x.mp4"), 2, "missing.json"),
    ],
)
def test_wrong_usage_is_told_apart_from_failure_and_says_what_would_be_right(
    arguments: tuple[str, ...], code: int, words: str, library: Path
) -> None:
    wants_library = arguments[0] != "render"
    result = _choreo(*arguments, *(("--library", library) if wants_library else ()))
    assert result.exit_code == code
    assert words in result.stderr


def test_a_plan_with_faults_is_refused_with_all_of_them(tmp_path: Path, library: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"task_id": "", "moves": []}', encoding="utf-8")
    result = _choreo("render", plan, "--out", tmp_path / "x.mp4", "--library", library)
    assert result.exit_code == 1
    assert "audio_path is missing" in result.stderr
    assert "moves" in result.stderr


def test_an_empty_library_says_what_is_missing(tmp_path: Path) -> None:
    result = _choreo(
        "generate", "--query", "a dance", "--out", tmp_path / "x.mp4", "--library", tmp_path / "l"
    )
    assert result.exit_code == 1
    assert "Error: " in result.stderr
    assert not (tmp_path / "x.mp4").exists()


def test_the_schema_in_the_documents_is_the_blueprint_s() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "blueprint.schema.json"
    assert json.loads(document.read_text(encoding="utf-8")) == json.loads(_made(_choreo("schema")))
