import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldInbox } from "../../../browser/client/held-inbox.js";
import { hello, inbox, liveWorld, reset, row, shown } from "../fakes.js";

test("what was missed comes in order and once after a reconnect", async () => {
  const it = liveWorld();
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello({ version: 6 }), inbox(3, 6, [row(6), row(4), row(5)], { unseen: 6, unread: 6 }));
  assert.deepEqual(shown(it.client), [6, 5, 4, 3, 2, 1]);
  const fresh = it.events.filter(({ type }) => type === "notification");
  assert.deepEqual(fresh.map(({ detail }) => detail.id), [4, 5, 6]);
});

/** What holds rows 3, 2, 1 at version 3, and whatever comes after. */
function holding(...frames) {
  const held = new HeldInbox(() => 0);
  held.apply(reset(3, [row(3), row(2), row(1)], { unseen: 3, unread: 3 }));
  for (const frame of frames) held.apply(frame);
  return held;
}

const ids = ({ notifications }) => notifications.map(({ id }) => id).sort();

test("nothing of a first load is fresh, nor what was archived or recalled before it came", () => {
  const held = new HeldInbox(() => 0);
  assert.deepEqual(held.apply(reset(3, [row(3)])).fresh, []);
  const gone = [row(5, { archived: "x" }), row(6, { recalled: "x" })];
  assert.deepEqual(held.apply(inbox(3, 6, [row(4), ...gone])).fresh.map(({ id }) => id), [4]);
});

test("who has the beginning is told the rest, as the server would tell it", () => {
  const held = holding(inbox(3, 4, [row(4)], { unseen: 4, unread: 4 }), inbox(4, 5, [row(1, { version: 5, read: "x" })], { unseen: 4, unread: 3 }));
  const { notifications, ...frame } = held.catchUp({ epoch: "e1", since: 4 });
  assert.deepEqual(frame, { type: "inbox", epoch: "e1", from: 4, to: 5, unseen: 4, unread: 3, badge: 4 });
  assert.deepEqual(notifications.map(({ id }) => id), [1]);
  assert.deepEqual(ids(held.catchUp({ epoch: "e1", since: 3 })), [1, 4]);
});

test("a greeting of the version that is held corrects the counts, and no other does", () => {
  const held = holding();
  const hello = { epoch: "e1", version: held.version, unseen: held.unseen, unread: held.unread, badge: 0 };
  assert.equal(held.agree({ ...hello, version: 99 }), false);
  assert.equal(held.agree({ ...hello, epoch: "e2" }), false);
  assert.equal(held.agree(hello), true);
  assert.equal(held.badge, 0);
  assert.equal(held.agree(hello), false);
});

test("who has all of it is told nothing", () => {
  assert.equal(holding().catchUp({ epoch: "e1", since: 3 }), null);
  assert.equal(new HeldInbox(() => 0).catchUp(null), null);
});

test("who has nothing, another life's or what is older than is known is told all", () => {
  const held = holding(inbox(3, 4, [row(4)]));
  for (const cursor of [null, { epoch: "e0", since: 4 }, { epoch: "e1", since: 2 }]) {
    const frame = held.catchUp(cursor);
    assert.deepEqual([frame.reset, frame.from, ids(frame)], [true, 0, [1, 2, 3, 4]]);
  }
});

test("what is told is what the server has said, without marks that it has not confirmed", () => {
  const held = holding();
  held.mark({ as: "read", ids: [2] });
  assert.equal(held.unread, 2);
  const { unread, notifications } = held.catchUp(null);
  assert.equal(unread, 3);
  assert.ok(notifications.every(({ read }) => read === null));
});
