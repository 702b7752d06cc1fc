"""The video that the renderer is measured with: 29 clips of 720p, 28 crossfades, 232 s."""

from choreo.blueprint import Blueprint

CLIPS, MOVE_SECONDS, HANDLE = 29, 8.0, 1.0
FADE = 0.3
SIZE = (1280, 720)
SMALL_SIZE = (640, 360)
"""Of the renditions that a preview is made from."""

DISTINCT = 5
"""Clips that are really drawn; the others are copies under other names."""

SONG_LOUDNESS = -15.2
"""LUFS of the song that `make_song` makes: what ingest would have stored."""

REROLLED = (5, 13, 21)
"""Moves that a re-roll changes, among 29."""


def blueprint(clips: int, kind: str, changed: tuple[int, ...] = (), **fields: object) -> Blueprint:
    """Return the plan.

    Args:

        clips: How many moves it has.

        kind: Of transition.

        changed: Moves that have another clip.

        fields: Of the blueprint, in place of these.
    """
    moves = [
        {
            "clip_id": f"c{n}",
            "video_path": f"c{clip}.mp4",
            "preview_path": f"c{clip}_small.mp4",
            "start_time": n * MOVE_SECONDS,
            "duration": MOVE_SECONDS,
            "original_duration": MOVE_SECONDS + 2 * HANDLE,
            "trim_start": HANDLE,
            "trim_end": HANDLE,
            "transition_type": kind,
        }
        for n in range(clips)
        for clip in [(n + 2) % clips if n in changed else n]
    ]
    return Blueprint.from_document(
        {
            "task_id": "bench",
            "audio_path": "song.mp3",
            "audio_tempo": 120,
            "audio_loudness": SONG_LOUDNESS,
            "audio_true_peak": -3.0,
            "moves": moves,
            "total_duration": clips * MOVE_SECONDS,
            "difficulty_level": "beginner",
            "generation_timestamp": "2024-01-01T00:00:00Z",
            "output_config": {"output_path": "out.mp4", "transition_duration": FADE},
            **fields,
        }
    )
