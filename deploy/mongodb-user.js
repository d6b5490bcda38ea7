// The event store's user, made once with the database: it can find and insert events and create their indexes, and cannot change
// or remove any.
db = db.getSiblingDB("agora");
db.createRole({
  role: "eventStore",
  privileges: [{ resource: { db: "agora", collection: "events" }, actions: ["find", "insert", "createIndex"] }],
  roles: [],
});
db.createUser({ user: "agora", pwd: process.env.MONGODB_PASSWORD, roles: ["eventStore"] });
