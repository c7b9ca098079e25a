// @ts-check
import { dotOnIcon } from "./icon-dot.js";
import { badgeText } from "./translation.js";

let drawn = -1;

/**
 * The number of the unseen where a person sees it without looking at the page: in its title, on
 * the icon of the installed app, and as a dot on the page's icon where that is asked for.
 *
 * @param {number} unseen
 * @param {boolean} onIcon
 */
export function drawBadges(unseen, onIcon) {
  const title = titleWithBadge(document.title, unseen);
  if (title !== document.title) document.title = title;
  if (unseen === drawn) return;
  drawn = unseen;
  void navigator.setAppBadge?.(unseen).catch(() => undefined); // it is not installed
  if (onIcon) void dotOnIcon(unseen > 0);
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
