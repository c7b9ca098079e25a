"""The blocks of docs/recipes.md that a browser runs."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import send_by_http
from tests.harness.documents import block

# Into a document of the server's own: what Playwright makes up has no address, and Chromium lets no
# such document open a socket to this machine.
INTO_PAGE = """() => {
  const bell = Object.assign(document.createElement("div"), { id: "bell" });
  const script = document.createElement("script");
  Object.assign(script, { type: "module", src: "/plain.js" });
  document.body.replaceChildren(bell, script);
}"""


def test_a_page_that_no_template_made_has_a_live_bell(server, ada, windows):
    def script(route: Route) -> None:
        text = block("docs/recipes.md", "without templates: bell.js", comment="//")
        route.fulfill(body=text, content_type="text/javascript")

    page = windows.open(server.url, session=ada)
    page.route("**/plain.js", script)
    page.goto("/healthz")
    page.evaluate(INTO_PAGE)
    bell = page.locator("notify-bell .bell")
    expect(bell).to_have_attribute("aria-label", "Notifications")
    wait_until_live(page)
    send_by_http(page, "info")
    expect(page.locator("notify-bell .badge")).to_have_text("1")
    bell.click()
    row = page.locator("notify-bell .panel article")
    expect(row).to_have_count(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("button", name="Mark all as read")).to_be_hidden()
    assert windows.complaints == []
