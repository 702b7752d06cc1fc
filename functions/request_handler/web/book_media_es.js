// What the service says about songs and clips, in Spanish; see book.js.

/** What is uncertain about a song or a clip. */
const DOUBTS = {
  "The recording is silent.": "La grabación está en silencio.",
  "No steady beat was found; choreography needs music with one.": "No se encontró un pulso estable; para bailar hace falta uno.",
  "{n} damaged samples of the recording were replaced by silence.": "{n} muestras dañadas de la grabación se cambiaron por silencio.",
  "The beat is faint or unsteady, so the 1 is a guess; {how:how}.": "El pulso es débil o irregular, así que el 1 es una suposición; {how}.",
  "The music does not seem to be in four, as bachata is; {how:how}.": "La música no parece ir a cuatro, como la bachata; {how}.",
  "Every second beat is empty: the music may be half as fast; {how:how}.": "Uno de cada dos pulsos está vacío: puede que la música vaya a la mitad; {how}.",
  "The count is faster than any bachata: the music may be half as fast; {how:how}.": "La cuenta va más rápida que en cualquier bachata: puede que la música vaya a la mitad; {how}.",
  "The strokes between the beats are as strong as those on them; {how:how}.": "Los golpes entre los pulsos son tan fuertes como los que caen en ellos; {how}.",
  "Which beat is the 1 is uncertain; {how:how}.": "No es seguro cuál es el 1; {how}.",
  "The bars are clear, but the 1 might be the 5; {how:how}.": "Los compases están claros, pero el 1 podría ser el 5; {how}.",
  "parts of it are damaged; {seconds} s could be read": "tiene partes dañadas; se pudieron leer {seconds} s",
  "its counts are a guess; give first_count_at and tempo in the manifest to correct them":
    "su cuenta es una suposición; pon first_count_at y tempo en la lista para corregirla",
};

/** The 1 cannot be moved like this. */
const COUNTING = {
  "the song has no beats to count; tap every 1 instead": "la canción no tiene pulsos que contar; marca tú cada 1",
  "shift is {n} counts; -64 to 64 make sense": "mover {n} tiempos no tiene sentido; de -64 a 64",
  "{n} taps were given; two or more are needed": "has marcado {n} veces; hacen falta dos o más",
  "taps must lie between 0 and {seconds} s": "las marcas deben caer entre 0 y {seconds} s",
  "taps must ascend": "las marcas deben ir en orden",
  "taps are {seconds} s apart; tap every 1, which comes every 2.4 to 6.4 s": "entre tus marcas pasan {seconds} s; marca cada 1, que llega cada 2,4 a 6,4 s",
  "no 1 is left in the song after this correction": "con esta corrección no queda ningún 1 en la canción",
  "the count of this song has been changed meanwhile, perhaps in another tab; look at it again first":
    "la cuenta de esta canción ha cambiado mientras tanto, quizá en otra pestaña; mírala primero otra vez",
  "nobody has listened to {song} yet; ask for a dance to it, or ingest it again": "todavía nadie ha escuchado {song}; pide un baile con ella o añádela otra vez",
  "{song} has not been analysed yet": "todavía no se ha analizado {song}",
  "own media can be added on the local stack only; in the cloud run the ingest job": "solo se pueden añadir archivos en local; en la nube, usa el trabajo de ingesta",
};

/** What an upload is refused for. */
const UPLOADS = {
  "the file's name {fault:name-fault}": "el nombre del archivo {fault}",
  "the file's name {name} {fault:name-fault}": "el nombre del archivo, {name}, {fault}",
  "the file's name is missing; send the file's name, such as ?name=amor.mp3": "falta el nombre del archivo; envíalo, por ejemplo ?name=amor.mp3",
  "the file is larger than {n} MiB, which is the most for one file; cut it, or put it into the library with `choreo ingest`":
    "el archivo pasa de {n} MiB, el máximo para uno; córtalo o añádelo a la biblioteca con `choreo ingest`",
  "there is no room left for this file on the disk of the library; make some, and try again": "no queda sitio para este archivo en el disco de la biblioteca; libera espacio e inténtalo de nuevo",
  "the file is empty (0 bytes)": "el archivo está vacío (0 bytes)",
  "the file did not arrive whole; send it again": "el archivo no llegó entero; envíalo otra vez",
};

