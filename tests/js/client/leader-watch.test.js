import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, row, settled, shown, twoTabs } from "../fakes.js";

test("from a leader that is frozen a visible tab takes over within two seconds", async () => {
  const { clock, tabs, leader, follower } = await twoTabs();
  await clock.pass(5);
  assert.equal(follower.sockets.length, 0); // it answers
  tabs[0].freeze();
  await clock.pass(1.6);
  assert.equal(follower.sockets.length, 1);
  assert.match(follower.socket.url, /epoch=e1&since=3$/);
  follower.socket.says(hello(), inbox(3, 4, [row(4)]));
  assert.deepEqual(shown(follower.client), [4, 3, 2, 1]);

  // It wakes: what its socket still said is told once, its socket is closed, and it follows.
  leader.events.length = follower.events.length = 0;
  leader.socket.says(inbox(3, 4, [row(4)]));
  tabs[0].thaw();
  await settled();
  assert.equal(leader.socket.readyState, 3);
  follower.socket.says(inbox(4, 5, [row(5)]));
  await settled();
  assert.deepEqual(shown(leader.client), [5, 4, 3, 2, 1]);
  const told = ({ events }) => events.filter(({ type }) => type === "notification").map(({ detail }) => detail.id);
  assert.deepEqual([told(leader), told(follower)], [[4, 5], [5]]);
  assert.equal(leader.sockets.length, 1);
});

test("from a frozen leader nobody takes over until a tab is looked at", async () => {
  const { clock, tabs, follower } = await twoTabs();
  tabs[1].isVisible = false;
  await clock.pass(1);
  tabs[0].freeze();
  await clock.pass(60);
  assert.equal(follower.sockets.length, 0);
  tabs[1].isVisible = true;
  follower.client.wake("visibilitychange");
  await clock.pass(1.1);
  assert.equal(follower.sockets.length, 1);
});

test("a tab that was frozen itself takes its leader for alive", async () => {
  const { clock, tabs, follower } = await twoTabs();
  await clock.pass(1);
  tabs[1].freeze();
  clock.freeze(60);
  follower.client.wake("visibilitychange");
  tabs[1].thaw();
  await clock.pass(3);
  assert.equal(follower.sockets.length, 0);
});

for (const hours of [-1, 1]) {
  test(`with a clock that is set by ${hours} h a frozen leader is still noticed`, async () => {
    const { clock, tabs, follower } = await twoTabs();
    await clock.pass(5);
    tabs[0].freeze();
    await clock.pass(0.4); // it has asked
    clock.set(hours * 3600);
    await clock.pass(1.6);
    assert.equal(follower.sockets.length, 1);
  });
}
