// Talking to the service: tokens, and keys against double clicks.

import { Refused } from "./problems.js";
import { byId, openDialog } from "./shell.js";
import { t } from "./words.js";

const TOKEN = "choreo-token";

export const TASKS = "/api/choreography/tasks/";

let asking = null;

/** Ask for a token, once however many calls wait for it; it stays in this tab only. */
function askForToken(wasWrong) {
  asking ??= new Promise((resolve) => {
    const box = byId("token-box");
    byId("token-note").textContent = t(wasWrong ? "token.wrong" : "token.why");
    byId("token").value = "";
    openDialog(box);
    box.addEventListener("close", () => {
      const token = box.returnValue ? byId("token").value.trim() : "";
      if (token) sessionStorage.setItem(TOKEN, token);
      asking = null;
      resolve(Boolean(token));
    }, { once: true });
  });
  return asking;
}

/** Call the service and return its JSON answer; throws `Refused`, or what `fetch` throws. */
export async function call(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const reply = await fetch(path, { ...options, headers });
  if (reply.status === 401) {
    const newer = sessionStorage.getItem(TOKEN) !== token;
    if (newer || (await askForToken(Boolean(token)))) return call(path, options);
  }
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(body, reply.status);
  return body;
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// One key per distinct request: a double click or a retry after a lost answer makes one task.
let last = { text: "", key: "" };

/** Post `body` as JSON; the same body posted again before it was answered is the same request. */
export async function post(path, body) {
  const text = JSON.stringify(body);
  if (last.text !== path + text) last = { text: path + text, key: randomKey() };
  const answer = await call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": last.key },
    body: text,
  });
  last = { text: "", key: "" };
  return answer;
}
