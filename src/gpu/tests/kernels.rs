//! Every kernel of every plan passes each of naga's back ends, keeps to WebGPU's limits, and has the bindings that the scan of
//! its files finds.

use super::compiled::{SameText, ends, in_parallel, joined, name, parse};
use crate::gpu::choices::Choices;
use crate::gpu::declared::Declared;
use crate::gpu::kernel::Kernel;
use crate::gpu::link::File;
use crate::gpu::plan::MOST_BUFFERS;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::{geometry, lib};
use crate::loss::Source;
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::BoundsCheckPolicies;
use naga::valid::{Capabilities, ModuleInfo};
use naga::{AddressSpace, ArraySize, Module, Scalar, ScalarKind, ShaderStage, StorageAccess, TypeInner};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A kernel with the values of its overrides, ready for a back end.
struct Settled<'a> {
    kernel: &'a Kernel,
    module: Cow<'a, Module>,
    info: Cow<'a, ModuleInfo>,
    needs_features: bool,
}

impl<'a> Settled<'a> {
    fn new(joined: &'a SameText, kernel: &'a Kernel) -> Settled<'a> {
        let (module, info) = joined.specialised(kernel);
        Settled { kernel, module, info, needs_features: joined.needs_features() }
    }

    fn spirv(&self) -> Vec<u32> {
        let entry_point = self.kernel.entry().to_string();
        let pipeline = spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point };
        // subgroups need SPIR-V 1.3
        let lang_version = if self.needs_features { (1, 3) } else { (1, 0) };
        let options = spv::Options { lang_version, ..Default::default() };
        spv::write_vec(&self.module, &self.info, &options, Some(&pipeline))
            .unwrap_or_else(|error| panic!("{}: SPIR-V: {error}", name(self.kernel)))
    }

    fn glsl(&self) -> String {
        let entry_point = self.kernel.entry().to_string();
        let pipeline = glsl::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point, multiview: None };
        // the default is GLSL ES 3.1, the lowest version with compute shaders
        let (options, policies) = (glsl::Options::default(), BoundsCheckPolicies::default());
        let mut text = String::new();
        glsl::Writer::new(&mut text, &self.module, &self.info, &options, &pipeline, policies)
            .and_then(|mut writer| writer.write())
            .unwrap_or_else(|error| panic!("{}: GLSL: {error}", name(self.kernel)));
        text
    }

    fn msl(&self) -> String {
        // 2.0 is the lowest version that wgpu asks of Metal
        let options = msl::Options { lang_version: (2, 0), ..Default::default() };
        let entry_point = Some((ShaderStage::Compute, self.kernel.entry().to_string()));
        let pipeline = msl::PipelineOptions { entry_point, ..Default::default() };
        let written = msl::write_string(&self.module, &self.info, &options, &pipeline);
        let (text, translated) = written.unwrap_or_else(|error| panic!("{}: MSL: {error}", name(self.kernel)));
        assert!(translated.entry_point_names.iter().all(Result::is_ok), "{}: {translated:?}", name(self.kernel));
        text
    }

    fn hlsl(&self) -> String {
        let entry_point = Some((ShaderStage::Compute, self.kernel.entry().to_string()));
        let pipeline = hlsl::PipelineOptions { entry_point };
        let mut text = String::new();
        let options = hlsl::Options::default();
        let translated = hlsl::Writer::new(&mut text, &options, &pipeline).write(&self.module, &self.info, None);
        let translated = translated.unwrap_or_else(|error| panic!("{}: HLSL: {error}", name(self.kernel)));
        assert!(translated.entry_point_names.iter().all(Result::is_ok), "{}", name(self.kernel));
        text
    }
}

/// Every text goes through every back end, with the overrides of its first and last kernel only, since overrides are constants
/// to a back end. Another test checks the values of all kernels' overrides.
#[test]
fn every_kernel_goes_through_every_back_end() {
    in_parallel(joined(), |joined| {
        for kernel in ends(&joined.kernels) {
            let settled = Settled::new(joined, kernel);
            assert!(!settled.spirv().is_empty());
            if settled.needs_features {
                // these kernels run on Vulkan only
                continue;
            }
            for (back_end, text) in [("MSL", settled.msl()), ("HLSL", settled.hlsl()), ("GLSL", settled.glsl())] {
                // GLSL calls every entry point main
                let entry = if back_end == "GLSL" { "main" } else { kernel.entry() };
                assert!(text.contains(&format!("void {entry}")), "{}: no entry point in {back_end}", name(kernel));
            }
        }
    });
}

