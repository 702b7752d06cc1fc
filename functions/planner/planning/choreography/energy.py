"""Slots → energy arc: how full the dance should be at each place of the song."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from choreo.vocabulary import EnergyLevel, SectionLabel
from planning.choreography.arrays import Costs
from planning.model import Slot, SlotKind

ENERGY_OF: Mapping[SectionLabel, float] = {
    SectionLabel.INTRO: 0.25,
    SectionLabel.VERSE: 0.45,
    SectionLabel.CHORUS: 0.7,
    SectionLabel.MAMBO: 1.0,
    SectionLabel.BRIDGE: 0.5,
    SectionLabel.BREAK: 0.1,
    SectionLabel.OUTRO: 0.3,
}
"""How full dancers take a section to be, 0 to 1."""

MEASURED_SHARE = 0.7
"""Of the energy that was measured against the one that the label suggests."""


def energy_targets(slots: Sequence[Slot], asked: EnergyLevel | None) -> Costs:
    """Return the energy that moves should have in each slot, shape (slots,), 0 to 1.

    Measured energy, stretched over the range of the music that is danced, with what the label
    suggests; an asked level shifts all of it, so that the arc stays. A break is held, not danced:
    its silence says nothing about how far the rest is apart.
    """
    if not slots:
        return np.zeros(0)
    measured = np.array([slot.energy for slot in slots])
    danced = np.array([slot.kind is not SlotKind.BREAK for slot in slots])
    heard = measured[danced] if danced.any() else measured
    low, high = heard.min(), heard.max()
    spread = np.clip((measured - low) / (high - low), 0, 1) if high - low > 0.05 else measured
    suggested = np.array([ENERGY_OF[slot.label] for slot in slots])
    target = MEASURED_SHARE * spread + (1 - MEASURED_SHARE) * suggested
    if asked is EnergyLevel.LOW:
        return 0.5 * target
    if asked is EnergyLevel.HIGH:
        return 0.5 + 0.5 * target
    return target
