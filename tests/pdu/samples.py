"""PDUs as values and as octets, each written out by hand from the tables of SMPP 3.4 section 4 and 5.0 section 4."""

from __future__ import annotations

from struct import pack

from pdu import (
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    Destination,
    DistributionList,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    Unbind,
    UnbindResp,
    Unsuccess,
)


def frame(command_id: int, body: bytes = b"", *, status: int = 0, sequence: int = 1) -> bytes:
    """A header that fits, and the body."""
    return pack(">IIII", 16 + len(body), command_id, status, sequence) + body


# The two PDUs that speed is measured with.
GOLDEN_DELIVER = bytes.fromhex(
    "000000710000000500000000000000070001013235353731323334353637380000013135303031000000000000000000003f52454720414d49"
    "4e412e4a554d41204147452e32372056494c4c2e4d57414e5a41204849562e4e45472057542e36312056495349542e32204348572e313134"
)
GOLDEN_SUBMIT = bytes.fromhex(
    "000000ac0000000400000000000000070000013135303031000101323535373132333435363738004000000000010000006a0500032a020148"
    "616261726920416d696e612e204b756d62756b61206b77656e6461206b6c696e696b6920746172656865203134206b7761206b6970696d6f20"
    "63686120756a61757a69746f2e2042656261206b6164692079616b6f206e61206368616e64617275612e020400021234020d00010104260001"
    "01"
)

