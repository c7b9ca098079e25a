import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, redirected, reset, row, settled, shown, world } from "./fakes.js";

/** A world whose socket has failed three times; `answer` is its HTTP server. */
async function failedThrice(answer) {
  const it = liveWorld({ random: 0.999999 });
  it.answer = answer;
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    if (failure < 2) await it.clock.pass(1);
  }
  await settled();
  return it;
}

const nothingNew = () => inbox(3, 3);

test("two quick failures do not poll, the third does, at once", async () => {
  const it = await failedThrice(nothingNew);
  assert.equal(it.client.status.state, "polling");
  assert.deepEqual(it.requests.map(({ url }) => url), ["/api/notify/inbox/changes/?epoch=e1&since=3"]);
});

test("it polls every thirty seconds and keeps trying the socket", async () => {
  const it = await failedThrice(nothingNew);
  const { length } = it.sockets;
  await it.clock.pass(60);
  assert.equal(it.requests.length, 3);
  assert.ok(it.sockets.length > length);
  assert.equal(it.client.status.state, "polling");
});

test("what a poll brings is applied and announced, until nothing is new", async () => {
  const answers = [
    inbox(3, 4, [row(4)], { unseen: 5, unread: 5 }),
    inbox(4, 5, [row(5)], { unseen: 5, unread: 5 }),
    inbox(5, 5, [], { unseen: 5, unread: 5 }),
  ];
  const it = await failedThrice(() => answers.shift());
  assert.deepEqual(shown(it.client), [5, 4, 3, 2, 1]);
  assert.deepEqual(it.events.filter(({ type }) => type === "notification").map(({ detail }) => detail.id), [4, 5]);
  assert.equal(it.requests.length, 3);
});

test("a client that never had a socket loads by polling", async () => {
  const it = world({ random: 0 });
  it.answer = () => reset(1, [row(1)], { unseen: 1, unread: 1 });
  it.client.start();
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    await it.clock.pass(0);
  }
  assert.equal(it.requests[0].url, "/api/notify/inbox/changes/");
  assert.deepEqual(shown(it.client), [1]);
});

test("while it polls, it knows whether the server answers and until when it did", async () => {
  let isDown = false;
  const it = await failedThrice(() => (isDown ? null : nothingNew()));
  const before = it.client.status;
  assert.equal(before.isReached, true);
  await it.clock.pass(30);
  assert.ok(it.client.status.liveUntil > before.liveUntil);
  isDown = true;
  await it.clock.pass(30);
  const { isReached, liveUntil } = it.client.status;
  assert.deepEqual([isReached, liveUntil], [false, before.liveUntil + 30_000]);
  assert.equal(it.events.filter(({ type }) => type === "state").at(-1).detail.isReached, false);
  isDown = false;
  await it.clock.pass(30);
  assert.equal(it.client.status.isReached, true);
});

test("hello ends the polling", async () => {
  const it = await failedThrice(nothingNew);
  await it.clock.pass(4);
  it.socket.says(hello());
  assert.equal(it.client.status.state, "live");
  const { length } = it.requests;
  for (let id = 0; id < 5; id += 1) {
    await it.clock.pass(20);
    it.socket.says({ type: "ping", id, epoch: "e1", version: 3 });
  }
  assert.equal(it.requests.length, length);
});

test("an answer that comes after hello is dropped", async () => {
  let release;
  const it = await failedThrice(() => new Promise((resolve) => (release = resolve)));
  await it.clock.pass(4);
  it.socket.says(hello());
  release(inbox(3, 4, [row(4)]));
  await settled();
  assert.equal(it.client.version, 3);
});

test("a mark made while polling goes by HTTP at once", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = ({ body }) => ({ status: 200, body: { type: "done", ref: body.ref, version: 4 } });
  it.client.mark("read", [1]);
  await settled();
  const { url, method } = it.requests.at(-1);
  assert.deepEqual({ url, method }, { url: "/api/notify/inbox/mark/", method: "POST" });
  assert.equal(it.client.unread, 2);
});

test("a mark that HTTP refuses is undone", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = () => ({ status: 422, body: {} });
  it.client.mark("read", [1]);
  assert.equal(it.client.unread, 2);
  await settled();
  assert.equal(it.client.unread, 3);
  assert.equal(it.events.at(-1).type, "refused");
});

test("a mark that the network loses goes with the next poll", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = () => null;
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.client.unread, 2);
  it.answer = ({ body }) => (body ? { status: 200, body: { ref: body.ref, version: 3 } } : nothingNew());
  await it.clock.pass(30);
  assert.equal(it.requests.filter(({ url }) => url.endsWith("mark/")).length, 2);
});

