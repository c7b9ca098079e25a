import assert from "node:assert/strict";
import { test } from "node:test";
import { InboxView } from "../../../browser/client/inbox-view.js";
import { inbox, liveWorld, reset, row, settled } from "../fakes.js";

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

test("until a view's first page is here, it has what matches of the rows that are held", () => {
  const it = liveWorld();
  it.client.mark("archived", [2]);
  const view = new InboxView(it.client, query({ tab: "archived" }));
  assert.deepEqual([view.isLoaded, ids(view)], [false, [2]]);
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

/** What is there to answer to searches: `refused` until it is set to `found`. */
function searching(it, refused) {
  const found = { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: [row(2, { title: "words" })], next: null };
  let answer = refused;
  it.answer = () => answer;
  return { view: new InboxView(it.client, query({ q: "words" })), goOn: () => { answer = { body: found }; } };
}

test("a search that is put off is asked again, when the server says, until it is answered", async (context) => {
  const it = liveWorld();
  const { view, goOn } = searching(it, { status: 429, body: {}, headers: { "Retry-After": "7" } });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const loaded = view.load();
  for (let asked = 1; asked < 5; asked += 1) {
    await settled();
    assert.equal(it.requests.length, asked);
    context.mock.timers.tick(6_999);
    await settled();
    assert.equal(it.requests.length, asked);
    if (asked === 4) goOn();
    context.mock.timers.tick(1);
  }
  await loaded;
  assert.deepEqual(ids(view), [2]);
});

test("where the server does not say when, it is asked again soon", async (context) => {
  const it = liveWorld();
  const { view, goOn } = searching(it, { status: 429, body: {} });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const loaded = view.load();
  await settled();
  goOn();
  context.mock.timers.tick(1_500);
  await loaded;
  assert.deepEqual(ids(view), [2]);
});

test("a search that was refused for good is asked for by more", async () => {
  const it = liveWorld();
  const { view, goOn } = searching(it, { status: 503, body: {} });
  await assert.rejects(view.load(), { status: 503 });
  assert.equal(view.isVoid, false);
  goOn();
  await view.loadMore();
  assert.deepEqual([view.isLoaded, ids(view)], [true, [2]]);
});

test("where a reset's search was refused, more starts from the top and not from the edge of before", async () => {
  const it = liveWorld();
  const view = await viewOf(it, { q: "words" }, [row(2, { title: "words" })], 2);
  it.socket.says(reset(9, [row(9)]));
  it.answer = () => ({ status: 503, body: {} });
  await assert.rejects(view.load(), { status: 503 });
  await assert.rejects(view.loadMore(), { status: 503 });
  assert.match(it.requests.at(-1).url, /q=words$/);
});

test("a search that nobody looks at any more is ended, and not asked again", async (context) => {
  const it = liveWorld();
  const { view } = searching(it, { status: 429, body: {} });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const loaded = view.load();
  await settled();
  view.leave();
  await loaded;
  context.mock.timers.tick(60_000);
  await settled();
  assert.equal(it.requests.length, 1);
  assert.equal(it.requests[0].signal.aborted, true);
  assert.equal(view.isLoaded, false);
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
