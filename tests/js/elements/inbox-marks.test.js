import assert from "node:assert/strict";
import { test } from "node:test";
import { InboxMarks } from "../../../browser/elements/inbox-marks.js";
import { hello, inbox, liveWorld, reset, row, shown } from "../fakes.js";

/** The marks of a live inbox with rows 3, 2, 1, and what its snackbar shows. */
function marking() {
  const it = liveWorld();
  const snackbar = { show: (text, action) => Object.assign(it, { text, action }) };
  const marks = new InboxMarks(it.client, snackbar);
  it.client.addEventListener("refused", ({ detail }) => marks.refused(detail));
  return Object.assign(it, { text: null, marks, row: (id) => it.client.rows.find((one) => one.id === id) });
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

const AT = "2026-03-01T09:00:09.000Z";
const refusal = (ref, fields = {}) => ({ type: "error", code: "unavailable", message: "later", ref, retry_after: 2, ...fields });
const readRow = (id, version) => row(id, { version, seen: AT, read: AT });
const undone = ({ socket }) => socket.sentOf("undo").map(({ mark }) => mark);

test("a mark of all that fails half-way says how many it has marked, which can be taken back", () => {
  const it = marking();
  it.socket.says(reset(9, [row(9), row(8)], { unseen: 5000, unread: 5000, next: 8 }));
  it.marks.readAll();
  assert.equal(it.text, "5,000 marked as read");
  it.socket.says(inbox(9, 10, [], { unseen: 3000, unread: 3000 }), refusal("m1", { changed: 2000 }));
  assert.deepEqual([it.text, it.client.unread], ["2,000 marked as read. Couldn't save the rest.", 3000]);
  it.action.run();
  assert.deepEqual([undone(it), it.client.unread], [["m1"], 3000]); // how many of the others come back, the server knows
  it.socket.says(inbox(10, 11, [], { unseen: 5000, unread: 5000 }), { type: "done", ref: "m2", version: 11 });
  assert.deepEqual([it.client.unread, it.client.unconfirmed], [5000, []]);
});

test("the same of an archive of all that is read", () => {
  const it = marking();
  it.client.mark("read", [1, 2, 3]);
  it.marks.archiveRead();
  const { ref } = it.socket.sentOf("mark").at(-1);
  it.socket.says(refusal(ref, { changed: 2 }));
  assert.equal(it.text, "2 archived. Couldn't save the rest.");
  it.action.run();
  assert.deepEqual(undone(it), [ref]);
});

test("of several marks with one undo, those that hold are counted and taken back", () => {
  const it = marking();
  const many = Array.from({ length: 1100 }, (_, index) => row(index + 10));
  it.socket.says(inbox(3, 1200, many, { unseen: 1103, unread: 1103 }));
  it.marks.archive(...many);
  it.socket.says({ type: "done", ref: "m1", version: 1201 }, refusal("m2", { changed: 0 }));
  assert.equal(it.text, "600 archived. Couldn't save the rest.");
  assert.equal(shown(it.client).length, 503);
  it.action.run();
  assert.deepEqual([undone(it), shown(it.client).length], [["m1", "m3"], 1103]);
});

test("where nothing holds there is nothing to take back", () => {
  for (const refused of [refusal("m1", { changed: 0 }), { ...refusal("m1"), code: "rate_limited" }]) {
    const it = marking();
    it.marks.readAll();
    it.socket.says(refused);
    assert.deepEqual([it.text, it.action, it.client.unread], ["Couldn't save the change", undefined, 3]);
  }
});

test("a mark that was sent twice may hold, whatever the second answer says", async () => {
  const it = marking();
  it.marks.readAll();
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello({ version: 3 }), refusal("m1", { changed: 0 }));
  assert.equal(it.text, "Couldn't confirm that everything was saved");
  it.action.run();
  assert.deepEqual(undone(it), ["m1"]);
});

test("an undo that fails is offered again, until all is taken back", () => {
  const it = marking();
  it.marks.readAll();
  it.socket.says(inbox(3, 4, [1, 2, 3].map((id) => readRow(id, 4)), { unseen: 0, unread: 0 }), { type: "done", ref: "m1", version: 4 });
  const other = it.action;
  it.marks.archive(it.row(1)); // its snackbar is not the last one
  other.run();
  it.socket.says(refusal("m3", { changed: 0 }));
  assert.deepEqual([it.text, it.client.unread], ["Couldn't save the change", 0]);
  it.action.run();
  it.socket.says(refusal("m4", { changed: 1 }));
  assert.equal(it.text, "Couldn't confirm that everything was saved");
  it.action.run();
  assert.deepEqual(undone(it), ["m1", "m1", "m1"]);
});

test("a mark that fails after its undo was pressed is no news", () => {
  const it = marking();
  it.marks.readAll();
  it.action.run();
  it.text = null;
  it.socket.says(refusal("m1", { changed: 2 }));
  assert.deepEqual([it.text, it.client.unread], [null, 3]);
});

test("what was opened and could not be saved is told, and not what was only seen", () => {
  const it = marking();
  it.client.mark("seen", [1]);
  it.socket.says(refusal("m1", { changed: 0 }));
  assert.equal(it.text, null);
  it.marks.read(it.row(2));
  it.socket.says(refusal("m2", { changed: 0 }));
  assert.deepEqual([it.text, it.action], ["Couldn't save the change", undefined]);
});
