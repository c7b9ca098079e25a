import assert from "node:assert/strict";
import { test } from "node:test";
import { goToSignIn } from "../../../browser/page/sign-in.js";
import { give, Memory } from "../page-fakes.js";

const HOME = "https://site.example/notify/?tab=unread";

/** A tab at `href`: where it was led, and what it was warned of. */
function tab({ href = HOME, isOurs = true, memory = new Memory() } = {}) {
  const it = { led: [], warnings: [], memory };
  give("document", () => ({ querySelector: (selector) => isOurs && selector === "[data-config]" ? {} : null }));
  give("sessionStorage", () => memory);
  const { origin, pathname, search } = new URL(href);
  give("location", () => ({ href, origin, pathname, search, assign: (address) => it.led.push(address) }));
  give("console", () => ({ warn: (line) => it.warnings.push(line) }));
  return it;
}

test("the sign-in page leads back here", () => {
  const it = tab();
  goToSignIn("/accounts/login/?theme=dark");
  assert.deepEqual(it.led, ["https://site.example/accounts/login/?theme=dark&next=%2Fnotify%2F%3Ftab%3Dunread&signed-out="]);
});

test("a sign-in page of another site is told the whole address", () => {
  const it = tab();
  goToSignIn("https://login.example/");
  assert.deepEqual(it.led, [`https://login.example/?next=${encodeURIComponent(HOME)}&signed-out=`]);
});

test("a page that has nothing of ours is left alone", () => {
  const it = tab({ isOurs: false });
  goToSignIn("/accounts/login/");
  assert.deepEqual(it.led, []);
});

test("who is led straight back is not sent again for twenty seconds, and the console says why", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const { memory } = tab();
  goToSignIn("/accounts/login/");
  context.mock.timers.setTime(1_019_999);
  const back = tab({ memory });
  goToSignIn("/accounts/login/");
  assert.deepEqual(back.led, []);
  assert.equal(back.warnings.length, 1);
  assert.match(back.warnings[0], /Pass \/api\/notify\/ through to Django/);
  context.mock.timers.setTime(1_020_000);
  goToSignIn("/accounts/login/");
  assert.equal(back.led.length, 1);
});

test("from another page one is sent at once", () => {
  const { memory } = tab();
  goToSignIn("/accounts/login/");
  const elsewhere = tab({ href: "https://site.example/orders/", memory });
  goToSignIn("/accounts/login/");
  assert.equal(elsewhere.led.length, 1);
});
