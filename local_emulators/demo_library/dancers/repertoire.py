"""The couple's moves: every clip of the demo library, from the easy basic to the dip."""

from collections import Counter
from collections.abc import Callable

from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style

from . import moves as m
from .score import Score

Dance = Callable[[Score], None]

_DIFFICULTY = {"b": Difficulty.BEGINNER, "i": Difficulty.INTERMEDIATE, "a": Difficulty.ADVANCED}
_ENERGY = {"l": EnergyLevel.LOW, "m": EnergyLevel.MEDIUM, "h": EnergyLevel.HIGH}
_STYLE = {
    "tra": Style.TRADITIONAL,
    "mod": Style.MODERN,
    "sen": Style.SENSUAL,
    "fus": Style.FUSION,
    "rom": Style.ROMANTIC,
}
_HOLD = {
    "open": Hold.OPEN,
    "closed": Hold.CLOSED,
    "shadow": Hold.SHADOW,
    "hammer": Hold.HAMMERLOCK,
    "cross": Hold.CROSS_HAND,
    "side": Hold.SIDE_BY_SIDE,
    "single": Hold.SINGLE_HAND,
}

_LIVELINESS = {EnergyLevel.LOW: 0.8, EnergyLevel.MEDIUM: 1.1, EnergyLevel.HIGH: 1.5}

_SLOW_AND_FAST = (119.0, 134.0, 117.0, 132.0, 121.0, 136.0)
"""Dealt out in turn to the moves of one kind, as if half of the library was filmed to slow songs
and half to fast ones: a song of 112 to 142 BPM is then within 6 % of one half at least. A kind is
a way from one hold into another, or an energy within a hold, so that both halves have them all."""

_MIDDLE = 127.0
"""For what there is only once, and for a song's ends and breaks: 115 to 139 BPM."""


def _do(move: Callable[..., None], *values: float) -> Dance:
    return lambda score: move(score, *values)


def _both(first: Dance, second: Dance) -> Dance:
    def one_after_the_other(score: Score) -> None:
        first(score)
        second(score)

    return one_after_the_other


