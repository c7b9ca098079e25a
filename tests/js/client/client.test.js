import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, inbox, liveWorld, reset, row, settled, shown, world } from "../fakes.js";

const page = { epoch: "e1", version: 3, unseen: 3, unread: 3, notifications: [], next: null };
const refusal = { status: 412, body: { error: { code: "user", message: "somebody else" } } };
const theirs = [hello({ user: "u2", epoch: "e2", version: 1 }), reset(1, [row(50, { arrived: 1 })], { epoch: "e2", unseen: 1, unread: 1 })];

/** A live page of u1 with a mark under way, whose socket has ended; the next one opens as u2's. */
async function replaced(answer) {
  const it = liveWorld({ user: "u1" });
  it.answer = answer;
  it.client.mark("read", [1]);
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(...theirs);
  await settled();
  return it;
}

test("where somebody else has signed in nothing of theirs is taken, and nothing is sent to them", async () => {
  const it = await replaced(() => refusal);
  assert.equal(it.client.status.state, "other-user");
  assert.equal(it.client.user, "u1");
  assert.deepEqual(it.client.rows, []);
  assert.deepEqual(it.client.unconfirmed, []);
  assert.deepEqual(it.socket.sent, []);
  assert.equal(it.socket.readyState, 3);
  const { length } = it.sockets;
  it.client.wake("focus");
  await it.clock.pass(3600);
  assert.equal(it.sockets.length, length);
});

test("4401 finds out as well", async () => {
  const it = liveWorld({ user: "u1" });
  it.answer = () => refusal;
  it.socket.ends(4401);
  await settled();
  assert.equal(it.client.status.state, "other-user");
});

test("a socket that is somebody else's for ever is none: the page goes on by HTTP", async () => {
  const it = await replaced(({ url, body }) => {
    if (body) return { type: "done", ref: body.ref, version: 4 };
    return url.includes("changes/") ? inbox(3, 4, [row(1, { version: 4, read: "x", seen: "x" })], { unseen: 2, unread: 2 }) : page;
  });
  for (let failure = 0; failure < 2; failure += 1) {
    await it.clock.pass(2);
    it.socket.says(...theirs);
    await settled();
  }
  assert.equal(it.client.status.state, "polling");
  assert.deepEqual(shown(it.client), [3, 2, 1]);
  assert.equal(it.client.unread, 2);
  assert.deepEqual(it.sockets.slice(1).flatMap(({ sent }) => sent), []);
  assert.ok(it.requests.every(({ headers }) => headers["X-Notify-User"] === "u1"));
  assert.ok(!it.events.some(({ type, detail }) => type === "state" && detail.state === "other-user"));
});

test("while polling, a mark that was made for one is not carried out as another's", async () => {
  const it = world({ user: "u1", random: 0 });
  it.answer = () => reset(1, [row(1)], { unseen: 1, unread: 1 });
  it.client.start();
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    await it.clock.pass(0);
  }
  assert.deepEqual(shown(it.client), [1]);
  it.answer = () => refusal;
  it.client.mark("read", [1]);
  await settled();
  assert.equal(it.client.status.state, "other-user");
  const { length } = it.requests;
  it.client.flush();
  await it.clock.pass(3600);
  assert.equal(it.requests.length, length);
});

test("a tab that hears of a change asks, and goes on where there was none", async () => {
  const it = liveWorld({ user: "u1" });
  it.answer = () => page;
  await it.client.check();
  assert.equal(it.client.status.state, "live");
  it.answer = () => null;
  await it.client.check();
  assert.equal(it.client.status.state, "live");
  it.answer = () => ({ status: 401, body: {} });
  await it.client.check();
  assert.equal(it.client.status.state, "signed-out");
});

test("a client that does not know whose page it is takes whoever's inbox it is", () => {
  const it = liveWorld();
  it.socket.says(...theirs);
  assert.deepEqual([it.client.user, shown(it.client)], ["u2", [50]]);
});

test("an error undoes it and says so", () => {
  const { client, socket, events } = liveWorld();
  client.mark("archived", [2]);
  assert.deepEqual(shown(client), [3, 1]);
  socket.says({ type: "error", code: "unavailable", message: "later", ref: "m1", retry_after: 1 });
  assert.deepEqual(shown(client), [3, 2, 1]);
  assert.equal(client.unread, 3);
  assert.equal(events.at(-1).type, "refused");
});

test("more than five hundred ids are several marks", () => {
  const { client, socket } = liveWorld();
  client.mark("seen", Array.from({ length: 501 }, (_, id) => id));
  assert.deepEqual(socket.sentOf("mark").map(({ ids }) => ids.length), [500, 1]);
});

test("what is unconfirmed when the page goes is posted to outlive it", () => {
  const { client, requests } = liveWorld();
  client.mark("read", [2]);
  client.flush();
  const [{ url, method, keepalive, body, headers }] = requests;
  assert.deepEqual({ url, method, keepalive }, { url: "/api/notify/inbox/mark/", method: "POST", keepalive: true });
  assert.deepEqual(body, { type: "mark", ref: "m1", as: "read", ids: [2] });
  assert.equal(headers["X-CSRFToken"], "token");
});

