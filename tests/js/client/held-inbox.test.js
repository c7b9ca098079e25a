import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, row, shown } from "../fakes.js";

test("what was missed comes in order and once after a reconnect", async () => {
  const it = liveWorld();
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello({ version: 6 }), inbox(3, 6, [row(6), row(4), row(5)], { unseen: 6, unread: 6 }));
  assert.deepEqual(shown(it.client), [6, 5, 4, 3, 2, 1]);
  const fresh = it.events.filter(({ type }) => type === "notification");
  assert.deepEqual(fresh.map(({ detail }) => detail.id), [4, 5, 6]);
});
