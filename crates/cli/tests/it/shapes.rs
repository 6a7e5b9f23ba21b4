//! What commands print with `--json` has the shape that `whimbrel schema` tells.
//!
//! Every test that reads a report as JSON looks at it here as well ([`look`]), and closed: a field
//! that the schema does not have is a mistake of the schema.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use crate::kit::{Project, root};

/// The schemas by their commands, each asked for once.
static KNOWN: LazyLock<Mutex<BTreeMap<String, Value>>> = LazyLock::new(Mutex::default);

/// Looks whether a command's report is as its schema says, if it has one.
pub(crate) fn look(command: &str, report: &Value) {
    if !root().join(format!("docs/schemas/{command}.json")).exists() {
        return;
    }
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let schema = known.entry(command.to_owned()).or_insert_with(|| {
        let path = format!("docs/schemas/{command}.json");
        let text = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    });
    let looking = Looking { schema };
    if let Err(why) = looking.at(schema, report, "report") {
        panic!("`{command} --json` is not as its schema says: {why}\n{report:#}");
    }
}

/// A schema, and what is left of it to follow.
struct Looking<'a> {
    schema: &'a Value,
}

impl Looking<'_> {
    /// Whether a value fits; why not, with where that is.
    fn at(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let Some(keywords) = schema.as_object() else {
            return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{place}: no")) };
        };
        for (keyword, is) in keywords {
            let fits = match keyword.as_str() {
                "$ref" => {
                    let to = is.as_str().and_then(|to| to.strip_prefix('#')).unwrap();
                    self.at(self.schema.pointer(to).unwrap(), value, place)?;
                    true
                }
                "type" => match is {
                    Value::Array(any) => any.iter().any(|one| is_of(one, value)),
                    one => is_of(one, value),
                },
                "const" => is == value,
                "enum" => is.as_array().unwrap().contains(value),
                "minimum" => value.as_f64().is_none_or(|number| number >= is.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= is.as_f64().unwrap()),
                "anyOf" | "oneOf" => {
                    let tried = is.as_array().unwrap().iter().map(|one| self.at(one, value, place));
                    let (fit, not): (Vec<_>, Vec<_>) = tried.partition(Result::is_ok);
                    if fit.is_empty() {
                        let why: Vec<String> = not.into_iter().filter_map(Result::err).collect();
                        return Err(why.join("\n or "));
                    }
                    keyword == "anyOf" || fit.len() == 1
                }
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.at(is, item, &format!("{place}[{number}]"))?;
                    }
                    true
                }
                "required" => {
                    let mut names =
                        is.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    value
                        .as_object()
                        .is_none_or(|object| names.all(|name| object.contains_key(name)))
                }
                "properties" => {
                    self.properties(is, keywords.get("additionalProperties"), value, place)?;
                    true
                }
                // Beside properties it is looked at with them.
                "additionalProperties" if keywords.contains_key("properties") => true,
                "additionalProperties" => {
                    for (name, one) in value.as_object().into_iter().flatten() {
                        self.at(is, one, &format!("{place}.{name}"))?;
                    }
                    true
                }
                "$schema" | "$id" | "$defs" | "title" | "description" | "format" | "default" => {
                    true
                }
                other => panic!("nobody looks at `{other}`"),
            };
            if !fits {
                return Err(format!("{place}: {keyword} {is} does not fit {value}"));
            }
        }
        Ok(())
    }

    fn properties(
        &self,
        properties: &Value,
        others: Option<&Value>,
        value: &Value,
        place: &str,
    ) -> Result<(), String> {
        for (name, one) in value.as_object().into_iter().flatten() {
            match (properties.get(name), others) {
                (Some(schema), _) | (None, Some(schema)) => {
                    self.at(schema, one, &format!("{place}.{name}"))?;
                }
                (None, None) => return Err(format!("{place}: `{name}` is in no schema")),
            }
        }
        Ok(())
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("nobody knows the type `{other}`"),
    }
}

#[test]
fn a_report_that_differs_is_told() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": { "a": { "type": ["integer", "null"] }, "b": { "$ref": "#/$defs/b" } },
        "$defs": { "b": { "oneOf": [{ "const": "x" }, { "const": "y" }] } },
    });
    let looking = Looking { schema: &schema };
    let at = |value: Value| looking.at(&schema, &value, "report").map_err(|why| why.clone());
    assert_eq!(at(serde_json::json!({ "a": 1, "b": "y" })), Ok(()));
    for (wrong, why) in [
        (serde_json::json!({ "b": "x" }), "required"),
        (serde_json::json!({ "a": "1" }), "report.a: type"),
        (serde_json::json!({ "a": null, "b": "z" }), "report.b: const"),
        (serde_json::json!({ "a": 1, "c": 2 }), "`c` is in no schema"),
    ] {
        let told = at(wrong.clone()).unwrap_err();
        assert!(told.contains(why), "{wrong}: {told}");
    }
}

#[test]
fn every_schema_is_listed_and_an_unknown_one_names_them() {
    let project = Project::new(&[]);
    let listed = project.done("schema").out;
    assert_eq!(
        project.done("schema --json").json()["commands"].as_array().unwrap().len(),
        listed.lines().count()
    );
    let mut files: Vec<String> = std::fs::read_dir(root().join("docs/schemas"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut names: Vec<String> = listed.lines().map(|name| format!("{name}.json")).collect();
    names.sort();
    assert_eq!(files, names);
    let said = project.run("schema completions");
    assert_eq!(said.code, 2, "{}", said.whole());
    assert!(said.err.contains("these do: init, new, status"), "{}", said.whole());
}
