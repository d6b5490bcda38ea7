//! The conformance suite of shared read models, beside each service's own suite; each check panics where the engine fails.

use kernel::{Position, StreamId, Version};
use uuid::Uuid;

use super::{Compared, Lease, ModelError, Purpose, ReadModel, SetAside, TakenUp};

/// Runs the whole suite on two instances' sides of one new, empty model.
pub async fn shared<M: ReadModel + ?Sized>(one: &M, other: &M) {
    the_lease_is_taken_by_one(one, other).await;
    a_stale_projector_changes_nothing(one, other).await;
    an_emptied_model_starts_over_for_all(one, other).await;
    a_model_is_of_one_log(one, other).await;
}

const FIRST: Lease = Lease { term: 1, beat: 1 };

async fn the_lease_is_taken_by_one<M: ReadModel + ?Sized>(one: &M, other: &M) {
    let [ours, theirs] = [one, other].map(|model| model.shared().expect("it is shared"));
    assert_eq!(ours.lease().await.expect("a lease"), None);
    assert!(ours.replace_lease(None, FIRST).await.expect("an answer"));
    assert!(
        !theirs.replace_lease(None, FIRST).await.expect("an answer"),
        "another instance was first"
    );
    assert_eq!(theirs.lease().await.expect("a lease"), Some(FIRST));
    let next = Lease { beat: 2, ..FIRST };
    assert!(ours.replace_lease(Some(FIRST), next).await.expect("an answer"));
    let taken = Lease { term: 2, beat: 1 };
    assert!(!theirs.replace_lease(Some(FIRST), taken).await.expect("an answer"), "it has beaten");
    assert!(theirs.replace_lease(Some(next), taken).await.expect("an answer"));
    assert!(!ours.replace_lease(Some(next), Lease { beat: 3, ..next }).await.expect("an answer"));
    assert_eq!(ours.lease().await.expect("a lease"), Some(taken));
}

async fn a_stale_projector_changes_nothing<M: ReadModel + ?Sized>(one: &M, other: &M) {
    one.apply(Position::START, &[], Position(5)).await.expect("it is at the start");
    let lines = other.dump().await.expect("a dump");
    for (from, to) in [(0, 5), (0, 9), (4, 6), (6, 7)] {
        let late = other.apply(Position(from), &[], Position(to)).await;
        assert!(matches!(late, Err(ModelError::Stale)), "from {from}: {late:?}");
    }
    assert_eq!(other.dump().await.expect("a dump"), lines);
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), Position(5));
    other.apply(Position(5), &[], Position(9)).await.expect("it is there");
    let late = one.apply(Position(5), &[], Position(6)).await;
    assert!(matches!(late, Err(ModelError::Stale)), "{late:?}");
    assert_eq!(one.checkpoint().await.expect("a checkpoint"), Position(9));
}

async fn an_emptied_model_starts_over_for_all<M: ReadModel + ?Sized>(one: &M, other: &M) {
    one.reset().await.expect("it empties");
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), Position::START);
    let late = other.apply(Position(9), &[], Position(10)).await;
    assert!(matches!(late, Err(ModelError::Stale)), "{late:?}");
    other.apply(Position::START, &[], Position(1)).await.expect("it is at the start");
    assert_eq!(one.checkpoint().await.expect("a checkpoint"), Position(1));
}

/// The first caller sets what log the model is built from, until it is emptied; the content is the same with and without.
async fn a_model_is_of_one_log<M: ReadModel + ?Sized>(one: &M, other: &M) {
    let [first, another] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let lines = one.dump().await.expect("a dump");
    assert_eq!(one.built_from(first).await.expect("an answer"), first);
    assert_eq!(other.built_from(another).await.expect("an answer"), first, "noted before");
    assert_eq!(one.dump().await.expect("a dump"), lines);
    other.reset().await.expect("it empties");
    assert_eq!(one.built_from(another).await.expect("an answer"), another);
}

/// What every model does with a change that can never be made, such as a second order of one id: nothing of its batch is made, its event
/// is set aside, and later ones are applied; and what waited is taken up together with the checkpoint, or not at all. The changes are of
/// the positions 1, 2 and 3, and only the second one is unfit.
pub async fn unfit<M: ReadModel + ?Sized>(model: &M, changes: &[M::Change]) {
    let [first, unfit, next] = [0, 1, 2].map(|at| changes.get(at..=at).expect("three changes"));
    let lines = async || model.dump().await.expect("a dump");
    let aside = async || model.aside().await.expect("a list");
    let empty = lines().await;
    let refused = model.apply(Position::START, changes, Position(3)).await;
    assert!(matches!(refused, Err(ModelError::Unfit(_))), "{refused:?}");
    assert_eq!((lines().await, aside().await), (empty.clone(), Vec::new()), "nothing is made");
    model.apply(Position::START, first, Position(1)).await.expect("the first one fits");
    let refused = model.apply(Position(1), unfit, Position(2)).await;
    assert!(matches!(refused, Err(ModelError::Unfit(_))), "{refused:?}");
    let before = lines().await;
    let event = entry();
    model.set_aside(&event).await.expect("it is noted");
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position(2));
    let late = model.set_aside(&event).await;
    assert!(matches!(late, Err(ModelError::Stale)), "{late:?}");
    model.apply(Position(2), next, Position(3)).await.expect("the next one fits");
    assert_eq!(aside().await, std::slice::from_ref(&event));
    let after = lines().await;
    let noted = after.iter().filter(|line| line.starts_with("aside: ")).count();
    assert!(noted == 1 && after.len() > before.len(), "{after:?}");
    model.reset().await.expect("it empties");
    assert_eq!((lines().await, aside().await), (empty, Vec::new()));
    a_model_is_of_one_log(model, model).await;
    taken_up(model, changes, after).await;
}

