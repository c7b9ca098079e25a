import assert from "node:assert/strict";
import { test } from "node:test";
import { InboxMarks } from "../../../browser/elements/inbox-marks.js";
import { inbox, liveWorld, row, shown } from "../fakes.js";

/** The marks of a live inbox with rows 3, 2, 1, and what its snackbar shows. */
function marking() {
  const it = liveWorld();
  const snackbar = { show: (text, action) => Object.assign(it, { text, action }) };
  return Object.assign(it, { text: null, marks: new InboxMarks(it.client, snackbar), row: (id) => it.client.rows.find((one) => one.id === id) });
}

const sent = ({ socket }) => socket.sentOf("mark").map(({ as, ids }) => [as, ids]);

test("what is archived can be taken back, and the archive's own too", () => {
  const it = marking();
  it.marks.archive(it.row(2));
  assert.deepEqual([it.text, shown(it.client)], ["Archived", [3, 1]]);
  it.action.run();
  assert.deepEqual(shown(it.client), [3, 2, 1]);
  it.client.mark("archived", [2]);
  it.marks.archive(it.row(2));
  assert.deepEqual([it.text, shown(it.client)], ["Moved to inbox", [3, 2, 1]]);
  it.action.run();
  assert.deepEqual(shown(it.client), [3, 1]);
});

test("read and unread take each other back", () => {
  const it = marking();
  it.marks.toggleRead(it.row(2));
  assert.deepEqual([it.text, it.client.unread], ["Marked as read", 2]);
  it.action.run();
  assert.equal(it.client.unread, 3);
  it.client.mark("read", [2]);
  it.marks.toggleRead(it.row(2));
  assert.deepEqual([it.text, it.client.unread], ["Marked as unread", 3]);
  it.action.run();
  assert.equal(it.client.unread, 2);
});

test("an archived row stays read, and what was opened is read once and says nothing", () => {
  const it = marking();
  it.marks.toggleRead(row(9, { archived: "x", read: "x" }));
  it.marks.read(it.row(2));
  it.marks.read(it.row(2));
  assert.deepEqual(sent(it), [["read", [2]]]);
  assert.equal(it.text, null);
});

test("all that are unread are counted, and can be taken back", () => {
  const it = marking();
  it.marks.readAll();
  assert.deepEqual([it.text, it.client.unread], ["3 marked as read", 0]);
  it.action.run();
  assert.equal(it.client.unread, 3);
  it.text = null;
  it.marks.readAll();
  it.text = null;
  it.marks.readAll();
  assert.equal(it.text, null);
});

test("without a connection it says that it is sent later", () => {
  const it = marking();
  it.socket.ends(1006);
  it.marks.archive(it.row(2));
  assert.equal(it.text, "Archived. Will be sent later.");
});

test("a swipe says what it does, and to the right does nothing in the archive", () => {
  const { marks } = marking();
  const words = (fields) => ["left", "right"].map((side) => marks.swipeWord(row(1, fields), side));
  assert.deepEqual(words({}), ["Archive", "Mark as read"]);
  assert.deepEqual(words({ read: "x" }), ["Archive", "Mark as unread"]);
  assert.deepEqual(words({ archived: "x", read: "x" }), ["Move to inbox", ""]);
  assert.equal(marks.swipeWord(undefined, "left"), "");
});
