//! Validation rules of single fields, and their OpenAPI documentation.

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use web::FieldErrors;

use crate::password::NewPassword;

/// The document's words for [`check_user_name`].
pub(super) fn user_name() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Of `a-z 0-9 . _ -`; it can never be changed."))
        .min_length(Some(3))
        .max_length(Some(64))
        .pattern(Some("^[a-z0-9._-]+$"))
        .build()
}

pub(super) fn check_user_name(errors: &mut FieldErrors, user_name: &str) {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
    };
    let holds = user_name.bytes().all(allowed);
    errors.check("UserName", holds, "must be of a-z, 0-9, '.', '_' and '-' only");
}

/// The document's words for [`check_email`].
pub(super) fn email() -> Object {
    email_of(Type::String.into())
}

/// The same where none may be given.
pub(super) fn email_if_any() -> Object {
    email_of(SchemaType::from_iter([Type::String, Type::Null]))
}

fn email_of(kind: SchemaType) -> Object {
    // No whitespace and no control characters, and a single @ between what is left.
    const PATTERN: &str = r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+$";
    ObjectBuilder::new()
        .schema_type(kind)
        .min_length(Some(3))
        .max_length(Some(254))
        .pattern(Some(PATTERN))
        .build()
}

pub(super) fn check_email(errors: &mut FieldErrors, email: &str) {
    let whole =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace());
    let holds = email.split_once('@').is_some_and(|(user, host)| whole(user) && whole(host));
    errors.check("Email", holds, "must be an address such as ada@example.com");
}

pub(super) fn check_password(errors: &mut FieldErrors, password: &NewPassword, user: &str) {
    errors.check("Password", !password.is_name(user), "must not be the user name");
}
