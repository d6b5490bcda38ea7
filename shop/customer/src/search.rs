//! Finds the accounts that managers search for. What is typed is looked for as it is, within names and addresses; if that finds none, its
//! words in any order, without accents; and if that finds none, words that are meant by them.

use runtime::ModelError;
use web::COUNTED_MAX;
use words::{Glance, Likeness, Pattern, words};

use crate::model::{Customer, CustomerQuery, Model};

/// Accounts that are looked through for words, which no engine has an index of.
const LOOKED_THROUGH_MAX: usize = 20_000;
/// How many are searched at once: others get their turn in between.
const CHUNK: usize = 500;

/// A page of accounts, and how many there are on all pages if that was asked for.
pub(crate) struct Found {
    pub(crate) customers: Vec<Customer>,
    pub(crate) total: Option<u64>,
}

/// How the words of an account fit those of a search: a worse fit counts where none is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Spelt,
    Meant,
}

/// The accounts of `list`; `is_counted` if all pages are.
pub(crate) async fn find(
    model: &dyn Model,
    list: CustomerQuery,
    is_counted: bool,
) -> Result<Found, ModelError> {
    let all = CustomerQuery { after: None, count: COUNTED_MAX, ..list.clone() };
    let search = list.search.as_deref().map(words).filter(|words| !words.is_empty());
    if let Some(search) = search
        && model.count_customers(CustomerQuery { count: 1, ..all.clone() }).await? == 0
    {
        return by_words(model, &list, &search).await;
    }
    let total = if is_counted { Some(model.count_customers(all).await?) } else { None };
    Ok(Found { customers: model.customers(list).await?, total })
}

async fn by_words(
    model: &dyn Model,
    list: &CustomerQuery,
    search: &[String],
) -> Result<Found, ModelError> {
    let patterns: Vec<Pattern<'_>> = search.iter().map(|word| Pattern::new(word)).collect();
    let all = CustomerQuery { after: None, ..list.clone() };
    let (found, is_all) = looked_through(model, &all, &patterns).await?;
    let best = found.iter().map(|(fit, _)| *fit).min();
    let is_best = |(fit, customer)| (Some(fit) == best).then_some(customer);
    let mut customers: Vec<Customer> = found.into_iter().filter_map(is_best).collect();
    let total = is_all.then_some(customers.len() as u64);
    if list.after.is_some() {
        let (behind, _) = looked_through(model, list, &patterns).await?;
        customers = behind.into_iter().filter_map(is_best).collect();
    }
    customers.truncate(list.count);
    Ok(Found { customers, total })
}

/// The accounts behind the cursor of `list` whose words fit, and whether all of them were looked through.
async fn looked_through(
    model: &dyn Model,
    list: &CustomerQuery,
    patterns: &[Pattern<'_>],
) -> Result<(Vec<(Fit, Customer)>, bool), ModelError> {
    let mut found = Vec::new();
    let mut after = list.after.clone();
    for _ in 0..LOOKED_THROUGH_MAX / CHUNK {
        let chunk =
            CustomerQuery { search: None, sort: list.sort, after: after.clone(), count: CHUNK };
        let chunk = model.customers(chunk).await?;
        let is_last = chunk.len() < CHUNK;
        after = chunk.last().map(|last| list.sort.cursor(last));
        let fitting = |customer| Some((fit(patterns, &customer)?, customer));
        found.extend(chunk.into_iter().filter_map(fitting));
        if is_last {
            return Ok((found, true));
        }
    }
    Ok((found, false))
}

/// How the account fits: as its worst word does.
fn fit(patterns: &[Pattern<'_>], customer: &Customer) -> Option<Fit> {
    let Customer { user, full_name, email, .. } = customer;
    let words: Vec<(String, Glance)> = words(&format!("{user} {full_name} {email}"))
        .into_iter()
        .map(|word| {
            let seen = Glance::of(&word);
            (word, seen)
        })
        .collect();
    patterns
        .iter()
        .map(|pattern| best(pattern, &words))
        .try_fold(Fit::Spelt, |worst, fit| Some(worst.max(fit?)))
}

fn best(pattern: &Pattern<'_>, words: &[(String, Glance)]) -> Option<Fit> {
    let way = pattern
        .likenesses()
        .into_iter()
        .find(|way| words.iter().any(|(word, seen)| pattern.fit(*way, word, *seen).is_some()))?;
    Some(match way {
        Likeness::Begins | Likeness::Contains => Fit::Spelt,
        Likeness::Mistyped(_) | Likeness::BeginsMistyped(_) => Fit::Meant,
    })
}
