// A book of sentences: for each English one that the service says, the one that is said instead.
//
// `{place}` stands for what changes; `{place:kind}` is one of a kind's own phrases,
// `{place:kind*}` several with commas between, `{place:list}` a list of names, of which those
// among the words are said in their own. What is in no book, the reader is told as it came.

/** Characters; nothing that is longer was written as a sentence. */
const LONGEST = 1000;

const FIELD = /\{(\w+)(?::([\w-]+)(\*?))?\}/;

export class Book {
  /** `volumes` are `{kind: {English: instead}}`; their kinds are joined. */
  constructor(volumes) {
    this.kinds = {};
    for (const volume of volumes) {
      for (const [kind, phrases] of Object.entries(volume)) (this.kinds[kind] ??= []).push(...Object.entries(phrases));
    }
    this.words = new Map(this.kinds.word);
    this.tried = {};
    this.said = new Map();
  }

  /** Return what is said instead of a sentence, or of several with semicolons between; else null. */
  sentence(text) {
    if (text.length > LONGEST) return null;
    if (!this.said.has(text)) this.said.set(text, this.#sentence(text));
    return this.said.get(text);
  }

  #sentence(text) {
    for (let at = text.indexOf("; "); at >= 0; at = text.indexOf("; ", at + 1)) {
      const first = this.#phrase("sentence", text.slice(0, at));
      const rest = first === null ? null : this.sentence(text.slice(at + 2));
      if (rest !== null) return `${first}; ${rest}`;
    }
    return this.#phrase("sentence", text);
  }

  #phrase(kind, text) {
    this.tried[kind] ??= this.kinds[kind]
      .map(([english, instead]) => ({ ...this.#pattern(english), instead }))
      .sort((a, b) => b.fixed - a.fixed); // the most particular first
    for (const { whole, fields, instead } of this.tried[kind]) {
      const found = whole.exec(text);
      if (!found) continue;
      const values = Object.fromEntries(fields.map((field, place) => [field.name, this.#value(field, found[place + 1])]));
      return instead.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    }
    return null;
  }

  #value({ kind, many }, text) {
    if (many) return text.split(", ").map((part) => this.#phrase(kind, part)).join(", ");
    if (kind === "list") return this.#list(text);
    if (kind) return this.#phrase(kind, text);
    if (/^-?\d+\.\d+$/.test(text)) return text.replace(".", ",");
    return this.sentence(text) ?? text;
  }

  #list(text) {
    return text.split(/(, | and | or )/).map((part) => {
      const own = this.words.get(part.trim());
      return own ? part.replace(part.trim(), own) : part;
    }).join("");
  }

  /** Compile an English sentence; `open` is how a group begins, so that values are kept or not. */
  #pattern(english, open = "(") {
    const fields = [];
    let [source, rest, fixed] = ["", english, 0];
    for (let found = FIELD.exec(rest); found; found = FIELD.exec(rest)) {
      const [all, name, kind, star] = found;
      source += `${escaped(rest.slice(0, found.index))}${open}${this.#source(kind, star)})`;
      fixed += found.index;
      rest = rest.slice(found.index + all.length);
      fields.push({ name, kind, many: Boolean(star) });
    }
    source += escaped(rest);
    return { source, whole: new RegExp(`^${source}$`, "s"), fields, fixed: fixed + rest.length };
  }

  /** What a value may look like: anything, or one of its kind's phrases. */
  #source(kind, star) {
    if (!kind || kind === "list") return ".+?";
    const any = `(?:${this.kinds[kind].map(([english]) => this.#pattern(english, "(?:").source).join("|")})`;
    return star ? `${any}(?:, ${any})*` : any;
  }
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
