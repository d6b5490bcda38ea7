//! Wrong settings, and the minimal rights of the store's user.

use mongodb::{Client, bson::doc};
use servers::Mongodb;
use store_mongodb::{MongoOptions, MongoStore};

use store::conformance::samples::{append, commit, done, read_sound};

#[tokio::test]
async fn a_bad_url_is_one_clear_sentence_without_the_password() {
    for (url, word) in [
        ("mongo://user:geheim@host/depot", "not a MongoDB URL"),
        ("mongodb://user:ge:heim@host/depot", "not a MongoDB URL"),
        ("mongodb://user:geheim@host:x/depot", "not a MongoDB URL"),
        ("mongodb+srv://user:geheim@host/depot", "mongodb://"),
        ("mongodb://user:geheim@/depot", "not a MongoDB URL"),
    ] {
        let failure = refused(url).await;
        assert!(failure.contains(word), "{url}: {failure}");
        assert!(!failure.contains("heim"), "{url}: {failure}");
        assert!(!failure.contains('\n'), "{url}: {failure}");
    }
}

#[tokio::test]
async fn a_server_without_transactions_is_refused() {
    let server = Mongodb::start(&["--standalone"]).expect("a server");
    let failure = refused(&server.url("bank")).await;
    assert!(failure.contains("is not a replica set"), "{failure}");
}

#[tokio::test]
async fn the_user_needs_to_find_insert_and_create_indexes_and_no_more() {
    let mut server = Mongodb::start(&[]).expect("a server");
    let client = Client::with_uri_str(server.url("bank")).await.expect("a client");
    let database = client.database("bank");
    for (role, actions) in
        [("recorder", vec!["find", "insert", "createIndex"]), ("guest", vec!["find"])]
    {
        let on = |collection: &str, actions: &[&str]| doc! { "resource": { "db": "bank", "collection": collection }, "actions": actions };
        let privileges = [on("events", &actions), on("writers", &actions[..actions.len().min(2)])];
        let made = doc! { "createRole": role, "privileges": privileges, "roles": [] };
        database.run_command(made).await.expect("a role");
        let made = doc! { "createUser": role, "pwd": "geheim", "roles": [role] };
        database.run_command(made).await.expect("a user");
    }
    server.kill();
    server.set_flags(&["--auth"]);
    server.restart().expect("a server");
    let url = |user: &str, password: &str| {
        server.url("bank").replace("mongodb://", &format!("mongodb://{user}:{password}@"))
    };

    let store = MongoStore::open(&url("recorder", "geheim"), MongoOptions::default())
        .await
        .expect("the right password");
    let MongoStore { mut writer, reader } = store;
    assert_eq!(
        commit(&mut writer, &append("depot-1", None, &[1])).await.expect("works"),
        done(1, 1, 0)
    );
    assert_eq!(
        commit(&mut writer, &append("depot-1", None, &[1])).await.expect("works"),
        done(1, 1, 0)
    );
    assert_eq!(read_sound(&reader).await.len(), 1);

    for wrong in [url("recorder", "falsch"), url("nobody", "geheim")] {
        let failure = refused(&wrong).await;
        assert!(failure.contains("rejects the user or password"), "{failure}");
    }
    let mut guest = MongoStore::open(&url("guest", "geheim"), MongoOptions::default())
        .await
        .expect("may read")
        .writer;
    let failure =
        commit(&mut guest, &append("depot-2", None, &[2])).await.expect_err("may not write");
    assert!(
        failure.to_string().contains("find and insert on the collections events and writers"),
        "{failure}"
    );
}

async fn refused(url: &str) -> String {
    match MongoStore::open(url, MongoOptions::default()).await {
        Ok(_) => panic!("{url} was taken"),
        Err(failure) => failure.to_string(),
    }
}
