//! Everything that can be wrong with a request, derived from what the OpenAPI document says of the call.

use serde_json::{Map, Value, json};

use super::{calls::Call, shop::Asked};

/// A request with one thing wrong, and how it is to be refused.
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) asked: Asked,
    pub(super) status: u16,
    /// The field at fault, where it is one.
    pub(super) field: Option<String>,
}

/// What the document says of one call.
pub(super) struct Operation<'a> {
    document: &'a Value,
    operation: &'a Value,
}

/// The largest body that is taken.
const BODY_BYTES_MAX: usize = 64 * 1024;

impl<'a> Operation<'a> {
    pub(super) fn of(document: &'a Value, call: &Call) -> Self {
        let operation = &document["paths"][call.path][call.method.to_lowercase()];
        assert!(operation.is_object(), "{} is not in the document", call.name());
        Self { document, operation }
    }

    /// Whether it takes an `Idempotency-Key`.
    pub(super) fn is_keyed(&self) -> bool {
        self.parameters("header").any(|parameter| parameter["name"] == "Idempotency-Key")
    }

    pub(super) fn needs_token(&self) -> bool {
        self.operation.get("security").is_some()
    }

    fn parameters(&self, place: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.operation["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    /// The schema itself, where a reference stands for it.
    fn schema(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.schema(self.document.pointer(pointer).expect("it is there")),
            None => schema,
        }
    }

    /// The alternatives of a schema, each with a single type.
    fn alternatives(&self, schema: &'a Value) -> Vec<Value> {
        let schema = self.schema(schema);
        let choices = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
        if let Some(choices) = choices {
            return choices.iter().flat_map(|choice| self.alternatives(choice)).collect();
        }
        let Some(types) = schema["type"].as_array() else { return vec![schema.clone()] };
        let with_type = |kind: &Value| {
            let mut single = schema.clone();
            single["type"] = kind.clone();
            single
        };
        types.iter().map(with_type).collect()
    }

    /// The fields of the JSON body, if there is one: name, schema, whether it is needed.
    fn fields(&self) -> Vec<(&'a str, &'a Value, bool)> {
        let body = &self.operation["requestBody"]["content"]["application/json"]["schema"];
        let body = self.schema(body);
        let needed =
            |name: &str| body["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
        let fields = body["properties"].as_object().into_iter().flatten();
        fields.map(|(name, schema)| (name.as_str(), schema, needed(name))).collect()
    }

    pub(super) fn faults(&self, call: &Call) -> Vec<Fault> {
        let mut faults = self.of_body(call);
        faults.extend(self.of_query(call));
        faults.extend(self.of_path(call));
        faults.extend(self.of_headers(call));
        faults
    }

    fn of_body(&self, call: &Call) -> Vec<Fault> {
        let Some(good) = &call.body else { return Vec::new() };
        let mut faults = Faults { asked: call.asked(&call.good_query()), found: Vec::new() };
        faults.of_whole_body(&good.to_string());
        let members = good.as_object().expect("bodies are objects");
        for (name, schema, needed) in self.fields() {
            let mut without = members.clone();
            without.remove(name);
            if needed {
                faults.member("is missing", name, &without, None);
            }
            for wrong in wrong_values(&self.alternatives(schema)) {
                faults.member(&format!("is {wrong:.40}"), name, &without, Some(&wrong));
            }
            let twice = format!("{{\"{name}\":1,{}", &good.to_string()[1..]);
            if members.contains_key(name) {
                faults.body(&format!("{name} is there twice"), twice.into(), 422, Some(name));
            }
        }
        faults.member("is unknown", "Unknown", members, Some("1"));
        faults.member("is unknown", "\\u0000", members, Some("1"));
        faults.found
    }

    fn of_query(&self, call: &Call) -> Vec<Fault> {
        if call.method != "GET" {
            return Vec::new();
        }
        let mut faults = Vec::new();
        let mut add = |what: String, query: &str, status, field: Option<&str>| {
            let field = field.map(str::to_owned);
            faults.push(Fault { what, asked: call.asked(query), status, field });
        };
        let good = call.good_query();
        let takes_query = self.parameters("query").next().is_some();
        for parameter in self.parameters("query") {
            let name = parameter["name"].as_str().expect("parameters have names");
            let mut others = call.query.clone();
            others.retain(|(other, _)| *other != name);
            let others = serde_urlencoded::to_string(&others).expect("pairs of texts");
            let needed = parameter["required"] == true;
            if needed {
                add(format!("{name} is missing"), &others, 422, Some(name));
            }
            for bad in ["%00", "%ff", "%zz", "%f"] {
                add(format!("{name} is {bad}"), &format!("{others}&{name}={bad}"), 400, None);
            }
            for wrong in wrong_texts(&self.alternatives(&parameter["schema"])) {
                let pair = serde_urlencoded::to_string([(name, &wrong)]).expect("a pair of texts");
                add(format!("{name} is {wrong:.40}"), &format!("{others}&{pair}"), 422, Some(name));
            }
            if call.query.iter().any(|(given, _)| *given == name) {
                let again =
                    call.query.iter().filter(|(given, _)| *given == name).collect::<Vec<_>>();
                let again = serde_urlencoded::to_string(&again).expect("pairs of texts");
                add(format!("{name} is there twice"), &format!("{good}&{again}"), 422, Some(name));
            }
        }
        if takes_query {
            add(
                "a parameter is unknown".into(),
                &format!("{good}&Unknown=1"),
                422,
                Some("Unknown"),
            );
        }
        faults
    }

    #[expect(clippy::unused_self, reason = "one of several of the same shape")]
    fn of_path(&self, call: &Call) -> Vec<Fault> {
        let Some((name, _)) = &call.in_path else { return Vec::new() };
        let wrong = [("%00", 400, None), ("a%ffb", 400, None), (&"x".repeat(65), 422, Some(*name))];
        let spoiled = wrong.map(|(value, status, field)| {
            let mut call = call.clone();
            call.in_path = Some((name, value.to_owned()));
            let what = format!("{name} is {value:.40}");
            Fault { what, asked: call.good(), status, field: field.map(str::to_owned) }
        });
        spoiled.into()
    }

    fn of_headers(&self, call: &Call) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |what: &str, asked, status| {
            faults.push(Fault { what: what.to_owned(), asked, status, field: None });
        };
        let other = if call.method == "GET" { "DELETE" } else { "PUT" };
        let mut wrong_method = call.good();
        other.clone_into(&mut wrong_method.method);
        add("another method", wrong_method, 405);
        if self.is_keyed() {
            for key in ["", "with space", "smörgås", &"k".repeat(129)] {
                let asked = call.good().header("idempotency-key", key);
                add(&format!("the Idempotency-Key {key:?}"), asked, 400);
            }
        }
        // Those of the event store and the gateway answer from no model that could be behind.
        // These answer from no model of their own.
        if !["/events/", "/system/", "/demo/"].iter().any(|none| call.path.starts_with(none)) {
            for position in ["x", "-1", "1.5", "99999999999999999999", ""] {
                let asked = call.good().header("agora-position", position);
                add(&format!("the position {position:?}"), asked, 400);
            }
        }
        faults
    }
}

/// The faults found so far in the body of one request.
struct Faults {
    asked: Asked,
    found: Vec<Fault>,
}

impl Faults {
    fn body(&mut self, what: &str, body: Vec<u8>, status: u16, field: Option<&str>) {
        let (what, field) = (what.to_owned(), field.map(str::to_owned));
        self.found.push(Fault { what, asked: self.asked.clone().body(body), status, field });
    }

