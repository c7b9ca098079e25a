// @ts-check
import { elementCame, pageClient } from "../page/page-client.js";

const AGAIN_MS = 5000;

/**
 * Base class of our elements: the page's client, a shadow root from the server, and cleaning up. An
 * element that is moved within the page starts over, with fresh parts.
 */
export class ClientElement extends HTMLElement {
  /** Ends every listener when the element leaves the page. */
  connected = new AbortController();
  /** @type {Map<string, Element>} found before: among a thousand rows, finding takes its time */
  #parts = new Map();

  get client() {
    return pageClient();
  }

  connectedCallback() {
    this.connected = new AbortController();
    this.#parts.clear();
    if (!fillRoot(this) && this.dataset.config) void fetchAnew(this);
    else if (elementCame(this)) this.ready();
  }

  /** Moved by `moveBefore`, which keeps all as it is: nothing begins anew. */
  connectedMoveCallback() {}

  disconnectedCallback() {
    this.connected.abort();
  }

  /** Called when the element is on the page: find the parts, listen, draw. */
  ready() {}

  /**
   * @param {EventTarget} target
   * @param {string[]} types
   * @param {(event: any) => void} listener
   */
  listen(target, types, listener) {
    for (const type of types) target.addEventListener(type, listener, { signal: this.connected.signal });
  }

  /**
   * @param {() => void} callback
   * @param {number} milliseconds
   */
  every(callback, milliseconds) {
    const { signal } = this.connected;
    if (signal.aborted) return; // removed while its module was loading
    const handle = setInterval(callback, milliseconds);
    signal.addEventListener("abort", () => clearInterval(handle));
  }

  /**
   * Runs once, unless the element has been removed by then.
   *
   * @param {() => void} callback
   * @param {number} milliseconds
   */
  later(callback, milliseconds) {
    const { signal } = this.connected;
    return setTimeout(() => signal.aborted || callback(), milliseconds);
  }

  /**
   * Finds a part of the shadow root, which the template must have.
   *
   * @template {Element} [Part=HTMLElement]
   * @param {string} selector
   * @returns {Part}
   */
  find(selector) {
    const part = this.#parts.get(selector) ?? this.shadowRoot?.querySelector(selector);
    if (!part) throw new Error(`<${this.localName}> has no ${selector} in its template.`);
    this.#parts.set(selector, part);
    return /** @type {Part} */ (/** @type {unknown} */ (part));
  }
}

/**
 * The HTML parser turns the template into the shadow root and removes it. This puts it back: copies
 * of the element (snapshots of Turbo and htmx, `cloneNode`, `innerHTML`) have no shadow root, and a
 * moved element needs a new one. Rows are private and are drawn again, so they are left out.
 *
 * @param {HTMLElement} element
 * @returns {boolean} whether there is one
 */
function fillRoot(element) {
  const template = element.querySelector("template");
  const root = element.shadowRoot;
  if (template) {
    (root ?? element.attachShadow({ mode: "open" })).replaceChildren(template.content.cloneNode(true));
  } else if (root) {
    const kept = document.createElement("template");
    kept.content.append(...[...root.childNodes].map((node) => node.cloneNode(true)));
    kept.content.querySelector(".rows")?.replaceChildren();
    element.append(kept);
  }
  return !!(template ?? root);
}

/**
 * Replaces an element that was copied before this script had run, as in a page library's snapshot of
 * a page that was left early: it has neither template nor shadow root, and the server has both. What
 * fails is tried again.
 *
 * @param {ClientElement} element
 */
async function fetchAnew(element) {
  const { signal } = element.connected;
  const html = await fetch(location.href)
    .then((answer) => answer.text())
    .catch(() => null);
  if (signal.aborted) return;
  if (html === null) return void element.later(() => fetchAnew(element), AGAIN_MS);
  const page = new DOMParser().parseFromString(html, "text/html");
  const nth = [...document.querySelectorAll(element.localName)].indexOf(element);
  const several = page.querySelectorAll(element.localName);
  const found = several[nth] ?? several[0];
  if (!found?.querySelector("template")) throw new Error(`<${element.localName}> has no template.`);
  element.replaceWith(found);
}
