import assert from "node:assert/strict";
import { test } from "node:test";
import { tellWhy } from "../../../browser/page/no-socket.js";
import { FakeClock } from "../fakes.js";

/** The lines of the console after ten seconds, in a page whose plain request is answered so. */
async function said(status, state = "polling") {
  const clock = new FakeClock();
  const lines = [];
  const asked = [];
  const fetch = async (url) => {
    asked.push(url);
    if (status === null) throw new TypeError("Failed to fetch");
    return { status };
  };
  const setTimeout = (...wanted) => clock.setTimeout(...wanted);
  tellWhy({ status: { state } }, "/links/ws/notify/", { fetch, setTimeout, warn: (line) => lines.push(line) });
  await clock.pass(9.9);
  assert.deepEqual(lines, []);
  await clock.pass(0.1);
  return { lines, asked };
}

for (const status of [200, 403, 404]) {
  test(`${status}: nobody of ours is behind the path`, async () => {
    const { lines, asked } = await said(status);
    assert.deepEqual(asked, ["/links/ws/notify/"]);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^notify: no socket at \/links\/ws\/notify\/, so this page polls\./);
    assert.match(lines[0], new RegExp(`returned ${status}\\. No NotifyApplication answers`));
  });
}

for (const status of [426, 400]) {
  test(`${status}: the path is right, and the handshake fails`, async () => {
    const { lines } = await said(status);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /The path is right.*SESSION_COOKIE_PATH/);
  });
}

for (const status of [null, 502, 503]) {
  test(`${status ?? "no answer"}: nothing is said of the path`, async () => {
    assert.deepEqual((await said(status)).lines, []);
  });
}

test("nothing is said, nor asked, where the socket has come back", async () => {
  const { lines, asked } = await said(404, "live");
  assert.deepEqual([lines, asked], [[], []]);
});
