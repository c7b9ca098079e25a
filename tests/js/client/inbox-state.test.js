import assert from "node:assert/strict";
import { test } from "node:test";
import { inbox, liveWorld, reset, row, settled, shown } from "../fakes.js";

function windowOfTwo() {
  const it = liveWorld();
  it.socket.says(reset(9, [row(9), row(8)], { unseen: 9, unread: 9, next: 8 }));
  return it;
}

const page = (notifications, next, fields = {}) =>
  ({ epoch: "e1", version: 9, unseen: 0, unread: 0, notifications, next, ...fields });

test("more is loaded before the edge, and moves it", async () => {
  const it = windowOfTwo();
  assert.equal(it.client.hasMore, true);
  it.answer = () => page([row(7), row(6)], 6);
  await it.client.loadMore();
  assert.equal(it.requests[0].url, "/api/notify/inbox/?before=8");
  assert.deepEqual(shown(it.client), [9, 8, 7, 6]);
  it.answer = () => page([row(5)], null);
  await it.client.loadMore();
  assert.deepEqual(shown(it.client), [9, 8, 7, 6, 5]);
  assert.equal(it.client.hasMore, false);
});

test("a page's counts and version are of another moment and are not taken", async () => {
  const it = windowOfTwo();
  it.answer = () => page([row(7)], 7, { version: 12 });
  await it.client.loadMore();
  assert.deepEqual([it.client.version, it.client.unread], [9, 9]);
});

test("a page that was asked for before a reset is dropped", async () => {
  const it = windowOfTwo();
  let release;
  it.answer = () => new Promise((resolve) => (release = resolve));
  const loading = it.client.loadMore();
  await settled();
  it.socket.says(reset(20, [row(20)], { next: 20 }));
  release(page([row(7)], 7));
  await loading;
  assert.deepEqual(shown(it.client), [20]);
  assert.equal(it.client.hasMore, true);
});

test("a row that changed while its page was under way keeps the newer version", async () => {
  const it = windowOfTwo();
  let release;
  it.answer = () => new Promise((resolve) => (release = resolve));
  const loading = it.client.loadMore();
  await settled();
  it.socket.says(inbox(9, 10, [row(7, { version: 10, read: "2026-03-01T09:00:00.000Z" })]));
  assert.deepEqual(shown(it.client), [9, 8]);
  release(page([row(7)], 7));
  await loading;
  assert.equal(it.client.notifications.at(-1).version, 10);
});
