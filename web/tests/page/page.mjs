// Uses the page as a person does, in headless Chromium: `node page.mjs ADDRESS [TEST]`. Pictures go to target/web/pictures.

import axe from "axe-core";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const [address, only] = process.argv.slice(2);
const PICTURES = fileURLToPath(new URL("../../../target/web/pictures/", import.meta.url));
const VIEWS = ["choose", "see/huber", "see/cross_entropy", "see/box_iou", "see/dice", "train", "landscape", "verify", "bench"];
/** What a view says once it is drawn. */
const DRAWN = {
  choose: /./,
  "see/huber": /huber with/,
  "see/cross_entropy": /cross_entropy of/,
  "see/box_iou": /iou: loss/,
  "see/dice": /dice: loss/,
  train: /Ready/,
  landscape: /ends at/,
};
const GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const QUIET = ["--no-sandbox", "--no-first-run", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** Software drivers take long. */
const PATIENCE = 600_000;

const launch = (flags) => chromium.launch({ executablePath: "/usr/bin/chromium", args: [...QUIET, ...flags] });

/** A page of the site. Whatever it throws, and whatever it asks of other hosts, is kept. */
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

/** Waits until the status of a view says something. */
async function says(page, pattern) {
  await page.waitForFunction(
    (source) => [...document.querySelectorAll("main [role=status]")].some((said) => new RegExp(source).test(said.textContent)),
    pattern.source,
    { timeout: PATIENCE },
  );
  return status(page);
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
    const before = await status(page);
    await page.getByLabel("delta").fill("3");
    await page.waitForFunction((before) => document.querySelector("main [role=status]").textContent !== before, before);
    const code = await page.locator("main").textContent();
    assert.match(code, /Huber::new\(\)\.delta\(3\.0\)\.of\(&input, &target\)/);
    assert.match(code, /F\.huber_loss\(input, target, delta=3\)/);
    await page.getByRole("searchbox").fill("");
    for (const task of ["classification", "detection", "boxes", "segmentation", "sentence embeddings"]) {
      await page.getByRole("button", { name: task, exact: true }).click();
      await page.getByRole("heading", { name: new RegExp(`^${task}$`, "i") }).waitFor();
    }
    return page;
  },

  async boxes_are_dragged(browser) {
    const page = await opened(browser, "see/box_iou");
    await says(page, /iou: loss 0\.\d+/);
    const box = await page.locator("main canvas").boundingBox();
    const scale = Math.min(box.width / 100, 320 / 64);
    const before = await status(page);
    await page.mouse.move(box.x + 25 * scale, box.y + 25 * scale);
    await page.mouse.down();
    await page.mouse.move(box.x + 45 * scale, box.y + 35 * scale, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction((before) => document.querySelector("main [role=status]").textContent !== before, before);
    await page.getByLabel("kind").selectOption("ciou");
    await says(page, /ciou: loss/);
    const loss = async () => parseFloat((await status(page)).match(/loss ([\d.]+)/)[1]);
    const [first, said] = [await loss(), await status(page)];
    await page.getByRole("button", { name: "Step down" }).click();
    await page.waitForFunction((said) => document.querySelector("main [role=status]").textContent !== said, said);
    assert((await loss()) < first, `a step down the gradient lowers the loss: ${said} ${await status(page)}`);
    return page;
  },

  async regions_are_painted(browser) {
    const page = await opened(browser, "see/dice");
    const first = await says(page, /dice: loss/);
    const box = await page.locator("main canvas").boundingBox();
    await page.mouse.move(box.x + 20, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 120, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction((first) => document.querySelector("main [role=status]").textContent !== first, first);
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
    assert.match(walked, /where the loss is/);
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
    const said = await says(page, /ends at/);
    const [from, loss] = [/from \(−0\.8, 0\.7\)/, parseFloat(said.match(/the loss is ([\d.]+)/)[1])];
    assert.match(said, from);
    assert(loss < 0.2, `the path ends near the trained weights: ${said}`);
    return page;
  },

  async the_browser_is_verified(browser) {
    const page = await opened(browser, "verify");
    await page.getByRole("button", { name: "Verify" }).click();
    // the first losses are enough here: the conformance tests run all of them
    await page.waitForFunction(() => document.querySelector("progress").value >= 2, undefined, { timeout: PATIENCE });
    await page.getByRole("button", { name: "Stop" }).click();
    const said = await says(page, /cases passed/);
    assert.match(said, / 0 failed/);
    return page;
  },

  async the_browser_is_measured(browser) {
    const page = await opened(browser, "bench");
    await page.getByRole("button", { name: "Bench" }).click();
    await page.locator("tbody tr").nth(2).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await says(page, /Stopped|Done/);
    return page;
  },

  async no_view_is_closed_to_anyone(browser) {
    for (const theme of ["light", "dark"]) {
      for (const width of [390, 1400]) {
        const page = await opened(browser, VIEWS[0], { width, theme });
        await page.evaluate(axe.source);
        for (const view of VIEWS) {
          await page.evaluate((view) => (location.hash = view), view);
          await page.locator(`main[data-view=${view.split("/")[0]}] h1`).waitFor();
          if (DRAWN[view]) await says(page, DRAWN[view]);
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
const browser = await launch(GPU);
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
