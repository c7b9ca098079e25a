import assert from "node:assert/strict";
import { test } from "node:test";
import { inboxMessages } from "../../../browser/page/inbox-messages.js";
import { give } from "../page-fakes.js";

const english = () => give("document", () => ({ documentElement: { lang: "en" } }));

test("one is one, and none of the unread is nothing to say", () => {
  english();
  assert.deepEqual([0, 1, 1204].map(inboxMessages.unread), ["", "1 unread", "1,204 unread"]);
  assert.deepEqual([1, 2].map(inboxMessages.allRead), ["1 marked as read", "2 marked as read"]);
  assert.deepEqual([1, 2].map((count) => inboxMessages.results(count, false)), ["1 result", "2 results"]);
  assert.equal(inboxMessages.results(25, true), "More than 25 results");
});

test("what could not be searched is said with what was", () => {
  assert.equal(inboxMessages.heldResults(1, 50), "1 result in the latest 50 notifications. The rest couldn't be searched.");
});

test("a state and its time are two sentences, unless the state goes on", () => {
  assert.equal(inboxMessages.stale("You're offline", "14:02"), "You're offline. Last updated 14:02");
  assert.equal(inboxMessages.stale("Reconnecting…", "14:02"), "Reconnecting… Last updated 14:02");
  assert.equal(inboxMessages.stale("You're offline", null), "You're offline");
});

test("a round trip is in whole milliseconds, and never none", () => {
  assert.equal(inboxMessages.latency(0.2), "1 ms");
  assert.equal(inboxMessages.arrived(12.6), "Delivered in 13 ms");
});

test("an age is in the largest unit that is full", () => {
  assert.deepEqual([0, 59, 60, 3_599, 3_600, 90_000].map(inboxMessages.age), ["now", "now", "1 min", "59 min", "1 h", "25 h"]);
});
