"""The couple's moves: every clip of the demo library, from the easy basic to the dip."""

from collections.abc import Callable

from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style

from . import moves as m
from .score import Score

_D = {"b": Difficulty.BEGINNER, "i": Difficulty.INTERMEDIATE, "a": Difficulty.ADVANCED}
_E = {"l": EnergyLevel.LOW, "m": EnergyLevel.MEDIUM, "h": EnergyLevel.HIGH}
_S = {
    "tra": Style.TRADITIONAL,
    "mod": Style.MODERN,
    "sen": Style.SENSUAL,
    "fus": Style.FUSION,
    "rom": Style.ROMANTIC,
}
_H = {
    "open": Hold.OPEN,
    "closed": Hold.CLOSED,
    "shadow": Hold.SHADOW,
    "hammer": Hold.HAMMERLOCK,
    "cross": Hold.CROSS_HAND,
    "side": Hold.SIDE_BY_SIDE,
    "single": Hold.SINGLE_HAND,
}
_LIVELY = {EnergyLevel.LOW: 0.8, EnergyLevel.MEDIUM: 1.1, EnergyLevel.HIGH: 1.5}
_TEMPI = (126.0, 124.0, 128.0, 122.0, 130.0, 126.0, 120.0, 132.0)

Dance = Callable[[Score], None]


def _then(*dances: Dance) -> Dance:
    def all_of_them(score: Score) -> None:
        for dance in dances:
            dance(score)

    return all_of_them


