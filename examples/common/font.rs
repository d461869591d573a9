//! A pixel font of 5 x 7 dots with capitals, digits and some punctuation.

/// The dots of a character, seven rows of five. Small letters become capitals, and unknown characters blanks.
pub fn glyph(character: char) -> [[bool; 5]; 7] {
    let capital = character.to_ascii_uppercase();
    let mut dots = [[false; 5]; 7];
    for (characters, rows) in FONT {
        let Some(place) = characters.find(capital) else { continue };
        for (dots, row) in dots.iter_mut().zip(rows) {
            for (x, dot) in dots.iter_mut().enumerate() {
                *dot = row.as_bytes().get(6 * place + x) == Some(&b'#');
            }
        }
    }
    dots
}

/// Characters, and the seven rows of dots of all these characters side by side.
#[rustfmt::skip]
const FONT: [(&str, [&str; 7]); 3] = [
    (
        "ABCDEFGHIJKLMNOP",
        [
            " ###  ####   ###  ####  ##### #####  ###  #   #  ###    ### #   # #     #   # #   #  ###  ####",
            "#   # #   # #   # #   # #     #     #   # #   #   #      #  #  #  #     ## ## ##  # #   # #   #",
            "#   # #   # #     #   # #     #     #     #   #   #      #  # #   #     # # # ##  # #   # #   #",
            "##### ####  #     #   # ####  ####  # ### #####   #      #  ##    #     # # # # # # #   # ####",
            "#   # #   # #     #   # #     #     #   # #   #   #      #  # #   #     #   # #  ## #   # #",
            "#   # #   # #   # #   # #     #     #   # #   #   #   #  #  #  #  #     #   # #  ## #   # #",
            "#   # ####   ###  ####  ##### #      ###  #   #  ###   ##   #   # ##### #   # #   #  ###  #",
        ],
    ),
    (
        "QRSTUVWXYZ012345",
        [
            " ###  ####   #### ##### #   # #   # #   # #   # #   # #####  ###    #    ###   ###     #  #####",
            "#   # #   # #       #   #   # #   # #   # #   # #   #     # #   #  ##   #   # #   #   ##  #",
            "#   # #   # #       #   #   # #   # #   #  # #   # #     #  #  ##   #       #     #  # #  ####",
            "#   # ####   ###    #   #   # #   # # # #   #     #     #   # # #   #     ##    ##  #  #      #",
            "# # # # #       #   #   #   #  # #  # # #  # #    #    #    ##  #   #    #        # #####     #",
            "#  #  #  #      #   #   #   #  # #  ## ## #   #   #   #     #   #   #   #     #   #    #  #   #",
            " ## # #   # ####    #    ###    #   #   # #   #   #   #####  ###   ###  #####  ###     #   ###",
        ],
    ),
    (
        "6789.,:-+=/%()",
        [
            "  ##  #####  ###   ###                                          # ##  #    #   #",
            " #        # #   # #   #              ##           #             # ##  #   #     #",
            "#        #  #   # #   #              ##           #   #####    #     #   #       #",
            "####     #   ###   ####                    ###  #####         #     #    #       #",
            "#   #   #   #   #     #        ##    ##           #   #####  #     #     #       #",
            "#   #   #   #   #    #   ##    ##    ##           #         #     #  ##   #     #",
            " ###    #    ###   ##    ##    #                            #     #  ##    #   #",
        ],
    ),
];
