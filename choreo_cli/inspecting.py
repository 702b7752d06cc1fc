"""`choreo inspect`: the quality report of a plan or of a video."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from choreo.blueprint import Blueprint
from choreo.errors import InvalidInput, UnknownSong, UnreadableMedia
from choreo_cli.library import open_stack

if TYPE_CHECKING:
    import av

BLACK_LUMA = 24.0
"""Mean luma (16 is black, 235 white) below which a frame counts as black."""

FROZEN_DIFFERENCE = 0.02
"""Mean change of luma from frame to frame below which the picture stands still."""

FROZEN_SECONDS = 0.3
"""A picture that stands still for longer is reported; a held pose still moves."""

LOOK_WIDTH, LOOK_HEIGHT = 160, 90
"""Size at which frames are compared."""


def inspect_file(file: Path, library: Path) -> dict[str, Any]:
    """Return the report of a blueprint (by its `.json` name) or of a video.

    Raises:

        InvalidBlueprint, UnreadableMedia: If it is neither.
    """
    if file.suffix.lower() == ".json":
        return _plan_report(Blueprint.from_json(file.read_text(encoding="utf-8")), library)
    return _video_report(file)


def _plan_report(blueprint: Blueprint, library: Path) -> dict[str, Any]:
    from planning.medley import heard_again
    from planning.model import Span
    from planning.quality import assess

    catalogue = open_stack(library).catalogue
    try:
        heard = heard_again(blueprint.generation_parameters, Span(), catalogue.song)
    except UnknownSong:
        raise InvalidInput(
            f"a song of the plan is not in {library}; name its library with --library"
        ) from None
    if heard is None:
        raise InvalidInput("the plan does not say for which song it was made")
    return {"kind": "blueprint", **assess(blueprint, heard.song, catalogue.moves())}


def _video_report(file: Path) -> dict[str, Any]:
    """Look at the pictures and listen to the sound, as if nothing were known of the plan.

    Where the moves begin is told by the chapters; the music is heard afresh.
    """
    from choreo import music
    from planning.pipeline import SURE_ENOUGH
    from planning.quality import EDGE, cuts_on_the_count
    from rendering.media import VIDEO_FORMATS, opened, video_stream

    with opened(file, VIDEO_FORMATS) as container:
        stream = video_stream(container, file.name)
        report: dict[str, Any] = {
            "kind": "video",
            "video_codec": stream.codec_context.name,
            "width": stream.width,
            "height": stream.height,
            **_looked_at(container),
        }
        begins = [float(one["start"] * (one["time_base"] or 0)) for one in container.chapters()]
    try:
        loudness = music.loudness(file)
        analysis = music.analyse(file)
    except UnreadableMedia:
        return {**report, "sound": False}
    sure = analysis.confidence >= SURE_ENOUGH
    cuts = [begin for begin in begins if begin > EDGE] if sure else []
    return {
        **report,
        "moves": len(begins),
        **{
            name: value and round(value, 4)
            for name, value in cuts_on_the_count(cuts, analysis).items()
        },
        "sound": True,
        "sound_seconds": round(analysis.duration, 3),
        "loudness_lufs": round(loudness.integrated, 1),
        "true_peak_dbtp": round(loudness.true_peak, 1),
        "tempo": round(analysis.tempo, 2),
        "confidence": analysis.confidence,
        "beats": len(analysis.beats),
        "first_one": analysis.eight_counts[0] if analysis.eight_counts else None,
    }


def _looked_at(container: "av.container.InputContainer") -> dict[str, Any]:
    import numpy as np

    frames, black, longest_still, still, last_time, before = 0, 0, 0.0, 0.0, 0.0, None
    for frame in container.decode(video=0):
        small = frame.reformat(width=LOOK_WIDTH, height=LOOK_HEIGHT, format="gray")
        picture = small.to_ndarray().astype(np.float32)
        time = float(frame.time or 0.0)
        frames += 1
        black += int(picture.mean() < BLACK_LUMA)
        same = before is not None and float(np.abs(picture - before).mean()) < FROZEN_DIFFERENCE
        still = still + time - last_time if same else 0.0
        longest_still = max(longest_still, still)
        before, last_time = picture, time
    return {
        "frames": frames,
        "picture_seconds": round(last_time, 3),
        "black_frames": black,
        "longest_still_seconds": round(longest_still, 3),
        "frozen": longest_still > FROZEN_SECONDS,
    }


def shown(report: dict[str, Any]) -> str:
    """Return the report for people."""
    lines = [str(report["sentence"])] if report.get("sentence") else []
    for name, value in report.items():
        if name in ("sentence", "baseline") or isinstance(value, dict | list):
            continue
        baseline = report.get("baseline", {}).get(name)
        beside = "" if baseline is None else f"   (random plan: {_number(baseline)})"
        lines.append(f"{name.replace('_', ' '):<28} {_number(value)}{beside}")
    return "\n".join(lines)


def _number(value: object) -> str:
    if value is None:
        return "nothing to measure"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
