// Integer labels, one for each position, checked before they are used. The first lies at a multiple of 16 bytes, so that four
// labels of 32 bits are one load.
// needs: lib/component lib/label lib/params
// slots: quad
@group(0) @binding(14) var<storage, read> labels: array<QuadOfWords>;

// 0 i32, 1 u32, 2 u8, 3 i64
override LABELS_DTYPE: u32 = 0u;

fn label_word(word: u32) -> u32 {
    return word_at(words_of(labels[word >> 2u]), word & 3u);
}

fn target_label(position: u32) -> Label {
    let i = position + base(14u);
    var low = 0u;
    var high = 0u;
    if LABELS_DTYPE == 2u {
        low = (label_word(i >> 2u) >> (8u * (i & 3u))) & 0xffu;
    } else if LABELS_DTYPE == 3u {
        low = label_word(2u * i);
        high = label_word((2u * i) + 1u);
    } else {
        low = label_word(i);
        if LABELS_DTYPE == 0u {
            high = sign_of(low);
        }
    }
    return label_of_bits(low, high);
}

fn neighbour(low: u32) -> Label {
    return label_of_bits(low, select(0u, sign_of(low), LABELS_DTYPE == 0u));
}

// The labels of four neighbouring positions. at.x is a multiple of four. Labels of 32 bits are loaded from at.x on; at.y to
// at.w are ignored.
fn target_labels(at: vec4<u32>) -> Labels {
    if LABELS_DTYPE > 1u {
        return Labels(target_label(at.x), target_label(at.y), target_label(at.z), target_label(at.w));
    }
    let low = words_of(labels[(at.x + base(14u)) >> 2u]);
    return Labels(neighbour(low.x), neighbour(low.y), neighbour(low.z), neighbour(low.w));
}
