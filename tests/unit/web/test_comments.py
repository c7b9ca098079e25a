import re

from notify.web.comments import without_comments
from notify.web.modules import STATIC


def test_whole_lines_of_comment_go_and_what_looks_like_one_in_a_line_stays():
    code = (
        "// @ts-check\n/** What it does.\n *\n * @param {string} a\n */\n"
        "export function f(a) {\n  // why\n"
        '  return a + "// not one /* nor this */"; // this stays\n}\n'
    )
    assert without_comments(code) == (
        'export function f(a) {\nreturn a + "// not one /* nor this */"; // this stays\n}\n'
    )


def test_a_deployment_serves_the_modules_without_comments(static_root):
    served = [
        path.read_text(encoding="utf-8")
        for module in STATIC.glob("*.js")
        for path in (static_root / "notify").glob(f"{module.stem}.????????????.js")
    ]
    assert len(served) >= len(list(STATIC.glob("*.js")))
    for code in served:
        assert not re.search(r"^\s*(//|/\*)", code, re.MULTILINE)
