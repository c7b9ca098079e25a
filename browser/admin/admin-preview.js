// @ts-check
import { RowView } from "../elements/row-view.js";
import { clone, part } from "../page/dom.js";
import { translate } from "../page/translation.js";

/** @typedef {Pick<import("../client/types.js").Row, "title" | "body" | "level" | "category" | "url" | "actions">} Said */

const LOUD = new Set(["error", "critical"]);
const LOOKS = ["light", "dark"];
const NOTHING = { open: () => undefined, toggleRead: () => undefined, archive: () => undefined, more: () => undefined };

/** A notice as its recipients see it: the bell's row and the toast, in light and in dark. */
export class NotifyPreview extends HTMLElement {
  connectedCallback() {
    if (!this.shadowRoot) return; // a browser without declarative shadow roots
    const { row, texts } = JSON.parse(this.querySelector("script")?.textContent ?? "{}");
    translate(texts ?? {});
    this.show(row);
  }

  /** @param {Said} said */
  show(said) {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    said = { ...said, title: said.title || (this.dataset.untitled ?? "") };
    for (const [n, look] of LOOKS.entries()) {
      const pane = part(root, `[data-look="${look}"]`);
      part(pane, ".bell-row").replaceChildren(new RowView(wholeRow(said, n + 1), root, NOTHING).element);
      part(pane, ".toast-place").replaceChildren(...(LOUD.has(said.level) ? [toast(said, root)] : []));
    }
    part(root, ".quiet-level").hidden = LOUD.has(said.level);
  }
}

/**
 * @param {Said} said
 * @param {number} id
 * @returns {import("../client/types.js").Row}
 */
function wholeRow(said, id) {
  const none = { expires: null, seen: null, read: null, archived: null, recalled: null, actor: null };
  const created = new Date().toISOString();
  return { ...none, ...said, url: said.url || null, id, arrived: id, version: id, kind: "", data: {}, created };
}

/**
 * @param {Said} said
 * @param {ShadowRoot} root
 */
function toast({ level, title, body }, root) {
  const made = clone(root, "toast");
  const element = part(made, ".toast");
  element.dataset.level = level;
  part(made, ".level").append(clone(root, `icon-${level}`));
  part(made, ".toast-title").textContent = title;
  part(made, ".toast-body").textContent = body;
  return made;
}

if (!customElements.get("notify-preview")) customElements.define("notify-preview", NotifyPreview);