_ROWS: tuple[tuple[str, str, str, int, str, Dance, str], ...] = (
    # name, family, "difficulty energy style", counts, "entry exit", how, description
    ("basic_closed_soft", "basic", "b l rom", 8, "closed", m.basic,
     "A quiet basic, side to side, in closed hold."),
    ("basic_closed", "basic", "b m tra", 8, "closed", m.basic,
     "The basic step in closed hold, with a hip pop on 4 and 8."),
    ("basic_closed_lively", "basic", "b h tra", 8, "closed", m.basic,
     "A lively basic in closed hold with big hips, for the mambo."),
    ("basic_open", "basic", "b m mod", 8, "open", m.basic,
     "The basic step in open hold, two hands joined."),
    ("basic_open_lively", "basic", "b h fus", 8, "open", m.basic,
     "An energetic basic in open hold."),
    ("basic_open_soft", "basic", "b l tra", 8, "open", m.basic,
     "A calm basic with two hands joined."),
    ("side_touch_open", "side_step", "b m fus", 4, "open", m.side_touch,
     "Side, touch, side, touch in open hold."),
    ("side_step_long", "side_step", "b m tra", 8, "closed", _do(m.wide, 0.15),
     "Long side steps across the floor and back."),
    ("side_step_slow", "side_step", "b l rom", 8, "closed", _do(m.wide, 0.08),
     "Slow side steps in closed hold."),
    ("side_step_open", "side_step", "b h mod", 8, "open", _do(m.wide, 0.18),
     "Wide energetic side steps in open hold."),
    ("side_step_hips", "side_step", "b h tra", 8, "closed",
     _both(_do(m.wide, 0.12), _do(m.hip_roll, 4.2, 3, 0.8)),
     "Side steps that end in a hip circle."),
    ("side_step_roll", "side_step", "b l sen", 8, "closed",
     _both(_do(m.wide, 0.08), _do(m.body_roll, 3.6, 3.8, 0.5)),
     "Small side steps and a soft body roll on the way back."),
    ("side_step_turn", "side_step", "b m fus", 8, "open",
     _both(_do(m.wide, 0.12), _do(m.follower_turn, -360, 3)),
     "Side steps; the follower turns right on the way back."),
    ("box_step", "box", "b m tra", 8, "closed", _do(m.box, 0.28),
     "The box step: side, forward, side, back."),
    ("box_step_soft", "box", "b l tra", 8, "closed", _do(m.box, 0.20),
     "The box step, small and soft."),
    ("box_step_driving", "box", "i h tra", 8, "closed", _do(m.box, 0.36),
     "A driving box step with strong hips."),
    ("box_step_open", "box", "b m mod", 8, "open", _do(m.box, 0.30),
     "The box step in open hold."),
    ("box_step_hips", "box", "i h tra", 8, "closed",
     _both(_do(m.box, 0.28), _do(m.hip_roll, 4.3, 3, 0.8)),
     "A box step that closes with a hip circle."),
    ("box_step_turn", "box", "i h fus", 8, "open",
     _both(_do(m.box, 0.28), _do(m.follower_turn, -360, 3)),
     "A box step with a right turn of the follower in it."),
    ("forward_back_romantic", "forward_back", "b l rom", 8, "closed", _do(m.back_and_forth, 0.26),
     "A romantic walk forward and back, close together."),
    ("forward_back", "forward_back", "b m mod", 8, "open", _do(m.back_and_forth, 0.34),
     "A walk forward and back in open hold."),
    ("forward_back_lively", "forward_back", "i h tra", 8, "closed", _do(m.back_and_forth, 0.42),
     "A driving walk forward and back in closed hold."),
    ("forward_back_turn", "forward_back", "b m mod", 8, "open",
     _both(_do(m.back_and_forth, 0.24), _do(m.follower_turn, -360, 3)),
     "A walk forward; the follower turns right on the way back."),
    ("right_turn", "right_turn", "b m mod", 8, "open", _do(m.follower_turn, -360),
     "The follower turns right under the raised hand."),
    ("right_turn_soft", "right_turn", "b l rom", 8, "open", _do(m.follower_turn, -360, 2),
     "A late, soft right turn of the follower."),
    ("right_turn_lively", "right_turn", "i h mod", 8, "open", _do(m.follower_turn, -360, 3),
     "A lively right turn of the follower in the second half."),
    ("double_turn", "right_turn", "a h mod", 8, "open", _do(m.follower_turn, -720, 1),
     "A double right turn of the follower under the raised hand."),
    ("left_turn_double", "left_turn", "a h mod", 8, "open", _do(m.follower_turn, 720, 1),
     "A double left turn of the follower under the raised hand."),
    ("left_turn", "left_turn", "b l tra", 8, "open", _do(m.follower_turn, 360),
     "The follower turns left under the raised hand."),
    ("left_turn_styled", "left_turn", "i m sen", 8, "open",
     _both(_do(m.follower_turn, 360, 3), m.styled),
     "A left turn with a sweep of the free arm."),
    ("left_turn_wide", "left_turn", "i h mod", 8, "open",
     _both(_do(m.wide, 0.14), _do(m.follower_turn, 360, 1)),
     "A left turn of the follower out of wide side steps."),
    ("leader_turn", "leader_turn", "i m tra", 8, "open", _do(m.leader_turn, 360),
     "The leader turns left under his own hand."),
    ("leader_turn_wide", "leader_turn", "i h tra", 8, "open",
     _both(_do(m.wide, 0.14), _do(m.leader_turn, 360, 3)),
     "Wide side steps; the leader turns left on the way back."),
    ("leader_turn_quick", "leader_turn", "i h fus", 8, "open", _do(m.leader_turn, -360, 3),
     "A quick right turn of the leader in the second half."),
    ("rotating_basic", "couple_turn", "b m tra", 8, "closed", _do(m.travelling, 360),
     "The couple turns once around in closed hold."),
    ("rotating_basic_fast", "couple_turn", "i h tra", 8, "closed", _do(m.travelling, -360),
     "The couple spins once around with energy."),
    ("rotating_basic_hips", "couple_turn", "i h sen", 8, "closed",
     _both(_do(m.travelling, 360), _do(m.hip_roll, 1, 5.6, 0.7, 2)),
     "The couple turns once around with circling hips."),
    ("cross_body_lead", "cross_body_lead", "i m mod", 8, "closed", m.cross_body,
     "The follower is led across in front of the leader."),
    ("cross_body_lead_turn", "cross_body_lead", "a h mod", 8, "open", _do(m.cross_body, 360),
     "A cross-body lead with an inside turn of the follower."),
    ("cross_body_lead_smooth", "cross_body_lead", "i l rom", 8, "open", m.cross_body,
     "A smooth cross-body lead in open hold."),
    ("body_roll_small", "body_roll", "b l sen", 8, "closed", _do(m.body_roll, 3.5, 3.5, 0.6),
     "A small body roll in closed hold."),
    ("body_roll", "body_roll", "i m sen", 8, "closed", _do(m.body_roll, 3.2, 4, 1.0),
     "A body roll through head, chest, waist and hips."),
    ("body_roll_walk", "body_roll", "i m sen", 8, "closed",
     _both(_do(m.back_and_forth, 0.22), _do(m.body_roll, 3.4, 4, 0.8)),
     "A walk forward, and a body roll on the way back."),
    ("body_roll_double", "body_roll", "a h sen", 8, "closed",
     _both(_do(m.body_roll, 0.8, 2.9, 1.0), _do(m.body_roll, 4.2, 3.1, 1.1)),
     "Two strong body rolls in one phrase."),
    ("body_roll_open", "body_roll", "i h sen", 8, "open",
     _both(_do(m.body_roll, 0.8, 2.9, 0.9), _do(m.body_roll, 4.2, 3.1, 0.9)),
     "Two body rolls facing each other in open hold."),
    ("hip_roll_short", "hip_roll", "b m sen", 4, "closed", _do(m.hip_roll, 1.0, 2.6, 0.8),
     "One hip circle in four counts."),
    ("hip_roll", "hip_roll", "b l sen", 8, "closed", _do(m.hip_roll, 3, 4.5, 1.0),
     "A slow hip circle in closed hold."),
    ("hip_roll_open", "hip_roll", "b l sen", 8, "open", _do(m.hip_roll, 2.5, 4.8, 0.8),
     "A slow hip circle facing each other in open hold."),
    ("hip_roll_double", "hip_roll", "a h fus", 8, "open", _do(m.hip_roll, 1, 6.4, 1.1, 2),
     "Two big hip circles in open hold."),
    ("hip_roll_driving", "hip_roll", "i h sen", 8, "closed", _do(m.hip_roll, 1, 6.2, 1.0, 2),
     "Two hip circles in closed hold."),
    ("lean", "lean", "i l rom", 8, "closed", _do(m.lean, 2.5, 5, 0.9),
     "A soft lean to the side and back."),
    ("lean_walk", "lean", "b l rom", 8, "closed",
     _both(_do(m.back_and_forth, 0.16), _do(m.lean, 3.2, 4.2, 0.6)),
     "A few steps forward, and a soft lean on the way back."),
    ("lean_deep", "lean", "a m rom", 8, "closed", _do(m.lean, 2, 5.6, 1.3),
     "A deep lean over a bent knee."),
    ("dip_small", "dip", "i l rom", 8, "closed", _do(m.dip, 2.5, 5, 0.6),
     "A small romantic dip."),
    ("dip", "dip", "a m rom", 8, "closed", _do(m.dip, 2, 5.6, 1.0),
     "The follower is dipped over the leader's arm."),
    ("dip_walk", "dip", "a h tra", 8, "closed",
     _both(_do(m.back_and_forth, 0.30), _do(m.dip, 3.6, 3.9, 0.9)),
     "A walk forward that is caught in a dip."),
    ("dip_sudden", "dip", "a h sen", 8, "closed", _do(m.dip, 3.5, 4.2, 1.15),
     "A sudden deep dip on the accent."),
    ("head_roll", "head_roll", "a l sen", 8, "closed", _do(m.head_roll, 2.5, 5, 1.0),
     "The follower's head and shoulders sweep a slow circle."),
    ("head_roll_roll", "head_roll", "a m sen", 8, "closed",
     _both(_do(m.head_roll, 0.8, 3.6, 0.9), _do(m.body_roll, 4.7, 3.0, 0.8)),
     "A head roll that runs out in a body roll."),
    ("opening", "opening", "b m mod", 8, "closed open", m.change_hold,
     "From closed hold to two hands."),
    ("opening_turn", "opening", "i h mod", 8, "closed open",
     _both(m.change_hold, _do(m.follower_turn, 360)),
     "A left turn of the follower out of closed hold."),
    ("opening_hips", "opening", "b l sen", 8, "closed open",
     _both(m.change_hold, _do(m.hip_roll, 1, 4.5, 0.7)),
     "A slow hip circle while the embrace opens."),
    ("opening_short", "opening", "b l tra", 4, "closed open", m.change_hold,
     "From closed hold to two hands in four counts."),
    ("closing", "closing", "b l rom", 8, "open closed", m.change_hold,
     "From two hands into the embrace."),
    ("closing_short", "closing", "b m fus", 4, "open closed", m.change_hold,
     "From two hands to closed hold in four counts."),
    ("closing_turn", "closing", "i h mod", 8, "open closed",
     _both(m.change_hold, _do(m.follower_turn, -360)),
     "A right turn of the follower into closed hold."),
    ("closing_leader_turn", "closing", "i m tra", 8, "open closed",
     _both(m.change_hold, _do(m.leader_turn, 360)),
     "The leader turns left under his hand into closed hold."),
    ("single_hand_entry", "single_hand", "b m mod", 8, "open single", m.change_hold,
     "One hand is let go."),
    ("single_hand_turn", "single_hand", "i h mod", 8, "single", _do(m.follower_turn, -360),
     "A right turn on one hand."),
    ("single_hand_close", "single_hand", "b l rom", 8, "single closed", m.change_hold,
     "From one hand back into the embrace."),
    ("shadow_entry", "shadow_position", "i m sen", 8, "closed shadow", m.change_hold,
     "The follower turns in front of the leader into shadow position."),
    ("shadow_roll", "shadow_position", "a m sen", 8, "shadow", _do(m.body_roll, 3, 4.2, 0.9),
     "A body roll in shadow position."),
    ("shadow_basic", "shadow_position", "i l sen", 8, "shadow", m.basic,
     "The basic in shadow position."),
    ("shadow_hips", "shadow_position", "i h fus", 8, "shadow", _do(m.hip_roll, 1, 6, 1.0, 2),
     "Two hip circles in shadow position."),
    ("shadow_exit", "shadow_position", "i l rom", 8, "shadow closed", m.change_hold,
     "Out of shadow position into the embrace."),
    ("hammerlock_entry", "hammerlock", "i m mod", 8, "open hammer",
     _both(m.change_hold, _do(m.follower_turn, -360)),
     "A right turn that leaves the follower's arm behind the back."),
    ("hammerlock_walk", "hammerlock", "a h fus", 8, "hammer", _do(m.travelling, 360),
     "The couple walks once around itself in hammerlock."),
    ("hammerlock_basic", "hammerlock", "i l mod", 8, "hammer", m.basic,
     "The basic in hammerlock."),
    ("hammerlock_exit", "hammerlock", "i m mod", 8, "hammer open",
     _both(m.change_hold, _do(m.follower_turn, 360)),
     "A left turn unwinds the hammerlock."),
    ("cross_hand_entry", "cross_hand", "i m fus", 8, "open cross", m.change_hold,
     "From two hands to crossed hands."),
    ("cross_hand_basic", "cross_hand", "i h fus", 8, "cross", m.basic,
     "An energetic basic with crossed hands."),
    ("cross_hand_exit", "cross_hand", "i h fus", 8, "cross open",
     _both(m.change_hold, _do(m.crossed_turn, -360)),
     "A right turn under both crossed hands, back to open hold."),
    ("promenade_entry", "promenade", "i m tra", 8, "open side", m.change_hold,
     "The couple opens side by side."),
    ("promenade", "promenade", "i h tra", 8, "side", _do(m.back_and_forth, 0.34),
     "A lively promenade forward and back, side by side."),
    ("promenade_lively", "promenade", "i h tra", 8, "side", _do(m.wide, 0.12),
     "Lively side steps next to each other."),
    ("promenade_exit", "promenade", "i m tra", 8, "side open", m.change_hold,
     "From side by side back to two hands."),
    ("combination_turns", "combination", "i m fus", 16, "open",
     _both(_do(m.follower_turn, -360), _do(m.follower_turn, 360, 8)),
     "A right and a left turn of the follower in sixteen counts."),
    ("combination_both_turn", "combination", "i h mod", 16, "open",
     _both(_do(m.follower_turn, -360, 1), _do(m.leader_turn, 360, 9)),
     "First the follower turns right, then the leader left."),
    ("combination_walk_turn", "combination", "b m mod", 16, "open",
     _both(_do(m.back_and_forth, 0.32), _do(m.follower_turn, -360, 9)),
     "A walk forward and back, then a right turn of the follower."),
    ("combination_hips_turn", "combination", "a h fus", 16, "open",
     _both(_do(m.hip_roll, 1, 6, 1.0, 2), _do(m.follower_turn, -720, 9)),
     "Two hip circles, then a double right turn of the follower."),
    ("combination_side_turn", "combination", "b l tra", 16, "open",
     _both(_do(m.wide, 0.10), _do(m.follower_turn, 360, 10)),
     "Side steps, then a calm left turn of the follower."),
    ("combination_box_spin", "combination", "i h tra", 16, "closed",
     _both(_do(m.box, 0.30), _do(m.travelling, 360, 8)),
     "The box step, then the couple spins once around."),
    ("combination_rolls", "combination", "i m sen", 16, "closed",
     _both(_do(m.body_roll, 2.2, 4, 0.9), _do(m.hip_roll, 9, 5, 1.0)),
     "A body roll, then a hip circle."),
    ("combination_walk_dip", "combination", "a h rom", 16, "closed",
     _both(_do(m.back_and_forth, 0.34), _do(m.dip, 9.5, 4.8, 1.05)),
     "A walk forward and back that ends in a dip."),
    ("combination_sway", "combination", "b l rom", 16, "closed",
     _both(_do(m.wide, 0.08), _do(m.lean, 9.5, 4.8, 0.7)),
     "Slow side steps, then a soft lean."),
    ("hold_taps_closed", "hold", "b l tra", 4, "closed", m.side_touch,
     "Taps in closed hold through a break."),
    ("hold_taps_open", "hold", "b l mod", 4, "open", m.side_touch,
     "Taps in open hold through a break."),
    ("hold_sway", "hold", "b l rom", 8, "closed", _do(m.lean, 2, 5.5, 0.4),
     "The couple sways through a long break."),
    ("intro_walk_in", "intro", "b l rom", 8, "open closed", _do(m.walk_in, 0.9),
     "Both walk in from their sides and take the embrace."),
    ("outro_embrace", "outro", "b l rom", 8, "closed", _do(m.pose, False),
     "The last step ends in an embrace."),
    ("outro_dip", "outro", "i m sen", 8, "closed", _do(m.pose, True),
     "The last step ends in a dip."),
)  # fmt: skip

