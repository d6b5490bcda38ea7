// CouchDB's protocol over PouchDB on disk, for tests: node server.mjs PORT FOLDER USER PASSWORD
//
// Not CouchDB: its storage, its users and its security objects are missing. AGORA_TEST_COUCHDB names a real one.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const express = require('express');
const expressPouchDB = require('express-pouchdb');
const PouchDB = require('pouchdb-core');

for (const plugin of ['adapter-leveldb', 'mapreduce', 'replication', 'find']) {
  PouchDB.plugin(require(`pouchdb-${plugin}`));
}

const [port, folder, user, password] = process.argv.slice(2);
const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const app = express();

app.get('/_up', (_request, response) => response.json({ status: 'ok' }));

app.use((request, response, next) => {
  if (request.headers.authorization !== expected) {
    response.status(401).json({ error: 'unauthorized', reason: 'Name or password is incorrect.' });
    return;
  }
  // The server behind would look the name up among users of its own.
  delete request.headers.authorization;
  next();
});

app.use(
  expressPouchDB(PouchDB.defaults({ adapter: 'leveldb', prefix: join(folder, '/') }), {
    mode: 'minimumForPouchDB',
    overrideMode: { include: ['routes/find'] },
  }),
);

app.listen(Number(port), '127.0.0.1');
