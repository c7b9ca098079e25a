"""What is wrong with a page, as far as a script can see it: to axe-core, and to a designer."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
}"""

# Text that scrolls within a box of its own may be outside it; and a line that ends in "…" has said
# that there is more.
FLAWS = """({ isOurs }) => {
    const box = (part) => part.getBoundingClientRect();
    const style = (part) => getComputedStyle(part);
    const inside = (root) => [...root.querySelectorAll("*")].flatMap((element) =>
        element.shadowRoot ? [element, ...inside(element.shadowRoot)] : [element]);
    const around = (element) => element && [element, ...(around(
        element.assignedSlot ?? element.parentElement ?? element.getRootNode().host) ?? [])];
    const shown = inside(document).filter((part) =>
        part.checkVisibility({ visibilityProperty: true })
        && around(part).map(style).every(({ clip, clipPath }) =>
            clip === "auto" && clipPath === "none"));
    const texts = shown.filter(({ childNodes }) => [...childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    const scrolls = (part) => around(part.parentElement ?? part.getRootNode().host)
        .some((each) => each !== document.documentElement && each !== document.body
            && /auto|scroll|hidden/.test(style(each).overflowX));
    const name = ({ outerHTML, textContent }) =>
        `${outerHTML.slice(0, 100)} ${textContent.trim().slice(0, 30)}`;
    const flaws = {
        "wider than the window": [document.documentElement].filter((root) =>
            root.scrollWidth > root.clientWidth),
        "outside the window": texts.filter((part) => box(part).width && !scrolls(part)
            && (box(part).left < -1 || box(part).right > innerWidth + 1)),
        "cut off": texts.filter((part) => /hidden|clip/.test(style(part).overflowX)
            && part.scrollWidth > part.clientWidth + 1
            && style(part).textOverflow !== "ellipsis" && style(part).webkitLineClamp === "none"),
    };
    if (isOurs) {
        flaws["smaller than 13 px"] = texts.filter((part) => parseFloat(style(part).fontSize) < 13);
    }
    if (isOurs && innerWidth < 600) {
        const targets = "button, summary, select, .button, .panel-all, nav a, "
            + "label:has([type=checkbox]), input:not([type=checkbox], [type=hidden])";
        flaws["a target lower than 44 px"] = shown.filter((part) => part.matches(targets)
            && !part.matches(".title") && box(part).height < 44);
    }
    return Object.entries(flaws).flatMap(([flaw, parts]) =>
        parts.map((part) => `${flaw}: ${name(part)}`));
}"""


def flaws(page: Page) -> Any:
    """Each as text. Django's admin has its own sizes."""
    return page.evaluate(FLAWS, {"isOurs": "/admin/" not in page.url})


def findings(page: Page) -> Any:
    """Of axe-core, and of ours. Its source is evaluated: a strict CSP blocks injected tags."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(RUN_AXE) + flaws(page)
