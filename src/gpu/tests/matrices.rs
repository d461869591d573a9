//! Which kernels multiply matrices of f16, and that nothing else changes where they do.

use super::cases::{Case, FLOATS, Gradients, MATRICES, noop};
use crate::gpu::kernel::Kernel;
use crate::gpu::plan::Plan;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::geometry::tile_products;
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::shape::DType;

/// A case of every loss over tiles, on a GPU with matrices.
fn cases(floats: DType) -> Vec<(Box<dyn Loss>, Case)> {
    let case = |loss: Box<dyn Loss>| {
        let shape: &[usize] = match loss.leaf() {
            Leaf::Similarity(_)
            | Leaf::Hardest(_)
            | Leaf::Linear(_)
            | Leaf::LinearDivergence(_)
            | Leaf::Segments(_) => &[70, 5],
            Leaf::Gram(_) => &[2, 3, 4],
            _ => return None,
        };
        let case = Case { gradients: Gradients::Store, floats, ..Case::new(&*loss, shape) };
        Some((loss, case))
    };
    crate::losses::walked().into_iter().filter_map(case).collect()
}

fn plan(case: &Case) -> Plan {
    case.plan(noop()).unwrap_or_else(|error| panic!("{case:?}: {error}"))
}

/// The kernels of a plan that multiply tiles, and those of them that do so by matrices.
fn multiplying(plan: &Plan) -> [Vec<Kernel>; 2] {
    let having = |files: &[_]| {
        let has = |recipe: &Recipe| files.iter().any(|file| recipe.has(*file));
        let recipes = plan.stages.iter().map(|stage| Recipe::clone(&stage.recipe)).filter(has);
        recipes.map(Kernel::from).collect::<Vec<_>>()
    };
    [having(&[tile_products::LANES, tile_products::MATRICES]), having(&[tile_products::MATRICES])]
}

#[test]
fn matrices_multiply_rows_of_f16_alone() {
    for &floats in FLOATS {
        let all = cases(floats);
        assert!(all.len() > 8, "{} losses over tiles", all.len());
        for (loss, case) in all {
            for matrices in [None].into_iter().chain(MATRICES.map(Some)) {
                let case = Case { matrices, ..case.clone() };
                let [kernels, by_matrices] = multiplying(&plan(&case));
                // the distances of hardest examples are no products
                let expected = matrices.is_some() && floats == DType::F16 && !matches!(loss.leaf(), Leaf::Hardest(_));
                let count = if expected { kernels.len() } else { 0 };
                assert!(!kernels.is_empty(), "{case:?}");
                assert_eq!(by_matrices.len(), count, "{case:?}");
            }
        }
    }
}

/// Matrices change which files kernels have, and neither the dispatches nor the memory of a plan.
#[test]
fn matrices_change_no_dispatch() {
    for (_, case) in cases(DType::F16) {
        let without = plan(&case);
        for matrices in MATRICES {
            let with = plan(&Case { matrices: Some(matrices), ..case.clone() });
            let dispatches = |plan: &Plan| {
                let stages = plan
                    .stages
                    .iter()
                    .map(|stage| format!("{} {} {:?}", stage.recipe.entry(), stage.groups, stage.block));
                stages.collect::<Vec<_>>()
            };
            assert_eq!(dispatches(&with), dispatches(&without), "{case:?}");
            assert_eq!(format!("{:?}", with.scratch), format!("{:?}", without.scratch), "{case:?}");
        }
    }
}

/// A text begins with its `enable` lines. A compiler's error in one is traced to the `// enables:` line of a shader file.
#[test]
fn extensions_come_first() {
    let (_, case) = cases(DType::F16).remove(0);
    let [_, kernels] = multiplying(&plan(&Case { matrices: Some(MATRICES[0]), ..case }));
    let text = kernels[0].text();
    assert!(text.starts_with("enable f16;\nenable wgpu_cooperative_matrix;\n"), "{}", &text[..200]);
    let (file, line) = kernels[0].locate(2).expect("the line of a file");
    assert!(file.is(tile_products::MATRICES), "{}", file.shown());
    assert!(file.text().lines().nth(line - 1).is_some_and(|line| line.starts_with("// enables: ")), "{line}");
    assert_eq!(kernels[0].text().matches("enable ").count(), 2);
}