    /// The object with one more member, its value written as given.
    fn member(&mut self, what: &str, name: &str, others: &Map<String, Value>, value: Option<&str>) {
        let mut members: Vec<String> = others
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::String(name.clone())))
            .collect();
        members.extend(value.map(|value| format!("\"{name}\":{value}")));
        let body = format!("{{{}}}", members.join(","));
        let field = name.replace("\\u0000", "\0");
        self.body(&format!("{name} {what}"), body.into(), 422, Some(&field));
    }

    fn of_whole_body(&mut self, good: &str) {
        let inside = &good[..good.len() - 1];
        let deep = |depth| format!("{inside},\"X\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for (what, body) in [
            ("no body", String::new()),
            ("half a body", inside.to_owned()),
            ("more than a body", format!("{good}}}")),
            ("a null byte behind the body", format!("{good}\0")),
            ("a null byte in a string", format!("{inside},\"X\":\"\0\"}}")),
            ("half a character", format!("{inside},\"X\":\"\\ud800\"}}")),
            ("JSON of JavaScript", format!("{inside},\"X\":NaN}}")),
            ("deep JSON", deep(30_000)),
        ] {
            self.body(what, body.into(), 400, None);
        }
        self.body("deep JSON that can still be read", deep(100).into(), 422, Some("X"));
        let mut not_utf8 = format!("{inside},\"X\":\"").into_bytes();
        not_utf8.extend(b"\xff\"}");
        self.body("invalid UTF-8", not_utf8, 400, None);
        for whole in ["[]", "null", "7", "\"text\"", "true"] {
            self.body(&format!("{whole} as the body"), whole.into(), 422, None);
        }
        let blank = " ".repeat(BODY_BYTES_MAX + 1 - good.len());
        self.body("a body over 64 KiB", format!("{good}{blank}").into(), 413, None);
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "json"]
        {
            let asked = self.asked.clone().body(good.to_owned()).header("content-type", kind);
            self.found.push(Fault {
                what: format!("the content type {kind:?}"),
                asked,
                status: 415,
                field: None,
            });
        }
        let mut untyped = self.asked.clone().body(good.to_owned());
        untyped.headers.remove("content-type");
        self.found.push(Fault {
            what: "no content type".into(),
            asked: untyped,
            status: 415,
            field: None,
        });
    }
}

