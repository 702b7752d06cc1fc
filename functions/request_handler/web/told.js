// What the service says in English, in the reader's language, as far as its book knows it.

import { element, sentence } from "./dom.js";
import { language } from "./words.js";

const BOOKS = { es: () => [import("./book.js"), import("./book_es.js"), import("./book_media_es.js")] };

const opened = {};

/** Fetch the book of the reader's language, if there is one; without it all stays English. */
export async function openBooks(chosen = language()) {
  if (opened[chosen] || !BOOKS[chosen]) return;
  const [tool, ...volumes] = await Promise.all(BOOKS[chosen]()).catch(() => []);
  if (tool) opened[chosen] = new tool.Book(volumes.map(({ KINDS }) => KINDS));
}

/** Return a text of the service and the language that it is in now: `[text, language]`. */
export function told(text, chosen = language()) {
  const own = opened[chosen]?.sentence(text) ?? null;
  return own === null ? [text, "en"] : [own, chosen];
}

/** An element with a sentence of the service. */
export function spoken(tag, properties, text) {
  const [own, lang] = told(text);
  return element(tag, { ...properties, lang }, sentence(own));
}
