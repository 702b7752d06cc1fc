"""`choreo library`: what the library has and lacks, as lines, as JSON and as a picture."""

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choreo.vocabulary import Difficulty, EnergyLevel, Style

if TYPE_CHECKING:
    from catalog.coverage import Coverage
    from choreo.song import Song

SHOWN_IDS = 8
"""Ids listed in one line before the rest is only counted."""


Refused = list[dict[str, str]]
"""`file` and `reason` of each source that the last ingest did not take."""


def document(coverage: "Coverage", songs: "list[Song]", refused: Refused) -> dict[str, Any]:
    """Return the report for machines."""
    named = [{"id": song.id, "title": song.title, "tempo": _tempo(song)} for song in songs]
    return {"songs": named, **asdict(coverage), "refused": refused}


def lines(coverage: "Coverage", songs: "list[Song]", refused: Refused) -> str:
    """Return the report for people."""
    head = (
        f"{len(songs)} songs; {coverage.moves} moves of {coverage.families} families in "
        f"{coverage.sessions} sessions, {coverage.seconds:.0f} s of dancing"
    )
    parts = [head, "", _cells(coverage), "", "Moves that reach a tempo within 6 %"]
    parts += [f"  {tempo} BPM  {share:4.0%}  {_bar(share)}" for tempo, share in coverage.tempi]
    parts.append("")
    parts += [f"{song.title}: {_tempo(song):.1f} BPM" for song in songs if song.analysis]
    return "\n".join(parts + _notes(coverage, refused))


def _notes(coverage: "Coverage", refused: Refused) -> list[str]:
    """Return a line for everything that somebody may want to mend."""
    notes = []
    for title, ids in (
        ("Dead ends (no move may follow)", coverage.dead_ends),
        ("Never reached (no move may precede)", coverage.unreachable),
        ("Counts are a guess", coverage.guessed),
        ("Near-duplicates", tuple(f"{a} = {b}" for a, b, _ in coverage.near_duplicates)),
    ):
        shown = ", ".join(ids[:SHOWN_IDS]) or "none"
        more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
        notes.append(f"{title}: {shown}{more}")
    notes.append(f"Refused by the last ingest: {len(refused) or 'none'}")
    notes += [f"  {entry['file']}: {entry['reason']}" for entry in refused]
    return notes


def page(coverage: "Coverage", songs: "list[Song]", refused: Refused) -> str:
    """Return the report as one HTML page, without anything from elsewhere."""
    counts = {(c.difficulty, c.energy_level, c.style): c.moves for c in coverage.cells}
    most = max(counts.values(), default=0) or 1
    rows = []
    for difficulty in Difficulty:
        for energy in EnergyLevel:
            cells = "".join(
                _cell(counts.get((difficulty, energy, style), 0), most) for style in Style
            )
            rows.append(f"<tr><th>{difficulty} · {energy}</th>{cells}</tr>")
    header = "".join(f"<th>{style}</th>" for style in Style)
    tempi = "".join(
        f'<tr><th>{tempo}</th><td class="bar"><i style="width:{share:.0%}"></i></td>'
        f"<td>{share:.0%}</td></tr>"
        for tempo, share in coverage.tempi
    )
    notes = "".join(f"<li>{escape(line)}</li>" for line in _notes(coverage, refused))
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The move library</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #2f2320 }}
table {{ border-collapse: collapse; margin: 1rem 0 }}
th {{ text-align: left; font-weight: 500; padding: .2rem .8rem .2rem 0 }}
td {{ padding: .2rem .6rem; text-align: center; min-width: 4rem }}
td.bar {{ width: 20rem; background: #f3ece4; padding: 0 }}
td.bar i {{ display: block; height: 1.1rem; background: #d9825b }}
td.empty {{ outline: 1px dashed #b8a99a; color: #8a7a6c }}
</style>
<h1>The move library</h1>
<p>{escape(lines(coverage, songs, refused).splitlines()[0])}</p>
<h2>Moves by difficulty, energy and style</h2>
<table><tr><th></th>{header}</tr>{"".join(rows)}</table>
<h2>Moves that reach a tempo (BPM) within 6 %</h2>
<table>{tempi}</table>
<ul>{notes}</ul>
</html>
"""


def write_page(file: Path, coverage: "Coverage", songs: "list[Song]", refused: Refused) -> None:
    """Write the page."""
    file.write_text(page(coverage, songs, refused), encoding="utf-8")


def _cells(coverage: "Coverage") -> str:
    counts = {(c.difficulty, c.energy_level, c.style): c.moves for c in coverage.cells}
    table = [f"{'':<22}" + "".join(f"{style:>13}" for style in Style)]
    for difficulty in Difficulty:
        for energy in EnergyLevel:
            row = "".join(
                f"{counts.get((difficulty, energy, style), 0) or '·':>13}" for style in Style
            )
            table.append(f"{difficulty + ' · ' + energy:<22}{row}")
    return "\n".join(table)


def _cell(count: int, most: int) -> str:
    if not count:
        return '<td class="empty">0</td>'
    return f'<td style="background:rgb(217 130 91 / {0.15 + 0.75 * count / most:.2f})">{count}</td>'


def _bar(share: float) -> str:
    return "█" * round(share * 30)


def _tempo(song: "Song") -> float:
    return song.analysis.tempo if song.analysis else 0.0
