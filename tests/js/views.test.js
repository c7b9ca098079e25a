import assert from "node:assert/strict";
import { test } from "node:test";
import { titleWithBadge } from "../../notify/static/notify/badges.js";
import { InboxView } from "../../notify/static/notify/inbox-view.js";
import { messages } from "../../notify/static/notify/messages.js";
import { translate } from "../../notify/static/notify/translation.js";
import { inbox, liveWorld, reset, row } from "./fakes.js";

const query = (fields) => ({ tab: "all", category: "", level: "", q: "", ...fields });
const ids = (view) => view.rows.map(({ id }) => id);

async function viewOf(it, fields, notifications, next = null) {
  it.answer = () => ({ body: { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications, next } });
  const view = new InboxView(it.client, query(fields));
  await view.load();
  return view;
}

test("without a query it is the inbox's window", () => {
  const { client } = liveWorld();
  const view = new InboxView(client, query());
  assert.deepEqual(ids(view), [3, 2, 1]);
  assert.equal(view.isLoaded, true);
});

test("what a query finds is kept current, and what arrives is let in if it matches", async () => {
  const it = liveWorld();
  const view = await viewOf(it, { category: "ops" }, [row(2, { category: "ops" })]);
  assert.match(it.requests[0].url, /inbox\/\?tab=all&category=ops$/);
  it.socket.says(inbox(3, 5, [row(4, { category: "ops" }), row(5, { category: "food" })]));
  assert.deepEqual(ids(view), [4, 2]);
  it.socket.says(inbox(5, 6, [row(2, { category: "ops", version: 6, archived: "x" })]));
  assert.deepEqual(ids(view), [4]);
});

test("the archived tab follows marks before they are confirmed", async () => {
  const it = liveWorld();
  const view = await viewOf(it, { tab: "archived" }, []);
  it.client.mark("archived", [2]);
  assert.deepEqual(ids(view), [2]);
  it.client.mark("unarchived", [2]);
  assert.deepEqual(ids(view), []);
});

test("in the unread tab what is read meanwhile stays, and in the next one it is gone", async () => {
  const it = liveWorld();
  const view = await viewOf(it, { tab: "unread" }, [row(3), row(2), row(1)]);
  assert.deepEqual(ids(view), [3, 2, 1]);
  it.client.mark("read", [2]);
  assert.deepEqual(ids(view), [3, 2, 1]);
  assert.deepEqual(ids(await viewOf(it, { tab: "unread" }, [row(3), row(1)])), [3, 1]);
});

test("the server decides what words match", async () => {
  const it = liveWorld();
  const view = await viewOf(it, { q: "strasse" }, [row(9, { arrived: 1, version: 1, title: "Straße" })]);
  assert.deepEqual(ids(view), [9]);
});

test("a search that is put off, because of those typed before, is tried once more", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const it = liveWorld();
  const view = new InboxView(it.client, query({ q: "words" }));
  const put = { status: 429, body: {} };
  const found = { body: { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: [row(2, { title: "words" })], next: null } };
  for (const answers of [[put, found], [put, put, found]]) {
    const asked = it.requests.length;
    it.answer = () => answers[it.requests.length - asked - 1];
    const loaded = view.load();
    while (it.requests.length === asked) await Promise.resolve();
    for (let n = 0; n < 20; n++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    context.mock.timers.tick(1_500);
    if (answers.length === 2) await loaded;
    else await assert.rejects(loaded, { status: 429 });
    assert.equal(it.requests.length, asked + 2);
  }
  assert.deepEqual(ids(view), [2]);
});

test("a page of before a reset is dropped, and asked for again", async () => {
  const it = liveWorld();
  let answer = null;
  it.answer = () => new Promise((resolve) => { answer = resolve; });
  const view = new InboxView(it.client, query({ tab: "archived" }));
  const loading = view.load();
  it.socket.says(reset(9, [row(9)]));
  answer({ body: { epoch: "e1", version: 3, unseen: 0, unread: 0, notifications: [row(1)], next: null } });
  await loading;
  assert.equal(view.isLoaded, false);
  assert.equal(view.isVoid, true);
});

test("older ones of a query are loaded from its own edge", async () => {
  const it = liveWorld();
  const view = await viewOf(it, { level: "error" }, [row(2, { level: "error" })], 2);
  assert.equal(view.hasMore, true);
  await viewOf(it, {}, []);
  it.answer = () => ({ body: { epoch: "e1", version: 3, unseen: 0, unread: 0, notifications: [], next: null } });
  await view.loadMore();
  assert.match(it.requests.at(-1).url, /before=2$/);
  assert.equal(view.hasMore, false);
});

test("the title's number is exchanged, and taken away", () => {
  assert.equal(titleWithBadge("Inbox", 3), "(3) Inbox");
  assert.equal(titleWithBadge("(3) Inbox", 120), "(99+) Inbox");
  assert.equal(titleWithBadge("(99+) Inbox", 0), "Inbox");
});

test("words come from the page where it has them", () => {
  translate({ "{count} new": "{count} neu" });
  assert.equal(messages.fresh(3), "3 neu");
  assert.equal(messages.undo, "Undo");
  translate({});
});
