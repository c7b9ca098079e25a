import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, reactionTo } from "../../../browser/client/reconnecting.js";

const reactions = {
  "back-off": [1000, 1001, 1005, 1006, 1009, 1011, 3000, 4500, 4504, 4507, 4508, 4529, 4599, 4700, 4999],
  "stop": [4400, 4403, 4406, 4409, 4499],
  "ask": [4401],
  "at-once": [4600, 4601, 4699],
};

for (const [reaction, codes] of Object.entries(reactions)) {
  for (const code of codes) test(`${code}: ${reaction}`, () => assert.equal(reactionTo(code), reaction));
}

test("a wait is anywhere between nothing and its most, which doubles up to thirty seconds", () => {
  const most = [0, 1, 2, 5, 6, 7, 2_000].map((failures) => backoff(failures, () => 1));
  assert.deepEqual(most, [500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(backoff(5, () => 0), 0);
  assert.equal(backoff(5, () => 0.5), 8_000);
});
