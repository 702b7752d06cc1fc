"""Every sentence that the service can say to a person, read from its own sources."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).parents[2]

FOLDERS = (
    "functions/planner/planning",
    "functions/request_handler/intake",
    "job_image/execution",
    "job_image/rendering",
    "catalog",
    "local_emulators",
    "src/choreo",
)

NOT_SERVED = ("local_emulators/demo_library", "src/choreo/vectors", "catalog/pose_models.py")
"""What no page is ever told of."""

SAYERS = {
    "PlanImpossible": 0,
    "StageFailed": 0,
    "MediaMissing": 0,
    "RenderFailed": 0,
    "UnreadableMedia": 0,
    "UnsafePath": 0,
    "UnknownSong": 0,
    "UnknownMove": 0,
    "UnknownTask": 0,
    "Problem": 2,
    "Refusal": 1,
    "_refuse": 1,
    "_wrong_name": 0,
    "_wrong": 1,
    "fail_unclaimed": 1,
}
"""Calls that tell a person something, and which of their values it is."""

BEGINNINGS = {"_wrong_name": "the file's name 'x.mp3' ", "_wrong": "limit "}
"""What such a call says first."""

TELLERS = {
    "functions/planner/planning/choreography/steps.py": ("warnings_of",),
    "functions/planner/planning/choreography/missing.py": ("what_is_missing",),
    "functions/planner/planning/reroll.py": ("open_plan", "put_together"),
    "functions/planner/planning/pipeline.py": ("_music_warnings", "_wishes_missed", "_query"),
    "functions/planner/planning/slots.py": ("_bounds", "_missing"),
    "functions/planner/planning/medley.py": ("_chosen",),
    "functions/planner/planning/brief/__init__.py": ("_not_read", "read_brief"),
    "functions/planner/planning/preferences.py": ("ask_preferences",),
    "functions/planner/planning/search/__init__.py": ("every_candidate",),
    "functions/planner/planning/search/filters.py": ("soft_filters",),
    "functions/planner/planning/search/index.py": ("MoveIndex",),
    "functions/request_handler/intake/access.py": ("caller",),
    "functions/request_handler/intake/choreography.py": ("_words_for_removed",),
    "functions/request_handler/intake/audio.py": ("fault_in_audio",),
    "job_image/execution/run.py": ("TOO_MUCH_MEMORY",),
    "job_image/execution/heartbeat.py": ("_give_up",),
    "src/choreo/database/tasks.py": ("create", "_reason_to_give_up"),
    "src/choreo/music/analysis.py": ("analyse_file", "_analysed", "_warnings"),
    "src/choreo/music/correction.py": ("",),
    "catalog/clips.py": ("make_moves", "_too_short"),
    "catalog/ingest.py": ("_reason",),
    "catalog/manifest.py": ("read_manifest", "_understood", "_told"),
    "catalog/source_files.py": ("_fault_in",),
    "local_emulators/ingest_service.py": ("_take_in",),
}
"""Functions, classes and constants all of whose sentences are for people; "" is a whole file."""

VALUES = {
    "HOW_TO_CORRECT": ["tap every 1, or move the count"],
    "asked.value": ["low", "high"],
    "brief.style.value": ["romantic", "fusion"],
    "ceiling.value": ["beginner"],
    "lowest.value": ["intermediate"],
    "label.value": ["intro", "outro"],
    "section.value": ["chorus"],
    "opened.earlier.energy.value": ["medium"],
    "instead": ["all is danced", "it is danced from its start", "it is danced to its end"],
    "doing": ["planning", "rendering"],
    "what": ["clips", "counts of the song"],
    "place_of(index, move)": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "self._place": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "self.place": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "shot.place": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "place": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "voice.name": ["the song songs/amor/audio.mp3"],
    "_place_at(timeline, longest.stamp)": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "_place_at(timeline, black[0])": ["moves[7] 'dip_1' (moves/dip/dip_1.mp4)"],
    "lead": ["Nothing else is legal here, so it stays", "Chosen anew"],
    "self._operation": ["creating the video", "writing the video", "finishing the video"],
    "task.status.value": ["completed", "pending"],
    "found": ["holds one frame; it is a still picture", "holds no frame"],
    "kind": ["is a still picture", "is of a kind that is not read"],
    "limit": [
        "9 requests a minute are the most for one caller",
        "9 videos a day are the most for one caller",
    ],
    "tempi": ["110 to 150 BPM"],
    "holds or 'no'": ["open and closed", "no"],
    "shown": [""],
    "detail": ["has a part that begins with a dot"],
    "fault": ["has a part that begins with a dot"],
}
"""What stands in a place, by the code that fills it, where the words around it tell too little."""

VALUES_HERE = {
    ("functions/planner/planning/choreography/missing.py", "place"): ["12.5 s"],
    ("job_image/rendering/voices.py", "fault"): [" cannot be read"],
    ("src/choreo/local/object_store.py", "what"): ["'songs/a.mp3' cannot be published"],
    ("src/choreo/media_path.py", "fault"): ["is empty", "contains a backslash"],
    ("functions/request_handler/intake/choreography.py", "fault"): ["its audio is out of reach: x"],
    ("functions/request_handler/intake/library.py", "fault"): ["its audio is out of reach: x"],
    ("catalog/manifest.py", "fault"): [
        "tempo is 'x'; it must be a whole number, so it is estimated",
    ],
    ("catalog/manifest.py", "exc"): ["it must be true or false", "it must be a whole number"],
    ("catalog/manifest.py", "shown"): ["clip, tempo"],
    ("functions/planner/planning/brief/__init__.py", "fault"): ["difficulty"],
}


NOT_SAID = ("language model", "Waiting to be planned", "71 to 72 BPM")
"""Read in the same places, but no sentence that a page shows."""


@dataclass(frozen=True)
class Said:
    """One sentence with values in it, and where it is said."""

    text: str
    values: tuple[str, ...]
    """Those that are nobody's words, and must be in every language."""
    where: str


