// What the npm package smpp takes for the two PDUs of benchmarks/codec.py: SECONDS HEX_A HEX_B -> one line of JSON.
'use strict';

const { PDU } = require('smpp');

const BATCHES = 7;
const [seconds, a, b] = [Number(process.argv[2]), ...process.argv.slice(3, 5).map((hex) => Buffer.from(hex, 'hex'))];
const TLVS = { user_message_reference: 0x0204, language_indicator: 0x020d, more_messages_to_send: 0x0426 };

function decode(octets) {
  const pdu = new PDU(octets);
  const tlvs = [];
  for (const name in TLVS) if (name in pdu) tlvs.push([TLVS[name], pdu[name]]);
  return [pdu.source_addr, pdu.destination_addr, pdu.esm_class, pdu.data_coding, pdu.short_message, tlvs];
}

// The elements of a user data header behind the length that decoding leaves out.
function withLength(elements) {
  const octets = Buffer.concat(elements);
  return elements.length ? Buffer.concat([Buffer.from([octets.length]), octets]) : octets;
}

const textA = decode(a)[4].message;
const { message: textB, udh } = decode(b)[4];
const udhB = withLength(udh);

function encodeA() {
  return new PDU('deliver_sm', {
    sequence_number: 7,
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: '255712345678',
    dest_addr_ton: 0,
    dest_addr_npi: 1,
    destination_addr: '15001',
    data_coding: 0,
    short_message: { message: textA },
  }).toBuffer();
}

function encodeB() {
  return new PDU('submit_sm', {
    sequence_number: 7,
    source_addr_ton: 0,
    source_addr_npi: 1,
    source_addr: '15001',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '255712345678',
    esm_class: 0x40,
    registered_delivery: 1,
    data_coding: 0,
    short_message: { udh: udhB, message: textB },
    user_message_reference: 0x1234,
    language_indicator: 1,
    more_messages_to_send: 1,
  }).toBuffer();
}

let kept; // what is made must not be optimised away

function batch(call, count) {
  const began = process.cpuUsage();
  for (let i = 0; i < count; i++) kept = call();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

function timed(call) {
  let count = 1;
  while (batch(call, count) < seconds) count *= 2;
  const took = Array.from({ length: BATCHES }, () => (batch(call, count) / count) * 1e6);
  return took.sort((x, y) => x - y)[BATCHES >> 1];
}

function shown(fields) {
  const { udh, message } = fields[4];
  fields[4] = Buffer.concat([withLength(udh || []), Buffer.from(message, 'latin1')]).toString('hex');
  return fields;
}

console.log(
  JSON.stringify({
    fields: [shown(decode(a)), shown(decode(b))],
    frames: [encodeA().toString('hex'), encodeB().toString('hex')],
    us: [timed(() => decode(a)), timed(encodeA), timed(() => decode(b)), timed(encodeB)],
  }),
);
