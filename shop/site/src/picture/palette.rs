//! Calm colours of pictures, each for a light page and for a dark one.

use std::fmt::Write as _;

/// What the colours are for; the names of their CSS variables. The tone lies between body and ink.
pub(super) const ROLES: [&str; 6] = ["ground", "shade", "body", "light", "ink", "tone"];

pub(super) const GREEN: u8 = 0;
pub(super) const ORANGE: u8 = 1;
pub(super) const BLUE: u8 = 2;
pub(super) const RED: u8 = 3;
pub(super) const OLIVE: u8 = 4;
pub(super) const PURPLE: u8 = 5;
pub(super) const TEAL: u8 = 6;
pub(super) const MAGENTA: u8 = 7;
pub(super) const LEAF: u8 = 8;
pub(super) const BROWN: u8 = 9;
pub(super) const SLATE: u8 = 10;
pub(super) const AMBER: u8 = 11;

/// Red, green and blue.
type Color = [u8; 3];

/// The palettes: ground, shade, body, light and ink on a light page.
const PALETTES: [[u32; 5]; 12] = [
    [0xdf_e9e2, 0xcb_dcd1, 0x2f_6f5b, 0xf4_efe2, 0x1d_4a3c],
    [0xf1_e4d6, 0xe6_d1ba, 0xb5_622f, 0xfb_f3e6, 0x7c_3f1a],
    [0xdd_e6f0, 0xc8_d6e6, 0x34_5f92, 0xf2_f0e6, 0x20_3f66],
    [0xf3_e0df, 0xe9_cac8, 0xa8_434a, 0xfb_efe8, 0x74_282f],
    [0xec_e7d3, 0xde_d5b5, 0x8c_7a26, 0xfb_f8ea, 0x5d_5014],
    [0xe7_e0ef, 0xd6_cbe4, 0x69_508f, 0xf5_f0e8, 0x45_3162],
    [0xd9_e9ea, 0xc1_dadc, 0x2b_7378, 0xf3_f0e4, 0x19_4d51],
    [0xf0_dfe8, 0xe3_c8d7, 0x96_466e, 0xfb_f0ec, 0x68_2b4a],
    [0xe4_ead6, 0xd1_dcba, 0x5f_7a2e, 0xf8_f5e6, 0x3f_5419],
    [0xef_e3dc, 0xe0_cdc2, 0x7d_5641, 0xfa_f2e9, 0x54_3726],
    [0xdf_e3ea, 0xcb_d2dd, 0x4a_5870, 0xf2_efe7, 0x2e_394c],
    [0xf5_e7cf, 0xeb_d4ac, 0xc0_7a1c, 0xfc_f5e5, 0x83_500d],
];

/// How many there are.
pub(super) fn count() -> u8 {
    u8::try_from(PALETTES.len()).expect("there are few")
}

/// The style of a picture: its colours as CSS variables, others where the page around it is dark.
pub(super) fn style(palette: u8) -> String {
    let palette = PALETTES.get(usize::from(palette)).unwrap_or(&PALETTES[0]);
    let [ground, shade, body, light, ink] = palette.map(color);
    let (night, white, black) = (color(0x0f_1211), color(0xff_ffff), color(0));
    let lit = [ground, shade, body, light, ink, mix(body, ink, 50)];
    let dark = [
        mix(body, night, 80),
        mix(body, night, 64),
        mix(body, white, 10),
        mix(light, body, 10),
        mix(body, white, 50),
        mix(body, black, 30),
    ];
    format!(
        "<style>svg{{{}}}@media(prefers-color-scheme:dark){{svg{{{}}}}}</style>",
        variables(lit),
        variables(dark)
    )
}

fn variables(colors: [Color; 6]) -> String {
    let mut text = String::new();
    for (role, [red, green, blue]) in ROLES.iter().zip(colors) {
        let _strings_take_everything = write!(text, "--{role}:#{red:02x}{green:02x}{blue:02x};");
    }
    text
}

fn color(hex: u32) -> Color {
    let [_, red, green, blue] = hex.to_be_bytes();
    [red, green, blue]
}

/// The color at so many percent of the way from one to another.
fn mix(from: Color, to: Color, percent: u16) -> Color {
    let mut mixed = from;
    for (mixed, to) in mixed.iter_mut().zip(to) {
        let sum = u16::from(*mixed) * (100 - percent) + u16::from(to) * percent;
        *mixed = u8::try_from(sum / 100).unwrap_or(u8::MAX);
    }
    mixed
}
