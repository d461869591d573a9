// Uses the page like a visitor, in headless Chromium: `node page.mjs ADDRESS [TEST]`. Saves pictures in
// target/web/pictures.

import axe from "axe-core";
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const [address, only] = process.argv.slice(2);
const PICTURES = fileURLToPath(new URL("../../../target/web/pictures/", import.meta.url));
/** The views, with the status that each shows once it is drawn. Each kind of picture has one loss here. */
const VIEWS = {
  choose: /./,
  "see/huber": /huber with/,
  "see/cross_entropy": /cross_entropy of/,
  "see/box_iou": /iou: loss/,
  "see/dice": /dice: loss/,
  "see/distillation": /distillation: loss/,
  "see/triplet_margin": /triplet_margin: loss/,
  "see/info_nce": /info_nce: the rows/,
  "see/linear_cross_entropy": /linear_cross_entropy: loss/,
  "see/total_variation": /total_variation: loss/,
  "see/ssim": /ssim: loss/,
  train: /Ready/,
  landscape: /ends at/,
  verify: /losses to verify/,
  bench: /losses\. Sums/,
};
/** Losses to test whose pictures have a button for a step down the gradient: at least one for each such kind of picture. */
const DESCENDED = [
  "box_iou", "distillation", "cosine_embedding", "cosine_similarity", "contrastive", "triplet_margin", "info_nce", "siglip",
  "sup_con", "linear_cross_entropy", "margin_softmax", "total_variation",
];
/** The browser's flags, which the tests of the library also use. docs/testing.md explains Dawn's flag. */
const FLAGS = JSON.parse(readFileSync(new URL("../../webdriver.json", import.meta.url)))["goog:chromeOptions"].args.map((flag) => `--${flag}`);
const isOfGpu = (flag) => /webgpu|dawn/.test(flag);
const QUIET = FLAGS.filter((flag) => !isOfGpu(flag) && !flag.startsWith("--headless"));
/** The timeout in milliseconds. Software drivers are slow. */
const PATIENCE = 600_000;

const launch = (flags) => chromium.launch({ executablePath: "/usr/bin/chromium", args: [...QUIET, ...flags] });

/** Opens a view of the page. Records its exceptions and its requests to other hosts. */
async function opened(browser, view, { width = 1400, theme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
  const page = await context.newPage();
  page.wrong = [];
  page.on("pageerror", (error) => page.wrong.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob):/.test(request.url())) page.wrong.push(`asks ${request.url()}`);
  });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${address}#${view}`);
  await page.locator("main h1").waitFor();
  return page;
}

const status = (page) => page.locator("main [role=status]").first().textContent();

/** Waits until the status of a view matches a pattern. */
async function says(page, pattern) {
  await page.waitForFunction(
    (source) => [...document.querySelectorAll("main [role=status]")].some((said) => new RegExp(source).test(said.textContent)),
    pattern.source,
    { timeout: PATIENCE },
  );
  return status(page);
}

/** Runs an action, and waits until the status of the view changes. */
async function changing(page, act) {
  const before = await status(page);
  await act();
  await page.waitForFunction((before) => document.querySelector("main [role=status]").textContent !== before, before);
}

/** The loss that a picture states. */
async function lossOf(page) {
  const number = (await status(page)).match(/loss (?:is )?(−?\d+(?:\.\d+)?(?:e[+−-]?\d+)?)/)[1];
  return Number(number.replaceAll("−", "-"));
}