/** What is wrong with a file; its name may stand before it, and the subject is the file. */
const FILES = {
  "is the same file as {file}": "es el mismo archivo que {file}",
  "cannot be taken in": "no se puede añadir",
  "broke the program that reads it, or took it longer than a file may; convert it to mp4 or wav first":
    "hizo fallar al programa que lo lee, o tardó más de lo permitido; conviértelo antes a mp4 o wav",
  "needs more memory than a file may; convert it to mp4 or wav first": "necesita más memoria de la permitida; conviértelo antes a mp4 o wav",
  "is a link that leads out of the folder; copy the file itself": "es un enlace que sale de la carpeta; copia el archivo mismo",
  "is a link to a folder; its files are read where they are": "es un enlace a una carpeta; sus archivos se leen donde están",
  "has a name that is not UTF-8; rename it": "tiene un nombre que no es UTF-8; cámbialo",
  "is a still picture; give {kinds}": "es una foto; usa {kinds}",
  "is of a kind that is not read; give {kinds}": "es de un tipo que no se lee; usa {kinds}",
  "is not a regular file": "no es un archivo normal",
  "may not be read by this user": "no se puede leer con este usuario",
  "is empty (0 bytes)": "está vacío (0 bytes)",
  "has {n} MiB; {most} MiB is the most": "tiene {n} MiB; el máximo es {most} MiB",
  "speaks of {file}, which is not there": "habla de {file}, que no está",
  "has over {n} MiB; it is not a list of clips": "pasa de {n} MiB; no es una lista de clips",
  "cannot be read: {reason}": "no se puede leer: {reason}",
  "is not UTF-8; save it as CSV UTF-8": "no es UTF-8; guárdalo como CSV UTF-8",
  "cannot be read as a table: {reason}": "no se puede leer como tabla: {reason}",
  "has no column 'file', only {found}; the columns are {columns}": "no tiene la columna 'file', solo {found}; las columnas son {columns}",
  "has the unknown column {column}; the columns are {columns}": "tiene la columna desconocida {column}; las columnas son {columns}",
  "line {n} names no file": "la línea {n} no nombra ningún archivo",
  "line {n} speaks of {file} again; the first holds": "la línea {n} vuelve a hablar de {file}; vale la primera",
  "line {n}: {fault}": "línea {n}: {fault}",
  "{column} is {value}; {fault:cell}, so it is estimated": "{column} es {value}; {fault}, así que se calcula",
  "lasts {seconds} s, which does not hold the {n} counts that the manifest gives from first_count_at on; correct counts, tempo or first_count_at":
    "dura {seconds} s, y no caben los {n} tiempos que da la lista desde first_count_at; corrige counts, tempo o first_count_at",
  "lasts {seconds} s and holds no four whole counts that enter on 1 or 5; a clip needs at least four counts":
    "dura {seconds} s y no tiene cuatro tiempos enteros que entren en el 1 o el 5; un clip necesita al menos cuatro",
  "lasts {seconds} s; a move of four counts needs over {least} s": "dura {seconds} s; un paso de cuatro tiempos necesita más de {least} s",
  "lasts {seconds} s; music of {least} s is the least": "dura {seconds} s; la música debe durar al menos {least} s",
  "lasts {n} minutes; {most} are the most, cut it first": "dura {n} minutos; el máximo es {most}, córtalo antes",
  "is longer than {n} minutes; cut it first": "dura más de {n} minutos; córtalo antes",
  "has no frame from {from} to {to} s": "no tiene imágenes del segundo {from} al {to}",
  "has no frame at {second} s": "no tiene imagen en el segundo {second}",
  "is not a readable picture": "no es una imagen que se pueda leer",
  "is {size} pixels; {least} a side is the least": "mide {size} píxeles; cada lado debe tener al menos {least}",
  "is {size} pixels; 4096x2304 is the most, scale it down": "mide {size} píxeles; el máximo es 4096x2304, redúcelo",
  "holds one frame; it is a still picture": "tiene una sola imagen; es una foto",
  "holds no frame": "no tiene ninguna imagen",
  "claims {n} frames per second; {most} is the most": "dice tener {n} imágenes por segundo; el máximo es {most}",
  "claims {n} samples per second; {least} to {most} can be read": "dice tener {n} muestras por segundo; se pueden leer de {least} a {most}",
  "has {n} samples per second; {least} to {most} are read": "tiene {n} muestras por segundo; se leen de {least} a {most}",
  "cannot be read as video: {reason}": "no se puede leer como vídeo: {reason}",
  "cannot be read as sound: {reason}": "no se puede leer como sonido: {reason}",
  "cannot be opened: {reason}": "no se puede abrir: {reason}",
  "cannot be decoded: {reason}": "no se puede decodificar: {reason}",
  "its loudness cannot be measured: {reason}": "no se puede medir su volumen: {reason}",
  "has no moving picture, only sound": "no tiene imagen en movimiento, solo sonido",
  "has pictures of a kind that is not read": "tiene imágenes de un tipo que no se lee",
  "holds no sound; its audio stream is empty": "no tiene sonido; su pista de audio está vacía",
  "is not a file that exists": "no es un archivo que exista",
  "is not a file": "no es un archivo",
  "has no sound, only other streams": "no tiene sonido, solo otras pistas",
  "has no sound": "no tiene sonido",
  "has sound of the kind {kind}, which is not known": "tiene sonido del tipo {kind}, que no se conoce",
  "has sound of an unknown codec": "tiene sonido de un códec desconocido",
  "has its sound in pieces of {n} samples; its index is damaged": "tiene el sonido en trozos de {n} muestras; su índice está dañado",
  "has packets, but no picture can be decoded from them": "tiene paquetes, pero no se puede sacar ninguna imagen de ellos",
  "has no pictures": "no tiene imágenes",
  "has no picture track": "no tiene pista de imagen",
  "has a picture of an unknown codec": "tiene una imagen de un códec desconocido",
  "has pictures of {size}; 1x1 to {most} can be used": "tiene imágenes de {size}; se pueden usar de 1x1 a {most}",
  "has timestamps more than a day apart": "tiene tiempos con más de un día entre ellos",
  "is damaged: its bytes are not those that were written at ingest": "está dañado: sus bytes no son los que se guardaron; añádelo otra vez",
};

const named = Object.fromEntries(Object.entries(FILES).flatMap(([english, spanish]) => [
  [`{the_file} ${english}`, `{the_file} ${spanish}`], [`{the_file}: ${english}`, `{the_file}: ${spanish}`],
]));

export const KINDS = {
  sentence: { ...DOUBTS, ...COUNTING, ...UPLOADS, ...FILES, ...named },
  how: { "tap every 1, or move the count": "marca cada 1 o mueve la cuenta" },
  "name-fault": {
    "has a part that begins with a dot": "tiene una parte que empieza con un punto",
    "is neither a song ({songs}) nor a clip ({clips}) by its ending": "no acaba como una canción ({songs}) ni como un clip ({clips})",
    "{fault:path-fault}": "{fault}",
    "is taken, and so are {n} like it; rename the file": "ya existe, y otros {n} parecidos también; cámbialo",
  },
  cell: {
    "it must be one of {choices}": "debe ser uno de {choices}",
    "it must be a number from {least} to {most}": "debe ser un número de {least} a {most}",
    "it must be a whole number": "debe ser un número entero",
    "it must be true or false": "debe ser true o false",
  },
};
