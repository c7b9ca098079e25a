import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeBrowser, FakeClock, hello, inbox, reset, row, settled, shown, twoTabs, world } from "../fakes.js";

test("the second tab has no socket and the same inbox", async () => {
  const { leader, follower } = await twoTabs();
  assert.equal(follower.sockets.length, 0);
  assert.deepEqual(shown(follower.client), [3, 2, 1]);
  assert.equal(follower.client.status.state, "live");
  leader.socket.says(inbox(3, 4, [row(4)], { unseen: 4, unread: 4 }));
  await settled();
  for (const { client } of [leader, follower]) {
    assert.deepEqual(shown(client), [4, 3, 2, 1]);
    assert.equal(client.unseen, 4);
  }
});

test("a notification is an event once in each tab", async () => {
  const { leader, follower } = await twoTabs();
  follower.events.length = 0;
  leader.socket.says(inbox(3, 4, [row(4)]), inbox(3, 4, [row(4)]));
  await settled();
  assert.equal(follower.events.filter(({ type }) => type === "notification").length, 1);
});

test("a tab that has a page from the server gets only what it lacks", async () => {
  const browser = new FakeBrowser();
  const leader = world({ share: browser.tab().share });
  const follower = world({ share: browser.tab().share });
  leader.client.start();
  await settled();
  leader.socket.says(hello(), reset(3, [row(3), row(2)], { next: 2 }), inbox(3, 4, [row(4)]));
  follower.client.seed({ epoch: "e1", version: 3, unseen: 0, unread: 0, notifications: [row(3), row(2), row(1)], next: 1 });
  follower.client.start();
  await settled();
  assert.deepEqual(shown(follower.client), [4, 3, 2, 1]);
  assert.equal(follower.client.resets, 1);
});

test("a follower's mark goes by the leader's socket, with a ref of its own", async () => {
  const { leader, follower } = await twoTabs();
  follower.client.mark("read", [2]);
  leader.client.mark("read", [1]);
  await settled();
  assert.deepEqual(leader.socket.sentOf("mark").map(({ ref }) => ref).sort(), ["t1-m1", "t2-m1"]);
  const done = { type: "done", ref: "t2-m1", version: 4 };
  leader.socket.says(done, inbox(3, 4, [row(2, { version: 4, read: "x", seen: "x" })], { unseen: 2, unread: 2 }));
  await settled();
  assert.equal(follower.client.unread, 2);
  assert.equal(leader.client.unread, 1); // its own is not confirmed yet
});

test("what a tab marks before it knows of its leader goes with the welcome", async () => {
  const browser = new FakeBrowser();
  const [leader, late] = [browser.tab(), browser.tab()].map(({ share }) => world({ share }));
  leader.client.start();
  await settled();
  leader.socket.says(hello(), reset(3, [row(3), row(2), row(1)]));
  late.client.start();
  late.client.mark("read", [2]);
  await settled();
  assert.deepEqual(leader.socket.sentOf("mark").map(({ ids }) => ids), [[2]]);
});

test("a refused mark is undone in the tab that made it", async () => {
  const { leader, follower } = await twoTabs();
  follower.client.mark("archived", [2]);
  await settled();
  leader.socket.says({ type: "error", code: "invalid", message: "no", ref: "t2-m1", retry_after: null });
  await settled();
  assert.deepEqual(shown(follower.client), [3, 2, 1]);
  assert.equal(leader.events.filter(({ type }) => type === "refused").length, 0);
});

test("only the leader answers pings", async () => {
  const { leader } = await twoTabs();
  leader.socket.says({ type: "ping", id: 7, epoch: "e1", version: 3 });
  await settled();
  assert.equal(leader.socket.sentOf("pong").length, 1);
});

test("a tab that was away gets what it missed from its leader, not the server", async () => {
  const { leader, follower } = await twoTabs();
  follower.client.stop();
  leader.socket.says(inbox(3, 4, [row(4)]));
  await settled();
  follower.client.start();
  await settled();
  assert.deepEqual(shown(follower.client), [4, 3, 2, 1]);
  assert.equal(leader.socket.sentOf("sync").length, 0);
});

