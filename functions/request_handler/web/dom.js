// Building the page: all text from outside is set as text, never as markup.

/** Make an element; `properties` are its properties, or attributes where it has no such property. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "dataset") Object.assign(node.dataset, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.startsWith("aria")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an element of a picture. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Minutes and seconds, `2:07`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Set a text only when it differs: screen readers are not told the same again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Begin a sentence with a capital letter, and end it with a stop. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

/** A button of words. */
export function button(text, onclick, more = {}) {
  return element("button", { type: "button", className: "button quiet", onclick, ...more }, text);
}

/** A link that looks like a button. */
export const link = (text, href, more = {}) => element("a", { className: "button quiet", href, ...more }, text);

/** Radio buttons that look like chips; `choices` are `{value, text, disabled, title}`. */
export function chips(legend, name, choices, chosen) {
  return element(
    "fieldset", {}, element("legend", {}, legend),
    element("div", { className: "chips" }, choices.map((choice) =>
      element(
        "label", { title: choice.title },
        element("input", { type: "radio", name, value: choice.value, checked: choice.value === chosen, disabled: choice.disabled }),
        element("span", {}, choice.text),
      ),
    )),
  );
}

/** Add the style sheet `NAME.css`, once; resolves when it is there. */
export function styles(name) {
  const href = `/web/${name}.css`;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    document.head.append(element("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

const ICONS = {
  play: "M7 4v16l13-8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  back: "M5 4h3v16H5zM20 4v16L9 12z",
  next: "M16 4h3v16h-3zM4 4v16l11-8z",
  full: "M4 9V4h5v2H6v3zM15 4h5v5h-2V6h-3zM18 15h2v5h-5v-2h3zM6 15v3h3v2H4v-5z",
};

/** A picture on a button whose name is told otherwise. */
export const icon = (name) => svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
