"""Other videos from the same plan: at practice speed, and small ones to look at first."""

from choreo.blueprint import Blueprint, BlueprintMove, Counts, Overlay, TransitionType

PREVIEW_SHORT_SIDE, PREVIEW_LONG_SIDE = 360, 640
"""Pixels of a preview: the size of the library's small renditions, so that they are copied."""

PREVIEW_BIT_RATE = "800k"


def at_practice_speed(blueprint: Blueprint) -> Blueprint:
    """Return the plan with all times of its timeline stretched by its `speed`.

    Clips keep their own clock: beat maps tie it to the stretched one.
    """
    stretch = 1 / blueprint.output_config.speed
    if stretch == 1:
        return blueprint
    counts = blueprint.counts
    return blueprint.model_copy(
        update={
            "moves": tuple(_stretched(move, stretch) for move in blueprint.moves),
            "medley": tuple(
                song.model_copy(
                    update={
                        "start_time": song.start_time * stretch,
                        "crossfade": song.crossfade * stretch,
                    }
                )
                for song in blueprint.medley
            ),
            "total_duration": blueprint.total_duration * stretch,
            "counts": counts and _stretched_counts(counts, stretch),
        }
    )


def _stretched(move: BlueprintMove, stretch: float) -> BlueprintMove:
    pairs = move.beat_map or (
        (move.trim_start, move.start_time),
        (move.trim_start + move.duration, move.start_time + move.duration),
    )
    return move.model_copy(
        update={
            "start_time": move.start_time * stretch,
            "duration": move.duration * stretch,
            "beat_map": tuple((clip_t, song_t * stretch) for clip_t, song_t in pairs),
        }
    )


def _stretched_counts(counts: Counts, stretch: float) -> Counts:
    return counts.model_copy(update={"beats": tuple(beat * stretch for beat in counts.beats)})


def preview_plan(blueprint: Blueprint) -> Blueprint | None:
    """Return the plan with small renditions in place of its clips; None if one lacks its own.

    What would cost an encode of its own is left out: labels, even spacing, transitions. Encoding
    the transitions would take as long as all the rest, before anything can be seen.
    """
    if any(move.preview_path is None for move in blueprint.moves):
        return None
    output = blueprint.output_config
    upright = output.height > output.width
    sides = PREVIEW_LONG_SIDE, PREVIEW_SHORT_SIDE
    width, height = sides[::-1] if upright else sides
    return blueprint.model_copy(
        update={
            "moves": tuple(
                move.model_copy(
                    update={
                        "video_path": move.preview_path,
                        "transition_type": TransitionType.CUT,
                    }
                )
                for move in blueprint.moves
            ),
            "output_config": output.model_copy(
                update={
                    "width": width,
                    "height": height,
                    "video_bitrate": PREVIEW_BIT_RATE,
                    "overlay": Overlay.NONE,
                    "constant_frame_rate": False,
                }
            ),
        }
    )
