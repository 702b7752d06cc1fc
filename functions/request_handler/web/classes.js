// Class plans: several dances in an order, with a warm-up and notes; kept in this browser, for print.

import { TASKS } from "./api.js";
import { rememberedDances } from "./dances.js";
import { button, clock, element, link, setText, styles } from "./dom.js";

export { words } from "./classes_words.js";

const STORE = "choreo-classes";
const MINUTES = 15;
const MOST_LOOKED_UP = 40;
const LOOKS_AT_ONCE = 6;

/** What is known of a dance, by id; it does not change any more once it is finished. */
const facts = new Map();

/** Show all plans, or the one whose id is `context.rest`. */
export async function render(view, context) {
  await styles("classes");
  const { rest, t } = context;
  context.title(t("class.title"));
  if (!rest) return overview(view, context);
  const plan = plans().find((one) => one.id === rest);
  if (plan) return editor(view, plan, context);
  view.append(element("h1", { tabIndex: -1 }, t("class.title")), element("p", { className: "notice" }, t("class.gone")), element("p", { className: "actions" }, link(t("class.all"), "#/class")));
  return undefined;
}

// Keeping plans

function plans() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((plan) => typeof plan?.id === "string").map(whole) : [];
  } catch {
    return [];
  }
}

/** A plan with all its parts, whatever an older page or another program has left of it. */
function whole({ id, name, warmUp, warmUpMinutes, notes, items }) {
  const known = Array.isArray(items) ? items.filter((item) => typeof item?.id === "string") : [];
  return {
    id,
    name: String(name ?? ""),
    warmUp: String(warmUp ?? ""),
    warmUpMinutes: Number(warmUpMinutes) || 0,
    notes: String(notes ?? ""),
    items: known.map((item) => ({ id: item.id, minutes: Number(item.minutes) || 0, notes: String(item.notes ?? "") })),
  };
}

/** Change one plan among those that are kept now: another tab may have changed the others. */
function keepPlan(plan) {
  const others = plans().filter((one) => one.id !== plan.id);
  return keepAll([plan, ...others]);
}

function keepAll(all) {
  try {
    localStorage.setItem(STORE, JSON.stringify(all));
    return true;
  } catch {
    return false;
  }
}

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const nameOf = (plan, t) => plan.name.trim() || t("class.unnamed");

const minutesOf = (plan) => [plan.warmUpMinutes, ...plan.items.map((item) => item.minutes)].reduce((sum, minutes) => sum + (Number(minutes) || 0), 0);

// All plans

function overview(view, { t }) {
  const begin = () => {
    const plan = { id: newId(), name: "", warmUp: "", warmUpMinutes: 10, notes: "", items: [] };
    keepPlan(plan);
    location.hash = `#/class/${plan.id}`;
  };
  const rows = plans().map((plan) => element("li", {}, element("a", { href: `#/class/${plan.id}` }, element("strong", {}, nameOf(plan, t)), " ", element("span", { className: "small" }, t("class.total", { n: minutesOf(plan) })))));
  view.append(
    element("h1", { tabIndex: -1 }, t("class.plans")), element("p", {}, t("class.what")),
    element("p", { className: "actions" }, button(t("class.new"), begin, { className: "button", id: "class-new" })),
    rows.length ? element("ul", { className: "plans" }, rows) : element("p", { className: "small" }, t("class.none")),
  );
}

// One plan

