//! What a system calls its own in HTTP: the headers, and the titles of its documents.

use std::sync::Arc;

use hyper::{HeaderMap, header::HeaderName};

/// What a system calls its own in HTTP. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpNames(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    system: Option<String>,
    position: Spelled,
    admitted: HeaderName,
}

/// A header with the capitals that documents show.
#[derive(Debug)]
struct Spelled {
    text: String,
    name: HeaderName,
}

impl HttpNames {
    /// Those of a system called `system`: documents are titled `SYSTEM: SERVICE`, headers begin with its name.
    ///
    /// ```
    /// let names = web::HttpNames::of("Bank");
    /// assert_eq!(names.position().as_str(), "bank-position");
    /// ```
    ///
    /// # Panics
    /// If `system` is not made of letters, digits and hyphens.
    #[must_use]
    pub fn of(system: &str) -> Self {
        Self::new(
            Some(system.to_owned()),
            format!("{system}-Position"),
            &format!("{system}-Admitted"),
        )
    }

    fn new(system: Option<String>, position: String, admitted: &str) -> Self {
        let header = |text: &str| {
            HeaderName::try_from(text).expect("a system's name is letters, digits and hyphens")
        };
        let position = Spelled { name: header(&position), text: position };
        Self(Arc::new(Inner { system, position, admitted: header(admitted) }))
    }

    /// In answers: the position up to which they hold. In requests: the position that the client knows of.
    #[must_use]
    pub fn position(&self) -> &HeaderName {
        &self.0.position.name
    }

    /// On an answer to a request whose token was checked and holds. A gateway takes it off.
    #[must_use]
    pub fn admitted(&self) -> &HeaderName {
        &self.0.admitted
    }

    /// The header of positions as documents spell it.
    pub(crate) fn position_spelled(&self) -> &str {
        &self.0.position.text
    }

    /// The title of a service's document.
    pub(crate) fn title(&self, service: &str) -> String {
        let system = self.0.system.as_ref();
        system.map_or_else(|| service.to_owned(), |system| format!("{system}: {service}"))
    }

    /// Takes the mark of an admitted request off an answer; whether it was there.
    pub fn take_admitted(&self, headers: &mut HeaderMap) -> bool {
        headers.remove(self.admitted()).is_some()
    }
}

impl Default for HttpNames {
    /// Those of a system without a name: `Log-Position`, `Token-Admitted`, and documents titled by their service alone.
    fn default() -> Self {
        Self::new(None, "Log-Position".to_owned(), "Token-Admitted")
    }
}
