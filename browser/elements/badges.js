// @ts-check
import { dotOnIcon } from "../page/icon-dot.js";
import { badgeText } from "../page/translation.js";

let drawn = -1;

/**
 * The bell's number where it is visible without the page: in the title, on the icon of the installed
 * app, and as a dot on the page's icon where enabled.
 *
 * @param {number} count
 * @param {boolean} onIcon
 */
export function drawBadges(count, onIcon) {
  const isNew = count !== drawn;
  drawn = count;
  drawTitle();
  titles ??= watchTitle();
  if (!isNew) return;
  void navigator.setAppBadge?.(count).catch(() => undefined); // not an installed app
  if (onIcon) void dotOnIcon(count > 0);
}

/** @type {MutationObserver | undefined} */
let titles;

function drawTitle() {
  const title = titleWithBadge(document.title, drawn);
  if (title !== document.title) document.title = title;
}

/** Page libraries give a page its title after its elements. */
function watchTitle() {
  const observer = new MutationObserver(drawTitle);
  observer.observe(document.head, { subtree: true, childList: true, characterData: true });
  return observer;
}

/**
 * The page's title with this number in front, in place of an earlier one.
 *
 * @param {string} title
 * @param {number} count
 */
export function titleWithBadge(title, count) {
  const own = title.replace(/^\(\d+\+?\) /, "");
  return count === 0 ? own : `(${badgeText(count)}) ${own}`;
}
