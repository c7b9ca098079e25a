import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, row, world } from "../fakes.js";

const page = (fields) => ({ epoch: "e1", version: 3, unseen: 0, unread: 0, notifications: [], next: null, ...fields });

test("the first socket offers notify.v1 and has no cursor", () => {
  const { client, socket, sockets } = world();
  client.start();
  assert.equal(sockets.length, 1);
  assert.equal(sockets[0].url, "ws://site/ws/notify/");
  assert.deepEqual(sockets[0].protocols, ["notify.v1"]);
  assert.equal(socket, undefined);
});

test("starting twice opens one socket", () => {
  const { client, sockets } = world();
  client.start();
  client.start();
  assert.equal(sockets.length, 1);
});

test("a reconnect takes the cursor of the last applied inbox along", async () => {
  const it = liveWorld();
  it.socket.says(inbox(3, 4, [row(4)]));
  it.socket.ends(1006);
  await it.clock.pass(1);
  assert.equal(it.socket.url, "ws://site/ws/notify/?epoch=e1&since=4");
});

for (const code of [1006, 4504]) {
  test(`${code} backs off with full jitter`, async () => {
    const it = liveWorld({ random: 0.99 });
    it.socket.ends(code);
    await it.clock.pass(0.49);
    assert.equal(it.sockets.length, 1);
    await it.clock.pass(0.01);
    assert.equal(it.sockets.length, 2);
  });
}

test("4601 reconnects at once, within a second of jitter", async () => {
  const it = liveWorld({ random: 0.999 });
  await it.clock.pass(11);
  it.socket.ends(4601);
  await it.clock.pass(1);
  assert.equal(it.sockets.length, 2);
});

test("the waits double up to thirty seconds, and a short life does not reset them", async () => {
  const it = world({ random: 0.999999 });
  const waits = [];
  it.client.start();
  for (let failure = 0; failure < 9; failure += 1) {
    it.socket.says(hello());
    await it.clock.pass(9);
    const before = it.clock.now();
    const open = it.sockets.length;
    it.socket.ends(1006);
    while (it.sockets.length === open) await it.clock.pass(0.25);
    waits.push((it.clock.now() - before) / 1000);
  }
  assert.deepEqual(waits, [0.5, 1, 2, 4, 8, 16, 30, 30, 30]);
});

test("a socket that lived ten seconds makes the wait short again", async () => {
  const it = world({ random: 0.999 });
  it.client.start();
  for (let failure = 0; failure < 6; failure += 1) {
    it.socket.ends(1006);
    await it.clock.pass(30);
  }
  it.socket.says(hello());
  await it.clock.pass(10);
  const open = it.sockets.length;
  it.socket.ends(1006);
  await it.clock.pass(0.5);
  assert.equal(it.sockets.length, open + 1);
});

test("retry_after of bye wins over the back-off, and over wake-ups", async () => {
  const it = liveWorld({ random: 0 });
  it.socket.says({ type: "bye", code: 4503, reason: "restart", retry_after: 7.5 });
  it.socket.ends(1006);
  it.client.wake("online");
  await it.clock.pass(7.4);
  assert.equal(it.sockets.length, 1);
  await it.clock.pass(0.1);
  assert.equal(it.sockets.length, 2);
});

test("the code of bye counts where the transport loses it", async () => {
  const it = liveWorld();
  it.socket.says({ type: "bye", code: 4403, reason: "deactivated", retry_after: null });
  it.socket.ends(1006);
  assert.equal(it.client.status.state, "stopped");
});

test("4401 asks by HTTP and reconnects with the cursor where the session only changed its key", async () => {
  const it = liveWorld();
  it.answer = () => page();
  it.socket.ends(4401);
  await it.clock.pass(1);
  assert.equal(it.requests[0].url, "/api/notify/inbox/?limit=1");
  assert.equal(it.socket.url, "ws://site/ws/notify/?epoch=e1&since=3");
});

test("4401 reconnects without a cursor where the inbox may be another user's", async () => {
  const it = liveWorld();
  it.answer = () => page({ epoch: "e2" });
  it.socket.ends(4401);
  await it.clock.pass(1);
  assert.equal(it.socket.url, "ws://site/ws/notify/");
});

test("4401 ends in signed-out where HTTP says so too", async () => {
  const it = liveWorld();
  it.answer = () => ({ status: 401, body: {} });
  it.socket.ends(4401);
  await it.clock.pass(3600);
  assert.equal(it.client.status.state, "signed-out");
  assert.equal(it.sockets.length, 1);
});

test("4401 backs off where HTTP does not answer", async () => {
  const it = liveWorld();
  it.answer = () => null;
  it.socket.ends(4401);
  await it.clock.pass(1);
  assert.equal(it.sockets.length, 2);
});

test("a server that never says hello is given up", async () => {
  const it = world();
  it.client.start();
  await it.clock.pass(21);
  assert.equal(it.sockets.length, 2);
});

test("an address that the browser forbids is a failure like another", async () => {
  const it = world();
  it.client.start();
  it.socket.ends(1006);
  assert.equal(it.client.status.state, "connecting");
});

test("a wake-up shortens a long wait", async () => {
  const it = world({ random: 0.999 });
  it.client.start();
  for (let failure = 0; failure < 5; failure += 1) {
    it.socket.ends(1006);
    if (failure < 4) await it.clock.pass(30);
  }
  const open = it.sockets.length;
  it.client.wake("focus");
  await it.clock.pass(0.5);
  assert.equal(it.sockets.length, open + 1);
});

test("a stopped client opens nothing and hears nothing", async () => {
  const it = liveWorld();
  const { socket } = it;
  it.client.stop();
  socket.says(inbox(3, 4, [row(4)]));
  await it.clock.pass(3600);
  assert.equal(it.sockets.length, 1);
  assert.equal(it.client.version, 3);
  assert.equal(it.client.status.state, "idle");
});

for (const code of [4403, 4499]) {
  test(`${code} stops until started again`, async () => {
    const it = liveWorld();
    it.socket.says({ type: "bye", code, reason: "because", retry_after: null });
    it.socket.ends(code);
    await it.clock.pass(3600);
    it.client.wake("online");
    await it.clock.pass(3600);
    assert.equal(it.sockets.length, 1);
    const { state, reason } = it.client.status;
    assert.deepEqual({ state, code: it.client.status.code, reason }, { state: "stopped", code, reason: "because" });
    it.client.start();
    assert.equal(it.sockets.length, 2);
  });
}

test("each address says in which language and zone texts are wanted", async () => {
  const it = liveWorld({ locale: { language: "pt-br", zone: "Europe/Berlin" } });
  assert.equal(it.sockets[0].url, "ws://site/ws/notify/?language=pt-br&zone=Europe%2FBerlin");
  it.socket.ends(1006);
  await it.clock.pass(1);
  assert.equal(it.socket.url, "ws://site/ws/notify/?epoch=e1&since=3&language=pt-br&zone=Europe%2FBerlin");
  await it.client.check();
  assert.equal(it.requests.at(-1).url, "/api/notify/inbox/?limit=1&language=pt-br&zone=Europe%2FBerlin");
});
