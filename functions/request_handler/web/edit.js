// Editing a move: what a person says here wins over every estimate.

import { button, chips, element, link, setText } from "./dom.js";

const LEVELS = { difficulty: ["beginner", "intermediate", "advanced"], energy_level: ["low", "medium", "high"], style: ["traditional", "modern", "romantic", "sensual", "fusion"] };
const HOLDS = ["open", "closed", "shadow", "hammerlock", "cross_hand", "side_by_side", "single_hand"];
const FIELDS = ["name", "family", "difficulty", "energy_level", "style", "entry_hold", "exit_hold"];
const STORE = "choreo-edit";

/** Show the move whose id is `id`. */
export async function render(view, context, id) {
  const { t, call, signal, title } = context;
  const heading = element("h1", { tabIndex: -1 }, t("edit.title"));
  title(t("edit.title"));
  view.append(heading, element("p", { className: "actions" }, link(t("media.back"), "#/media"), link(t("media.to-library"), "#/library")));
  const found = await call(`/api/library/moves?id=${encodeURIComponent(id)}`, { signal });
  if (!found.moves.length) return context.say(context.refusal(t("edit.missing")));
  const desk = { move: found.moves[0] };
  const form = element("form", { className: "edit", id: "edit", noValidate: true });
  const status = element("p", { className: "message", role: "status", id: "edit-status" });
  const facts = element("p", { className: "small" });
  view.append(element("div", { className: "clip" }, ...clip(desk.move, context)), facts, form);
  const fill = (values) => {
    const { move } = desk;
    setText(heading, move.name);
    title(move.name);
    setText(facts, [t("edit.facts", { counts: move.counts, tempo: Math.round(move.tempo) }), move.confidence < 0.5 ? t("edit.guessed") : ""].filter(Boolean).join(" · "));
    form.replaceChildren(...fields(move, values, t), element("p", { className: "actions" }, element("button", { className: "button", id: "edit-save" }, t("edit.save"))), status);
  };
  fill({ ...desk.move, ...draft(id) });
  form.addEventListener("input", () => keepDraft(id, changes(form, desk.move)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    context.hush();
    const changed = changes(form, desk.move);
    if (!Object.keys(changed).length) return setText(status, t("edit.nothing"));
    const save = form.querySelector("#edit-save");
    save.disabled = true;
    try {
      desk.move = await call(`/api/moves/${encodeURIComponent(id)}`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(changed) });
      keepDraft(id, {});
      fill(desk.move);
      setText(status, t("edit.saved"));
      form.querySelector("#edit-save").focus();
    } catch (error) {
      context.say(error);
    } finally {
      save.disabled = false;
    }
    return undefined;
  });
  return undefined;
}

function clip(move, { t, signal }) {
  if (!move.preview_url) return [];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [start, end] = [move.beat_times[0], move.beat_times.at(-1)];
  const video = element("video", { src: move.preview_url, muted: true, loop: true, autoplay: !still, playsInline: true, poster: move.thumbnail_url ?? "", "aria-label": t("edit.clip") });
  // The move itself goes round, without the handles before and after it.
  video.addEventListener("timeupdate", () => {
    if (video.currentTime > end) video.currentTime = start;
  });
  video.addEventListener("loadedmetadata", () => { video.currentTime = start; });
  signal.addEventListener("abort", () => video.pause());
  const toggle = button("", () => (video.paused ? video.play() : video.pause()));
  const named = () => setText(toggle, t(video.paused ? "edit.play" : "edit.pause"));
  for (const event of ["play", "pause"]) video.addEventListener(event, named);
  named();
  return [video, toggle];
}

function fields(move, values, t) {
  const note = (name) => (move.edited.includes(name) ? t("edit.said") : move.estimated.includes(name) ? t("edit.estimated") : "");
  const noted = (name) => [t(`edit.${name}`), note(name) ? element("span", { className: "note" }, ` · ${note(name)}`) : null];
  const text = (name, most, hint) => [
    element("label", { className: "field", htmlFor: `edit-${name}` }, noted(name)),
    element("input", { id: `edit-${name}`, name, value: values[name], maxLength: most, required: true, autocomplete: "off", "aria-describedby": hint ? `hint-${name}` : null }),
    hint ? element("p", { className: "small", id: `hint-${name}` }, hint) : null,
  ];
  const levels = (name) => {
    const set = chips("", name, LEVELS[name].map((value) => ({ value, text: t(`${name}.${value}`) })), values[name]);
    set.querySelector("legend").replaceChildren(...noted(name).filter(Boolean));
    return set;
  };
  const hold = (name) =>
    element(
      "div", {}, element("label", { className: "field", htmlFor: `edit-${name}` }, noted(name)),
      element("select", { id: `edit-${name}`, name }, HOLDS.map((value) => element("option", { value, selected: value === values[name] }, t(`hold.${value}`)))),
    );
  return [
    element("div", { className: "pair" }, element("div", {}, text("name", 120)), element("div", {}, text("family", 80, t("edit.family-hint")))),
    ...Object.keys(LEVELS).map(levels),
    element("div", { className: "pair" }, hold("entry_hold"), hold("exit_hold")),
  ];
}

function changes(form, move) {
  const said = new FormData(form);
  return Object.fromEntries(FIELDS.map((name) => [name, String(said.get(name) ?? "")]).filter(([name, value]) => value !== move[name]));
}

function draft(id) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
    return kept.id === id ? kept.changed : {};
  } catch {
    return {};
  }
}

function keepDraft(id, changed) {
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ id, changed }));
  } catch {
    // the fields themselves still have it
  }
}
