//! A plan as people read it.

use std::fmt;

use super::{Mode, Plan, Planned};

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// As a script that psql runs as it is.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let makes_functions = |planned: &Planned| {
            let text = planned.step.to_string();
            ["function ", "or replace function ", "procedure ", "or replace procedure "].iter().any(
                |words| text.strip_prefix("create ").is_some_and(|rest| rest.starts_with(words)),
            )
        };
        if self.steps.iter().any(makes_functions) {
            writeln!(f, "set check_function_bodies = off;\n")?;
        }
        let mut above: Option<&Planned> = None;
        for planned in &self.steps {
            if above.is_some_and(|above| above.root != planned.root) {
                writeln!(f)?;
            }
            for hazard in &planned.step.hazards {
                writeln!(f, "-- {}", hazard.text.replace('\n', " "))?;
            }
            writeln!(f, "{};", planned.step)?;
            if planned.step.mode == Mode::CommitAfter {
                writeln!(f, "-- commit here: what is added can be used only after that")?;
            }
            above = Some(planned);
        }
        Ok(())
    }
}