/// WebGPU's default limits are those of a device that asks for nothing more.
#[test]
fn every_kernel_keeps_to_the_default_limits() {
    let limits = wgpu::Limits::default();
    assert_eq!(MOST_BUFFERS, limits.max_storage_buffers_per_shader_stage as usize);
    let most = limits.max_compute_workgroup_storage_size;
    in_parallel(joined(), |joined| {
        // overrides may leave a variable unused, and change no size
        for kernel in joined.kernels.iter().filter(|_| bytes_of_a_workgroup(&joined.module) > most) {
            let bytes = bytes_of_a_workgroup(&joined.specialised(kernel).0);
            assert!(bytes <= most, "{}: {bytes} bytes of workgroup memory, the limit is {most}", name(kernel));
        }
    });
    for SameText { kernels, module, .. } in joined() {
        let kernel = &kernels[0];
        let [x, y, z] = module.entry_points[0].workgroup_size;
        let most = limits.max_compute_invocations_per_workgroup;
        assert!(x * y * z <= most, "{}: {x}·{y}·{z} invocations, the limit is {most}", name(kernel));
        assert!(x.max(y) <= limits.max_compute_workgroup_size_x && z <= limits.max_compute_workgroup_size_z);
        let of_override =
            |(_, ty): (_, &naga::Type)| matches!(ty.inner, TypeInner::Array { size: ArraySize::Pending(_), .. });
        let by_override = module.entry_points[0].workgroup_size_overrides.is_some();
        assert!(!by_override && !module.types.iter().any(of_override), "{}: sizes by overrides", name(kernel));
        let storage = |binding: &&Declared| binding.kind != wgpu::BufferBindingType::Uniform;
        let buffers = kernel.bindings().iter().filter(storage).count();
        assert!(buffers <= MOST_BUFFERS, "{}: {buffers} storage buffers", name(kernel));
    }
}

/// The bytes of a module's workgroup memory. WebGPU rounds each variable up to 16 bytes.
fn bytes_of_a_workgroup(module: &Module) -> u32 {
    let shared = module.global_variables.iter().filter(|(_, global)| global.space == AddressSpace::WorkGroup);
    shared.map(|(_, global)| module.types[global.ty].inner.size(module.to_ctx()).next_multiple_of(16)).sum()
}

/// Checks the overrides of all kernels. To compile a text again for each of its kernels would take a minute.
#[test]
fn the_value_of_every_override_fits_its_type() {
    let mut checked = 0;
    for SameText { kernels, module, .. } in joined() {
        let types: BTreeMap<&str, &TypeInner> = module
            .overrides
            .iter()
            .filter_map(|(_, declared)| Some((declared.name.as_deref()?, &module.types[declared.ty].inner)))
            .collect();
        for kernel in kernels {
            let overrides = kernel.overrides();
            checked += overrides.len();
            for (of, value) in overrides {
                let fits = match types.get(of) {
                    Some(TypeInner::Scalar(Scalar { kind: ScalarKind::Bool, .. })) => value == 0.0 || value == 1.0,
                    Some(TypeInner::Scalar(Scalar { kind: ScalarKind::Uint, .. })) => f64::from(value as u32) == value,
                    Some(TypeInner::Scalar(Scalar { kind: ScalarKind::Sint, .. })) => f64::from(value as i32) == value,
                    Some(TypeInner::Scalar(Scalar { kind: ScalarKind::Float, .. })) => value.is_finite(),
                    _ => false,
                };
                assert!(fits, "{}: {of} is {value}", name(kernel));
            }
        }
    }
    assert!(checked > 10_000, "{checked} values of overrides");
}

#[test]
fn the_scan_finds_the_bindings_that_naga_finds() {
    for joined in joined() {
        let kernel = &joined.kernels[0];
        let bound = joined.module.global_variables.iter().filter_map(|(_, global)| {
            let binding = global.binding?;
            assert_eq!(binding.group, 0, "{}: {:?}", name(kernel), global.name);
            let kind = match global.space {
                AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
                AddressSpace::Storage { access } => {
                    let read_only = !access.contains(StorageAccess::STORE);
                    wgpu::BufferBindingType::Storage { read_only }
                }
                other => panic!("{}: a binding in {other:?}", name(kernel)),
            };
            Some(Declared { number: binding.binding, name: global.name.clone()?.leak(), kind })
        });
        // naga lists a global earlier if an earlier file uses it
        let by_number = |mut bindings: Vec<Declared>| {
            bindings.sort_by_key(|binding| binding.number);
            bindings
        };
        assert_eq!(by_number(kernel.bindings()), by_number(bound.collect()), "{}", name(kernel));
        if kernel.shared_buffer {
            let read_only = wgpu::BufferBindingType::Storage { read_only: true };
            assert!(kernel.bindings().iter().all(|binding| binding.kind != read_only), "{}", name(kernel));
        }
    }
}

