// The library: what it can dance, where it gets stuck, what is there twice, what was refused.

import { button, element, link, setText, styles, svg } from "./dom.js";
import { openBooks, spoken } from "./told.js";

export { words } from "./library_words.js";

const DIFFICULTIES = ["beginner", "intermediate", "advanced"];
const ENERGIES = ["low", "medium", "high"];
const STYLES = ["traditional", "modern", "romantic", "sensual", "fusion"];
const PAGE = 12;
const MOST_PAIRS = 24;
const MOST_NAMED = 48;
/** Moves from which a cell is as dark as it gets, and its steps. */
const STEPS = [1, 2, 4, 8];

/** Show the report; `#/library/STYLE.DIFFICULTY.ENERGY` shows the moves of one cell. */
export async function render(view, context) {
  const { t, call, signal, title, rest } = context;
  title(t("library.title"));
  view.append(element("h1", { tabIndex: -1 }, t("library.title")));
  const [options] = await Promise.all([call("/api/options", { signal }), styles("library"), openBooks()]);
  if (!options.limits.upload_bytes) {
    view.append(element("p", { className: "notice" }, t("library.only-local")));
    return;
  }
  const report = await call("/api/library", { signal });
  if (!report.moves) {
    view.append(element("p", { className: "notice" }, t("library.none")), element("p", { className: "actions" }, link(t("library.add"), "#/media", { className: "button" })));
    if (report.refused.length) view.append(refused(report, t));
    return;
  }
  const named = await namedMoves(report, context);
  const wanted = cellOf(rest);
  const moves = movesPart(wanted, context);
  view.append(
    element("p", { id: "library-facts" }, t("library.facts", { moves: report.moves, families: report.families, sessions: report.sessions, minutes: new Intl.NumberFormat(context.language, { maximumFractionDigits: 1 }).format(report.seconds / 60) })),
    coverage(report, wanted, t),
    moves.section,
    tempi(report, t),
    ends(report, named, t),
    duplicates(report, named, t),
    refused(report, t),
  );
  await moves.more();
  // Whoever chose a cell wants to see its moves; a frame later than the heading takes the focus.
  if (wanted) requestAnimationFrame(() => moves.section.querySelector("h2").focus());
}

function cellOf(rest) {
  const [style, difficulty, energy_level] = rest.split(".");
  const known = STYLES.includes(style) && DIFFICULTIES.includes(difficulty) && ENERGIES.includes(energy_level);
  return known ? { style, difficulty, energy_level } : null;
}

/** Return by id those moves that the report names. */
async function namedMoves(report, { call, signal }) {
  const ids = new Set([
    ...report.near_duplicates.slice(0, MOST_PAIRS).flatMap((pair) => [pair.first, pair.second]),
    ...[report.dead_ends, report.unreachable, report.guessed].flatMap((list) => list.slice(0, MOST_NAMED)),
  ]);
  const all = [...ids];
  const found = new Map();
  for (let start = 0; start < all.length; start += 100) {
    const query = all.slice(start, start + 100).map((id) => `id=${encodeURIComponent(id)}`).join("&");
    const { moves } = await call(`/api/library/moves?${query}`, { signal });
    for (const move of moves) found.set(move.id, move);
  }
  return found;
}

const section = (id, title, ...children) =>
  element("section", { id, "aria-labelledby": `${id}-title` }, element("h2", { id: `${id}-title`, tabIndex: -1 }, title), ...children);

// What can be asked for

function coverage(report, wanted, t) {
  const count = new Map(report.combinations.map((cell) => [`${cell.style}.${cell.difficulty}.${cell.energy_level}`, cell.moves]));
  const cell = (style, difficulty, energy_level) => {
    const key = `${style}.${difficulty}.${energy_level}`;
    const moves = count.get(key) ?? 0;
    const heat = STEPS.filter((step) => moves >= step).length;
    const chosen = wanted && key === `${wanted.style}.${wanted.difficulty}.${wanted.energy_level}`;
    const name = t("library.cell", { style: t(`style.${style}`), difficulty: t(`difficulty.${difficulty}`), energy: t(`energy_level.${energy_level}`), moves: t("moves", { n: moves }) });
    const content = moves ? element("a", { href: `#/library/${key}`, "aria-label": name, "aria-current": chosen ? "true" : null }, String(moves)) : "0";
    return element("td", { className: `heat-${heat}` }, content);
  };
  const tables = STYLES.map((style) =>
    element(
      "table", { className: "heat" }, element("caption", {}, t(`style.${style}`)),
      element("thead", {}, element("tr", {}, element("td", {}), ENERGIES.map((energy) => element("th", { scope: "col" }, t(`energy_level.${energy}`), element("span", { className: "unseen" }, ` ${t("library.energy")}`))))),
      element("tbody", {}, DIFFICULTIES.map((difficulty) => element("tr", {}, element("th", { scope: "row" }, t(`difficulty.${difficulty}`)), ENERGIES.map((energy) => cell(style, difficulty, energy))))),
    ),
  );
  return section("coverage", t("library.coverage"), element("p", { className: "small" }, t("library.coverage-hint")), element("div", { className: "tables" }, tables));
}

