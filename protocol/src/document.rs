//! Documents (certificates and charters), motions, and the signatures on them: the objects themselves.
//!
//! Each is decoded and checked for all that it says alone. What follows from several together is for
//! [`crate::documents`] and [`crate::governance`].

pub mod certificate;
pub mod charter;
pub mod motion;
pub mod signature;

use std::sync::Arc;

use crate::codec::CodecError;

/// Why a document, motion or signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// Not the encoding of the object.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It breaks a rule that it can be held to alone.
    #[error("{0}")]
    Rule(&'static str),
    /// The signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
}

/// An object with the bytes that it was read from and the id that these give. Cheap to clone.
#[derive(Debug)]
pub struct Object<Id, T>(Arc<ObjectParts<Id, T>>);

#[derive(Debug)]
struct ObjectParts<Id, T> {
    id: Id,
    bytes: Vec<u8>,
    value: T,
}

impl<Id: Copy, T> Object<Id, T> {
    /// Only the readers of the object types make objects, after all checks.
    fn new(id: Id, bytes: Vec<u8>, value: T) -> Self {
        Self(Arc::new(ObjectParts { id, bytes, value }))
    }

    /// Its id.
    pub fn id(&self) -> Id {
        self.0.id
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl<Id, T> Clone for Object<Id, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Id, T> std::ops::Deref for Object<Id, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<Id: PartialEq, T> PartialEq for Object<Id, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl<Id: Eq, T> Eq for Object<Id, T> {}

/// Whether a list is strictly ascending by `key`: sorted, without repeats.
pub(crate) fn ascending<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> bool {
    items.windows(2).all(|pair| match pair {
        [a, b] => key(a) < key(b),
        _ => true,
    })
}