SAMPLES: list[tuple[Pdu, bytes]] = [
    (
        DeliverSm(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="255712345678",
            dest_addr_npi=1,
            destination_addr="15001",
            short_message=b"REG AMINA.JUMA AGE.27 VILL.MWANZA HIV.NEG WT.61 VISIT.2 CHW.114",
            sequence=7,
        ),
        GOLDEN_DELIVER,
    ),
    (
        SubmitSm(
            source_addr_npi=1,
            source_addr="15001",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="255712345678",
            esm_class=0x40,
            registered_delivery=1,
            short_message=b"\x05\x00\x03\x2a\x02\x01Habari Amina. Kumbuka kwenda kliniki tarehe 14 kwa kipimo cha "
            b"ujauzito. Beba kadi yako na chandarua.",
            tlvs=(Tlv(0x0204, b"\x12\x34"), Tlv(0x020D, b"\x01"), Tlv(0x0426, b"\x01")),
            sequence=7,
        ),
        GOLDEN_SUBMIT,
    ),
    (
        BindTransmitter("moh", "secret", "SMPP", 0x34, 1, 1, "15001", sequence=1),
        frame(0x02, b"moh\0secret\0SMPP\0\x34\x01\x0115001\0"),
    ),
    (
        BindTransmitterResp("smsc", tlvs=(Tlv(0x0210, b"\x34"),), sequence=1),
        frame(0x80000002, b"smsc\0\x02\x10\x00\x01\x34"),
    ),
    (BindReceiver("moh", "secret", sequence=1), frame(0x01, b"moh\0secret\0\0\x34\0\0\0")),
    (BindReceiverResp("smsc", sequence=1), frame(0x80000001, b"smsc\0")),
    (
        BindTransceiver("moh", "12345678", "", 0x33, 0, 0, "^255", sequence=0xFFFFFFFF),
        frame(0x09, b"moh\x0012345678\x00\x00\x33\x00\x00^255\x00", sequence=0xFFFFFFFF),
    ),
    (BindTransceiverResp("smsc", status=0x0E, sequence=1), frame(0x80000009, b"smsc\0", status=0x0E)),
    (Outbind("smsc", "secret", sequence=1), frame(0x0B, b"smsc\0secret\0")),
    (Unbind(sequence=1), frame(0x06)),
    (UnbindResp(sequence=1), frame(0x80000006)),
    (EnquireLink(sequence=0x7FFFFFFF), frame(0x15, sequence=0x7FFFFFFF)),
    (EnquireLinkResp(sequence=0), frame(0x80000015, sequence=0)),
    (GenericNack(status=3, sequence=1), frame(0x80000000, status=3)),
    (
        SubmitSm(
            service_type="CMT",
            source_addr_ton=5,
            source_addr="MOH",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="255712345678",
            esm_class=0x03,
            protocol_id=0x7F,
            priority_flag=3,
            schedule_delivery_time="261122120000000+",
            validity_period="000001000000000R",
            registered_delivery=0x11,
            replace_if_present_flag=1,
            data_coding=8,
            sm_default_msg_id=9,
            short_message=b"\x04\x1f\0A",
            sequence=1,
        ),
        frame(
            0x04,
            b"CMT\0\x05\x00MOH\0\x01\x01255712345678\0\x03\x7f\x03261122120000000+\x00000001000000000R\x00\x11\x01\x08\x09"
            b"\x04\x04\x1f\0A",
        ),
    ),
    (SubmitSmResp("0A1B2C3D", sequence=1), frame(0x80000004, b"0A1B2C3D\0")),
    (SubmitSmResp(status=0x58, sequence=1), frame(0x80000004, b"\0", status=0x58)),
    (
        SubmitMulti(
            source_addr="15001",
            dest_address=(Destination(1, 1, "255712345678"), DistributionList("nurses")),
            short_message=b"Hi",
            sequence=1,
        ),
        frame(
            0x21,
            b"\0\0\x0015001\0\x02\x01\x01\x01255712345678\0\x02nurses\0\0\0\0\0\0\0\0\0\0\x02Hi",
        ),
    ),
    (
        SubmitMultiResp("77", (Unsuccess(1, 1, "255712345678", 0x0B), Unsuccess(0, 0, "1", 0x401)), sequence=1),
        frame(0x80000021, b"77\0\x02\x01\x01255712345678\0\0\0\0\x0b\0\x001\0\0\0\x04\x01"),
    ),
    (DeliverSmResp(sequence=1), frame(0x80000005, b"\0")),
    (
        DataSm(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="255712345678",
            destination_addr="15001",
            esm_class=0x04,
            registered_delivery=1,
            data_coding=3,
            tlvs=(Tlv(0x0424, b"Hi"), Tlv(0x1400, b"")),
            sequence=1,
        ),
        frame(0x103, b"\0\x01\x01255712345678\0\0\x0015001\0\x04\x01\x03\x04\x24\x00\x02Hi\x14\x00\x00\x00"),
    ),
    (
        DataSmResp("5", tlvs=(Tlv(0x0425, b"\x01"),), status=0xFE, sequence=1),
        frame(0x80000103, b"5\0\x04\x25\x00\x01\x01", status=0xFE),
    ),
    (QuerySm("0A1B", 0, 1, "15001", sequence=1), frame(0x03, b"0A1B\0\x00\x0115001\0")),
    (
        QuerySmResp("0A1B", "261122120000000+", 2, 0, sequence=1),
        frame(0x80000003, b"0A1B\x00261122120000000+\x00\x02\x00"),
    ),
    (
        CancelSm("", "0A1B", 0, 1, "15001", 1, 1, "255712345678", sequence=1),
        frame(0x08, b"\x000A1B\x00\x00\x0115001\x00\x01\x01255712345678\x00"),
    ),
    (CancelSmResp(status=0x11, sequence=1), frame(0x80000008, status=0x11)),
    (
        ReplaceSm("0A1B", 0, 1, "15001", "", "", 1, 0, b"New", sequence=1),
        frame(0x07, b"0A1B\0\x00\x0115001\0\0\0\x01\x00\x03New"),
    ),
    (ReplaceSmResp(sequence=1), frame(0x80000007)),
    (
        AlertNotification(1, 1, "255712345678", 0, 1, "15001", tlvs=(Tlv(0x0422, b"\0"),), sequence=1),
        frame(0x102, b"\x01\x01255712345678\0\x00\x0115001\0\x04\x22\x00\x01\x00"),
    ),
    (
        BroadcastSm(
            service_type="CBS",
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="15001",
            priority_flag=2,
            validity_period="000001000000000R",
            data_coding=8,
            tlvs=(
                Tlv(0x0606, b"\x00Mwanza"),
                Tlv(0x0606, b"\x00Tabora"),
                Tlv(0x0601, b"\x01\x00\x02"),
                Tlv(0x0604, b"\x00\x0c"),
                Tlv(0x0605, b"\x0a\x00\x02"),
                Tlv(0x0424, b"\0H\0i"),
            ),
            sequence=1,
        ),
        frame(
            0x111,
            b"CBS\0\x01\x0115001\0\0\x02\x00000001000000000R\0\x00\x08\x00"
            b"\x06\x06\x00\x07\x00Mwanza\x06\x06\x00\x07\x00Tabora\x06\x01\x00\x03\x01\x00\x02\x06\x04\x00\x02\x00\x0c"
            b"\x06\x05\x00\x03\x0a\x00\x02\x04\x24\x00\x04\0H\0i",
        ),
    ),
    (
        BroadcastSmResp("B1", tlvs=(Tlv(0x0607, b"\0\0\1\x09"), Tlv(0x0606, b"\x00Tabora")), sequence=1),
        frame(0x80000111, b"B1\0\x06\x07\x00\x04\0\0\1\x09\x06\x06\x00\x07\x00Tabora"),
    ),
    (
        QueryBroadcastSm("", 1, 1, "15001", tlvs=(Tlv(0x0204, b"\x12\x34"),), sequence=1),
        frame(0x112, b"\0\x01\x0115001\0\x02\x04\x00\x02\x12\x34"),
    ),
    (
        QueryBroadcastSmResp(
            "B1",
            tlvs=(Tlv(0x0427, b"\x01"), Tlv(0x0606, b"\x00Mwanza"), Tlv(0x0608, b"\x50"), Tlv(0x0428, b"\x5a")),
            sequence=1,
        ),
        frame(
            0x80000112,
            b"B1\0\x04\x27\x00\x01\x01\x06\x06\x00\x07\x00Mwanza\x06\x08\x00\x01\x50\x04\x28\x00\x01\x5a",
        ),
    ),
    (CancelBroadcastSm("CBS", "B1", 1, 1, "15001", sequence=1), frame(0x113, b"CBS\0B1\0\x01\x0115001\0")),
    (CancelBroadcastSmResp(status=0x10F, sequence=1), frame(0x80000113, status=0x10F)),
    (
        SubmitSmResp("0A1B", tlvs=(Tlv(0x0428, b"\x5f"),), sequence=1),
        frame(0x80000004, b"0A1B\0\x04\x28\x00\x01\x5f"),
    ),
    (EnquireLinkResp(tlvs=(Tlv(0x0428, b"\x14"),), sequence=1), frame(0x80000015, b"\x04\x28\x00\x01\x14")),
]
NAMES = [f"{type(pdu).__name__}-{index}" for index, (pdu, _) in enumerate(SAMPLES)]
