//! Finds adapters, chooses one, and says what to do if there is none.

use crate::error::{Error, Result};
use crate::gpu::target::Target;

/// wgpu's environment variables that choose an adapter.
const BACKEND: &str = "WGPU_BACKEND";
const NAME: &str = "WGPU_ADAPTER_NAME";

/// wgpu's names for backends.
const BACKENDS: [&str; 11] =
    ["vulkan", "vk", "metal", "mtl", "dx12", "d3d12", "gl", "gles", "opengl", "webgpu", "noop"];

/// An adapter that was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdapterReport {
    /// Its name, driver, type and backend.
    pub info: wgpu::AdapterInfo,
    /// Its limits.
    pub limits: wgpu::Limits,
    /// Its features.
    pub features: wgpu::Features,
    /// Whether [`Gpu::new`](crate::Gpu::new) uses it.
    pub chosen: bool,
    /// The kind of kernels for it: `gpu`, `cpu`, `small` or `plain`, or `matrices` if it has those. The adapter decides, unless
    /// the environment variable `WGLOSS_KERNELS` names a kind.
    pub kernels: &'static str,
}

/// Every adapter that `WGPU_BACKEND` allows, best first.
#[cfg(not(target_arch = "wasm32"))]
pub fn adapters() -> Vec<AdapterReport> {
    crate::gpu::wait::block_on(adapters_async())
}

/// As `adapters`, without blocking. A browser shows at most one adapter.
pub async fn adapters_async() -> Vec<AdapterReport> {
    let found = look_up().await;
    let chosen = choose(&found).ok();
    let report = |(place, adapter): (usize, &wgpu::Adapter)| AdapterReport {
        info: adapter.get_info(),
        limits: adapter.limits(),
        features: adapter.features(),
        chosen: chosen == Some(place),
        kernels: Target::name_of(adapter),
    };
    found.iter().enumerate().map(report).collect()
}

async fn look_up() -> Vec<wgpu::Adapter> {
    // wgpu panics if an instance has no backend
    if wgpu::Instance::enabled_backend_features().is_empty() {
        return Vec::new();
    }
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let backends = wgpu::Backends::from_env().unwrap_or_default();
    #[cfg(target_arch = "wasm32")]
    {
        let _ = backends;
        instance.request_adapter(&wgpu::RequestAdapterOptions::default()).await.into_iter().collect()
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        let mut found = instance.enumerate_adapters(backends).await;
        found.retain(|adapter| {
            adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
        });
        found.sort_by_key(|adapter| {
            let info = adapter.get_info();
            rank(info.device_type, info.backend)
        });
        found
    }
}

/// The rank of an adapter. Lower is better.
#[cfg(not(target_arch = "wasm32"))]
fn rank(device_type: wgpu::DeviceType, backend: wgpu::Backend) -> (u8, u8) {
    let by_type = match device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let by_backend = match backend {
        // before Vulkan, which is a layer over Metal on Apple's systems
        wgpu::Backend::Metal => 0,
        wgpu::Backend::Vulkan => 1,
        wgpu::Backend::Dx12 => 2,
        // last, because it has fewer features on the same hardware
        wgpu::Backend::Gl => 3,
        _ => 4,
    };
    (by_type, by_backend)
}

/// The index of the adapter to use, or an error that says what to do.
fn choose(found: &[wgpu::Adapter]) -> Result<usize> {
    let names = found.iter().map(|adapter| {
        let info = adapter.get_info();
        format!("{} ({}, {})", info.name, info.backend, info.driver)
    });
    let names: Vec<String> = names.collect();
    let backends = wgpu::Instance::enabled_backend_features();
    built_with(backends)?;
    #[cfg(target_arch = "wasm32")]
    if names.is_empty() {
        return Err(Error::NoAdapter(lacked_by_the_browser().into()));
    }
    pick(&names, std::env::var(NAME).ok().as_deref(), std::env::var(BACKEND).ok().as_deref(), backends)
}

/// Why a browser offers no adapter, and what to do.
#[cfg(target_arch = "wasm32")]
fn lacked_by_the_browser() -> &'static str {
    use js_sys::wasm_bindgen::JsValue;
    let get = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let global = js_sys::global().into();
    let (secure, gpu) = (get(&global, "isSecureContext"), get(&get(&global, "navigator"), "gpu"));
    match (gpu.is_object(), secure.is_truthy()) {
        (true, _) => {
            "the browser has WebGPU, but offers no adapter. Its GPU may be blocked or its hardware acceleration switched off; in \
             Chrome, chrome://gpu says why"
        }
        (false, true) => {
            "the browser has no WebGPU: `navigator.gpu` is missing. Use a current version of Chrome, Edge, Firefox or Safari, where \
             it is switched on"
        }
        (false, false) => {
            "browsers have WebGPU (`navigator.gpu`) only in a secure context, and this page is in none. Serve it over HTTPS, or \
             from 127.0.0.1"
        }
    }
}

