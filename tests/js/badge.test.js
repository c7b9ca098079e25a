// The bell's number: what has arrived unseen since the bell was opened.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, reset, row, world } from "./fakes.js";

const SEEN = "2026-03-01T09:00:09.000Z";
const counts = ({ unseen, unread, badge }) => ({ unseen, unread, badge });

/** With this many unseen above those that the bell was opened for: 9 to 1 are unseen. */
function openedWorld(badge) {
  const it = liveWorld();
  const rows = [9, 8, 7, 6, 5, 4, 3, 2, 1].map((id) => row(id));
  it.socket.says(reset(9, rows, { unseen: 9, unread: 9, badge }));
  it.events.length = 0;
  return it;
}

test("to open the bell clears its number at once, and makes nothing seen", () => {
  const { client, socket, events } = openedWorld(9);
  client.opened();
  assert.deepEqual(counts(client), { unseen: 9, unread: 9, badge: 0 });
  assert.deepEqual(socket.sent, [{ type: "opened", ref: "m1", epoch: "e1", through: 9 }]);
  assert.deepEqual(events, [{ type: "counts", detail: { unseen: 9, unread: 9, badge: 0 } }]);
  assert.ok(client.notifications.every(({ seen }) => seen === null));
});

test("what arrives before the server has heard of it rings alone", () => {
  const { client, socket } = openedWorld(9);
  client.opened();
  socket.says(inbox(9, 10, [row(10)], { unseen: 10, unread: 10, badge: 10 }));
  assert.equal(client.badge, 1);
  socket.says(inbox(10, 11, [], { unseen: 10, unread: 10, badge: 1 }), { type: "done", ref: "m1", version: 11 });
  assert.equal(client.badge, 1);
});

test("a bell without a number has nothing to say", () => {
  const { client, socket } = openedWorld(0);
  client.opened();
  assert.deepEqual(socket.sent, []);
});

test("a mark takes off the number what it counts, and only that", () => {
  const { client } = openedWorld(2);
  client.mark("seen", [7, 1]);
  assert.deepEqual(counts(client), { unseen: 7, unread: 9, badge: 2 });
  client.mark("archived", [8, 6]);
  assert.deepEqual(counts(client), { unseen: 5, unread: 7, badge: 1 });
  client.mark("unarchived", [8]);
  client.mark("unread", [7]);
  assert.deepEqual(counts(client), { unseen: 5, unread: 7, badge: 1 });
});

test("unarchiving what was never seen does not ring", () => {
  const { client, socket } = openedWorld(1);
  socket.says(inbox(9, 10, [row(10, { archived: SEEN })], { unseen: 9, unread: 9, badge: 1 }));
  client.mark("unarchived", [10]);
  assert.deepEqual(counts(client), { unseen: 9, unread: 10, badge: 1 });
});

test("a mark through a version leaves what arrived later", () => {
  const { client, socket } = openedWorld(2);
  client.markAll("read");
  socket.says(inbox(9, 10, [row(10)], { unseen: 10, unread: 10, badge: 3 }));
  assert.deepEqual(counts(client), { unseen: 1, unread: 1, badge: 1 });
});

test("only what is not loaded is left on the number", () => {
  const { client } = liveWorld();
  client.seed({ epoch: "e1", version: 9, unseen: 9, unread: 9, badge: 9, notifications: [row(9), row(8)], next: 8 });
  client.mark("seen", [9, 8]);
  assert.deepEqual(counts(client), { unseen: 7, unread: 9, badge: 7 });
});

test("what stood on the screen is seen, and told once", () => {
  const { client, socket } = openedWorld(0);
  client.see(new Set([9, 8, 77]));
  client.see(new Set([9, 8]));
  assert.deepEqual(socket.sent, [{ type: "mark", ref: "m1", as: "seen", ids: [9, 8] }]);
});

test("a server that does not know it is not asked again, and nobody is told", () => {
  const { client, socket, events } = openedWorld(9);
  client.opened();
  socket.says({ type: "error", code: "unknown_type", message: "no", ref: "m1", retry_after: null });
  assert.equal(client.badge, 9);
  assert.equal(socket.sent.length, 1);
  assert.ok(events.every(({ type }) => type === "counts"));
});

test("without done it is sent again after the next hello", async () => {
  const it = openedWorld(9);
  it.client.opened();
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello());
  assert.deepEqual(it.socket.sent, [{ type: "opened", ref: "m1", epoch: "e1", through: 9 }]);
  assert.equal(it.client.badge, 0);
});

test("another epoch voids it", () => {
  const { client, socket } = openedWorld(9);
  client.opened();
  socket.says(reset(2, [row(2), row(1)], { epoch: "e2", unseen: 2, unread: 2, badge: 2 }));
  assert.equal(client.badge, 2);
  assert.deepEqual(client.unconfirmed, []);
});

test("it outlives the page: over HTTP, and in the copy that is kept offline", () => {
  const { client, requests } = openedWorld(9);
  client.opened();
  client.flush();
  const [{ url, body }] = requests;
  assert.deepEqual([url, body], ["/api/notify/inbox/opened/", { type: "opened", ref: "m1", epoch: "e1", through: 9 }]);
  const next = world();
  next.client.seed({ ...client.snapshot, version: 9 });
  next.client.resume(client.unconfirmed);
  assert.equal(next.client.badge, 0);
  assert.deepEqual(next.client.unconfirmed, client.unconfirmed);
});

test("what one tab hands to another has the number", () => {
  assert.equal(openedWorld(2).client.snapshot.badge, 2);
});

test("an offline copy of an older version has none: all the unseen count", () => {
  const { client } = world();
  client.seed({ epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: [row(3)], next: 3 });
  assert.equal(client.badge, 3);
});
