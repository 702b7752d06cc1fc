// Changing a dance: keep what is liked, choose the rest anew, easier, fuller, without a family.

import { TASKS } from "./api.js";
import { button, element, setText } from "./dom.js";
import { remember } from "./versions.js";

const LEVELS = ["beginner", "intermediate", "advanced"];

/** What a person marked on the cards, kept for the tab. */
export class Marks {
  constructor(plan, t, onChange) {
    this.t = t;
    this.store = `choreo-marks-${plan.task_id}`;
    this.onChange = onChange;
    this.sets = { keep: new Set(plan.moves.flatMap((move, index) => (move.locked ? [index] : []))), change: new Set() };
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.store) ?? "null");
      if (kept) this.sets = { keep: new Set(kept.keep), change: new Set(kept.change) };
    } catch {
      // nothing was kept, or nothing can be
    }
    this.buttons = { keep: [], change: [] };
  }

  button(kind, index, name) {
    const press = () => {
      const other = kind === "keep" ? "change" : "keep";
      if (this.sets[kind].delete(index)) this.#show();
      else {
        this.sets[kind].add(index);
        this.sets[other].delete(index);
        this.#show();
      }
    };
    const made = element("button", { type: "button", className: `mark ${kind}`, "aria-pressed": String(this.sets[kind].has(index)), "aria-label": this.t(`change.${kind}-this`, { name }), onclick: press }, this.t(`change.${kind}`));
    this.buttons[kind][index] = made;
    return made;
  }

  #show() {
    for (const [kind, buttons] of Object.entries(this.buttons)) {
      buttons.forEach((made, index) => made.setAttribute("aria-pressed", String(this.sets[kind].has(index))));
    }
    try {
      sessionStorage.setItem(this.store, JSON.stringify({ keep: [...this.sets.keep], change: [...this.sets.change] }));
    } catch {
      // the marks hold until the page is left
    }
    this.onChange();
  }
}

/** The panel of changes; `here` returns the section that is danced, or null. */
export function changePanel({ plan, board, marks, here }, context) {
  const { t, post, say, hush } = context;
  const all = plan.moves.map((_, index) => index);
  const free = (indices) => indices.filter((index) => !marks.sets.keep.has(index));
  const marked = () => [...marks.sets.change].sort((a, b) => a - b);
  const inSection = () => {
    const part = here();
    return part ? all.filter((index) => plan.moves[index].start_time >= part.start - 0.01 && plan.moves[index].start_time < part.end - 0.01) : all;
  };
  const easier = LEVELS[LEVELS.indexOf(plan.difficulty_level) - 1];
  const status = element("p", { className: "small", role: "status" });
  const anew = button("", () => send({ slots: marked() }), { className: "button" });

  const send = async ({ slots, ...wish }) => {
    hush();
    if (!slots.length) return say(context.refusal(t("change.nothing")));
    const lock = [...marks.sets.keep].sort((a, b) => a - b);
    // Another seed than the plan's: the same one would choose the same again.
    const body = { slots, lock, ...wish, seed: ((plan.seed ?? 0) + 1) % 2 ** 31 };
    const buttons = [...panel.querySelectorAll("button")].filter((node) => !node.disabled);
    for (const node of buttons) node.disabled = true;
    setText(status, t("change.asking"));
    try {
      const task = await post(`${TASKS}${plan.task_id}/reroll`, body);
      remember(task.task_id, plan.task_id);
      if (!context.signal.aborted) location.hash = `#/task/${task.task_id}`;
    } catch (error) {
      say(error);
      for (const node of buttons) node.disabled = false;
      show();
    }
    return undefined;
  };

  const chosen = (otherwise) => free(marked().length ? marked() : otherwise);
  const fuller = button(t("change.more-energy"), () => send({ slots: chosen(inSection()), energy_level: "high" }));
  const calmer = button(t("change.calmer"), () => send({ slots: chosen(inSection()), energy_level: "low" }));
  const families = [...new Set((board?.moves ?? []).map((move) => move.family).filter(Boolean))].sort();
  const without = families.map((family) =>
    button(t("change.without", { family: family.replaceAll("_", " ") }), () =>
      send({ slots: free(all.filter((index) => board.moves[index].family === family)), avoid: [family] }),
    ),
  );
  const panel = element(
    "section", { className: "panel", id: "change", "aria-labelledby": "change-title" },
    element("h2", { id: "change-title" }, t("change.title")),
    element("p", { className: "small" }, t("change.how")),
    element("p", { className: "actions" }, anew,
      easier ? button(t("change.easier"), () => send({ slots: chosen(all), difficulty: easier })) : null,
      fuller, calmer),
    status,
    families.length ? element("details", {}, element("summary", {}, t("change.leave-out")), element("p", { className: "actions" }, without)) : null,
  );
  const show = () => {
    const n = marked().length;
    anew.disabled = n === 0;
    setText(anew, n ? t("change.anew", { n }) : t("change.anew.none"));
    const part = here();
    setText(status, n ? t("change.holds-marked", { n }) : t("change.holds-here", { here: part ? t(`section.${part.label}`) : t("change.whole") }));
  };
  show();
  return { element: panel, show };
}
