"""The chaos run's verdict: what must not be is found, and what may be is let through."""

import hashlib
import signal
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from samples import a_blueprint, a_request

from choreo.database.engine import engine_for
from choreo.database.tasks import MAX_TRIES, SqlTasks
from choreo.task import Claim, Phase, Rendered
from local_emulators.chaos import run
from local_emulators.chaos.client import Wish
from local_emulators.chaos.seed import Outcome
from local_emulators.chaos.verdict import DEAD, References, Verdict, judge, plan_digest

VIDEO = b"the video of the plan"


@dataclass
class World:
    """A task store, a store of videos, and who asked for what."""

    tasks: SqlTasks
    outputs: Path
    references: References
    wishes: dict[str, Wish] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)

    def asked(
        self,
        *,
        playable: bool = True,
        cancel_after: float | None = None,
        give_up_after: float | None = None,
    ) -> str:
        task_id = self.tasks.create(a_request()).id
        key = f"wish-{len(self.ids)}"
        self.wishes[task_id] = Wish(key, "/", {}, playable, cancel_after, give_up_after)
        self.ids.append(task_id)
        return task_id

    def planned(self, task_id: str) -> Claim:
        claim = self.tasks.claim(task_id, Phase.PLAN)
        assert claim is not None
        self.tasks.store_plan(claim, a_blueprint(task_id))
        return claim

    def completed(self, video: bytes = VIDEO, **wish: bool) -> str:
        task_id = self.asked(**wish)
        claim = self.planned(task_id)
        name = f"{task_id}.mp4"
        (self.outputs / name).write_bytes(video)
        result = Rendered(
            video_path=f"outputs/{name}", duration=1.0, file_size=len(video), quality={}
        )
        self.tasks.complete(claim, result)
        return task_id

    def failed(self, reason: str, **wish: bool) -> str:
        task_id = self.asked(**wish)
        self.tasks.fail_unclaimed(task_id, reason)
        return task_id

    def judged(self) -> Verdict:
        return judge(self.tasks, self.wishes, self.ids, self.outputs, self.references)


@pytest.fixture
def world(sqlite_template: Path, tmp_path: Path) -> World:
    database = tmp_path / "choreo.db"
    database.write_bytes(sqlite_template.read_bytes())
    kept, outputs = tmp_path / "references", tmp_path / "outputs"
    kept.mkdir()
    outputs.mkdir()
    (kept / plan_digest(a_blueprint("any"))).write_text(hashlib.sha256(VIDEO).hexdigest())
    return World(SqlTasks(engine_for(f"sqlite:///{database}")), outputs, References(tmp_path, kept))


def test_a_run_in_which_everything_ended_as_it_should_has_no_fault(world: World) -> None:
    kept = world.completed()
    (world.outputs / f"{kept}.joints").write_bytes(b"kept for re-rolls")
    world.completed()
    world.failed("no clip fits: the song runs at 146 BPM", playable=False)
    world.failed(DEAD, give_up_after=1.0)
    world.tasks.cancel(world.asked(cancel_after=1.0))
    verdict = world.judged()
    assert verdict.faults == []
    assert verdict.statuses == {"completed": 2, "failed": 2, "cancelled": 1}
    assert (verdict.lost, verdict.doubled, verdict.orphans, verdict.plans) == (0, 0, 0, 1)


def _open(world: World) -> None:
    world.planned(world.asked())


def _not_in_the_table(world: World) -> None:
    world.ids.remove(world.completed())


def _nobody_asked(world: World) -> None:
    del world.wishes[world.completed()]


def _no_video(world: World) -> None:
    (world.outputs / f"{world.completed()}.mp4").unlink()


def _another_video(world: World) -> None:
    world.completed(VIDEO[::-1])


def _cut_short(world: World) -> None:
    (world.outputs / f"{world.completed()}.mp4").write_bytes(VIDEO[:-1])


def _left_behind(world: World) -> None:
    task_id = world.failed(DEAD, give_up_after=1.0)
    (world.outputs / f"{task_id}.mp4").write_bytes(VIDEO)


def _half_written(world: World) -> None:
    (world.outputs / f".{world.completed()}.mp4.part").write_bytes(VIDEO[:5])


def _unheard_of(world: World) -> None:
    world.failed("KeyError: 'beats'")


def _not_cancelled_by_anybody(world: World) -> None:
    world.tasks.cancel(world.asked())


def _clip_that_fits(world: World) -> None:
    world.failed("no clip fits the song")


def _video_without_clips(world: World) -> None:
    world.completed(playable=False)


def _given_up_too_soon(world: World) -> None:
    world.failed(DEAD)


def _tried_too_seldom(world: World) -> None:
    world.failed(f"planning was tried {MAX_TRIES - 1} times and did not finish; please ask again")


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (_open, "1 tasks lost"),
        (_not_in_the_table, "1 tasks lost"),
        (_nobody_asked, "1 doubled"),
        (_no_video, "its video is not there"),
        (_another_video, "is not that of its blueprint"),
        (_cut_short, f"has {len(VIDEO) - 1} bytes, not {len(VIDEO)}"),
        (_left_behind, "is left in the store"),
        (_half_written, "is left in the store"),
        (_unheard_of, "not a reason that was to be expected"),
        (_not_cancelled_by_anybody, "nobody cancelled it"),
        (_clip_that_fits, "a clip fits"),
        (_video_without_clips, "there is no video for this song"),
        (_given_up_too_soon, "the queue did not give it up"),
        (_tried_too_seldom, f"was tried {MAX_TRIES - 1} times"),
    ],
)
def test_what_must_not_be_is_told(
    world: World, happens: Callable[[World], None], told: str
) -> None:
    for _ in range(3):
        world.completed()
    happens(world)
    assert told in "; ".join(world.judged().faults)


def test_a_run_that_makes_hardly_any_video_proves_nothing(world: World) -> None:
    world.completed()
    reason = f"rendering was tried {MAX_TRIES} times and did not finish; please ask again"
    for _ in range(2):
        task_id = world.asked()
        for _ in range(MAX_TRIES):
            claim = world.tasks.claim(task_id, Phase.PLAN)
            assert claim is not None
            world.tasks.hand_back(claim)
        world.tasks.fail_unclaimed(task_id, reason.replace("rendering", "planning"))
    assert world.judged().faults == ["only 1 of 3 have a video"]


def test_a_seed_whose_run_breaks_off_is_told_as_a_fault_and_the_others_go_on() -> None:
    broken: Future[Outcome] = Future()
    broken.set_exception(RuntimeError("no planner took the first task"))
    told = run._told(broken, 7)
    assert told.seed == 7
    assert "no planner took the first task" in told.verdict.faults[0]


def test_a_second_signal_does_not_disturb_the_clearing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handled: dict[int, object] = {}
    monkeypatch.setattr(signal, "signal", lambda number, handler: handled.update({number: handler}))
    with pytest.raises(KeyboardInterrupt):
        run._end(signal.SIGTERM, None)
    assert handled == {signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: signal.SIG_IGN}
