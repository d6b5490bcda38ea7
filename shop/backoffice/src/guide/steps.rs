//! The ten steps of the tour.

use super::code::{Code, code};

/// One thing to do, what to watch, and the code behind it.
pub(crate) struct Step {
    pub(crate) title: &'static str,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Whether it takes a shop with a playground.
    pub(crate) plays: bool,
    pub(crate) deeds: &'static [Deed],
    pub(crate) watch: &'static [&'static str],
    /// What to watch, in a line, on the pages themselves.
    pub(crate) glance: &'static str,
    pub(crate) why: &'static str,
    pub(crate) code: &'static [Code],
}

/// The page on which a thing is done.
pub(crate) struct Link {
    pub(crate) words: &'static str,
    pub(crate) href: &'static str,
}

/// One thing to do.
pub(crate) struct Deed {
    pub(crate) before: &'static str,
    pub(crate) link: Option<Link>,
    pub(crate) after: &'static str,
}

const fn on(
    before: &'static str,
    words: &'static str,
    href: &'static str,
    after: &'static str,
) -> Deed {
    Deed { before, link: Some(Link { words, href }), after }
}

const fn then(before: &'static str) -> Deed {
    Deed { before, link: None, after: "" }
}

/// Stands in an address for the minute half a year ago.
pub(crate) const HALF_A_YEAR_AGO: &str = "HALF-A-YEAR-AGO";

