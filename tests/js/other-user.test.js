import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, reset, row, settled, shown, world } from "./fakes.js";

const USER = "X-Notify-User";
const page = { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: [], next: null };
const refusal = { status: 412, body: { error: { code: "user", message: "somebody else" } } };
const theirs = [hello({ user: "u2", epoch: "e2", version: 1 }), reset(1, [row(50, { arrived: 1 })], { epoch: "e2", unseen: 1, unread: 1 })];

/** A live page of u1 with a mark under way, whose socket has ended; the next one opens as u2's. */
async function replaced(answer) {
  const it = liveWorld({ user: "u1" });
  it.answer = answer;
  it.client.mark("read", [1]);
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(...theirs);
  await settled();
  return it;
}

test("every request says whose page makes it", async () => {
  const it = liveWorld({ user: "u1" });
  it.answer = () => page;
  await it.client.find({ tab: "unread" });
  it.client.mark("read", [1]);
  it.client.flush();
  assert.deepEqual(it.requests.map(({ headers }) => headers[USER]), ["u1", "u1"]);
});

test("where somebody else has signed in nothing of theirs is taken, and nothing is sent to them", async () => {
  const it = await replaced(() => refusal);
  assert.equal(it.client.status.state, "other-user");
  assert.equal(it.client.user, "u1");
  assert.deepEqual(it.client.rows, []);
  assert.deepEqual(it.client.unconfirmed, []);
  assert.deepEqual(it.socket.sent, []);
  assert.equal(it.socket.readyState, 3);
  const { length } = it.sockets;
  it.client.wake("focus");
  await it.clock.pass(3600);
  assert.equal(it.sockets.length, length);
});

test("4401 finds out as well", async () => {
  const it = liveWorld({ user: "u1" });
  it.answer = () => refusal;
  it.socket.ends(4401);
  await settled();
  assert.equal(it.client.status.state, "other-user");
});

test("a socket that is somebody else's for ever is none: the page goes on by HTTP", async () => {
  const it = await replaced(({ url, body }) => {
    if (body) return { type: "done", ref: body.ref, version: 4 };
    return url.includes("changes/") ? inbox(3, 4, [row(1, { version: 4, read: "x", seen: "x" })], { unseen: 2, unread: 2 }) : page;
  });
  for (let failure = 0; failure < 2; failure += 1) {
    await it.clock.pass(2);
    it.socket.says(...theirs);
    await settled();
  }
  assert.equal(it.client.status.state, "polling");
  assert.deepEqual(shown(it.client), [3, 2, 1]);
  assert.equal(it.client.unread, 2);
  assert.deepEqual(it.sockets.slice(1).flatMap(({ sent }) => sent), []);
  assert.ok(it.requests.every(({ headers }) => headers[USER] === "u1"));
  assert.ok(!it.events.some(({ type, detail }) => type === "state" && detail.state === "other-user"));
});

test("while polling, a mark that was made for one is not carried out as another's", async () => {
  const it = world({ user: "u1", random: 0 });
  it.answer = () => reset(1, [row(1)], { unseen: 1, unread: 1 });
  it.client.start();
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    await it.clock.pass(0);
  }
  assert.deepEqual(shown(it.client), [1]);
  it.answer = () => refusal;
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.client.status.state, "other-user");
  const { length } = it.requests;
  it.client.flush();
  await it.clock.pass(3600);
  assert.equal(it.requests.length, length);
});

test("a tab that hears of a change asks, and goes on where there was none", async () => {
  const it = liveWorld({ user: "u1" });
  it.answer = () => page;
  await it.client.check();
  assert.equal(it.client.status.state, "live");
  it.answer = () => null;
  await it.client.check();
  assert.equal(it.client.status.state, "live");
  it.answer = () => ({ status: 401, body: {} });
  await it.client.check();
  assert.equal(it.client.status.state, "signed-out");
});

test("a client that does not know whose page it is takes whoever's inbox it is", () => {
  const it = liveWorld();
  it.socket.says(...theirs);
  assert.deepEqual([it.client.user, shown(it.client)], ["u2", [50]]);
});
