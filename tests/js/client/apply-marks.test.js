import assert from "node:assert/strict";
import { test } from "node:test";
import { inbox, liveWorld, readRows, reset, row, shown } from "../fakes.js";

test("marking all goes through the version that is held, and counts what is not loaded", () => {
  const { client, socket } = liveWorld();
  socket.says(reset(9, [row(9), row(8)], { unseen: 9, unread: 9, next: 8 }));
  client.markAll("read");
  assert.deepEqual(socket.sent, [{ type: "mark", ref: "m1", as: "read", epoch: "e1", through: 9 }]);
  assert.deepEqual([client.unseen, client.unread], [0, 0]);
  socket.says(inbox(9, 10, [row(10)], { unseen: 10, unread: 10 }));
  assert.deepEqual([client.unseen, client.unread], [1, 1]);
});

test("archiving what is read leaves the unread, what arrives, and what is not loaded", () => {
  const { client, socket } = liveWorld();
  socket.says(reset(9, [row(9, { read: "x", seen: "x" }), row(8)], { unseen: 5, unread: 6, badge: 4, next: 8 }));
  client.markAll("archived", "through_read");
  assert.deepEqual(socket.sent, [{ type: "mark", ref: "m1", as: "archived", epoch: "e1", through_read: 9 }]);
  assert.deepEqual([shown(client), client.unseen, client.unread, client.badge], [[8], 5, 6, 4]);
  socket.says(inbox(9, 10, [row(10, { read: "x", seen: "x" })], { unseen: 5, unread: 6, badge: 4 }));
  assert.deepEqual(shown(client), [10, 8]);
  client.mark("read", [8]); // after that mark, which does not concern it
  assert.deepEqual(shown(client), [10, 8]);
});

test("marking all as seen leaves the unread alone", () => {
  const { client } = liveWorld();
  client.markAll("seen");
  assert.deepEqual([client.unseen, client.unread], [0, 3]);
});

test("unread does nothing to an archived one, and archive can be undone", () => {
  const { client } = liveWorld();
  client.mark("archived", [2]);
  client.mark("unread", [2]);
  assert.deepEqual([client.unread, shown(client)], [2, [3, 1]]);
  client.mark("unarchived", [2]);
  assert.deepEqual(shown(client), [3, 2, 1]);
  assert.deepEqual(readRows(client), [2]);
});

test("read implies seen, and unread leaves it seen", () => {
  const { client } = liveWorld();
  client.mark("read", [2]);
  client.mark("unread", [2]);
  assert.deepEqual([client.unseen, client.unread], [2, 3]);
});

test("the same id twice is counted once", () => {
  const { client } = liveWorld();
  client.mark("read", [2, 2]);
  assert.equal(client.unread, 2);
});
