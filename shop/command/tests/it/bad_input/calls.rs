//! A good request for every call of the API, to be spoiled one thing at a time.

use serde_json::{Value, json};

use super::shop::{Asked, PASSWORD, Shop};

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Public,
    /// The customer in question, or a manager.
    Own,
    Manager,
}

/// A call of the API with what a good request to it carries.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    /// As the document writes it.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) in_path: Option<(&'static str, String)>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// A file as the body.
    pub(super) file: Option<&'static [u8]>,
}

/// A shop with two customers, a product and a finalized order of the first of them.
pub(super) struct World {
    pub(super) manager: String,
    pub(super) alice: String,
    pub(super) bob: String,
    pub(super) product: String,
    pub(super) category: String,
    /// A category without products.
    empty: String,
    pub(super) order: String,
    /// The hash of one.
    picture: String,
}

/// Two pictures of 16 × 16 pixels.
pub(super) const PICTURES: [&[u8]; 2] =
    [include_bytes!("../../data/red.png"), include_bytes!("../../data/blue.png")];

impl Call {
    fn new(method: &'static str, path: &'static str, access: Access) -> Self {
        Self { method, path, access, in_path: None, query: Vec::new(), body: None, file: None }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the table reads better without borrows")]
    fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    fn file(mut self, file: &'static [u8]) -> Self {
        self.file = Some(file);
        self
    }

    /// As the document names it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The request with another query, written out, and without a body or token.
    pub(super) fn asked(&self, query: &str) -> Asked {
        let mut path = self.path.to_owned();
        if let Some((name, value)) = &self.in_path {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        Asked::new(self.method, &path)
    }

    /// The query of a good request.
    pub(super) fn good_query(&self) -> String {
        serde_urlencoded::to_string(&self.query).expect("pairs of texts make a query")
    }

    /// A good request, without a token.
    pub(super) fn good(&self) -> Asked {
        let asked = self.asked(&self.good_query());
        match (&self.body, self.file) {
            (Some(body), _) => asked.json(body),
            (None, Some(file)) => asked.body(file).header("content-type", "image/png"),
            (None, None) => asked,
        }
    }
}

impl World {
    pub(super) async fn make(shop: &Shop) -> Self {
        let manager = shop.log_in("admin", PASSWORD).await;
        for user in ["alice", "bob"] {
            let email = format!("{user}@example.org");
            let account = json!({ "UserName": user, "Password": format!("password-of-{user}"), "FullName": user, "Email": email });
            shop.post("", "/customer/add-user", &account).await;
        }
        let alice = shop.log_in("alice", "password-of-alice").await;
        let bob = shop.log_in("bob", "password-of-bob").await;
        let mut categories = Vec::new();
        for name in ["Drinks", "Empty"] {
            let named = json!({ "Name": name });
            let added = shop.post(&manager, "/product/add-new-category", &named).await;
            categories.push(text(&added["CategoryId"]));
        }
        let [category, empty] = categories.try_into().expect("there are two");
        let tea = json!({
            "Code": "TEA", "Name": "Tea", "Description": "Green", "Supplier": "Abbey", "CategoryId": category,
            "Price": "1.25", "UnitsInStock": 1000,
        });
        let product =
            text(&shop.post(&manager, "/product/add-new-product", &tea).await["ProductId"]);
        let mut world = Self {
            manager,
            alice,
            bob,
            product,
            category,
            empty,
            order: String::new(),
            picture: String::new(),
        };
        let mut set = Call::new("POST", "/product/set-picture", Access::Manager);
        set = set.query("ProductId", &world.product).file(PICTURES[0]);
        let pictured = shop.ask(&set.good().token(&world.manager)).await.done();
        world.picture = text(&pictured["Picture"]["Hash"]);
        world.order = world.order_is_finalized(shop).await;
        world
    }

    /// Alice orders one, and it runs through all services; the order's id.
    pub(super) async fn order_is_finalized(&self, shop: &Shop) -> String {
        let body = json!({ "ProductId": self.product });
        let order = text(&shop.post(&self.alice, "/order/place-order", &body).await["OrderId"]);
        self.settled(shop, &order).await;
        order
    }

    /// Waits until nothing more happens to an order.
    pub(super) async fn settled(&self, shop: &Shop, order: &str) {
        let path = format!("/order/get-orders?Type=Single&Id={order}");
        shop.wait_for(&self.manager, &path, |found| {
            let order = &found["Items"][0];
            order["StockStatus"] == "Committed"
                && order["CreditStatus"] == "Debited"
                && !order["InvoiceNumber"].is_null()
        })
        .await;
    }

    #[expect(clippy::too_many_lines, reason = "a table of calls")]
    /// Every call, in an order in which all of them succeed one after the other: what ends something comes last.
    pub(super) fn calls(&self) -> Vec<Call> {
        use Access::{Manager, Own, Public};
        let get = |path, access| Call::new("GET", path, access);
        let post = |path, access, body: Value| Call::new("POST", path, access).body(body);
        let mut get_user = get("/customer/get-user/{UserName}", Own);
        get_user.in_path = Some(("UserName", "alice".to_owned()));
        let (product, category, order) = (&self.product, &self.category, &self.order);
        let mut get_picture = get("/product/get-picture/{Hash}", Public);
        get_picture.in_path = Some(("Hash", self.picture.clone()));
        vec![
            post(
                "/customer/login-user",
                Public,
                json!({ "UserName": "bob", "Password": "password-of-bob" }),
            ),
            post(
                "/customer/add-user",
                Public,
                json!({
                    "UserName": "carol", "Password": "password-of-carol", "FullName": "Carol", "Email": "c@example.org",
                }),
            ),
            post(
                "/customer/add-manager",
                Manager,
                json!({
                    "UserName": "dora", "Password": "password-of-dora", "FullName": "Dora", "Email": "d@example.org",
                }),
            ),
            post(
                "/customer/update-user",
                Own,
                json!({ "UserName": "alice", "FullName": "Alice B" }),
            ),
            get_user,
            get("/customer/get-all-users", Manager)
                .query("Search", "a")
                .query("Sort", "-Credit")
                .query("Limit", 7),
            get("/customer/get-credit", Own).query("UserName", "alice"),
            post("/customer/set-credit", Manager, json!({ "UserName": "alice", "Change": 12.5 })),
            get("/product/get-products", Public)
                .query("CategoryId", category)
                .query("Sort", "Newest"),
            get("/product/get-all-products", Public).query("Search", "tea").query("Limit", 5),
            get("/product/get-product-details", Public).query("ProductId", product),
            post(
                "/product/add-new-product",
                Manager,
                json!({
                    "Name": "Ale", "Description": "", "Supplier": "", "CategoryId": category, "Price": 2.5, "UnitsInStock": 3,
                }),
            ),
            post(
                "/product/update-product",
                Manager,
                json!({ "ProductId": product, "UnitsChange": 5 }),
            ),
            Call::new("POST", "/product/set-picture", Manager)
                .query("ProductId", product)
                .file(PICTURES[1]),
            get_picture,
            post("/product/remove-picture", Manager, json!({ "ProductId": product })),
            get("/product/get-categories", Public).query("Search", "dri"),
            get("/product/get-category-details", Public).query("CategoryId", category),
            post("/product/add-new-category", Manager, json!({ "Name": "Food" })),
            post(
                "/product/update-category",
                Manager,
                json!({ "CategoryId": category, "Name": "Teas" }),
            ),
            post("/order/place-order", Own, json!({ "ProductId": product, "UserName": "alice" })),
            get("/order/get-orders", Own).query("Type", "Single").query("Id", order),
            post("/order/get-orders", Own, json!({ "Type": "Customer", "Id": "alice" })),
            get("/order/get-order-history", Own).query("OrderId", order),
            get("/order/get-order-statistics", Manager).query("From", "2020-01-01T00:00:00Z"),
            get("/order/order-events", Own).query("UserName", "alice"),
            get("/accounting/get-revenue", Manager).query("Year", 2026),
            get("/accounting/get-daily-revenue", Manager)
                .query("From", "2026-11-01")
                .query("To", "2026-11-30"),
            get("/accounting/get-invoices", Own).query("UserName", "alice"),
            get("/accounting/get-invoice", Own).query("OrderId", order),
            get("/product/get-low-stock", Manager),
            post("/product/set-low-stock", Manager, json!({ "Units": 5 })),
            get("/events/read-stream", Manager).query("Stream", format!("order-{order}")),
            get("/events/read-all", Manager).query("From", 1).query("Type", "order.placed"),
            get("/events/follow", Manager).query("From", 1),
            get("/events/head", Manager),
            get("/events/read-causation", Manager).query("Position", 1),
            get("/events/read-through", Manager)
                .query("Model", "order")
                .query("Stream", format!("order-{order}")),
            get("/events/read-audit", Manager).query("By", "manager").query("Type", "product"),
            get("/events/read-types", Manager),
            get("/events/backup", Manager),
            get("/events/upgrade", Manager),
            Call::new("POST", "/events/finish-upgrade", Manager),
            get("/system/get-status", Manager),
            get("/system/get-timeline", Manager),
            get("/demo/get-demo", Manager),
            post("/demo/set-traffic", Manager, json!({ "Traffic": "Off" })),
            Call::new("POST", "/demo/fill-shop", Manager),
            get("/customer/model-digest", Manager),
            get("/product/model-digest", Manager),
            get("/order/model-digest", Manager),
            get("/accounting/model-digest", Manager),
            get("/customer/inbox", Manager),
            post(
                "/customer/retry-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1 }),
            ),
            post(
                "/customer/skip-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1, "Reason": "no" }),
            ),
            get("/product/inbox", Manager),
            post(
                "/product/retry-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1 }),
            ),
            post(
                "/product/skip-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1, "Reason": "no" }),
            ),
            get("/order/inbox", Manager),
            post("/order/retry-event", Manager, json!({ "Subscriber": "nothing", "Position": 1 })),
            post(
                "/order/skip-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1, "Reason": "no" }),
            ),
            get("/accounting/inbox", Manager),
            post(
                "/accounting/retry-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1 }),
            ),
            post(
                "/accounting/skip-event",
                Manager,
                json!({ "Subscriber": "nothing", "Position": 1, "Reason": "no" }),
            ),
            get("/customer/model-generations", Manager),
            Call::new("POST", "/customer/rebuild-model", Manager),
            Call::new("POST", "/customer/switch-model", Manager),
            Call::new("POST", "/customer/drop-model", Manager),
            get("/product/model-generations", Manager),
            Call::new("POST", "/product/rebuild-model", Manager),
            Call::new("POST", "/product/switch-model", Manager),
            Call::new("POST", "/product/drop-model", Manager),
            get("/order/model-generations", Manager),
            Call::new("POST", "/order/rebuild-model", Manager),
            Call::new("POST", "/order/switch-model", Manager),
            Call::new("POST", "/order/drop-model", Manager),
            get("/accounting/model-generations", Manager),
            Call::new("POST", "/accounting/rebuild-model", Manager),
            Call::new("POST", "/accounting/switch-model", Manager),
            Call::new("POST", "/accounting/drop-model", Manager),
            get("/accounting/get-time-zone", Public),
            get("/product/get-currency", Public),
            post("/product/delete-product", Manager, json!({ "ProductId": product })),
            post("/product/delete-category", Manager, json!({ "CategoryId": self.empty })),
            Call::new("POST", "/customer/logout-user", Own),
        ]
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