fn entry() -> SetAside {
    SetAside {
        position: Position(2),
        stream: StreamId::parse("depot-1").expect("a name"),
        version: Version(7),
        reason: "it is unfit: é \"'".to_owned(),
    }
}

/// The same with the third one waiting behind the second, until that is skipped. `after` are the lines of a model to which both came in time.
async fn taken_up<M: ReadModel + ?Sized>(model: &M, changes: &[M::Change], after: Vec<String>) {
    let [first, unfit, next] = [0, 1, 2].map(|at| changes.get(at..=at).expect("three changes"));
    let lines = async || model.dump().await.expect("a dump");
    let aside = async || model.aside().await.expect("a list");
    let event = entry();
    model.reset().await.expect("it empties");
    model.apply(Position::START, first, Position(1)).await.expect("the first one fits");
    model.set_aside(&event).await.expect("it is noted");
    model.apply(Position(2), &[], Position(5)).await.expect("others go on");
    let before = (lines().await, aside().await);
    let later = SetAside { position: Position(4), version: Version(9), ..event.clone() };
    let up = |changes, again| TakenUp { entry: &event, changes, again };
    let refused = model.take_up(Position(5), up(unfit, None), Position(6)).await;
    assert!(matches!(refused, Err(ModelError::Unfit(_))), "{refused:?}");
    let late = model.take_up(Position(4), up(next, Some(&later)), Position(6)).await;
    assert!(matches!(late, Err(ModelError::Stale)), "{late:?}");
    assert_eq!((lines().await, aside().await), before, "nothing is made");
    model
        .take_up(Position(5), up(&[], Some(&event)), Position(6))
        .await
        .expect("retried without success");
    assert_eq!(aside().await, std::slice::from_ref(&event));
    model.take_up(Position(6), up(next, Some(&later)), Position(7)).await.expect("it fits");
    assert_eq!(
        (aside().await, model.checkpoint().await.ok()),
        (vec![later.clone()], Some(Position(7)))
    );
    let up = TakenUp { entry: &later, changes: &[], again: None };
    model.take_up(Position(7), up, Position(8)).await.expect("it is skipped");
    assert_eq!(aside().await, []);
    let made =
        |lines: Vec<String>| lines.into_iter().filter(|line| !line.starts_with("checkpoint: "));
    let without: Vec<String> = made(after).filter(|line| !line.starts_with("aside: ")).collect();
    assert_eq!(made(lines().await).collect::<Vec<_>>(), without, "as if they had come in time");
    model.reset().await.expect("it empties");
}

/// The generations of one new, empty model as two instances share them. The lease of `one` is taken.
pub async fn generations<M: ReadModel + ?Sized>(one: &M, other: &M) {
    let [ours, theirs] = [one, other].map(|model| model.generations().expect("there are several"));
    let shared = one.shared().expect("it is shared");
    assert!(shared.replace_lease(None, FIRST).await.expect("an answer"));
    assert!(ours.is_looked_after_here() && !theirs.is_looked_after_here());
    one.apply(Position::START, &[], Position(5)).await.expect("it is at the start");

    // Any instance begins; the one with the lease builds.
    theirs.begin().await.expect("there is none yet");
    theirs.begin().await.expect_err("there are two at most");
    ours.refresh().await.expect("an answer");
    let begun = ours.other().expect("it was begun");
    assert_eq!((begun.number, begun.purpose), (2, Purpose::Building));
    let built = ours.open_other().await.expect("it opens");
    assert_eq!(built.checkpoint().await.expect("a checkpoint"), Position::START);
    built.apply(Position::START, &[], Position(5)).await.expect("it is at the start");
    assert_eq!(built.dump().await.expect("a dump"), one.dump().await.expect("a dump"));
    let mut comparison = ours.compare().await.expect("both answer");
    let compared = loop {
        if let Some(compared) = comparison.step().await.expect("both answer") {
            break compared;
        }
    };
    assert!(matches!(compared, Compared::Equal { .. }), "{compared:?}");
    ours.note(2, &compared).await.expect("an answer");
    theirs.refresh().await.expect("an answer");
    assert_eq!(theirs.compared(), Some(compared));

    // What one switches, all read.
    ours.switch(2).await.expect("an answer");
    ours.switch(2).await.expect("it serves already");
    theirs.drop_other(2).await.expect_err("it serves");
    theirs.refresh().await.expect("an answer");
    assert_eq!((*ours.serving().borrow(), *theirs.serving().borrow()), (2, 2));
    other.apply(Position(5), &[], Position(6)).await.expect("it is there");
    assert_eq!(one.checkpoint().await.expect("a checkpoint"), Position(6));
    let kept = ours.open_other().await.expect("it is kept");
    assert_eq!(kept.checkpoint().await.expect("a checkpoint"), Position(5), "it stands alone");

    // If one drops it, neither has it, and its number is not used again.
    theirs.drop_other(1).await.expect("an answer");
    ours.refresh().await.expect("an answer");
    assert_eq!(ours.other(), None);
    ours.begin().await.expect("there is none");
    assert_eq!(ours.other().map(|other| other.number), Some(3));
    one.reset().await.expect("it empties");
    theirs.refresh().await.expect("an answer");
    assert_eq!((ours.other(), theirs.other()), (None, None), "it may be wrong in the same way");
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(shared.lease().await.expect("an answer"), Some(FIRST), "whichever serves");
}
