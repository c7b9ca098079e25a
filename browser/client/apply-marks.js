// @ts-check
/** @typedef {import("./types.js").InboxState} InboxState */
/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").MarkFrame} MarkFrame */
/** @typedef {import("./types.js").OpenedFrame} OpenedFrame */
/** @typedef {import("./types.js").Marked} Marked */

const NOW = "now"; // any time: only whether there is one counts

/** @typedef {Marked & { at: number }} Undone at: the version whose counts lack what is not held */

/**
 * The server's state with unconfirmed marks applied. The state itself is not changed: a refused mark
 * is undone by leaving it out.
 *
 * @param {InboxState} state
 * @param {(MarkFrame | OpenedFrame | Undone)[]} marks in the order in which they were made
 * @param {string} now RFC 3339
 * @returns {InboxState}
 */
export function applyMarks(state, marks, now) {
  return marks.reduce((marked, mark) => ("at" in mark ? applyUndo(marked, mark) : applyMark(marked, mark, now)), state);
}

/**
 * @param {InboxState} state
 * @param {MarkFrame | OpenedFrame} mark
 * @param {string} now
 * @returns {InboxState}
 */
function applyMark(state, mark, now) {
  if (mark.type === "opened") return { ...state, badge: Math.min(state.badge, ringing(state.rows, mark.through)) };
  const rows = new Map(state.rows);
  const opened = openedThrough(state);
  let { unseen, unread, badge } = state;
  for (const row of touched(state, mark)) {
    const changed = markRow(row, mark.as, now);
    const more = countsUnseen(changed) - countsUnseen(row);
    unseen += more;
    unread += countsUnread(changed) - countsUnread(row);
    if (row.arrived > opened) badge += more;
    rows.set(row.id, changed);
  }
  if (mark.through !== undefined) {
    // It covers rows that are not held, too. They are older than the window: what counts is held.
    ({ unseen, unread } = countsOf(rows));
    if (mark.as === "seen") unread = state.unread;
    badge = ringing(rows, opened);
  }
  return { ...state, rows, unseen: Math.max(0, unseen), unread: Math.max(0, unread), badge: Math.max(0, badge) };
}

/**
 * The badge counts the newest of the unseen: those that arrived above this version.
 *
 * @param {InboxState} state
 * @returns {number}
 */
function openedThrough({ rows, badge }) {
  const arrivals = [...rows.values()].flatMap((row) => (countsUnseen(row) ? row.arrived : []));
  return arrivals.sort((one, other) => other - one)[badge] ?? 0;
}

/**
 * @param {ReadonlyMap<number, Row>} rows
 * @param {number} opened
 */
function ringing(rows, opened) {
  let count = 0;
  for (const row of rows.values()) if (row.arrived > opened) count += countsUnseen(row);
  return count;
}

/**
 * What a mark is about to change.
 *
 * @param {InboxState} state
 * @param {MarkFrame} mark
 * @returns {Pick<Marked, "rows" | "unseen" | "unread" | "opened">}
 */
export function beforeMark(state, mark) {
  const rows = touched(state, mark).filter((row) => flags(row) !== flags(markRow(row, mark.as, NOW)));
  const opened = openedThrough(state);
  if (mark.through === undefined) return { rows, unseen: 0, unread: 0, opened };
  const held = countsOf(state.rows);
  return { rows, opened, unseen: state.unseen - held.unseen, unread: mark.as === "seen" ? 0 : state.unread - held.unread };
}

/**
 * Rows go back where they are still as the mark left them.
 *
 * @param {InboxState} state
 * @param {Undone} undone
 * @returns {InboxState}
 */
function applyUndo(state, undone) {
  const rows = new Map(state.rows);
  const opened = Math.max(undone.opened, openedThrough(state));
  let { unseen, unread, badge } = state;
  if (undone.at === state.version) {
    unseen += undone.unseen;
    unread += undone.unread;
  }
  for (const was of undone.rows) {
    const row = rows.get(was.id);
    if (!row || row.recalled || flags(row) !== flags(markRow(was, undone.frame.as, NOW))) continue;
    const { seen, read, archived } = was;
    const changed = { ...row, seen, read, archived };
    const more = countsUnseen(changed) - countsUnseen(row);
    unseen += more;
    unread += countsUnread(changed) - countsUnread(row);
    if (row.arrived > opened) badge += more;
    rows.set(row.id, changed);
  }
  return { ...state, rows, unseen, unread, badge };
}

/**
 * @param {InboxState} state
 * @param {MarkFrame} mark
 * @returns {Row[]}
 */
function touched(state, mark) {
  const { ids, through_read = 0, through = through_read } = mark;
  if (ids) return [...new Set(ids)].flatMap((id) => state.rows.get(id) ?? []);
  return [...state.rows.values()].filter((row) => row.arrived <= through && (row.read || !through_read));
}

/** @param {ReadonlyMap<number, Row>} rows */
function countsOf(rows) {
  let unseen = 0;
  let unread = 0;
  for (const row of rows.values()) {
    unseen += countsUnseen(row);
    unread += countsUnread(row);
  }
  return { unseen, unread };
}

/**
 * @param {Row} row
 * @param {import("./types.js").MarkAs} as
 * @param {string} now
 * @returns {Row}
 */
function markRow(row, as, now) {
  const seen = row.seen ?? now;
  const read = row.read ?? now;
  switch (as) {
    case "seen":
      return { ...row, seen };
    case "read":
      return { ...row, seen, read };
    case "archived":
      return { ...row, seen, read, archived: row.archived ?? now };
    case "unarchived":
      return { ...row, seen, archived: null };
    case "unread":
      return row.archived || row.recalled ? row : { ...row, read: null };
  }
}

/** @param {Row} row */
function flags({ seen, read, archived }) {
  return [seen, read, archived].map(Boolean).join();
}

/** @param {Row} row */
function countsUnseen(row) {
  return row.seen || row.archived || row.recalled ? 0 : 1;
}

/** @param {Row} row */
function countsUnread(row) {
  return row.read || row.archived || row.recalled ? 0 : 1;
}
