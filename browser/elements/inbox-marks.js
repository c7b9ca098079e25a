// @ts-check
import { inboxMessages } from "../page/inbox-messages.js";
import { messages } from "../page/messages.js";

/** @typedef {import("../client/types.js").Row} Row */

/** What a person does to the rows of an inbox, which the snackbar confirms and can take back. */
export class InboxMarks {
  #client;
  #snackbar;

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
    this.#tell(inboxMessages.allRead(unread), this.#client.markAll("read"));
  }

  /** All that is read in the inbox, loaded or not; and nothing that arrives meanwhile. */
  archiveRead() {
    this.#tell(inboxMessages.archivedRead, this.#client.markAll("archived", "through_read"));
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
    this.#tell(done(rows.length), this.#client.mark(as, rows.map(({ id }) => id)));
  }

  /**
   * @param {string} done
   * @param {import("../client/types.js").Marked[]} marked
   */
  #tell(done, marked) {
    const { state, isReached } = this.#client.status;
    const isSent = state === "live" || (state === "polling" && isReached);
    this.#snackbar.show(isSent ? done : inboxMessages.sentLater(done), { label: inboxMessages.undo, run: () => this.#client.undo(marked) });
  }
}
