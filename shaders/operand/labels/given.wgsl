// Integer labels, one for each position, checked before they are used.
// needs: lib/label lib/params
@group(0) @binding(14) var<storage, read> labels: array<u32>;

// 0 i32, 1 u32, 2 u8, 3 i64
override LABELS_DTYPE: u32 = 0u;

fn target_label(position: u32) -> Label {
    let i = position + base(14u);
    var low = 0u;
    var high = 0u;
    if LABELS_DTYPE == 2u {
        low = (labels[i >> 2u] >> (8u * (i & 3u))) & 0xffu;
    } else if LABELS_DTYPE == 3u {
        low = labels[2u * i];
        high = labels[(2u * i) + 1u];
    } else {
        low = labels[i];
        if LABELS_DTYPE == 0u {
            high = sign_of(low);
        }
    }
    return label_of_bits(low, high);
}

fn target_labels(at: vec4<u32>) -> Labels {
    return Labels(target_label(at.x), target_label(at.y), target_label(at.z), target_label(at.w));
}
