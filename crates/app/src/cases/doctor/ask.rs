//! Asks a database many things at once, writing nothing.

use whimbrel_engine::wire::{Answer, Failure, ServerError, Session};

/// What each message begins with; nothing can be written after it.
const BEGIN: &str = "begin transaction isolation level repeatable read read only";

/// Asks everything in one message and one read-only transaction.
///
/// A question that fails ends that transaction, and the rest is asked in another: so what one role
/// or one server cannot answer keeps nobody from the other answers.
pub(super) async fn ask(
    session: &mut Session,
    questions: &[String],
) -> Result<Vec<Result<Answer, Box<ServerError>>>, Failure> {
    let mut results: Vec<Result<Answer, Box<ServerError>>> = Vec::new();
    while results.len() < questions.len() {
        let rest = &questions[results.len()..];
        let message = format!("{BEGIN};\n{};\ncommit", rest.join(";\n"));
        match session.simple(&message).await {
            Ok(answers) => {
                let answers = answers.into_iter().skip(1).take(rest.len());
                results.extend(answers.map(Ok));
            }
            Err(Failure::Server { error, completed, answers, lost: false }) if completed > 0 => {
                results.extend(answers.into_iter().skip(1).map(Ok));
                results.push(Err(error));
                session.simple("rollback").await?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(results)
}