pub(crate) const STEPS: [Step; 10] = [
    Step {
        title: "An event",
        about: "Everything that happens in this shop is recorded as an event: a fact in the past tense.",
        plays: false,
        deeds: &[
            on(
                "Open the ",
                "event store",
                "/events",
                ", and then the event at the top of the list.",
            ),
            then("Press “Before” a few times, then “After”."),
        ],
        watch: &[
            "The event says what happened, to which stream, when, by whom, and because of which other event.",
            "The position rises by exactly one from event to event. No position is missing, and none is used twice.",
            "There is no button to change or delete an event.",
        ],
        glance: "Each event has the next position. None can be changed.",
        why: "The log only grows. Whatever the shop shows is derived from it, so it is the one thing that must never be wrong.",
        code: &[
            code!("crates/kernel/src/event.rs", "recorded", "What is recorded of every event."),
            code!(
                "shop/contracts/src/order.rs",
                "family",
                "The events of an order, with the number of their schema."
            ),
        ],
    },
    Step {
        title: "A stream",
        about: "The events of one thing, such as one order, are its stream.",
        plays: false,
        deeds: &[
            on("Open an order in the ", "list of orders", "/orders?status=Finalized", "."),
            then("Follow “Its stream in the event store”."),
        ],
        watch: &[
            "The stream has a few events only. Their versions are 0, 1, 2 and so on.",
            "Their positions have gaps: in between, other things happened to other streams.",
        ],
        glance: "Versions count within the stream; positions count in the whole log.",
        why: "A command is decided on the state that its stream adds up to. It is recorded only if the stream still has the version that it \
              was decided on, so two managers cannot overwrite each other.",
        code: &[
            code!(
                "crates/kernel/src/decide.rs",
                "decider",
                "A decision, and the fold that gives the state to decide on."
            ),
            code!(
                "crates/store/src/plan.rs",
                "check",
                "The comparison of versions before an append."
            ),
        ],
    },
    Step {
        title: "A read model, and throwing it away",
        about: "Pages do not read the log. Each service keeps a read model, which is made for its queries.",
        plays: true,
        deeds: &[
            on("Look at the revenue on the ", "dashboard", "/?live=off", ", and remember it."),
            on(
                "On the ",
                "playground",
                "/playground",
                ", press “Rebuild” beside Accounting: its read model is thrown away.",
            ),
            on(
                "Go back to the ",
                "dashboard",
                "/",
                " at once, and again when accounting is ready.",
            ),
        ],
        watch: &[
            "For a moment revenue may be missing, because accounting reads the whole log again.",
            "Then the revenue is what it was, and a little more if something was sold meanwhile.",
            "Orders did not stop: the order service has a read model of its own.",
        ],
        glance: "Revenue may be missing for a moment; then it is what it was.",
        why: "A read model holds nothing that is not in the log. It can be thrown away, changed, or kept in another database.",
        code: &[code!(
            "crates/runtime/src/model.rs",
            "apply",
            "Changes and checkpoint are saved together, so an event is applied once."
        )],
    },
    Step {
        title: "As of any event",
        about: "The state after any event can be had at any time: add up the events until then.",
        plays: false,
        deeds: &[
            on("Open a product in the ", "list of products", "/products", "."),
            then(
                "Follow “Its history, event by event”, and press “First”, then “After” a few times.",
            ),
        ],
        watch: &[
            "Each step shows the product as it was after that event. What the event changed is marked, with what was there before.",
            "A reservation takes units off what is available; the sale takes them off the stock.",
        ],
        glance: "What each event changed is marked, with what was there before.",
        why: "Nothing was saved for this page. The events are folded up to the one that you look at, by the function that decides commands.",
        code: &[code!(
            "crates/web/src/recorded.rs",
            "fold",
            "The events up to a position, folded into a state."
        )],
    },
    Step {
        title: "The saga",
        about: "An order concerns four services. None of them calls another, and none is in charge.",
        plays: false,
        deeds: &[
            on(
                "Open an order in the ",
                "list of orders",
                "/orders?status=Finalized",
                ", and find its saga.",
            ),
            then("Press “Play slowly”, or follow the arrows from the top."),
        ],
        watch: &[
            "Product and customer react to the same event, each in its own time: one reserves stock, the other credit.",
            "The order is finalized when both have answered. Only then is the invoice issued.",
            "Every arrow is a recorded cause. Select an event to see it in the log.",
        ],
        glance: "Every arrow is a cause that was recorded.",
        why: "Each service follows the log, and reacts to what concerns it. The process as a whole is in the log, and nowhere else.",
        code: &[
            code!(
                "shop/product/src/react.rs",
                "react",
                "What the product service does about each event of an order."
            ),
            code!(
                "shop/order/src/saga.rs",
                "step",
                "When an order is finalized, and when it is denied."
            ),
        ],
    },
    Step {
        title: "Losing messages",
        about: "Services hear of new events over a bus, and the bus may lose them.",
        plays: true,
        deeds: &[
            on(
                "Open ",
                "this run on the playground",
                "/playground?seed=6&BroadcastLost=500&Visits=240",
                ": half of all events will be lost, while 240 shoppers come a minute. Press “Do all of this”.",
            ),
            then("Wait for a few orders."),
            then("Press “End all faults”."),
        ],
        watch: &[
            "The number of lost events rises, and all of them are read from the log since.",
            "Orders still end, some a little later.",
            "All four sums stay exact.",
        ],
        glance: "Lost events are read from the log. All sums stay exact.",
        why: "Positions have no gaps, so a service that hears event 7 after event 5 knows that 6 is missing, and reads it.",
        code: &[code!(
            "crates/runtime/src/subscription.rs",
            "hear",
            "What a follower does about an event that is not the next one."
        )],
    },
    Step {
        title: "Doing it twice",
        about: "Whatever is sent again after a lost reply may arrive twice.",
        plays: true,
        deeds: &[
            on(
                "Open ",
                "this run on the playground",
                "/playground?preset=EverythingTwice&seed=7",
                ", and press “Play”: for a minute every message arrives twice.",
            ),
            then("Wait for a few orders, or press “End all faults” when you have seen enough."),
        ],
        watch: &[
            "Events and appends are duplicated by the dozen. Each is recognised.",
            "Nothing is sold, paid or invoiced twice: all four sums stay exact.",
        ],
        glance: "Everything arrives twice, and happens once.",
        why: "Each reaction carries its cause. A stream remembers the last cause that each reactor has dealt with, in the same append.",
        code: &[
            code!(
                "crates/runtime/src/aggregates/loaded.rs",
                "mark",
                "Whether a reactor has dealt with a cause already."
            ),
            code!(
                "crates/runtime/src/aggregates/decided.rs",
                "judge",
                "How a repeated command is answered."
            ),
        ],
    },
    Step {
        title: "Crash and power cut",
        about: "A process may die at any moment, and a disk may lose what it was not told to keep.",
        plays: true,
        deeds: &[
            on(
                "Open ",
                "this run on the playground",
                "/playground?seed=8",
                ", and set 240 visits a minute under Shoppers.",
            ),
            then("Press “Cut the power”."),
            then("Press “End all faults” once the power is back."),
        ],
        watch: &[
            "All parts are killed in the middle of a write, and start again from their files.",
            "Sectors that were written and not synced may be lost. What was confirmed to a shopper was synced before, and is there.",
            "Open orders end, and all four sums stay exact.",
        ],
        glance: "Everything is killed in the middle of a write. Nothing that was confirmed is lost.",
        why: "The log answers after the sync, never before. When it is opened, an incomplete batch is truncated: no client got the answer that it was recorded.",
        code: &[code!(
            "crates/eventlog/src/writer.rs",
            "write",
            "Written and synced, before anyone gets an answer."
        )],
    },
    Step {
        title: "Reading your writes",
        about: "A read model is a moment behind the log. Still, anyone who changed something must see the change.",
        plays: true,
        deeds: &[
            on(
                "On the ",
                "playground",
                "/playground",
                ", press “Slow” beside Product: it now takes 50 ms over each event.",
            ),
            on(
                "Open a product in the ",
                "list of products",
                "/products",
                ", change its units in stock, and save.",
            ),
            on("On the ", "playground", "/playground", ", press “End all faults”."),
        ],
        watch: &[
            "Saving takes longer than usual.",
            "The page that follows shows your change, never the state before it.",
        ],
        glance: "It takes longer, and shows your change.",
        why: "The answer to a change says its position. The next request carries it, and the service waits until its read model has come so far.",
        code: &[
            code!(
                "shop/gateway/src/positions.rs",
                "carry",
                "The gateway adds the highest position that you have been shown."
            ),
            code!(
                "crates/web/src/guard.rs",
                "wait",
                "The service waits until its read model shows it."
            ),
        ],
    },
    Step {
        title: "Time travel",
        about: "The whole past is there: the shop of any day, and what led to it.",
        plays: false,
        deeds: &[
            on(
                "Open the ",
                "orders from half a year ago on",
                "/events?type=order.placed&since=HALF-A-YEAR-AGO",
                " in the event store, and then the event at the top.",
            ),
            then(
                "Press “See it as of this event”: this is what the shop knew then. Press “After” a few times.",
            ),
            then("Follow “The order now”, and then “Why it is so”."),
        ],
        watch: &[
            "The list begins half a year ago. Nothing has changed in it since.",
            "The order is pending at first. Then it is approved and finalized, or canceled, as it was that day.",
            "Its causes lead back to the request that began it.",
        ],
        glance: "This is what the shop knew then.",
        why: "You can answer questions today that no one asked at the time, because the log keeps what happened, not only what it led to.",
        code: &[code!("shop/order/src/domain.rs", "evolve", "What each event makes of an order.")],
    },
];
