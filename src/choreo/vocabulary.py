"""The words that a request, a move and a plan share."""

from enum import StrEnum


class Difficulty(StrEnum):
    """How hard a move is; a plan never goes above the one that was asked for."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"

    @property
    def rank(self) -> int:
        """0 for the easiest."""
        return list(Difficulty).index(self)


class EnergyLevel(StrEnum):
    """How much a move fills the music."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for the calmest."""
        return list(EnergyLevel).index(self)


class Style(StrEnum):
    """The family of bachata that a move belongs to."""

    TRADITIONAL = "traditional"
    MODERN = "modern"
    SENSUAL = "sensual"
    FUSION = "fusion"
    ROMANTIC = "romantic"


class Hold(StrEnum):
    """How the couple is connected at the edge of a move."""

    OPEN = "open"
    CLOSED = "closed"
    SHADOW = "shadow"
    HAMMERLOCK = "hammerlock"
    CROSS_HAND = "cross_hand"
    SIDE_BY_SIDE = "side_by_side"
    SINGLE_HAND = "single_hand"


class Foot(StrEnum):
    """A foot, for the weight at the edge of a move."""

    LEFT = "left"
    RIGHT = "right"


class SectionLabel(StrEnum):
    """A part of a song."""

    INTRO = "intro"
    VERSE = "verse"
    CHORUS = "chorus"
    MAMBO = "mambo"
    BRIDGE = "bridge"
    BREAK = "break"
    OUTRO = "outro"


class RhythmMode(StrEnum):
    """What the güira does: eighths (derecho), quarters (majao), or the mambo's groove."""

    DERECHO = "derecho"
    MAJAO = "majao"
    MAMBO = "mambo"
