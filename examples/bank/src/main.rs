//! A bank in one process: accounts, their balances, and transfers that arrive exactly once.

#[cfg(test)]
mod tests;

use agora::prelude::*;

events! { AccountEvent {
    Opened {} = "account.opened" @ 1,
    Deposited { cents: i64 } = "account.deposited" @ 1,
    Sent { to: Id, cents: i64 } = "account.sent" @ 1,
    Received { cents: i64 } = "account.received" @ 1,
} }

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
enum Command {
    Open,
    Deposit {
        cents: u32,
    },
    Send {
        to: Id,
        cents: u32,
    },
    #[serde(skip)]
    Receive(i64),
}

#[derive(Clone, Default)]
struct Account {
    open: bool,
    cents: i64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Command = Command;
    type Event = AccountEvent;

    fn decide(&self, command: &Command) -> Decision<AccountEvent> {
        Ok(vec![match command.clone() {
            Command::Open if self.open => return refuse("The account is open already."),
            Command::Open => AccountEvent::Opened {},
            // Money on its way is never refused.
            Command::Receive(cents) => AccountEvent::Received { cents },
            _ if !self.open => return refuse("The account is not open."),
            Command::Deposit { cents } => AccountEvent::Deposited { cents: cents.into() },
            Command::Send { cents, .. } if i64::from(cents) > self.cents => {
                return refuse("The account holds too little.");
            }
            Command::Send { to, cents } => AccountEvent::Sent { to, cents: cents.into() },
        }])
    }

    fn evolve(&mut self, event: &AccountEvent) {
        self.open |= matches!(event, AccountEvent::Opened {});
        self.cents += change(event);
    }
}

fn change(event: &AccountEvent) -> i64 {
    match event {
        AccountEvent::Opened {} => 0,
        AccountEvent::Deposited { cents } | AccountEvent::Received { cents } => *cents,
        AccountEvent::Sent { cents, .. } => -cents,
    }
}

const TABLES: Schema = Schema::new(1, "CREATE TABLE account (name TEXT PRIMARY KEY, cents BIGINT)");
const ADD: &str = "INSERT INTO account VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET cents = account.cents + excluded.cents";

async fn calls(bank: &System) -> Result<Router> {
    let accounts = bank.commands::<Account>()?;
    bank.react("arrivals", &accounts, |happened: &Happened<AccountEvent>| match &happened.event {
        AccountEvent::Sent { to, cents } => Some((to.clone(), Command::Receive(*cents))),
        _ => None,
    })?;
    let balances = bank.project("balances", TABLES, |happened: &Happened<AccountEvent>, tables| {
        tables.execute(ADD, (happened.id(), change(&happened.event)));
    });
    let balances = balances.await?;
    let balance = async move |Path(name): Path<Id>| {
        balances.one::<Row>("SELECT * FROM account WHERE name = ?1", [name]).await.map(Json)
    };
    let command = async move |Path(name): Path<Id>, request: Request<Command>| {
        accounts.answer(&name, request).await
    };
    Ok(Router::new().route("/accounts/{name}", get(balance).post(command)))
}

fn main() -> std::process::ExitCode {
    agora::serve("bank", calls, "127.0.0.1:37001")
}
