import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, nothingNew, pollingWorld, reset, row, settled, shown, world } from "../fakes.js";

test("it polls every thirty seconds and keeps trying the socket", async () => {
  const it = await pollingWorld(nothingNew);
  const { length } = it.sockets;
  await it.clock.pass(60);
  assert.equal(it.requests.length, 3);
  assert.ok(it.sockets.length > length);
  assert.equal(it.client.status.state, "polling");
});

test("what a poll brings is applied and announced, until nothing is new", async () => {
  const answers = [
    inbox(3, 4, [row(4)], { unseen: 5, unread: 5 }),
    inbox(4, 5, [row(5)], { unseen: 5, unread: 5 }),
    inbox(5, 5, [], { unseen: 5, unread: 5 }),
  ];
  const it = await pollingWorld(() => answers.shift());
  assert.deepEqual(shown(it.client), [5, 4, 3, 2, 1]);
  assert.deepEqual(it.events.filter(({ type }) => type === "notification").map(({ detail }) => detail.id), [4, 5]);
  assert.equal(it.requests.length, 3);
});

test("a client that never had a socket loads by polling", async () => {
  const it = world({ random: 0 });
  it.answer = () => reset(1, [row(1)], { unseen: 1, unread: 1 });
  it.client.start();
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    await it.clock.pass(0);
  }
  assert.equal(it.requests[0].url, "/api/notify/inbox/changes/");
  assert.deepEqual(shown(it.client), [1]);
});

test("hello ends the polling", async () => {
  const it = await pollingWorld(nothingNew);
  await it.clock.pass(4);
  it.socket.says(hello());
  assert.equal(it.client.status.state, "live");
  const { length } = it.requests;
  for (let id = 0; id < 5; id += 1) {
    await it.clock.pass(20);
    it.socket.says({ type: "ping", id, epoch: "e1", version: 3 });
  }
  assert.equal(it.requests.length, length);
});

test("an answer that comes after hello is dropped", async () => {
  let release;
  const it = await pollingWorld(() => new Promise((resolve) => (release = resolve)));
  await it.clock.pass(4);
  it.socket.says(hello());
  release(inbox(3, 4, [row(4)]));
  await settled();
  assert.equal(it.client.version, 3);
});

test("a mark made while polling goes by HTTP at once", async () => {
  const it = await pollingWorld(nothingNew);
  it.answer = ({ body }) => ({ status: 200, body: { type: "done", ref: body.ref, version: 4 } });
  it.client.mark("read", [1]);
  await settled();
  const { url, method } = it.requests.at(-1);
  assert.deepEqual({ url, method }, { url: "/api/notify/inbox/mark/", method: "POST" });
  assert.equal(it.client.unread, 2);
});

test("a mark that HTTP refuses is undone", async () => {
  const it = await pollingWorld(nothingNew);
  it.answer = () => ({ status: 422, body: {} });
  it.client.mark("read", [1]);
  assert.equal(it.client.unread, 2);
  await settled();
  assert.equal(it.client.unread, 3);
  assert.equal(it.events.at(-1).type, "refused");
});

test("a mark that the network loses goes with the next poll", async () => {
  const it = await pollingWorld(nothingNew);
  it.answer = () => null;
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.client.unread, 2);
  it.answer = ({ body }) => (body ? { status: 200, body: { ref: body.ref, version: 3 } } : nothingNew());
  await it.clock.pass(30);
  assert.equal(it.requests.filter(({ url }) => url.endsWith("mark/")).length, 2);
});

for (const status of [429, 503]) {
  test(`changes come while a mark is answered by ${status}`, async () => {
    const it = await pollingWorld(nothingNew);
    it.answer = ({ body }) => (body ? { status, body: {} } : inbox(3, 4, [row(4)], { unseen: 4, unread: 4 }));
    it.client.mark("read", [1]);
    await settled();
    assert.deepEqual(shown(it.client), [3, 2, 1]);
    await it.clock.pass(30);
    assert.deepEqual(shown(it.client), [4, 3, 2, 1]);
  });
}

test("no changes are asked for as somebody else", async () => {
  const it = await pollingWorld(nothingNew);
  it.answer = ({ body }) => (body ? { status: 412, body: { error: { code: "user" } } } : nothingNew());
  it.client.mark("read", [1]);
  const { length } = it.requests;
  await it.clock.pass(60);
  assert.deepEqual(it.requests.slice(length).filter(({ url }) => url.includes("changes")), []);
});

test("401 while polling is signed out", async () => {
  const it = await pollingWorld(() => ({ status: 401, body: {} }));
  assert.equal(it.client.status.state, "signed-out");
  const { length } = it.sockets;
  await it.clock.pass(3600);
  assert.equal(it.sockets.length, length);
});

test("a poll that fails is tried again", async () => {
  const it = await pollingWorld(() => null);
  assert.equal(it.client.status.state, "polling");
  await it.clock.pass(30);
  assert.equal(it.requests.length, 2);
});
