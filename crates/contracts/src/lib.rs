//! The published language: every event and REST type that crosses a service's border.
