import assert from "node:assert/strict";
import { test } from "node:test";
import { ViewLoader } from "../../../browser/elements/view-loader.js";
import { inbox, liveWorld, reset, row, settled } from "../fakes.js";
import { give } from "../page-fakes.js";

const query = (fields) => ({ tab: "all", category: "", level: "", q: "", ...fields });
const page = (...ids) => ({ body: { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: ids.map((id) => row(id)), next: null } });

/** The loader of an inbox that shows `words`; `answer` is its server's, `page(2)` at first. */
function loading(answer = page(2)) {
  const it = liveWorld();
  it.page = { onLine: true, visibilityState: "visible" };
  it.drawn = 0;
  give("window", () => globalThis);
  give("navigator", () => it.page);
  give("document", () => it.page);
  const listeners = [];
  const element = {
    client: it.client,
    connected: new AbortController(),
    listen: (target, types, listener) => listeners.push({ target, types, listener }),
    later: (callback, milliseconds) => it.clock.setTimeout(callback, milliseconds),
  };
  it.answer = () => answer;
  it.says = (target, type) => listeners.filter((one) => one.target === target && one.types.includes(type)).forEach(({ listener }) => listener());
  it.loader = new ViewLoader(element, query({ q: "words" }), () => (it.drawn += 1));
  return it;
}

const ids = ({ loader }) => loader.view.rows.map(({ id }) => id);

test("the first page is asked for once, and drawn when it is here", async () => {
  const it = loading();
  it.loader.loadFirst();
  it.loader.loadFirst();
  assert.deepEqual([it.loader.isLoading, it.drawn], [true, 1]);
  await settled();
  assert.equal(it.requests.length, 1);
  assert.deepEqual([ids(it), it.loader.isLoading, it.loader.hasFailed, it.drawn], [[2], false, false, 2]);
});

test("what failed is tried again after ten seconds, until it is there", async () => {
  const it = loading({ status: 503, body: {} });
  it.loader.loadFirst();
  await settled();
  assert.deepEqual([it.loader.hasFailed, it.loader.isLoading], [true, false]);
  await it.clock.pass(10);
  assert.equal(it.requests.length, 2);
  it.answer = () => page(2);
  await it.clock.pass(10);
  assert.deepEqual([ids(it), it.loader.hasFailed], [[2], false]);
  await it.clock.pass(60);
  assert.equal(it.requests.length, 3);
});

for (const [what, awaited] of [["the network", (it) => it.says(globalThis, "online")], ["the socket", (it) => it.says(it.client, "state")]]) {
  test(`what failed is tried at once when ${what} is back`, async () => {
    const it = loading({ status: 503, body: {} });
    awaited(it);
    assert.equal(it.requests.length, 0); // nothing has failed
    it.loader.loadFirst();
    await settled();
    awaited(it);
    assert.equal(it.requests.length, 2);
  });
}

test("nobody asks again without a network, nor in a page that nobody looks at", async () => {
  for (const missing of [{ onLine: false }, { visibilityState: "hidden" }]) {
    const it = loading({ status: 503, body: {} });
    it.loader.loadFirst();
    await settled();
    Object.assign(it.page, missing);
    await it.clock.pass(60);
    assert.equal(it.requests.length, 1);
  }
});

test("where all that was loaded is archived and there is more, that is loaded once the server knows of it", async () => {
  const it = loading({ body: { ...page(1).body, version: 9 } });
  it.loader.show(query());
  it.socket.says(reset(9, [row(9), row(8)], { unseen: 3, unread: 3, next: 8 }));
  const marked = it.client.mark("archived", [8, 9]);
  it.loader.loadRest();
  assert.equal(it.requests.length, 0);
  it.socket.says({ type: "done", ref: marked[0].frame.ref, version: 10 });
  it.loader.loadRest();
  it.loader.loadRest();
  await settled();
  assert.deepEqual([it.requests.length, ids(it)], [1, [1]]);
  it.loader.loadRest();
  await settled();
  assert.equal(it.requests.length, 1); // there is no more
});

test("a search is not gone on with by itself, nor what has failed", async () => {
  const it = loading({ body: { ...page().body, next: 5 } });
  it.loader.loadFirst();
  await settled();
  it.loader.loadRest();
  assert.deepEqual([it.requests.length, it.loader.view.hasMore], [1, true]);
  it.loader.show(query());
  it.socket.says(reset(9, [], { next: 8 }));
  it.answer = () => ({ status: 503, body: {} });
  it.loader.loadRest();
  await settled();
  it.loader.loadRest();
  assert.equal(it.requests.length, 2);
});

test("what comes of a view that was left is no matter of the next one", async () => {
  const it = loading();
  const answers = [];
  it.answer = () => new Promise((resolve) => answers.push(resolve));
  it.loader.loadFirst();
  it.loader.show(query({ q: "others" }));
  assert.equal(it.requests[0].signal.aborted, true);
  it.loader.loadFirst();
  answers[0]({ status: 503, body: {} });
  await settled();
  assert.deepEqual([it.loader.hasFailed, it.loader.isLoading], [false, true]);
  answers[1](page());
  await settled();
  assert.equal(it.loader.isLoading, false);
});
