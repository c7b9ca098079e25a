// @ts-check
import { say, written } from "./translation.js";

/** @param {number} ms */
function whole(ms) {
  return written(Math.max(1, Math.round(ms)));
}

/** The words that scripts put on the page. What stands still is in the templates. */
export const messages = {
  /** @param {number} count */
  unread: (count) => (count === 0 ? "" : say("{count} unread", { count: written(count) })),
  get unreadRow() { return say("Unread: "); },
  get markAsRead() { return say("Mark as read"); },
  get markAsUnread() { return say("Mark as unread"); },
  get archive() { return say("Archive"); },
  get unarchive() { return say("Move to inbox"); },
  get archived() { return say("Archived"); },
  get unarchived() { return say("Moved to inbox"); },
  get undo() { return say("Undo"); },
  get refused() { return say("That could not be saved"); },
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
  get caughtUp() { return say("All caught up"); },
  get caughtUpHint() { return say("New notifications appear here by themselves."); },
  get noneArchived() { return say("Nothing archived"); },
  get archivedHint() { return say("What you archive is kept here."); },
  get now() { return say("now"); },
  /** @param {number} count */
  minutes: (count) => say("{count} min", { count: written(count) }),
  get loading() { return say("Loading…"); },
  get moreFailed() { return say("The next ones cannot be loaded"); },
  get connecting() { return say("Connecting…"); },
  get live() { return say("Live"); },
  get reconnecting() { return say("Reconnecting…"); },
  get polling() { return say("Not live: checking every 30 seconds"); },
  get signedOut() { return say("Signed out"); },
  get otherUser() { return say("Somebody else is signed in"); },
  get stopped() { return say("Disconnected"); },
  get stoppedByError() { return say("Disconnected after an error"); },
  get noAccess() { return say("You no longer have access"); },
  get closedFromElsewhere() { return say("Closed from another of your windows"); },
  get outdated() { return say("This page is out of date"); },
  /** @param {string | null} time */
  offline: (time) => (time === null ? say("You are offline") : say("You are offline. This is from {time}", { time })),
  get reload() { return say("Reload"); },
  get reconnect() { return say("Reconnect"); },
  get cannotReach() { return say("The server does not answer. It is asked again by itself."); },
  /** @param {number} ms */
  latency: (ms) => say("{count} ms", { count: whole(ms) }),
  get sending() { return say("Sending…"); },
  /** @param {number} ms */
  arrived: (ms) => say("Back after {count} ms", { count: whole(ms) }),
  get notArrived() { return say("Sent, but not back after 10 seconds"); },
  /** @param {number} seconds */
  age: (seconds) => {
    if (seconds < 60) return messages.now;
    return seconds < 3600
      ? messages.minutes(Math.floor(seconds / 60))
      : say("{count} h", { count: written(Math.floor(seconds / 3600)) });
  },
  get thisBrowser() { return say("This browser"); },
  get unknownDevice() { return say("Unknown device"); },
  get blocked() { return say("Your browser does not allow it for this site"); },
  /** @param {number} seconds */
  tooManyTests: (seconds) => say("Too many tests: try again in {count} s", { count: written(seconds) }),
  get notSent() { return say("It could not be sent"); },
};
