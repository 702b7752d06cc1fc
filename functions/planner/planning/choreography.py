"""Slots × candidates → choreography: the cheapest legal order of moves.

The song is a row of cells of four counts; a move covers one or several of them. A backward
pass finds out, exactly, after which moves a legal end can still be reached, and what the way
there costs at least; a beam search then walks forward over what is left, so it never runs into a
dead end. Costs are of two kinds:

- hard: the hold and the weight foot must meet, difficulty and tempo are bounded, no move
  follows itself;
- soft: the table `WEIGHTS`, each cost from 0 to 1 per eight counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from choreo.errors import PlanImpossible
from choreo.move import DanceState
from choreo.vocabulary import EnergyLevel, SectionLabel, Style
from planning.model import (
    RETIME_GOOD,
    RETIME_LIMIT,
    Brief,
    Candidates,
    Choreography,
    Earlier,
    Slot,
    SlotKind,
    Slots,
    Step,
    is_kind,
    listed,
    may_follow,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Costs = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Ints = NDArray[np.int64]

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

BEAM = 160
"""Partial sequences kept at each cell: plans cost 5 % less than with 48, and with 600 hardly
any less, for three times the time."""

SPREAD = 0.12
"""Of the seeded noise, in units of cost: different seeds choose differently among near equals."""

LATELY = 4
"""Moves that count as lately."""

LONG_AGO = 40
"""Moves after which it no longer matters how long ago one was danced."""

AGO = np.arange(LONG_AGO + 1)
"""How many moves ago a move was danced; 1 is the last one, `LONG_AGO` at least so many or never."""

SEEN_LATELY = np.where((AGO > 0) & (AGO <= LATELY), 1.0 - (AGO - 1) / (2 * LATELY), 0.0)
USED_OF_LATE = 1.0 - AGO / LONG_AGO
"""What these two cost for each number of moves ago, 0 to 1."""

MOTIF = 4
"""Slots at the start of a section in which its motif returns, at most: 32 counts, which dancers
learn as one piece."""

MOST_USES = 5
"""Uses of a move up to which each further one costs more; then a poor library is poor."""

KEPT = 160
"""Candidates a run keeps, the cheapest first, so that long libraries cost no more time."""

KEPT_OF_EACH = 4
"""Candidates it keeps besides, of each way from one state into another, for the joints."""

LONGEST_HANDLE = 2.2
"""Seconds of an end of the song that a clip's handle may have to fill."""

LONGEST_POSE = 5.0
"""Seconds of the song's end that an outro clip may fill with the pose it ends in, where it was
filmed for so long: less than eight counts are left there, and a clip begun anew would be cut
before its pose."""

SHORT_SECONDS = 1.6
"""A clip shown for less than this is a flash; the neighbour's handle takes its place."""

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

STYLE_DISTANCE: Mapping[frozenset[Style], float] = {
    frozenset((Style.SENSUAL, Style.ROMANTIC)): 0.3,
    frozenset((Style.MODERN, Style.FUSION)): 0.4,
    frozenset((Style.TRADITIONAL, Style.ROMANTIC)): 0.6,
    frozenset((Style.MODERN, Style.SENSUAL)): 0.7,
    frozenset((Style.FUSION, Style.SENSUAL)): 0.8,
}
"""How far apart styles are that dancers mix, 0 to 1; all others are 1 apart. It decides what
fills in when one style has too few moves."""

MEASURED_SHARE = 0.7
"""Of the energy that was measured against the one that the label suggests."""


def choreograph(
    brief: Brief,
    slots: Slots,
    candidates: Candidates,
    seed: int,
    preferences: Floats | None = None,
    earlier: Earlier | None = None,
) -> Choreography:
    """Choose and order the moves.

    Args:

        brief: What was asked for.

        slots: The song.

        candidates: The moves, already filtered by difficulty and bans.

        seed: Equal seeds give equal plans.

        preferences: Shape (slots, candidates), 0 to 1: a language model's liking, or None.

        earlier: The plan of which some places are danced anew; all others stay. Its kept moves
            must be among the candidates. A place gets its old move only where nothing else is
            legal.

    Raises:

        PlanImpossible: If there is no legal order; the text says what is missing.
    """
    return _Search(brief, slots, candidates, seed, preferences, earlier).best()


