// @ts-check
const GAP_PX = 4;
const EDGE_PX = 8;
const PHONE_PX = 600;

/**
 * Puts a popover beside what it belongs to: below it, or above where there is more room; its end at
 * the other's end; and within the window. On a phone CSS has its place, at the foot of the screen.
 *
 * @param {HTMLElement} popover
 * @param {Element} anchor
 */
export function placeBeside(popover, anchor) {
  popover.style.removeProperty("inset");
  if (innerWidth < PHONE_PX) return;
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const room = { width: document.documentElement.clientWidth, height: innerHeight };
  const isRtl = getComputedStyle(popover).direction === "rtl";
  const { left, top } = placed(at, { width, height }, room, isRtl);
  popover.style.setProperty("inset", `${top}px auto auto ${left}px`);
}

/**
 * @param {{ left: number, right: number, top: number, bottom: number }} anchor
 * @param {{ width: number, height: number }} popover
 * @param {{ width: number, height: number }} window
 * @param {boolean} isRtl
 */
export function placed(anchor, popover, window, isRtl) {
  const below = anchor.bottom + GAP_PX;
  const above = anchor.top - GAP_PX - popover.height;
  const isBelow = below + popover.height <= window.height - EDGE_PX || window.height - anchor.bottom >= anchor.top;
  const wished = isRtl ? anchor.left : anchor.right - popover.width;
  return { left: within(wished, window.width - popover.width), top: within(isBelow ? below : above, window.height - popover.height) };
}

/**
 * @param {number} wished
 * @param {number} most
 */
function within(wished, most) {
  return Math.max(EDGE_PX, Math.min(wished, most - EDGE_PX));
}
