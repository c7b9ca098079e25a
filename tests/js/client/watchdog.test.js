import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, liveWorld, world } from "../fakes.js";

test("silence of interval and timeout is asked about with a ping", async () => {
  const it = liveWorld();
  await it.clock.pass(34.9);
  assert.deepEqual(it.socket.sentOf("ping"), []);
  await it.clock.pass(0.1);
  assert.equal(it.socket.sentOf("ping").length, 1);
});

test("no answer for five seconds more closes the socket and reconnects", async () => {
  const it = liveWorld();
  const { socket } = it;
  await it.clock.pass(41);
  assert.equal(socket.readyState, 3);
  assert.equal(it.sockets.length, 2);
});

test("any frame is an answer", async () => {
  const it = liveWorld();
  await it.clock.pass(36);
  it.socket.says({ type: "ping", id: 1, epoch: "e1", version: 3 });
  await it.clock.pass(34);
  assert.equal(it.sockets.length, 1);
  assert.equal(it.socket.sentOf("ping").length, 1);
});

test("a server that keeps talking is never asked", async () => {
  const it = liveWorld();
  for (let id = 0; id < 10; id += 1) {
    await it.clock.pass(20);
    it.socket.says({ type: "ping", id, epoch: "e1", version: 3 });
  }
  assert.deepEqual(it.socket.sentOf("ping"), []);
  assert.equal(it.socket.sentOf("pong").length, 10);
});

test("null counts as sixty seconds each", async () => {
  const it = world();
  it.client.start();
  it.socket.says(hello({ ping_interval: null, ping_timeout: null }));
  await it.clock.pass(119);
  assert.deepEqual(it.socket.sentOf("ping"), []);
  await it.clock.pass(1);
  assert.equal(it.socket.sentOf("ping").length, 1);
});

test("a page that was frozen asks at once when it wakes", () => {
  const it = liveWorld();
  it.clock.freeze(600);
  it.client.wake("visibilitychange");
  assert.equal(it.socket.sentOf("ping").length, 1);
});

test("a wake-up within the silence that is allowed asks nothing", () => {
  const it = liveWorld();
  it.clock.freeze(10);
  it.client.wake("focus");
  assert.deepEqual(it.socket.sentOf("ping"), []);
});

for (const reason of ["online", "offline", "pageshow"]) {
  test(`${reason} asks at once, as the network may be another`, async () => {
    const it = liveWorld();
    it.client.wake(reason);
    assert.equal(it.socket.sentOf("ping").length, 1);
    await it.clock.pass(6);
    assert.equal(it.sockets.length, 2);
  });
}

for (const hours of [-1, 1]) {
  test(`a clock that is set by ${hours} h changes nothing of when a silent server is given up`, async () => {
    const it = liveWorld();
    await it.clock.pass(0.3);
    it.clock.set(hours * 3600);
    await it.clock.pass(34.6);
    assert.deepEqual(it.socket.sentOf("ping"), []);
    await it.clock.pass(0.1);
    assert.equal(it.socket.sentOf("ping").length, 1);
    await it.clock.pass(4.9);
    assert.equal(it.sockets.length, 1);
    await it.clock.pass(0.6);
    assert.equal(it.sockets.length, 2);
  });
}