def energy_targets(slots: Sequence[Slot], asked: EnergyLevel | None) -> NDArray[np.float64]:
    """Return the energy that moves should have in each slot, 0 to 1.

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


@dataclass(frozen=True)
class _Run:
    """A stretch of cells that one move may cover."""

    start: int
    """Node; node n lies before cell n."""
    end: int
    slot: int
    first_beat: int
    counts: int
    lead: float
    tail: float
    whole: bool
    """True when it covers one slot exactly, so that a longer clip may be shortened to it."""
    on_one: bool
    crosses: bool
    """True when it runs from one section into another."""
    seconds: float
    from_end: bool
    """True before the first 1, where a clip is shown so that its end leads into the 1."""


@dataclass(frozen=True)
class _Options:
    """The candidates that fit a run, how each is shown and what it costs there."""

    run: _Run
    moves: Ints
    clip_counts: Ints
    shortened: Mask
    free: Mask
    cost: Costs
    kept: bool = False
    """True when it is a move of an earlier plan, in its place: its joint to another kept move is
    not judged again."""


class _Freedom(Enum):
    """What a plan that is danced anew in places may do there, the best first."""

    SAME_CUT = 1
    """Another move in each place."""
    ANY_CUT = 2
    """Other moves, of other lengths too."""
    AS_BEFORE = 3
    """The same move where nothing else is legal."""


@dataclass(frozen=True)
class _Trail:
    """The steps of a partial sequence, last first."""

    before: _Trail | None
    options: _Options
    place: int


@dataclass
class _Beam:
    """Partial sequences that end at one node; row i of every array is one of them."""

    cost: Costs
    last: Ints
    """Index of the last move; plus the number of moves when it was shown shortened."""
    uses: NDArray[np.int16]
    """Shape (rows, moves)."""
    danced: NDArray[np.int16]
    """Shape (rows, 1): how many moves so far."""
    latest: NDArray[np.int16]
    """Shape (rows, moves): how many had been danced when each was begun last."""
    earlier: Mask
    """Shape (rows, labels, moves): danced in an earlier section of that label."""
    here: Mask
    """Shape (rows, moves): danced in the current section."""
    section: Ints
    trails: list[_Trail | None]


@dataclass(frozen=True)
class _Arrival:
    """Partial sequences that wait at a node: rows of a beam, each with one more move."""

    cost: Costs
    whole: Costs
    """The cost, and the least of what is to come."""
    rows: Ints
    places: Ints
    """Of the moves, in `options`."""
    beam: _Beam
    options: _Options


LABELS = tuple(SectionLabel)


class _Search:
    """One search; its arrays have one entry per candidate unless they say otherwise."""

    def __init__(
        self,
        brief: Brief,
        slots: Slots,
        candidates: Candidates,
        seed: int,
        preferences: Floats | None,
        earlier: Earlier | None,
    ) -> None:
        self.brief, self.slots, self.candidates, self.earlier = brief, slots, candidates, earlier
        self.preferences = preferences
        self.moves = moves = candidates.moves
        self.size = len(moves)
        self.counts = np.array([move.counts for move in moves])
        self.tempo = np.array([move.tempo for move in moves])
        self.energy = np.array([move.energy_level.rank / 2 for move in moves])
        self.level = np.array([move.difficulty.rank for move in moves])
        self.style_missed = np.array([_style_missed(brief.style, m.style) for m in moves])
        self.role = np.array([move.role for move in moves])
        self.duration = np.array([move.duration for move in moves])
        self.beats = np.full((self.size, int(self.counts.max()) + 1), np.inf)
        for row, move in zip(self.beats, moves, strict=True):
            row[: move.counts + 1] = move.beat_times
        self.family = _codes([move.family for move in moves])
        self.session = _codes([move.session for move in moves])
        self.wanted = np.array([any(is_kind(m, k) for k in brief.wanted) for m in moves], bool)
        # What `random` gives for a seed is fixed for PCG64, on every machine and release.
        noise = np.random.Generator(np.random.PCG64(seed)).random((len(slots.slots), self.size))
        self.noise = SPREAD * noise
        self.targets = energy_targets(slots.slots, brief.energy)
        self.opens_section, self.label_of = _sections(slots.slots)
        self._learn_states()
        self.joint, self.jump = self._joints()
        self.runs = tuple(_runs(slots, set(self.counts.tolist())))
        self.nodes = max(run.end for run in self.runs)
        self.from_node: dict[int, list[_Options]] = {}
        self.after_kept: set[int] = set()
        """Nodes at which a kept move ends."""

    def best(self) -> Choreography:
        for repeats in (False, True):
            for freedom in _Freedom if self.earlier else (_Freedom.ANY_CUT,):
                self._open(freedom)
                open_after = self._open_after(repeats)
                if open_after[0] is not None and open_after[0][-1]:
                    trail, cost = self._walk(open_after, repeats)
                    steps = self._steps(trail)
                    return Choreography(steps, round(cost, 4), self._warnings(steps))
        raise PlanImpossible(self._what_is_missing())

    def _open(self, freedom: _Freedom) -> None:
        """List what may start at each node."""
        options = (
            [self._options(run) for run in self.runs]
            if self.earlier is None
            else self._options_around(self.earlier, freedom)
        )
        self.from_node = {}
        for option in options:
            if len(option.moves):
                self.from_node.setdefault(option.run.start, []).append(option)

    def _options_around(self, earlier: Earlier, freedom: _Freedom) -> list[_Options]:
        """Return the one option of each kept place, and those of the free ones."""
        numbers = {move.id: number for number, move in enumerate(self.moves)}
        found: list[_Options] = []
        self.after_kept = set()
        for place in earlier.kept:
            run = next((r for r in self.runs if place.is_at(*self._times(r))), None)
            if run is None or place.clip_id not in numbers:
                what = "clips" if run else "counts of the song"
                raise PlanImpossible(
                    f"the {what} have changed since the plan was made, so that its move at "
                    f"{place.start:.1f} s cannot stay as it was; ask for a new video"
                )
            found.append(self._kept(run, numbers[place.clip_id]))
            self.after_kept.add(run.end)
        avoided = np.array([move.id in earlier.avoided for move in self.moves], bool)
        for run in self.runs:
            start, end = self._times(run)
            if any(place.overlaps(start, end) for place in earlier.kept):
                continue
            if freedom is not _Freedom.ANY_CUT and not any(
                place.is_at(start, end) for place in earlier.free
            ):
                continue
            before = {p.clip_id for p in earlier.free if p.overlaps(start, end)}
            shown = {p.clip_id for p in earlier.shown if p.overlaps(start, end)}
            families = {self.moves[numbers[name]].family for name in before & numbers.keys()}
            options = self._options(
                run,
                barred=avoided
                | (
                    np.array([move.id in before for move in self.moves], bool)
                    & (freedom is not _Freedom.AS_BEFORE)
                ),
            )
            there = [self.moves[number] for number in options.moves]
            cost = options.cost.copy()
            for name, hit in (
                ("as_before", [move.id in before for move in there]),
                ("shown_before", [move.id in shown for move in there]),
                ("family_as_before", [move.family in families for move in there]),
                ("energy_missed", self._energy_missed(run, options.moves, earlier.energy)),
            ):
                cost += WEIGHTS[name] * np.array(hit, float)
            found.append(replace(options, cost=cost))
        return found

    def _times(self, run: _Run) -> tuple[float, float]:
        start = self.slots.beats[run.first_beat] - run.lead
        return start, start + run.seconds

    def _kept(self, run: _Run, number: int) -> _Options:
        longer = bool(self.counts[number] > run.counts)
        return _Options(
            run,
            moves=np.array([number]),
            clip_counts=np.array([0]),
            shortened=np.array([longer and not run.from_end]),
            free=np.array([False]),
            cost=np.zeros(1),
            kept=True,
        )

    # What may follow what: moves by the class of the state they enter in and leave in.

    def _learn_states(self) -> None:
        numbers: dict[tuple[object, ...], int] = {}
        states: list[DanceState] = []

        def code(state: DanceState) -> int:
            key = (state.hold, state.leader_foot, state.follower_foot)
            if key not in numbers:
                numbers[key] = len(states)
                states.append(state)
            return numbers[key]

        enters = [code(move.entry_state) for move in self.moves]
        leaves = [code(move.exit_state) for move in self.moves]
        # A clip that is shown shortened ends in a tap, which leaves the weight free.
        taps = [code(DanceState(hold=move.exit_state.hold)) for move in self.moves]
        self.states = tuple(states)
        self.enters = np.array(enters)
        self.leaves = np.array([*leaves, *taps])
        self.steady = np.array([m.entry_state.hold == m.exit_state.hold for m in self.moves], bool)
        self.follows = np.array([[may_follow(a, b) for b in states] for a in states], bool)

    def _joints(self) -> tuple[Costs, Costs]:
        """Return the cost of each joint and the change of pose in it, shape (moves, moves)."""
        pose = self.candidates.pose
        jump = np.clip(1.0 - pose @ pose.T, 0.0, 1.0)
        out, into = (
            np.array([np.nan if s.facing is None else s.facing for s in states], np.float32)
            for states in (
                [move.exit_state for move in self.moves],
                [move.entry_state for move in self.moves],
            )
        )
        known = ~np.isnan(out[:, None] + into[None, :])
        if known.any():
            turned = np.abs((into[None, :] - out[:, None] + 180) % 360 - 180) / 180
            jump[known] = 0.5 * jump[known] + 0.5 * turned[known]
        factor = SMOOTH_FACTOR if self.brief.smooth else 1.0
        cost = factor * WEIGHTS["pose_continuity"] * jump
        cost += factor * WEIGHTS["session"] * (self.session[:, None] != self.session[None, :])
        cost += WEIGHTS["same_family"] * (self.family[:, None] == self.family[None, :])
        return np.round(cost, 4), np.round(jump, 4)

    def _open_after(self, repeats: bool) -> list[Mask | None]:
        """Return, for each node, after which last moves a legal end can be reached.

        Each entry has the shape (2 moves + 1,): after each move, after each move shown
        shortened, and (last) with nothing before.
        """
        open_after: list[Mask | None] = [None] * (self.nodes + 1)
        open_after[self.nodes] = np.ones(2 * self.size + 1, bool)
        for node in range(self.nodes - 1, -1, -1):
            good = np.zeros(self.size, bool)
            for options in self.from_node.get(node, []):
                after = open_after[options.run.end]
                if after is not None:
                    good[options.moves] |= after[options.moves + self.size * options.shortened]
            if not good.any():
                continue
            entering = np.bincount(self.enters[good], minlength=len(self.states))
            choices = (self.follows @ entering)[self.leaves]
            if not repeats:
                itself = np.tile(good, 2) & self.follows[self.leaves, np.tile(self.enters, 2)]
                choices = choices - itself
            open_after[node] = np.append(choices > 0, True)
            if node in self.after_kept and self.from_node[node][0].kept:
                open_after[node] = np.ones(2 * self.size + 1, bool)
        return open_after

    def _ahead(self, open_after: list[Mask | None]) -> list[Costs]:
        """Return, for each node, the least that the way to the end costs after each state.

        Shape (states,) each; only what a move costs in its place counts here, not what it costs
        after others. It keeps the beam from what is cheap now and dear in the end.
        """
        ahead = [np.full(len(self.states), np.inf) for _ in range(self.nodes + 1)]
        ahead[self.nodes] = np.zeros(len(self.states))
        for node in range(self.nodes - 1, -1, -1):
            if open_after[node] is None:
                continue
            entering = np.full(len(self.states), np.inf)
            for options in self.from_node.get(node, []):
                left = self.leaves[options.moves + self.size * options.shortened]
                cost = options.cost + ahead[options.run.end][left]
                np.minimum.at(entering, self.enters[options.moves], cost)
                if options.kept and node in self.after_kept:
                    entering[:] = cost[0]
            ahead[node] = np.where(self.follows, entering[None, :], np.inf).min(axis=1)
            if node in self.after_kept and self.from_node[node][0].kept:
                ahead[node][:] = entering[0]
        return ahead

    # What fits where, and what it costs.

    def _options(self, run: _Run, barred: Mask | None = None) -> _Options:
        spent = run.seconds - run.lead - run.tail
        song_tempo = self.slots.slots[run.slot].tempo
        tempo = 60.0 * run.counts / spent if run.counts else song_tempo
        speed = tempo / self.tempo
        steady_tempo = np.abs(speed - 1.0) <= RETIME_LIMIT
        natural = self.counts == run.counts
        longer = self.counts > run.counts
        edge = run.from_end or run.tail > 0 or run.end == self.nodes
        shortened = longer & run.whole & (self.steady | edge)
        clip_counts = np.where(shortened & run.from_end, self.counts - run.counts, 0)
        rows = np.arange(self.size)
        begins = self.beats[rows, clip_counts]
        last_count = np.minimum(clip_counts + run.counts, self.counts)
        ends = self.beats[rows, last_count]
        room = (begins >= run.lead * speed) & (self.duration - ends >= run.tail * speed - 1e-6)
        fits = (natural | shortened) & steady_tempo & room
        if run.tail > LONGEST_HANDLE:
            fits &= self.role == "outro"
        if barred is not None:
            fits &= ~barred
        free = np.zeros(self.size, bool)
        if run.whole and run.counts and not fits.any():
            near = np.abs(song_tempo / self.tempo - 1.0) <= RETIME_LIMIT
            enough = (begins >= run.lead) & (begins - run.lead + run.seconds <= self.duration)
            free = (natural | shortened) & near & enough
            if run.tail > LONGEST_HANDLE:
                free &= self.role == "outro"
            if barred is not None:
                free &= ~barred
            fits = free
        # A clip shown up to its own end leaves as it was danced, however late it began.
        ids = np.flatnonzero(fits)
        cut_off = (shortened & ~np.full(self.size, run.from_end))[ids]
        cost = self._cost(run, ids, speed[ids], shortened[ids], free[ids])
        kept = self._worth_keeping(ids, cost)
        return _Options(
            run, ids[kept], clip_counts[ids][kept], cut_off[kept], free[ids][kept], cost[kept]
        )

    def _cost(
        self, run: _Run, ids: Ints, speed: NDArray[np.float64], shortened: Mask, free: Mask
    ) -> Costs:
        slot = self.slots.slots[run.slot]
        target = self.targets[run.slot]
        ceiling = 1 if self.brief.difficulty is None else self.brief.difficulty.rank
        length = max(run.counts, 2) / 8
        role_missed = self._role_missed(run, slot, ids)
        dances = self._dances(ids, role_missed)
        lasting = {
            "music_fit": _from_best(self.candidates.music[run.slot])[ids],
            "text_fit": _from_best(self.candidates.text)[ids],
            "energy_arc": dances * np.abs(target - self.energy[ids]),
            "difficulty_arc": np.abs(ceiling * (0.4 + 0.6 * target) - self.level[ids]) / 2,
            "style": dances * self.style_missed[ids],
            "retime": np.where(free, 1.0, _retimed(np.abs(speed - 1.0))),
            "language_model": 0.0
            if self.preferences is None
            else 1.0 - self.preferences[run.slot, ids],
        }
        once = {
            "serving_role": role_missed,
            "break_fit": (0.3 + 0.7 * self.energy[ids]) * (self.role[ids] != "hold")
            if slot.kind is SlotKind.BREAK
            else 0.0,
            "starts_on_five": float(not run.on_one and slot.kind is SlotKind.DANCE),
            "shortened": shortened,
            "across_sections": float(run.crosses),
            "uneven_beat": free,
            "sliver": float(run.seconds < SHORT_SECONDS),
        }
        cost = self.noise[run.slot, ids].copy()
        cost += sum(length * WEIGHTS[name] * value for name, value in lasting.items())
        cost += sum(WEIGHTS[name] * np.asarray(value, float) for name, value in once.items())
        rounded: Costs = np.round(cost, 4)
        return rounded

    def _role_missed(self, run: _Run, slot: Slot, ids: Ints) -> Costs:
        role = self.role[ids]
        opens = slot.kind is SlotKind.LEAD_IN or (
            run.start == 0 and slot.label is SectionLabel.INTRO
        )
        closes = slot.kind is SlotKind.TAIL or run.end == self.nodes
        return np.select(
            [role == "intro", role == "outro", role == "hold", role == "connector"],
            [
                np.full(len(ids), 0.0 if opens else 1.0),
                np.full(len(ids), 0.0 if closes else 1.0),
                np.full(len(ids), 0.0 if slot.kind is SlotKind.BREAK else 1.0),
                np.full(len(ids), 0.3),
            ],
            default=float((opens and "intro" in self.role) or (closes and "outro" in self.role)),
        )

    def _dances(self, ids: Ints, role_missed: Costs) -> Mask:
        """Tell which are judged by their energy and style: a clip in the place that it was made
        for is right there, however full the music is."""
        dances: Mask = (self.role[ids] == "move") | (role_missed > 0)
        return dances

    def _energy_missed(self, run: _Run, ids: Ints, asked: EnergyLevel | None) -> Costs:
        if asked is None:
            return np.zeros(len(ids))
        missed = np.abs(self.energy[ids] - asked.rank / 2)
        slot = self.slots.slots[run.slot]
        return np.asarray(missed * self._dances(ids, self._role_missed(run, slot, ids)), float)

    def _worth_keeping(self, ids: Ints, cost: Costs) -> Ints:
        """Keep the cheapest, and the cheapest of each way from one state to another."""
        if len(ids) <= KEPT:
            return np.arange(len(ids))
        order = np.lexsort((ids, cost))
        pairs = (self.enters[ids] * len(self.states) + self.leaves[ids])[order]
        ranks = np.zeros(len(order), np.int64)
        for pair in np.unique(pairs):
            places = np.flatnonzero(pairs == pair)
            ranks[places] = np.arange(len(places))
        keep = (np.arange(len(order)) < KEPT) | (ranks < KEPT_OF_EACH)
        return np.sort(order[keep])

    # The walk.

    def _walk(self, open_after: list[Mask | None], repeats: bool) -> tuple[_Trail, float]:
        waiting: dict[int, list[_Arrival]] = {}
        ahead = self._ahead(open_after)
        beam = self._empty_beam()
        for node in range(self.nodes):
            if node:
                arrived = waiting.pop(node, [])
                if not arrived:
                    continue
                beam = self._arrive(arrived)
            for options in self.from_node.get(node, []):
                after = open_after[options.run.end]
                if after is None:
                    continue
                cost = self._extended(beam, options, after, repeats)
                left = self.leaves[options.moves + self.size * options.shortened]
                whole = np.round(cost + ahead[options.run.end][left], 4).ravel()
                picks = _cheapest(whole)
                if not len(picks):
                    continue
                rows, places = np.divmod(picks, len(options.moves))
                waiting.setdefault(options.run.end, []).append(
                    _Arrival(cost.ravel()[picks], whole[picks], rows, places, beam, options)
                )
        end = self._arrive(waiting[self.nodes])
        best = int(np.argmin(end.cost))
        trail = end.trails[best]
        assert trail is not None  # noqa: S101 - a beam that arrived has at least one step
        return trail, float(end.cost[best])

    def _empty_beam(self) -> _Beam:
        return _Beam(
            cost=np.zeros(1),
            last=np.array([2 * self.size]),
            uses=np.zeros((1, self.size), np.int16),
            danced=np.zeros((1, 1), np.int16),
            latest=np.full((1, self.size), -LONG_AGO, np.int16),
            earlier=np.zeros((1, len(LABELS), self.size), bool),
            here=np.zeros((1, self.size), bool),
            section=np.array([-1]),
            trails=[None],
        )

    def _extended(
        self, beam: _Beam, options: _Options, after: Mask, repeats: bool
    ) -> NDArray[np.float64]:
        """Return the cost of each partial sequence followed by each option; inf if illegal."""
        ids, run = options.moves, options.run
        length = max(run.counts, 2) / 8
        cost = beam.cost[:, None] + options.cost[None, :]
        uses = beam.uses[:, ids]
        ago = np.minimum(beam.danced - beam.latest[:, ids], LONG_AGO)
        cost += WEIGHTS["seen_lately"] * SEEN_LATELY[ago]
        again = length * (
            WEIGHTS["used_before"] * np.minimum(uses, MOST_USES)
            + WEIGHTS["used_of_late"] * USED_OF_LATE[ago]
        )
        if self.opens_section[run.slot]:
            here = self.slots.slots[run.slot]
            label, left = LABELS.index(here.label), beam.section != here.section
            returns = beam.earlier[:, label][:, ids] & (left[:, None] | ~beam.here[:, ids])
            # The section just left is not among the earlier ones yet.
            alike = left & (self.label_of[beam.section] == label)
            returns |= alike[:, None] & beam.here[:, ids]
            motif = WEIGHTS["motif_return"] + WEIGHTS["motif_again"] * (uses - 1)
            # A motif that comes back is no repetition.
            again = np.where(returns, length * motif, again)
        cost += again
        cost += WEIGHTS["wanted"] * (self.wanted[ids][None, :] & (uses == 0))
        if beam.last[0] < 2 * self.size and not (options.kept and run.start in self.after_kept):
            last = beam.last % self.size
            cost += self.joint[last][:, ids]
            cost[~self.follows[self.leaves[beam.last]][:, self.enters[ids]]] = np.inf
            again = last[:, None] == ids[None, :]
            cost[again] += WEIGHTS["immediate_repeat"] if repeats else np.inf
        cost[:, ~after[ids + self.size * options.shortened]] = np.inf
        return np.round(cost, 4)

    def _arrive(self, arrived: list[_Arrival]) -> _Beam:
        """Join what was waiting at a node and keep the cheapest."""
        costs = np.concatenate([part.whole for part in arrived])
        source = np.repeat(np.arange(len(arrived)), [len(part.whole) for part in arrived])
        within = np.concatenate([np.arange(len(part.whole)) for part in arrived])
        keep = np.argsort(costs, kind="stable")[:BEAM]
        made = []
        for number, part in enumerate(arrived):
            picks = within[keep[source[keep] == number]]
            if len(picks):
                made.append(
                    self._followed(
                        part.cost[picks],
                        part.rows[picks],
                        part.places[picks],
                        part.beam,
                        part.options,
                    )
                )
        return _Beam(
            cost=np.concatenate([part.cost for part in made]),
            last=np.concatenate([part.last for part in made]),
            uses=np.concatenate([part.uses for part in made]),
            danced=np.concatenate([part.danced for part in made]),
            latest=np.concatenate([part.latest for part in made]),
            earlier=np.concatenate([part.earlier for part in made]),
            here=np.concatenate([part.here for part in made]),
            section=np.concatenate([part.section for part in made]),
            trails=[trail for part in made for trail in part.trails],
        )

    def _followed(
        self, cost: Costs, rows: Ints, places: Ints, beam: _Beam, options: _Options
    ) -> _Beam:
        moves = options.moves[places]
        section = self.slots.slots[options.run.slot].section
        earlier, here = beam.earlier[rows], beam.here[rows]
        for row in np.flatnonzero(beam.section[rows] != section):
            left = beam.section[rows[row]]
            if left >= 0:
                earlier[row, self.label_of[left]] |= here[row]
            here[row] = False
        uses = beam.uses[rows]
        order = np.arange(len(rows))
        uses[order, moves] += 1
        here[order, moves] = True
        latest = beam.latest[rows]
        latest[order, moves] = beam.danced[rows, 0]
        return _Beam(
            cost=cost,
            last=moves + self.size * options.shortened[places],
            uses=uses,
            danced=beam.danced[rows] + np.int16(1),
            latest=latest,
            earlier=earlier,
            here=here,
            section=np.full(len(rows), section),
            trails=[
                _Trail(beam.trails[row], options, int(place))
                for row, place in zip(rows, places, strict=True)
            ],
        )

    # What comes out.

    def _steps(self, trail: _Trail | None) -> tuple[Step, ...]:
        taken: list[tuple[_Options, int]] = []
        while trail is not None:
            taken.append((trail.options, trail.place))
            trail = trail.before
        steps: list[Step] = []
        before = -1
        seen: dict[SectionLabel, dict[int, int]] = {}
        for options, place in reversed(taken):
            run, number = options.run, int(options.moves[place])
            slot = self.slots.slots[run.slot]
            first_seen = seen.setdefault(slot.label, {}).setdefault(number, slot.section)
            steps.append(
                Step(
                    move=self.moves[number],
                    slot=run.slot,
                    first_beat=run.first_beat,
                    counts=run.counts,
                    clip_count=int(options.clip_counts[place]),
                    lead=run.lead,
                    tail=run.tail,
                    free=bool(options.free[place]),
                    wanted=bool(self.wanted[number]),
                    returns=first_seen != slot.section,
                    jump=float(self.jump[before, number]) if before >= 0 else 0.0,
                )
            )
            before = number
        return tuple(steps)

    def _warnings(self, steps: Sequence[Step]) -> tuple[str, ...]:
        warnings = []
        again = [a.move.id for a, b in pairwise(steps) if a.move.id == b.move.id]
        if again:
            warnings.append(
                f"a move follows itself {len(again)} times, since nothing else may follow "
                f"{listed(sorted(set(again))[:3])}; more clips would make it a dance"
            )
        free = [step for step in steps if step.free]
        if free:
            places = listed([f"{self.slots.beats[step.first_beat]:.0f} s" for step in free[:5]])
            warnings.append(
                f"the beat is too uneven to step on at {places}; there {len(free)} of "
                f"{len(steps)} moves play at their own speed"
            )
        return tuple(warnings)

    def _what_is_missing(self) -> str:
        """Walk forward by states alone, and say where and why the way ends."""
        at: dict[int, set[int]] = {0: {-1}}
        furthest, stuck = 0, {-1}
        for node in range(self.nodes):
            reached = at.get(node)
            if not reached:
                continue
            furthest, stuck = node, reached
            for options in self.from_node.get(node, []):
                for number, short in zip(options.moves, options.shortened, strict=True):
                    entry = self.enters[number]
                    if -1 in reached or any(self.follows[s, entry] for s in reached):
                        leaves = int(self.leaves[number + self.size * int(short)])
                        at.setdefault(options.run.end, set()).add(leaves)
        runs = [run for run in self.runs if run.start == furthest]
        first = runs[0]
        place = f"{self.slots.beats[first.first_beat]:.1f} s"
        if self.earlier is not None:
            return (
                f"no other move is legal at {place} between the moves that stay; choose a "
                "neighbour anew too, or avoid less"
            )
        if furthest not in self.from_node:
            lengths = " or ".join(str(n) for n in sorted({run.counts for run in runs}))
            have = listed([str(n) for n in sorted(set(self.counts.tolist()))])
            tempi = f"{self.tempo.min():.0f} to {self.tempo.max():.0f} BPM"
            return (
                f"no clip fits at {place}, where a move of {lengths} counts is needed; the "
                f"clips that the request allows ({self.size}) have {have} counts at {tempi}"
            )
        holds = listed(sorted({self.states[s].hold.value for s in stuck if s >= 0}))
        into = {
            self.states[self.enters[number]].hold.value
            for options in self.from_node[furthest]
            for number in options.moves
        }
        return (
            f"no legal move follows at {place}: the moves before it end in {holds or 'no'} hold, "
            f"and those that fit there begin in {listed(sorted(into))}; a clip that leads from "
            "one hold (and weight foot) to the other is missing"
        )


def _runs(slots: Slots, lengths: set[int]) -> list[_Run]:
    """List every stretch of the song that one move may cover."""
    nodes: list[list[int]] = []
    node = 0
    for slot in slots.slots:
        ends = slot.kind in (SlotKind.LEAD_IN, SlotKind.TAIL) and slot.counts < 8
        cells = 2 if slot.counts > 4 and not ends else 1
        nodes.append(list(range(node, node + cells + 1)))
        node += cells
    runs: list[_Run] = []
    for number, slot in enumerate(slots.slots):
        here = nodes[number]
        whole = _Stretch(number, number, here[0], here[-1], slot.first_beat, slot.counts)
        runs.append(whole.run(slots, lead=slot.lead, tail=slot.tail, whole=True))
        if len(here) == 3:
            beat = slot.first_beat
            halves = (
                _Stretch(number, number, here[0], here[1], beat, 4),
                _Stretch(number, number, here[1], here[2], beat + 4, slot.counts - 4),
            )
            runs += [half.run(slots, whole=half.counts < 4) for half in halves]
        joined = [whole]
        last = number
        while last + 1 < len(slots.slots) and slots.slots[last + 1].joins_previous:
            last += 1
            counts = slot.counts + 8 * (last - number)
            if counts > max(lengths):
                break
            if counts in lengths:
                stretch = _Stretch(number, last, here[0], nodes[last][-1], slot.first_beat, counts)
                runs.append(stretch.run(slots))
                joined.append(stretch)
        runs += _with_ends(slots, nodes, joined)
    return runs


def _with_ends(slots: Slots, nodes: list[list[int]], stretches: list[_Stretch]) -> list[_Run]:
    """Let a move's handles take over an end of the song that is too short for a clip."""
    runs = []
    lead, tail = 0.0, 0.0
    first, last = slots.slots[0], slots.slots[-1]
    if first.kind is SlotKind.LEAD_IN and first.counts < 8 and len(slots.slots) > 1:
        lead = slots.end(first) - slots.start(first)
    if last.kind is SlotKind.TAIL and len(slots.slots) > 1:
        tail = slots.end(last) - slots.start(last)
    for stretch in stretches:
        after_lead = 0 < lead <= LONGEST_HANDLE and stretch.first == 1
        before_tail = 0 < tail <= LONGEST_POSE and stretch.last == len(slots.slots) - 2
        longer = replace(stretch, end=nodes[-1][-1])
        earlier = replace(stretch, start=0)
        whole = stretch.first == stretch.last
        if after_lead:
            runs.append(earlier.run(slots, lead=lead, whole=whole))
        if before_tail:
            runs.append(longer.run(slots, tail=tail, whole=whole))
        if after_lead and before_tail:
            both = replace(stretch, start=0, end=nodes[-1][-1])
            runs.append(both.run(slots, lead=lead, tail=tail, whole=whole))
    return runs


