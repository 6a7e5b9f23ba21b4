//! The shapes of what commands print with `--json`, as JSON schemas.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use whimbrel_app::wire::{Failed, VERSION};

/// What makes the schema of a report.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The shape of one report.
pub(crate) fn shape<R: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<R>()
}

/// The schema of what a command prints: one of its reports, or an error in their place.
pub(crate) fn schema(command: &str, reports: &[Shape]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let failed: &[Shape] = &[shape::<Failed>];
    let any: Vec<Schema> =
        reports.iter().chain(failed).map(|shape| shape(&mut generator)).collect();
    let definitions: Map<String, Value> = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:whimbrel:{command}:{VERSION}"),
        "title": format!("whimbrel {command} --json"),
        "anyOf": any,
        "$defs": definitions,
    })
}
