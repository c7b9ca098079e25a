// @ts-check
import { part, write } from "../page/dom.js";

const LIMITED = ["title", "body"];

/**
 * The number of characters below the fields that take only so many.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement} aside
 */
export function addCounters(form, aside) {
  const text = /** @type {HTMLTemplateElement} */ (part(aside, ".notify-counter")).content.textContent ?? "";
  for (const name of LIMITED) {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) addCounter(control, text);
  }
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 * @param {string} text
 */
function addCounter(control, text) {
  const counter = Object.assign(document.createElement("div"), { className: "help notify-count" });
  const draw = () => {
    // As Python counts, by whole characters; `maxLength` counts UTF-16 units.
    const count = [...control.value].length;
    write(counter, text.replace("{count}", String(count)).replace("{limit}", String(control.maxLength)));
  };
  control.closest(".form-row")?.append(counter);
  control.form?.addEventListener("input", draw);
  draw();
}
