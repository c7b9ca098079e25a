import assert from "node:assert/strict";
import { test } from "node:test";
import { liveWorld, nothingNew, pollingWorld, redirected, reset, row, settled, shown } from "../fakes.js";

const page = { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: [], next: null };

test("every request says whose page makes it", async () => {
  const it = liveWorld({ user: "u1" });
  it.answer = () => page;
  await it.client.find({ tab: "unread" });
  it.client.mark("read", [1]);
  it.client.flush();
  assert.deepEqual(it.requests.map(({ headers }) => headers["X-Notify-User"]), ["u1", "u1"]);
});

const signInPages = {
  "a redirect": redirected,
  "a page": () => new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } }),
};

for (const [name, answer] of Object.entries(signInPages)) {
  test(`${name} instead of an answer of the API is signed out`, async () => {
    const it = await pollingWorld(answer);
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
  const it = await pollingWorld(() => new Response("<h1>Bad Gateway</h1>", { status: 502, headers: { "Content-Type": "text/html" } }));
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
  const it = await pollingWorld(nothingNew);
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
  const it = await pollingWorld(nothingNew);
  it.answer = ({ url, body }) => (url.endsWith("config/") ? { csrf: {} } : body ? { status: 403, body: { error: { code: "csrf" } } } : nothingNew());
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.events.at(-1).type, "refused");
  assert.equal(it.client.unread, 3);
});

test("a mark waits where the network is lost before the new token has come", async () => {
  const it = await pollingWorld(nothingNew);
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

test("a post that the site itself refuses is sent once", async () => {
  const it = liveWorld();
  it.answer = () => ({ status: 403, body: { detail: "no such right" } });
  await assert.rejects(it.client.post("/orders/7/cancel/"), { status: 403 });
  assert.equal(it.requests.length, 1);
});

test("a page that cannot be had says so and leaves all as it is", async () => {
  const it = liveWorld();
  it.socket.says(reset(9, [row(9), row(8)], { unseen: 9, unread: 9, next: 8 }));
  it.answer = () => null;
  await assert.rejects(it.client.loadMore(), { name: "HttpError", status: 0 });
  assert.deepEqual(shown(it.client), [9, 8]);
});

test("the API is asked beside the inbox: with a body, with the CSRF token, and answered by nothing", async () => {
  const it = liveWorld();
  it.answer = ({ url }) => (url.endsWith("/7/") ? new Response(null, { status: 204 }) : { mutes: [] });
  assert.deepEqual(await it.client.ask("mutes/"), { mutes: [] });
  await it.client.ask("preferences/", "PUT", { scope: "all", value: null });
  assert.equal(await it.client.ask("mutes/7/", "DELETE"), null);
  const asked = it.requests.map(({ url, method = "GET", body, headers }) => [method, url, body, headers["X-CSRFToken"]]);
  assert.deepEqual(asked, [
    ["GET", "/api/notify/mutes/", undefined, undefined],
    ["PUT", "/api/notify/preferences/", { scope: "all", value: null }, "token"],
    ["DELETE", "/api/notify/mutes/7/", undefined, "token"],
  ]);
});

test("a mark says in which language it was seen, and its undo says nothing", async () => {
  const it = await pollingWorld(({ url, body }) => (url.includes("changes/") ? nothingNew() : { type: "done", ref: body.ref, version: 3 }), { locale: { language: "de", zone: "UTC" } });
  const marked = it.client.mark("seen", [1]);
  await settled();
  it.client.undo(marked);
  await settled();
  const urls = it.requests.filter(({ method }) => method === "POST").map(({ url }) => url);
  assert.deepEqual(urls, ["/api/notify/inbox/mark/?language=de", "/api/notify/inbox/undo/"]);
});
