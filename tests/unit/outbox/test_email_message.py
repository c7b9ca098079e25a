from __future__ import annotations

import email
import email.policy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext_lazy

from notify.kinds import Category, Kind, registry
from notify.outbox.email_message import MAX_NOTICES, make
from notify.outbox.unsubscribe import Standing, read
from tests.unit.outbox.conftest import SITE
from tests.unit.outbox.helpers import ADA, GERMAN, outgoing, row

SCRIPT = "<script>alert(1)</script>"
ARABIC = "شحنت الطلبية"
EMOJI = "👩🏽‍🚀 📦"


@pytest.fixture(autouse=True)
def no_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Categories have no names but those that a test gives them."""
    monkeypatch.setattr(registry, "_kinds", {})


def parts(message: EmailMultiAlternatives) -> tuple[str, str]:
    """Its text and its HTML, as a mail program reads them."""
    read = parsed(message)
    found = [read.get_body([kind]).get_content() for kind in ("plain", "html")]
    text, html = (part.replace("\r\n", "\n") for part in found)
    return text, html


def parsed(message: EmailMultiAlternatives) -> Any:
    """As it is on the wire: every line is short, and ends as it should."""
    sent = on_the_wire(message.message())
    assert all(len(line) <= 998 for line in sent.split(b"\r\n"))
    assert b"\r" not in sent.replace(b"\r\n", b"")
    return email.message_from_bytes(sent, policy=email.policy.default)


def on_the_wire(message: Any) -> bytes:
    """As Django's SMTP backend writes it."""
    if django.VERSION >= (6, 0):
        return bytes(message.as_bytes(policy=email.policy.SMTP))
    return bytes(message.as_bytes(linesep="\r\n"))


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def links(self) -> list[str | None]:
        return [attributes["href"] for tag, attributes in self.found if tag == "a"]


def test_one_notice_is_in_both_parts() -> None:
    message = make(outgoing())
    assert message.subject == "Order A-7 is on its way"
    assert message.to == ["ada@example.org"]
    for part in parts(message):
        assert "Order A-7 is on its way" in part
        assert "It is one parcel." in part
        assert f"{SITE}/orders/A-7/" in part


def test_the_text_reads_well() -> None:
    text, _html = parts(make(outgoing(row(actions=[{"label": "Track", "url": "/t/"}]))))
    before, _, footer = text.partition("\n-- \n")
    assert before.strip() == (
        "Order A-7 is on its way\n"
        "Dec. 2, 2026, 9:21 a.m.\n\n"
        "It is one parcel.\n\n"
        "https://example.org/orders/A-7/?notify-read=1\n\n"
        "Track: https://example.org/t/"
    )
    assert re.sub(r"unsubscribe/\S+", "unsubscribe/…", footer).strip() == (
        "You haven't read this yet, so it's sent to you by e-mail. (example.org)\n\n"
        "Choose what you're told, and where:\n"
        "https://example.org/notify/preferences/\n\n"
        "Unsubscribe from e-mails about orders:\n"
        "https://example.org/notify/unsubscribe/…"
    )


def test_several_notices_are_one_message() -> None:
    rows = [row(title=f"Order {number}") for number in "ABC"]
    message = make(outgoing(*rows))
    assert message.subject == "Order A, and 2 more"
    text, html = parts(message)
    for part in (text, html):
        assert [part.index(f"Order {number}") for number in "ABC"] == sorted(
            part.index(f"Order {number}") for number in "ABC"
        )
    assert text.count("* * *") == 2
    assert html.count('<div class="notice">') == 3


def test_a_digest_of_three_in_german() -> None:
    message = make(outgoing(row(title="Bestellung A"), row(), row(), locale=GERMAN))
    assert message.subject == "Bestellung A und 2 weitere"
    text, html = parts(message)
    assert "2. Dezember 2026 10:21" in text  # in Berlin
    assert "Du hast das noch nicht gelesen" in text
    assert "E-Mails zu orders abbestellen" in html
    assert '<html lang="de">' in html
    for english in ("Choose", "Unsubscribe", "Open", "You "):
        assert english not in text
        assert english not in html.partition("<body>")[2].replace("unsubscribe/", "")


