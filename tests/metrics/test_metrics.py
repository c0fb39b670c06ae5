"""The names that dashboards depend on, and the sum over processes."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from smppd import metrics
from smppd.metrics import Children, Sample

CONTRACT = {
    "smppd_link_state": ("carrier", "link", "state"),
    "smppd_link_rebinds_total": ("carrier", "reason"),
    "smppd_received_parts_total": ("carrier",),
    "smppd_received_messages_total": ("carrier", "kind"),
    "smppd_intake_seconds": (),
    "smppd_deliveries_total": ("system", "outcome"),
    "smppd_delivery_seconds": ("system",),
    "smppd_submissions_total": ("system", "outcome"),
    "smppd_submitted_parts_total": ("carrier", "status"),
    "smppd_submit_seconds": ("carrier",),
    "smppd_receipts_total": ("carrier", "state"),
    "smppd_queue_messages": ("side", "name", "state"),
    "smppd_queue_oldest_seconds": ("side", "name"),
    "smppd_parts_incomplete": (),
    "smppd_window_in_use": ("carrier", "link"),
    "smppd_throttled_total": ("carrier",),
    "smppd_store_seconds": ("operation",),
    "smppd_build_info": ("version",),
}

DECLARED = [value for name, value in vars(metrics).items() if name.isupper() and hasattr(value, "_labelnames")]


@pytest.mark.parametrize("name", CONTRACT)
def test_a_name_of_the_contract_stands_with_its_labels(name: str) -> None:
    found = {
        metric._name + ("_total" if isinstance(metric, Counter) else ""): tuple(metric._labelnames)
        for metric in DECLARED
    }
    assert found[name] == CONTRACT[name]


def test_only_the_gateway_and_its_process_are_exposed() -> None:
    families = {family.name for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert "smppd_build_info" in families
    assert "process_resident_memory_bytes" in families
    assert {name.partition("_")[0] for name in families} == {"smppd", "process"}
    assert not [name for name in families if name.endswith("_created")]


def process() -> tuple[CollectorRegistry, Counter, Gauge, Histogram]:
    registry = CollectorRegistry()
    return (
        registry,
        Counter("smppd_parts", "p", ["carrier"], registry=registry),
        Gauge("smppd_disk_used_ratio", "d", registry=registry),
        Histogram("smppd_seconds", "s", buckets=(1.0,), registry=registry),
    )


def told(registry: CollectorRegistry) -> list[Sample]:
    return [(s.name, f.type, dict(s.labels), s.value) for f in registry.collect() for s in f.samples]


def value(children: Children, name: str, **labels: str) -> float:
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in children.collect()
        for sample in family.samples
    }[name, tuple(labels.items())]


def test_counts_and_histograms_of_children_are_added_and_shares_are_not() -> None:
    own, parts, disk, seconds = process()
    child, child_parts, child_disk, child_seconds = process()
    for counter, by in [(parts, 2), (child_parts, 5)]:
        counter.labels("voda").inc(by)
    child_parts.labels("airtel").inc(7)
    disk.set(0.5)
    child_disk.set(0.4)
    seconds.observe(0.5)
    child_seconds.observe(3)
    children = Children(own)
    children.update("systems", told(child))
    assert value(children, "smppd_parts_total", carrier="voda") == 7
    assert value(children, "smppd_parts_total", carrier="airtel") == 7
    assert value(children, "smppd_disk_used_ratio") == 0.5
    assert value(children, "smppd_seconds_bucket", le="1.0") == 1
    assert value(children, "smppd_seconds_bucket", le="+Inf") == 2
    assert value(children, "smppd_seconds_sum") == 3.5


def test_no_count_falls_when_a_child_ends_and_another_takes_its_place() -> None:
    own, *_ = process()
    children = Children(own)
    for lived in (3, 4):
        child, parts, disk, _ = process()
        parts.labels("voda").inc(lived)
        disk.set(0.9)
        children.update("systems", told(child))
        children.update("systems", told(child))
        children.ended("systems")
    assert value(children, "smppd_parts_total", carrier="voda") == 7
    assert value(children, "smppd_disk_used_ratio") == 0


def test_a_child_tells_all_but_what_only_its_parent_can_say() -> None:
    names = {name for name, *_ in metrics.samples()}
    assert "process_resident_memory_bytes" in names
    assert "process_start_time_seconds" not in names


def test_the_exposition_can_be_read_back_while_children_report() -> None:
    metrics.CHILDREN.update("x", [("smppd_throttled_total", "counter", {"carrier": "voda"}, 3.0)])
    try:
        text = metrics.exposition().decode()
    finally:
        metrics.CHILDREN.update("x", [])
    assert 'smppd_throttled_total{carrier="voda"} 3.0' in text
    assert text.count("# TYPE smppd_throttled_total counter") == 1
    list(text_string_to_metric_families(text))
