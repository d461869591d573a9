// Compiles every kernel with Tint, Chromium's compiler, through Dawn and without a browser:
// `node --expose-gc kernels.mjs FOLDER`. The folder has the shader texts, and a table of the kernels: file, entry point,
// overrides, description.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
const [folder] = process.argv.slice(2);
// this backend validates but runs nothing; Dawn crashes if these objects are garbage-collected, so global names keep them
globalThis.gpu = create(["backend=null"]);
globalThis.adapter = await gpu.requestAdapter();
const device = await adapter.requestDevice();
const began = performance.now();

const lines = readFileSync(join(folder, "kernels.tsv"), "utf8").trim().split("\n");
const texts = new Map();
for (const kernel of lines.map((line) => line.split("\t"))) texts.set(kernel[0], [...(texts.get(kernel[0]) ?? []), kernel]);
const refused = [];

/** Compiles a text and its kernels, and notes the compiler's errors. */
async function judged(file, kernels) {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code: readFileSync(join(folder, file), "utf8") });
  const { messages } = await module.getCompilationInfo();
  await device.popErrorScope();
  const wrong = messages.find(({ type }) => type === "error");
  if (wrong) {
    refused.push(`${file}: ${kernels[0][3]}: line ${wrong.lineNum}: ${wrong.message}`);
    return;
  }
  for (const [, entryPoint, overrides, name] of kernels) {
    const compute = { module, entryPoint, constants: constantsOf(overrides) };
    await device.createComputePipelineAsync({ layout: "auto", compute }).catch(({ message }) => refused.push(`${file}: ${name}: ${message}`));
  }
}

/** Parses the overrides of the table, such as `DIVISOR=1 TEAM=8`. */
function constantsOf(overrides) {
  const pairs = overrides.split(" ").filter(Boolean).map((pair) => pair.split("="));
  return Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)]));
}

let turn = 0;
for (const [file, kernels] of texts) {
  await judged(file, kernels);
  // Node does not count the memory of shader modules, so it would not collect them
  if (++turn % 100 === 0) gc();
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`Tint judged ${lines.length} kernels of ${texts.size} texts in ${seconds} s, and refused ${refused.length}`);
for (const line of refused) console.log(line);
// Dawn would keep the process running
process.exit(refused.length || texts.size < 100 ? 1 : 0);
