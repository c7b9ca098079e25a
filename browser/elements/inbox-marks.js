// @ts-check
import { inboxMessages } from "../page/inbox-messages.js";
import { messages } from "../page/messages.js";

/** @typedef {import("../client/types.js").Row} Row */

/**
 * @typedef {import("../client/types.js").Marked & { changed?: number | null }} Held `changed`: how many
 *   notifications it has changed before it failed; null: nobody knows
 *
 * @typedef {object} Action What one undo takes back.
 * @property {Held[]} marked
 * @property {(count: number) => string} done
 * @property {boolean} isUndone
 */

/** What a person does to the rows of an inbox, which the snackbar confirms and can take back. */
export class InboxMarks {
  #client;
  #snackbar;
  /** @type {Action[]} those that the server may still refuse, and the last one */
  #actions = [];

  /**
   * @param {import("../client/client.js").NotifyClient} client
   * @param {import("../page/snackbar.js").Snackbar} snackbar
   */
  constructor(client, snackbar) {
    this.#client = client;
    this.#snackbar = snackbar;
  }

  /** @param {Row} row */
  read({ id, read }) {
    if (read === null) this.#client.mark("read", [id]);
  }

  readAll() {
    const { unread } = this.#client;
    if (unread === 0) return;
    this.#tell(inboxMessages.allRead(unread), inboxMessages.allRead, this.#client.markAll("read"));
  }

  /** All that is read in the inbox, loaded or not; and nothing that arrives meanwhile. */
  archiveRead() {
    this.#tell(inboxMessages.archivedRead, inboxMessages.archived, this.#client.markAll("archived", "through_read"));
  }

  /** @param {Row[]} rows as read; where all of them are, as unread */
  toggleRead(...rows) {
    const free = rows.filter(({ archived }) => !archived); // an archived row stays read
    const unread = free.filter(({ read }) => !read);
    if (unread.length) this.#mark("read", unread, inboxMessages.markedRead);
    else if (free.length) this.#mark("unread", free, inboxMessages.markedUnread);
  }

  /** @param {Row[]} rows to the archive; where all of them are there, back to the inbox */
  archive(...rows) {
    const free = rows.filter(({ archived }) => !archived);
    if (free.length) this.#mark("archived", free, inboxMessages.archived);
    else if (rows.length) this.#mark("unarchived", rows, inboxMessages.unarchived);
  }

  /**
   * What a swipe to this side does; empty: nothing.
   *
   * @param {Row | undefined} row
   * @param {import("./swipe.js").Side} side
   */
  swipeWord(row, side) {
    if (!row) return "";
    if (side === "left") return row.archived ? messages.unarchive : messages.archive;
    if (row.archived) return "";
    return row.read ? messages.markAsUnread : messages.markAsRead;
  }

  /**
   * @param {import("../client/types.js").MarkAs} as
   * @param {Row[]} rows
   * @param {(count: number) => string} done
   */
  #mark(as, rows, done) {
    this.#tell(done(rows.length), done, this.#client.mark(as, rows.map(({ id }) => id)));
  }

  /**
   * The server has not carried out a mark or an undo, or not for all: say what holds, and offer to
   * take that back.
   *
   * @param {{ mark: import("../client/types.js").MarkFrame | import("../client/types.js").UndoFrame, changed: number | null }} refused
   */
  refused({ mark, changed }) {
    const isUndo = mark.type === "undo";
    const ref = isUndo ? mark.mark : mark.ref;
    const { refused, partlyRefused, unconfirmed } = inboxMessages;
    const action = this.#actions.find(({ marked }) => marked.some(({ frame }) => frame.ref === ref));
    if (!action) {
      if (isUndo || mark.as !== "seen") this.#snackbar.show(refused); // nobody has pressed `seen`
      return;
    }
    // Of what it has changed, that which is not held is unknown.
    if (changed !== 0) action.marked = action.marked.map((one) => (one.frame.ref === ref ? { ...one, unseen: 0, unread: 0, changed } : one));
    else if (!isUndo) action.marked = action.marked.filter(({ frame }) => frame.ref !== ref);
    if (isUndo) return this.#offerUndo(changed === 0 ? refused : unconfirmed, action);
    if (action.isUndone) return;
    const counts = action.marked.map((one) => (one.changed === undefined ? one.rows.length : one.changed));
    if (counts.length === 0) this.#snackbar.show(refused);
    else this.#offerUndo(counts.includes(null) ? unconfirmed : partlyRefused(action.done(sum(counts))), action);
  }

  /**
   * @param {string} told
   * @param {(count: number) => string} done
   * @param {import("../client/types.js").Marked[]} marked
   */
  #tell(told, done, marked) {
    const { state, isReached } = this.#client.status;
    const isSent = state === "live" || (state === "polling" && isReached);
    const open = new Set(this.#client.unconfirmed.map((frame) => (frame.type === "undo" ? frame.mark : frame.ref)));
    const action = { marked, done, isUndone: false };
    this.#actions = [...this.#actions.filter((one) => one.marked.some(({ frame }) => open.has(frame.ref))), action];
    this.#offerUndo(isSent ? told : inboxMessages.sentLater(told), action);
  }

  /**
   * @param {string} text
   * @param {Action} action
   */
  #offerUndo(text, action) {
    const run = () => {
      action.isUndone = true;
      if (!this.#actions.includes(action)) this.#actions.push(action);
      this.#client.undo(action.marked);
    };
    this.#snackbar.show(text, { label: inboxMessages.undo, run });
  }
}

/** @param {(number | null)[]} numbers */
function sum(numbers) {
  return numbers.reduce((/** @type {number} */ all, one) => all + (one ?? 0), 0);
}