test("another user's hello empties the client before anything of theirs is applied", async () => {
  const it = liveWorld();
  it.client.mark("read", [1]);
  it.socket.ends(1006);
  await it.clock.pass(1);
  it.socket.says(hello({ user: "u2", epoch: "e2", version: 1 }));
  assert.deepEqual(shown(it.client), []);
  assert.deepEqual(it.socket.sentOf("mark"), []);
  it.socket.says(reset(1, [row(50, { arrived: 1 })], { epoch: "e2", unseen: 1, unread: 1 }));
  assert.deepEqual(shown(it.client), [50]);
});

test("the round trip is measured by our own ping", async () => {
  const it = liveWorld();
  it.client.measureLatency();
  await it.clock.pass(0.042);
  it.socket.says({ type: "pong", id: it.socket.sentOf("ping")[0].id });
  assert.deepEqual(it.events, [{ type: "latency", detail: 42 }]);
});

for (const hours of [-1, 1]) {
  test(`a clock that is set by ${hours} h while a ping is under way is not in its latency`, () => {
    const it = liveWorld();
    it.client.measureLatency();
    it.clock.set(hours * 3600);
    it.socket.says({ type: "pong", id: it.socket.sentOf("ping")[0].id });
    assert.deepEqual(it.events, [{ type: "latency", detail: 0 }]);
  });
}

test("a row of a kind that the server lacked is asked for again after the next hello, once", async () => {
  const it = liveWorld();
  it.socket.says(inbox(3, 4, [row(4, { title: "As sent", fallback: true })]));
  assert.equal(it.socket.sentOf("sync").length, 0);
  for (const [n, again] of [1, 0].entries()) {
    it.socket.ends(1006);
    await it.clock.pass(30);
    assert.match(it.socket.url, /since=4$/);
    it.socket.says(hello({ version: 4 }));
    assert.equal(it.socket.sentOf("sync").length, again, `reconnect ${n}`);
  }
  it.events.length = 0;
  it.socket.says(reset(4, [row(4, { title: "Wie man es liest" })]));
  assert.equal(it.client.notifications[0].title, "Wie man es liest");
  assert.equal(it.events.filter(({ type }) => type === "notification").length, 0);
});

test("who is told in another language gets every row anew, and none of them is news", async () => {
  const it = liveWorld({ locale: { language: "en", zone: "UTC" } });
  it.client.mark("read", [1]);
  const [before] = it.sockets;
  it.events.length = 0;
  it.client.speak("de");
  assert.equal(before.readyState, 3);
  assert.equal(it.socket.url, "ws://site/ws/notify/?language=de&zone=UTC");
  assert.deepEqual(it.client.notifications.map(({ title }) => title), ["Notice 3", "Notice 2", "Notice 1"]);
  assert.equal(it.client.locale.language, "en"); // of the rows
  it.socket.says(hello(), reset(3, [row(3, { title: "Drei" }), row(2), row(1)], { unseen: 3, unread: 3 }));
  assert.equal(it.client.notifications[0].title, "Drei");
  assert.equal(it.client.locale.language, "de");
  assert.deepEqual(it.events.filter(({ type }) => type === "notification" || type === "counts"), []);
  assert.deepEqual(it.socket.sentOf("mark").map(({ ids }) => ids), [[1]]); // it was under way
  it.client.speak("de");
  assert.equal(it.sockets.length, 2);
  await it.client.loadMore();
  await it.client.check();
  assert.match(it.requests.at(-1).url, /language=de/);
});

test("rows in the language before are no cursor until they are replaced", async () => {
  const it = liveWorld({ locale: { language: "en", zone: "UTC" }, random: 0 });
  it.client.speak("de");
  it.socket.says(hello());
  it.socket.ends(1006); // before the rows came
  await it.clock.pass(1);
  assert.equal(it.socket.url, "ws://site/ws/notify/?language=de&zone=UTC");
  it.socket.says(hello(), { type: "ping", id: 1, epoch: "e1", version: 3 });
  assert.deepEqual(it.socket.sentOf("sync"), [{ type: "sync", epoch: "none", since: 3 }]);
});

test("a page that is hidden, closed or signed out opens no socket for another language", () => {
  const it = liveWorld({ locale: { language: "en", zone: "UTC" } });
  it.socket.ends(4409);
  it.client.speak("de");
  assert.equal(it.sockets.length, 1);
  it.client.start();
  assert.equal(it.socket.url, "ws://site/ws/notify/?language=de&zone=UTC");
  it.client.stop();
  it.client.speak("en");
  assert.equal(it.sockets.length, 2);
});

test("a socket that is opening opens before another language takes its place", () => {
  const it = world({ locale: { language: "en", zone: "UTC" } });
  it.client.start();
  const [opening] = it.sockets;
  it.client.speak("de");
  assert.deepEqual([opening.readyState, it.sockets.length], [0, 2]); // closed while it opens, it would be an error in the console
  opening.readyState = 1;
  opening.onopen();
  assert.equal(opening.readyState, 3);
  assert.equal(opening.onmessage, null);
});
