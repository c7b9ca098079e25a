// @ts-check
import { dotOnIcon } from "../page/icon-dot.js";
import { badgeText } from "../page/translation.js";

let drawn = -1;

/**
 * The number of the unseen where a person sees it without looking at the page: in its title, on
 * the icon of the installed app, and as a dot on the page's icon where that is asked for.
 *
 * @param {number} unseen
 * @param {boolean} onIcon
 */
export function drawBadges(unseen, onIcon) {
  const isNew = unseen !== drawn;
  drawn = unseen;
  drawTitle();
  titles ??= watchTitle();
  if (!isNew) return;
  void navigator.setAppBadge?.(unseen).catch(() => undefined); // it is not installed
  if (onIcon) void dotOnIcon(unseen > 0);
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
 * The page's title with the number before it, whatever number was there.
 *
 * @param {string} title
 * @param {number} count
 */
export function titleWithBadge(title, count) {
  const own = title.replace(/^\(\d+\+?\) /, "");
  return count === 0 ? own : `(${badgeText(count)}) ${own}`;
}
