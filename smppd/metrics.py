"""Every series we expose, declared once. Labels are names from the configuration or words listed here, never numbers.

One process answers for all: a child sends `samples()` to its parent, which keeps them in `CHILDREN`, and `exposition()`
adds them up. Where adding makes no sense (a version, a share of a disk, an age) the highest value counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from smppd import __version__

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry(auto_describe=True)
"""The series of this process alone."""

ProcessCollector(registry=REGISTRY)

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

# --- links -----------------------------------------------------------------------------------------------------------

# state: down, connecting, binding, bound, unbinding; 1 for the one it is in
LINK_STATE = Gauge("smppd_link_state", "State of a bind.", ["carrier", "link", "state"], registry=REGISTRY)

# reason: refused (the bind), unreachable, closed (by the carrier), silent (no answer in time), broken (no frames),
# asked (by us), store (nothing can be stored now)
LINK_REBINDS = Counter("smppd_link_rebinds", "Binds begun again.", ["carrier", "reason"], registry=REGISTRY)

WINDOW_IN_USE = Gauge("smppd_window_in_use", "Requests without a response.", ["carrier", "link"], registry=REGISTRY)

# kind: undecodable (answered and kept raw), unframeable (the connection is closed), unexpected (no such operation now)
BAD_PDUS = Counter("smppd_links_bad_pdus", "PDUs that could not be used.", ["carrier", "kind"], registry=REGISTRY)

# --- inbound ---------------------------------------------------------------------------------------------------------

RECEIVED_PARTS = Counter("smppd_received_parts", "PDUs with a message or part.", ["carrier"], registry=REGISTRY)

# kind: complete, incomplete, unrouted, blocked, quarantined, receipt
RECEIVED_MESSAGES = Counter("smppd_received_messages", "Inbound messages.", ["carrier", "kind"], registry=REGISTRY)

REDELIVERIES = Counter(
    "smppd_redeliveries", "deliver_sm recognised as a repeat and not stored again.", ["carrier"], registry=REGISTRY
)

INTAKE_SECONDS = Histogram(
    "smppd_intake_seconds", "deliver_sm read to response written.", buckets=BUCKETS, registry=REGISTRY
)

PARTS_INCOMPLETE = Gauge("smppd_parts_incomplete", "Concatenated messages waiting for parts.", registry=REGISTRY)

# type: the DHIS2 SMS submission type, or unknown; result: ok, damaged (its check fails)
COMPRESSED = Counter("smppd_compressed", "DHIS2 compressed SMS received.", ["type", "result"], registry=REGISTRY)

# --- towards systems -------------------------------------------------------------------------------------------------

# outcome: delivered, retry, dead, pause (the system as a whole refuses)
DELIVERIES = Counter("smppd_deliveries", "Attempts at systems, by outcome.", ["system", "outcome"], registry=REGISTRY)

DELIVERY_SECONDS = Histogram(
    "smppd_delivery_seconds", "Received to delivered.", ["system"], buckets=BUCKETS, registry=REGISTRY
)

MAYBE_DUPLICATE = Counter(
    "smppd_maybe_duplicate", "Attempts repeated after an unseen answer.", ["system"], registry=REGISTRY
)

# 1 while a system as a whole is not asked
CIRCUIT_OPEN = Gauge("smppd_circuit_open", "Whether deliveries to the system pause.", ["system"], registry=REGISTRY)

# 1 until an operator resumes it
SYSTEM_PAUSED = Gauge("smppd_system_paused", "Whether an operator has paused it.", ["system"], registry=REGISTRY)

# --- outbound --------------------------------------------------------------------------------------------------------

# outcome: accepted, repeated (same reference), denied (policy), invalid, unrouted, full, unavailable
SUBMISSIONS = Counter("smppd_submissions", "Messages handed to us.", ["system", "outcome"], registry=REGISTRY)

# outcome: verified (a password, by its slow hash; then it is remembered), refused, slowed (the address was wrong too
# often), busy (too many to check), address (not from there)
LOGINS = Counter("smppd_logins", "Credentials that were checked.", ["outcome"], registry=REGISTRY)

# status: the name of the command_status (ESME_ROK, …), its hex number if unnamed, or timeout
SUBMITTED_PARTS = Counter("smppd_submitted_parts", "submit_sm by response.", ["carrier", "status"], registry=REGISTRY)

SUBMIT_SECONDS = Histogram(
    "smppd_submit_seconds", "submit_sm written to its response.", ["carrier"], buckets=BUCKETS, registry=REGISTRY
)

# state: scheduled, enroute, delivered, expired, deleted, undelivered, accepted, unknown, rejected, skipped
RECEIPTS = Counter("smppd_receipts", "Delivery receipts.", ["carrier", "state"], registry=REGISTRY)

# likeness: exact, folded (case), padded (zeros), hex-to-decimal, decimal-to-hex (response to receipt), other (by the
# second id of a receipt, or by message_id_base alone)
RECEIPTS_MATCHED = Counter(
    "smppd_receipts_matched", "Receipts that found their part.", ["carrier", "likeness"], registry=REGISTRY
)

# kind: early (before the response that names the part), late (the message had been given up as unknown), repeated (the
# part had its final receipt), unmatched (no part within a day)
RECEIPTS_ODD = Counter("smppd_receipts_odd", "Receipts out of the ordinary.", ["carrier", "kind"], registry=REGISTRY)

RECEIPTS_PARKED = Gauge("smppd_receipts_parked", "Receipts waiting for their part.", ["carrier"], registry=REGISTRY)

# command: query_sm, cancel_sm; outcome: answered, refused, unanswered (or not to be asked)
INQUIRIES = Counter(
    "smppd_inquiries", "Questions to carriers about parts.", ["carrier", "command", "outcome"], registry=REGISTRY
)

# action: resend, unknown (the carrier's key in_doubt)
IN_DOUBT = Counter("smppd_in_doubt", "Parts written of which no answer came.", ["carrier", "action"], registry=REGISTRY)

# reason: window (all it allows is under way), pace (the configured throughput), carrier (it throttles, refuses, is
# paused or not bound), store (the database)
LIMITED = Counter(
    "smppd_limited_seconds", "Time in which messages waited, by what held them back.", ["carrier", "reason"],
    registry=REGISTRY,
)  # fmt: skip

PACE = Gauge("smppd_pace", "Parts per second that the carrier is sent at most now.", ["carrier"], registry=REGISTRY)

THROTTLED = Counter("smppd_throttled", "Responses that asked us to slow down.", ["carrier"], registry=REGISTRY)

# --- the waist -------------------------------------------------------------------------------------------------------

# side: inbound (name: system; state: pending, dead), outbound (name: carrier; state: scheduled, queued, sending)
QUEUE_MESSAGES = Gauge("smppd_queue_messages", "Rows waiting.", ["side", "name", "state"], registry=REGISTRY)

# side: inbound, outbound
QUEUE_OLDEST = Gauge("smppd_queue_oldest_seconds", "Age of the oldest waiting.", ["side", "name"], registry=REGISTRY)

# operation: intake, record, submit, mark and sent (of parts)
STORE_SECONDS = Histogram(
    "smppd_store_seconds", "Statement begun to commit.", ["operation"], buckets=BUCKETS, registry=REGISTRY
)

DISK_USED = Gauge(
    "smppd_disk_used_ratio", "Share of the disk budget in use; 1 refuses new messages.", registry=REGISTRY
)

BUILD_INFO = Gauge("smppd_build_info", "1, with the version.", ["version"], registry=REGISTRY)
BUILD_INFO.labels(__version__).set(1)

_HIGHEST = frozenset({"smppd_build_info", "smppd_disk_used_ratio", "smppd_queue_oldest_seconds", "smppd_circuit_open"})
_PARENT_ONLY = frozenset({"process_start_time_seconds", "process_max_fds"})

Sample = tuple[str, str, dict[str, str], float]
"""Name of the sample (with _total, _bucket, …), type of its family, labels, value."""


def samples() -> list[Sample]:
    """What this process counts, for its parent."""
    return [
        (sample.name, family.type, dict(sample.labels), sample.value)
        for family in REGISTRY.collect()
        if family.name not in _PARENT_ONLY
        for sample in family.samples
    ]


class Children(Collector):
    """The series of this process and its children as one.

    When a child ends its counts stay, so that no counter of the sum ever falls; its gauges go with it.
    """

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own
        self._latest: dict[str, list[Sample]] = {}
        self._ended: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = defaultdict(float)

    def update(self, child: str, samples: Iterable[Sample]) -> None:
        """Replace what `child` last said."""
        self._latest[child] = list(samples)

    def ended(self, child: str) -> None:
        """The child is gone: keep what it counted, drop what it measured."""
        for name, kind, labels, value in self._latest.pop(child, ()):
            if kind in ("counter", "histogram"):
                self._ended[name, kind, tuple(labels.items())] += value

    def collect(self) -> Iterator[Metric]:
        """Own families in the order of their declaration, each with the samples of all processes added."""
        added: dict[str, list[Sample]] = defaultdict(list)
        gone: list[Sample] = [(name, kind, dict(labels), value) for (name, kind, labels), value in self._ended.items()]
        for group in (gone, *self._latest.values()):
            for sample in group:
                added[_family(sample[0], sample[1])].append(sample)
        for family in self._own.collect():
            total = {(s.name, tuple(sorted(s.labels.items()))): s.value for s in family.samples}
            for name, _, labels, value in added[family.name]:
                key = name, tuple(sorted(labels.items()))
                if family.name in _HIGHEST:
                    total[key] = max(total.get(key, value), value)
                else:
                    total[key] = total.get(key, 0.0) + value
            merged = Metric(family.name, family.documentation, family.type)
            for (name, pairs), value in total.items():
                merged.add_sample(name, dict(pairs), value)
            yield merged


def _family(name: str, kind: str) -> str:
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(kind, ())
    return next((name.removesuffix(suffix) for suffix in suffixes if name.endswith(suffix)), name)


CHILDREN = Children(REGISTRY)
"""Where the parent process keeps what its children count."""

_TOTAL = CollectorRegistry()
_TOTAL.register(CHILDREN)


def exposition() -> bytes:
    """All processes in the Prometheus text format."""
    return generate_latest(_TOTAL)
