//! Settings in files: as TOML, or a single value in the file that a variable `…_FILE` names.

use std::{collections::BTreeMap, fs, path::Path};

use super::{ConfigError, SETTINGS};

/// The settings in a file.
pub(super) fn parse_file(path: &Path, text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::File {
        file: path.into(),
        // Not the error's own text: that shows the line, which may hold a secret.
        reason: format!("line {}: {}", line(text, &error), error.message().trim()),
    })?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        if !SETTINGS.iter().any(|setting| setting.name == name) {
            return Err(ConfigError::UnknownInFile { file: path.into(), name });
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(value) => value.to_string(),
            toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
                let reason = format!("{name} must be a string or a number");
                return Err(ConfigError::File { file: path.into(), reason });
            }
        };
        values.insert(name, text);
    }
    Ok(values)
}

/// The line of an error, from 1.
fn line(text: &str, error: &toml::de::Error) -> usize {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.unwrap_or_default().matches('\n').count() + 1
}

/// The value in the file that a variable names.
pub(super) fn kept(path: &str, variable: &str) -> Result<String, ConfigError> {
    let wrong = |reason: String| {
        let reason = format!("{reason} (named by {variable})");
        ConfigError::File { file: path.into(), reason }
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    match text.trim_end_matches(['\n', '\r']) {
        "" => Err(wrong("is empty".to_owned())),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_file_is_found_by_its_line_which_is_not_shown() {
        for (text, line) in [
            ("currency = \"EUR\"\nshop-secret = \"hush", "line 2: "),
            ("bus = amqp://me:hush@host/shop", "line 1: "),
            ("\n\nadmin-password = 'hush' hush", "line 3: "),
            ("admin-password = 'hush'\nadmin-password = 'hush'", "line 2: "),
        ] {
            let said = parse_file(Path::new("shop.toml"), text).expect_err(text).to_string();
            assert!(said.starts_with("shop.toml: ") && said.contains(line), "{said}");
            assert!(!said.contains("hush") && !said.contains('\n'), "{said}");
        }
    }
}
