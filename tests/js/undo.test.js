import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeBrowser, FakeClock, hello, inbox, liveWorld, reset, row, settled, shown, world } from "./fakes.js";

const AT = "2026-03-01T09:00:09.000Z";
const counts = ({ unseen, unread }) => [unseen, unread];
const isRead = ({ client }, id) => Boolean(client.notifications.find((row) => row.id === id).read);
const readRow = (id, version) => row(id, { version, seen: AT, read: AT });

/** A mark whose effect has arrived and is confirmed. */
function markedAndDone(it, as, ids, version) {
  const marked = it.client.mark(as, ids);
  it.socket.says(
    inbox(3, version, ids.map((id) => readRow(id, version)), { unseen: 3 - ids.length, unread: 3 - ids.length }),
    { type: "done", ref: "m1", version },
  );
  it.socket.sent.length = 0;
  return marked;
}

test("the undo of a confirmed mark shows at once, and names the mark and the version before it", () => {
  const it = liveWorld();
  const marked = markedAndDone(it, "read", [2], 4);
  it.client.undo(marked);
  assert.deepEqual(it.socket.sent, [{ type: "undo", ref: "m2", mark: "m1", epoch: "e1", since: 3 }]);
  assert.deepEqual(counts(it.client), [3, 3]);
  assert.equal(isRead(it, 2), false);
});

test("the server's frame replaces what is shown of an undo, whichever comes first", () => {
  for (const order of [[0, 1], [1, 0]]) {
    const it = liveWorld();
    it.client.undo(markedAndDone(it, "read", [2], 4));
    const frames = [inbox(4, 5, [row(2, { version: 5 })], { unseen: 3, unread: 3 }), { type: "done", ref: "m2", version: 5 }];
    for (const n of order) {
      it.socket.says(frames[n]);
      assert.deepEqual(counts(it.client), [3, 3]);
    }
    assert.deepEqual(it.client.unconfirmed, []);
  }
});

test("what was changed since is left, on the screen too", () => {
  const it = liveWorld();
  const marked = markedAndDone(it, "read", [1, 2], 4);
  it.socket.says(inbox(4, 5, [{ ...readRow(2, 5), archived: AT }], { unseen: 1, unread: 1 }));
  it.client.undo(marked);
  assert.deepEqual(shown(it.client), [3, 1]);
  assert.deepEqual(counts(it.client), [2, 2]);
});

test("an error leaves the mark in force, and says so", () => {
  const it = liveWorld();
  it.client.undo(markedAndDone(it, "read", [2], 4));
  it.socket.says({ type: "error", code: "unavailable", message: "later", ref: "m2", retry_after: 1 });
  assert.deepEqual(counts(it.client), [2, 2]);
  assert.equal(it.events.at(-1).type, "refused");
});

test("a mark is not sent once its undo is there, which takes back what may have reached the server", async () => {
  const it = liveWorld();
  const marked = it.client.mark("archived", [2]);
  it.socket.ends(1006);
  it.client.undo(marked);
  assert.deepEqual(shown(it.client), [3, 2, 1]);
  await it.clock.pass(1);
  it.socket.says(hello());
  assert.deepEqual(it.socket.sent.map(({ type, ref, mark }) => [type, ref, mark]), [["undo", "m2", "m1"]]);
  it.socket.says(inbox(3, 4, [row(2, { version: 4, seen: AT, read: AT, archived: AT })], { unseen: 2, unread: 2 }));
  assert.deepEqual([shown(it.client), counts(it.client)], [[3, 2, 1], [3, 3]]);
  it.socket.says({ type: "done", ref: "m2", version: 5 });
  assert.deepEqual(it.client.unconfirmed, []);
  it.socket.says(inbox(4, 5, [row(2, { version: 5 })], { unseen: 3, unread: 3 }));
  assert.deepEqual([shown(it.client), counts(it.client)], [[3, 2, 1], [3, 3]]);
});

test("the undo of a mark of everything counts what is not loaded", () => {
  const it = liveWorld();
  it.socket.says(reset(9, [row(9), row(8, { seen: AT })], { unseen: 7, unread: 9, next: 8 }));
  const marked = it.client.markAll("read");
  it.socket.says(inbox(9, 10, [readRow(9, 10), readRow(8, 10)]), { type: "done", ref: "m1", version: 10 });
  assert.deepEqual(counts(it.client), [0, 0]);
  it.client.undo(marked);
  assert.deepEqual(it.socket.sentOf("undo"), [{ type: "undo", ref: "m2", mark: "m1", epoch: "e1", since: 9 }]);
  assert.deepEqual(counts(it.client), [7, 9]);
  it.socket.says(inbox(10, 11, [row(9, { version: 11 }), row(8, { version: 11, seen: AT })], { unseen: 7, unread: 9 }));
  assert.deepEqual(counts(it.client), [7, 9]);
});

