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

test("several are archived at once, whose one undo brings back what it has archived", () => {
  const it = marking();
  it.client.mark("archived", [3]);
  it.marks.archive(...[1, 2, 3].map(it.row));
  assert.deepEqual([it.text, shown(it.client)], ["2 archived", []]);
  it.action.run();
  assert.deepEqual(shown(it.client), [2, 1]);
  it.marks.archive(it.row(3));
  it.client.mark("archived", [1, 2, 3]);
  it.marks.archive(...[1, 2, 3].map(it.row));
  assert.deepEqual([it.text, shown(it.client)], ["3 moved to inbox", [3, 2, 1]]);
  it.action.run();
  assert.deepEqual(shown(it.client), []);
});

test("several become read where some are not, else unread; of nothing nothing is said", () => {
  const it = marking();
  it.client.mark("read", [3]);
  it.marks.toggleRead(...[1, 2, 3].map(it.row));
  assert.deepEqual([it.text, it.client.unread], ["2 marked as read", 0]);
  it.action.run();
  assert.equal(it.client.unread, 2);
  it.client.mark("read", [1, 2, 3]);
  it.marks.toggleRead(...[1, 2, 3].map(it.row));
  assert.deepEqual([it.text, it.client.unread], ["3 marked as unread", 3]);
  it.action.run();
  assert.equal(it.client.unread, 0);
  it.text = null;
  it.marks.toggleRead();
  it.marks.archive();
  assert.equal(it.text, null);
});

test("more than a frame takes are several marks with one undo", () => {
  const it = marking();
  const many = Array.from({ length: 1100 }, (_, index) => row(index + 10));
  it.socket.says(inbox(3, 1200, many, { unseen: 1103, unread: 1103 }));
  it.marks.archive(...many);
  assert.deepEqual(sent(it).map(([as, ids]) => [as, ids.length]), [["archived", 500], ["archived", 500], ["archived", 100]]);
  assert.deepEqual([it.text, shown(it.client)], ["1,100 archived", [3, 2, 1]]);
  it.action.run();
  assert.deepEqual([it.socket.sentOf("undo").length, shown(it.client).length], [3, 1103]);
});

test("all that is read is archived, through the version that is held, and can be taken back", () => {
  const it = marking();
  it.client.mark("read", [1, 3]);
  it.marks.archiveRead();
  assert.deepEqual([it.text, shown(it.client), it.client.unread], ["All read notifications archived", [2], 1]);
  const { ref, ...frame } = it.socket.sentOf("mark").at(-1);
  assert.deepEqual(frame, { type: "mark", as: "archived", epoch: "e1", through_read: 3 });
  it.action.run();
  assert.deepEqual(shown(it.client), [3, 2, 1]);
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
