//! The twelve drills.

use super::{Click, Drill, Incident};

const SYSTEM: Click = Click { link: "See the system", href: "/system" };
const INBOX: Click = Click { link: "Inbox", href: "/inbox" };
const SAGAS: Click = Click { link: "Sagas", href: "/sagas" };
const CANCELED: Click = Click { link: "Canceled", href: "/orders?status=Canceled" };
const TOP_ORDER: Click = Click { link: "the order at the top", href: "/orders/" };

/// All drills.
pub const DRILLS: [Drill; 12] = [
    Drill {
        name: "stopped-reactor",
        title: "A stopped reactor",
        incident: Incident::StoppedReactor,
        report: "I paid an hour ago, and there is still no invoice.",
        prepared: "The task of the accounting reactor is frozen. Everything else of the accounting service continues: it answers, and its \
                   read model is up to date. Sample customers buy.",
        cause: "accounting.reactor no longer processes events, so no invoice is issued.",
        clicks: &[SYSTEM],
        says: "accounting.reactor has stalled",
        remedy: "Restart the service: its reactor reads on where it was, and every invoice is issued once.",
        lesson: "A service that answers is not a service that works. Each follower is compared with the last event that any follower of its \
                 service knows, so one that hears nothing any more is noticed too.",
    },
    Drill {
        name: "poison-event",
        title: "A poison event",
        incident: Incident::PoisonEvent,
        report: "The importer says that it added the rain barrel. I cannot find it in the shop.",
        prepared: "An event product.added without a price is recorded in a stream of its own, as by a program with a defect.",
        cause: "The read models of the product and order services could not read that event, and set it aside.",
        clicks: &[INBOX],
        says: "product.projector",
        remedy: "Have the importer add the product once more, and skip the event in the inbox; ending the drill skips it. The event stays in \
                 the log, as everything does.",
        lesson: "One bad event stops its own stream and nothing else. It is not lost, and not tried again and again: it waits in the inbox for a \
                 decision, which is recorded.",
    },
    Drill {
        name: "lost-broker",
        title: "A lost broker",
        incident: Incident::LostBroker,
        report: "Nothing works. Whatever I do, the shop says that I should try again.",
        prepared: "The bus is cut off: nothing is published, and requests to the event store find no server. Without RabbitMQ that is the \
                   in-process bus, cut at the same place.",
        cause: "No service reaches the event store, and none is heard by the gateway.",
        clicks: &[SYSTEM],
        says: "There is no connection to the in-process bus",
        remedy: "Bring the broker back. Services reconnect by themselves, read what they missed from the log, and finish open orders.",
        lesson: "When every service seems dead at once, look at what they share. The services may well be alive: the page says so, and puts \
                 the bus first.",
    },
    Drill {
        name: "slow-model",
        title: "A slow read model",
        incident: Incident::SlowModel,
        report: "I ordered, and my list of orders does not show it. A minute later it does.",
        prepared: "Someone put a trigger into the order service's database: with every change it joins all orders with all orders, for a \
                   report. Many sample customers buy.",
        cause: "The trigger makes each change of the read model slow, so the order projector falls behind the log.",
        clicks: &[SYSTEM],
        says: "the trigger drill_report on the table checkpoint, which is not this program's",
        remedy: "Drop the trigger, or rebuild the read model, which leaves nothing of it.",
        lesson: "A read model that is behind is late, never wrong, and orders do not wait for it. Reports deserve a read model of their own.",
    },
    Drill {
        name: "wrong-clock",
        title: "A wrong clock",
        incident: Incident::WrongClock,
        report: "I log in, and with the next click I am asked to log in again.",
        prepared: "The clock of the customer service is a day behind.",
        cause: "The customer service grants log-ins by its own clock, so to all others they ended hours ago.",
        clicks: &[SYSTEM],
        says: "Its clock is 24 hours behind the gateway's",
        remedy: "Set the clock of that machine right, and let a time service keep it so.",
        lesson: "Events are in the order of their positions, never of their times, so the log takes no harm. What compares times of two \
                 machines does.",
    },
    Drill {
        name: "full-disk",
        title: "A full disk",
        incident: Incident::FullDisk,
        report: "I can look at everything, but I cannot order, and I cannot change my address.",
        prepared: "The event store is started again on a disk that has no space left: what is there can be read and written over, but nothing \
                   finds new space. Read models lie elsewhere.",
        cause: "The log cannot grow, so nothing can be recorded.",
        clicks: &[SYSTEM],
        says: "the disk is full",
        remedy: "Make room on the disk of the log. The store checks several times a second, and continues by itself.",
        lesson: "What cannot be recorded did not happen: no shopper got the answer that an order was accepted. Reading needs no space, so \
                 people can still look at everything.",
    },
    Drill {
        name: "stale-instance",
        title: "A stale instance",
        incident: Incident::StaleInstance,
        report: "Since the update this morning, the revenue is missing, and no order gets an invoice.",
        prepared: "The accounting service is started again as an instance of an older version: events order.finalized that are recorded from \
                   now on reach it with a schema number that it does not know. All services of one process are of one version, so only what \
                   this one sees is changed, never the log.",
        cause: "An instance of an older version runs, which cannot read what a newer one records. It stops rather than guess.",
        clicks: &[SYSTEM],
        says: "A newer version of this program recorded it",
        remedy: "Start the newer version of that service. It reads on at the event in front of which the old one stopped.",
        lesson: "An unknown type can be passed over, a newer schema of a known type cannot: what it means may have changed. Update those who \
                 read an event before those who record it.",
    },
    Drill {
        name: "flooded-queue",
        title: "A flooded queue",
        incident: Incident::FloodedQueue,
        report: "At the checkout it says that the shop is busy. Some get through, I do not.",
        prepared: "The product service takes 200 ms over each event that it records, and 1,500 visits come in a minute: more orders than it \
                   can answer.",
        cause: "Orders wait for the product service, which is too slow for so many; the order service refuses what could not be answered in \
                time.",
        clicks: &[SAGAS],
        says: "product for",
        remedy: "Give the awaited service more room: find out what slows it, or move it to a machine of its own.",
        lesson: "A queue only moves a lack of capacity in time. What is refused at the door has cost the shopper nothing; what is accepted \
                 is answered. The service that complains is seldom the one that is slow.",
    },
    Drill {
        name: "price-changed",
        title: "A price changed mid-order",
        incident: Incident::PriceChanged,
        report: "I saw a price, ordered at that price, and the order was canceled.",
        prepared: "A customer orders while the product reactor is frozen. Before it continues, a manager raises the price of that product.",
        cause: "The price changed between the order and its reservation, so the order was denied: customers pay the price that they saw, or nothing.",
        clicks: &[CANCELED, TOP_ORDER],
        says: "and the order was placed at",
        remedy: "Nothing is broken. Tell the customer the new price; the page of the order names the event that changed it.",
        lesson: "Services agree on nothing at the same moment. The order carries the price that was seen, and the service that owns the price \
                 compares.",
    },
    Drill {
        name: "missing-index",
        title: "A missing index",
        incident: Incident::MissingIndex,
        report: "The page of an order takes longer every day.",
        prepared: "An index of the order service's database is dropped. In this small shop that costs milliseconds, so it is hardly felt; with \
                   a million orders it is seconds.",
        cause: "Without the index step_order, the steps of one order are found by reading those of all orders.",
        clicks: &[SYSTEM],
        says: "lacks the index step_order",
        remedy: "Rebuild the read model: it is made again with all its indexes. Ending the drill makes the index again.",
        lesson: "A read model can be thrown away at any time, which is also how its database is repaired. Do not wait for it to be slow: the \
                 service compares its tables with those that it made.",
    },
    Drill {
        name: "two-writers",
        title: "Two writers",
        incident: Incident::TwoWriters,
        report: "We deployed an hour ago, and the shop still runs the old version. The new one starts again and again.",
        prepared: "A second process of this program is started on the same data folder, every few seconds.",
        cause: "Only one process may write to a log. The first one holds its lock, so the second one refuses to start.",
        clicks: &[SYSTEM],
        says: "tried to open this log",
        remedy: "Stop the first process, and then start the second one. For an update without a pause, run several instances on a server's \
                 database.",
        lesson: "Two writers would give two events the same position. A lock makes that impossible, whatever starts the second one; both \
                 processes say what happened.",
    },
    Drill {
        name: "expired-token",
        title: "An expired token",
        incident: Incident::ExpiredToken,
        report: "Since this morning the warehouse gets no orders. Its program shows nothing but 401.",
        prepared: "A program calls the gateway twice a second, with a token that expired an hour ago.",
        cause: "The program logged in once, and never again.",
        clicks: &[SYSTEM],
        says: "keeps sending a token that has expired",
        remedy: "Let the program log in again, and have it do so whenever it is answered with 401.",
        lesson: "A token that ends limits what a stolen one is worth. Clients have to expect its end, and the gateway names those that do not.",
    },
];
