import assert from "node:assert/strict";
import { test } from "node:test";
import { Poller } from "../../../browser/client/poller.js";
import { FakeClock, settled } from "../fakes.js";

/** A poller whose polls last until `answer` is called. */
function polling() {
  const clock = new FakeClock();
  const waiting = [];
  const it = { clock, polls: 0, answer: async () => (waiting.shift()(), await settled()) };
  it.poller = new Poller({ clock, poll: () => (it.polls += 1, new Promise((resolve) => waiting.push(resolve))) });
  return it;
}

test("it polls at once, and again thirty seconds after each answer", async () => {
  const it = polling();
  it.poller.start();
  assert.equal(it.polls, 1);
  await it.answer();
  await it.clock.pass(29.9);
  assert.equal(it.polls, 1);
  await it.clock.pass(0.1);
  assert.equal(it.polls, 2);
});

test("a slow answer is waited for: there are never two polls at a time", async () => {
  const it = polling();
  it.poller.start();
  it.poller.start();
  await it.clock.pass(300);
  assert.equal(it.polls, 1);
});

test("once stopped it polls no more, whether it waits for an answer or for the time", async () => {
  for (const isAnswered of [true, false]) {
    const it = polling();
    it.poller.start();
    if (isAnswered) await it.answer();
    it.poller.stop();
    if (!isAnswered) await it.answer();
    await it.clock.pass(300);
    assert.equal(it.polls, 1);
  }
});
