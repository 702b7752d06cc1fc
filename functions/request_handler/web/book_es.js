// What the service says about a dance and about a request, in Spanish; see book.js.

const HOLDS = {
  "open hold": "agarre abierto",
  "closed hold": "agarre cerrado",
  "shadow position": "sombra",
  hammerlock: "hammerlock",
  "crossed hands": "manos cruzadas",
  "side by side": "lado a lado",
  "one hand held": "una mano",
};

const IN_HOLD = { "crossed hands": "con las manos cruzadas", "side by side": "lado a lado", "one hand held": "con una mano" };

/** Why a move stands where it does. */
const WHY = {
  "Before the first 1: a {shown:shown} way in, {way:way}.": "Antes del primer 1: un comienzo {shown}, {way}.",
  "The song ends: a {shown:shown} close from {hold:hold}.": "Se acaba la canción: un cierre {shown} desde {hold}.",
  "The music breaks for {n} counts: hold it in {hold:hold}, then again on 1.": "La música corta durante {n} tiempos: aguanta en {hold} y vuelve en el 1.",
  "The dance opens: a {shown:shown} way in, {way:way}.": "Empieza el baile: un comienzo {shown}, {way}.",
  "The dance closes: a {shown:shown} ending from {hold:hold}.": "Se cierra el baile: un final {shown} desde {hold}.",
  "The {part:part} is {heard:heard}, and so is this move {way:way}{asked:asked}{returns:returns}.": "{part} va {heard}, y este paso también, {way}{asked}{returns}.",
  "The {part:part} is {heard:heard}: a {shown:shown} move {way:way} leaves room for the music{asked:asked}{returns:returns}.":
    "{part} va {heard}: un paso {shown} {way} deja sitio a la música{asked}{returns}.",
  "The {part:part} is {heard:heard}: a {shown:shown} move {way:way} livens it up{asked:asked}{returns:returns}.":
    "{part} va {heard}: un paso {shown} {way} le da vida{asked}{returns}.",
  "The {part:part} is {heard:heard}, and you asked for {level:level} energy: a {shown:shown} move {way:way}{asked:asked}{returns:returns}.":
    "{part} va {heard}, y pediste energía {level}: un paso {shown} {way}{asked}{returns}.",
};

const PARTS = {
  intro: "La intro", verse: "El verso", chorus: "El coro", mambo: "El mambo", bridge: "El puente", break: "El corte", outro: "El final",
};

/** As it stands behind “Chosen anew:”, without a capital and without a second colon. */
const inside = (text) => text.charAt(0).toLowerCase() + text.slice(1).replace("part:part", "part:inner-part").replace(": ", ", ");
const allInside = (phrases) => Object.fromEntries(Object.entries(phrases).map((pair) => pair.map(inside)));
const lowered = Object.entries(PARTS).map(([english, spanish]) => [english, inside(spanish)]);

