// Taking a dance away: files, other videos of the same moves, a link that ends.

import { TASKS } from "./api.js";
import { button, element, link, setText } from "./dom.js";
import { remember } from "./versions.js";

const SPEEDS = [100, 90, 75, 60, 50];
const DAYS = [1, 7, 30];

/** The panel of a finished dance; `address` makes addresses that a browser opens by itself. */
export function takeAway(task, plan, board, address, context) {
  const { t } = context;
  const name = fileName(task, plan, board, t);
  const saved = (path, suffix) => {
    const from = address(path);
    return `${from}${from.includes("?") ? "&" : "?"}name=${encodeURIComponent(name + suffix)}`;
  };
  return element(
    "section", { className: "panel", id: "take", "aria-labelledby": "take-title" },
    element("h2", { id: "take-title" }, t("take.title")),
    element("p", { className: "actions" },
      task.video_url ? link(t("take.download", { size: size(task.file_size, context.language) }), saved("download", ".mp4"), { className: "button", id: "download" }) : null,
      // The service's own sheet is whole in one file, and English.
      context.language === "en" ? link(t("take.cue-sheet"), address("cue-sheet"), { target: "_blank", rel: "noopener" }) : link(t("take.cue-sheet"), `#/cues/${context.rest}`),
      link(t("take.captions"), address("captions.vtt"), { download: `${name}.vtt` }),
      link(t("take.timeline"), saved("timeline.otio", ".otio"))),
    context.shared ? null : variant(task, plan, context),
    context.shared ? null : share(task, context),
  );
}

/** What tells a video from the usual one of the same moves: `["mirrored", "50 %"]`. */
export function special({ output_config: output }, t) {
  const speed = Math.round(100 * (output.speed ?? 1));
  return [
    output.mirror ? t("take.mirror") : "",
    output.height > output.width ? t("take.upright") : "",
    speed === 100 ? "" : `${speed} %`,
  ].filter(Boolean);
}

/** What a dancer looks for in a folder of downloads: the song, and what is special about this video of it. */
function fileName(task, plan, board, t) {
  const title = board?.title || `choreography ${task.task_id.slice(0, 8)}`;
  return [title, ...special(plan, t)].join(" - ").replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ").slice(0, 120).trim();
}

function size(bytes, language) {
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(bytes / 1e6)} MB`;
}

function select(id, choices, chosen) {
  return element("select", { id }, choices.map(([value, text]) => element("option", { value, selected: value === chosen }, text)));
}

function variant(task, plan, { t, post, say, hush, refusal, signal }) {
  const now = plan.output_config;
  const check = (name, on) => {
    const input = element("input", { type: "checkbox", name, checked: on });
    return [input, element("label", { className: "check" }, input, " ", t(`take.${name}`))];
  };
  const [mirror, mirrorLabel] = check("mirror", Boolean(now.mirror));
  const [portrait, portraitLabel] = check("portrait", now.height > now.width);
  const speed = select("take-speed", SPEEDS.map((percent) => [String(percent), `${percent} %`]), String(Math.round(100 * (now.speed ?? 1))));
  const overlay = select("take-overlay", ["none", "counts", "moves"].map((kind) => [kind, t(`take.overlay.${kind}`)]), now.overlay ?? "none");
  const make = element("button", { className: "button quiet" }, t("take.make"));
  const form = element(
    "form", { className: "line", noValidate: true }, element("h3", {}, t("take.another")),
    mirrorLabel, portraitLabel,
    element("label", { className: "check", htmlFor: "take-speed" }, t("practice.speed"), " ", speed),
    element("label", { className: "check", htmlFor: "take-overlay" }, t("take.written"), " ", overlay), make,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    hush();
    const wish = {};
    if (mirror.checked !== Boolean(now.mirror)) wish.mirror = mirror.checked;
    if (portrait.checked !== now.height > now.width) wish.portrait = portrait.checked;
    if (Number(speed.value) / 100 !== (now.speed ?? 1)) wish.speed = Number(speed.value) / 100;
    if (overlay.value !== (now.overlay ?? "none")) wish.overlay = overlay.value;
    if (!Object.keys(wish).length) return say(refusal(t("take.same")));
    make.disabled = true;
    try {
      const made = await post(`${TASKS}${task.task_id}/variants`, wish);
      remember(made.task_id, task.task_id);
      if (!signal.aborted) location.hash = `#/task/${made.task_id}`;
    } catch (error) {
      say(error);
    } finally {
      make.disabled = false;
    }
    return undefined;
  });
  return form;
}

function share(task, { t, post, say, hush, language }) {
  const days = select("share-days", DAYS.map((n) => [String(n), t("share.days", { n })]), "7");
  const shown = element("input", { type: "text", readOnly: true, hidden: true, "aria-label": t("share.link") });
  const told = element("p", { className: "small", role: "status" });
  const copy = button(t("share.copy"), async () => {
    shown.select();
    try {
      await navigator.clipboard.writeText(shown.value);
      setText(told, t("share.copied"));
    } catch {
      setText(told, t("share.copy-by-hand"));
    }
  }, { hidden: true });
  const make = element("button", { className: "button quiet" }, t("share.make"));
  const form = element("form", { className: "line", noValidate: true }, element("h3", {}, t("share.title")),
    element("label", { className: "check", htmlFor: "share-days" }, t("share.good-for"), " ", days), make, shown, copy, told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    hush();
    make.disabled = true;
    try {
      const made = await post(`${TASKS}${task.task_id}/share`, { days: Number(days.value) });
      shown.value = new URL(made.page_url, location.href).href;
      shown.hidden = copy.hidden = false;
      const date = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(new Date(made.expires_at));
      setText(told, t("share.until", { date }));
      shown.focus();
      shown.select();
    } catch (error) {
      say(error);
    } finally {
      make.disabled = false;
    }
  });
  return form;
}
