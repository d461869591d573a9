/** A tensor: its elements in row-major order, and its shape. A `Uint16Array` holds 16-bit floats, as `dtype` says. */
export interface Tensor<Data extends ArrayBufferView = Elements> {
  data: Data;
  shape: number[];
  dtype?: "f16" | "bf16";
}

/** Floats, labels or masks. A GPU rounds 64-bit floats to 32 bits. */
export type Elements =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | Uint8ClampedArray
  | BigInt64Array
  | Uint16Array;

/** An operand: a tensor, or a typed array that is one along one axis. */
export type Operand = Tensor | Elements;

/** The id of a loss. */
export type LossId = keyof Losses;

/** The options of every call. */
export interface CallOptions {
  /** The operands whose gradients to compute. The default is all given operands that have one. */
  gradients?: string[];
  /** What scales the gradients: a number, or a tensor of the loss's shape. The default is 1. */
  upstream?: number | Operand;
  /** The denominator of the sum, whatever the reduction. */
  divide_by?: number | Operand;
  /** Whether a mean over nothing is 0 rather than NaN. */
  empty_is_zero?: boolean;
  /** Whether NaN and infinities that take part, and targets that the loss does not expect, are refused. */
  checked?: boolean;
  /** Whether the last axis of the prediction is its class axis, and not the second. */
  class_axis_last?: boolean;
}

/** The answer to a call. */
export interface Answer {
  /** The loss. An unreduced loss has none, but `values`. */
  value?: number;
  /** The loss as a tensor. */
  values: Tensor<Float32Array>;
  /** The gradients, by the names of their operands. */
  gradients: Record<string, Tensor<Float32Array>>;
}

/** Every error of this package. `kind` tells which it is, and which properties it has. */
export type WglossError = Error & { name: "WglossError" } & (
    | { kind: "shape_mismatch"; loss: string; operand: string; expected: string; got: number[] }
    | {
        kind: "label_out_of_range";
        loss: string;
        operand: string;
        position: number;
        value: number;
        count: number;
        ignored: number | null;
      }
    | {
        kind: "target_out_of_range";
        loss: string;
        operand: string;
        position: number;
        value: string;
        expected: string;
      }
    | { kind: "not_finite"; loss: string; operand: string; position: number; value: string }
    | { kind: "invalid_option"; loss: string; option: string; value: string; expected: string }
    | { kind: "invalid_operand"; loss: string; operand: string; reason: string }
    | { kind: "unsupported_dtype"; loss: string; operand: string; got: string; expected: string }
    | { kind: "too_large"; what: string; needed: number; limit: number }
    | { kind: "no_adapter" | "out_of_memory" | "device_lost" | "gpu" }
  );

export interface Gpu {
  /** What the browser says about its GPU. It may leave texts empty. */
  readonly adapter: { name: string; driver: string; max_binding: number; timestamps: boolean };
  /** The value of a loss and its gradients. Rejects with a `WglossError`. */
  loss<Id extends LossId>(
    id: Id,
    operands: Losses[Id]["operands"],
    options?: Losses[Id]["options"] & CallOptions,
  ): Promise<Answer>;
  /** A call whose kernels and memory are made once, for a loop. Rejects with a `WglossError`. */
  prepare<Id extends LossId>(
    id: Id,
    operands: Losses[Id]["operands"],
    options?: Losses[Id]["options"] & CallOptions,
  ): Promise<Job>;
}

export interface Job {
  /** Writes other elements to an operand, as many as it has. Throws a `WglossError`. */
  write(operand: string, elements: Operand): void;
  /** Computes the loss and its gradients with what the operands hold now. Rejects with a `WglossError`. */
  run(): Promise<Answer>;
  /** Runs the job some times, and waits until the GPU has finished. It reads no tensor, and is for measurements. */
  repeat(runs: number): Promise<void>;
}

/** What `Gpu.loss` gives, by the CPU twin: in 64-bit floats, at once and without a GPU. Throws a `WglossError`. */
export function twin<Id extends LossId>(
  id: Id,
  operands: Losses[Id]["operands"],
  options?: Losses[Id]["options"] & CallOptions,
): Answer;

/** A loss, as its header and its documentation describe it. */
export interface LossDescription {
  id: LossId;
  title: string;
  /** What its values are computed from: sums of losses are `other`. */
  family:
    | "pointwise"
    | "boxes"
    | "softmax"
    | "class_sum"
    | "divergence"
    | "region"
    | "vectors"
    | "similarity"
    | "hardest"
    | "linear"
    | "gram"
    | "neighbours"
    | "windows"
    | "alignments"
    | "other";
  /** Its documentation, in Markdown. */
  page: string;
  operands: { name: string; role: string; domain: string; doc: string; optional: boolean; gradient: boolean }[];
  options: {
    name: string;
    doc: string;
    /** The values that it takes, in words. */
    expected: string;
    kind: "number" | "number_or_none" | "integer" | "integer_or_none" | "flag" | "choice" | "numbers";
    /** The type of its values in Rust. */
    rust_type: string;
    choices: string[];
    low: number | null;
    high: number | null;
    excludes_ends: boolean;
    default: number | boolean | string | number[] | null;
  }[];
  reductions: string[];
}

/** All losses. */
export function losses(): LossDescription[];

/** Tasks, each with the loss that people commonly train it with. `code` is Rust. */
export function tasks(): { name: string; data: string; targets: string; code: string; note: string }[];