/** A plan cannot be made, or is not quite what was asked for. */
const PLANNING = {
  "no steady beat was found in {song}; a song with at least eight counts is needed": "no se encontró un pulso estable en {song}; hace falta una canción de al menos ocho tiempos",
  "no steady beat was found in {song}; a song of a medley needs at least sixteen counts": "no se encontró un pulso estable en {song}; una canción de un popurrí necesita al menos dieciséis tiempos",
  "the library has no song; add one with `choreo ingest --songs DIR`": "la biblioteca no tiene canciones; añade una con `choreo ingest --songs DIR`",
  "the library has no move; add clips with `choreo ingest --moves DIR`": "la biblioteca no tiene pasos; añade clips con `choreo ingest --moves DIR`",
  "no move of the library is {wish:list} or easier; the easiest of its {n} moves is {easiest:list}":
    "ningún paso de la biblioteca es de nivel {wish} o más fácil; el más fácil de sus {n} pasos es de nivel {easiest}",
  "no move is left without {banned:list}: all {n} moves of the right difficulty are of these kinds":
    "sin {banned} no queda ningún paso: los {n} pasos del nivel adecuado son de esos tipos",
  "the song runs at {tempo} BPM; the clips that the request allows were danced at {from} to {to} BPM, and may be played at most {limit} % faster or slower: clips at {least} to {most} BPM are missing":
    "la canción va a {tempo} BPM; los clips que permite tu petición se bailaron de {from} a {to} BPM y solo se pueden acelerar o frenar un {limit} %: faltan clips de {least} a {most} BPM",
  "no other move is legal at {second} s between the moves that stay; choose a neighbour anew too, or avoid less":
    "en el segundo {second} no cabe ningún otro paso entre los que se quedan; cambia también uno vecino o descarta menos",
  "no clip fits at {second} s, where a move of {lengths:list} counts is needed; the clips that the request allows ({n}) have {have:list} counts at {least} to {most} BPM":
    "ningún clip encaja en el segundo {second}, donde hace falta un paso de {lengths} tiempos; los clips que permite tu petición ({n}) tienen {have} tiempos, a {least} – {most} BPM",
  "no legal move follows at {second} s: the moves before it end in {ends:list} hold, and those that fit there begin in {begins:list}; a clip that leads from one hold (and weight foot) to the other is missing":
    "en el segundo {second} no puede seguir ningún paso: los anteriores acaban en agarre {ends} y los que encajan ahí empiezan en {begins}; falta un clip que lleve de un agarre (y un pie de apoyo) al otro",
  "the clips have changed since the plan was made, so that its move at {second} s cannot stay as it was; ask for a new video":
    "los clips han cambiado desde que se hizo el plan y su paso del segundo {second} no puede quedarse como estaba; pide un vídeo nuevo",
  "the counts of the song have changed since the plan was made, so that its move at {second} s cannot stay as it was; ask for a new video":
    "la cuenta de la canción ha cambiado desde que se hizo el plan y su paso del segundo {second} no puede quedarse como estaba; pide un vídeo nuevo",
  "the song has been counted differently since the plan was made, so its moves cannot stay where they are; ask for a new video":
    "la canción se cuenta de otra manera desde que se hizo el plan y sus pasos no pueden quedarse donde están; pide un vídeo nuevo",
  "the plan does not say for which song it was made, so single moves of it cannot be chosen anew; ask for a new video":
    "el plan no dice para qué canción se hizo, así que no se pueden cambiar pasos sueltos; pide un vídeo nuevo",
  "the plan does not say for which wishes it was made, so single moves of it cannot be chosen anew; ask for a new video":
    "el plan no dice con qué deseos se hizo, así que no se pueden cambiar pasos sueltos; pide un vídeo nuevo",
  "the task {task} has no plan of which moves could be changed": "el baile {task} no tiene un plan cuyos pasos se puedan cambiar",
  "the task {task} has no plan that could be written otherwise": "el baile {task} no tiene un plan del que hacer otro vídeo",
  "the plan has {n} moves, 0 to {last}; there is no {place}": "el plan tiene {n} pasos, del 0 al {last}; el {place} no existe",
  "moves {places:list} are locked; no other was to be chosen anew": "los pasos {places} están fijados y no pediste cambiar ningún otro",
  "moves {places:list} are locked and stay": "los pasos {places} están fijados y se quedan",
  "nothing else is legal in the place of moves {places:list}, which stay": "nada más puede ir en lugar de los pasos {places}, que se quedan",
  "nothing of {level:level} energy fits in the place of moves {places:list}": "nada de energía {level} encaja en lugar de los pasos {places}",
  "{song} cannot be danced to: {reason}": "no se puede bailar con {song}: {reason}",
  "a move follows itself {n} times, since nothing else may follow {moves:list}; more clips would make it a dance":
    "un paso se repite seguido {n} veces, porque no puede seguir otra cosa a {moves}; con más clips sería un baile",
  "the beat is too uneven to step on at {places:list}; there {n} of {all} moves play at their own speed":
    "el pulso es demasiado irregular para pisar en {places}; ahí {n} de {all} pasos van a su propia velocidad",
  "{missed:list} could not be danced: the library has no such move that fits the song, the difficulty and its neighbours":
    "no se pudo bailar {missed}: la biblioteca no tiene un paso así que encaje con la canción, el nivel y los pasos vecinos",
  "only {n} {style:style} moves fit the song and the difficulty; the styles nearest to it fill in":
    "solo {n} pasos de estilo {style} encajan con la canción y el nivel; completan los estilos más parecidos",
  "only {n} moves are near {level:level} energy; others fill in": "solo {n} pasos se acercan a la energía {level}; otros completan",
  "the asked part is shorter than eight counts or after the song's end; all is danced":
    "la parte pedida dura menos de ocho tiempos o cae después del final de la canción; se baila entera",
  "this song has no {part:inner-part} that could be told apart; {instead:instead}": "en esta canción no se distingue {part}; {instead}",
  "{song} has no {part:inner-part} that could be told apart": "en {song} no se distingue {part}",
  "the sentence could not be read: only English and Spanish are understood; what it asks for beyond them was left to the usual choice":
    "no se pudo leer la frase: solo se entienden el español y el inglés; lo demás que pide quedó a la elección habitual",
  "the 1 of {song} is uncertain (confidence {confidence}); if the moves start on another count, correct it with `choreo analyse --shift-counts`":
    "el 1 de {song} no es seguro (confianza {confidence}); si los pasos empiezan en otro tiempo, corrígelo con `choreo analyse --shift-counts`",
  "the language model did not read the sentence: {reason}": "el modelo de lenguaje no leyó la frase: {reason}",
  "the language model's {what} was not used": "no se usó lo que dijo el modelo de lenguaje ({what})",
  "the language model was not used for the order: {reason}": "no se usó el modelo de lenguaje para el orden: {reason}",
  "the language model's order held no usable index and was not used": "el orden del modelo de lenguaje no servía y no se usó",
  "the sentence was not compared with the moves: {reason}": "la frase no se comparó con los pasos: {reason}",
  "vector search by numpy, since faiss failed: {reason}": "se buscó con numpy, porque faiss falló: {reason}",
  "moves in the order of rules alone, since search failed: {reason}": "los pasos se ordenaron solo con reglas, porque la búsqueda falló: {reason}",
};

