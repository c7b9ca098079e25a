// @ts-check

/**
 * The element that the selector finds, which the template must have.
 *
 * @param {ParentNode} parent
 * @param {string} selector
 */
export function part(parent, selector) {
  return /** @type {HTMLElement} */ (parent.querySelector(selector));
}

/**
 * A copy of what is in the `<template>` with this id.
 *
 * @param {NonElementParentNode} root
 * @param {string} id
 */
export function clone(root, id) {
  const template = /** @type {HTMLTemplateElement} */ (root.getElementById(id));
  return /** @type {DocumentFragment} */ (template.content.cloneNode(true));
}

/**
 * Moves the focus out of a popover that is closing, for its `beforetoggle`: what is hidden never has it, and
 * no key is pressed in there. Browsers restore it themselves, but not out of every shadow root. A focus that
 * has gone elsewhere by then, as by a click, stays there.
 *
 * @param {HTMLElement} popover
 * @param {HTMLElement} from where it came from
 */
export function giveFocusBack(popover, from) {
  const { activeElement } = /** @type {ShadowRoot} */ (popover.getRootNode());
  if (popover.contains(activeElement) || document.activeElement === document.body) from.focus({ preventScroll: true });
}

/**
 * Sets the text where it differs: a live region announces whatever is set, the same text too.
 *
 * @param {Element | null} element
 * @param {string} text
 */
export function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
