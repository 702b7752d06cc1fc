// What stays on the page whichever view is shown: the alert, the dialogs.

import { element, sentence } from "./dom.js";
import { sentencesOf } from "./problems.js";

export const byId = (id) => document.getElementById(id);

/** Tell a person about an error. */
export function say(error) {
  const told = sentencesOf(error).map(([text, lang]) => element("p", { lang }, sentence(text)));
  byId("alert").replaceChildren(...told);
  byId("alert").scrollIntoView({ block: "nearest" });
}

/** Take the last thing said away. */
export const hush = () => byId("alert").replaceChildren();

/** Open a dialog; closing it by Escape leaves `returnValue` empty. */
export function openDialog(box) {
  box.returnValue = "";
  if (!box.open) box.showModal();
}
