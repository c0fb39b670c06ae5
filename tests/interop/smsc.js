// An SMSC made of the npm package smpp. It takes orders as lines of JSON on stdin and tells what happens as lines of
// JSON on stdout: {"deliver": [PDU, ...]}, {"enquire": true}, {"unbind": true}. In a PDU, "udh" and "octets" are hex,
// and "command" may name another command than deliver_sm. The end of stdin ends the process.
'use strict';

const readline = require('readline');
const smpp = require('smpp');

let bound = null;

function tell(event, facts) {
  process.stdout.write(JSON.stringify({ event, ...facts }) + '\n');
}

function revived(value) {
  if (value === null || typeof value !== 'object') return value;
  if ('octets' in value) return Buffer.from(value.octets, 'hex');
  const made = {};
  for (const [key, inner] of Object.entries(value)) {
    made[key] = key === 'udh' ? Buffer.from(inner, 'hex') : revived(inner);
  }
  return made;
}

const server = smpp.createServer((session) => {
  for (const command of ['bind_receiver', 'bind_transmitter', 'bind_transceiver']) {
    session.on(command, (pdu) => {
      if (pdu.password !== 'secret') {
        session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
        return;
      }
      session.send(pdu.response({ system_id: 'node-smpp' }));
      if (command !== 'bind_transmitter') bound = session;
      tell('bound', { command, system_id: pdu.system_id, version: pdu.interface_version });
    });
  }
  session.on('enquire_link', (pdu) => {
    session.send(pdu.response());
    tell('enquired', {});
  });
  session.on('unbind', (pdu) => {
    session.send(pdu.response(), undefined, () => session.close());
    tell('unbound', {});
  });
  session.on('generic_nack', (pdu) => tell('nacked', { status: pdu.command_status }));
  session.on('error', (error) => tell('error', { reason: String(error) }));
});

const orders = {
  deliver(pdus) {
    const statuses = new Array(pdus.length).fill(null);
    let open = pdus.length;
    pdus.forEach((given, index) => {
      const { command = 'deliver_sm', ...options } = revived(given);
      bound.send(new smpp.PDU(command, options), (response) => {
        statuses[index] = response.command_status;
        open -= 1;
        if (!open) tell('answered', { statuses });
      });
    });
  },
  enquire() {
    bound.enquire_link((response) => tell('enquire_answered', { status: response.command_status }));
  },
  unbind() {
    const session = bound;
    session.unbind((response) => {
      tell('unbind_answered', { status: response.command_status });
      session.close();
    });
  },
};

server.listen(0, '127.0.0.1', () => tell('listening', { port: server.address().port }));
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => Object.entries(JSON.parse(line)).forEach(([order, given]) => orders[order](given)))
  .on('close', () => process.exit(0));
