// What the Node driver does with the server, one scenario a run:
//   node node_driver.mjs <scenario> <uri>...
// The driver is taken from the folder $NACRE_NODE. Exits with 1 at the first thing that is not so.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(process.env.NACRE_NODE + '/');
const { MongoClient, Long, ObjectId } = require('mongodb');

const [scenario, ...uris] = process.argv.slice(2);
const options = { serverSelectionTimeoutMS: 5000 };

async function withClient(uri, body) {
  const client = await MongoClient.connect(uri, options);
  try {
    await body(client);
  } finally {
    await client.close();
  }
}

// The error that `promise` must fail with.
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('the command succeeded, which it must not');
}

const scenarios = {
  // Each URI reaches the server; hello names an address the client can go back to.
  async connect() {
    for (const uri of uris) {
      await withClient(uri, async (client) => {
        const hello = await client.db('admin').command({ hello: 1 });
        assert.equal(hello.setName, 'nacre');
        assert.equal(hello.isWritablePrimary, true);
        assert.deepEqual(hello.hosts, [hello.me]);
        assert.equal(hello.topologyVersion, undefined);
        const info = await client.db('admin').command({ buildInfo: 1 });
        assert.match(info.version, /^8\.0\./);
        assert.equal((await client.db('admin').command({ ping: 1 })).ok, 1);
      });
    }
  },

  async crud(client) {
    const pets = client.db('zoo').collection('pets');
    const one = await pets.insertOne({ name: 'Ada', legs: 4, tags: ['a', 'b'] });
    assert.ok(one.insertedId instanceof ObjectId);
    const many = await pets.insertMany([
      { _id: 1, name: 'Bob', legs: 2 },
      { _id: 2, name: 'Cy', legs: 6, home: { city: 'Rome' } },
      { _id: 3, name: 'Di', legs: 8 },
    ]);
    assert.equal(many.insertedCount, 3);

    assert.deepEqual(await pets.findOne({ _id: 2 }), {
      _id: 2, name: 'Cy', legs: 6, home: { city: 'Rome' },
    });
    assert.equal((await pets.findOne({ 'home.city': 'Rome' })).name, 'Cy');
    assert.equal(await pets.findOne({ _id: 99 }), null);
    const names = (cursor) => cursor.map((pet) => pet.name).toArray();
    assert.deepEqual(await names(pets.find({ legs: { $gte: 4 } }).sort({ legs: -1 })),
      ['Di', 'Cy', 'Ada']);
    assert.deepEqual(await names(pets.find({ tags: 'b' })), ['Ada']);
    assert.deepEqual(await names(pets.find().sort({ legs: 1 }).skip(1).limit(2)), ['Ada', 'Cy']);
    assert.deepEqual(await pets.find({ _id: 1 }, { projection: { _id: 0, legs: 1 } }).toArray(),
      [{ legs: 2 }]);

    const updated = await pets.updateOne({ _id: 1 }, { $set: { name: 'Bo' }, $inc: { legs: 1 } });
    assert.deepEqual([updated.matchedCount, updated.modifiedCount], [1, 1]);
    const same = await pets.updateOne({ _id: 1 }, { $set: { name: 'Bo' } });
    assert.deepEqual([same.matchedCount, same.modifiedCount], [1, 0]);
    assert.deepEqual(await pets.findOne({ _id: 1 }), { _id: 1, name: 'Bo', legs: 3 });
    const all = await pets.updateMany({ legs: { $gt: 5 } }, { $set: { insect: true } });
    assert.equal(all.modifiedCount, 2);
    const upsert = await pets.updateOne({ _id: 7 }, { $set: { name: 'Eve' } }, { upsert: true });
    assert.deepEqual([upsert.upsertedCount, upsert.upsertedId], [1, 7]);
    const replaced = await pets.replaceOne({ _id: 7 }, { name: 'Flo' });
    assert.equal(replaced.modifiedCount, 1);
    assert.deepEqual(await pets.findOne({ _id: 7 }), { _id: 7, name: 'Flo' });

    const before = await pets.findOneAndUpdate({ _id: 7 }, { $set: { legs: 4 } });
    assert.equal(before.legs, undefined);
    const after = await pets.findOneAndUpdate({ _id: 7 }, { $inc: { legs: 1 } },
      { returnDocument: 'after' });
    assert.equal(after.legs, 5);
    assert.equal((await pets.findOneAndDelete({ _id: 7 })).name, 'Flo');
    assert.equal(await pets.findOneAndDelete({ _id: 7 }), null);

    assert.equal(await pets.countDocuments({ insect: true }), 2);
    assert.equal(await pets.countDocuments(), 4);
    assert.equal(await pets.estimatedDocumentCount(), 4);
    assert.deepEqual(await pets.distinct('insect'), [true]);
    assert.equal((await pets.deleteOne({ _id: 1 })).deletedCount, 1);
    assert.equal((await pets.deleteMany({})).deletedCount, 3);
    assert.equal(await pets.countDocuments(), 0);

    const bulk = await pets.bulkWrite([
      { insertOne: { document: { _id: 1 } } },
      { updateOne: { filter: { _id: 1 }, update: { $set: { a: 1 } } } },
      { updateOne: { filter: { _id: 2 }, update: { $set: { a: 2 } }, upsert: true } },
      { deleteOne: { filter: { _id: 1 } } },
    ]);
    assert.deepEqual(
      [bulk.insertedCount, bulk.modifiedCount, bulk.upsertedCount, bulk.deletedCount],
      [1, 1, 1, 1]);
  },

  async cursors(client) {
    const numbers = client.db('math').collection('numbers');
    const documents = Array.from({ length: 1000 }, (_, i) => ({ _id: i, square: i * i }));
    await numbers.insertMany(documents);
    assert.deepEqual(await numbers.find().sort({ _id: 1 }).toArray(), documents);
    assert.equal((await numbers.find({}, { batchSize: 7 }).toArray()).length, 1000);
    assert.equal((await numbers.find().limit(250).batchSize(100).toArray()).length, 250);
    assert.equal((await numbers.aggregate([{ $match: { _id: { $lt: 500 } } }],
      { batchSize: 33 }).toArray()).length, 500);

    // A cursor shows the moment it was opened, whatever happens between its batches.
    const held = numbers.find().sort({ _id: 1 }).batchSize(10);
    assert.equal((await held.next())._id, 0);
    await numbers.deleteMany({ _id: { $gte: 500 } });
    let rest = 0;
    for await (const document of held) rest += document ? 1 : 0;
    assert.equal(rest, 999);

    const reply = await client.db('math').command({ find: 'numbers', batchSize: 2 });
    assert.equal(reply.cursor.firstBatch.length, 2);
    const id = Long.fromValue(reply.cursor.id);
    const more = await client.db('math').command({ getMore: id, collection: 'numbers', batchSize: 3 });
    assert.equal(more.cursor.nextBatch.length, 3);
    assert.equal(more.cursor.ns, 'math.numbers');
    const foreign = await failure(
      client.db('math').command({ getMore: id, collection: 'others' }));
    assert.equal(foreign.code, 13);
    const killed = await client.db('math').command({ killCursors: 'numbers', cursors: [id] });
    assert.equal(killed.cursorsKilled.length, 1);
    const gone = await failure(client.db('math').command({ getMore: id, collection: 'numbers' }));
    assert.equal(gone.code, 43);
    assert.equal(gone.codeName, 'CursorNotFound');

    const dropped = await client.db('math').command({ find: 'numbers', batchSize: 2 });
    await numbers.drop();
    const closed = await failure(client.db('math').command(
      { getMore: Long.fromValue(dropped.cursor.id), collection: 'numbers' }));
    assert.equal(closed.code, 175);
  },

  // Batches end at 16 MB however many documents were asked for; so do documents.
  async large(client) {
    const big = client.db('big').collection('documents');
    const filler = 'x'.repeat(6000);
    const documents = Array.from({ length: 4000 }, (_, i) => ({ _id: i, filler }));
    await big.insertMany(documents);
    const first = await client.db('big').command({ find: 'documents', batchSize: 100_000 });
    assert.ok(first.cursor.firstBatch.length > 2000);
    assert.ok(first.cursor.firstBatch.length < 4000);
    assert.equal((await big.find().batchSize(100_000).toArray()).length, 4000);
    const tooLarge = await client.db('big').command(
      { insert: 'documents', documents: [{ filler: 'x'.repeat(16 * 1024 * 1024) }] });
    assert.equal(tooLarge.n, 0);
    assert.ok([2, 10334].includes(tooLarge.writeErrors[0].code), JSON.stringify(tooLarge));
    assert.equal(await big.countDocuments(), 4000);
  },

  async indexes(client) {
    const users = client.db('site').collection('users');
    await users.insertMany([
      { _id: 1, mail: 'a@x', age: 30 }, { _id: 2, mail: 'b@x', age: 40 },
      { _id: 3, mail: 'c@x', age: 50 },
    ]);
    assert.equal(await users.createIndex({ mail: 1 }, { unique: true }), 'mail_1');
    assert.equal(await users.createIndex({ age: -1 }, { name: 'by age' }), 'by age');
    assert.equal(await users.createIndex({ mail: 1 }, { unique: true }), 'mail_1');
    assert.deepEqual((await users.indexes()).map((index) => index.name),
      ['_id_', 'mail_1', 'by age']);

    const duplicate = await failure(users.insertOne({ _id: 4, mail: 'a@x' }));
    assert.equal(duplicate.code, 11000);
    assert.match(duplicate.message,
      /^E11000 duplicate key error collection: site\.users index: mail_1 dup key: \{ mail: "a@x" \}/);
    assert.deepEqual(duplicate.keyPattern, { mail: 1 });
    assert.deepEqual(duplicate.keyValue, { mail: 'a@x' });
    const sameId = await failure(users.insertOne({ _id: 1, mail: 'z@x' }));
    assert.equal(sameId.code, 11000);
    assert.deepEqual(sameId.keyPattern, { _id: 1 });
    const taken = await failure(users.updateOne({ _id: 2 }, { $set: { mail: 'a@x' } }));
    assert.equal(taken.code, 11000);
    assert.equal(await users.countDocuments(), 3);

    const unordered = await failure(users.insertMany(
      [{ _id: 5, mail: 'e@x' }, { _id: 6, mail: 'e@x' }, { _id: 7, mail: 'g@x' }],
      { ordered: false }));
    assert.equal(unordered.result.insertedCount, 2);
    assert.equal(unordered.writeErrors[0].index, 1);
    assert.equal(unordered.writeErrors[0].code, 11000);

    const plan = await users.find({ mail: 'c@x' }).explain('executionStats');
    const text = JSON.stringify(plan.queryPlanner.winningPlan);
    assert.match(text, /IXSCAN/);
    assert.match(text, /mail_1/);
    assert.equal(plan.executionStats.nReturned, 1);
    const scan = await users.find({ nothing: 1 }).explain('queryPlanner');
    assert.match(JSON.stringify(scan.queryPlanner.winningPlan), /COLLSCAN/);

    await users.dropIndex('by age');
    const missing = await failure(users.dropIndex('by age'));
    assert.equal(missing.code, 27);
    await users.dropIndexes();
    assert.deepEqual((await users.indexes()).map((index) => index.name), ['_id_']);
    await users.insertOne({ _id: 4, mail: 'a@x' });
    const violated = await failure(users.createIndex({ mail: 1 }, { unique: true }));
    assert.equal(violated.code, 11000);
    assert.deepEqual((await users.indexes()).map((index) => index.name), ['_id_']);
  },

  async databases(client) {
    for (const name of ['one', 'Two', 'thr-ee', 'f%c3%bcnf']) {
      await client.db(name).collection('c').insertOne({ from: name });
    }
    const listed = (await client.db().admin().listDatabases()).databases.map((d) => d.name);
    for (const name of ['one', 'Two', 'thr-ee', 'f%c3%bcnf']) {
      assert.ok(listed.includes(name), name);
      assert.equal((await client.db(name).collection('c').findOne()).from, name);
    }
    await client.db('one').createCollection('d');
    assert.deepEqual((await client.db('one').listCollections().toArray()).map((c) => c.name).sort(),
      ['c', 'd']);
    assert.equal((await client.db('one').listCollections({ name: 'd' }).toArray()).length, 1);
    // What is there already as it was asked for is no error, since MongoDB 7.0.
    await client.db('one').createCollection('d');
    const again = await failure(
      client.db('one').createCollection('d', { capped: true, size: 4096 }));
    assert.equal(again.code, 48);
    assert.equal(await client.db('one').collection('c').drop(), true);
    assert.equal(await client.db('one').collection('c').countDocuments(), 0);
    assert.equal(await client.db('Two').dropDatabase(), true);
    assert.equal(await client.db('Two').collection('c').countDocuments(), 0);
    await client.db('Two').collection('c').insertOne({ from: 'again' });
    assert.equal(await client.db('Two').collection('c').countDocuments(), 1);
    for (const name of ['../escape', 'a/b', 'a b', 'x'.repeat(64)]) {
      // The driver itself refuses some of these, the server all of them.
      const refused = await failure((async () => client.db(name).command({ ping: 1 }))());
      assert.ok(refused.code === 73 || /database name/i.test(refused.message), refused.message);
    }
  },

  async errors(client) {
    const db = client.db('shop');
    const unknown = await failure(db.command({ makeCoffee: 1 }));
    assert.equal(unknown.code, 59);
    assert.equal(unknown.codeName, 'CommandNotFound');
    assert.equal(unknown.message, "no such command: 'makeCoffee'");
    assert.equal((await failure(db.command({ find: 'c', tea: 1 }))).code, 40415);
    assert.equal((await failure(db.command({ find: 'c', filter: 7 }))).code, 14);
    assert.equal((await failure(db.command({ find: 'c', limit: -1 }))).code, 2);
    assert.equal((await failure(db.command({ find: 'a$b' }))).code, 73);
    assert.equal((await failure(db.command({ listDatabases: 1 }))).code, 13);
    await db.collection('there').insertOne({});
    assert.equal((await failure(
      db.collection('there').aggregate([{ $nonsense: {} }]).toArray())).code, 40324);
    // The connection is none the worse for any of it.
    assert.equal((await db.command({ ping: 1 })).ok, 1);
  },

  // A transfer between accounts, by many at once; aborts; what a transaction cannot do.
  async transactions(client) {
    const accounts = client.db('bank').collection('accounts');
    await accounts.insertMany([{ _id: 'a', n: 100 }, { _id: 'b', n: 0 }]);
    const transfer = () => client.withSession((session) => session.withTransaction(async () => {
      await accounts.updateOne({ _id: 'a' }, { $inc: { n: -1 } }, { session });
      await accounts.updateOne({ _id: 'b' }, { $inc: { n: 1 } }, { session });
      await client.db('bank').collection('log').insertOne({}, { session });
    }));
    await Promise.all(Array.from({ length: 10 }, transfer));
    assert.equal((await accounts.findOne({ _id: 'a' })).n, 90);
    assert.equal((await accounts.findOne({ _id: 'b' })).n, 10);
    assert.equal(await client.db('bank').collection('log').countDocuments(), 10);

    await client.withSession(async (session) => {
      session.startTransaction();
      await accounts.deleteMany({}, { session });
      assert.equal(await accounts.countDocuments({}, { session }), 0);
      assert.equal(await accounts.countDocuments(), 2);
      await session.abortTransaction();
      assert.equal(await accounts.countDocuments(), 2);

      session.startTransaction();
      await accounts.findOne({}, { session });
      const elsewhere = await failure(client.db('other').collection('c').findOne({}, { session }));
      assert.equal(elsewhere.code, 263);
      await session.abortTransaction();
    });
  },

  // Sessions, retried writes, and writes that nobody waits for.
  async sessions(client) {
    const counters = client.db('shop').collection('counters');
    await counters.insertOne({ _id: 'a', n: 0 });
    const session = client.startSession();
    const lsid = session.id;
    const increment = {
      update: 'counters', updates: [{ q: { _id: 'a' }, u: { $inc: { n: 1 } } }],
      lsid, txnNumber: Long.fromNumber(1),
    };
    const first = await client.db('shop').command(increment);
    const second = await client.db('shop').command(increment);
    assert.deepEqual([first.n, first.nModified], [second.n, second.nModified]);
    assert.equal((await counters.findOne({ _id: 'a' })).n, 1);
    await session.endSession();

    const silent = client.db('shop').collection('silent', { writeConcern: { w: 0 } });
    assert.equal((await silent.insertOne({ _id: 1 })).acknowledged, false);
    // Nothing was answered; the write is there once the server has come to it.
    while ((await client.db('shop').collection('silent').countDocuments()) < 1);
  },
};

const run = scenarios[scenario];
assert.ok(run, `unknown scenario ${scenario}`);
if (scenario === 'connect') await run();
else await withClient(uris[0], run);
console.log(`${scenario}: ok`);