/** A task that could not be brought to its end. */
const TASKS = {
  "planning failed at every try; please ask again": "la planificación falló en todos los intentos; vuelve a pedirlo",
  "the task was not finished within {age}; please ask again": "no se terminó a tiempo ({age}); vuelve a pedirlo",
  "planning was tried {n} times and did not finish; please ask again": "la planificación se intentó {n} veces y no terminó; vuelve a pedirlo",
  "rendering was tried {n} times and did not finish; please ask again": "el vídeo se intentó hacer {n} veces y no terminó; vuelve a pedirlo",
  "the video needs more memory than one may take; a clip may be damaged, or its pictures or the video's are too large":
    "el vídeo necesita más memoria de la permitida; puede que un clip esté dañado, o que sus imágenes o las del vídeo sean demasiado grandes",
  "the video took more than {n} seconds of processor time, the most that one may take; a clip may be damaged, or the video is too long for its settings":
    "el vídeo gastó más de {n} segundos de procesador, el máximo permitido; puede que un clip esté dañado o que el vídeo sea demasiado largo para sus ajustes",
  "task {task} has no blueprint": "el baile {task} no tiene plan",
  "there is no task {task}": "el baile {task} no existe",
  "the blueprint has {n} fault:\n{faults}": "el plan tiene {n} fallo:\n{faults}",
  "the blueprint has {n} faults:\n{faults}": "el plan tiene {n} fallos:\n{faults}",
  "{path} is not in the store": "falta {path} en el almacén; vuelve a pedir el vídeo o añade otra vez ese archivo",
  "{path} is a folder of the store; name an object in it": "{path} es una carpeta del almacén; nombra un objeto que esté en ella",
  "{path} leaves the store through a link; copy the file into it": "{path} sale del almacén por un enlace; copia el archivo dentro",
  "{path} lies below an object; choose another key": "{path} cae debajo de un objeto; elige otro nombre",
  "{what}: it is a link that leads nowhere": "{what}: es un enlace que no lleva a ninguna parte",
  "{file} cannot be published": "no se puede guardar {file}",
  "{file} cannot be published: it is not a readable file": "no se puede guardar {file}: no es un archivo que se pueda leer",
  "{file} cannot be published: {reason}": "no se puede guardar {file}: {reason}",
  "{path} {fault:path-fault}; use a relative key such as 'songs/amor/audio.mp3'": "{path} {fault}; usa un nombre relativo como 'songs/amor/audio.mp3'",
  "JOB_SCRIPT is {value}, which is not a file; name job_image's": "JOB_SCRIPT es {value}, que no es un archivo; pon el de job_image",
  "JOB_PYTHON {value} cannot run the render job: {reason}": "JOB_PYTHON {value} no puede ejecutar el trabajo de vídeo: {reason}",
  "PLANNER_URL is {value}; it must look like http://127.0.0.1:8081/": "PLANNER_URL es {value}; debe ser como http://127.0.0.1:8081/",
  "LIBRARIAN_URL is {value}; it must look like http://127.0.0.1:8083": "LIBRARIAN_URL es {value}; debe ser como http://127.0.0.1:8083",
  "the secret {name} is not UTF-8 text; store the key itself": "el secreto {name} no es texto UTF-8; guarda la clave misma",
};

