//! What is wrong with settings, without opening or starting anything.

use std::{collections::BTreeMap, path::Path};

use rustix::fs::{Access, access};

use super::{
    choices::{Choices, listening},
    currency,
};
use crate::{
    config::{ConfigError, Settings},
    logging,
    parts::Parts,
};

/// The settings that say where something listens.
const LISTENING: [&str; 4] = ["listen", "ops-listen", "storefront-listen", "backoffice-listen"];

/// Everything for which a shop with these settings would not start, as far as can be told beforehand. Once a fault is found, its setting's
/// default takes its place, so that the others are found too.
pub(crate) fn faults(settings: &Settings) -> Vec<ConfigError> {
    let mut settings = settings.clone();
    let mut faults = Vec::new();
    while let Err(fault) = check(&settings) {
        let rest = match &fault {
            ConfigError::Invalid { setting, .. } => settings.with_default(setting),
            _ => None,
        };
        faults.push(fault);
        match rest {
            Some(rest) => settings = rest,
            None => break,
        }
    }
    faults
}

fn check(settings: &Settings) -> Result<(), ConfigError> {
    let choices = Choices::read(settings, &Parts::all())?;
    // All else that it may say is about files, which a start reads again.
    if let Err(fault) =
        currency::check_decimals(settings, &choices).map_err(anyhow::Error::downcast)
    {
        return fault.map_or(Ok(()), Err);
    }
    logging::check(settings)?;
    let mut taken = BTreeMap::new();
    for name in LISTENING {
        if let Some(address) = listening(settings, name)?.filter(|address| address.port() != 0)
            && let Some(other) = taken.insert(address, name)
        {
            let reason = format!("is the address of {other} too; choose another port");
            return Err(settings.invalid(name, reason));
        }
    }
    folder(settings, &choices.data)
}

/// Refuses a data folder that cannot be made or written to.
fn folder(settings: &Settings, data: &Path) -> Result<(), ConfigError> {
    let whole = super::resolved(data);
    let there = whole.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let invalid = |reason: String| Err(settings.invalid("data", reason));
    if !there.is_dir() {
        return invalid(format!("{} is not a folder; name another one", there.display()));
    }
    if access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return invalid(format!(
            "this user may not write to {}; name another folder",
            there.display()
        ));
    }
    Ok(())
}
