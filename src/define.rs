//! The macro `loss!`, which writes a loss's struct and its documentation.

/// The text about types, reductions and errors in the documentation of every loss. The text about labels and limits depends on
/// the family. The literal is the crate's name, for links.
#[doc(hidden)]
#[macro_export]
macro_rules! loss_page {
    ($name:literal, Softmax) => { $crate::loss_page!(@labelled $name, "", "") };
    ($name:literal, ClassSum) => { $crate::loss_page!(@labelled $name, "", "") };
    ($name:literal, Linear) => { $crate::loss_page!(@labelled $name, "", $crate::loss_page!(@tiles $name)) };
    ($name:literal, Segments) => {
        $crate::loss_page!(@page $name, "Labels and segments are integers. ", "",
            concat!("\n- [`LabelOutOfRange`](", $name, "::Error::LabelOutOfRange): a label or a segment is outside its range. If it is \
                on a GPU, the next read of a result gives this error, and the row takes no part until then."),
            concat!(" A GPU takes up to 2,621,440 rows, and up to 2^38 for rows times segments.", $crate::loss_page!(@tiles $name)))
    };
    ($name:literal, LinearDivergence) => {
        $crate::loss_page!(@page $name, "", "", "", $crate::loss_page!(@tiles $name))
    };
    ($name:literal, Region) => {
        $crate::loss_page!(@labelled $name,
            "; or the input has one channel, and the activation is softmax or class 0 is left out",
            " A GPU takes up to 8,192 classes.")
    };
    ($name:literal, Similarity) => {
        $crate::loss_page!(@page $name, "",
            concat!("; or [`rows_from`](", $name, "::Term::rows_from) does not go with the other options"),
            "", $crate::loss_page!(@tiles $name))
    };
    ($name:literal, Hardest) => {
        $crate::loss_page!(@page $name, "",
            concat!("; or [`rows_from`](", $name, "::Term::rows_from) goes without anchors"),
            "", $crate::loss_page!(@tiles $name))
    };
    ($name:literal, Gram) => {
        $crate::loss_page!(@page $name, "", "", "", " A GPU takes up to 32,768 channels and 2,097,152 positions of an item.")
    };
    ($name:literal, Alignments) => {
        $crate::loss_page!(@page $name, "Labels and lengths are integers. ", "; or the blank is no class",
            concat!("\n- [`LabelOutOfRange`](", $name, "::Error::LabelOutOfRange): a label or a length is outside its range. If it is \
                on a GPU, the next read of a result gives this error, and the item takes no part until then."),
            " A GPU takes up to 8,192 labels of an item, and works in blocks of steps and of items that have to fit the workspace bound and \
             16,384 dispatches.")
    };
    ($name:literal, $family:ident) => { $crate::loss_page!(@page $name, "", "", "", "") };

    (@labelled $name:literal, $option:expr, $limits:expr) => {
        $crate::loss_page!(@page $name, "Labels are integers. ", $option,
            concat!("\n- [`LabelOutOfRange`](", $name, "::Error::LabelOutOfRange): the target holds a label outside its \
                range. If the labels are on a GPU, the next read of a result gives this error, and the label counts as \
                ignored until then."),
            $limits)
    };
    (@tiles $name:literal) => {
        concat!(" A GPU takes rows of up to 32,768 elements, and works in blocks that have to fit the workspace bound \
            and 16,384 dispatches. The CPU stores all pairs, which have to fit its [memory bound](", $name,
            "::cpu::set_memory_bound).")
    };
    (@page $name:literal, $integers:expr, $option:expr, $label:expr, $limits:expr) => {
        concat!(
            "# Types and reductions\n\nFloats are `f32`, `f16`, `bf16` or `f64`; a GPU stores `f64` as `f32`. ", $integers,
            "Integers are `i32`, `u32`, `u8` or `i64`, or `bool` for 0 and 1; a mask may hold them too. ",
            "A GPU computes in `f32` and gives a gradient in its operand's type; the CPU computes and gives `f64`.\n\n",
            "[`Extra::SampleWeight`](", $name, "::Extra::SampleWeight), if the loss takes it, multiplies each value. Its shape \
            is that of the unreduced loss. For a loss of elements it may also be `[N]`, a factor for each item. For a loss of \
            regions it multiplies each position in every sum. In a mean, a value's factor also multiplies what the value adds \
            to the denominator. A factor of 0 is no mask: 0 times infinity is NaN.\n\n",
            "`mean` is the default [reduction](", $name, "::Term::reduce). It divides by the number of values that take part, \
            unless this page names another denominator. A mean over nothing is NaN, or 0 under \
            [`empty_is_zero`](", $name, "::Term::empty_is_zero), and its gradient is 0. A NaN that takes part makes the loss NaN.\n\n",
            "# Errors\n\nA call gives one of these errors before it computes anything:\n\n",
            "- [`InvalidOption`](", $name, "::Error::InvalidOption): an option is outside its range, or the loss does not \
            take the reduction", $option, ".\n",
            "- [`InvalidOperand`](", $name, "::Error::InvalidOperand): an operand is missing, given twice or unknown, or a \
            gradient is asked of an operand that has none.\n",
            "- [`UnsupportedDtype`](", $name, "::Error::UnsupportedDtype): an operand has a type that it cannot have.\n",
            "- [`ShapeMismatch`](", $name, "::Error::ShapeMismatch): the shape of an operand is not the one above.",
            $label,
            "\n- [`TooLarge`](", $name, "::Error::TooLarge): there are more elements than a loss can have, or more work \
            than the device can do.", $limits,
            "\n\n[`Error`](", $name, "::Error) lists all errors, also those of a device.",
        )
    };
}

