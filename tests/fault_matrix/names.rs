//! Axes of a matrix: enumerations whose cells are called by name.

/// An enumeration of which all are known, each with its name in the output.
macro_rules! names {
    ($(#[$doc:meta])* $kind:ident { $( $(#[$about:meta])* $name:ident = $text:literal, )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $kind { $( $(#[$about])* $name, )* }

        impl $kind {
            pub(crate) const ALL: &'static [$kind] = &[$($kind::$name,)*];

            pub(crate) const fn name(self) -> &'static str {
                match self { $( $kind::$name => $text, )* }
            }
        }
    };
}