for (const status of [429, 503]) {
  test(`changes come while a mark is answered by ${status}`, async () => {
    const it = await failedThrice(nothingNew);
    it.answer = ({ body }) => (body ? { status, body: {} } : inbox(3, 4, [row(4)], { unseen: 4, unread: 4 }));
    it.client.mark("read", [1]);
    await settled();
    assert.deepEqual(shown(it.client), [3, 2, 1]);
    await it.clock.pass(30);
    assert.deepEqual(shown(it.client), [4, 3, 2, 1]);
  });
}

test("no changes are asked for as somebody else", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = ({ body }) => (body ? { status: 412, body: { error: { code: "user" } } } : nothingNew());
  it.client.mark("read", [1]);
  const { length } = it.requests;
  await it.clock.pass(60);
  assert.deepEqual(it.requests.slice(length).filter(({ url }) => url.includes("changes")), []);
});

test("401 while polling is signed out", async () => {
  const it = await failedThrice(() => ({ status: 401, body: {} }));
  assert.equal(it.client.status.state, "signed-out");
  const { length } = it.sockets;
  await it.clock.pass(3600);
  assert.equal(it.sockets.length, length);
});

const signInPages = {
  "a redirect": redirected,
  "a page": () => new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } }),
};

for (const [name, answer] of Object.entries(signInPages)) {
  test(`${name} instead of an answer of the API is signed out`, async () => {
    const it = await failedThrice(answer);
    assert.equal(it.requests[0].redirect, "manual");
    assert.equal(it.client.status.state, "signed-out");
  });

  test(`${name} after 4401 is signed out`, async () => {
    const it = liveWorld();
    it.answer = answer;
    it.socket.ends(4401);
    await settled();
    assert.equal(it.client.status.state, "signed-out");
  });
}

test("the page of a proxy that cannot reach the server is a failure like others", async () => {
  const it = await failedThrice(() => new Response("<h1>Bad Gateway</h1>", { status: 502, headers: { "Content-Type": "text/html" } }));
  assert.equal(it.client.status.state, "polling");
});

/** A server that has signed her in anew: the token of her other tabs is void. */
function rotated(token) {
  return ({ url, headers, body }) => {
    if (url === "/api/notify/config/") return { csrf: { "X-XSRF-TOKEN": token } };
    if (!body) return nothingNew();
    return headers["X-XSRF-TOKEN"] === token ? { ref: body.ref, version: 4 } : { status: 403, body: { error: { code: "csrf" } } };
  };
}

test("a mark whose CSRF token is void gets another token, and so do those after it", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = rotated("another");
  it.requests.length = 0;
  it.client.mark("read", [1]);
  await settled();
  it.client.mark("read", [2]);
  await settled();
  assert.deepEqual(it.requests.map(({ url }) => url.split("/").at(-2)), ["mark", "config", "mark", "mark"]);
  assert.equal(it.client.unread, 1);
  assert.deepEqual(it.client.unconfirmed, []);
  assert.ok(!it.events.some(({ type }) => type === "refused"));
});

test("a mark that is refused with the new token too is undone", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = ({ url, body }) => (url.endsWith("config/") ? { csrf: {} } : body ? { status: 403, body: { error: { code: "csrf" } } } : nothingNew());
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.events.at(-1).type, "refused");
  assert.equal(it.client.unread, 3);
});

test("a mark waits where the network is lost before the new token has come", async () => {
  const it = await failedThrice(nothingNew);
  it.answer = ({ url, body }) => (url.endsWith("config/") ? null : body ? { status: 403, body: { error: { code: "csrf" } } } : nothingNew());
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.client.unconfirmed.length, 1);
  it.answer = rotated("another");
  await it.clock.pass(30);
  assert.deepEqual(it.client.unconfirmed, []);
});

test("what else the page posts gets another token as well", async () => {
  const it = liveWorld();
  it.answer = ({ url, headers }) => {
    if (url === "/api/notify/config/") return { csrf: { "X-CSRFToken": "another" } };
    return headers["X-CSRFToken"] === "another" ? { id: 17 } : { status: 403, body: { error: { code: "csrf" } } };
  };
  assert.deepEqual(await it.client.post("/notify/test/"), { id: 17 });
});

test("a poll that fails is tried again", async () => {
  const it = await failedThrice(() => null);
  assert.equal(it.client.status.state, "polling");
  await it.clock.pass(30);
  assert.equal(it.requests.length, 2);
});

test("a post that the site itself refuses is sent once", async () => {
  const it = liveWorld();
  it.answer = () => ({ status: 403, body: { detail: "no such right" } });
  await assert.rejects(it.client.post("/orders/7/cancel/"), { status: 403 });
  assert.equal(it.requests.length, 1);
});