async function editor(view, plan, context) {
  const { t, title, openDialog } = context;
  const heading = element("h1", { tabIndex: -1 });
  const status = element("p", { className: "small no-print", role: "status", id: "class-status" });
  const total = element("p", { className: "total" });
  const list = element("ol", { className: "dances", id: "class-dances" });
  const shelf = element("ul", { className: "shelf", id: "class-shelf" });
  const sheets = element("div", { className: "sheets", id: "class-sheets" });
  const warmUpPrint = element("p", { className: "on-paper" });
  const notesPrint = element("p", { className: "on-paper" });
  const desk = { plan, list, shelf, sheets, status, context };
  const kept = () => {
    setText(heading, nameOf(plan, t));
    title(nameOf(plan, t));
    setText(total, t("class.total", { n: minutesOf(plan) }));
    // A field of a form shows one window of its text on paper; the whole of it stands here.
    setText(warmUpPrint, [plan.warmUp, t("class.minutes-long", { n: plan.warmUpMinutes })].filter(Boolean).join("\n"));
    setText(notesPrint, plan.notes);
    notesPrint.parentElement?.classList.toggle("no-print", !plan.notes.trim());
    if (!keepPlan(plan)) context.say(context.refusal(t("class.not-kept")));
  };
  desk.kept = kept;
  desk.changed = () => {
    kept();
    drawItems(desk);
  };
  const sure = element(
    "dialog", { "aria-labelledby": "class-sure" },
    element("form", { method: "dialog" }, element("p", { id: "class-sure" }), element("p", { className: "actions" }, element("button", { className: "button", value: "delete" }, t("class.delete")), element("button", { className: "button quiet", value: "" }, t("class.keep")))),
  );
  sure.addEventListener("close", () => {
    if (sure.returnValue !== "delete") return;
    keepAll(plans().filter((one) => one.id !== plan.id));
    location.hash = "#/class";
  });
  const remove = () => {
    setText(sure.querySelector("#class-sure"), t("class.delete-sure", { title: nameOf(plan, t) }));
    openDialog(sure);
  };
  const input = (key, id, label, more = {}) => {
    const node = element(more.rows ? "textarea" : "input", { id, value: plan[key], autocomplete: "off", ...more });
    node.addEventListener("input", () => {
      plan[key] = more.type === "number" ? node.valueAsNumber || 0 : node.value;
      kept();
    });
    return [element("label", { className: "field", htmlFor: id }, label), node];
  };
  view.append(
    heading, total,
    element("p", { className: "actions no-print" }, button(t("class.print"), () => window.print(), { className: "button", id: "class-print" }), link(t("class.all"), "#/class"), button(t("class.delete"), remove)),
    element(
      "div", { className: "fields" },
      element("div", { className: "wide no-print" }, input("name", "class-name", t("class.name"), { maxLength: 120 })),
      element("div", { className: "wide" }, input("warmUp", "class-warm-up", t("class.warm-up"), { rows: 3 }), warmUpPrint),
      element("div", { className: "no-print" }, input("warmUpMinutes", "class-warm-up-minutes", t("class.warm-up-minutes"), { type: "number", min: 0, max: 240 })),
      element("div", { className: "wide" }, input("notes", "class-notes", t("class.notes"), { rows: 3 }), notesPrint),
    ),
    element("section", { "aria-labelledby": "class-dances-title" }, element("h2", { id: "class-dances-title" }, t("class.dances")), status, list),
    element("section", { className: "no-print", "aria-labelledby": "class-add-title" }, element("h2", { id: "class-add-title" }, t("class.add")), shelf),
    sheets, sure,
  );
  kept();
  drawItems(desk);
  shelf.replaceChildren(element("li", { className: "small" }, t("class.loading")));
  await lookUp([...new Set([...plan.items.map((item) => item.id), ...rememberedDances().slice(0, MOST_LOOKED_UP)])], context);
  if (context.signal.aborted) return;
  drawItems(desk);
  drawShelf(desk);
}

