"""`choreo analyse`."""

from pathlib import Path

from choreo import music
from choreo.errors import InvalidInput
from choreo.song import Song, SongAnalysis
from choreo_cli.library import open_stack


def analysis_of(song: str, library: Path, shift_counts: int, tap: Path | None) -> SongAnalysis:
    """Return the analysis of a file, or of a song of the library, with a person's corrections.

    A song of the library keeps its corrections; a file's are only shown, unless the library has
    the same file.

    Raises:

        InvalidInput: If there is neither such a file nor such a song, or a tap is no number.
    """
    stored = _stored(song, library)
    if stored is None:
        analysis = music.analyse(Path(song))
    else:
        analysis = stored.analysis or _analysed_again(stored, library)
    corrected = analysis
    if tap is not None:
        corrected = music.correct_by_taps(corrected, _taps(tap))
    if shift_counts:
        corrected = music.correct_counts(corrected, shift_counts)
    if stored is not None and corrected != stored.analysis:
        from catalog.mending import save_counts

        save_counts(open_stack(library), stored, corrected)
    return corrected


def _stored(song: str, library: Path) -> Song | None:
    file = Path(song)
    if not (library / "choreo.db").exists():
        if file.is_file():
            return None
        raise InvalidInput(f"{song!r} is not a file, and there is no library in {library}")
    songs = open_stack(library).catalogue.songs()
    if file.is_file():
        from catalog.source_files import content_hash

        digest = content_hash(file)
        return next((one for one in songs if one.content_hash == digest), None)
    for one in songs:
        if one.id == song:
            return one
    names = ", ".join(one.id for one in songs[:20]) or "it has none"
    raise InvalidInput(f"{song!r} is neither a file nor a song of {library}; its songs: {names}")


def _analysed_again(song: Song, library: Path) -> SongAnalysis:
    import tempfile

    store = open_stack(library).object_store()
    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        file = Path(folder) / Path(song.audio_path).name
        store.fetch(song.audio_path, file)
        return music.analyse(file)


def _taps(file: Path) -> list[float]:
    taps = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            taps.append(float(line.replace(",", ".")))
        except ValueError:
            raise InvalidInput(
                f"{file}, line {number}: {line[:40]!r} is not a time in seconds, such as 12.35"
            ) from None
    return taps


def shown(analysis: SongAnalysis) -> str:
    """Return the analysis for people."""
    lines = [
        f"Length      {analysis.duration:.1f} s",
        f"Tempo       {analysis.tempo:.2f} BPM"
        + ("  (the 1 was set by a person)" if analysis.corrected_by_person else ""),
        f"Beats       {len(analysis.beats)}, of which {len(analysis.eight_counts)} are a 1",
        f"Confidence  {analysis.confidence:.2f}",
    ]
    if analysis.eight_counts:
        lines.append(f"First 1     {analysis.eight_counts[0]:.2f} s")
    if analysis.count_resets:
        resets = ", ".join(f"{time:.2f} s" for time in analysis.count_resets)
        lines.append(f"Resets      {resets}")
    if analysis.sections:
        lines.append("Sections")
        lines += [
            f"  {section.start:7.2f} – {section.end:7.2f} s  {section.label:<7} "
            f"{section.rhythm_mode:<8} energy {section.energy:.2f}"
            for section in analysis.sections
        ]
    lines += [f"Note: {warning}" for warning in analysis.warnings]
    return "\n".join(lines)
