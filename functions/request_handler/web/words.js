// The page's words in English and Spanish, and the reader's choice between them.

const KEY = "choreo-language";
const LANGUAGES = ["en", "es"];

const dictionary = { en: {}, es: {} };

/** Add a view's words: `{en: {key: text}, es: {key: text}}`; `{name}` in a text is filled in. */
export function addWords(words) {
  for (const lang of LANGUAGES) Object.assign(dictionary[lang], words[lang]);
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // the browser keeps nothing: its own language is taken
  }
}

let chosen = [remembered(), ...navigator.languages.map((tag) => tag.slice(0, 2))].find((lang) => LANGUAGES.includes(lang)) || "en";

/** The language that is read: `en` or `es`. */
export const language = () => chosen;

/** Change the language and remember it. */
export function chooseLanguage(lang) {
  chosen = lang;
  try {
    localStorage.setItem(KEY, lang);
  } catch {
    // it holds until the page is left
  }
}

/** Return the text of `key`. A text with forms for one and many has keys `key.one`, `key.other`. */
export function t(key, values = {}, missing = key) {
  const words = dictionary[chosen];
  const form = "n" in values ? `${key}.${new Intl.PluralRules(chosen).select(values.n) === "one" ? "one" : "other"}` : key;
  const text = words[form] ?? words[key] ?? dictionary.en[key];
  if (text === undefined) return missing;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Put the words into the parts of the page that are written in `index.html`. */
export function translate(root) {
  document.documentElement.lang = chosen;
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
}
