//! The rules of a picture's stream: the bytes are recorded once, however often they are uploaded.

use contracts::picture::{self, Bytes, Picture, PictureEvent, Stored};
use kernel::Decider;

use crate::image::{self, NotAnImage};

/// Marks the rules of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Album;

/// Whether the bytes are recorded; they are in the log only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) is_stored: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Records a picture, unless it is recorded already.
    Store(Stored),
}

/// A file as a picture, with the name that its content gives it.
pub(crate) fn of_file(file: &[u8]) -> Result<Stored, NotAnImage> {
    let image::Image { kind, width, height } = image::read(file)?;
    let hash = picture::Hash(*blake3::hash(file).as_bytes());
    Ok(Stored { picture: Picture { hash, kind, width, height }, bytes: Bytes(file.to_vec()) })
}

impl Decider for Album {
    type State = State;
    type Command = Command;
    type Event = PictureEvent;
    type Rejection = std::convert::Infallible;

    fn decide(state: &State, command: &Command) -> Result<Vec<PictureEvent>, Self::Rejection> {
        let Command::Store(stored) = command;
        Ok(if state.is_stored { Vec::new() } else { vec![stored.clone().into()] })
    }

    fn evolve(state: &mut State, PictureEvent::Stored(_): &PictureEvent) {
        state.is_stored = true;
    }
}