/// Refuses a program that was built without backends.
fn built_with(backends: wgpu::Backends) -> Result<()> {
    match backends.is_empty() {
        false => Ok(()),
        true => Err(Error::NoAdapter(
            "the program was built without any backend. Turn on wgloss's feature `backends`, or those that you want of your own \
             dependency on wgpu, such as `vulkan`"
                .into(),
        )),
    }
}

/// As [`choose`], given the adapters' names, the values of the two environment variables, and the backends that the program was
/// built with for its system.
fn pick(found: &[String], name: Option<&str>, backend: Option<&str>, built: wgpu::Backends) -> Result<usize> {
    let unknown = backend.into_iter().flat_map(|backend| backend.split(',')).map(str::trim);
    let unknown = unknown.filter(|name| !BACKENDS.contains(&name.to_lowercase().as_str())).collect::<Vec<_>>();
    // wgpu ignores unknown names
    if !unknown.is_empty() {
        let (unknown, known) = (unknown.join(", "), BACKENDS.join(", "));
        return Err(Error::NoAdapter(format!("{BACKEND} names `{unknown}`, which is no backend; there are {known}")));
    }
    let looked_for = match backend {
        Some(backend) => format!("looked for {BACKEND}={backend}"),
        None => {
            let built = built.iter_names().map(|(name, _)| name.to_lowercase().replace('_', " "));
            format!("looked for {}", built.collect::<Vec<_>>().join(", "))
        }
    };
    if found.is_empty() {
        return Err(Error::NoAdapter(format!(
            "{looked_for}, found none. Install your GPU's driver, or a software one: on Debian and Ubuntu \
             `apt-get install mesa-vulkan-drivers libvulkan1`, on Fedora `dnf install mesa-vulkan-drivers vulkan-loader`"
        )));
    }
    let Some(name) = name else { return Ok(0) };
    let wanted = name.to_lowercase();
    found.iter().position(|found| found.to_lowercase().contains(&wanted)).ok_or_else(|| {
        let found = found.join(", ");
        Error::NoAdapter(format!("{looked_for} and {NAME}={name}, found {found}. Change or unset {NAME}"))
    })
}

/// The adapter to use.
pub(super) async fn request() -> Result<wgpu::Adapter> {
    let mut found = look_up().await;
    let place = choose(&found)?;
    Ok(found.swap_remove(place))
}

#[cfg(test)]
mod tests {
    use super::{built_with, pick, rank};
    use wgpu::{Backend, Backends, DeviceType};

    #[test]
    fn a_program_without_backends_is_told_what_to_turn_on() {
        assert_eq!(built_with(Backends::VULKAN), Ok(()));
        let error = built_with(Backends::empty()).unwrap_err();
        assert_eq!(error.kind(), "no_adapter");
        assert!(error.to_string().contains("`backends`"), "{error}");
    }

    #[test]
    fn adapters_are_ranked_by_type_before_backend() {
        // best first
        let order = [
            (DeviceType::DiscreteGpu, Backend::Metal),
            (DeviceType::DiscreteGpu, Backend::Vulkan),
            (DeviceType::DiscreteGpu, Backend::Dx12),
            (DeviceType::DiscreteGpu, Backend::Gl),
            (DeviceType::IntegratedGpu, Backend::Vulkan),
            (DeviceType::VirtualGpu, Backend::Dx12),
            (DeviceType::Cpu, Backend::Vulkan),
            (DeviceType::Cpu, Backend::Dx12),
            (DeviceType::Cpu, Backend::Gl),
        ];
        assert!(order.map(|(kind, backend)| rank(kind, backend)).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn an_adapter_is_chosen_by_name_or_the_error_says_what_to_do() {
        let found = ["NVIDIA H200 (vulkan, 570)".to_string(), "llvmpipe (vulkan, Mesa)".to_string()];
        assert_eq!(pick(&found, None, None, Backends::VULKAN), Ok(0));
        assert_eq!(pick(&found, Some("LLVMpipe"), None, Backends::VULKAN), Ok(1));
        let error = pick(&found, Some("radeon"), Some("vulkan"), Backends::VULKAN).unwrap_err().to_string();
        for part in ["WGPU_BACKEND=vulkan", "WGPU_ADAPTER_NAME=radeon", "llvmpipe", "H200"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
        let error = pick(&[], None, Some("nosuch, gl"), Backends::VULKAN).unwrap_err().to_string();
        assert!(error.contains("WGPU_BACKEND names `nosuch`, which is no backend; there are vulkan,"), "{error}");
        assert!(!error.contains("Install"), "{error}");
        let error = pick(&[], None, None, Backends::VULKAN | Backends::GL).unwrap_err().to_string();
        for part in ["looked for vulkan, gl, found none", "apt-get install mesa-vulkan-drivers"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}
