//! Puts the migrations into the binary.

fn main() -> Result<(), whimbrel_embed::EmbedError> {
    whimbrel_embed::embed(&["migrations"])
}