/** Learn what the dances are; those that are not finished, or gone, are left out. */
async function lookUp(ids, { call, signal }) {
  const waiting = ids.filter((id) => !facts.has(id));
  const worker = async () => {
    for (let id = waiting.shift(); id; id = waiting.shift()) {
      const address = TASKS + encodeURIComponent(id);
      try {
        const task = await call(address, { signal });
        if (task.status !== "completed") continue;
        const plan = await call(`${address}/blueprint`, { signal });
        const board = await call(`${address}/storyboard`, { signal }).catch(() => ({ title: "" }));
        facts.set(id, { title: board.title || "", plan, made: task.created_at });
      } catch {
        // a dance that is gone is said to be gone where it stands in a plan
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, worker));
}

const titleOf = (id, t) => facts.get(id)?.title || `${t("class.dance")} ${id.slice(0, 6)}`;

function about(id, t) {
  const { plan } = facts.get(id);
  return t("class.facts", { length: clock(plan.total_duration), bpm: Math.round(plan.audio_tempo), difficulty: t(`difficulty.${plan.difficulty_level}`, {}, plan.difficulty_level) });
}

function drawItems(desk) {
  const { plan, list, status, context } = desk;
  const { t } = context;
  list.replaceChildren(
    ...plan.items.map((item, index) => {
      const title = titleOf(item.id, t);
      const move = (by) => {
        plan.items.splice(index, 1);
        plan.items.splice(index + by, 0, item);
        desk.changed();
        setText(status, t("class.moved", { title, n: index + by + 1 }));
        const same = list.children[index + by].querySelectorAll(".order button");
        (same[by < 0 ? 0 : 1].disabled ? same[by < 0 ? 1 : 0] : same[by < 0 ? 0 : 1]).focus();
      };
      const remove = () => {
        plan.items.splice(index, 1);
        desk.changed();
        drawShelf(desk);
        setText(status, t("class.removed", { title }));
        (list.children[Math.min(index, list.children.length - 1)]?.querySelector("button:not(:disabled)") ?? desk.shelf.querySelector("button"))?.focus();
      };
      const minutes = element("input", { type: "number", min: 0, max: 240, value: item.minutes, "aria-label": t("class.minutes-of", { title }) });
      const onPaper = element("p", { className: "on-paper" }, item.notes);
      const notes = element("textarea", { rows: 2, value: item.notes, "aria-label": t("class.notes-of", { title }), placeholder: t("class.notes") });
      minutes.addEventListener("input", () => {
        item.minutes = minutes.valueAsNumber || 0;
        desk.kept();
      });
      notes.addEventListener("input", () => {
        item.notes = notes.value;
        setText(onPaper, item.notes);
        desk.kept();
      });
      return element(
        "li", {},
        element("div", { className: "what" }, element("strong", {}, title), " ", facts.has(item.id) ? element("span", { className: "small" }, about(item.id, t)) : element("span", { className: "small" }, t("class.lost"))),
        element("label", { className: "minutes" }, minutes, " ", t("class.minutes")),
        notes, onPaper,
        element(
          "p", { className: "order no-print" },
          button("↑", () => move(-1), { disabled: index === 0, "aria-label": t("class.up", { title }) }),
          button("↓", () => move(1), { disabled: index === plan.items.length - 1, "aria-label": t("class.down", { title }) }),
          button("✕", remove, { "aria-label": t("class.remove", { title }) }),
          link(t("class.watch"), `#/task/${encodeURIComponent(item.id)}`, { "aria-label": `${t("class.watch")}: ${title}` }),
        ),
      );
    }),
  );
  drawSheets(desk);
}

function drawShelf(desk) {
  const { plan, shelf, status, context } = desk;
  const { t, language } = context;
  const free = rememberedDances().filter((id) => facts.has(id) && !plan.items.some((item) => item.id === id));
  if (!free.length) {
    shelf.replaceChildren(element("li", {}, element("p", { className: "small" }, t("class.no-dances")), element("p", { className: "actions" }, link(t("class.make"), "#/"))));
    return;
  }
  const date = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  shelf.replaceChildren(
    ...free.map((id, index) => {
      const title = titleOf(id, t);
      const add = () => {
        plan.items.push({ id, minutes: MINUTES, notes: "" });
        desk.changed();
        drawShelf(desk);
        setText(status, t("class.added", { title }));
        (shelf.querySelectorAll("button")[Math.min(index, free.length - 2)] ?? desk.list.querySelector("textarea"))?.focus();
      };
      return element("li", {}, button(t("class.put", { title }), add), " ", element("span", { className: "small" }, `${about(id, t)} · ${t("class.made", { date: date.format(new Date(facts.get(id).made)) })}`));
    }),
  );
}

/** The cue sheets: for each dance its moves with counts and seconds; they are seen on paper too. */
function drawSheets({ plan, sheets, context }) {
  const { t } = context;
  sheets.replaceChildren(
    ...plan.items.filter((item) => facts.has(item.id)).map((item, index) => {
      const dance = facts.get(item.id).plan;
      const rows = dance.moves.map((move) => {
        const first = (move.count_start ?? 0) + 1;
        return element("tr", {}, element("td", {}, `${first}–${first + (move.counts ?? 0) - 1}`), element("td", {}, clock(move.start_time)), element("td", {}, move.move_name || move.clip_id));
      });
      return element(
        "section", { className: "sheet" },
        element("h2", {}, `${index + 1}. ${titleOf(item.id, t)}`), element("p", { className: "small" }, about(item.id, t)),
        element("table", {}, element("thead", {}, element("tr", {}, ["counts", "time", "move"].map((name) => element("th", { scope: "col" }, t(`class.${name}`))))), element("tbody", {}, rows)),
      );
    }),
  );
}
