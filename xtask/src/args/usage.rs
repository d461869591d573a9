//! Tells the user what a command line may be. The parser does not read this, so whoever adds an argument adds it here too.

/// The text that `--help` and a wrong command line print.
pub const USAGE: &str = "\
Usage: cargo xtask <demo | test | test-burn | test-mpi> [--no-install]
       cargo xtask test-web [--no-install] [TEST]
       cargo xtask web [--build | --package] [--no-install]
       cargo xtask bench [--quick] [--peers] [--no-install] [LOSS]...
       cargo xtask bench --pack
       cargo xtask platforms [--list | --tables] [--no-install] [ROW]...
       cargo xtask fuzz [--minutes N] [TARGET]...
       cargo xtask record FILE | BEFORE AFTER
       cargo xtask new-loss FAMILY ID
       cargo xtask mutants [shaders | sources] [--seed S] [--count N]
                           [--file FILE] [--results FILE] [--minutes N]
                           [--thorough | --list] [--no-install]

  demo          train the segmentation example and say where its picture is
  test          run every check of the project, and stop at the first that fails
  test-burn     run every check of wgloss-burn, in burn/, which `test` leaves
                out: to build Burn takes longer than all other checks
  test-mpi      run every check of wgloss-mpi, in mpi/, which `test` leaves out:
                its tests and examples, on 1 to 4 ranks of mpirun. Installs
                Debian's OpenMPI and libclang if they are missing
  test-web      test wgloss-web, its kernels and its page in a browser: all, those
                whose names contain TEST, `kernels`, or `page`. Installs Chromium
                and Node on Debian, and wasm-bindgen in target/web/
  web           build the page into target/web/site, and serve it on this machine
  bench         measure every loss, or the losses named, at real sizes, beside a
                copy on the same GPU; then time against size, over four decades,
                for one loss of each family. Write tables and charts to
                target/bench/
  platforms     test the kernels, the library and the program on every platform
                that Debian can emulate, or on the rows named. Write the results
                to docs/platforms.tsv. Needs Debian and root; a row that can't
                run here is left out, with a reason
  fuzz          run every fuzz target, or those named, over the inputs in
                fuzz/corpus/ (docs/reliability.md lists the targets)
  mutants       plant one-line faults in shaders and in the sources of plans and
                twins, and find those that no check notices
  record        write every planned kernel to FILE, or list the differences of
                two such records
  new-loss      lay down the files of a new loss, with the places to fill in:
                `cargo xtask new-loss pointwise quartic`

  --build       web: build the page, and don't serve it
  --package     web: build the package for npm into target/web/package instead
  --quick       measure batches eight times smaller, with fewer runs
  --peers       also run PyTorch, burn and candle on the same inputs, if they are
                installed (benches/RESULTS.md says how), and print ratios.
                WGLOSS_PYTHON names the python that has PyTorch
  --pack        don't measure. Make an archive that measures a GPU on a machine
                without Rust, beside PyTorch (benches/RESULTS.md says how)
  --list        platforms: print the rows, what each installs and how long it
                takes. mutants: print the mutants with their lines. Run nothing
  --tables      write the tables of docs/platforms.md and README.md from
                docs/platforms.tsv
  --minutes N   fuzz: also run each target for N minutes on mutations of its
                inputs. mutants: stop after N minutes
  --seed S      draw the mutants with this seed instead of 1
  --count N     draw N mutants instead of 300 in shaders and 150 in sources. The
                fixed faults in shaders are always planted
  --file FILE   plant faults only in this file: geometry/elements,
                src/cpu/regions.rs
  --results FILE
                append results to FILE instead of xtask/mutants/results.tsv. The
                same command continues from there
  --thorough    run the survivors again, with all cases and tests that may kill
                them
  --no-install  if there is no GPU adapter, print how to install a software Vulkan
                driver, and stop. platforms: leave out rows that would install
                anything
  -h, --help    print this text

Exit status: 0 success; 1 something failed; 2 no usable GPU adapter, or a wrong
command line.
";
