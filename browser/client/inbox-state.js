// @ts-check
/** @typedef {import("./types.js").InboxState} InboxState */
/** @typedef {import("./types.js").Row} Row */

/** @returns {InboxState} */
export function emptyInbox() {
  return { epoch: null, version: 0, unseen: 0, unread: 0, badge: 0, rows: new Map(), edge: null, resets: 0 };
}

/**
 * Applies one `inbox` frame. Pure and idempotent.
 *
 * @param {InboxState} state
 * @param {import("./types.js").InboxFrame} frame
 * @returns {{ outcome: "applied" | "ignored" | "gap", state: InboxState }}
 */
export function applyInbox(state, frame) {
  if (frame.reset) return { outcome: "applied", state: replaced(state, frame) };
  if (frame.epoch !== state.epoch || frame.from > state.version) return { outcome: "gap", state };
  if (frame.to <= state.version) return { outcome: "ignored", state };
  const { unseen, unread, badge = unseen } = frame;
  const rows = merged(state.rows, frame.notifications);
  return { outcome: "applied", state: { ...state, version: frame.to, unseen, unread, badge, rows } };
}

/**
 * Applies a page loaded over HTTP: its rows, and the window's edge. Its counts and version belong to
 * another moment and are ignored; so is the page if the inbox was reset since the request.
 *
 * @param {InboxState} state
 * @param {import("./types.js").Page} page
 * @param {number} resets `state.resets` when the page was asked for
 * @returns {InboxState}
 */
export function applyPage(state, page, resets) {
  if (resets !== state.resets || page.epoch !== state.epoch) return state;
  return { ...state, rows: merged(state.rows, page.notifications), edge: page.next ?? 0 };
}

/**
 * Adds rows that a query found, without showing them in the window.
 *
 * @param {InboxState} state
 * @param {import("./types.js").Page} page
 * @param {number} resets `state.resets` when the page was asked for
 * @returns {InboxState | null} null where the page is void
 */
export function learnPage(state, page, resets) {
  if (resets !== state.resets || page.epoch !== state.epoch) return null;
  return { ...state, rows: merged(state.rows, page.notifications) };
}

/**
 * The window as shown: newest first, without archived and recalled rows.
 *
 * @param {ReadonlyMap<number, Row>} rows
 * @param {number | null} edge
 * @returns {Row[]}
 */
export function shownRows(rows, edge) {
  const shown = [];
  for (const row of rows.values()) {
    if (row.arrived >= (edge ?? 0) && !row.archived && !row.recalled) shown.push(row);
  }
  return shown.sort((one, other) => other.arrived - one.arrived);
}

/**
 * @param {InboxState} state
 * @param {import("./types.js").InboxFrame} frame
 * @returns {InboxState}
 */
function replaced(state, frame) {
  return {
    epoch: frame.epoch,
    version: frame.to,
    unseen: frame.unseen,
    unread: frame.unread,
    badge: frame.badge ?? frame.unseen,
    rows: merged(new Map(), frame.notifications),
    edge: frame.next ?? 0,
    resets: state.resets + 1,
  };
}

/**
 * @param {ReadonlyMap<number, Row>} held
 * @param {Row[]} rows
 */
function merged(held, rows) {
  const result = new Map(held);
  for (const row of rows) {
    const old = result.get(row.id);
    if (!old || row.version > old.version) result.set(row.id, row);
  }
  return result;
}
