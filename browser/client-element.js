// @ts-check
import { pageClient } from "./page-client.js";

/** What our elements share: the page's client, a shadow root from the server, and cleaning up. */
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
    adoptTemplate(this);
    this.ready();
  }

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
    const handle = setInterval(callback, milliseconds);
    this.connected.signal.addEventListener("abort", () => clearInterval(handle));
  }

  /**
   * A part of the shadow root, which the template must have.
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
 * The parser has made the shadow root of the template; where it was put in by a script, we do.
 *
 * @param {HTMLElement} element
 */
function adoptTemplate(element) {
  if (element.shadowRoot) return;
  const template = element.querySelector("template");
  if (template) element.attachShadow({ mode: "open" }).append(template.content.cloneNode(true));
}
