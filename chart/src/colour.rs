//! Colours, and the colour map of numbers.

use plotters::style::RGBAColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

/// A colour with an opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    rgb: [u8; 3],
    opacity: f64,
}

impl Colour {
    /// White, the background of charts.
    pub const WHITE: Colour = Colour::hex(0xffffff);
    /// Nearly black: text and axes.
    pub const INK: Colour = Colour::hex(0x212529);
    /// Grey: notes.
    pub const GREY: Colour = Colour::hex(0x6c757d);
    /// Light grey: lines at ticks.
    pub const LINE: Colour = Colour::hex(0xd0d4da);

    /// The opaque colour 0xRRGGBB.
    pub const fn hex(code: u32) -> Colour {
        let [_, red, green, blue] = code.to_be_bytes();
        Colour { rgb: [red, green, blue], opacity: 1.0 }
    }

    /// A grey from 0 for black to 1 for white.
    pub fn grey(level: f32) -> Colour {
        Colour { rgb: [(level.clamp(0.0, 1.0) * 255.0).round() as u8; 3], opacity: 1.0 }
    }

    /// The colour of a share from 0 to 1 in the colour map Viridis. Equal steps look equal, also in grey and to most
    /// colour-blind people.
    pub fn of_share(share: f64) -> Colour {
        let colour = ViridisRGB.get_color(share as f32);
        Colour { rgb: [colour.0, colour.1, colour.2], opacity: 1.0 }
    }

    /// Mixes a share of `other` into the colour.
    pub fn mix(self, other: Colour, share: f64) -> Colour {
        let share = share.clamp(0.0, 1.0);
        let mix = |k: usize| {
            let [own, other] = [self.rgb[k], other.rgb[k]].map(f64::from);
            (own + share * (other - own)).round() as u8
        };
        Colour { rgb: [mix(0), mix(1), mix(2)], opacity: self.opacity }
    }

    /// Sets the opacity: 1 covers what lies below, and 0 is invisible.
    pub const fn opacity(mut self, opacity: f64) -> Colour {
        self.opacity = opacity;
        self
    }

    /// The form that `plotters` takes.
    pub(crate) fn plotted(self) -> RGBAColor {
        let [red, green, blue] = self.rgb;
        RGBAColor(red, green, blue, self.opacity)
    }
}
