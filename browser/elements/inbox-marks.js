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
    this.#client.markAll("read");
    this.#tell(inboxMessages.allRead(unread));
  }

  /** @param {Row} row */
  toggleRead({ id, read, archived }) {
    if (archived) return; // an archived row stays read
    const [does, undoes] = read ? /** @type {const} */ (["unread", "read"]) : /** @type {const} */ (["read", "unread"]);
    this.#client.mark(does, [id]);
    this.#tell(read ? inboxMessages.markedUnread : inboxMessages.markedRead, () => this.#client.mark(undoes, [id]));
  }

  /** @param {Row} row */
  archive({ id, archived }) {
    const [does, undoes] = archived ? /** @type {const} */ (["unarchived", "archived"]) : /** @type {const} */ (["archived", "unarchived"]);
    this.#client.mark(does, [id]);
    this.#tell(archived ? inboxMessages.unarchived : inboxMessages.archived, () => this.#client.mark(undoes, [id]));
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
   * @param {() => void} [undo]
   */
  #tell(done, undo) {
    const { state, isReached } = this.#client.status;
    const isSent = state === "live" || (state === "polling" && isReached);
    this.#snackbar.show(isSent ? done : inboxMessages.sentLater(done), undo && { label: inboxMessages.undo, run: undo });
  }
}
