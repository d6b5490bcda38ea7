//! What the System page says that people cannot do without a part, held against the shop: with each part killed in turn, those calls fail,
//! and what is said to continue does.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::shop::{Folder, Person, Shop, eventually};

use Deed::{
    ChangeProduct, LogIn, Order, Register, Search, SeeInvoices, SeeOrders, SeeProducts, SeeRevenue,
};

/// Of the sample.
const CUSTOMER: (&str, &str) = ("nora", "open-sesame");

/// What people do in the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    LogIn,
    Register,
    SeeProducts,
    Search,
    ChangeProduct,
    Order,
    SeeOrders,
    SeeInvoices,
    SeeRevenue,
}

/// How an order ends that is accepted while the part is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// At its deadline.
    Canceled,
    /// As ever; its invoice follows once the part is back.
    Finalized,
}

struct Without {
    part: &'static str,
    /// The sentences of the page.
    says: &'static str,
    fails: &'static [Deed],
    works: &'static [Deed],
    order: Option<Ends>,
}

const ALL: [Without; 5] = [
    Without {
        part: "customer",
        says: "Nobody can log in or register. Orders of those who are logged in wait for it, and are canceled at their deadline; many at once \
               are refused.",
        fails: &[LogIn, Register],
        works: &[SeeProducts, Search, ChangeProduct, SeeOrders, SeeInvoices, SeeRevenue],
        order: Some(Ends::Canceled),
    },
    Without {
        part: "product",
        says: "Products cannot be seen, searched or changed. Orders by app or API wait for it, and are canceled at their deadline; many at \
               once are refused.",
        fails: &[SeeProducts, Search, ChangeProduct],
        works: &[LogIn, Register, SeeOrders, SeeInvoices, SeeRevenue],
        order: Some(Ends::Canceled),
    },
    Without {
        part: "order",
        says: "Nobody can order or look at orders. Everything else works.",
        fails: &[Order, SeeOrders],
        works: &[LogIn, Register, SeeProducts, Search, ChangeProduct, SeeInvoices, SeeRevenue],
        order: None,
    },
    Without {
        part: "accounting",
        says: "Invoices and revenue cannot be seen. Orders continue; their invoices follow once it is back.",
        fails: &[SeeInvoices, SeeRevenue],
        works: &[LogIn, Register, SeeProducts, Search, ChangeProduct, SeeOrders],
        order: Some(Ends::Finalized),
    },
    Without {
        part: "events",
        says: "Nothing can be recorded: nobody can order, register or change anything. Customers can still log in and see what was recorded \
               before.",
        fails: &[Order, Register, ChangeProduct],
        works: &[LogIn, SeeProducts, Search, SeeOrders, SeeInvoices],
        order: None,
    },
];

struct People {
    shop: Shop,
    manager: Person,
    nora: Person,
    product: String,
    /// How many have tried to register.
    registered: AtomicU64,
}

#[tokio::test]
async fn what_is_said_of_a_part_that_is_away_is_so() {
    let (shop, _) = Folder::new().up_saying(|command| _ = command.arg("--demo")).await;
    let manager = shop.manager().await;
    manager.post("/playground/set-traffic", json!({ "Visits": 0, "Seed": 1 })).await.ok();
    let nora = shop.visitor().log_in(CUSTOMER.0, CUSTOMER.1).await;
    let found = manager.get("/product/get-all-products?Sort=-Price&InStock=true&Limit=500").await;
    let cheapest = found["Items"].as_array().expect("a list").last().expect("a product");
    let product = cheapest["ProductId"].as_str().expect("an id").to_owned();
    let people = People { shop, manager, nora, product, registered: AtomicU64::new(0) };
    let status = people.manager.get("/system/get-status").await;
    for without in &ALL {
        let services = status["Services"].as_array().expect("services");
        let said = services.iter().find(|service| service["Name"] == without.part);
        let said = said.expect("it is a part")["Without"].clone();
        assert_eq!(said, without.says, "another text takes another test");
        people.do_without(without).await;
    }
    people.shop.down().await;
}

