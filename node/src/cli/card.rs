use std::path::PathBuf;

use super::Context;
use crate::durable;
use crate::failure::Failure;
use crate::govern::desk::own_card;

/// Write the organisation's certificate as a file that members can admit.
///
/// The card holds public keys and signatures, no secret: send it by any way on which the receiver knows it is yours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum card > example-lab.card
  lyceum card example-lab.card")]
pub(super) struct Args {
    /// Where to write it [default: standard output].
    file: Option<PathBuf>,
}

pub(super) fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let card = own_card(&home)?;
    let bytes = card.to_bytes().map_err(|fault| Failure::new("the card cannot be written").because(&fault))?;
    if let Some(file) = &args.file {
        durable::write(&std::path::absolute(file).unwrap_or_else(|_| file.clone()), &bytes, durable::READABLE)
            .map_err(|fault| Failure::new(format!("cannot write {}", file.display())).because(&fault))?;
    }
    let name = card.tip().map(|tip| tip.name.as_str().to_owned()).unwrap_or_default();
    if context.out.is_json() {
        let file = args.file.as_ref().map(|file| file.display().to_string());
        let value = serde_json::json!({
            "org": card.org().to_string(), "name": name, "file": file, "card": data_encoding::BASE64.encode(&bytes),
        });
        return context.out.object(&value);
    }
    match args.file {
        Some(file) => context.out.line(&format!("Wrote the card of {name} ({}) to {}", card.org(), file.display())),
        None if context.out.is_terminal() => {
            Err(Failure::usage("a card is a binary file").next("write it to a file: lyceum card FILE"))
        }
        None => context.out.bytes(&bytes),
    }
}
