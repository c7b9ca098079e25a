import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, readRows, reset, row, shown } from "../fakes.js";

const READ = "2026-03-01T09:00:09.000Z";

test("a mark shows at once and is sent with a ref", () => {
  const { client, socket, events } = liveWorld();
  client.mark("read", [2]);
  assert.deepEqual(readRows(client), [2]);
  assert.deepEqual(socket.sent, [{ type: "mark", ref: "m1", as: "read", ids: [2] }]);
  assert.deepEqual(events, [{ type: "counts", detail: { unseen: 2, unread: 2, badge: 2 } }]);
});

test("an error undoes its own mark only", () => {
  const { client, socket } = liveWorld();
  client.mark("read", [1]);
  client.mark("read", [2]);
  socket.says({ type: "error", code: "invalid", message: "no", ref: "m1", retry_after: null });
  assert.deepEqual(readRows(client), [2]);
});

test("a mark without done is sent again after the next hello", async () => {
  const it = liveWorld();
  it.client.mark("read", [2]);
  it.socket.ends(1006);
  await it.clock.pass(1);
  assert.deepEqual(it.socket.sent, []);
  it.socket.says(hello());
  assert.deepEqual(it.socket.sent, [{ type: "mark", ref: "m1", as: "read", ids: [2] }]);
});

test("a mark with done is not sent again", async () => {
  const it = liveWorld();
  it.client.mark("read", [2]);
  it.socket.says({ type: "done", ref: "m1", version: 4 });
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello());
  assert.deepEqual(it.socket.sent, []);
  assert.deepEqual(readRows(it.client), [2]);
});

test("a mark made without a socket waits for hello", async () => {
  const it = liveWorld();
  it.socket.ends(1006);
  it.client.mark("read", [1]);
  assert.deepEqual(readRows(it.client), [1]);
  await it.clock.pass(1);
  it.socket.says(hello());
  assert.equal(it.socket.sentOf("mark").length, 1);
});

test("done that overtakes its inbox frame does not flicker", () => {
  const { client, socket } = liveWorld();
  client.mark("read", [2]);
  socket.says({ type: "done", ref: "m1", version: 4 });
  assert.deepEqual(readRows(client), [2]);
  socket.says(inbox(3, 4, [row(2, { version: 4, seen: READ, read: READ })], { unseen: 2, unread: 2 }));
  assert.deepEqual(readRows(client), [2]);
  assert.equal(client.unread, 2);
  assert.equal(client.notifications.find(({ id }) => id === 2).read, READ);
});

test("an inbox frame that overtakes done is not counted twice", () => {
  const { client, socket } = liveWorld();
  client.mark("read", [2]);
  socket.says(inbox(3, 4, [row(2, { version: 4, seen: READ, read: READ })], { unseen: 2, unread: 2 }));
  assert.deepEqual([client.unseen, client.unread], [2, 2]);
  socket.says({ type: "done", ref: "m1", version: 4 });
  assert.deepEqual([client.unseen, client.unread], [2, 2]);
});

test("at most twenty are outstanding", () => {
  const { client, socket } = liveWorld();
  for (let n = 0; n < 25; n += 1) client.mark("seen", [1]);
  assert.equal(socket.sentOf("mark").length, 20);
  socket.says({ type: "done", ref: "m1", version: 4 });
  assert.equal(socket.sentOf("mark").length, 21);
});

test("another epoch voids a mark through, and keeps one by ids", async () => {
  const it = liveWorld();
  it.client.markAll("read");
  it.client.mark("archived", [1]);
  it.socket.says(reset(2, [row(1, { arrived: 1 }), row(2)], { epoch: "e2", unseen: 2, unread: 2 }));
  assert.deepEqual(shown(it.client), [2]);
  assert.equal(it.client.unread, 1);
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello({ epoch: "e2" }));
  assert.deepEqual(it.socket.sentOf("mark").map(({ as }) => as), ["archived"]);
});
