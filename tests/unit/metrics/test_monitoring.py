"""What docs/ say of the figures is what the tables say, and Prometheus and Grafana can read it."""

from __future__ import annotations

import json

import yaml

from tests.harness import monitoring


def test_docs_are_those_of_the_tables_which_make_figures_writes():
    assert monitoring.PAGE.read_text() == monitoring.page()
    assert monitoring.ALERTS.read_text() == monitoring.alerts()
    assert monitoring.DASHBOARD.read_text() == monitoring.dashboard()


def test_every_figure_that_can_be_red_has_an_alert_with_its_cure():
    [group] = yaml.safe_load(monitoring.ALERTS.read_text())["groups"]
    rules = {rule["alert"]: rule for rule in group["rules"]}
    assert len(rules) == len(group["rules"])
    for figure in monitoring.ALL:
        name = "".join(word.capitalize() for word in figure.name.split("_"))
        assert (name in rules) == bool(figure.cure)
        if figure.cure:
            assert figure.name in rules[name]["expr"]
            assert rules[name]["annotations"]["description"] == figure.cure
    assert rules["NotifyBatchesDueAgeSeconds"]["expr"] == "max(notify_batches_due_age_seconds) > 60"
    assert rules["NotifyOutboxDueAgeSeconds"]["expr"] == "max(notify_outbox_due_age_seconds) > 600"
    assert rules["NotifyLayerUp"]["expr"] == "notify_layer_up < 1"


def test_the_dashboard_has_a_panel_for_every_figure_and_none_covers_another():
    panels = json.loads(monitoring.DASHBOARD.read_text())["panels"]
    queries = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    assert all(figure.name in queries for figure in monitoring.ALL)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
