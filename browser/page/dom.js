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
 * Sets the text where it differs: a live region announces whatever is set, the same text too.
 *
 * @param {Element | null} element
 * @param {string} text
 */
export function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