_ROWS: tuple[tuple[str, str, str, int, str, Dance, str], ...] = (
    # name, family, difficulty energy style, counts, holds, dance, description
    ("basic_closed_soft", "basic", "b l rom", 8, "closed", m.basic, "A quiet basic side to side in closed hold."),
    ("basic_closed", "basic", "b m tra", 8, "closed", m.basic, "The basic step in closed hold with a hip pop on 4 and 8."),
    ("basic_closed_lively", "basic", "b h tra", 8, "closed", m.basic, "A lively basic in closed hold with big hips for the mambo."),
    ("basic_open", "basic", "b m mod", 8, "open", m.basic, "The basic step in open hold, two hands joined."),
    ("basic_open_lively", "basic", "b h fus", 8, "open", m.basic, "An energetic basic in open hold."),
    ("side_step_slow", "side_step", "b l rom", 8, "closed", lambda s: m.wide(s, 0.08), "Slow long side steps in closed hold."),
    ("side_step_long", "side_step", "b m tra", 8, "closed", lambda s: m.wide(s, 0.16), "Long side steps across the floor and back."),
    ("side_step_open", "side_step", "b h mod", 8, "open", lambda s: m.wide(s, 0.20), "Wide energetic side steps in open hold."),
    ("side_touch_closed", "side_step", "b l tra", 4, "closed", m.side_touch, "Side, touch, side, touch in closed hold."),
    ("side_touch_open", "side_step", "b m fus", 4, "open", m.side_touch, "Side, touch, side, touch in open hold."),
    ("box_step_soft", "box", "b l tra", 8, "closed", lambda s: m.box(s, 0.20), "The box step, small and soft."),
    ("box_step", "box", "b m tra", 8, "closed", lambda s: m.box(s, 0.30), "The box step: side, forward, side, back."),
    ("box_step_driving", "box", "i h tra", 8, "closed", lambda s: m.box(s, 0.36), "A driving box step with strong hips."),
    ("forward_back", "forward_back", "b m mod", 8, "open", lambda s: m.back_and_forth(s, 0.34), "Walks forward and back in open hold."),
    ("forward_back_romantic", "forward_back", "b l rom", 8, "closed", lambda s: m.back_and_forth(s, 0.26), "A romantic walk forward and back, close together."),
    ("right_turn", "right_turn", "b m mod", 8, "open", lambda s: m.follower_turn(s, -360), "The follower turns right under the raised hand."),
    ("right_turn_lively", "right_turn", "i h mod", 8, "open", lambda s: m.follower_turn(s, -360, 3), "A lively right turn on the second half."),
    ("right_turn_two_hands", "right_turn", "i m fus", 8, "open", lambda s: m.follower_turn(s, -360, 0, True), "A right turn with both hands raised."),
    ("double_turn", "right_turn", "a h mod", 8, "open", lambda s: m.follower_turn(s, -720, 1), "A double right turn under the raised hand."),
    ("left_turn", "left_turn", "b l tra", 8, "open", lambda s: m.follower_turn(s, 360), "The follower turns left under the raised hand."),
    ("left_turn_styled", "left_turn", "i m sen", 8, "open", lambda s: m.follower_turn(s, 360, 3), "A left turn with free-arm styling."),
    ("leader_turn", "leader_turn", "i m tra", 8, "open", lambda s: m.leader_turn(s, 360), "The leader turns left under his own hand."),
    ("leader_turn_fast", "leader_turn", "i h fus", 8, "open", lambda s: m.leader_turn(s, -360, 3), "A quick right turn of the leader."),
    ("rotating_basic", "couple_turn", "b m tra", 8, "closed", lambda s: m.travelling(s, 360), "The couple turns once around in closed hold."),
    ("rotating_basic_fast", "couple_turn", "i h tra", 8, "closed", lambda s: m.travelling(s, -360), "The couple spins once around with energy."),
    ("cross_body_lead", "cross_body_lead", "i m mod", 8, "closed", m.cross_body, "The follower is led across in front of the leader."),
    ("cross_body_lead_turn", "cross_body_lead", "a h mod", 8, "open", lambda s: m.cross_body(s, 360), "Cross-body lead with an inside turn."),
    ("cross_body_lead_smooth", "cross_body_lead", "i l rom", 8, "open", m.cross_body, "A smooth cross-body lead in open hold."),
    ("body_roll_small", "body_roll", "b l sen", 8, "closed", lambda s: m.body_roll(s, 3.5, 3.5, 0.6), "A small body roll in closed hold."),
    ("body_roll", "body_roll", "i m sen", 8, "closed", lambda s: m.body_roll(s, 3.2, 4, 1.0), "A body roll through chest, waist and hips."),
    ("body_roll_double", "body_roll", "a h sen", 8, "closed", _then(lambda s: m.body_roll(s, 0.8, 2.9, 1.0), lambda s: m.body_roll(s, 4.2, 3.1, 1.1)), "Two strong body rolls in one phrase."),
    ("hip_roll_short", "hip_roll", "b m sen", 4, "closed", lambda s: m.hip_roll(s, 1.0, 2.6, 0.8), "One slow hip circle in four counts."),
    ("hip_roll", "hip_roll", "i l sen", 8, "closed", lambda s: m.hip_roll(s, 3, 4.5, 1.0), "A slow hip circle in closed hold."),
    ("hip_roll_double", "hip_roll", "a h fus", 8, "open", lambda s: m.hip_roll(s, 1, 6.4, 1.1, 2), "Two big hip circles in open hold."),
    ("lean_soft", "lean", "i l rom", 8, "closed", lambda s: m.lean(s, 2.5, 5, 0.8), "A soft lean to the side and back."),
    ("lean_deep", "lean", "a m rom", 8, "closed", lambda s: m.lean(s, 2, 5.6, 1.3), "A deep lean over a bent knee."),
    ("dip_small", "dip", "i l rom", 8, "closed", lambda s: m.dip(s, 2.5, 5, 0.6), "A small romantic dip."),
    ("dip", "dip", "a m rom", 8, "closed", lambda s: m.dip(s, 2, 5.6, 1.0), "The follower is dipped over the leader's arm."),
    ("dip_sudden", "dip", "a h sen", 8, "closed", lambda s: m.dip(s, 3.5, 4.2, 1.15), "A sudden deep dip on the accent."),
    ("head_roll", "head_roll", "a l sen", 8, "closed", lambda s: m.head_roll(s, 2.5, 5, 1.0), "The follower's head and shoulders sweep a slow circle."),
    ("head_roll_roll", "head_roll", "a m sen", 8, "closed", _then(lambda s: m.head_roll(s, 0.8, 3.8, 0.9), lambda s: m.body_roll(s, 4.6, 3.1, 0.8)), "A head roll that runs out in a body roll."),
    ("opening", "opening", "b m mod", 8, "closed open", m.change_hold, "From closed to open hold."),
    ("opening_short", "opening", "b l tra", 4, "closed open", m.change_hold, "From closed to open hold in four counts."),
    ("closing", "closing", "b l rom", 8, "open closed", m.change_hold, "From open hold into the embrace."),
    ("closing_short", "closing", "b m fus", 4, "open closed", m.change_hold, "From open to closed hold in four counts."),
    ("closing_turn", "closing", "i h mod", 8, "open closed", _then(m.change_hold, lambda s: m.follower_turn(s, -360)), "A right turn into closed hold."),
    ("shadow_entry", "shadow_position", "i m sen", 8, "closed shadow", m.change_hold, "The follower turns in front of the leader into shadow position."),
    ("shadow_basic", "shadow_position", "i l sen", 8, "shadow", m.basic, "The basic in shadow position."),
    ("shadow_roll", "shadow_position", "a m sen", 8, "shadow", lambda s: m.body_roll(s, 3, 4.2, 0.9), "A body roll in shadow position."),
    ("shadow_hips", "shadow_position", "i h fus", 8, "shadow", lambda s: m.hip_roll(s, 1, 6, 1.0, 2), "Two hip circles in shadow position."),
    ("shadow_exit", "shadow_position", "i m mod", 8, "shadow open", m.change_hold, "Out of shadow position into open hold."),
    ("shadow_exit_closed", "shadow_position", "i l rom", 8, "shadow closed", m.change_hold, "Out of shadow position into the embrace."),
    ("hammerlock_entry", "hammerlock", "i m mod", 8, "open hammer", m.change_hold, "A turn wraps the follower's arm into the hammerlock."),
    ("hammerlock_basic", "hammerlock", "i l mod", 8, "hammer", m.basic, "The basic in hammerlock."),
    ("hammerlock_walk", "hammerlock", "a h fus", 8, "hammer", lambda s: m.travelling(s, 360), "The couple walks around itself in hammerlock."),
    ("hammerlock_exit", "hammerlock", "i m mod", 8, "hammer open", m.change_hold, "The hammerlock unwinds into open hold."),
    ("cross_hand_entry", "cross_hand", "i m fus", 8, "open cross", m.change_hold, "From open hold to crossed hands."),
    ("cross_hand_basic", "cross_hand", "i h fus", 8, "cross", m.basic, "An energetic basic with crossed hands."),
    ("cross_hand_turn", "cross_hand", "a h fus", 8, "cross open", m.change_hold, "A turn out of crossed hands."),
    ("single_hand_entry", "single_hand", "b m mod", 8, "open single", m.change_hold, "One hand is let go."),
    ("single_hand_turn", "single_hand", "i h mod", 8, "single", lambda s: m.follower_turn(s, -360), "A right turn on one hand."),
    ("single_hand_close", "single_hand", "b l rom", 8, "single closed", m.change_hold, "From one hand back into the embrace."),
    ("promenade_entry", "promenade", "i m tra", 8, "open side", m.change_hold, "The couple opens side by side."),
    ("promenade", "promenade", "i m tra", 8, "side", lambda s: m.back_and_forth(s, 0.34), "A promenade forward and back, side by side."),
    ("promenade_lively", "promenade", "i h tra", 8, "side", lambda s: m.wide(s, 0.12), "Lively side steps next to each other."),
    ("promenade_exit", "promenade", "i m tra", 8, "side open", m.change_hold, "From side by side back to open hold."),
    ("combination_turns", "combination", "i m mod", 16, "open", _then(lambda s: m.follower_turn(s, -360), lambda s: m.follower_turn(s, 360, 8)), "A right and a left turn in sixteen counts."),
    ("combination_show", "combination", "a h mod", 16, "closed", _then(lambda s: m.body_roll(s, 3, 4, 1.0), lambda s: m.dip(s, 9.5, 5.5, 1.0)), "A roll and a dip in sixteen counts."),
    ("hold_tap_closed", "hold", "b l tra", 4, "closed", m.side_touch, "Taps in closed hold through a break."),
    ("hold_tap_open", "hold", "b l mod", 4, "open", m.side_touch, "Taps in open hold through a break."),
    ("hold_sway", "hold", "b l rom", 8, "closed", lambda s: m.lean(s, 2, 5.5, 0.4), "The couple sways through a long break."),
    ("intro_walk_in", "intro", "b l rom", 8, "open closed", lambda s: m.walk_in(s, 0.9), "Both walk in and take the embrace."),
    ("intro_walk_in_open", "intro", "b l mod", 8, "single open", lambda s: m.walk_in(s, 0.8), "Both walk in and take both hands."),
    ("outro_embrace", "outro", "b l rom", 8, "closed", lambda s: m.pose(s, False), "The last step ends in an embrace."),
    ("outro_dip", "outro", "i m sen", 8, "closed", lambda s: m.pose(s, True), "The last step ends in a dip."),
)  # fmt: skip

_EVENING = {
    "combination_show",
    "outro_dip",
    "dip_sudden",
    "lean_deep",
    "cross_hand_basic",
    "body_roll_double",
}


def repertoire() -> list[Score]:
    """Every move of the demo library, written anew."""
    scores = []
    for index, (name, family, kind, counts, holds, dance, description) in enumerate(_ROWS):
        difficulty, energy, style = kind.split()
        entry, leave = (*holds.split(), holds.split()[0])[:2]
        role = family if family in ("intro", "outro", "hold") else "move"
        score = Score(
            name, family, _D[difficulty], _E[energy], _S[style], counts, _H[entry], _H[leave],
            _TEMPI[index % len(_TEMPI)], "evening" if name in _EVENING else "studio", description,
            (family, _S[style].value, *(("connector",) if entry != leave else ())),
            role=role, liveliness=_LIVELY[_E[energy]],
            arrives=role == "intro", stays=role == "outro",
        )  # fmt: skip
        dance(score)
        scores.append(score)
    return scores