impl People {
    async fn do_without(&self, Without { part, fails, works, order, .. }: &Without) {
        self.part(part, "Kill").await;
        for deed in *fails {
            let status = self.tries(*deed).await;
            assert!(matches!(status, 500..=504), "{deed:?} without {part}: {status}");
        }
        for deed in *works {
            let status = self.tries(*deed).await;
            assert!((200..300).contains(&status), "{deed:?} without {part}: {status}");
        }
        let placed = match order {
            Some(ends) => Some((self.ordered().await, *ends)),
            None => None,
        };
        if let Some((id, ends)) = &placed {
            self.ended(id, *ends).await;
        }
        self.part(part, "Mend").await;
        if let Some((id, Ends::Finalized)) = &placed {
            eventually("its invoice follows", async || {
                self.order(id).await.filter(|order| !order["InvoiceNumber"].is_null())
            })
            .await;
        }
        for deed in *fails {
            eventually("it works again", async || {
                (200..300).contains(&self.tries(*deed).await).then_some(())
            })
            .await;
        }
    }

    async fn part(&self, part: &str, deed: &str) {
        let body = json!({ "Name": part, "Do": deed, "SlowMs": 0 });
        self.manager.post("/playground/set-part", body).await.ok();
    }

    async fn ordered(&self) -> String {
        let answer = self.nora.post("/order/place-order", self.wish()).await.ok();
        answer["OrderId"].as_str().expect("an id").to_owned()
    }

    async fn ended(&self, id: &str, ends: Ends) {
        let order = eventually("the order ends", async || {
            let order = self.order(id).await?;
            matches!(order["Status"].as_str(), Some("Canceled" | "Finalized")).then_some(order)
        })
        .await;
        assert_eq!(order["Status"], format!("{ends:?}"), "{order}");
        if ends == Ends::Canceled {
            assert_eq!(order["Reasons"], json!(["deadline"]), "{order}");
        }
    }

    async fn order(&self, id: &str) -> Option<Value> {
        let path = format!("/order/get-orders?Type=Single&Id={id}");
        let answer = self.nora.try_get(&path).await.expect("an answer");
        answer.body["Items"].as_array()?.first().cloned()
    }

    fn wish(&self) -> Value {
        json!({ "ProductId": self.product, "UserName": CUSTOMER.0 })
    }

    /// What the shop answers to someone who tries.
    async fn tries(&self, deed: Deed) -> u16 {
        let anyone = self.shop.visitor();
        let answer = match deed {
            LogIn => {
                let body = json!({ "UserName": CUSTOMER.0, "Password": CUSTOMER.1 });
                anyone.try_post("/customer/login-user", body).await
            }
            Register => {
                let name = format!("new{}", self.registered.fetch_add(1, Ordering::Relaxed));
                let body = json!({
                    "UserName": name, "Password": "a long password", "FullName": "New", "Email": "new@example.org",
                });
                anyone.try_post("/customer/add-user", body).await
            }
            ChangeProduct => {
                let body = json!({ "ProductId": self.product, "UnitsChange": 1 });
                self.manager.try_post("/product/update-product", body).await
            }
            Order => self.nora.try_post("/order/place-order", self.wish()).await,
            SeeProducts => anyone.try_get("/product/get-all-products?Limit=1").await,
            Search => anyone.try_get("/product/get-all-products?Search=tea&Limit=1").await,
            SeeOrders => self.nora.try_get("/order/get-orders?Type=Customer&Limit=1").await,
            SeeInvoices => self.manager.try_get("/accounting/get-invoices?Limit=1").await,
            SeeRevenue => self.manager.try_get("/accounting/get-revenue").await,
        };
        answer.expect("an answer").status
    }
}