/// Uses the validators of other compilers, Debian's spirv-tools and glslang-tools, if they are installed.
#[test]
fn kernels_pass_the_validators_that_are_installed() {
    let folder = std::env::temp_dir().join(format!("wgloss-kernels-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let write = |name: String, contents: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, contents).expect("a file of the temporary folder");
        path
    };
    let (mut spv, mut spv_1_3, mut comp) = (Vec::new(), Vec::new(), Vec::new());
    let two = |joined: &'static SameText| ends(&joined.kernels).map(move |kernel| Settled::new(joined, kernel));
    for (place, settled) in every_pair_of_files().into_iter().flat_map(two).enumerate() {
        let words: Vec<u8> = settled.spirv().iter().flat_map(|word| word.to_le_bytes()).collect();
        let binary = (write(format!("{place}.spv"), &words), name(settled.kernel));
        if settled.needs_features {
            // these need Vulkan 1.1, and do not exist in GLSL
            spv_1_3.push(binary);
            continue;
        }
        spv.push(binary);
        comp.push((write(format!("{place}.comp"), settled.glsl().as_bytes()), name(settled.kernel)));
    }
    // spirv-val takes only one file a call
    let refused = [
        validate("spirv-val", &["--target-env", "vulkan1.0"], &spv, 1),
        validate("spirv-val", &["--target-env", "vulkan1.1"], &spv_1_3, 1),
        validate("glslangValidator", &[], &comp, 64),
    ];
    std::fs::remove_dir_all(&folder).expect("the temporary folder");
    let refused = refused.concat();
    assert!(refused.is_empty(), "{} refused, the first: {}", refused.len(), refused[0]);
}

/// Some of the kernels, such that every pair of files that occurs in a kernel occurs in one of these. The validators
/// would take too long for all kernels.
fn every_pair_of_files() -> Vec<&'static SameText> {
    let mut met = BTreeSet::new();
    let adds = |joined: &&SameText| {
        let paths: Vec<_> = joined.kernels[0].files().iter().map(|file| file.path()).collect();
        let pairs = paths.iter().flat_map(|a| paths.iter().map(move |b| (*a, *b)));
        let before = met.len();
        met.extend(pairs);
        met.len() > before
    };
    joined().iter().filter(adds).collect()
}

/// The refusals of a validator that gets `at_once` files at a time. If the validator is not installed, prints that, and
/// returns no refusals.
fn validate(program: &str, arguments: &[&str], files: &[(PathBuf, String)], at_once: usize) -> Vec<String> {
    if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
        // to stderr itself, because the test harness hides what a passing test prints
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "skipped: {program} is not installed, {} files unchecked", files.len());
        return Vec::new();
    }
    let batches: Vec<_> = files.chunks(at_once).collect();
    let refusals = in_parallel(&batches, |batch| {
        let paths = batch.iter().map(|(path, _)| Path::as_os_str(path));
        let output = Command::new(program).args(arguments).args(paths).output().expect("it ran a moment ago");
        let names = || batch.iter().map(|(path, name)| format!("{}: {name}", path.display())).collect::<Vec<_>>();
        let said = || String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (!output.status.success()).then(|| format!("{program}: {}\n{}", said(), names().join("\n")))
    });
    refusals.into_iter().flatten().collect()
}

/// A kernel of these files.
fn of_files(entry: &'static str, files: Vec<File>, choices: Choices) -> Kernel {
    Recipe::of_files(entry, files, choices).into()
}

#[test]
fn different_kernels_have_different_keys() {
    let own: [File; 2] = [lib::PARAMS.into(), lib::TALLY.into()];
    let leaf = Source {
        path: "lib/tally",
        text: "// a leaf from outside that goes by a known path\noverride COUNTS: bool = true;",
    };
    let declares = Source { path: "declares", text: "override BY_ITEM: bool = false;\noverride COUNTS: bool = true;" };
    let files = |last: File| vec![own[0], declares.into(), last];
    let with = |by_item: f64, counts: f64| Choices::default().named("BY_ITEM", by_item).named("COUNTS", counts);
    let one = of_files("elements", files(own[1]), with(0.0, 1.0));
    let but = |change: fn(&mut Kernel)| {
        let mut other = one.clone();
        change(&mut other);
        other
    };
    let others = [
        of_files("elements_count", files(own[1]), with(0.0, 1.0)),
        of_files("elements", vec![own[0], declares.into()], with(0.0, 1.0)),
        of_files("elements", files(leaf.into()), with(0.0, 1.0)),
        of_files("elements", files(own[1]), with(1.0, 1.0)),
        of_files("elements", files(own[1]), with(0.0, 0.0)),
        of_files("elements", files(own[1]), Choices::default().named("BY_ITEM", 0.0)),
        but(|kernel| kernel.recipe.kept_classes = Some(3)),
        but(|kernel| kernel.recipe.row = Some(3)),
        but(|kernel| kernel.recipe.strip = Some(4)),
        but(|kernel| kernel.own_params = true),
        but(|kernel| kernel.shared_buffer = true),
    ];
    // an override that no file declares changes nothing
    let undeclared = with(0.0, 1.0).named("WRITES", 1.0);
    assert_eq!(one.key(), of_files("elements", files(own[1]), undeclared).key());
    assert_eq!(one.key(), one.clone().key());
    for other in &others {
        assert_ne!(one.key(), other.key(), "{}", name(other));
    }
}

