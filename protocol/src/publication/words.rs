//! Closed sets of words that a field may hold.

/// A field whose value is one of a few words.
pub(super) trait Word: Copy + 'static {
    /// All words, in their order.
    const WORDS: &'static [&'static str];
    /// The value of a word.
    fn of(word: &str) -> Option<Self>;
}

/// An enum, each variant with its word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All words, in their order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The value of a word.
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Its word.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::publication::words::Word for $name {
            const WORDS: &'static [&'static str] = Self::WORDS;
            fn of(word: &str) -> Option<Self> {
                Self::of(word)
            }
        }
    };
}

pub(super) use words;
