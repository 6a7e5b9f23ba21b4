//! `[hooks]`, and `[env.NAME.hooks]`.

use toml::de::DeTable;

use super::{Config, list, table, text};

/// What runs around migrations, each a path that ends in `.sql` or a line for the shell; `None`
/// where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HooksConfig {
    /// Before the first of them.
    pub before: Option<Vec<String>>,
    /// After all went well.
    pub after: Option<Vec<String>>,
    /// After something did not.
    pub after_failure: Option<Vec<String>>,
}

impl HooksConfig {
    /// What the table `hooks` in a table says.
    pub(super) fn of(parent: &DeTable<'_>) -> Self {
        let Some(hooks) = table(parent, "hooks") else { return Self::default() };
        let texts = |name: &str| {
            hooks.get(name)?;
            Some(text(hooks, name).map_or_else(|| list(hooks, name), |text| vec![text]))
        };
        Self {
            before: texts("before"),
            after: texts("after"),
            after_failure: texts("after_failure"),
        }
    }
}

impl Config {
    /// The hooks of an environment.
    pub fn hooks_in(&self, environment: Option<&str>) -> HooksConfig {
        let here = environment.and_then(|name| Some(self.environments.get(name)?.hooks.clone()));
        let (here, all) = (here.unwrap_or_default(), self.hooks.clone());
        HooksConfig {
            before: here.before.or(all.before),
            after: here.after.or(all.after),
            after_failure: here.after_failure.or(all.after_failure),
        }
    }
}
