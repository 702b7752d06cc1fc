// What the service says in English, in the reader's language.
//
// A book (`book_es.js`, and `book_media_es.js` for own media) has, for each English sentence, the
// one that is said instead; `{place}` stands for what changes. `{place:kind}` is one of a kind's
// own phrases, `{place:kind*}` several with commas between. A sentence that is in no book is
// shown as it came, and marked as English.

import { element, sentence } from "./dom.js";
import { language } from "./words.js";

const BOOKS = { es: () => [import("./book_es.js"), import("./book_media_es.js")] };
const FIELD = /\{(\w+)(?::([\w-]+)(\*?))?\}/;
const LISTS = { es: { and: "y", or: "o" } };

/** By language: `{kind: [[English, instead], …]}`. */
const known = {};

/** By language and kind: what is tried in turn, the most particular first. */
const tried = {};

/** Fetch the books of the reader's language, if it has any; without them all stays English. */
export async function openBooks(chosen = language()) {
  if (known[chosen] || !BOOKS[chosen]) return;
  const books = await Promise.all(BOOKS[chosen]()).catch(() => []);
  if (!books.length) return;
  const kinds = {};
  for (const { KINDS } of books) {
    for (const [kind, phrases] of Object.entries(KINDS)) (kinds[kind] ??= []).push(...Object.entries(phrases));
  }
  [known[chosen], tried[chosen]] = [kinds, {}];
}

/** Return a text of the service and the language that it is in now: `[text, language]`. */
export function told(text, chosen = language()) {
  const own = known[chosen] ? sentenceIn(chosen, text) : null;
  return own === null ? [text, "en"] : [own, chosen];
}

/** An element with a sentence of the service. */
export function spoken(tag, properties, text) {
  const [own, lang] = told(text);
  return element(tag, { ...properties, lang }, sentence(own));
}

/** One sentence, or several with semicolons between. */
function sentenceIn(chosen, text) {
  for (let at = text.indexOf("; "); at >= 0; at = text.indexOf("; ", at + 1)) {
    const [first, rest] = [phraseIn(chosen, "sentence", text.slice(0, at)), sentenceIn(chosen, text.slice(at + 2))];
    if (first !== null && rest !== null) return `${first}; ${rest}`;
  }
  return phraseIn(chosen, "sentence", text);
}

function phraseIn(chosen, kind, text) {
  tried[chosen][kind] ??= known[chosen][kind]
    .map(([english, instead]) => ({ ...patternOf(chosen, english), instead }))
    .sort((a, b) => b.fixed - a.fixed);
  for (const { whole, fields, instead } of tried[chosen][kind]) {
    const found = whole.exec(text);
    if (!found) continue;
    const values = Object.fromEntries(fields.map((field, place) => [field.name, valueIn(chosen, field, found[place + 1])]));
    return instead.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }
  return null;
}

function valueIn(chosen, { kind, many }, text) {
  if (many) return text.split(", ").map((part) => phraseIn(chosen, kind, part)).join(", ");
  if (kind === "list") return listIn(chosen, text);
  if (kind) return phraseIn(chosen, kind, text);
  if (/^-?\d+\.\d+$/.test(text)) return text.replace(".", ",");
  return sentenceIn(chosen, text) ?? text;
}

/** `a, b and c`: what has a name of its own in the book is called by it. */
function listIn(chosen, text) {
  const words = new Map(known[chosen].word);
  return text
    .split(/(, | and | or )/)
    .map((part, place) => {
      if (place % 2 === 0) return words.get(part) ?? part;
      const joint = LISTS[chosen][part.trim()];
      return joint ? ` ${joint} ` : part;
    })
    .join("");
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Compile an English sentence; `open` is how a group begins, so that values are kept or not. */
function patternOf(chosen, english, open = "(") {
  const fields = [];
  let [source, rest, fixed] = ["", english, 0];
  for (let found = FIELD.exec(rest); found; found = FIELD.exec(rest)) {
    const [all, name, kind, star] = found;
    source += escaped(rest.slice(0, found.index));
    fixed += found.index;
    rest = rest.slice(found.index + all.length);
    fields.push({ name, kind, many: Boolean(star) });
    source += `${open}${sourceOf(chosen, kind, star)})`;
  }
  source += escaped(rest);
  return { source, whole: new RegExp(`^${source}$`, "s"), fields, fixed: fixed + rest.length };
}

/** What a value may look like: anything, or one of its kind's phrases. */
function sourceOf(chosen, kind, star) {
  if (!kind || kind === "list") return ".+?";
  const any = `(?:${known[chosen][kind].map(([english]) => patternOf(chosen, english, "(?:").source).join("|")})`;
  return star ? `${any}(?:, ${any})*` : any;
}
