//! Servers that die, hang, are missing, or lose the answer to a commit.

use std::time::Duration;

use kernel::Timestamp;
use mongodb::{
    Client,
    bson::{Document, doc},
};
use servers::Mongodb;
use store::Append;
use store::{Reader as _, Writer as _};
use store_mongodb::{MongoOptions, MongoStore};
use tokio::time::Instant;

use store::conformance::samples::{append, commit, done, read_sound};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_in_the_middle_of_work() {
    let mut server = Mongodb::start(&[]).expect("a server");
    let MongoStore { mut writer, reader } =
        MongoStore::open(&server.url("bank"), MongoOptions::default()).await.expect("a store");
    let mut acknowledged = Vec::new();
    let mut unanswered: Option<Vec<Append>> = None;
    for round in 0..3_u128 {
        // The killer strikes while a group is on its way.
        let (told, mut killed) = tokio::sync::oneshot::channel();
        let killer = tokio::task::spawn_blocking({
            let after = Duration::from_millis(150 + 70 * u64::try_from(round).expect("small"));
            let handle = tokio::runtime::Handle::current();
            move || {
                handle.block_on(tokio::time::sleep(after));
                server.kill();
                told.send(()).expect("the test waits");
                server
            }
        });
        for n in 0.. {
            let group = unanswered.take().unwrap_or_else(|| group(round * 1_000_000 + n * 100));
            match writer.commit(&group, Timestamp::from_micros(1)).await {
                Ok(commit) => acknowledged.extend(commit.answers.into_iter().zip(group)),
                Err(_) => unanswered = Some(group),
            }
            if killed.try_recv().is_ok() {
                break;
            }
        }
        server = killer.await.expect("killed");
        server.restart().expect("the same server");
    }
    let last = unanswered.unwrap_or_else(|| group(9_000_000));
    let answers = until_recorded(&mut writer, &last).await;
    acknowledged.extend(answers.into_iter().zip(last));
    let all = read_sound(&reader).await;
    assert_eq!(all.len(), acknowledged.len() * 2, "nothing but what was acknowledged at last");
    for (answer, append) in acknowledged {
        let store::Appended::Recorded { first, .. } = answer else { panic!("{answer:?}") };
        let place = usize::try_from(first.0).expect("small") - 1;
        assert!(all[place..].iter().zip(append.events.iter()).all(|(a, b)| a.id == b.id));
    }
}

/// Ten appends of two events.
fn group(first: u128) -> Vec<Append> {
    (0..10)
        .map(|n| first + n * 2)
        .map(|n| append(&format!("depot-{n}"), None, &[n, n + 1]))
        .collect()
}

/// As the service does: the same appends again until they are answered.
async fn until_recorded(
    writer: &mut store_mongodb::MongoWriter,
    group: &[Append],
) -> Vec<store::Appended> {
    let started = Instant::now();
    loop {
        match writer.commit(group, Timestamp::from_micros(1)).await {
            Ok(commit) => return commit.answers,
            Err(failure) => assert!(started.elapsed() < Duration::from_secs(30), "{failure}"),
        }
    }
}

#[tokio::test]
async fn an_absent_server_fails_calls_given_up_soon_and_is_found_again() {
    let mut server = Mongodb::start(&[]).expect("a server");
    let url = server.url("bank");
    server.kill();
    let MongoStore { mut writer, reader } =
        given_up_soon(MongoStore::open(&url, MongoOptions::default()))
            .await
            .expect("not its concern");
    let one = append("depot-1", None, &[1]);
    let failure = given_up_soon(commit(&mut writer, &one)).await.expect_err("no server");
    assert!(failure.to_string().ends_with("/bank does not answer"), "{failure}");
    given_up_soon(reader.head()).await.expect_err("no server");

    server.restart().expect("a server");
    assert_eq!(until_recorded(&mut writer, std::slice::from_ref(&one)).await, [done(1, 1, 0)]);
    // And from under its hands.
    server.kill();
    let two = append("depot-1", Some(0), &[2]);
    given_up_soon(commit(&mut writer, &two)).await.expect_err("no server");
    given_up_soon(reader.head()).await.expect_err("no server");
    server.restart().expect("a server");
    assert_eq!(until_recorded(&mut writer, &[two]).await, [done(2, 2, 1)]);
    assert_eq!(read_sound(&reader).await.len(), 2);
}

async fn given_up_soon<T>(work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    // It gives up after less than a second; the rest is for a machine that is busy with other things too.
    assert!(started.elapsed() < Duration::from_secs(8), "took {:?}", started.elapsed());
    done
}

#[tokio::test]
async fn a_hanging_server_fails_calls_and_works_when_it_goes_on() {
    let mut server = Mongodb::start(&[]).expect("a server");
    let MongoStore { mut writer, reader } =
        MongoStore::open(&server.url("bank"), MongoOptions::default()).await.expect("a store");
    let one = append("depot-1", None, &[1]);
    assert_eq!(commit(&mut writer, &one).await.expect("works"), done(1, 1, 0));
    server.signal("STOP").expect("it stops");
    // It may take a moment to stop.
    let mut last = 0;
    let (unheard, failure) = loop {
        let next = append("depot-1", Some(last), &[u128::from(last + 2)]);
        match commit(&mut writer, &next).await {
            Ok(_) => last += 1,
            Err(failure) => break (next, failure),
        }
    };
    assert!(failure.to_string().contains("/bank "), "{failure}");
    server.signal("CONT").expect("it goes on");
    let answers = until_recorded(&mut writer, &[unheard]).await;
    assert_eq!(answers, [done(last + 2, last + 2, last + 1)]);
    assert_eq!(read_sound(&reader).await.len() as u64, last + 2);
}

/// The commit happens, its answer says that the result is unknown.
#[tokio::test]
async fn a_commit_that_happened_unheard_is_found_and_answered() {
    let server = Mongodb::start(&["--enable-test-commands"]).expect("a server");
    let unheard =
        doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } };
    lost_commit(&server, unheard).await;
}

/// The commit request is lost, and whether it happened is unknown.
#[tokio::test]
async fn a_commit_that_did_not_happen_is_done_again() {
    let server = Mongodb::start(&["--enable-test-commands"]).expect("a server");
    lost_commit(&server, doc! { "closeConnection": true }).await;
}

async fn lost_commit(server: &Mongodb, mut fault: Document) {
    let MongoStore { mut writer, reader } =
        MongoStore::open(&server.url("bank"), MongoOptions::default()).await.expect("a store");
    assert_eq!(
        commit(&mut writer, &append("depot-1", None, &[1])).await.expect("works"),
        done(1, 1, 0)
    );
    // The driver asks twice.
    fault.insert("failCommands", ["commitTransaction"]);
    let arm = doc! { "configureFailPoint": "failCommand", "mode": { "times": 2 }, "data": fault };
    let client = Client::with_uri_str(server.url("admin")).await.expect("a client");
    client.database("admin").run_command(arm).await.expect("armed");

    let group = [append("depot-1", Some(0), &[2, 3]), append("depot-2", None, &[4])];
    let commit = writer.commit(&group, Timestamp::from_micros(1)).await.expect("found out");
    assert_eq!(commit.answers, [done(2, 3, 2), done(4, 4, 0)]);
    assert_eq!(commit.recorded.len(), 3, "all are acknowledged");
    let again = writer.commit(&group, Timestamp::from_micros(1)).await.expect("works");
    assert_eq!(again.answers, commit.answers);
    assert_eq!(read_sound(&reader).await.len(), 4);
}
