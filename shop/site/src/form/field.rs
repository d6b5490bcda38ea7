//! One field of a form: label, input, hint and what is wrong with it, tied together for every kind of reader.

use askama::{Template, filters::HtmlSafe};

/// A field as it is shown. In a template: `{{ form.field("Name", "Name").required() }}`.
#[derive(Clone, Debug, Template)]
#[template(path = "field.html")]
pub struct Field {
    name: &'static str,
    label: &'static str,
    kind: Kind,
    value: String,
    error: Option<String>,
    hint: &'static str,
    autocomplete: &'static str,
    required: bool,
    attributes: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Input(&'static str),
    Long,
    /// Value and label of each choice.
    Choice(Vec<(String, String)>),
}

impl Field {
    pub(super) fn new(
        name: &'static str,
        label: &'static str,
        value: String,
        error: Option<String>,
    ) -> Self {
        let kind = Kind::Input("text");
        let (hint, autocomplete) = ("", "off");
        Self {
            name,
            label,
            kind,
            value,
            error,
            hint,
            autocomplete,
            required: false,
            attributes: Vec::new(),
        }
    }

    /// A password: never shown again.
    #[must_use]
    pub fn password(mut self) -> Self {
        self.value.clear();
        self.kind(Kind::Input("password"))
    }

    #[must_use]
    pub fn email(self) -> Self {
        self.kind(Kind::Input("email"))
    }

    /// A whole number within limits.
    #[must_use]
    pub fn number(self, min: i64, max: i64) -> Self {
        self.kind(Kind::Input("number"))
            .with("min", min.to_string())
            .with("max", max.to_string())
            .with("step", "1")
    }

    /// An amount of money, such as `19.99`.
    #[must_use]
    pub fn amount(self) -> Self {
        self.with("inputmode", "decimal")
    }

    #[must_use]
    pub fn date(self) -> Self {
        self.kind(Kind::Input("date"))
    }

    /// A text of several lines.
    #[must_use]
    pub fn long(self) -> Self {
        self.kind(Kind::Long)
    }

    /// One of `choices`: values with their labels.
    #[must_use]
    pub fn choice(self, choices: &[(String, String)]) -> Self {
        self.kind(Kind::Choice(choices.to_vec()))
    }

    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// What the browser may fill in, by the names of the HTML standard.
    #[must_use]
    pub fn autocomplete(mut self, what: &'static str) -> Self {
        self.autocomplete = what;
        self
    }

    /// The longest text taken.
    #[must_use]
    pub fn longest(self, letters: usize) -> Self {
        self.with("maxlength", letters.to_string())
    }

    /// Any other attribute of the input.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The ids of what describes the input.
    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("hint-{}", self.name));
        let error = self.error.is_some().then(|| format!("error-{}", self.name));
        [error, hint].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl HtmlSafe for Field {}
