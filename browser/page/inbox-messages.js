// @ts-check
import { say, written } from "./translation.js";

/** The words of the inbox's page, which a page with only the bell does not need. */
export const inboxMessages = {
  /** @param {number} count */
  unread: (count) => (count === 0 ? "" : say("{count} unread", { count: written(count) })),
  /** @param {number} count */
  archived: (count) => (count === 1 ? say("Archived") : say("{count} archived", { count: written(count) })),
  /** @param {number} count */
  unarchived: (count) => (count === 1 ? say("Moved to inbox") : say("{count} moved to inbox", { count: written(count) })),
  get archivedRead() { return say("All read notifications archived"); },
  get undo() { return say("Undo"); },
  /** @param {number} count */
  allRead: (count) => (count === 1 ? say("1 marked as read") : say("{count} marked as read", { count: written(count) })),
  /** @param {number} count */
  markedRead: (count) => (count === 1 ? say("Marked as read") : say("{count} marked as read", { count: written(count) })),
  /** @param {number} count */
  markedUnread: (count) => (count === 1 ? say("Marked as unread") : say("{count} marked as unread", { count: written(count) })),
  /** @param {string} done */
  sentLater: (done) => say("{done}. Will be sent later.", { done }),
  get refused() { return say("Couldn't save the change"); },
  /** @param {string} done */
  partlyRefused: (done) => say("{done}. Couldn't save the rest.", { done }),
  get unconfirmed() { return say("Couldn't confirm that everything was saved"); },
  get menuFailed() { return say("Couldn't load the menu"); },
  get caughtUp() { return say("All caught up"); },
  get caughtUpHint() { return say("New notifications appear here automatically."); },
  get noneArchived() { return say("Nothing archived"); },
  get archivedHint() { return say("Archived notifications are kept here."); },
  get loading() { return say("Loading…"); },
  get searching() { return say("Searching…"); },
  /**
   * @param {number} count
   * @param {boolean} hasMore
   */
  results: (count, hasMore) => {
    if (hasMore) return say("More than {count} results", { count: written(count) });
    return count === 1 ? say("1 result") : say("{count} results", { count: written(count) });
  },
  /**
   * @param {number} count
   * @param {number} held
   */
  heldResults: (count, held) => say("{results} in the latest {held} notifications. The rest couldn't be searched.", {
    results: inboxMessages.results(count, false), held: written(held),
  }),
  /** @type {Record<import("../client/types.js").Query["tab"], () => string>} */
  searched: {
    all: () => say("The archive wasn't searched."),
    unread: () => say("Only unread notifications were searched."),
    archived: () => say("Only the archive was searched."),
  },
  get moreFailed() { return say("Couldn't load older notifications"); },
  get inboxFailed() { return say("Couldn't load your inbox"); },
  get viewFailed() { return say("Couldn't load these notifications"); },
  get cannotReach() { return say("The server isn't responding. Retrying automatically."); },
  get connecting() { return say("Connecting…"); },
  get live() { return say("Live"); },
  get reconnecting() { return say("Reconnecting…"); },
  get polling() { return say("Live updates paused. Checking every 30 seconds."); },
  /** @param {string | null} time */
  unreachable: (time) => (time === null
    ? say("Server not reachable. Changes are kept and sent later.")
    : say("Server not reachable since {time}. Changes are kept and sent later.", { time })),
  get signedOut() { return say("Signed out"); },
  get otherUser() { return say("Someone else is signed in"); },
  get stopped() { return say("Disconnected"); },
  get stoppedByError() { return say("Disconnected because of an error"); },
  get noAccess() { return say("You no longer have access"); },
  get closedFromElsewhere() { return say("Disconnected from another device"); },
  get outdated() { return say("A new version is available"); },
  get offline() { return say("You're offline"); },
  /**
   * @param {string} state
   * @param {string | null} time
   */
  stale: (state, time) => {
    if (time === null) return state;
    return `${state.endsWith("…") ? state : `${state}.`} ${say("Last updated {time}", { time })}`;
  },
  get reload() { return say("Reload"); },
  get reconnect() { return say("Reconnect"); },
  /** @param {number} ms */
  latency: (ms) => say("{count} ms", { count: whole(ms) }),
  get sending() { return say("Sending…"); },
  /** @param {number} ms */
  arrived: (ms) => say("Delivered in {count} ms", { count: whole(ms) }),
  get notArrived() { return say("Sent, but not received within 10 seconds"); },
  /** @param {number} seconds */
  tooManyTests: (seconds) => say("Too many tests. Try again in {count} s.", { count: written(seconds) }),
  get notSent() { return say("Couldn't send"); },
  /** @param {number} seconds */
  age: (seconds) => {
    if (seconds < 60) return say("now");
    return seconds < 3600
      ? say("{count} min", { count: written(Math.floor(seconds / 60)) })
      : say("{count} h", { count: written(Math.floor(seconds / 3600)) });
  },
  get thisBrowser() { return say("This browser"); },
  get unknownDevice() { return say("Unknown device"); },
  get blocked() { return say("Notifications are blocked in your browser for this site"); },
};

/** @param {number} ms */
function whole(ms) {
  return written(Math.max(1, Math.round(ms)));
}