def sentences() -> list[Said]:
    """Return all of them, each with every kind of value."""
    pieces = {*NOT_SAID, *(text for texts in VALUES.values() for text in texts)}
    return [said for path in _files() for said in _of(path) if said.text not in pieces]


def fragments() -> str:
    """Return all text in the sources, without what is filled in."""
    texts = []
    for path in _files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(NOT_SERVED):
                yield path


def _of(path: Path) -> Iterator[Said]:
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text())
    whole = [teller for teller in TELLERS.get(name, ()) if teller]
    parts: list[ast.AST] = [tree] if "" in TELLERS.get(name, ()) else list(_named(tree, whole))
    assert len(parts) >= len(whole), f"{name} has no {whole} any more"
    nodes = {text: "" for part in parts for text in _sentences_in(part)}
    nodes |= dict(_told_in_calls(tree))
    for node, beginning in nodes.items():
        for text, values in _filled(node, name):
            if _words(text) > 1:
                yield Said(beginning + text, values, f"{name}:{node.lineno}")


def _named(tree: ast.AST, names: list[str]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        own = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        if isinstance(node, ast.Assign):
            own = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if set(own) & set(names):
            yield node


def _told_in_calls(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield each text that a call tells, and what the call says before it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            called = node.func.attr if isinstance(node.func, ast.Attribute) else called
            place = SAYERS.get(called)
            if place is not None and len(node.args) > place:
                for text in _texts(node.args[place]):
                    yield text, BEGINNINGS.get(called, "")


def _texts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the texts that an expression can be."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.BinOp):
        for left, right in product(_texts(node.left), _texts(node.right)):
            pieces = [part for side in (left, right) for part in getattr(side, "values", [side])]
            yield ast.copy_location(ast.JoinedStr(pieces), node)
    elif _is_text(node):
        yield node


def _sentences_in(part: ast.AST) -> Iterator[ast.expr]:
    """Yield what reads like a sentence; docstrings and what is only a piece of one do not."""
    passed_over: set[ast.AST] = set()
    for node in ast.walk(part):
        if isinstance(node, ast.Expr):
            passed_over.add(node.value)
        if isinstance(node, ast.JoinedStr):
            passed_over.update(inner for inner in ast.walk(node) if inner is not node)
        if _is_text(node) and node not in passed_over and _words(_bare(node)) > 1:
            yield node


def _is_text(node: ast.AST) -> TypeGuard[ast.JoinedStr | ast.Constant]:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _bare(node: ast.JoinedStr | ast.Constant) -> str:
    """Return a text without what is filled in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant))


def _words(text: str) -> int:
    return sum(word.isalpha() for word in text.split())


def _filled(node: ast.expr, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, ast.Constant):
        yield str(node.value), ()
        return
    assert isinstance(node, ast.JoinedStr)
    numbers = count(71)
    choices: list[list[str]] = []
    own: list[str] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            choices.append([str(part.value)])
            continue
        assert isinstance(part, ast.FormattedValue)
        code = ast.unparse(part.value)
        told: Iterable[str] | None = VALUES_HERE.get((name, code)) or VALUES.get(code)
        if told is None:
            own.append(str(next(numbers)))
            told = [own[-1]]
        choices.append(list(told))
    for pieces in product(*choices):
        yield "".join(pieces), tuple(own)
