"""The rate of a system, the patience with an address, and whose address it is."""

import pytest

from smppd.desk.addresses import Networks, client, neighbourhood, read
from smppd.desk.limits import Bucket, Client, Clients


def test_a_bucket_gives_a_second_at_once_and_then_its_rate() -> None:
    bucket = Bucket(10, 100.0)
    assert [bucket.take(1, 100.0) for _ in range(10)] == [0.0] * 10
    assert bucket.take(1, 100.0) == pytest.approx(0.1)
    assert bucket.take(1, 100.1) == 0.0
    assert bucket.take(1, 100.1) == pytest.approx(0.1)


def test_a_batch_is_taken_whole_and_paid_back_before_the_next() -> None:
    bucket = Bucket(100, 0.0)
    assert bucket.take(5000, 0.0) == 0.0
    assert bucket.take(1, 10.0) == pytest.approx(39.01)
    assert bucket.take(1, 49.02) == 0.0


def test_what_was_given_back_can_be_taken_again_and_never_more() -> None:
    bucket = Bucket(10, 0.0)
    assert bucket.take(50, 0.0) == 0.0
    bucket.give_back(50)
    bucket.give_back(50)
    assert [bucket.take(1, 0.0) for _ in range(11)][-2:] == [0.0, pytest.approx(0.1)]


def test_less_than_one_a_second_still_takes_one() -> None:
    bucket = Bucket(0.5, 0.0)
    assert bucket.take(1, 0.0) == 0.0
    assert bucket.take(1, 0.0) == pytest.approx(2.0)


def test_five_failures_are_free_then_each_doubles_the_wait_up_to_a_minute() -> None:
    client, now, waits = Client(), 0.0, []
    for _ in range(14):
        waits.append(client.failed(now))
        now += waits[-1]
    assert waits[:5] == [0.0] * 5
    assert waits[4:9] == sorted(set(waits[4:9]))
    assert max(waits) <= 60.0


def test_a_failure_is_forgotten_after_half_a_minute() -> None:
    client = Client()
    for minute in range(20):
        assert client.failed(minute * 31.0) == 0.0


def test_the_table_of_addresses_is_bounded_and_keeps_who_is_being_tried() -> None:
    clients = Clients(most=3)
    busy = clients.of("busy")
    busy.waiting = 1
    for number in range(100):
        clients.of(str(number))
    assert len(clients) == 3
    assert clients.get("busy") is busy
    assert clients.get("99") is not None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("10.1.2.3", "10.1.2.3"),
        (" 10.1.2.3 ", "10.1.2.3"),
        ("10.1.2.3:5060", "10.1.2.3"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("unknown", "None"),
        ("", "None"),
        ("10.1.2.3.4", "None"),
    ],
)
def test_addresses_are_read_as_proxies_write_them(written: str, address: str) -> None:
    assert str(read(written)) == address


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "seen"),
    [
        ("9.9.9.9", [], [], "9.9.9.9"),
        ("9.9.9.9", ["1.1.1.1"], [], "9.9.9.9"),  # nobody is believed
        ("9.9.9.9", ["1.1.1.1"], ["10.0.0.0/8"], "9.9.9.9"),  # a client that calls itself a proxy
        ("10.0.0.1", ["1.1.1.1"], ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", ["8.8.8.8, 1.1.1.1"], ["10.0.0.0/8"], "1.1.1.1"),  # 8.8.8.8 is what the client made up
        ("10.0.0.1", ["8.8.8.8, 1.1.1.1, 10.0.0.2"], ["10.0.0.0/8"], "1.1.1.1"),  # two proxies
        ("10.0.0.1", ["8.8.8.8", "1.1.1.1"], ["10.0.0.0/8"], "1.1.1.1"),  # two headers
        ("10.0.0.1", ["10.0.0.7"], ["10.0.0.0/8"], "10.0.0.7"),
        ("10.0.0.1", ["nonsense"], ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, nonsense"], ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", [], ["10.0.0.0/8"], "10.0.0.1"),
        ("::1", ["2001:db8::5"], ["::1"], "2001:db8::5"),
        ("", ["1.1.1.1"], ["10.0.0.0/8"], "None"),  # a socket without an address
    ],
)
def test_only_a_trusted_proxy_speaks_for_others(peer: str, forwarded: list[str], trusted: list[str], seen: str) -> None:
    assert str(client(peer, forwarded, Networks(trusted))) == seen


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_a_host_of_ipv6_is_its_whole_network(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(read(one)) == neighbourhood(read(other))) is same


@pytest.mark.parametrize(("address", "inside"), [("10.2.3.4", True), ("11.0.0.1", False), ("::1", True), ("", False)])
def test_networks_of_both_kinds_stand_in_one_list(address: str, inside: bool) -> None:
    assert (read(address) in Networks(["10.0.0.0/8", "::1"])) is inside
