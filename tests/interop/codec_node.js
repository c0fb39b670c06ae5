// The codec of the npm package smpp as a process: lines of JSON in and out, as codec_facts.py says.
'use strict';

const readline = require('readline');
const smpp = require('smpp');

const byId = new Map(Object.entries(smpp.tlvs).map(([name, tlv]) => [tlv.id, name]));
const HEAD = ['command', 'command_length', 'command_id', 'command_status', 'sequence_number'];

function hex(value) {
  return Buffer.isBuffer(value) ? value.toString('hex') : Buffer.from(String(value), 'latin1').toString('hex');
}

function fact(value, tlv) {
  if (value instanceof Date) return { time: value.getTime() / 1000 };
  if (typeof value === 'number') return value;
  if (Buffer.isBuffer(value)) return hex(value);
  if (typeof value === 'string') return hex(value) + (tlv && tlv.type === smpp.types.tlv.cstring ? '00' : '');
  if (value && 'message' in value) {
    const udh = value.udh ? { udh: [value.udh.reduce((size, one) => size + one.length, 0).toString(16).padStart(2, '0')]
      .concat(value.udh.map(hex)).join('') } : {};
    if (Buffer.isBuffer(value.message)) return (udh.udh || '') + hex(value.message);
    return { text: value.message, ...udh };
  }
  return value;
}

// The package's filters split some parameters; its own encoder puts them together again.
function whole(name, value) {
  const { filter } = smpp.tlvs[name];
  return filter && name !== 'message_payload' ? filter.encode.call({}, value) : value;
}

function read(octets) {
  const pdu = new smpp.PDU(octets);
  if (pdu.command === 'unknown') return { unknown: true };
  const facts = { command: pdu.command, status: pdu.command_status, sequence: pdu.sequence_number };
  const { params = {} } = smpp.commands[pdu.command];
  for (const [name, value] of Object.entries(pdu)) {
    if (HEAD.includes(name)) continue;
    if (name === 'dest_address') {
      facts[name] = value.map((one) => ('dl_name' in one ? [hex(one.dl_name)]
        : [one.dest_addr_ton, one.dest_addr_npi, hex(one.destination_addr)]));
    } else if (name === 'unsuccess_sme') {
      facts[name] = value.map((one) => [one.dest_addr_ton, one.dest_addr_npi, hex(one.destination_addr),
        one.error_status_code]);
    } else if (name in params) {
      facts[name] = fact(value);
    } else {
      const tlv = smpp.tlvs[name];
      const key = `0x${(tlv ? tlv.id : Number(name)).toString(16).padStart(4, '0')}`;
      const values = tlv && tlv.multiple ? value : [value];
      const first = values[0];
      if (first && first.constructor === Object && !('message' in first)) {
        facts[`typed:${key}`] = Object.values(first).map((one) => (typeof one === 'number' ? one : hex(one)));
      }
      facts[`tlv:${key}`] = values.map((one) => fact(tlv ? whole(name, one) : one, tlv));
    }
  }
  return { facts };
}

function given(type, octets) {
  if (type === smpp.types.tlv.int8 || type === smpp.types.tlv.int16 || type === smpp.types.tlv.int32) {
    return octets.length ? octets.readUIntBE(0, octets.length) : 0;
  }
  if (type === smpp.types.tlv.cstring) return octets.subarray(0, -1);
  return octets;
}

function message(octets, asked) {
  // Texts go in as texts, so that the package encodes them; 8-bit data and text that is none as octets.
  if (!asked.about_text || !octets.length) return octets;
  const udh = Buffer.from(asked.udh, 'hex');
  return { message: asked.text, ...(udh.length ? { udh } : {}) };
}

function write(asked) {
  if (!smpp.commands[asked.command]) return { unknown: true };
  const options = { command_status: asked.status, sequence_number: asked.sequence };
  for (const [name, value] of Object.entries(asked.fields)) {
    if (name === 'dest_address') {
      options[name] = value.map((one) => (one.length === 1 ? { dl_name: Buffer.from(one[0], 'hex') }
        : { dest_addr_ton: one[0], dest_addr_npi: one[1], destination_addr: Buffer.from(one[2], 'hex') }));
    } else if (name === 'unsuccess_sme') {
      options[name] = value.map(([ton, npi, address, status]) => ({ dest_addr_ton: ton, dest_addr_npi: npi,
        destination_addr: Buffer.from(address, 'hex'), error_status_code: status }));
    } else if (name === 'short_message') {
      options[name] = message(Buffer.from(value, 'hex'), asked);
    } else {
      options[name] = typeof value === 'string' ? Buffer.from(value, 'hex') : value;
    }
  }
  for (const [tag, , value] of asked.tlvs) {
    const name = byId.get(tag);
    if (!name) return { error: 'no way to write a tag without a name' };
    const tlv = smpp.tlvs[name];
    let octets = given(tlv.type, Buffer.from(value, 'hex'));
    if (name === 'message_payload' && !asked.fields.short_message) octets = message(octets, asked);
    if (tlv.multiple) (options[name] = options[name] || []).push(octets);
    else options[name] = octets;
  }
  return { octets: new smpp.PDU(asked.command, options).toBuffer().toString('hex') };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = 'read' in asked ? read(Buffer.from(asked.read, 'hex')) : write(asked.write);
  } catch (error) {
    answer = { error: String(error).slice(0, 200) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