@dataclass(frozen=True)
class _Stretch:
    """Slots `first` to `last`, or a part of one, between two nodes."""

    first: int
    last: int
    start: int
    end: int
    beat: int
    counts: int

    def run(
        self, slots: Slots, *, lead: float = 0.0, tail: float = 0.0, whole: bool = False
    ) -> _Run:
        members = slots.slots[self.first : self.last + 1]
        seconds = slots.beats[self.beat + self.counts] + tail - slots.beats[self.beat] + lead
        partial = members[0].kind is SlotKind.LEAD_IN and (
            members[0].counts < 8 or members[0].lead > 0
        )
        return _Run(
            start=self.start,
            end=self.end,
            slot=self.first,
            first_beat=self.beat,
            counts=self.counts,
            lead=lead,
            tail=tail,
            whole=whole,
            on_one=self.beat == members[0].first_beat,
            crosses=len({slot.section for slot in members}) > 1,
            seconds=seconds,
            from_end=partial and whole,
        )


def _cheapest(costs: Costs) -> Ints:
    """Return the places of the `BEAM` lowest finite costs, equal ones by place."""
    # A partition alone would order equal costs as the machine's instructions happen to.
    limit = np.partition(costs, BEAM - 1)[BEAM - 1] if len(costs) > BEAM else np.inf
    places = np.flatnonzero((costs <= limit) & np.isfinite(costs))
    return places[np.argsort(costs[places], kind="stable")[:BEAM]]


