// The plan as cards: a picture of each move, when it comes, why it stands there.

import { clock, element } from "./dom.js";
import { nameOf } from "./player.js";
import { spoken } from "./told.js";

/** The cards of one plan; a press jumps there, marks say what to keep and what to change. */
export class Storyboard {
  constructor({ t, language }, onJump) {
    this.t = t;
    this.language = language;
    this.onJump = onJump;
    this.cards = [];
    this.element = element("div", { id: "moves", className: "board" });
  }

  /** Draw `moments.plan`; `marks` may be null where nothing can be changed. */
  draw(moments, board, marks, canJump) {
    const { t } = this;
    const { moves } = moments.plan;
    const parts = new Map();
    this.cards = moves.map((move, index) => {
      const card = this.#card(move, index, moments, board?.moves[index], marks);
      const section = moments.sectionAt(move.start_time + 0.01);
      const key = section ? section.index : -1;
      if (!parts.has(key)) parts.set(key, { label: section?.label, cards: [] });
      parts.get(key).cards.push(card);
      return card;
    });
    this.element.replaceChildren(...[...parts.values()].map(({ label, cards }) =>
      element(
        "section", { className: `part section-${label ?? "none"}` },
        label ? element("h3", {}, t(`section.${label}`)) : null,
        element("ol", { className: "cards" }, cards),
      ),
    ));
    this.allowJumps(canJump);
  }

  #card(move, index, moments, known, marks) {
    const { t } = this;
    const eight = moments.ones.length ? ` · ${t("plan.eight", { n: moments.eightAt(move.start_time + 0.05).index + 1 })}` : "";
    const picture = known?.thumbnail_url
      ? element("img", { src: known.thumbnail_url, alt: "", loading: "lazy", decoding: "async", width: 320, height: 180 })
      : element("span", { className: "no-picture" });
    picture.addEventListener("error", () => picture.replaceWith(element("span", { className: "no-picture" })), { once: true });
    const jump = element(
      "button", { type: "button", className: "jump", disabled: true, onclick: () => this.onJump(move.start_time) },
      picture,
      element("span", { className: "time" }, `${clock(move.start_time)}${eight}`),
      element("span", { className: "name" }, nameOf(move)),
      move.why ? spoken("span", { className: "why" }, move.why) : null,
    );
    const name = `${index + 1}. ${nameOf(move)}`;
    return element("li", { className: "card" }, jump, marks ? element("div", { className: "marks" }, marks.button("keep", index, name), marks.button("change", index, name)) : null);
  }

  /** There is something to jump in as soon as there is a video. */
  allowJumps(can) {
    for (const card of this.cards) card.firstChild.disabled = !can;
  }

  /** Mark the move that is danced. */
  light(index) {
    this.cards.forEach((card, place) => {
      if (place === index) card.firstChild.setAttribute("aria-current", "true");
      else card.firstChild.removeAttribute("aria-current");
    });
  }
}