/** The video could not be made. */
const RENDERING = {
  "moves[{n}] {move} ({file}): {fault}": "en el paso {n} del plan, {move} ({file}): {fault}",
  "the song {song}: its file was not given": "falta el archivo de la canción {song}",
  "its file was not given": "falta su archivo",
  "the song {song} cannot be read: {reason}": "no se puede leer la canción {song}: {reason}",
  "the song {song} ends before audio_start, {second} s": "la canción {song} acaba antes de audio_start, {second} s",
  "reading its sound failed: {reason}": "no se pudo leer su sonido: {reason}",
  "copying its packets failed: {reason}": "no se pudieron copiar sus paquetes: {reason}",
  "{n} packets of frames {from} to {to} are missing": "faltan {n} paquetes de los fotogramas {from} a {to}",
  "decoding frame {frame} of {frames} failed: {reason}": "no se pudo leer el fotograma {frame} de {frames}: {reason}",
  "scaling frame {frame} to {size} failed: {reason}": "no se pudo pasar el fotograma {frame} a {size}: {reason}",
  "the plan shows it until {until} s, but the clip ends at {end} s": "el plan lo muestra hasta el segundo {until}, pero el clip acaba en el {end}",
  "creating the video {name} failed: {reason}": "no se pudo crear el vídeo {name}: {reason}",
  "writing the video {name} failed: {reason}": "no se pudo escribir el vídeo {name}: {reason}",
  "finishing the video {name} failed: {reason}": "no se pudo terminar el vídeo {name}: {reason}",
  "writing the sound failed: {reason}": "no se pudo escribir el sonido: {reason}",
  "encoding {size} pictures failed: {reason}": "no se pudieron codificar las imágenes de {size}: {reason}",
  "publishing {path}: it was there and then was not": "al guardar {path}: estaba y dejó de estar",
  "publishing {name} failed: {reason}": "no se pudo guardar {name}: {reason}",
  "the folder of {name} cannot be written to: {reason}": "no se puede escribir en la carpeta de {name}: {reason}",
  "the cache {name} cannot be made: {reason}": "no se puede crear la caché {name}: {reason}",
  "total_duration is {seconds} s, less than half a frame at {rate} frames per second": "total_duration es {seconds} s, menos de medio fotograma a {rate} por segundo",
  "the video has {n} frames; the plan has {planned}": "el vídeo tiene {n} fotogramas; el plan, {planned}",
  "the video's first frame is shown at tick {tick}, not at 0": "el primer fotograma del vídeo se ve en {tick}, no en 0",
  "two frames of the video have the same time": "dos fotogramas del vídeo tienen el mismo tiempo",
  "the finished video cannot be read back: {reason}": "no se puede leer el vídeo terminado: {reason}",
  "the video's decoding clock goes back at frame {frame}": "el reloj del vídeo retrocede en el fotograma {frame}",
  "frame {frame} of the video is shown before it begins": "el fotograma {frame} se ve antes de que empiece el vídeo",
  "the picture ends at {picture} s, the sound at {sound} s and the plan at {plan} s": "la imagen acaba en el segundo {picture}, el sonido en el {sound} y el plan en el {plan}",
  "the sound is {late} ms late against the song": "el sonido va {late} ms por detrás de la canción",
  "{frozen} of {frames} frames of the video stand still, most of them in a row here": "{frozen} de {frames} fotogramas del vídeo están quietos, la mayoría seguidos aquí",
  "{black} of {looked} pictures looked at are black, the first one here, but no fade is planned":
    "{black} de {looked} imágenes miradas están en negro, la primera aquí, y el plan no tiene ningún fundido",
  "no picture can be decoded": "no se puede leer ninguna imagen",
  "pictures are missing for {seconds} s": "faltan imágenes durante {seconds} s",
  "the picture is damaged": "la imagen está dañada",
  "a picture has no timestamp": "una imagen no tiene tiempo",
};

