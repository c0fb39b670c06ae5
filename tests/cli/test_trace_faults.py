"""Every sample cut and spoilt at every octet: trace says where, shows what came before, and goes on after it."""

import pytest

import pdu
from smppd.cli.explain import explain
from smppd.cli.explained import Frame
from smppd.cli.listing import lines
from tests.fuzz.target import explained
from tests.pdu.samples import GOLDEN_DELIVER, NAMES, SAMPLES, frame

ALL = pytest.mark.parametrize("octets", [octets for _, octets in SAMPLES], ids=NAMES)
NEXT = pdu.encode(pdu.EnquireLink(sequence=77))


def names(found: Frame) -> list[str]:
    return [field.name for field in found.fields]


def refusal(octets: bytes) -> pdu.DecodeError | None:
    try:
        pdu.decode(octets)
    except pdu.DecodeError as error:
        return error
    return None


@ALL
def test_a_frame_is_explained_to_its_last_octet(octets: bytes) -> None:
    (found,) = explain(octets)
    assert (found.fault, found.notes, found.size) == ("", [], len(octets))
    explained(octets, 0)


@ALL
def test_a_cut_at_any_octet_is_pointed_at(octets: bytes) -> None:
    (whole,) = explain(octets)
    for cut in range(1, len(octets)):
        (found,) = explain(octets[:cut])
        if cut < 16:
            assert (found.fault_at, found.name) == (0, "?")
            assert f"{cut} octet" in found.fault
            continue
        assert found.fault == f"command_length says {len(octets)} octets, {cut} are there"
        assert (found.fault_at, found.name) == (cut, whole.name)
        # What is whole before the cut is shown as it is in the whole frame; what is cut is marked.
        *before, last = [each for each in found.fields if each.size]
        assert [(each.offset, each.name, each.value) for each in before] == [
            (each.offset, each.name, each.value) for each in whole.fields[: len(before)]
        ]
        assert last.offset + last.size == cut
        explained(octets[:cut], 0)


@ALL
def test_after_a_spoilt_octet_the_rest_of_the_stream_is_explained(octets: bytes) -> None:
    for at in range(4, len(octets)):  # the length is whole, so the boundary is known
        for value in {0x00, 0xFF, octets[at] ^ 0x01} - {octets[at]}:
            spoilt = octets[:at] + bytes((value,)) + octets[at + 1 :]
            found, after = explain(spoilt + NEXT)
            assert (found.size, after.name, after.fault) == (len(octets), "enquire_link", "")
            error = refusal(spoilt)
            if error is not None:
                assert found.fault_at == error.offset
                assert error.reason.split(" is not known")[0] in found.fault
            else:
                assert found.fault == "" or found.fault.startswith("user data header: ")
            explained(spoilt + NEXT, 0)


@ALL
def test_after_a_spoilt_length_the_next_frame_is_found_again(octets: bytes) -> None:
    """Unless the wrong length is one that the following frame happens to make true."""
    for at, value in ((0, 0xFF), (1, 0xFF), (2, 0x7F), (3, 0x00)):
        length = octets[:at] + bytes((value,)) + octets[at + 1 : 4]
        if length == octets[:4]:
            continue
        found = explain(length + octets[4:] + NEXT + GOLDEN_DELIVER)
        assert found[0].fault_at == 0
        assert "command_length" in found[0].fault
        assert [each.name for each in found[-2:]] == ["enquire_link", "deliver_sm"]
        assert all(each.fault == "" for each in found[-2:])


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"\x16\x03\x01\x02\x00" + bytes(30), "this is TLS: the connection is encrypted"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", '"GET " is no command_length: this is not SMPP'),
        (b"SSH-2.0-OpenSSH", '"SSH-" is no command_length: this is not SMPP'),
        (bytes(16), "command_length 0 is less than the 16 octets of a header"),
        (b"\x00\x01\x20\x01" + bytes(12), "command_length 73729 is more than any frame has (73728)"),
    ],
)
def test_what_is_no_smpp_is_told_by_how_it_begins(octets: bytes, fault: str) -> None:
    (found,) = explain(octets)
    assert (found.fault, found.fault_at, names(found)) == (fault, 0, ["unread"])


@pytest.mark.parametrize(
    ("octets", "at", "words"),
    [
        (
            frame(0x05, b"\0\1\x01255\0\0\x0015001\0" + bytes(9) + b"\x50Habari"),
            40,
            "sm_length says 80, 6 octets are left",
        ),
        (frame(0x80000004, b"0A1B"), 20, "message_id has no NUL at its end"),
        (frame(0x80000004), 16, "ends before message_id"),
        (frame(0x80000004, b"m" * 70 + b"\0"), 16, "message_id: 70 octets, at most 64 fit"),
        (frame(0x80000009, b"\x02\x10\x00\x01\x34", status=0x0E), 16, "optional parameters in place of system_id"),
        (frame(0x15, b"\0\0\0"), 16, "3 octets after the last parameter"),
        (frame(0x15, b"\x02\x04\x00\x01\7"), 20, "user_message_reference: 1 octet"),
        (
            frame(0x15, b"\x02\x04\x00\x02\0\1\x14\x01\x00\x09A"),
            22,
            "a parameter 0x1401 of 9 octets begins, 1 are left",
        ),
        (
            pdu.encode(pdu.SubmitSm(short_message=b"a", tlvs=(pdu.Tlv(0x424, b"b"),))),
            33,
            "short_message and message_payload: one of them must be empty",
        ),
    ],
)
def test_what_strays_from_the_specification_is_noted_where_it_is(octets: bytes, at: int, words: str) -> None:
    (found,) = explain(octets)
    assert found.fault == ""
    (note,) = found.notes
    assert note.offset == at
    assert words in note.words


@pytest.mark.parametrize("command", [pdu.BindTransmitter, pdu.BindReceiver, pdu.BindTransceiver, pdu.Outbind])
def test_no_cut_and_no_spoilt_octet_lets_a_password_out(command: type[pdu.BindReceiver]) -> None:
    octets = pdu.encode(command(system_id="moh", password="hunter2"))
    spoilt = [octets[:cut] for cut in range(16, len(octets))]
    spoilt += [octets[:at] + b"\xff" + octets[at + 1 :] for at in (0, 1, 2, 3, *range(8, 16), *range(16, 19))]
    spoilt += [octets[:3] + bytes((length,)) + octets[4:] for length in range(16, len(octets))]
    spoilt += [octets[:at] + b"\0" + octets[at + 1 :] for at in (3, *range(8, 16))]
    spoilt += [octets[: octets.index(b"hunter2") + 7] + b"\1" * 5, octets + b"\0" * 3, octets + GOLDEN_DELIVER[:-3]]
    for each in spoilt:
        for follower in (b"", NEXT, b"\xff" * 20):
            for found in explain(each + follower):
                text = "\n".join(lines(found, each + follower))
                assert "hunt" not in text
                assert "nter2" not in text
                assert b"hun".hex(" ") not in text
                assert b"er2".hex(" ") not in text
