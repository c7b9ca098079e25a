// The sequences of tests/fixtures/frames.json: what is held, what comes, what must follow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtures, hello, reset, shown, world } from "./fakes.js";

for (const { name, state, frames, expect } of fixtures.sequences) {
  test(name, () => {
    const { client, socket, events } = startedWith(state);
    socket.says(...frames);
    for (const held of ["epoch", "version", "unseen", "unread", "badge"]) assert.equal(client[held], expect[held], held);
    assert.deepEqual(shown(client), expect.shown);
    assert.deepEqual(socket.sent, expect.answers);
    const read = client.notifications.filter((row) => row.read).map(({ id }) => id);
    if (expect.read) assert.deepEqual(read, expect.read);
    const fresh = events.filter(({ type }) => type === "notification").map(({ detail }) => detail.id);
    assert.deepEqual(fresh, expect.fresh ?? []);
  });
}

test("every frame of the server is understood without an error", () => {
  for (const { frame } of fixtures.frames.filter(({ direction }) => direction === "server")) {
    const { socket } = startedWith(null);
    socket.says(hello(), frame);
  }
});

test("all that the client sends is of a shape that the fixtures call valid", () => {
  const valid = fixtures.frames.filter((frame) => frame.direction === "client" && frame.valid);
  const shapes = new Set(valid.map(({ frame }) => shape(frame)));
  const { client, socket } = startedWith({ user: "u1", epoch: "e1", version: 3, unseen: 0, unread: 0, badge: 1, next: null, notifications: [] });
  client.opened();
  for (const as of ["seen", "read", "unread", "archived", "unarchived"]) client.mark(as, [1]);
  for (const as of ["seen", "read", "archived"]) client.markAll(as);
  client.measureLatency();
  socket.says({ type: "ping", id: 1, epoch: "e1", version: 9 });
  assert.equal(socket.sent.length, 12);
  for (const frame of socket.sent) assert.ok(shapes.has(shape(frame)), JSON.stringify(frame));
});

function startedWith(state) {
  const it = world();
  it.client.start();
  if (state) {
    const { user, epoch, version, unseen, unread, badge, next, notifications } = state;
    it.socket.says(hello({ user, epoch, version }), reset(version, notifications, { epoch, unseen, unread, badge, next }));
  }
  it.events.length = 0;
  return it;
}

const shape = (frame) => `${frame.type} ${frame.as ?? ""} ${Object.keys(frame).sort()}`;
