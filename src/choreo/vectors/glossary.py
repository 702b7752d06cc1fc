"""Spanish into English, word by word, for what people say about bachata.

The sentence model knows little Spanish. A dancer's sentence, though, uses few words: moves,
holds, moods, tempi, levels. Putting just these into English makes a Spanish sentence rank moves
about as well as an English one (measured in `tests/vectors/test_text_vectors.py`), at no cost
and without a second model.

Words that English spells alike ("sensual", "final") are no sign of Spanish, and small words
("para", "con") are only touched in a sentence that is mostly Spanish.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# English term: Spanish words and phrases, without accents; a final "*" stands for any ending
# of the inflection: o, a, os, as, e, es.
_CONTENT = {
    # moves and figures
    "basic step": "paso basico|pasos basicos|basico de bachata",
    "basic": "basic*",
    "side basic": "basico lateral|paso lateral|pasos laterales",
    "side": "lado|lados|lateral|laterales",
    "forward and back": "adelante y atras|delante y atras",
    "forward": "adelante|delante",
    "back": "atras|detras|espalda",
    "box step": "paso de caja|cuadro|cuadrado",
    "turn": "giro|giros|vuelta|vueltas|girar|gira|girando",
    "lady turn": "giro de la chica|giro de la dama|giro de ella|vuelta de la dama|"
    "vuelta de la mujer|giro de chica|giro de mujer|giro femenino",
    "leader turn": "giro del chico|giro del hombre|giro del lider|vuelta del hombre|giro masculino",
    "spin": "piruet*|trompo|trompos",
    "body wave": "onda|ondas|ola corporal|onda corporal|ondas corporales|ondulacion|ondulaciones",
    "body roll": "body roll|rollo corporal|rodamiento del cuerpo",
    "hip": "cadera|caderas",
    "hip movement": "movimiento de cadera|movimientos de cadera|golpe de cadera|golpes de cadera",
    "hip roll": "circulo de cadera|circulos de cadera|rotacion de cadera|giro de cadera",
    "head movement": "movimiento de cabeza|movimientos de cabeza|cambre con cabeza|cabezazo",
    "head": "cabeza|cabezas",
    "dip": "cambre|cambres|inclinacion|inclinaciones|caida|caidas|quebrada|quebradas",
    "shadow position": "sombra|sombras|posicion de sombra|posicion sombra",
    "cross body lead": "cruce|cruces|cruzado lateral|cambio de lugar|cambio de sitio",
    "cross": "cruzad*|cruzar",
    "footwork": "juego de pies|juegos de pies|pasitos|zapateo|trabajo de pies|pisadas",
    "tap": "toque|toques|punteo|puntead*",
    "feet": "pie|pies",
    "hands": "mano|manos",
    "arms": "brazo|brazos",
    "chest": "pecho|torso",
    "behind the back": "por la espalda|en la espalda|tras la espalda",
    "hair": "pelo|cabello|melena",
    "shoulders": "hombro|hombros",
    "knee": "rodilla|rodillas",
    "body": "cuerpo|cuerpos|corporal|corporales",
    "embrace": "abrazo|abrazos|abrazad*",
    "closed position": "posicion cerrada|cerrad*",
    "open position": "posicion abierta|abiert*",
    "hammerlock": "llave|candado",
    "combination": "combinacion|combinaciones|figura|figuras|secuencia|secuencias",
    "step": "paso|pasos|pisar",
    "move": "movimiento|movimientos",
    "transition": "transicion|transiciones|enlace|enlaces",
    "isolation": "aislamiento|aislamientos|disociacion|disociaciones",
    "lift": "carga aerea|cargada|cargadas|alzada|alzadas",
    "syncopation": "sincopa|sincopas|sincopad*|contratiempo|contratiempos",
    "slide": "deslizamiento|deslizar|desliza|arrastre|arrastrad*",
    "walk": "caminata|caminar|caminando|camina|caminada",
    "pose": "pose|poses|postura|posturas",
    "pause": "pausa|pausas|parada|paradas",
    "ending": "final|finales|cierre|remate",
    "beginning": "inicio|comienzo|entrada",
    # the couple
    "couple": "pareja|parejas",
    "partner": "companer*",
    "lady": "chica|chicas|dama|damas|mujer|mujeres|ella",
    "leader": "chico|chicos|hombre|hombres|lider|lideres|caballero|caballeros|guia",
    "follower": "seguidor|seguidora|seguidores|seguidoras",
    # moods and styles
    "romantic": "romantic*|enamorad*|romance",
    "love": "amor|amores|amar|carino",
    "sensual": "sensual|sensuales|sensualidad",
    "passionate": "apasionad*|pasional|pasion|intim*",
    "traditional": "tradicional|tradicionales|autentic*|dominican*|clasic*",
    "modern": "modern*|urban*|actual|actuales",
    "fusion": "fusion|fusionad*|mezcla|mezclas|mixt*",
    "soft": "suave|suaves|delicad*|tiern*|dulce|dulces|suavecit*",
    "smooth": "fluid*|fluidez|continu*",
    "slow": "lent*|despacio|pausad*|lentit*|despacito",
    "calm": "tranquil*|calmad*|relajad*|calma|sereno",
    "fast": "rapid*|veloz|veloces|acelerad*|movid*",
    "energetic": "energic*|energetic*|con energia|mucha energia|alta energia|explosiv*|"
    "potente|potentes",
    "energy": "energia|energias",
    "low energy": "baja energia|poca energia|energia baja",
    "high energy": "energia alta",
    "intense": "intens*|intensidad|fuerte|fuertes",
    "happy": "alegre|alegres|feliz|felices|content*|alegria",
    "fun": "divertid*|diversion|juguet*|jugueton|juguetona|jugueton*",
    "party": "fiesta|fiestas|festiv*|parrandera|rumba",
    "sad": "triste|tristes|tristeza|melancolic*|melancolia|desamor",
    "elegant": "elegante|elegantes|elegancia|finura",
    "dramatic": "dramatic*",
    "playful": "picar*|coquet*|travies*",
    "close together": "cercan*|pegad*|pegadit*|apretad*|junt*",
    "spectacular": "espectacular|espectaculares|vistos*|llamativ*|impresionante|impresionantes",
    # levels
    "beginner": "principiante|principiantes|novat*|iniciacion|iniciante|iniciantes|aprendiz|"
    "nivel inicial|nivel basico|primer nivel|primera clase",
    "easy": "facil|faciles|sencill*|simple|simples|facilit*",
    "intermediate": "intermedi*|nivel medio",
    "advanced": "avanzad*|expert*|profesional|profesionales|nivel alto",
    "difficult": "dificil|dificiles|complicad*|complej*|retador*|desafiante|desafiantes",
    # around the dance
    "dance": "baile|bailes|bailar|bailando|bailamos|danza|bailo|baila|bailen|bailemos",
    "dancer": "bailarin|bailarina|bailarines|bailarinas|bailador|bailadores|bailadora",
    "choreography": "coreografia|coreografias",
    "music": "musica|musical|musicales",
    "song": "cancion|canciones|tema|temas",
    "rhythm": "ritmo|ritmos|ritmic*",
    "wedding": "boda|bodas|matrimonio",
    "class": "clase|clases",
    "guitar": "guitarra|guitarras",
    "practice": "practicar|practica|practicas|ensayar|ensayo",
    "show": "espectaculo|espectaculos|exhibicion",
}

_SMALL = {
    "with": "con",
    "without": "sin",
    "for": "para|por",
    "and": "y|e",
    "or": "o|u",
    "of": "de|del",
    "the": "el|la|los|las|lo",
    "a": "un|una|unos|unas",
    "in": "en",
    "many": "much*|vari*|bastante|bastantes",
    "much": "mucho|mucha",
    "very": "muy",
    "more": "mas",
    "few": "poc*",
    "but": "pero",
    "we are": "somos|estamos",
    "I want": "quiero|quisiera|busco|necesito|deseo|dame|hazme",
    "we want": "queremos|buscamos",
    "that": "que",
    "my": "mi|mis",
    "our": "nuestr*",
    "something": "algo",
    "not": "no",
    "only": "solo|sol*",
    "two": "dos",
    "at the": "al",
    "level": "nivel|niveles",
    "each": "cada",
    "all": "tod*",
    "like": "como|tipo",
    "towards": "hacia",
    "style": "estilo|estilos",
    "full": "llen*",
    "I like": "me gusta|me encanta",
    "to": "hasta",
    "start": "empezar|empieza|comenzar|comienza|empezando",
    "learn": "aprender|aprendiendo",
    "ours": "nosotros",
    "evening": "noche|noches",
}

_ENGLISH_TOO = frozenset(
    {"a", "no", "as", "e", "o", "u", "y", "fusion", "sensual", "final", "finales", "pose", "poses"}
    | {"simple", "simples", "body", "roll", "romance", "solo", "sol", "come", "pie", "pies"}
    | {"musical", "actual", "lateral", "torso", "rumba", "potent", "latin"}
)
"""Spelled alike in English: no sign that a sentence is Spanish."""

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)


def in_english(sentence: str) -> str:
    """Return `sentence` with its Spanish dance words in English; English text stays as it is."""
    words = [_bare(match.group()) for match in _WORD.finditer(sentence)]
    content, small, longest = _tables()
    signs = sum(
        word not in _ENGLISH_TOO and ((word,) in content or (word,) in small) for word in words
    )
    if not signs:
        return sentence
    # One Spanish name in an English sentence ("basico with a turn") does not make it Spanish.
    spanish = 2 * signs >= len(words)
    table = {**small, **content} if spanish else content
    return _replaced(sentence, table, longest, spanish=spanish)


def _replaced(
    sentence: str, table: dict[tuple[str, ...], str], longest: int, *, spanish: bool
) -> str:
    matches = list(_WORD.finditer(sentence))
    bare = [_bare(match.group()) for match in matches]
    parts: list[str] = []
    at = index = 0
    while index < len(matches):
        for size in range(min(longest, len(matches) - index), 0, -1):
            key = tuple(bare[index : index + size])
            if key in table and (spanish or size > 1 or key[0] not in _ENGLISH_TOO):
                parts += [sentence[at : matches[index].start()], table[key]]
                at = matches[index + size - 1].end()
                index += size
                break
        else:
            index += 1
    return "".join([*parts, sentence[at:]])


def _bare(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


@cache
def _tables() -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str], int]:
    content, small = _expanded(_CONTENT), _expanded(_SMALL)
    return content, small, max(len(key) for key in content)


def _expanded(entries: dict[str, str]) -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for english, spanish in entries.items():
        for phrase in spanish.split("|"):
            stem, star, _ = phrase.partition("*")
            endings = ("o", "a", "os", "as", "e", "es") if star else ("",)
            for ending in endings:
                table.setdefault(tuple((_bare(stem) + ending).split()), english)
    return table
