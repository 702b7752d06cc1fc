// What stays on the page whichever view is shown: the alert, the dialogs.

import { element, sentence } from "./dom.js";
import { sentencesOf } from "./problems.js";
import { openBooks } from "./told.js";
import { language } from "./words.js";

export const byId = (id) => document.getElementById(id);

let saying = null;

/** Tell a person about an error, in the reader's language where it is known. */
export async function say(error) {
  saying = error;
  if (sentencesOf(error).some(([, lang]) => lang !== language())) await openBooks();
  if (saying !== error) return; // something else is said by now, or nothing
  byId("alert").replaceChildren(...sentencesOf(error).map(([text, lang]) => element("p", { lang }, sentence(text))));
  byId("alert").scrollIntoView({ block: "nearest" });
}

/** Take the last thing said away. */
export function hush() {
  saying = null;
  byId("alert").replaceChildren();
}

/** Open a dialog; closing it by Escape leaves `returnValue` empty. */
export function openDialog(box) {
  box.returnValue = "";
  if (!box.open) box.showModal();
}
