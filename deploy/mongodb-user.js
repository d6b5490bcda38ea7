// The event store's user, made once with the database: it can find and insert events and note who writes, and cannot change
// or remove any.
db = db.getSiblingDB("agora");
db.createRole({
  role: "eventStore",
  privileges: [
    { resource: { db: "agora", collection: "events" }, actions: ["find", "insert", "createIndex"] },
    { resource: { db: "agora", collection: "writers" }, actions: ["find", "insert"] },
  ],
  roles: [],
});
db.createUser({ user: "agora", pwd: process.env.MONGODB_PASSWORD, roles: ["eventStore"] });