/// The targets of the links to [`Extra`](crate::Extra), [`Error`](crate::Error) and [`Term`](crate::Term) that a loss's
/// documentation may contain.
#[doc(hidden)]
#[macro_export]
macro_rules! loss_links {
    ($name:literal) => { $crate::loss_links!($name,
        "Extra::Weight" "Extra::Mask" "Extra::PosWeight" "Extra::Alpha" "Extra::ClassWeight" "Extra::Margin" "Extra::Sample" "Extra::Sigmas" "Extra::Entropy" "Extra::Kl" "Extra::Negatives"
        "Extra::LogitScale" "Extra::Bias" "Extra::Labels" "Extra::Anchors"
        "Error::InvalidOption" "Error::LabelOutOfRange" "Term::rows_from" "Term::keys_from")
    };
    ($name:literal, $($item:literal)+) => { concat!($("\n[`", $item, "`]: ", $name, "::", $item),+) };
}

/// Writes a loss's struct from its documentation, its required operands, its family, and its options.
///
/// A loss of your own needs what this crate's losses have: the struct, a static `HEADER`, and the leaf in Rust and in WGSL.
/// [`custom`](crate::custom) lists what the WGSL may use.
/// Each option has a type, a default and a range. The type is one name, or one name with one argument as in `Option<f32>`. The
/// range is written out, as in `Range::AtLeast(0.0)`.
///
/// The macro adds the default and the range to the option's documentation. To the loss's documentation it adds types,
/// reductions, errors, and the targets of links such as `` [`Extra::Weight`] ``. It writes `new`, and for each option a
/// method that sets it: `Quartic::new().scale(0.5)` is `Quartic { scale: 0.5, ..Default::default() }`. Only doc comments
/// may stand before the struct, because [`Loss::page`](crate::Loss::page) returns them.
///
/// Some shader compilers reject, miscompile or take long over code that others accept. In the WGSL of a leaf,
/// - write `a & b` and `a | b` instead of `a && b` and `a || b`, and `select` instead of `if` with `else` or an early
///   `return`. In SwiftShader, which headless browsers run on, the compile time doubles with each branch after about twenty.
/// - index no vector with a value that is not constant. FXC, the older compiler of DX12, makes all components NaN if one is
///   NaN or infinite. An array may be indexed.
/// - test for NaN with `is_nan`, which looks at the bits. `x != x` is false in Metal and FXC.
/// - multiply with `part_of(share, v)` where a share of 0 has to give 0 even if `v` is infinite.
///
/// ```
/// use wgloss::custom::{ElementScore, Pointwise};
/// use wgloss::header::{Denominator, Header, OperandSpec, Range, Role, Source};
/// use wgloss::{Array, Reduction, cpu};
///
/// wgloss::loss! {
///     /// The fourth power of the difference, scaled.
///     pub struct Quartic of (input, target) as Pointwise {
///         /// The factor.
///         pub scale: f32 = 1.0, Range::AtLeast(0.0);
///     }
/// }
///
/// static HEADER: Header = Header {
///     id: "quartic",
///     title: "fourth power of the difference",
///     operands: &[
///         OperandSpec::new("input", Role::Element).differentiable(),
///         OperandSpec::new("target", Role::Element),
///     ],
///     reductions: Reduction::VALUES,
///     mean: Denominator::Count,
///     shader: Source {
///         path: "quartic",
///         text: "
///             fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
///                 let scale = option(scale);
///                 let d = difference(v.x, v.y);
///                 return ElementScore(scale * d * d * d * d, vec4<f32>(4.0 * scale * d * d * d, 0.0, 0.0, 0.0));
///             }",
///     },
///     default: || Box::new(Quartic::default()),
/// };
///
/// impl Pointwise for Quartic {
///     fn score(&self, [x, t, ..]: [f64; 4], _: [f64; 3]) -> ElementScore {
///         let (d, scale) = (x - t, f64::from(self.scale));
///         ElementScore { loss: scale * d.powi(4), d: [4.0 * scale * d.powi(3), 0.0, 0.0, 0.0] }
///     }
/// }
///
/// let x = Array::new(&[1.0f32, 3.0], [2])?;
/// let t = Array::new(&[1.0f32, 1.0], [2])?;
/// let (out, [g]) = cpu::gradients(&Quartic::new().scale(0.5).of(&x, &t), [&x])?;
/// assert_eq!((out.loss()?, g.to_f64()), (4.0, vec![0.0, 8.0]));
/// # #[cfg(feature = "gpu")]
/// # {
/// let (out, [g]) = wgloss::Gpu::new()?.gradients(&Quartic::new().scale(0.5).of(&x, &t), [&x])?;
/// assert_eq!((out.loss().wait()?, g.read().wait()?.to_f32()), (4.0, vec![0.0, 8.0]));
/// # }
/// # Ok::<(), wgloss::Error>(())
/// ```
#[macro_export]
macro_rules! loss {
    // only this library's own losses give `@` and the crate's name for links
    (
        @$name:literal
        $(#[doc = $doc:expr])*
        pub struct $loss:ident of ($($operand:ident),+) as $family:ident {
            $(
                $(#[doc = $option_doc:literal])*
                pub $option:ident: $type:ident $(<$item:ident>)? = $default:expr,
                    $range:ident::$kind:ident $(($($bound:tt)+))?;
            )*
        }
    ) => {
        $(#[doc = $doc])*
        ///
        #[doc = $crate::loss_page!($name, $family)]
        ///
        #[doc = $crate::loss_links!($name)]
        #[derive(Clone, Debug, PartialEq)]
        pub struct $loss {
            $(
                $(#[doc = $option_doc])*
                #[doc = concat!(
                    "\n\nDefault: `", stringify!($default), "`. Range: ",
                    $crate::option_values!($type $(<$item>)?, $kind $(($($bound)+))?), "."
                )]
                pub $option: $type $(<$item>)?,
            )*
        }

        impl Default for $loss {
            fn default() -> $loss {
                $loss { $($option: $default,)* }
            }
        }

        impl $crate::header::Options for $loss {
            fn specs(&self) -> Vec<$crate::header::OptionSpec> {
                vec![$($crate::header::OptionSpec {
                    name: stringify!($option),
                    kind: <$type $(<$item>)? as $crate::header::OptionType>::KIND,
                    range: $range::$kind $(($($bound)+))?,
                    rust_type: stringify!($type),
                    doc: concat!($($option_doc),*),
                }),*]
            }
            fn values(&self) -> Vec<$crate::header::Value> {
                vec![$($crate::header::OptionType::get(&self.$option)),*]
            }
            #[allow(unused_mut, unused_variables, unused_assignments, reason = "a loss may have no option")]
            fn set_at(&mut self, place: usize, value: &$crate::header::Value) -> bool {
                let mut next = 0;
                $(
                    if place == next {
                        let parsed = <$type $(<$item>)? as $crate::header::OptionType>::from_value(value);
                        let known = parsed.is_some();
                        if let Some(parsed) = parsed {
                            *self = self.clone().$option(parsed);
                        }
                        return known;
                    }
                    next += 1;
                )*
                false
            }
        }

        impl $loss {
            /// The loss with its default options. A method for each option sets it.
            #[allow(dead_code, reason = "a program may use struct literals alone")]
            pub fn new() -> $loss {
                $loss::default()
            }

            $(
                $(#[doc = $option_doc])*
                #[doc = concat!(
                    "\n\nDefault: `", stringify!($default), "`. Range: ",
                    $crate::option_values!($type $(<$item>)?, $kind $(($($bound)+))?), "."
                )]
                #[allow(clippy::useless_conversion, reason = "one line takes every type")]
                pub fn $option(mut self, $option: $crate::option_argument!($type $(<$item>)?)) -> $loss {
                    self.$option = $option.into();
                    self
                }
            )*

            /// Joins the loss with its operands. Nothing is checked or computed before the term is evaluated.
            #[allow(clippy::too_many_arguments, reason = "a loss has as many operands as its mathematics")]
            #[allow(dead_code, reason = "the losses that only sums use are never called by hand")]
            pub fn of<T: $crate::Operand>(&self, $($operand: &T),+) -> $crate::Term<T> {
                $crate::Term::new(self.clone(), [$(($crate::header::name_of(self, stringify!($operand)), $operand)),+])
            }
        }

        impl $crate::Loss for $loss {
            fn header(&self) -> &'static $crate::header::Header {
                &HEADER
            }
            fn leaf(&self) -> $crate::custom::Leaf<'_> {
                $crate::custom::Leaf::$family(self)
            }
            fn page(&self) -> &'static str {
                concat!($($doc, "\n",)* "\n", $crate::loss_page!($name, $family))
            }
        }
    };
    ($(#[doc = $doc:expr])* pub struct $($loss:tt)+) => {
        $crate::loss! { @"wgloss" $(#[doc = $doc])* pub struct $($loss)+ }
    };
}