def _sections(slots: Sequence[Slot]) -> tuple[list[bool], Ints]:
    """Return which slots lie in the first half of their section, where motifs return, and the
    label of each section; the last entry, -1, stands for no section."""
    members: dict[int, list[int]] = {}
    for number, slot in enumerate(slots):
        members.setdefault(slot.section, []).append(number)
    opens = [
        members[slot.section].index(number) < min(MOTIF, (len(members[slot.section]) + 1) / 2)
        for number, slot in enumerate(slots)
    ]
    labels = np.full(max(members) + 2, -1, np.int64)
    for section, numbers in members.items():
        labels[section] = LABELS.index(slots[numbers[0]].label)
    return opens, labels


def _retimed(off: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for what is played at the limit; one half of it grows with the square, the other half is
    for all that is not within what looks as it was danced."""
    result: NDArray[np.float64] = 0.5 * (off / RETIME_LIMIT) ** 2 + 0.5 * (off > RETIME_GOOD)
    return result


def _style_missed(asked: Style | None, found: Style) -> float:
    """0 for the style asked for, more for those further away, at most 1."""
    if asked is None or asked is found:
        return 0.0
    return STYLE_DISTANCE.get(frozenset((asked, found)), 1.0)


def _codes(names: Sequence[str]) -> Ints:
    """Number the different names in the order in which they appear."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def _from_best(similarity: Floats) -> Costs:
    """Turn similarities into costs: 0 for the best, 1 for the worst; 0 when all are alike."""
    values = np.round(similarity.astype(np.float64), 5)
    reach = values.max() - values.min()
    return np.zeros(len(values)) if reach < 1e-4 else (values.max() - values) / reach
