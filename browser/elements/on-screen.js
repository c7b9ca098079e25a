// @ts-check
/**
 * Whether a row, or any row, is on the screen: in an inbox, or in the open panel of a bell.
 *
 * @param {number} [id]
 */
export function isOnScreen(id) {
  const which = id === undefined ? "article" : `[data-id="${id}"]`;
  return [...document.querySelectorAll("notify-inbox, notify-bell")].some((element) => {
    const row = element.shadowRoot?.querySelector(`.rows ${which}`);
    return Boolean(row?.checkVisibility()) && isInWindow(/** @type {Element} */ (row));
  });
}

/** @param {Element} row whose larger half must be inside */
function isInWindow(row) {
  const { top, bottom, height } = row.getBoundingClientRect();
  return Math.min(bottom, innerHeight) - Math.max(top, 0) > height / 2;
}
