from __future__ import annotations

from django.core.checks import WARNING

from notify.checks import installation
from tests.unit.checks.findings import ours


def install(directory, name, *files):
    information = directory / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def test_another_distribution_with_a_module_of_the_same_name_is_a_warning(monkeypatch, tmp_path):
    install(tmp_path, "notify-lite", "notify/__init__.py", "notify/cli.py")
    install(tmp_path, "not-ours", "not_ours/notify/__init__.py", "notify_not.py")
    monkeypatch.syspath_prepend(tmp_path)
    [found] = ours()
    assert (found.id, found.level) == ("notify.W014", WARNING)
    assert found.msg.startswith("notify-lite and django-notify-live install the same module")
    assert "django-notify-live" in found.hint


def test_one_that_has_it_as_a_single_file_or_tells_only_its_modules_counts_too(
    monkeypatch, tmp_path
):
    install(tmp_path, "notify-file", "notify.py")
    install(tmp_path, "notify-egg")
    (tmp_path / "notify_egg-1.0.dist-info/top_level.txt").write_text("others\nnotify\n")
    monkeypatch.syspath_prepend(tmp_path)
    [found] = ours()
    assert found.msg.startswith("notify-egg, notify-file and django-notify-live install")


def test_its_own_distribution_is_no_other(monkeypatch, tmp_path):
    install(tmp_path, installation.DISTRIBUTION, "notify/__init__.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert ours() == []


def test_an_untested_version_of_daphne_is_a_warning(monkeypatch):
    monkeypatch.setattr(installation, "version", lambda name: "4.3.0")
    [found] = ours()
    assert found.id == "notify.W008"
    assert "Daphne 4.3.0" in found.msg