test("when the leader is closed the follower leads from where it is, and sends what was unsaid", async () => {
  const { tabs, leader, follower } = await twoTabs();
  follower.client.mark("read", [3]);
  await settled();
  assert.equal(leader.socket.sentOf("mark").length, 1);
  tabs[0].close();
  await settled();
  assert.equal(follower.sockets.length, 1);
  assert.match(follower.socket.url, /epoch=e1&since=3$/);
  follower.socket.says(hello());
  assert.equal(follower.socket.sentOf("mark").length, 1);
  assert.deepEqual(shown(follower.client), [3, 2, 1]);
});

test("a follower's round trip is measured through the leader", async () => {
  const { leader, follower } = await twoTabs();
  follower.client.measureLatency();
  await settled();
  const [{ id }] = leader.socket.sentOf("ping");
  assert.ok(Number.isSafeInteger(id));
  leader.socket.says({ type: "pong", id });
  await settled();
  assert.equal(follower.events.filter(({ type }) => type === "latency").length, 1);
  assert.equal(leader.events.filter(({ type }) => type === "latency").length, 0);
});

test("a watch that two tabs share ends with the last of them", async () => {
  const { leader, follower } = await twoTabs();
  const ends = async (/** @type {() => void} */ act) => {
    act();
    await settled();
    return leader.socket.sentOf("unwatch").map(({ topic }) => topic);
  };
  const watch = { type: "watch", topic: "operations" };
  const unwatch = { type: "unwatch", topic: "operations" };
  for (const { client } of [leader, follower]) client.send(watch);
  follower.client.send({ type: "watch", topic: "sockets" });
  assert.deepEqual(await ends(() => follower.client.send(unwatch)), []);
  assert.deepEqual(await ends(() => leader.client.send(unwatch)), ["operations"]);
  for (const { client } of [leader, follower]) client.send(watch);
  await settled();
  assert.deepEqual(await ends(() => leader.client.send(unwatch)), ["operations"]);
  assert.deepEqual(await ends(() => follower.client.stop()), ["operations", "sockets", "operations"]);
});

test("signed out is signed out in every tab", async () => {
  const { clock, leader, follower } = await twoTabs();
  leader.answer = () => ({ status: 401, body: {} });
  leader.socket.says({ type: "bye", code: 4401, reason: "Signed out", retry_after: null });
  leader.socket.ends(4401);
  await clock.pass(1);
  assert.equal(follower.client.status.state, "signed-out");
});

test("a stopped connection is started again from any tab", async () => {
  const { leader, follower } = await twoTabs();
  leader.socket.ends(4409);
  await settled();
  assert.equal(follower.client.status.state, "stopped");
  follower.client.start();
  await settled();
  assert.equal(leader.sockets.length, 2);
});

test("what a deposed leader says of its connection is not believed", async () => {
  const { clock, tabs, leader, follower } = await twoTabs();
  tabs[0].freeze();
  await clock.pass(1.6);
  follower.socket.says(hello());
  leader.socket.ends(4504);
  await settled();
  assert.equal(follower.client.status.state, "live");
  tabs[0].thaw();
  await settled();
  assert.equal(leader.client.status.state, "live");
});

test("a leader that begins to lead after the clock was set back is believed", async () => {
  const browser = new FakeBrowser();
  const clock = new FakeClock();
  const tabs = [browser.tab(), browser.tab(), browser.tab()];
  const [first, second, third] = tabs.map(({ share }) => world({ share, clock }));
  for (const { client } of [first, second, third]) {
    client.start();
    await settled();
  }
  first.socket.says(hello(), reset(3, [row(3)]));
  await settled();
  clock.set(-3600);
  tabs[0].close();
  await settled();
  second.socket.says(hello(), inbox(3, 4, [row(4)]));
  await settled();
  assert.deepEqual(shown(third.client), [4, 3]);
});

