//! Filling a running shop with the sample, step by step: how far it is, and where it goes on if a step failed.

use std::sync::Mutex;

use axum::http::StatusCode;
use contracts::rest::demo::{Filling, Stopped};
use kernel::sync;

use crate::{
    desk::{Person, Refused},
    plan::Act,
    shop::Shop,
};

/// The one course of a shop that is being filled, or was.
#[derive(Default)]
pub(crate) struct Filler(Mutex<Progress>);

#[derive(Default)]
enum Progress {
    /// Not begun, or over.
    #[default]
    Idle,
    Running(Filling),
    Stopped(Box<Course>, Stopped),
}

/// What is done to fill the shop, and by whom.
pub(crate) struct Course {
    shop: Shop,
    acts: Vec<Act>,
    /// How many of them are done.
    done: usize,
}

impl Course {
    pub(crate) fn new(shop: Shop, acts: Vec<Act>) -> Self {
        Self { shop, acts, done: 0 }
    }

    fn filling(&self) -> Filling {
        Filling { done: self.done as u64, of: self.acts.len() as u64 }
    }
}

impl Filler {
    /// How far the shop is, while it is being filled.
    pub(crate) fn filling(&self) -> Option<Filling> {
        match &*sync::lock(&self.0) {
            Progress::Running(filling) => Some(*filling),
            _ => None,
        }
    }

    /// Where filling it stopped, and why.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        match &*sync::lock(&self.0) {
            Progress::Stopped(_, stopped) => Some(stopped.clone()),
            _ => None,
        }
    }

    /// The course to be run now, in the name of `manager`: the one that stopped, else the one that `make` gives, if it gives one. None
    /// while one runs.
    pub(crate) fn begin(
        &self,
        manager: Person,
        make: impl FnOnce(Person) -> Option<Course>,
    ) -> Option<Course> {
        let mut progress = sync::lock(&self.0);
        let course = match std::mem::take(&mut *progress) {
            running @ Progress::Running(_) => {
                *progress = running;
                return None;
            }
            Progress::Stopped(course, _) => {
                let Course { shop, acts, done } = *course;
                Course { shop: shop.managed_by(manager), acts, done }
            }
            Progress::Idle => make(manager)?,
        };
        *progress = Progress::Running(course.filling());
        Some(course)
    }

    /// Does all that is left of the course, unless a step fails.
    pub(crate) async fn run(&self, mut course: Course) {
        while let Some(act) = course.acts.get(course.done) {
            match course.shop.act(act).await {
                // It was done before, and only its answer was lost; or a manager was faster.
                Err(refused) if refused.status == StatusCode::CONFLICT => {}
                Err(refused) => {
                    tracing::error!(%refused, "stopped filling the shop with the sample; a manager can resume it from the dashboard");
                    let Filling { done, of } = course.filling();
                    let stopped = Stopped { done, of, reason: reason(&refused) };
                    *sync::lock(&self.0) = Progress::Stopped(Box::new(course), stopped);
                    return;
                }
                Ok(()) => {}
            }
            course.done += 1;
            *sync::lock(&self.0) = Progress::Running(course.filling());
        }
        *sync::lock(&self.0) = Progress::Idle;
    }
}

/// Why a call was refused, for a manager.
fn reason(refused: &Refused) -> String {
    let service = refused.service();
    match refused.detail() {
        _ if refused.status == StatusCode::SERVICE_UNAVAILABLE => {
            format!("The {service} service does not answer, or is too busy.")
        }
        Some(detail) => format!("The {service} service refused a step: {detail}"),
        None => format!("The {service} service failed."),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    };

    use axum::{
        Json, Router,
        extract::State,
        routing::{get, post},
    };
    use identity::Role;
    use kernel::Ids;
    use runtime::{Tasks, clock::SystemClock};
    use serde_json::{Value, json};
    use store::Memory;

    use super::*;
    use crate::{desk::Desk, goods::Goods};

    const CATEGORY: &str = "01a20726-0000-7000-8000-000000000001";

    /// A product service that already has the category, and works only when the test says so.
    #[derive(Clone, Default)]
    struct Service {
        works: Arc<AtomicBool>,
        added: Arc<AtomicUsize>,
    }

    async fn add(
        State(service): State<Service>,
        Json(product): Json<Value>,
    ) -> (StatusCode, Json<Value>) {
        let works = service.works.load(Ordering::Relaxed);
        if !works && service.added.load(Ordering::Relaxed) > 0 {
            return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": "It is Sunday." })));
        }
        assert_eq!(product["CategoryId"], CATEGORY);
        service.added.fetch_add(1, Ordering::Relaxed);
        (StatusCode::CREATED, Json(json!({ "ProductId": CATEGORY })))
    }

    fn shop(service: &Service) -> Shop {
        let category = Goods::read().products[0].category.clone();
        let categories =
            json!({ "Items": [{ "CategoryId": CATEGORY, "Name": category }], "Next": null });
        let router = Router::new()
            .route("/add-new-category", post(async || StatusCode::CONFLICT))
            .route("/get-categories", get(async move || Json(categories)))
            .route("/add-new-product", post(add))
            .with_state(service.clone());
        let deps = web::ServiceDeps::new(runtime::Deps {
            clock: Arc::new(SystemClock),
            ids: Arc::new(Ids::from_seed([7; 32])),
            transport: Arc::new(Memory::new()),
            tasks: Tasks::new(),
            traces: runtime::Traces::default(),
            budget: runtime::Budget::default(),
            schemas: runtime::Schemas::default(),
        });
        let keys = Arc::new(customer::Secrets::derive(&[3; 32]));
        Shop::new(Desk::new([("product", router)], keys, &deps))
    }

    fn manager() -> Person {
        Person { id: uuid::Uuid::from_u128(1), user: "admin".into(), role: Role::Manager }
    }

    #[tokio::test]
    async fn what_stopped_says_where_and_why_and_goes_on_from_there() {
        let (service, filler) = (Service::default(), Filler::default());
        let make =
            |_| Some(Course::new(shop(&service), vec![Act::List(0), Act::List(0), Act::List(0)]));
        let course = filler.begin(manager(), make).expect("nothing runs");
        assert_eq!(filler.filling(), Some(Filling { done: 0, of: 3 }));
        assert!(filler.begin(manager(), make).is_none(), "one at a time");
        filler.run(course).await;
        let reason = "The product service refused a step: It is Sunday.".to_owned();
        assert_eq!(filler.stopped(), Some(Stopped { done: 1, of: 3, reason }));
        assert_eq!(filler.filling(), None);

        service.works.store(true, Ordering::Relaxed);
        let course = filler.begin(manager(), |_| None).expect("the one that stopped");
        assert_eq!((filler.filling(), filler.stopped()), (Some(Filling { done: 1, of: 3 }), None));
        filler.run(course).await;
        assert_eq!(service.added.load(Ordering::Relaxed), 3, "nothing is done twice");
        assert_eq!((filler.filling(), filler.stopped()), (None, None));
        assert!(filler.begin(manager(), |_| None).is_none());
    }
}
