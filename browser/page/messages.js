// @ts-check
import { say, written } from "./translation.js";

/** The words that scripts put on every page. What stands still is in the templates. */
export const messages = {
  get unreadRow() { return say("Unread: "); },
  /** @param {string} level in words */
  unreadAtLevel: (level) => say("Unread, {level}: ", { level }),
  get markAsRead() { return say("Mark as read"); },
  get markAsUnread() { return say("Mark as unread"); },
  get archive() { return say("Archive"); },
  get unarchive() { return say("Move to inbox"); },
  /** @param {number} count */
  fresh: (count) => say("{count} new", { count: written(count) }),
  /**
   * @param {number} count
   * @param {number} critical how many of them
   */
  freshCritical: (count, critical) => say("{count} new, {critical} critical", { count: written(count), critical: written(critical) }),
  /** @param {number} count */
  moreToasts: (count) => say("+{count} more", { count: written(count) }),
  get panelFailed() { return say("Couldn't load your notifications"); },
  get tryAgain() { return say("Try again"); },
  get offlineNow() { return say("You're offline"); },
  /** @param {string} title */
  oneNew: (title) => say("New notification: {title}", { title }),
  /** @param {string} title */
  critical: (title) => say("Critical: {title}", { title }),
  get now() { return say("now"); },
  /** @param {number} count */
  minutes: (count) => say("{count} min", { count: written(count) }),
};
