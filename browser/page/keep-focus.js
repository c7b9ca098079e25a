// @ts-check
/**
 * Shows or hides an element. A focus in what is hidden would be lost to the body, and the next Tab
 * would begin at the top of the page.
 *
 * @param {HTMLElement} element
 * @param {boolean} isShown
 * @param {() => void} heir moves the focus to where it goes on
 */
export function setShown(element, isShown, heir) {
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  const hadFocus = element.contains(root.activeElement);
  element.hidden = !isShown;
  if (!isShown && hadFocus) heir();
}