/** Drags with the mouse over a canvas. */
async function dragged(page, from, to) {
  const box = await page.locator("main canvas").boundingBox();
  await page.mouse.move(box.x + from[0], box.y + from[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + to[0], box.y + to[1], { steps: 5 });
  await page.mouse.up();
}

const TESTS = {
  async paints_at_once(browser) {
    const page = await opened(browser, "choose");
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    const wasm = await (await fetch(`${address}wgloss_web_bg.wasm`)).arrayBuffer();
    const size = gzipSync(new Uint8Array(wasm)).length;
    console.log(`  first paint after ${Math.round(paint)} ms; wasm ${(size / 2 ** 20).toFixed(2)} MiB compressed`);
    assert(size < 3 * 2 ** 20, "the wasm is small");
    assert(paint < 1000, "the first paint comes within a second");
    return page;
  },

  async tasks_are_picked_and_options_moved(browser) {
    const page = await opened(browser, "choose");
    await page.getByRole("searchbox").fill("outliers");
    await page.getByRole("button", { name: "regression with outliers" }).click();
    await says(page, /huber with target = 0/);
    assert.match(await page.locator("main").textContent(), /Huber::default\(\)/);
    await changing(page, () => page.getByLabel("delta").fill("3"));
    const code = await page.locator("main").textContent();
    assert.match(code, /Huber::new\(\)\.delta\(3\.0\)\.of\(&input, &target\)/);
    assert.match(code, /F\.huber_loss\(input, target, delta=3\)/);
    await page.getByRole("searchbox").fill("");
    for (const task of ["classification", "detection", "boxes", "segmentation", "sentence embeddings"]) {
      await page.getByRole("button", { name: task, exact: true }).click();
      await page.getByRole("heading", { name: new RegExp(`^${task}$`, "i") }).waitFor();
    }
    await page.getByRole("button", { name: "classification", exact: true }).click();
    await page.getByLabel("z_loss").fill("1");
    assert.match(await page.locator("main").textContent(), /# without z_loss=1: F\.cross_entropy has no such keyword/);
    // a sum of losses is shown whole, and then each of them
    await page.getByRole("button", { name: "pictures that look alike" }).click();
    for (const id of ["l1", "ssim"]) await page.getByRole("heading", { name: new RegExp(`^${id}: `) }).waitFor();
    assert.match(await page.locator("main").textContent(), /0\.8 \* L1/);
    return page;
  },

  async boxes_are_dragged(browser) {
    const page = await opened(browser, "see/box_iou");
    await says(page, /iou: loss 0\.\d+/);
    const { width } = await page.locator("main canvas").boundingBox();
    const scale = Math.min(width / 100, 320 / 64);
    await changing(page, () => dragged(page, [25 * scale, 25 * scale], [45 * scale, 35 * scale]));
    await page.getByLabel("kind").selectOption("ciou");
    await says(page, /ciou: loss/);
    return page;
  },

  async vectors_are_dragged(browser) {
    const page = await opened(browser, "see/triplet_margin");
    await says(page, /triplet_margin: loss/);
    const { width } = await page.locator("main canvas").boundingBox();
    const scale = Math.min(width / 6.4, 80);
    // the negative begins at (−0.3, −1.2), and is dragged onto the anchor at (1.6, 0.4)
    await changing(page, () => dragged(page, [2.9 * scale, 3.2 * scale], [4.8 * scale, 1.6 * scale]));
    assert.equal(await page.getByLabel("negative: x").inputValue(), "1.6");
    assert((await lossOf(page)) > 1, "a negative at the anchor costs more than the margin");
    await page.getByLabel("negative: x").fill("-3");
    await says(page, /loss 0\./);
    return page;
  },

  async each_step_down_lowers_the_loss(browser) {
    const page = await opened(browser, "see/huber");
    for (const id of DESCENDED) {
      await page.evaluate((id) => (location.hash = `see/${id}`), id);
      await says(page, new RegExp(`${id === "box_iou" ? "iou" : id}: `));
      const first = await lossOf(page);
      await changing(page, () => page.getByRole("button", { name: "Step down" }).click());
      assert((await lossOf(page)) < first, `${id}: ${first}, then ${await status(page)}`);
    }
    return page;
  },

  async pictures_are_blurred_and_smoothed(browser) {
    const page = await opened(browser, "see/ssim");
    await says(page, /ssim: loss 0\.\d/);
    await page.getByLabel("Blur").fill("0");
    await says(page, /ssim: loss 0, where the mean squared error is 0\./);
    await page.getByLabel("Noise").fill("0.2");
    await says(page, /ssim: loss 0\.\d/);
    await page.evaluate(() => (location.hash = "see/total_variation"));
    await says(page, /total_variation: loss [\d.]+ after 0/);
    const first = await lossOf(page);
    await page.getByRole("button", { name: "Ten steps" }).click();
    await says(page, /after 10 steps/);
    assert((await lossOf(page)) < 0.9 * first, `from ${first}: ${await status(page)}`);
    return page;
  },

  async every_loss_has_a_picture_or_says_why(browser) {
    const page = await opened(browser, "see/huber");
    const ids = await page.getByLabel("Loss", { exact: true }).locator("option").allTextContents();
    assert(ids.length > 50, `${ids.length} losses`);
    const without = [];
    for (const id of ids) {
      await page.evaluate((id) => (location.hash = `see/${id}`), id);
      const picture = page.getByRole("region", { name: `Picture of ${id}` });
      await picture.locator(".hint").filter({ hasText: /./ }).first().waitFor();
      const said = await picture.locator(".hint").first().textContent();
      if (await picture.locator("canvas").count()) assert.match(said, /loss|of label/, `${id}: ${said}`);
      else without.push(`${id}: ${said}`);
    }
    console.log(`  no picture: ${without.join("; ")}`);
    assert(without.every((said) => /no single curve|no small picture/.test(said)), without.join("\n"));
    return page;
  },

  async regions_are_painted(browser) {
    const page = await opened(browser, "see/dice");
    await says(page, /dice: loss/);
    await changing(page, () => dragged(page, [20, 20], [120, 40]));
    await page.getByRole("button", { name: "Move the prediction right" }).click();
    return page;
  },

  async training_lowers_the_loss(browser) {
    const page = await opened(browser, "train");
    await says(page, /Ready/);
    await page.getByRole("button", { name: "Train" }).click();
    await says(page, /Step (5|10) of/);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    const verdict = await says(page, /Held out/);
    console.log(`  ${verdict}`);
    const losses = (await page.locator("main canvas").nth(3).getAttribute("aria-label")).match(/loss [\d.]+/g);
    assert(losses.every((text) => Number(text.slice(5)) < 0.3), `the losses fell: ${losses}`);
    await page.getByLabel("Loss 3").selectOption("tversky");
    await says(page, /Ready/);
    return page;
  },

  async the_landscape_is_turned_and_walked(browser) {
    const page = await opened(browser, "landscape");
    await says(page, /ends at/);
    const picture = () => page.locator("main canvas").first().evaluate((canvas) => canvas.toDataURL());
    const before = await picture();
    await page.locator("main canvas").first().focus();
    await page.keyboard.press("ArrowLeft");
    assert.notEqual(await picture(), before, "keys turn the surface");
    const map = page.locator("main canvas").nth(1);
    await map.click({ position: { x: 300, y: 300 } });
    const walked = await says(page, /from \(2\.|from \(3\./);
    assert.match(walked, /200 steps from .* where the loss is/);
    await page.getByLabel("The function").fill("fn f(x: f32, y: f32) -> f32 {\n  return x * y +;\n}");
    await page.getByRole("button", { name: "Compute" }).click();
    await says(page, /Line 2/);
    await page.getByLabel("The function").fill("fn f(x: f32, y: f32) -> f32 { return (x * x) + (y * y); }");
    await page.getByRole("button", { name: "Compute" }).click();
    await says(page, /where the loss is (0|\d\.\d+e)/);
    return page;
  },

  async a_network_is_trained_and_its_landscape_walked(browser) {
    const page = await opened(browser, "landscape/digits");
    await says(page, /step \d+ of \d+, loss [\d.]+, 9\d % right/);
    const said = await says(page, /ends at/);
    const [from, loss] = [/from \(−0\.8, 0\.7\)/, parseFloat(said.match(/the loss is ([\d.]+)/)[1])];
    assert.match(said, from);
    assert(loss < 0.2, `the path ends near the trained weights: ${said}`);
    return page;
  },

  async the_browser_is_verified(browser) {
    const page = await opened(browser, "verify");
    await page.getByRole("button", { name: "Verify" }).click();
    // the first losses are enough here, since the conformance tests run all of them
    await page.waitForFunction(() => document.querySelector("progress").value >= 2, undefined, { timeout: PATIENCE });
    // another click before the case ends begins no second run
    await page.getByRole("button", { name: "Stop" }).evaluate((button) => [1, 2].forEach(() => button.click()));
    const said = await says(page, /cases passed/);
    assert.match(said, / 0 failed/);
    return page;
  },

  async the_browser_is_measured(browser) {
    const page = await opened(browser, "bench");
    await page.getByRole("button", { name: "Bench" }).click();
    await page.locator("tbody tr").nth(1).waitFor();
    await page.getByRole("button", { name: "Stop" }).evaluate((button) => [1, 2].forEach(() => button.click()));
    await says(page, /Stopped/);
    await page.getByLabel("Elements").selectOption("65536");
    await page.getByRole("button", { name: "Bench" }).click();
    await says(page, /Done/);
    const rows = await page.locator("tbody tr").count();
    assert(rows > 50, `${rows} rows`);
    assert.deepEqual(await page.locator("tbody .error").allTextContents(), []);
    return page;
  },

  async no_view_is_closed_to_anyone(browser) {
    for (const theme of ["light", "dark"]) {
      for (const width of [390, 1400]) {
        const page = await opened(browser, "choose", { width, theme });
        await page.evaluate(axe.source);
        for (const [view, drawn] of Object.entries(VIEWS)) {
          await page.evaluate((view) => (location.hash = view), view);
          await page.locator(`main[data-view=${view.split("/")[0]}] h1`).waitFor();
          await says(page, drawn);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert(wide <= 0, `${view} is ${wide} pixels wider than ${width}`);
          await page.screenshot({ path: `${PICTURES}${view.replace("/", "-")}-${theme}-${width}.png`, fullPage: true });
          const { violations } = await page.evaluate(() => window.axe.run());
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n    ")}`);
          assert.deepEqual(found, [], `${view} in ${theme} at ${width}`);
          assert.deepEqual(page.wrong, [], view);
        }
        await page.context().close();
      }
    }
  },

  async a_browser_without_webgpu_is_told_so() {
    const browser = await launch(["--disable-features=WebGPU", "--disable-gpu"]);
    const page = await opened(browser, "see/huber");
    await page.locator("#no-gpu:not([hidden])").waitFor();
    assert.match(await page.locator("#no-gpu").textContent(), /WebGPU|adapter/);
    await says(page, /huber with target = 0/);
    await browser.close();
  },
};

mkdirSync(PICTURES, { recursive: true });
const browser = await launch(FLAGS.filter(isOfGpu));
let failed = 0;
for (const [name, test] of Object.entries(TESTS).filter(([name]) => !only || name.includes(only))) {
  const began = performance.now();
  try {
    const page = await test(browser);
    assert.deepEqual(page?.wrong ?? [], []);
    await page?.context().close();
    console.log(`test page::${name} ... ok (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`test page::${name} ... FAILED\n${error.stack}`);
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
