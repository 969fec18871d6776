// What a person does in mongosh, as mongosh runs it: mongosh <uri> --file mongosh.js
// Ends with the line "mongosh: ok"; anything else is a failure.
const assert = require('assert/strict');

// mongosh's arrays come from a context of their own, which deepEqual would mind.
function sameList(list, expected) {
  assert.equal(JSON.stringify(list), JSON.stringify(expected));
}

assert.match(db.version(), /^8\.0\./);
assert.equal(db.hello().setName, 'nacre');

const shop = db.getSiblingDB('mongosh_shop');
shop.dropDatabase();
shop.orders.insertMany([
  { _id: 1, item: 'tea', price: 3, tags: ['hot'] },
  { _id: 2, item: 'milk', price: 1 },
  { _id: 3, item: 'cake', price: 5, tags: ['sweet', 'hot'] },
]);
assert.equal(shop.orders.countDocuments({ tags: 'hot' }), 2);
sameList(shop.orders.find({ price: { $lt: 4 } }).sort({ price: -1 }).toArray()
  .map((order) => order.item), ['tea', 'milk']);
assert.equal(shop.orders.findOne({ _id: 3 }).item, 'cake');

assert.equal(shop.orders.updateOne({ _id: 2 }, { $inc: { price: 1 } }).modifiedCount, 1);
assert.equal(shop.orders.findOne({ _id: 2 }).price, 2);
assert.equal(shop.orders.deleteOne({ _id: 3 }).deletedCount, 1);

assert.equal(shop.orders.createIndex({ price: 1 }), 'price_1');
sameList(shop.orders.getIndexes().map((index) => index.name), ['_id_', 'price_1']);
const plan = shop.orders.find({ price: 3 }).explain();
assert.match(JSON.stringify(plan.queryPlanner.winningPlan), /IXSCAN/);
sameList(shop.getCollectionNames(), ['orders']);
assert.ok(db.adminCommand({ listDatabases: 1 }).databases
  .some((database) => database.name === 'mongosh_shop'));

assert.equal(shop.orders.validate().valid, true);
assert.equal(shop.stats().objects, 2);
assert.equal(rs.status().members[0].stateStr, 'PRIMARY');

for (let i = 0; i < 300; ++i) shop.many.insertOne({ _id: i });
assert.equal(shop.many.find().batchSize(50).toArray().length, 300);

// mongosh waits for promises in code it runs itself, not inside assert.throws.
let code = 0;
try {
  shop.orders.insertOne({ _id: 1 });
} catch (error) {
  code = error.code;
}
assert.equal(code, 11000);
try {
  shop.runCommand({ makeCoffee: 1 });
} catch (error) {
  code = error.code;
}
assert.equal(code, 59);
print('mongosh: ok');
