// The classes of a block's rows as a fold sees them: reads the student's and the teacher's logits, which an earlier kernel has
// written to memory.
// needs: lib/class lib/params scratch/slopes scratch/teacher_logits
// slots: softcap

// The student's logits (x) and the teacher's (t) of an own row and four neighbouring others, or of an own class and four
// neighbouring rows.
struct FourLogits {
    x: vec4<f32>,
    t: vec4<f32>,
}

fn four_logits(own: u32, other: u32) -> FourLogits {
    let entry = slope_at(own, other);
    return FourLogits(slopes[entry], teacher_logits[entry]);
}

fn class_of_logits(x: f32, t: f32, class_place: u32) -> Class {
    return Class(capped(x), capped_target(t), 1.0, false, class_place, 0u);
}

// A lane's part of 64 neighbouring classes of a row, which four lanes share: every fourth quad from `first` to before `end`.
struct LaneClasses {
    row: u32,
    first: u32,
    end: u32,
    // the number of these 64 classes, counted through all rows of the block
    chunk: u32,
    live: bool,
}

fn lane_classes_at(group: u32, lane: u32) -> LaneClasses {
    let chunk = (64u * group) + (lane / 4u);
    let row = params.block.own_first + (chunk / params.block.chunks);
    let begin = params.block.other_first + (64u * (chunk % params.block.chunks));
    return LaneClasses(
        row, begin + (4u * (lane % 4u)), min(begin + 64u, params.block.other_end), chunk, row < params.block.own_end
    );
}
