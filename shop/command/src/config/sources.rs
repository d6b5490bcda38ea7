//! The sources of values, and their precedence.

use std::{collections::BTreeMap, env, fs, path::PathBuf, str::FromStr};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::{
    ConfigError, Origin, SETTINGS, Setting,
    file::{kept, parse_file},
    mask::{MASK, is_cut_short, masked, masked_in},
    table::Holds,
};

/// The file read unless another is named; it may be missing.
const FILE: &str = "agora.toml";
/// What the help of a command calls the settings.
const HEADING: &str = "Settings (all of them: `agora help settings`)";
/// The settings in the help of every command that takes settings.
const USUAL: [&str; 4] = ["data", "listen", "storefront-listen", "backoffice-listen"];
/// Variables that begin like settings but are not.
const OTHER_VARIABLES: [&str; 4] = ["AGORA_CONFIG", "AGORA_TEST_", "AGORA_BIN", "AGORA_URL"];

/// The flags of a command that takes settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    values: BTreeMap<&'static str, String>,
    file: Option<PathBuf>,
}

/// Every setting with its value and origin.
#[derive(Clone, Debug)]
pub(crate) struct Settings(BTreeMap<&'static str, Value>);

#[derive(Clone, Debug)]
struct Value {
    text: Option<String>,
    origin: Origin,
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        Self::augment(command, |name| !USUAL.contains(&name))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Flags {
    /// Adds all settings as flags; the help leaves out those that `hides` names, and says where they are.
    fn augment(command: Command, hides: impl Fn(&str) -> bool) -> Command {
        let file = Arg::new("config").long("config").value_name("FILE").env("AGORA_CONFIG");
        let file = file.hide_env_values(true).help_heading(HEADING);
        let command = command.arg(file.help("A file of settings (TOML) instead of ./agora.toml"));
        SETTINGS.iter().fold(command, |command, setting| {
            let arg = Arg::new(setting.name).long(setting.name).value_name(setting.value_name);
            let default =
                setting.default.map_or(String::new(), |default| format!(" [default: {default}]"));
            // A switch means yes without a value too.
            let is_switch = setting.value_name == "true|false";
            let arg =
                if is_switch { arg.num_args(0..=1).default_missing_value("true") } else { arg };
            let arg = arg.help(format!("{}{default}", setting.help)).help_heading(HEADING);
            command.arg(arg.hide(hides(setting.name)))
        })
    }
}

/// All settings as flags, each of them in the help.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllFlags(pub(crate) Flags);

impl Args for AllFlags {
    fn augment_args(command: Command) -> Command {
        Flags::augment(command, |_| false)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for AllFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Flags::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |setting: &Setting| {
            Some((setting.name, matches.get_one::<String>(setting.name)?.clone()))
        };
        let file = matches.get_one::<String>("config").map(PathBuf::from);
        Ok(Self { values: SETTINGS.iter().filter_map(given).collect(), file })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Flags {
    /// The settings: flags over the process's variables over the file over defaults.
    pub(crate) fn resolve(&self) -> Result<Settings, ConfigError> {
        let mut variables = BTreeMap::new();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => _ = variables.insert(name, value),
                Err(_) if name.starts_with("AGORA_") => return Err(ConfigError::NotText(name)),
                Err(_) => {}
            }
        }
        self.resolve_with(&variables)
    }

    /// Flags of a command that takes only some of the settings.
    pub(crate) fn given(
        values: impl IntoIterator<Item = (&'static str, String)>,
        file: Option<PathBuf>,
    ) -> Self {
        Self { values: values.into_iter().collect(), file }
    }

    #[cfg(test)]
    pub(crate) fn of(values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self::given(values, None)
    }

    pub(crate) fn resolve_with(
        &self,
        variables: &BTreeMap<String, String>,
    ) -> Result<Settings, ConfigError> {
        let (file, path) = self.file()?;
        check_variables(variables)?;
        let mut settings = BTreeMap::new();
        for setting in SETTINGS.iter() {
            let flag = self.values.get(setting.name).cloned();
            let flag = flag.map(|text| (text, Origin::Flag(format!("--{}", setting.name))));
            let from_file =
                || file.get(setting.name).cloned().map(|text| (text, Origin::File(path.clone())));
            let found = match flag {
                Some(found) => Some(found),
                None => variable(setting, variables)?.or_else(from_file),
            };
            let (text, origin) = match found {
                Some((text, origin)) => (Some(text), origin),
                None => (setting.default.map(str::to_owned), Origin::Default),
            };
            settings.insert(setting.name, Value { text, origin });
        }
        Ok(Settings(settings).with_data_folder())
    }

    fn file(&self) -> Result<(BTreeMap<String, String>, PathBuf), ConfigError> {
        let path = self.file.clone().unwrap_or_else(|| PathBuf::from(FILE));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.file.is_none() => {
                return Ok((BTreeMap::new(), path));
            }
            Err(error) => return Err(ConfigError::File { file: path, reason: error.to_string() }),
        };
        let values = parse_file(&path, &text)?;
        Ok((values, path))
    }
}

fn variable(
    setting: &Setting,
    variables: &BTreeMap<String, String>,
) -> Result<Option<(String, Origin)>, ConfigError> {
    let name = variable_name(setting);
    let file_name = format!("{name}_FILE");
    let given = variables.get(&name);
    let file = variables.get(&file_name).filter(|_| setting.may_be_in_a_file());
    match (given, file) {
        (Some(_), Some(_)) => Err(ConfigError::SecretTwice(name)),
        (Some(text), None) => Ok(Some((text.clone(), Origin::Variable(name)))),
        (None, Some(path)) => {
            kept(path, &file_name).map(|text| Some((text, Origin::Variable(file_name))))
        }
        (None, None) => Ok(None),
    }
}

fn variable_name(setting: &Setting) -> String {
    format!("AGORA_{}", setting.name.to_uppercase().replace('-', "_"))
}

/// A misspelt variable must not be taken for none.
fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    let known = |name: &str| {
        OTHER_VARIABLES.iter().any(|other| name.starts_with(other))
            || SETTINGS.iter().any(|setting| {
                let own = variable_name(setting);
                name == own || (setting.may_be_in_a_file() && name == format!("{own}_FILE"))
            })
    };
    match variables.keys().find(|name| name.starts_with("AGORA_") && !known(name)) {
        Some(unknown) => Err(ConfigError::UnknownVariable(unknown.clone())),
        None => Ok(()),
    }
}

impl Settings {
    fn with_data_folder(mut self) -> Self {
        let data = self.text("data").unwrap_or_default().to_owned();
        for value in self.0.values_mut().filter(|value| value.origin == Origin::Default) {
            value.text = value.text.take().map(|text| text.replace("DATA", &data));
        }
        self
    }

    /// The same with the default of one setting; none if it has that already.
    pub(crate) fn with_default(&self, name: &str) -> Option<Self> {
        let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
        let mut changed = self.clone();
        let value = changed.0.get_mut(name).filter(|value| value.origin != Origin::Default)?;
        *value = Value { text: setting.default.map(str::to_owned), origin: Origin::Default };
        Some(changed.with_data_folder())
    }

    /// The value, if there is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.text.as_deref())
    }

    /// Whether the value is the default.
    pub(crate) fn is_default(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.origin == Origin::Default)
    }

    /// The value parsed; the error names the setting and where its value came from.
    pub(crate) fn get<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<T, ConfigError> {
        self.read(name, str::parse)
    }

    /// The value as `parse` reads it; the error names the setting and where its value came from.
    pub(crate) fn read<T, E: std::fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        parse(self.text(name).unwrap_or_default())
            .map_err(|error| self.invalid(name, plain(error.to_string())))
    }

    /// An error about the value of a setting.
    pub(crate) fn invalid(&self, name: &str, reason: impl Into<String>) -> ConfigError {
        let (value, text) = (self.0.get(name), self.text(name).unwrap_or_default());
        let secret =
            SETTINGS.iter().any(|setting| setting.name == name && setting.holds == Holds::Secret);
        ConfigError::Invalid {
            setting: name.to_owned(),
            value: if secret { "…".to_owned() } else { masked(text) },
            origin: value.map_or(Origin::Default, |value| value.origin.clone()),
            reason: if is_cut_short(text) {
                "its password holds a character that ends the host's name: write / as %2F, ? as %3F and # as %23".to_owned()
            } else {
                masked_in(&reason.into(), text)
            },
        }
    }

    /// Refuses addresses whose password would be taken for something else, and so be shown or sent elsewhere.
    pub(crate) fn check_addresses(&self) -> Result<(), ConfigError> {
        let addresses = SETTINGS.iter().filter(|setting| setting.holds == Holds::Address);
        let mut cut = addresses.filter(|setting| self.text(setting.name).is_some_and(is_cut_short));
        cut.next().map_or(Ok(()), |setting| Err(self.invalid(setting.name, "")))
    }

    /// All settings as lines: name, value (secrets masked), origin.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String, String)> {
        let shown = |setting: &Setting| {
            let value = self.0.get(setting.name);
            let text = value.and_then(|value| value.text.clone());
            let text = text.map(|text| {
                if setting.holds == Holds::Secret { MASK.to_owned() } else { masked(&text) }
            });
            let origin = value.map_or(Origin::Default, |value| value.origin.clone());
            (setting.name, text.unwrap_or_default(), origin.to_string())
        };
        SETTINGS.iter().map(shown).collect()
    }
}

/// The messages of the standard parsers, in plain English.
fn plain(said: String) -> String {
    let plain = match said.as_str() {
        "invalid socket address syntax" => "is not an address and port such as 127.0.0.1:8080",
        "provided string was not `true` or `false`" => "is neither true nor false",
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "is not a whole number"
        }
        "number too large to fit in target type" | "number too small to fit in target type" => {
            "is a number out of range"
        }
        _ => return said,
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests;