test("a tab that somebody else has left open tells nothing and is told nothing", async () => {
  const browser = new FakeBrowser();
  const clock = new FakeClock();
  const [ada, eve] = ["u1", "u2"].map((user) => world({ share: browser.tab().share, clock, user }));
  ada.client.start();
  await settled();
  ada.socket.says(hello(), reset(3, [row(3), row(2), row(1)], { unseen: 3, unread: 3 }));
  ada.socket.ends(1006); // what it holds it would hand out all the same
  eve.client.start();
  await clock.pass(0.1);
  assert.deepEqual([eve.client.isLoaded, eve.client.unread], [false, 0]);
  assert.equal(eve.sockets.length, 1); // of its own
  eve.socket.says(hello({ user: "u2", epoch: "e2" }), reset(1, [row(50, { arrived: 1 })], { epoch: "e2" }));
  eve.client.mark("read", [50]);
  await settled();
  assert.deepEqual(shown(ada.client), [3, 2, 1]);
  assert.equal(ada.sockets.flatMap(({ sent }) => sent).length, 0);
});

test("without the browser's help each tab has its own socket", () => {
  const worlds = [world(), world()];
  for (const { client } of worlds) client.start();
  assert.deepEqual(worlds.map(({ sockets }) => sockets.length), [1, 1]);
});

test("where locks are denied each tab has a socket of its own, and asks for no lock again", async () => {
  const browser = new FakeBrowser();
  let asked = 0;
  const tabs = [0, 1].map(() => {
    const { share } = browser.tab();
    const request = () => (asked += 1, Promise.reject(new DOMException("denied", "SecurityError")));
    return world({ share: { ...share, locks: { request } } });
  });
  for (const { client } of tabs) client.start();
  await settled();
  for (const { socket } of tabs) socket.says(hello(), reset(3, [row(3)], { unseen: 1, unread: 1 }));
  await settled();
  tabs[0].socket.says(inbox(3, 4, [row(4)], { unseen: 2, unread: 2 }));
  await settled();
  assert.equal(asked, 2);
  assert.deepEqual(tabs.map(({ client }) => client.status.state), ["live", "live"]);
  assert.deepEqual(tabs.map(({ client }) => shown(client)), [[4, 3], [3]]);
  tabs[1].client.stop();
  tabs[1].client.start();
  await settled();
  assert.equal(tabs[1].sockets.length, 2);
});

test("tabs in two languages have a socket each, and one in the same shares it", async () => {
  const browser = new FakeBrowser();
  const tabs = ["en", "de", "de"].map((language) => world({ share: browser.tab().share, locale: { language, zone: "UTC" } }));
  for (const { client } of tabs) client.start();
  await settled();
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 1, 0]);
  const [english, german, other] = tabs;
  english.socket.says(hello(), reset(1, [row(1, { title: "Archive" })]));
  german.socket.says(hello(), reset(1, [row(1, { title: "Archivieren" })]));
  await settled();
  assert.deepEqual(tabs.map(({ client }) => client.notifications.map(({ title }) => title)), [["Archive"], ["Archivieren"], ["Archivieren"]]);
  assert.equal(other.client.status.state, "live");
});

test("two tabs that change their language share a socket again, in the other one", async () => {
  const browser = new FakeBrowser();
  const tabs = [1, 2].map(() => world({ share: browser.tab().share, locale: { language: "en", zone: "UTC" } }));
  for (const { client } of tabs) client.start();
  await settled();
  tabs[0].socket.says(hello(), reset(1, [row(1, { title: "Archive" })]));
  await settled();
  for (const tab of tabs) {
    tab.events.length = 0;
    tab.client.speak("de");
  }
  await settled();
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [2, 0]);
  tabs[0].socket.says(hello(), reset(1, [row(1, { title: "Archivieren" })]));
  await settled();
  for (const { client, events } of tabs) {
    assert.deepEqual(client.notifications.map(({ title }) => title), ["Archivieren"]);
    assert.equal(client.status.state, "live");
    assert.deepEqual(events.filter(({ type }) => type === "notification"), []);
  }
});
