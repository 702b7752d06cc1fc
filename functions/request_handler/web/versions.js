// The versions of a dance: which came from which, side by side, and the way back.

import { TASKS } from "./api.js";
import { button, clock, element, link } from "./dom.js";
import { nameOf } from "./player.js";

const STORE = "choreo-versions";
/** As many as a browser remembers; the service itself knows from which task each came. */
const MOST = 200;

function known() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "{}");
  } catch {
    return {};
  }
}

/** Remember that `child` was made from `parent`. */
export function remember(child, parent) {
  const entries = Object.entries({ ...known(), [child]: parent }).slice(-MOST);
  try {
    localStorage.setItem(STORE, JSON.stringify(Object.fromEntries(entries)));
  } catch {
    // the way back is still there: the service tells it
  }
}

/** All versions of the dance that this browser has seen, oldest first. */
function family(id) {
  const parents = known();
  let root = id;
  const seen = new Set([root]);
  while (parents[root] && !seen.has(parents[root])) {
    root = parents[root];
    seen.add(root);
  }
  const found = [root];
  for (const at of found) {
    found.push(...Object.keys(parents).filter((child) => parents[child] === at && !found.includes(child)));
  }
  return found;
}

/** The bar that leads from version to version; null when there is only one. */
export function versionBar(task, { t }, onCompare) {
  const parent = task.reroll_of ?? task.variant_of;
  if (parent) remember(task.task_id, parent);
  const versions = family(task.task_id);
  if (versions.length < 2) return null;
  return element(
    "nav", { className: "versions", "aria-label": t("versions.title") },
    element("ol", {}, versions.map((id, index) => {
      const own = id === task.task_id;
      return element("li", {}, element("a", { href: `#/task/${id}`, "aria-current": own ? "page" : null }, t("versions.one", { n: index + 1 })));
    })),
    parent ? link(t("versions.undo"), `#/task/${parent}`) : null,
    task.reroll_of && onCompare ? button(t("versions.compare"), onCompare) : null,
  );
}

/** Put two plans side by side; `watch` is told which of the two to show. */
export async function comparison(task, plan, context, watch) {
  const { t, call } = context;
  const [earlierTask, earlier] = await Promise.all([call(TASKS + task.reroll_of), call(`${TASKS + task.reroll_of}/blueprint`)]);
  const starts = [...new Set([...earlier.moves, ...plan.moves].map((move) => move.start_time))].sort((a, b) => a - b);
  const at = (moves, start) => moves.find((move) => Math.abs(move.start_time - start) < 0.01);
  const rows = starts.map((start) => {
    const [before, after] = [at(earlier.moves, start), at(plan.moves, start)];
    const same = before?.clip_id === after?.clip_id;
    const cell = (move) => element("td", {}, move ? nameOf(move) : "");
    return element("tr", { className: same ? "" : "changed" }, element("th", { scope: "row" }, clock(start)), cell(before), cell(after), element("td", {}, same ? "" : t("versions.changed")));
  });
  const changed = rows.filter((row) => row.className).length;
  const which = ["before", "now"].map((side) =>
    element("label", {}, element("input", { type: "radio", name: "which", value: side, checked: side === "now", disabled: side === "before" && !earlierTask.video_url }), element("span", {}, t(`versions.watch-${side}`))),
  );
  const choice = element("div", { className: "chips", role: "radiogroup", "aria-label": t("versions.watch") }, which);
  choice.addEventListener("change", (event) => watch(event.target.value === "now" ? { task, plan } : { task: earlierTask, plan: earlier }));
  return element(
    "section", { className: "panel", id: "comparison", tabIndex: -1, "aria-labelledby": "comparison-title" },
    element("h2", { id: "comparison-title" }, t("versions.comparison")),
    element("p", { className: "small" }, t("versions.changes", { n: changed })),
    choice,
    element("div", { className: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, ["time", "before", "now", "mark"].map((name) => element("th", { scope: "col" }, t(`versions.${name}`))))),
      element("tbody", {}, rows))),
  );
}