fn is_kind(alternatives: &[Value], kind: &str) -> bool {
    alternatives.iter().any(|alternative| alternative["type"] == kind)
}

/// JSON that is a value of none of these schemas.
fn wrong_values(alternatives: &[Value]) -> Vec<String> {
    let kind = |kind| is_kind(alternatives, kind);
    let mut wrong: Vec<String> = ["[]", "{}", "[1]"].map(str::to_owned).into();
    wrong.extend((!kind("boolean")).then(|| "true".to_owned()));
    wrong.extend((!kind("null")).then(|| "null".to_owned()));
    if kind("integer") || kind("number") {
        wrong.extend(["1e400", "-1e400", "\"NaN\"", "\"1,5\"", "\"\"", "1e30"].map(str::to_owned));
    } else {
        wrong.extend(["7", "-1", "1e400"].map(str::to_owned));
    }
    if !kind("string") {
        wrong.push("\"1x\"".into());
    }
    wrong.extend(
        alternatives
            .iter()
            .flat_map(beyond_bounds)
            .map(|(number, text)| if text { Value::String(number).to_string() } else { number }),
    );
    wrong
}

/// Values of the query that are of none of these schemas.
fn wrong_texts(alternatives: &[Value]) -> Vec<String> {
    let mut wrong: Vec<String> =
        alternatives.iter().flat_map(beyond_bounds).map(|(text, _)| text).collect();
    if is_kind(alternatives, "integer") {
        let numbers = ["x", "", "-1", "1.5", "1e400", "NaN", "99999999999999999999", "0x10", " 1"];
        wrong.extend(numbers.map(str::to_owned));
    }
    wrong
}

/// Values just outside of what a schema allows, and whether they are texts.
fn beyond_bounds(schema: &Value) -> Vec<(String, bool)> {
    let mut beyond = Vec::new();
    let text = |text: &str| (text.to_owned(), true);
    match schema["type"].as_str() {
        Some("integer") => {
            let outside = [
                schema["minimum"].as_i64().map(|least| i128::from(least) - 1),
                schema["maximum"].as_i64().map(|most| i128::from(most) + 1),
            ];
            beyond.extend(outside.into_iter().flatten().map(|number| (number.to_string(), false)));
            beyond.push(("1.5".into(), false));
        }
        Some("number") => {
            let least = schema["minimum"].as_f64().unwrap_or(0.0);
            beyond.extend(
                [format!("{:.2}", least - 0.01), "1.999".into(), "1000000000.01".into()]
                    .map(|number| (number, false)),
            );
        }
        Some("string") if schema["format"] == "uuid" => {
            beyond.extend(["", "7", "0190c7f2", "0190c7f2-8b1e-7c3a-9f00-1234567890ag"].map(text));
        }
        Some("string") if schema["format"] == "date-time" => {
            beyond.extend(
                ["", "now", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00"].map(text),
            );
        }
        Some("string") if schema.get("enum").is_some() => {
            beyond.extend(["", "Other", "all"].map(text));
        }
        Some("string") => {
            if let Some(most) = schema["maxLength"].as_u64() {
                beyond
                    .push(("x".repeat(usize::try_from(most + 1).expect("texts are short")), true));
            }
            if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
                beyond.push(text(""));
            }
            beyond.push(text("a\u{7f}b"));
        }
        _ => {}
    }
    beyond
}
