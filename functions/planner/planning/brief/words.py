"""What the words of a sentence stand for.

Every entry is plain lower-case ASCII; accents are taken off the sentence first. A word stands for
itself and its plural; `*` at its end stands for any ending.
"""

from __future__ import annotations

from collections.abc import Mapping

from choreo.blueprint import TransitionType
from choreo.vocabulary import Difficulty, EnergyLevel, Style

DIFFICULTY: Mapping[Difficulty, str] = {
    Difficulty.BEGINNER: "beginner|novice|newbie|starter|easy|easier|simple|"
    "basic level|first class|"
    "first lesson|level 1|level one|kid|children|senior|elderly|"
    "principiante|novat*|facil|sencill*|inicial|empezar|empezando|primera clase|nivel basico|"
    "nivel 1|nivel uno|nino|mayores|abuel*",
    Difficulty.INTERMEDIATE: "intermediate|medium level|improver|moderate difficulty|intermedi*|"
    "nivel medio",
    Difficulty.ADVANCED: "advanced|expert|difficult|hard|challenging|complex|"
    "professional|pro level|pros|for pro|"
    "avanzad*|expert*|dificil|complej*|profesional",
}

ENERGY: Mapping[EnergyLevel, str] = {
    EnergyLevel.LOW: "low energy|low-energy|less energy|little energy|low-key|intimate|intim*|"
    "sin prisa|menos energia|calm|gentle|relaxed|chill|soft|mellow|"
    "quiet|tranquil*|suave|"
    "relajad*|baja energia|poca energia|energia baja|calmad*|lent*|slow|slowly|despacio|delicad*",
    EnergyLevel.MEDIUM: "medium energy|moderate energy|moderate|energia media|"
    "moderad*|energia moderada",
    EnergyLevel.HIGH: "high energy|high-energy|full of energy|lot of energy|lots of energy|"
    "plenty of energy|more energy|maximum energy|con energia|llena de energia|lleno de energia|"
    "mas energia|energia a tope|"
    "toda la energia|energetic|fiery|intense|powerful|"
    "explosive|dynamic|wild|fast|"
    "lively|upbeat|party|energic*|enfiestad*|fiesta|intens*|explosiv*|dinamic*|mucha energia|"
    "energia alta|alta energia|rapid*|movid*|fuego|animad*",
}

STYLE: Mapping[Style, str] = {
    Style.TRADITIONAL: "traditional|tradicional|dominican|dominican*|classic|clasic*|authentic",
    Style.MODERN: "modern|modern*|moderna|contemporary|urban|urban*",
    Style.SENSUAL: "sensual|sensuales|sexy|seductive|seductor*",
    Style.FUSION: "fusion|mixed style",
    Style.ROMANTIC: "romantic|romance|romantic*|love|amor|enamorad*|wedding|boda|tender|tiern*",
}

MOOD: Mapping[str, str] = {
    "romantic": "romantic|romance|romantic*|love|amor|enamorad*|wedding|boda|tender|tiern*",
    "sad": "sad|melanchol*|heartbreak*|triste|tristeza|desamor|melancolic*|nostalgi*",
    "calm": "calm|gentle|relaxed|chill|mellow|tranquil*|relajad*|calmad*",
    "playful": "playful|fun|cheeky|flirty|jugueton*|divertid*|coquet*",
    "happy": "happy|joyful|cheerful|alegre|feliz",
    "passionate": "passionate|passion|fiery|intense|apasionad*|pasion|intens*|fuego",
    "party": "party|club|wild|fiesta|enfiestad*|rumba|animad*",
}

TRANSITION: Mapping[TransitionType, str] = {
    TransitionType.CROSSFADE: "smooth|smoothly|seamless|seamlessly|flowing|fluid|fluent|"
    "crossfade|cross-fade|"
    "dissolve|blended|fluid*|suaves|continu*|fundid*|encadenad*|sin cortes",
    TransitionType.CUT: "sharp cut|hard cut|clean cut|straight cut|crisp|snappy|cuts only|"
    "cortes limpios|cortes secos|corte seco|cortes duros|marcados",
    TransitionType.FADE_BLACK: "fade to black|fades to black|through black|fundido a negro|a negro",
}

SLOW_TEMPO, FAST_TEMPO = 115.0, 138.0
"""Beats per minute that dancers call slow and fast bachata."""

TEMPO: Mapping[float, str] = {
    SLOW_TEMPO: "slow|slowly|lent*|despacio",
    FAST_TEMPO: "fast|quick|rapid*",
}

MOVES: Mapping[str, str] = {
    "body roll": "body roll|body wave|bodyroll|body-roll|ola|olas|onda*|ondulacion*|rolls",
    "hip roll": "hip roll|hip circle|hip movement|hips|movimiento de cadera|"
    "cadera*|rollo de cadera",
    "head roll": "head roll|head movement|cabeza|rodada de cabeza",
    "dip": "dip|drop|caida|tumbada|cambre*|inclinacion*",
    "turn": "turn|spin|pirouette|giro|vuelta|pirueta",
    "double turn": "double turn|double spin|giro doble|giros doble|doble giro|vuelta doble|"
    "vueltas doble|doble vuelta",
    "cross body lead": "cross body lead|cross-body lead|cross body|cross-body|"
    "cruzado*|paso cruzado",
    "basic": "basic|basic step|basico|paso basico",
    "side": "side step|side basic|side to side|lateral|paso lateral",
    "box": "box|box step|cuadrado|cuadro|caja",
    "shadow": "shadow|shadow position|sombra",
    "hammerlock": "hammerlock|llave",
    "wrap": "wrap|cuddle|abrazo|enrollad*",
    "footwork": "footwork|fancy feet|juego de pies|pasitos|taps",
    "walk": "walk|caminata|caminada|caminar",
    "lift": "lift|aerial|cargada|acrobacia",
    "hip": "hip",
}
"""Kinds of move that sentences name, beside the library's own names."""

SIGNS: Mapping[str, str] = {
    "🔥": "fiery", "⚡": "energetic", "🎉": "party", "🥳": "party",
    "❤": "romantic", "💕": "romantic", "💖": "romantic", "😍": "romantic", "🌹": "romantic",
    "💍": "wedding", "💔": "heartbreak", "😢": "sad", "😌": "calm", "🐌": "slow", "🐢": "slow",
}  # fmt: skip
"""Emoji that say what a word would."""

SPELT_RIGHT = frozenset(
    {"difficulty", "explosion", "intensive", "inicio", "quieto", "casual", "energy", "energia"}
    | {"complete", "completo", "completa"}
)
"""Words that stand near one of ours and mean something else."""
