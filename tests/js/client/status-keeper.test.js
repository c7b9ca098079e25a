import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingNew, pollingWorld } from "../fakes.js";

test("two quick failures do not poll, the third does, at once", async () => {
  const it = await pollingWorld(nothingNew);
  assert.equal(it.client.status.state, "polling");
  assert.deepEqual(it.requests.map(({ url }) => url), ["/api/notify/inbox/changes/?epoch=e1&since=3"]);
});

test("while it polls, it knows whether the server answers and until when it did", async () => {
  let isDown = false;
  const it = await pollingWorld(() => (isDown ? null : nothingNew()));
  const before = it.client.status;
  assert.equal(before.isReached, true);
  await it.clock.pass(30);
  assert.ok(it.client.status.liveUntil > before.liveUntil);
  isDown = true;
  await it.clock.pass(30);
  const { isReached, liveUntil } = it.client.status;
  assert.deepEqual([isReached, liveUntil], [false, before.liveUntil + 30_000]);
  assert.equal(it.events.filter(({ type }) => type === "state").at(-1).detail.isReached, false);
  isDown = false;
  await it.clock.pass(30);
  assert.equal(it.client.status.isReached, true);
});
