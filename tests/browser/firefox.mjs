// The dashboard in Firefox: node tests/browser/firefox.mjs URL USERNAME PASSWORD TIMEOUT_MS
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";

const [url, username, password, timeout] = process.argv.slice(2);
const firefox = await puppeteer.launch({
  browser: "firefox",
  executablePath: "/usr/bin/firefox-esr",
  defaultViewport: { width: 1280, height: 800 },  // the side panel has its place from 1,100 px
});
const complaints = [];

/** Polls: the page's CSP forbids what `waitForFunction` does. */
async function until(page, what, condition, ...values) {
  const end = Date.now() + Number(timeout);
  while (!(await page.evaluate(condition, ...values))) {
    if (Date.now() > end) throw new Error(`${what}, at ${page.url()}: ${await page.evaluate(() => document.body.innerText)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function open() {
  const page = await firefox.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && complaints.push(message.text()));
  return page;
}

const live = (page) => until(page, "no live connection", () => document.querySelector("notify-bell")?.client?.status.state === "live");
const rows = (page, count) =>
  until(page, `no ${count} rows`, (n) => document.querySelector("notify-inbox").shadowRoot.querySelectorAll("article").length === n, count);
const badge = (page, text) => until(page, `no ${text} on the bell`, (said) => document.querySelector("notify-bell").shadowRoot.querySelector(".badge").innerText === said, text);

try {
  const first = await open();
  await first.goto(`${url}/notify/`);
  await first.type("[name=username]", username);
  await first.type("[name=password]", password);
  await first.keyboard.press("Enter");
  await live(first);

  const second = await open();
  await second.goto(`${url}/notify/`);
  await live(second);
  await second.bringToFront();
  await (await second.waitForSelector("notify-test button")).click();
  for (const tab of [first, second]) await rows(tab, 1);

  // Archived by key in one tab, and gone in both.
  await second.keyboard.press("j");
  await second.keyboard.press("e");
  for (const tab of [first, second]) await rows(tab, 0);

  // The bell elsewhere: its badge, its panel, and Esc.
  await first.bringToFront();
  await first.goto(`${url}/accounts/password_change/`);
  await live(first);
  await second.close(); // where an arrival would be seen at once
  await first.evaluate(() => document.querySelector("notify-bell").client.post("/notify/test/"));
  await badge(first, "1");
  await (await first.waitForSelector("notify-bell >>> .bell")).click();
  const isOpen = (page, open) => until(page, `panel: ${open}`, (wanted) => document.querySelector("notify-bell").shadowRoot.querySelector(".panel").matches(":popover-open") === wanted, open);
  await isOpen(first, true);
  await first.keyboard.press("Escape");
  await isOpen(first, false);
  assert.deepEqual(complaints, []);
} finally {
  await firefox.close();
}
