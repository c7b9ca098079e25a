// The world that the client is given in tests: its clock, its sockets, its network.
import { readFileSync } from "node:fs";
import { NotifyClient } from "../../browser/client/client.js";

export const fixtures = JSON.parse(
  readFileSync(new URL("../fixtures/frames.json", import.meta.url), "utf8"),
);

export class FakeClock {
  #now = Date.parse("2026-03-01T09:00:00Z");
  #set = 0;
  #timers = new Map();
  #last = 0;

  now() { return this.#now + this.#set; }

  elapsed() { return this.#now; }

  /** Somebody sets it, forward or back. */
  set(seconds) { this.#set += seconds * 1000; }

  setTimeout(callback, milliseconds) {
    this.#last += 1;
    this.#timers.set(this.#last, { callback, due: this.#now + milliseconds });
    return this.#last;
  }

  clearTimeout(handle) { this.#timers.delete(handle); }

  /** Let time pass, with every timer at its moment. */
  async pass(seconds) {
    await settled();
    const end = this.#now + seconds * 1000;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      const [handle, { callback, due }] = timer;
      this.#timers.delete(handle);
      this.#now = Math.max(this.#now, due);
      callback();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** Time passes and no timer runs, as in a frozen tab. */
  freeze(seconds) { this.#now += seconds * 1000; }

  #next(end) {
    const due = [...this.#timers].filter(([, timer]) => timer.due <= end);
    return due.sort(([, one], [, other]) => one.due - other.due)[0];
  }
}

export class FakeSocket {
  readyState = 0;
  sent = [];
  onmessage = null;
  onclose = null;
  onopen = null;
  onerror = null;

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  send(text) { this.sent.push(JSON.parse(text)); }

  close() { this.readyState = 3; }

  /** The server says something. */
  says(...frames) {
    this.readyState = 1;
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server, or the network, ends it. */
  ends(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  sentOf(type) { return this.sent.filter((frame) => frame.type === type); }
}

/** What the tabs of one browser share: locks and channels. */
export class FakeBrowser {
  #queue = [];
  #channels = new Set();
  #tabs = 0;

  /**
   * A tab's `share`; `close()`: the browser frees its lock and its channel; `freeze()` and `thaw()`:
   * what reaches it waits.
   */
  tab() {
    const browser = this;
    this.#tabs += 1;
    const name = `t${this.#tabs}`;
    const channels = new Set();
    let late = null; // what waits while it is frozen
    const reach = (callback) => (late ? late.push(callback) : queueMicrotask(callback));
    class Channel {
      onmessage = null;
      reach = reach;
      constructor(topic) { this.topic = topic; browser.#channels.add(this); channels.add(this); }
      postMessage(data) {
        const others = [...browser.#channels].filter((channel) => channel !== this && channel.topic === this.topic);
        const text = JSON.stringify(data);
        for (const other of others) other.reach(() => browser.#channels.has(other) && other.onmessage?.({ data: JSON.parse(text) }));
      }
      close() { browser.#channels.delete(this); }
    }
    const request = (lock, { signal, steal = false }, callback) => new Promise((_resolve, reject) => {
      const entry = { name, lock, callback, held: false, reject: (why) => reach(() => reject(why)) };
      entry.leave = () => browser.#leave(entry);
      if (steal) browser.#rob(entry);
      else browser.#queue.push(entry);
      signal?.addEventListener("abort", () => { if (!entry.held) { entry.leave(); reject(signal.reason); } });
      browser.#grant(lock);
    });
    const it = { isVisible: true };
    return Object.assign(it, {
      share: { locks: { request }, Channel, tab: name, isVisible: () => it.isVisible },
      close: () => {
        for (const channel of channels) channel.close();
        for (const entry of browser.#queue.filter((other) => other.name === name)) entry.leave();
      },
      freeze: () => { late = []; },
      thaw: () => {
        for (const callback of late) queueMicrotask(callback);
        late = null;
      },
    });
  }

  #leave(entry) {
    this.#queue = this.#queue.filter((other) => other !== entry);
    this.#grant(entry.lock);
  }

  #rob(entry) {
    const holder = this.#queue.find(({ lock, held }) => held && lock === entry.lock);
    this.#queue = [entry, ...this.#queue.filter((other) => other !== holder)];
    holder?.reject(new DOMException("stolen", "AbortError"));
  }

  #grant(lock) {
    const first = this.#queue.find((entry) => entry.lock === lock);
    if (!first || first.held) return;
    first.held = true;
    queueMicrotask(() => void first.callback().then(first.leave));
  }
}

/** A client in a world of its own: `sockets`, `requests`, `events`; `answer` is its HTTP server. */
export function world({ random = 0.5, clock = new FakeClock(), share = undefined, user = undefined, locale = undefined } = {}) {
  const sockets = [];
  const requests = [];
  const it = { clock, sockets, requests, random, answer: () => ({ status: 503, body: {} }) };
  class WebSocket extends FakeSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }
  const fetch = async (url, init) => {
    const request = { url, ...init, body: init.body && JSON.parse(init.body) };
    requests.push(request);
    const answer = await it.answer(request);
    if (answer === null) throw new TypeError("Failed to fetch");
    if (answer instanceof Response) return answer;
    const { status = 200, body = answer, headers } = answer;
    return Response.json(body, { status, headers });
  };
  it.client = new NotifyClient({
    socket: "ws://site/ws/notify/", api: "/api/notify/", csrf: { "X-CSRFToken": "token" },
    WebSocket, fetch, clock, user, locale, random: () => it.random, ...(share && { share, tab: share.tab }),
  });
  it.events = recorded(it.client);
  Object.defineProperty(it, "socket", { get: () => sockets.at(-1) });
  return it;
}

/** The same world with an open socket that has loaded three rows: 3, 2, 1. */
export function liveWorld(options) {
  const it = world(options);
  it.client.start();
  it.socket.says(hello(), reset(3, [row(3), row(2), row(1)], { unseen: 3, unread: 3 }));
  it.events.length = 0;
  return it;
}

/** The same world after its socket has failed three times, so it polls; `answer` is its HTTP server. */
export async function pollingWorld(answer, options = {}) {
  const it = liveWorld({ random: 0.999999, ...options });
  it.answer = answer;
  for (let failure = 0; failure < 3; failure += 1) {
    it.socket.ends(1006);
    if (failure < 2) await it.clock.pass(1);
  }
  await settled();
  return it;
}

export const nothingNew = () => inbox(3, 3);

/** Two tabs of one browser; the first leads and is live with rows 3, 2, 1. */
export async function twoTabs() {
  const browser = new FakeBrowser();
  const clock = new FakeClock();
  const tabs = [browser.tab(), browser.tab()];
  const [leader, follower] = tabs.map(({ share }) => world({ share, clock }));
  leader.client.start();
  await settled();
  leader.socket.says(hello(), reset(3, [row(3), row(2), row(1)], { unseen: 3, unread: 3 }));
  follower.client.start();
  await settled();
  return { clock, tabs, leader, follower };
}

function recorded(client) {
  const events = [];
  for (const type of ["notification", "counts", "state", "latency", "refused", "figures"]) {
    client.addEventListener(type, (event) => events.push({ type, detail: event.detail }));
  }
  return events;
}

/** What a browser makes of a redirect that it is not to follow (Fetch, 2.2.6). */
export function redirected() {
  const properties = { type: "opaqueredirect", status: 0, ok: false };
  const descriptors = Object.entries(properties).map(([name, value]) => [name, { value }]);
  return Object.defineProperties(new Response(null), Object.fromEntries(descriptors));
}

export const settled = () => new Promise((resolve) => setImmediate(resolve));

export function hello(fields = {}) {
  return { type: "hello", protocol: 1, user: "u1", epoch: "e1", version: 3, unseen: 3, unread: 3,
    ping_interval: 20, ping_timeout: 15, ...fields };
}

export function row(id, fields = {}) {
  return { id, arrived: id, version: fields.arrived ?? id, kind: "", category: "", level: "info",
    title: `Notice ${id}`, body: "", url: null, actor: null, actions: [], data: {},
    created: "2026-03-01T09:00:00.000Z", expires: null, seen: null, read: null, archived: null,
    recalled: null, ...fields };
}

export function inbox(from, to, notifications = [], fields = {}) {
  return { type: "inbox", epoch: "e1", from, to, unseen: 0, unread: 0, notifications, ...fields };
}

export function reset(to, notifications = [], fields = {}) {
  return inbox(0, to, notifications, { reset: true, next: null, ...fields });
}

export const shown = (client) => client.notifications.map(({ id }) => id);
export const readRows = (client) => client.notifications.filter(({ read }) => read).map(({ id }) => id);