#[test]
fn an_error_names_its_file_and_line() {
    let broken = Source {
        path: "losses/pointwise/broken",
        text: "// A leaf with a slip.\nfn element_score() -> f32 {\n    return undefined_name;\n}\n",
    };
    let unended =
        Source { path: "lib/unended", text: "// A file whose last line does not end.\nconst UNENDED: u32 = 1u;" };
    let unrolled = Source {
        path: "lib/unrolled",
        text: "// A loop that becomes longer.\nconst STRIP: u32 = 1u;\nfn unrolled() {\n    // @unroll q STRIP\n    \
               for (var q = 0u; q < STRIP; q += 1u) {\n        let x = q;\n    }\n}\n",
    };
    let own = [lib::PARAMS.into(), lib::COMPONENT.into()];
    let files = own.into_iter().chain([unended.into(), unrolled.into(), broken.into(), geometry::ELEMENT.into()]);
    let mut kernel = of_files("elements", files.collect(), Choices::default());
    kernel.recipe.strip = Some(5);
    assert_eq!(kernel.text().matches("let x = q;").count(), 5);

    let error = naga::front::wgsl::parse_str(&kernel.text()).expect_err("the leaf is broken");
    let line = error.location(&kernel.text()).expect("a place").line_number as usize;
    let located = |line| kernel.locate(line).map(|(file, line)| (file.path(), line));
    assert_eq!(located(line), Some(("losses/pointwise/broken", 3)));
    assert_eq!(located(1), Some(("lib/params", 1)));
    assert_eq!(located(usize::MAX), None);

    // alone, and among sound kernels that other threads compile
    let gpu = super::cases::noop();
    let sound = |entry| of_files(entry, vec![text_of(entry).into()], Choices::default());
    for kernels in [vec![kernel.clone()], vec![sound("one"), kernel.clone(), sound("other"), kernel.clone()]] {
        let before = gpu.pipelines();
        let said = gpu.pipeline_store().get(gpu, &kernels).expect_err("the leaf is broken");
        let path = "losses/pointwise/broken";
        assert!(matches!(&said, crate::Error::InvalidShader { path: of, .. } if of == path), "{said:?}");
        let said = said.to_string();
        assert!(said.contains("in losses/pointwise/broken, line 3"), "{said}");
        assert!(gpu.pipelines() >= before, "what was made before is kept");
    }
    let made = gpu.pipeline_store().get(gpu, &[sound("one"), sound("other"), sound("one")]).expect("these are sound");
    assert!(Arc::ptr_eq(&made[0], &made[2]) && !Arc::ptr_eq(&made[0], &made[1]), "each is made once");
}

/// A kernel that does nothing.
fn text_of(entry: &str) -> Source {
    let text = match entry {
        "one" => "@compute @workgroup_size(1)\nfn one() {}\n",
        _ => "@compute @workgroup_size(1)\nfn other() {}\n",
    };
    Source { path: "nothing", text }
}

/// The validator of these tests refuses what a device without features refuses. Otherwise the tests above could not
/// fail.
#[test]
fn validation_refuses_what_a_device_without_features_lacks() {
    for (text, why) in [
        ("@compute @workgroup_size(1) fn f() { let x = subgroupAdd(1.0); }", "subgroups"),
        ("@group(0) @binding(0) var<storage, read> x: array<f64>;", "f64"),
        ("@group(0) @binding(0) var<storage, read> x: array<f32>; fn f() { x[0] = 1.0; }", "a store to what is read"),
    ] {
        assert!(parse(text, Capabilities::empty()).is_err(), "{why}");
    }
    let unpacks = "fn f(x: u32) -> vec2<f32> { return unpack2x16float(x); }";
    assert!(parse(unpacks, Capabilities::empty()).is_ok());
}
