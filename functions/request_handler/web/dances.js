// The dances that this browser has seen: their ids, the newest first. What they are the service knows.

const STORE = "choreo-dances";
const MOST = 100;

/** Return the ids, the newest first. */
export function rememberedDances() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/** Remember that a dance was looked at. */
export function rememberDance(id) {
  try {
    localStorage.setItem(STORE, JSON.stringify([id, ...rememberedDances().filter((one) => one !== id)].slice(0, MOST)));
  } catch {
    // the browser keeps nothing; a dance can still be opened by its link
  }
}