def test_two_are_one_and_one_more() -> None:
    assert make(outgoing(row(), row())).subject == "Order A-7 is on its way, and 1 more"
    german = make(outgoing(row(title="A"), row(), locale=GERMAN))
    assert german.subject == "A und 1 weitere"


def test_of_very_many_it_shows_the_first_and_says_so() -> None:
    text, html = parts(make(outgoing(*[row()] * (MAX_NOTICES + 12))))
    assert text.count("It is one parcel.") == html.count("It is one parcel.") == MAX_NOTICES
    assert "And 12 more. https://example.org/notify/" in text
    assert "And 12 more." in html


def test_the_headers_tell_machines_what_it_is() -> None:
    read = parsed(make(outgoing()))
    assert read["Message-ID"] == "<5b1f@example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["From"]
    assert read["Date"]


def test_the_same_message_has_the_same_id() -> None:
    assert parsed(make(outgoing()))["Message-ID"] == parsed(make(outgoing()))["Message-ID"]


def test_header_and_footer_name_what_is_unsubscribed() -> None:
    message = make(outgoing(row(), row(category="account"), row()))
    sent = on_the_wire(message.message()).decode()
    # Not encoded, whatever its length: no program would decode it.
    [url] = re.findall(r"^List-Unsubscribe: (?:\r\n )?<(https://\S+)>\r$", sent, re.MULTILINE)
    text, html = parts(message)
    assert url in text
    assert url in Tags(html).links
    of = read(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    assert (of.channel, of.categories) == ("email", ("account", "orders"))
    assert of.standing(ADA, "ada@example.org") is Standing.OPEN


@pytest.mark.parametrize(
    ("site", "changed"), [(SITE, {"may_unsubscribe": False}), ("http://localhost:8000", {})]
)
def test_a_required_one_and_a_site_without_https_have_no_such_header(
    settings: Any, site: str, changed: dict[str, Any]
) -> None:
    settings.NOTIFY_SITE_URL = site
    read = parsed(make(outgoing(**changed)))
    assert read["List-Unsubscribe"] is None
    assert read["List-Unsubscribe-Post"] is None


def test_a_required_one_has_no_such_link() -> None:
    for part in parts(make(outgoing(may_unsubscribe=False))):
        assert "nsubscribe" not in part
        assert "Choose what you're told" in part.replace("&#x27;", "'")


def test_so_many_categories_that_no_header_holds_them_keep_the_link() -> None:
    rows = [row(category=f"{number:03}{'ab' * 20}{number * 7919:x}") for number in range(200)]
    message = make(outgoing(*rows))
    assert "List-Unsubscribe" not in message.extra_headers
    assert "unsubscribe/" in parts(message)[0]


def test_a_project_without_our_pages_has_no_links_to_them(settings: Any) -> None:
    settings.ROOT_URLCONF = "notify.web.probes.urls"
    message = make(outgoing())
    assert "List-Unsubscribe" not in message.extra_headers
    assert "Choose" not in parts(message)[0]


def test_without_the_sites_address_it_says_which_setting(settings: Any) -> None:
    settings.NOTIFY_SITE_URL = None
    with pytest.raises(ImproperlyConfigured, match="NOTIFY_SITE_URL"):
        make(outgoing())


def test_the_label_of_a_category_is_in_the_persons_language() -> None:
    class Shipped(Kind):
        key = "test.shipped"
        category = Category("orders", gettext_lazy("Account"))

    assert "about Account:" in parts(make(outgoing()))[0]
    assert "zu Konto abbestellen" in parts(make(outgoing(locale=GERMAN)))[0]


def test_a_reason_takes_the_place_of_ours() -> None:
    for part in parts(make(outgoing(reason="You follow order A-7."))):
        assert "You follow order A-7." in part
        assert "read this yet" not in part


class TestTextsOfStrangers:
    """Nothing that somebody has written becomes a header, a tag or a link of ours."""

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\x00"])
    def test_a_newline_in_a_name_or_a_title_makes_no_header(self, end: str) -> None:
        evil = f"Ada{end}Bcc: eve@example.org{end}{end}Body"
        actor = {"id": "1", "name": evil}
        message = make(outgoing(row(title=evil, actor=actor, category=evil)))
        read = parsed(message)
        assert read["Bcc"] is None
        assert re.fullmatch(r"Ada ?Bcc: eve@example.org ?Body", read["Subject"])
        assert not any(line.startswith("Bcc:") for line in parts(message)[0].splitlines())

    @pytest.mark.parametrize("field", ["title", "body", "category", "actor", "action", "reason"])
    def test_a_script_is_text(self, field: str) -> None:
        changed: dict[str, Any] = {field: SCRIPT}
        if field == "actor":
            changed = {"actor": {"id": "1", "name": SCRIPT}}
        if field == "action":
            changed = {"actions": [{"label": SCRIPT, "url": "/a/"}]}
        notice = row() if field == "reason" else row(**changed)
        message = make(outgoing(notice, reason=SCRIPT if field == "reason" else ""))
        text, html = parts(message)
        assert "script" not in {tag for tag, _attributes in Tags(html).found}
        assert "&lt;script&gt;" in html
        assert SCRIPT in text  # which is read as it is

    def test_a_quote_in_a_link_ends_no_attribute(self) -> None:
        _text, html = parts(make(outgoing(row(url='/a/"onclick="x'))))
        assert all(
            set(attributes) <= {"href", "class"}
            for tag, attributes in Tags(html).found
            if tag == "a"
        )

    @pytest.mark.parametrize("text", [ARABIC, EMOJI, "x" * 4000, "ü" * 4000, "a b " * 1000])
    def test_every_text_arrives_whole(self, text: str) -> None:
        message = make(outgoing(row(title=text[:200].strip(), body=text)))
        assert parsed(message)["Subject"].strip() == text[:200].strip()  # a long word is folded
        for part in parts(message):
            assert text.strip() in part

    def test_lines_stay_lines(self) -> None:
        text, html = parts(make(outgoing(row(body="one\r\ntwo\n\n\n\nthree"))))
        assert "one\ntwo\n\nthree" in text
        assert "one<br>two" in html

    def test_a_dot_on_a_line_of_its_own_ends_nothing(self) -> None:
        text, _html = parts(make(outgoing(row(body="one\n.\nQUIT\n"))))
        assert "one\n.\nQUIT" in text

    def test_arabic_stands_on_its_side(self) -> None:
        _text, html = parts(make(outgoing(row(title=ARABIC, body=ARABIC))))
        assert f'<h2 dir="auto">{ARABIC}</h2>' in html
        assert f'<p dir="auto">{ARABIC}</p>' in html


class TestTemplatesOfAProject:
    @pytest.fixture
    def folder(self, tmp_path: Path, settings: Any) -> Path:
        [engine] = settings.TEMPLATES
        settings.TEMPLATES = [engine | {"DIRS": [str(tmp_path), *engine["DIRS"]]}]
        folder = tmp_path / "notify/email"
        folder.mkdir(parents=True)
        return folder

    def test_a_kind_has_its_own(self, folder: Path) -> None:
        (folder / "shop.shipped.txt").write_text("TEXT {{ notice.title }}")
        (folder / "shop.shipped.html").write_text("<b>HTML {{ notice.title }}</b>")
        text, html = parts(make(outgoing(row(kind="shop.shipped", title="A & B"), row())))
        assert "TEXT A & B" in text
        assert "<b>HTML A &amp; B</b>" in html
        assert "It is one parcel." in text  # of the other

    def test_one_part_may_be_enough(self, folder: Path) -> None:
        (folder / "shop.shipped.html").write_text("<b>HTML</b>")
        text, html = parts(make(outgoing(row(kind="shop.shipped"))))
        assert "It is one parcel." in text
        assert "It is one parcel." not in html

    def test_a_project_changes_the_whole(self, folder: Path) -> None:
        (folder / "message.txt").write_text("{% for one in notices %}{{ one.body }}{% endfor %}!")
        assert make(outgoing()).body == "It is one parcel.!\n"

    @pytest.mark.parametrize("kind", ["message", "../base", "a/b", "notice", "/etc/passwd", ".."])
    def test_a_kind_names_no_file_that_is_not_its_own(self, kind: str) -> None:
        assert "It is one parcel." in parts(make(outgoing(row(kind=kind))))[0]

    def test_what_one_raises_is_the_callers(self, folder: Path) -> None:
        (folder / "notice.txt").write_text("{% include nothing.at_all %}{% load none %}")
        with pytest.raises(Exception, match="none"):
            make(outgoing())
