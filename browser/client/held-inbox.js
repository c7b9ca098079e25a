// @ts-check
import { applyMarks, beforeMark } from "./apply-marks.js";
import { applyInbox, applyPage, emptyInbox, learnPage, shownRows } from "./inbox-state.js";
import { MarkQueue } from "./mark-queue.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").MarkFrame} MarkFrame */
/** @typedef {import("./types.js").Command} Command */
/** @typedef {import("./types.js").Marked} Marked */

/** What is held of the inbox: what the server has said, and the marks that are under way on top. */
export class HeldInbox {
  #now;
  #marks;
  #said = emptyInbox();
  #view = this.#said;
  /** @type {Row[] | null} */
  #shown = null;

  /** @type {Set<number>} the ids of rows with `fallback` that were asked for again */
  #askedAgain = new Set();

  /** From which version on every change is known. */
  #since = 0;

  /**
   * @param {() => number} now milliseconds since 1970
   * @param {string} [prefix] of the refs of marks
   */
  constructor(now, prefix = "") {
    this.#now = now;
    this.#marks = new MarkQueue(prefix);
  }

  get epoch() { return this.#said.epoch; }
  get version() { return this.#said.version; }
  get edge() { return this.#said.edge; }
  get resets() { return this.#said.resets; }
  get unseen() { return this.#view.unseen; }
  get unread() { return this.#view.unread; }
  get badge() { return this.#view.badge; }
  get marks() { return this.#marks; }
  /** Every row that is held, in no order; also the archived and the recalled. */
  get rows() { return [...this.#view.rows.values()]; }

  get shown() {
    this.#shown ??= shownRows(this.#view.rows, this.#view.edge);
    return this.#shown;
  }

  /**
   * @param {import("./types.js").InboxFrame} frame
   * @returns {{ outcome: "applied" | "ignored" | "gap", fresh: Row[] }} `fresh`: what has newly
   *   arrived, in order; empty where there is nothing to compare with
   */
  apply(frame) {
    const before = this.#said;
    const { outcome, state } = applyInbox(before, frame);
    if (outcome !== "applied") return { outcome, fresh: [] };
    const sameLife = before.epoch === state.epoch;
    if (frame.reset) this.#since = frame.to;
    if (!sameLife) this.#marks.forgetConfirmed();
    this.#become(state);
    return { outcome, fresh: sameLife ? freshRows(frame.notifications, before.version) : [] };
  }

  /**
   * Take over the server's counts, if it has the version that is held: they may be missing a badge,
   * if a process of an earlier release has told them.
   *
   * @param {Omit<import("./types.js").Counts, "badge"> & { epoch: string, version: number, badge?: number }} hello
   * @returns {boolean} whether that has changed anything
   */
  agree({ epoch, version, unseen, unread, badge = unseen }) {
    const said = this.#said;
    if (epoch !== said.epoch || version !== said.version) return false;
    if (unseen === said.unseen && unread === said.unread && badge === said.badge) return false;
    this.#become({ ...said, unseen, unread, badge });
    return true;
  }

  /** Whether a row with `fallback` is held that was not asked for again yet; from now on it was. */
  asksAgain() {
    const before = this.#askedAgain.size;
    for (const { id, fallback } of this.#said.rows.values()) if (fallback) this.#askedAgain.add(id);
    return this.#askedAgain.size > before;
  }

  /**
   * @param {import("./types.js").Page} page
   * @param {number} resets `resets` when the page was asked for
   */
  addPage(page, resets) {
    this.#become(applyPage(this.#said, page, resets));
  }

  /**
   * @param {import("./types.js").Page} page what a query has found
   * @param {number} resets `resets` when it was asked for
   * @returns {boolean} false where the page is void
   */
  learn(page, resets) {
    const said = learnPage(this.#said, page, resets);
    if (said) this.#become(said);
    return said !== null;
  }

  /**
   * @param {Omit<MarkFrame, "type" | "ref">} mark
   * @returns {Marked}
   */
  mark(mark) {
    const { epoch, version } = this.#said;
    const frame = this.#marks.add({ type: "mark", ...mark });
    const marked = { frame, epoch, since: version, ...beforeMark(this.#view, frame) };
    this.#become(this.#said);
    return marked;
  }

  /** @param {Marked} marked */
  undo(marked) {
    const { frame: { ref }, since } = marked;
    const epoch = marked.epoch ?? this.#said.epoch;
    const at = this.#marks.has(ref) ? -1 : this.#said.version;
    if (epoch !== null) this.#marks.add({ type: "undo", mark: ref, epoch, since }, { ...marked, at });
    this.#become(this.#said);
  }

  /** The bell was opened. */
  opened() {
    const { epoch, version } = this.#said;
    if (epoch !== null) this.#marks.add({ type: "opened", epoch, through: version });
    this.#become(this.#said);
  }

  /** @param {Command} frame of an earlier page */
  resume(frame) {
    this.#marks.resume(frame);
    this.#become(this.#said);
  }

  /**
   * @param {string} ref
   * @param {number} version
   */
  done(ref, version) {
    this.#marks.done(ref, version);
    this.#become(this.#said);
  }

  /**
   * @param {string | null} ref
   * @returns {{ frame: Command, again: boolean } | null} what does not hold any more
   */
  refuse(ref) {
    const refused = this.#marks.refuse(ref);
    if (refused) this.#become(this.#said);
    return refused;
  }

  /**
   * What happened since, in the form of the server's frame; null where nothing newer is known.
   *
   * @param {{ epoch: string, since: number } | null} cursor
   * @returns {import("./types.js").InboxFrame | null}
   */
  catchUp(cursor) {
    const { epoch, version, unseen, unread, badge, rows, edge } = this.#said;
    if (epoch === null) return null;
    const since = cursor?.epoch === epoch ? cursor.since : -1;
    if (since >= version) return null;
    const said = { type: /** @type {const} */ ("inbox"), epoch, to: version, unseen, unread, badge };
    if (since >= this.#since) {
      return { ...said, from: since, notifications: [...rows.values()].filter((row) => row.version > since) };
    }
    return { ...said, from: 0, notifications: shownRows(rows, edge), reset: true, next: edge || null };
  }

  /** Another user signed in: nothing that is held is theirs. */
  forget() {
    this.#marks.clear();
    this.#become({ ...emptyInbox(), resets: this.#said.resets + 1 });
  }

  /** @param {import("./types.js").InboxState} said */
  #become(said) {
    this.#said = said;
    this.#marks.settle(said.epoch, said.version);
    this.#view = applyMarks(said, this.#marks.inForce, new Date(this.#now()).toISOString());
    this.#shown = null;
  }
}

/**
 * @param {Row[]} rows
 * @param {number} version what was held before: what arrived above it is new
 */
function freshRows(rows, version) {
  return rows
    .filter((row) => row.arrived > version && !row.recalled && !row.archived)
    .sort((one, other) => one.arrived - other.arrived);
}
