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

  /** @param {Row} row */
  toggleRead({ id, read, archived }) {
    if (archived) return; // an archived row stays read
    this.#tell(read ? inboxMessages.markedUnread : inboxMessages.markedRead, this.#client.mark(read ? "unread" : "read", [id]));
  }

  /** @param {Row} row */
  archive({ id, archived }) {
    this.#tell(archived ? inboxMessages.unarchived : inboxMessages.archived, this.#client.mark(archived ? "unarchived" : "archived", [id]));
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
   * @param {string} done
   * @param {import("../client/types.js").Marked[]} marked
   */
  #tell(done, marked) {
    const { state, isReached } = this.#client.status;
    const isSent = state === "live" || (state === "polling" && isReached);
    this.#snackbar.show(isSent ? done : inboxMessages.sentLater(done), { label: inboxMessages.undo, run: () => this.#client.undo(marked) });
  }
}
