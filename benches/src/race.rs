//! Contenders that run by turns, so that whatever else the machine does meets all of them alike.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// Milliseconds of several rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1000.0);
    }

    /// The least: the work itself, with the least of what others did meanwhile.
    pub(crate) fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => sorted[length / 2],
            length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
        }
    }
}

/// One of those who race. What comes before and after its time is not measured.
pub(crate) struct Contender<'a> {
    pub(crate) name: String,
    turn: Box<dyn FnMut() -> Outcome<Duration> + 'a>,
    pub(crate) times: Times,
}

impl<'a> Contender<'a> {
    /// Says how its turn is taken; the turn answers how long it took.
    pub(crate) fn new(
        name: impl Into<String>,
        turn: impl FnMut() -> Outcome<Duration> + 'a,
    ) -> Self {
        Self { name: name.into(), turn: Box::new(turn), times: Times::default() }
    }
}

/// Has everybody take a turn a round, in another order each round. The first round only warms up.
pub(crate) fn race(contenders: &mut [Contender<'_>], rounds: usize) -> Outcome<()> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        dice.shuffle(&mut order);
        for number in order {
            let contender = &mut contenders[number];
            let time =
                (contender.turn)().map_err(|error| format!("{}: {error}", contender.name))?;
            if round > 0 {
                contender.times.add(time);
            }
        }
    }
    Ok(())
}

/// Always the same dice, so that two calls differ in nothing but the machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            let bound = u64::try_from(at + 1).unwrap_or(1);
            let other = usize::try_from(self.next() % bound).unwrap_or(0);
            order.swap(at, other);
        }
    }
}

/// Runs a program to its end, from the outside of the process, as a user waits for it.
pub(crate) fn time(command: &mut Command) -> Outcome<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.spawn()?.wait_with_output()?;
    let took = start.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let begins: Vec<&str> = said.lines().take(20).collect();
    Err(format!("{command:?} ended with {}: {}", output.status, begins.join("\n")).into())
}

/// Runs a program and answers what it wrote.
pub(crate) fn text(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} ended with {}: {said}", output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program and answers the most memory it ever had, in kilobytes: `VmHWM`, looked at until
/// it is gone.
pub(crate) fn peak(command: &mut Command) -> Outcome<u64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let path = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        most = most.max(seen.unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            return if status.success() {
                Ok(most)
            } else {
                Err(format!("{command:?} ended with {status}").into())
            };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let mut times = Times::default();
        for milliseconds in [4, 1, 3, 2] {
            times.add(Duration::from_millis(milliseconds));
        }
        assert!((times.median() - 2.5).abs() < 1e-9);
        assert!((times.least() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn everybody_takes_a_turn_a_round() {
        let turns = std::cell::Cell::new(0);
        let turn = || {
            turns.set(turns.get() + 1);
            Ok(Duration::from_millis(1))
        };
        let mut both = [Contender::new("a", turn), Contender::new("b", turn)];
        race(&mut both, 3).unwrap();
        drop(both);
        assert_eq!(turns.get(), 2 * (3 + 1));
    }
}