const bar = (percent) =>
  svg(
    "svg", { class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "whole", width: 100, height: 12 }), svg("rect", { width: percent, height: 12 }),
  );

function tempi(report, t) {
  const rows = report.tempi.map(({ tempo, share }) => {
    const percent = Math.round(100 * share);
    const name = t("library.tempo", { tempo });
    return element("li", {}, element("span", {}, name), bar(percent), element("span", {}, `${percent} %`));
  });
  return section("tempi", t("library.tempi"), element("p", { className: "small" }, t("library.tempi-hint")), element("ul", { className: "tempi" }, rows));
}

// Moves

function card(move, t) {
  const facts = [t(`difficulty.${move.difficulty}`), t(`energy_level.${move.energy_level}`), t(`style.${move.style}`), t("library.counts", { counts: move.counts }), `${Math.round(move.tempo)} BPM`];
  if (move.edited.length) facts.push(t("library.edited"));
  return element(
    "li", { className: "move" },
    element(
      "a", { href: `#/media/move/${encodeURIComponent(move.id)}`, "aria-label": t("library.edit", { name: move.name }) },
      move.thumbnail_url ? element("img", { src: move.thumbnail_url, alt: "", loading: "lazy", width: 320, height: 180 }) : element("span", { className: "blank" }),
      element("span", { className: "name" }, move.name),
      element("span", { className: "small" }, facts.map((fact) => fact.replaceAll(" ", "\u00a0")).join(" · ")),
      move.session ? element("span", { className: "small" }, move.session.replaceAll("_", " ")) : null,
    ),
  );
}

function movesPart(wanted, context) {
  const { t, call, signal } = context;
  const list = element("ul", { className: "moves-grid", id: "library-moves" });
  const shown = element("p", { className: "small", role: "status" });
  const names = wanted && { style: t(`style.${wanted.style}`), difficulty: t(`difficulty.${wanted.difficulty}`), energy: t(`energy_level.${wanted.energy_level}`) };
  const more = async () => {
    const query = new URLSearchParams({ ...wanted, offset: list.children.length, limit: PAGE });
    const page = await call(`/api/library/moves?${query}`, { signal });
    const first = list.children.length;
    list.append(...page.moves.map((move) => card(move, t)));
    setText(shown, t("library.shown", { shown: list.children.length, total: page.total }));
    next.hidden = list.children.length >= page.total;
    return list.children[first];
  };
  const next = button(t("library.more"), async () => {
    try {
      (await more())?.querySelector("a").focus();
    } catch (error) {
      if (!signal.aborted) context.say(error);
    }
  }, { hidden: true });
  const title = wanted ? t("library.wanted", names) : t("library.moves");
  const all = wanted ? element("p", { className: "actions" }, link(t("library.all"), "#/library")) : null;
  return { more, section: section("moves", title, shown, list, element("p", { className: "actions" }, next), ...(all ? [all] : [])) };
}

const asCard = (id, named, t) => (named.has(id) ? card(named.get(id), t) : element("li", { className: "move" }, element("span", { className: "name" }, id)));

function ends(report, named, t) {
  const lists = [["dead-ends", report.dead_ends], ["unreachable", report.unreachable], ["guessed", report.guessed]].filter(([, ids]) => ids.length);
  const parts = lists.flatMap(([name, ids]) => [
    element("h3", {}, `${t(`library.${name}`)} · ${t("moves", { n: ids.length })}`),
    element("ul", { className: "moves-grid" }, ids.slice(0, MOST_NAMED).map((id) => asCard(id, named, t))),
  ]);
  return section("ends", t("library.ends"), ...(parts.length ? parts : [element("p", {}, t("library.no-ends"))]));
}

function duplicates(report, named, t) {
  const pairs = report.near_duplicates;
  if (!pairs.length) return section("duplicates", t("library.duplicates"), element("p", {}, t("library.no-duplicates")));
  const rows = pairs.slice(0, MOST_PAIRS).map((pair) =>
    element(
      "li", { className: "twins" },
      element("ul", {}, asCard(pair.first, named, t), asCard(pair.second, named, t)),
      element("p", { className: "small" }, t("library.likeness", { n: (100 * pair.likeness).toFixed(1) })),
    ),
  );
  return section("duplicates", t("library.duplicates"), element("p", { className: "small" }, t("library.pairs", { n: pairs.length })), element("ul", { className: "pairs" }, rows));
}

function refused(report, t) {
  if (!report.refused.length) return section("refused", t("library.refused"), element("p", {}, t("library.no-refused")));
  const rows = report.refused.map(({ file, reason }) => element("li", {}, element("strong", {}, file), " ", spoken("span", {}, reason)));
  return section("refused", t("library.refused"), element("ul", { className: "refusals" }, rows));
}
