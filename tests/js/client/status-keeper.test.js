import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusKeeper } from "../../../browser/client/status-keeper.js";
import { FakeClock, nothingNew, pollingWorld } from "../fakes.js";

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

/** A keeper, all that it has said, and whether it polls. */
function keeping() {
  const clock = new FakeClock();
  const it = { clock, said: [], isPolling: false };
  const fallback = { start: () => (it.isPolling = true), stop: () => (it.isPolling = false) };
  it.keeper = new StatusKeeper({ clock, changed: ({ state }) => it.said.push(state), fallback });
  return it;
}

test("until it was live once it connects, and from then on it reconnects", () => {
  const { keeper, said } = keeping();
  keeper.connectionIs("connecting", { failures: 0 });
  keeper.connectionIs("waiting", { failures: 1 });
  keeper.connectionIs("live", { failures: 1 });
  keeper.connectionIs("waiting", { failures: 1 });
  keeper.connectionIs("connecting", { failures: 1 });
  assert.deepEqual(said, ["connecting", "live", "reconnecting"]);
});

test("whatever ends the tries ends the polling", () => {
  for (const state of ["live", "stopped", "signed-out", "other-user"]) {
    const it = keeping();
    it.keeper.connectionIs("waiting", { failures: 3 });
    assert.equal(it.isPolling, true);
    it.keeper.connectionIs(state, { failures: 3 });
    assert.equal(it.isPolling, false, state);
  }
});

test("it knows until when all was current, through what comes after", () => {
  const { clock, keeper } = keeping();
  assert.equal(keeper.status.liveUntil, null);
  keeper.connectionIs("live", { failures: 0 });
  clock.freeze(60);
  const end = clock.now();
  keeper.connectionIs("waiting", { failures: 1 });
  clock.freeze(60);
  keeper.connectionIs("stopped", { failures: 1, code: 4409, reason: "elsewhere" });
  const { state, since, liveUntil, code, reason } = keeper.status;
  assert.deepEqual({ state, since, liveUntil, code, reason }, { state: "stopped", since: end + 60_000, liveUntil: end, code: 4409, reason: "elsewhere" });
});

test("an answer that comes late, when it polls no more, changes nothing", () => {
  const { keeper } = keeping();
  keeper.connectionIs("live", { failures: 0 });
  const { status } = keeper;
  keeper.reached(false);
  assert.equal(keeper.status, status);
});
