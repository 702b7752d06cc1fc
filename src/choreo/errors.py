"""The error tree, split by who must act.

ChoreoError
├── InvalidInput           the caller acts: the request, file or document is wrong
│   ├── UnknownSong
│   ├── UnknownMove
│   ├── UnknownTask
│   ├── UnsafePath
│   ├── UnreadableMedia
│   ├── InvalidBlueprint   carries every fault found
│   └── InvalidSettings    carries every fault found
├── StageFailed            this product acts: the task fails with this sentence
│   ├── MediaMissing
│   ├── PlanImpossible
│   └── RenderFailed
├── Unavailable            nobody acts: a part is away, the same call may work later
├── AlreadyPublished       the object is there and was left as it was
└── ClaimLost              another attempt or a cancellation took the task over
"""

from collections.abc import Sequence


class ChoreoError(Exception):
    """Base of every error that this product raises on purpose; its text is for people."""


class InvalidInput(ChoreoError):
    """What came from outside is wrong; the text says what would be right."""


class UnknownSong(InvalidInput):
    """No song of the library has this id."""


class UnknownMove(InvalidInput):
    """No move of the library has this id."""


class UnknownTask(InvalidInput):
    """No task has this id."""


class UnsafePath(InvalidInput):
    """A path that is not a plain relative key inside the store."""


class UnreadableMedia(InvalidInput):
    """A media file that cannot be opened, decoded or used, with the reason."""


class _Faults(InvalidInput):
    """Several faults, reported together.

    Args:

        what: The thing that is wrong, for the first line of the message.

        faults: One sentence per fault.
    """

    def __init__(self, what: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__(f"{what} has {count}:\n{lines}")


class InvalidBlueprint(_Faults):
    """A blueprint that must not be rendered; `faults` lists all that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("the blueprint", faults)


class InvalidSettings(_Faults):
    """Missing or contradictory settings; `faults` lists all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("the environment", faults)


class StageFailed(ChoreoError):
    """A stage cannot finish this task, now or later; the task fails with this text."""


class MediaMissing(StageFailed):
    """The store has no object under this path."""


class PlanImpossible(StageFailed):
    """No choreography exists for this request; the text says what is missing."""


class RenderFailed(StageFailed):
    """The video could not be made; the text names the operation and its cause."""


class Unavailable(ChoreoError):
    """A service did not answer; trying again later may work."""


class AlreadyPublished(ChoreoError):
    """An object is already stored under this path and was not touched."""


class ClaimLost(ChoreoError):
    """This attempt no longer owns the task: stop, and leave the task alone."""