_SERVING = ("intro", "outro", "hold")
"""Families that are danced at a song's ends and breaks only."""

_EVENING = frozenset(("outro_dip", "dip_sudden", "head_roll", "hip_roll_double"))
"""Filmed in the other room; all else is one session, so that cuts do not change clothes."""


def repertoire() -> list[Score]:
    """Every move of the demo library, written anew."""
    kinds = [_kind(*row[1:5]) for row in _ROWS]
    clips = Counter(kinds)
    dealt: dict[str, int] = {}
    scores = []
    for row, kind in zip(_ROWS, kinds, strict=True):
        tempo = _MIDDLE
        if clips[kind] > 1 and kind not in _SERVING:
            # Each kind begins one further than the one before, so that the halves stay equal.
            turn = dealt.setdefault(kind, len(dealt))
            dealt[kind] += 1
            tempo = _SLOW_AND_FAST[turn % len(_SLOW_AND_FAST)]
        scores.append(_score(tempo, *row))
    return scores


def _kind(family: str, kind: str, counts: int, holds: str) -> str:
    if family in _SERVING:
        return family
    change = len(holds.split()) > 1
    return f"{holds} {counts}" if change else f"{holds} {kind.split()[1]}"


def _score(
    tempo: float,
    name: str,
    family: str,
    kind: str,
    counts: int,
    holds: str,
    dance: Dance,
    description: str,
) -> Score:
    difficulty, energy, style = kind.split()
    entry, leave = (*holds.split(), holds.split()[0])[:2]
    role = family if family in _SERVING else "move"
    connects = ("connector",) if entry != leave else ()
    score = Score(
        name=name,
        family=family,
        difficulty=_DIFFICULTY[difficulty],
        energy_level=_ENERGY[energy],
        style=_STYLE[style],
        counts=counts,
        entry=_HOLD[entry],
        exit=_HOLD[leave],
        tempo=tempo,
        session="evening" if name in _EVENING else "studio",
        description=description,
        tags=(family, _STYLE[style].value, *connects),
        role=role,
        liveliness=_LIVELINESS[_ENERGY[energy]],
        arrives=role == "intro",
        stays=role == "outro",
    )
    dance(score)
    return score
