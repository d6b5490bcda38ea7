//! The currency of the prices in the log, which is authoritative, whatever the data folder says.

use anyhow::bail;
use contracts::money::Currency;
use contracts::product::{CATEGORY, ProductEvent};
use futures_util::{FutureExt as _, future::BoxFuture};
use kernel::Position;
use runtime::Progress;
use store::{Page, Read};
use store::{Reader as _, log::LogReader};
use web::ServiceDeps;

use super::choices::Choices;
use crate::{config::Settings, data_folder::DataFolder};

/// Reads a page of the log.
type Pages<'a> = Box<dyn Fn(Read) -> BoxFuture<'a, anyhow::Result<Page>> + Send + Sync + 'a>;

/// The currencies with two decimals, by their ISO 4217 codes.
const WITH_CENTS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP \
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK \
    LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB \
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR \
    ZMW ZWG";

/// Whether the amounts of a currency have two decimals, as those of the shop.
fn has_cents(currency: &Currency) -> bool {
    WITH_CENTS.split_ascii_whitespace().any(|code| code == currency.code())
}

/// Refuses a currency whose amounts do not have two decimals; a shop that began with one, before this was asked, is warned.
pub(super) fn check_decimals(settings: &Settings, choices: &Choices) -> anyhow::Result<()> {
    let currency = &choices.currency;
    if has_cents(currency) {
        return Ok(());
    }
    if DataFolder::currency(&choices.data)?.as_ref() != Some(currency) {
        let reason = "is not the ISO 4217 code of a currency with two decimals, such as EUR; the shop's amounts have two";
        return Err(settings.invalid("currency", reason).into());
    }
    tracing::warn!(
        "{currency} is not a currency with two decimals, but the shop's amounts have two; it was fixed at the first start"
    );
    Ok(())
}

/// Refuses a currency that is not the one of the products in this log.
pub(super) async fn check_log(reader: &LogReader, currency: &Currency) -> anyhow::Result<()> {
    let page = move |read| async move { Ok(reader.read(&read).await?) }.boxed();
    check(Box::new(page), currency).await
}

/// Compares the currency with that of the products once the event store answers, and stops the process if it is not the same one. The
/// product service must not be announced as ready, and so add products, before it is.
pub(super) fn spawn(deps: &ServiceDeps, currency: Currency) -> Progress {
    let compared = deps.progress("product.currency");
    let (store, tasks, progress) = (deps.store(), deps.tasks.clone(), compared.clone());
    deps.tasks.spawn_until_stopped("product-currency", async move {
        let store = &store;
        let page = move |read| async move { Ok(store.read(read).await) }.boxed();
        match check(Box::new(page), &currency).await {
            Ok(()) => progress.done(),
            Err(error) => tasks.fail("product", format_args!("{error:#}")),
        }
    });
    compared
}

/// Refuses `currency` if the products in the log have prices in another one only.
///
/// The first product decides, so that a start costs a page. A shop that began to use a second currency before this was checked has
/// both, and must open all the same.
async fn check(pages: Pages<'_>, currency: &Currency) -> anyhow::Result<()> {
    let code = currency.to_string();
    let mut first: Option<String> = None;
    let mut from = Position(1);
    loop {
        let page = pages(Read::All { from, categories: vec![CATEGORY.to_owned()] }).await?;
        for event in &page.events {
            let Some(ProductEvent::Added(added)) = ProductEvent::of(event) else { continue };
            match &first {
                None if added.currency == code => return Ok(()),
                None => first = Some(added.currency.clone()),
                Some(first) if added.currency == code => {
                    tracing::warn!(
                        "the shop has prices in {first} and in {currency}, and treats one as the other; delete the products in {first} \
                         and add them again in {currency}"
                    );
                    return Ok(());
                }
                Some(_) => {}
            }
        }
        if page.end {
            break;
        }
        from = page.next;
    }
    let Some(first) = first else { return Ok(()) };
    bail!(
        "the currency of this shop's products is {first}, and cannot become {currency}; start it with currency = {first} \
         (--currency or AGORA_CURRENCY)"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use contracts::money::Money;
    use contracts::product::{self, Added};
    use kernel::{Actor, Event as _, EventId, EventType, Metadata, Recorded, Timestamp, Version};
    use uuid::Uuid;

    use super::*;

    fn added(currency: &str, position: u64) -> Arc<Recorded> {
        let product = Uuid::from_u128(position.into());
        let event = ProductEvent::from(Added {
            product,
            code: None,
            name: "Lamp".to_owned(),
            description: String::new(),
            supplier: String::new(),
            category: product,
            price: Money::from_minor(100),
            currency: currency.to_owned(),
            units: 1,
        });
        Arc::new(Recorded {
            position: Position(position),
            stream: product::stream(product),
            version: Version(1),
            id: EventId(product),
            kind: EventType::parse(event.kind()).expect("a type"),
            schema: event.schema(),
            time: Timestamp::default(),
            metadata: Metadata::of(Actor::reactor("test"), product),
            data: event.encode().into(),
        })
    }

    /// Checks the euro against products in these currencies, one on each page.
    async fn euro(currencies: &'static [&'static str]) -> Result<(), String> {
        let page = |read: Read| {
            let Read::All { from, .. } = read else { panic!("{read:?}") };
            let at = usize::try_from(from.0 - 1).expect("a position");
            let events = currencies.get(at).map(|currency| added(currency, from.0));
            let head = Position(currencies.len() as u64);
            let page = Page {
                events: events.into_iter().collect(),
                head,
                next: from.next(),
                end: from >= head,
            };
            async { Ok(page) }.boxed()
        };
        let euro = Currency::parse("EUR").expect("a code");
        check(Box::new(page), &euro).await.map_err(|error| error.to_string())
    }

    #[test]
    fn only_currencies_with_two_decimals_have_cents() {
        let has_cents = |code| has_cents(&Currency::parse(code).expect("a code"));
        for code in ["EUR", "USD", "CHF", "AED", "ZWG", "SEK"] {
            assert!(has_cents(code), "{code}");
        }
        // Of none, of three, not of a country, of nothing.
        for code in ["JPY", "KRW", "CLP", "ISK", "KWD", "BHD", "TND", "XXX", "XAU", "ABC"] {
            assert!(!has_cents(code), "{code}");
        }
    }

    #[tokio::test]
    async fn the_products_in_the_log_say_which_currency_the_shop_has() {
        for known in [&[][..], &["EUR"], &["EUR", "USD"], &["USD", "USD", "EUR"]] {
            euro(known).await.unwrap_or_else(|said| panic!("{known:?}: {said}"));
        }
        for foreign in [&["USD"][..], &["USD", "USD"]] {
            let said = euro(foreign).await.expect_err("another currency");
            assert!(said.contains("USD") && said.contains("EUR"), "{said}");
        }
    }
}
