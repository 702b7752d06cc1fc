"""The table of weights: what each soft cost counts, and nothing that applies it."""

from __future__ import annotations

from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {
    "music_fit": 0.8,
    "text_fit": 0.6,
    "energy_arc": 4.6,
    "difficulty_arc": 0.5,
    "style": 4.0,
    "retime": 3.0,
    "language_model": 0.8,
    "serving_role": 4.0,
    "break_fit": 4.0,
    "starts_on_five": 12.0,
    "shortened": 1.2,
    "across_sections": 1.0,
    "uneven_beat": 3.0,
    "sliver": 3.0,
    "pose_continuity": 0.5,
    "session": 0.6,
    "same_family": 1.2,
    "seen_lately": 2.5,
    "used_before": 3.2,
    "used_of_late": 1.0,
    "motif_return": -0.4,
    "motif_again": 1.2,
    "wanted": -3.0,
    "shown_before": 6.0,
    "family_as_before": 3.0,
    "energy_missed": 8.0,
    "as_before": 100.0,
    "immediate_repeat": 1000.0,
}
"""What each soft cost weighs; `docs/choreography.md` says what each one means. Those below
zero are rewards. `as_before` and `immediate_repeat` stand in the table only for where nothing
else is legal."""

SMOOTH_FACTOR = 3.0
"""Asked for smoothness, continuity of pose and session weigh this much more."""

SPREAD = 0.12
"""Of the seeded noise, in units of cost: different seeds choose differently among near equals."""

DIGITS = 4
"""Decimals that costs are rounded to, so that sums do not depend on how a machine adds."""