test("the undo of seen leaves the unread alone", () => {
  const it = liveWorld();
  it.socket.says(reset(9, [row(9)], { unseen: 4, unread: 9, next: 9 }));
  const marked = it.client.markAll("seen");
  it.socket.says(inbox(9, 10, [row(9, { version: 10, seen: AT })], { unseen: 0, unread: 9 }), { type: "done", ref: "m1", version: 10 });
  it.client.undo(marked);
  assert.deepEqual(counts(it.client), [4, 9]);
});

test("another epoch voids an undo", async () => {
  const it = liveWorld();
  it.client.undo(markedAndDone(it, "read", [2], 4));
  it.socket.says(reset(2, [readRow(2, 2)], { epoch: "e2", unseen: 0, unread: 0 }));
  assert.deepEqual(it.client.unconfirmed, []);
  assert.equal(isRead(it, 2), true);
});

test("a mark and its undo of an earlier page keep their names", () => {
  const it = liveWorld();
  it.client.resume([
    { type: "mark", ref: "old-m1", as: "read", ids: [1] },
    { type: "undo", ref: "old-m2", mark: "old-m1", epoch: "e1", since: 2 },
  ]);
  assert.deepEqual(it.socket.sent.map(({ ref }) => ref), ["old-m2"]);
  assert.deepEqual(counts(it.client), [3, 3]);
});

test("over HTTP an undo goes after its mark, and not while that is on its way", async () => {
  const it = liveWorld({ random: 0.999999 });
  const answers = [];
  it.answer = ({ body }) => (body ? new Promise((resolve) => answers.push(() => resolve({ type: "done", ref: body.ref, version: 4 }))) : inbox(3, 3));
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    if (failure < 2) await it.clock.pass(1);
  }
  await settled();
  const marked = it.client.mark("read", [1]);
  await settled();
  it.client.undo(marked);
  await settled();
  const posted = () => it.requests.filter(({ body }) => body).map(({ url, body }) => [url, body.ref, body.mark]);
  assert.deepEqual(posted(), [["/api/notify/inbox/mark/", "m1", undefined]]);
  answers.shift()();
  await settled();
  assert.deepEqual(posted().slice(1), [["/api/notify/inbox/undo/", "m2", "m1"]]);
  answers.shift()();
  await settled();
  assert.deepEqual(it.client.unconfirmed, []);
});

test("a follower's mark is undone by that follower, after the leader has changed too", async () => {
  const browser = new FakeBrowser();
  const clock = new FakeClock();
  const tabs = [browser.tab(), browser.tab(), browser.tab()];
  const [first, second, follower] = tabs.map(({ share }) => world({ share, clock }));
  const all = reset(3, [row(3), row(2), row(1)], { unseen: 3, unread: 3 });
  for (const { client } of [first, second, follower]) {
    client.start();
    await settled();
    if (client === first.client) first.socket.says(hello(), all);
  }
  await settled();
  const marked = follower.client.mark("read", [2]);
  await settled();
  first.socket.says(inbox(3, 4, [readRow(2, 4)], { unseen: 2, unread: 2 }), { type: "done", ref: "t3-m1", version: 4 });
  await settled();
  tabs[0].close();
  await clock.pass(1);
  second.socket.says(hello({ version: 4 }));
  await settled();
  follower.client.undo(marked);
  await settled();
  assert.deepEqual(second.socket.sentOf("undo"), [{ type: "undo", ref: "t3-m2", mark: "t3-m1", epoch: "e1", since: 3 }]);
  assert.equal(isRead(follower, 2), false);
  second.socket.says({ type: "done", ref: "t3-m2", version: 5 }, inbox(4, 5, [row(2, { version: 5 })], { unseen: 3, unread: 3 }));
  await settled();
  for (const it of [second, follower]) {
    assert.deepEqual(counts(it.client), [3, 3]);
    assert.equal(isRead(it, 2), false);
  }
  assert.deepEqual(follower.client.unconfirmed, []);
});