/** What the machine says, wherever it is the reason of something. */
const REASONS = {
  "No such file or directory": "el archivo no existe",
  "Permission denied": "no hay permiso",
  "No space left on device": "no queda sitio en el disco",
  "Invalid data found when processing input": "los datos están dañados",
  "End of file": "el archivo acaba antes de tiempo",
  "Cannot allocate memory": "falta memoria",
  "Input/output error": "el disco no responde bien",
};

/** A request is not as it must be. */
const REQUESTS = {
  "{field:list} is {value}; it must be {expected:expected}": "«{field}» es {value}; debe ser {expected}",
  "{field:list} is {value}; the plan is {level:list}, so it must be one of {choices}, or null": "«{field}» es {value}; el plan es de nivel {level}, así que debe ser uno de {choices} o nada",
  "{field:list} is missing": "falta «{field}»",
  "{field:list} is missing; name a song, or several in song_ids": "falta «{field}»; elige una canción, o varias en song_ids",
  "{field:list} is not a field of this request; its fields are {fields}": "«{field}» no es un campo de esta petición; sus campos son {fields}",
  "{field:list} names {place}; the plan has {n} moves, 0 to {last}": "«{field}» nombra el {place}; el plan tiene {n} pasos, del 0 al {last}",
  "{field:list} is there {n} times; {most} are the most": "«{field}» aparece {n} veces; el máximo es {most}",
  "the body names both song_id and song_ids; name one of them": "la petición trae song_id y song_ids; deja solo uno",
  "the body names {places} in slots and in lock": "la petición quiere cambiar y dejar a la vez {places}",
  "the body asks for nothing; name one of {fields}": "la petición no pide nada; elige algo de {fields}",
  "the body says nothing; name at least one field": "no has cambiado nada; escribe al menos un campo",
  "the body must have one of shift, taps and heard": "la petición debe traer una sola cosa: shift, taps o heard",
  "the body must be a JSON object": "la petición debe ser un objeto JSON",
  "the body is not JSON: {reason}": "la petición no es JSON: {reason}",
  "the body is larger than {n} bytes": "la petición pasa de {n} bytes",
  "the body did not arrive whole": "la petición no llegó entera; inténtalo de nuevo",
  "Content-Type is {value}; send application/json": "Content-Type es {value}; envía application/json",
  "Content-Type is {value}; send the file's bytes as {type}": "Content-Type es {value}; envía los bytes del archivo como {type}",
  "Idempotency-Key has {n} characters; it must be 1 to {most} visible ASCII characters without spaces": "Idempotency-Key tiene {n} caracteres; debe tener de 1 a {most} caracteres ASCII visibles, sin espacios",
  "Idempotency-Key {key} was used for another request; use a new key": "Idempotency-Key {key} ya se usó para otra petición; usa una nueva",
  "the request is malformed": "la petición está mal formada",
  "this address takes {methods}": "esta dirección admite {methods}",
  "there is nothing at this address; /openapi.json lists the addresses": "no hay nada en esta dirección; /openapi.json las enumera",
  "the page has no such file": "la página no tiene ese archivo",
  "there is no such media here": "aquí no hay ese archivo",
  "the range asked for lies outside the file": "el trozo pedido queda fuera del archivo",
  "something went wrong on our side; the log knows it as {id}": "algo falló por nuestra parte; en el registro figura como {id}",
  "a part of this service is away for the moment; please try again soon": "una parte del servicio no responde ahora mismo; inténtalo en un momento",
  "{limit:limit}; try again in {n} seconds": "{limit}; inténtalo dentro de {n} segundos",
  "this token is not known here, or no longer good": "aquí no se conoce esta clave, o ya no vale",
  "this service asks for a token: send Authorization: Bearer TOKEN": "este servicio pide una clave: envía Authorization: Bearer CLAVE",
  "this link is not whole; ask for it again": "este enlace no está entero; pídelo otra vez",
  "this link has ended; whoever sent it can make a new one": "este enlace ha caducado; quien lo envió puede crear otro",
  "there is no song {song}; GET /api/songs lists them": "la canción {song} no está en la biblioteca",
  "there is no move {move}; GET /api/library/moves lists them": "el paso {move} no está en la biblioteca",
  "there is no move {move} in the library": "el paso {move} no está en la biblioteca",
  "the song {song} cannot be danced to: {fault}": "no se puede bailar con la canción {song}: {fault}",
  "the song cannot be heard: {fault}": "no se puede oír la canción: {fault}",
  "its audio is out of reach: {reason}": "no se llega a su audio: {reason}",
  "its audio {path} is missing from the store; ingest the song again": "falta su audio {path}; añade la canción otra vez",
  "its audio {path} has {n} bytes and no sound; ingest the song again": "su audio {path} tiene {n} bytes y ningún sonido; añade la canción otra vez",
  "its audio {path} cannot be read: {reason}": "no se puede leer su audio {path}: {reason}",
  "its audio {path} is no mp3, wav, ogg, flac or m4a; ingest the song again": "su audio {path} no es mp3, wav, ogg, flac ni m4a; añade la canción otra vez",
  "the task is {status:list} and stays so; only a pending or running task can be cancelled": "este baile ya está {status}; solo se puede cancelar mientras se hace",
  "the task is {status:list} and has no blueprint": "este baile está {status} y no tiene plan",
  "the task is {status:list} and has no video": "este baile está {status} y no tiene vídeo",
  "The video is no longer there; generate it again": "El vídeo ya no está; vuelve a crearlo",
  "The video was removed on {date} after {days} days; generate it again": "El vídeo se borró el {date}, pasados {days} días; vuelve a crearlo",
  "the task is {status:list} and has no blueprint yet": "este baile está {status} y todavía no tiene plan",
};

