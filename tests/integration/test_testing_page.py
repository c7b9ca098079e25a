"""The blocks of docs/testing.md, as files of a project that has the built package."""

from __future__ import annotations

import re

import pytest

from tests.harness.documents import block
from tests.harness.server import ROOT
from tests.harness.shop import Shop

PAGE = "docs/testing.md"
DJANGO = ["orders", "news", "async", "live", "time", "emails"]
PYTEST = ["with_pytest", "async_with_pytest", "shared_loop"]


@pytest.fixture(autouse=True)
def blocks(shop: Shop) -> None:
    shop.write("shop/tests/__init__.py", "")
    shop.write_blocks("docs/email.md", ["shop/notices.py"])
    shop.write("settings_here.py", shop.settings() + block("docs/email.md", "settings.py"))
    shop.write_blocks(PAGE, [f"shop/tests/test_{name}.py" for name in (*DJANGO, *PYTEST)])


def count_tests(names: list[str]) -> int:
    blocks = "".join(block(PAGE, f"shop/tests/test_{name}.py") for name in names)
    return len(re.findall(r"def test_", blocks))


def pytest_of(shop: Shop, *arguments: str, **variables: str) -> str:
    loops = (
        "asyncio_default_fixture_loop_scope=function"  # pytest-asyncio warns where it is not set
    )
    return shop.run("pytest", "-q", "-p", "no:cacheprovider", "-o", loops, *arguments, **variables)


def test_no_block_is_left_out():
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    files = re.findall(r"^# shop/tests/test_(\w+)\.py$", text, re.MULTILINE)
    assert sorted(files) == sorted([*DJANGO, *PYTEST])


def test_the_blocks_for_django_pass_by_manage_py_test(shop):
    said = shop.run("django", "test", "--noinput", *(f"shop.tests.test_{name}" for name in DJANGO))
    assert f"Ran {count_tests(DJANGO)} tests" in said


def test_all_blocks_pass_by_pytest(shop):
    said = pytest_of(shop, "shop/tests")
    passed = int(re.findall(r"(\d+) passed", said)[0])
    assert passed == count_tests([*DJANGO, *PYTEST]) + 1  # of the two that one function is


def test_the_fixture_may_be_that_of_all_tests_of_a_directory(shop):
    shop.write("shop/everywhere/conftest.py", block(PAGE, "shop/tests/conftest.py"))
    text = block(PAGE, "shop/tests/test_with_pytest.py")
    shop.write("shop/everywhere/test_orders.py", text.replace("notify_immediate_delivery", "db"))
    test = "shop/everywhere/test_orders.py::test_an_order_tells_its_customer"
    assert "1 passed" in pytest_of(shop, test)


def test_a_project_without_django_runs_pytest_beside_it(shop, tmp_path):
    (tmp_path / "test_plain.py").write_text(
        "import sys\n"
        "def test_nothing_of_it_is_loaded():\n"
        "    assert 'notify.pytest_plugin' in sys.modules\n"
        "    assert not {'notify.testing', 'notify.sending', 'notify.models'} & {*sys.modules}\n"
    )
    where = str(tmp_path)
    said = pytest_of(shop, "-p", "no:django", "--rootdir", where, where, DJANGO_SETTINGS_MODULE="")
    assert "1 passed" in said
