import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionText } from "../../../browser/page/connection-text.js";
import { translate } from "../../../browser/page/translation.js";

const at = (status, moment = {}) => connectionText({ began: 0, ...status }, { online: true, now: 1000, ...moment });

test("a short interruption is not told, and says when it would be", () => {
  assert.deepEqual([at({ state: "reconnecting" }).text, at({ state: "reconnecting" }).changesIn], ["Live", 4000]);
  assert.equal(at({ state: "reconnecting" }, { now: 5000 }).text, "Reconnecting…");
});

test("somebody else is signed in: said so, and the page can be loaded as theirs", () => {
  const { kind, text, action } = at({ state: "other-user" });
  assert.deepEqual([kind, text, action], ["other-user", "Someone else is signed in", "reload"]);
});

test("offline is told with the time of what is shown, unless the socket lives", () => {
  const offline = { online: false, liveUntil: "14:02" };
  assert.equal(at({ state: "reconnecting" }, offline).text, "You're offline. Last updated 14:02");
  assert.equal(at({ state: "live" }, offline).text, "Live");
});

test("a server that does not answer is told, since when, and what becomes of changes", () => {
  const told = (isReached) => at({ state: "polling", isReached }, { liveUntil: "14:02" }).text;
  assert.equal(told(undefined), "Reconnecting… Last updated 14:02");
  assert.equal(told(true), "Live updates paused. Checking every 30 seconds.");
  assert.equal(told(false), "Server not reachable since 14:02. Changes are kept and sent later.");
  assert.equal(at({ state: "stopped", code: 4409 }, { liveUntil: "14:02" }).text, "Disconnected from another device. Last updated 14:02");
});

test("a stop says why in the page's words, not the server's, and what helps", () => {
  const told = (code) => {
    const { text, action } = at({ state: "stopped", code, reason: "in the server's words" });
    return [text, action];
  };
  assert.deepEqual(told(4406), ["A new version is available", "reload"]);
  assert.deepEqual(told(4409), ["Disconnected from another device", "reconnect"]);
  assert.deepEqual(told(4403), ["You no longer have access", "reconnect"]);
  assert.deepEqual(told(4400), ["Disconnected because of an error", "reconnect"]);
  assert.deepEqual(told(4499), ["Disconnected", "reconnect"]);
  translate({ "You no longer have access": "Du hast keinen Zugang mehr" });
  assert.equal(told(4403)[0], "Du hast keinen Zugang mehr");
  translate({});
});
