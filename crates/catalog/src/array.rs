//! Arrays as Postgres writes them: `{a,"b c",NULL}`.

/// The elements of a one-dimensional array; a null is an empty text.
pub(crate) fn elements(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return Vec::new();
    };
    let mut elements = Vec::new();
    let mut element = String::new();
    let mut letters = inner.chars();
    let (mut quoted, mut was_quoted) = (false, false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => element.extend(letters.next()),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => {
                push(&mut elements, std::mem::take(&mut element), was_quoted);
                was_quoted = false;
            }
            other => element.push(other),
        }
    }
    if !inner.is_empty() {
        push(&mut elements, element, was_quoted);
    }
    elements
}

fn push(elements: &mut Vec<String>, element: String, was_quoted: bool) {
    let is_null = element == "NULL" && !was_quoted;
    elements.push(if is_null { String::new() } else { element });
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn an_array_is_read_as_postgres_writes_it() {
        assert_eq!(elements("{}"), Vec::<String>::new());
        assert_eq!(elements("{a,b}"), ["a", "b"]);
        assert_eq!(
            elements(r#"{"a,b","c\"d","e\\f",NULL,"NULL",""}"#),
            ["a,b", "c\"d", "e\\f", "", "NULL", ""]
        );
    }
}