/** How good the dance is. */
const QUALITY = {
  "{share} of the moves start on the 1": "el {share} de los pasos empieza en el 1",
  "{share} of the steps fall on the beat": "el {share} de las pisadas cae en el pulso",
  "{n} holds do not join": "{n} agarres no enlazan",
  "every hold leads into the next": "cada agarre enlaza con el siguiente",
  "{n} different moves in {all}": "{n} pasos distintos en {all}",
};

export const KINDS = {
  sentence: {
    ...WHY, ...PLANNING, ...TASKS, ...RENDERING, ...REASONS, ...REQUESTS,
    "Nothing else is legal here, so it stays: {why:inner-why}": "Aquí no cabe otra cosa, así que se queda: {why}",
    "Chosen anew: {why:inner-why}": "Elegido de nuevo: {why}",
    "{parts:quality*}{random:random}.": "{parts}{random}.",
  },
  "inner-why": allInside(WHY),
  hold: HOLDS,
  way: {
    ...Object.fromEntries(Object.entries(HOLDS).map(([english, spanish]) => [`in ${english}`, IN_HOLD[english] ?? `en ${spanish}`])),
    "from {enters:hold} to {leaves:hold}": "de {enters} a {leaves}",
  },
  heard: { calm: "con calma", flowing: "con fluidez", full: "con fuerza" },
  shown: { calm: "tranquilo", flowing: "fluido", full: "intenso" },
  level: { low: "baja", medium: "media", high: "alta" },
  style: { traditional: "tradicional", modern: "moderno", romantic: "romántico", sensual: "sensual", fusion: "de fusión" },
  part: PARTS,
  "inner-part": Object.fromEntries(lowered),
  asked: { "": "", ", you asked for it": ", como pediste", ", {style:style} as you asked": ", {style} como pediste" },
  returns: { "": "", ", back from the {part:inner-part} before": ", como en {part} anterior" },
  instead: { "all is danced": "se baila entera", "it is danced from its start": "se baila desde el principio", "it is danced to its end": "se baila hasta el final" },
  quality: QUALITY,
  random: { "": "", " (random moves on a fixed grid: {share} on the 1)": " (pasos al azar a intervalos fijos: el {share} en el 1)" },
  limit: {
    "{n} requests a minute are the most for one caller": "una persona puede hacer {n} peticiones por minuto como mucho",
    "{n} videos a day are the most for one caller": "una persona puede pedir {n} vídeos al día como mucho",
  },
  "path-fault": {
    "is empty": "está vacío",
    "has {n} characters; {most} is the most": "tiene {n} caracteres; el máximo es {most}",
    "starts with a scheme or a drive": "empieza con un protocolo o una unidad",
    "is not relative": "no es relativo",
    "contains a backslash": "contiene una barra invertida",
    "contains a control character": "contiene un carácter de control",
    "contains the part {part}": "contiene la parte {part}",
    "has a part longer than {n} bytes": "tiene una parte de más de {n} bytes",
    "has the part {part}, which ends in a space or a dot": "tiene la parte {part}, que acaba en espacio o punto",
  },
  expected: {
    text: "un texto",
    "at least one character long": "de un carácter por lo menos",
    "at most {n} characters long": "de {n} caracteres como mucho",
    "a text that says something: it has no visible character; describe the dance in a sentence": "un texto que diga algo: no tiene ningún carácter visible; describe el baile en una frase",
    "a text that says something: it has no visible character, or one that cannot be printed": "un texto que diga algo: no tiene ningún carácter visible, o tiene uno que no se puede escribir",
    "a whole number from {least} to {most}": "un número entero de {least} a {most}",
    "a whole number from {least} to {most}, or null": "un número entero de {least} a {most}, o nada",
    "a number from {least} to 1, or null": "un número de {least} a 1, o nada",
    "one of {choices}": "uno de {choices}",
    "one of {choices}, or null": "uno de {choices}, o nada",
    "true, false or null": "sí, no o nada",
    "a list of 2 to {most} different song ids": "una lista de 2 a {most} canciones distintas",
    "a list of 1 to {most} whole numbers: places of the plan's moves, from 0": "una lista de 1 a {most} números enteros: lugares de pasos del plan, desde 0",
    "a list of at most {most} whole numbers: places of the plan's moves, from 0": "una lista de {most} números enteros como mucho: lugares de pasos del plan, desde 0",
    "a list of at most {most} ids or families of moves, each a text of 1 to {characters} characters":
      "una lista de {most} pasos o familias como mucho, cada uno un texto de 1 a {characters} caracteres",
    "a text of 1 to {n} visible characters": "un texto de 1 a {n} caracteres visibles",
    "a text of at most {n} characters": "un texto de {n} caracteres como mucho",
    "a list of 2 to {most} seconds, one for each 1 that was heard": "una lista de 2 a {most} segundos, uno por cada 1 que se oyó",
    true: "sí",
  },
  word: {
    beginner: "principiante", intermediate: "intermedio", advanced: "avanzado",
    open: "abierto", closed: "cerrado", shadow: "sombra", cross_hand: "manos cruzadas", side_by_side: "lado a lado", single_hand: "una mano",
    pending: "en espera", running: "en marcha", completed: "terminado", failed: "fallido", cancelled: "cancelado",
    no: "ningún", and: "y", or: "o",
    difficulty: "dificultad", energy_level: "energía", style: "estilo", query: "frase", name: "nombre", family: "familia",
    entry_hold: "agarre al principio", exit_hold: "agarre al final", speed: "velocidad", days: "días", song_id: "canción", song_ids: "canciones",
  },
};
