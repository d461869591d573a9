/** A tensor: its elements in row-major order, and its shape. */
export interface Tensor<Data extends ArrayBufferView = Elements> {
  data: Data;
  shape: number[];
}

/** A tensor of 16-bit floats: their bits in row-major order, their shape, and which floats they are. */
export interface HalfTensor {
  data: Uint16Array;
  shape: number[];
  dtype: "f16" | "bf16";
}

/** A `Float16Array`, described by its name, because older versions of TypeScript don't know it. */
export type HalfArray = ArrayBufferView & { readonly length: number; readonly [Symbol.toStringTag]: "Float16Array" };

/** Floats, labels or masks. On a GPU, 64-bit floats are rounded to 32 bits. */
export type Elements =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | Uint8ClampedArray
  | BigInt64Array
  | HalfArray;

/** An operand: a tensor, or a typed array, which counts as a tensor with one axis. */
export type Operand = Tensor | HalfTensor | Elements;

/** The id of a loss. */
export type LossId = keyof Losses;

/** The name of an observation: a result that a loss computes beside its value, in the same pass over the prediction. */
export type Observation =
  /** Losses of a softmax, of linear layers, and of logits of yes-or-no questions: the share of positions that are right. */
  | "accuracy"
  /** Losses of a softmax and of linear layers: the share of positions whose label has one of the K greatest logits. */
  | `top_${number}`
  /** The same losses: the mean entropy, in nats, and the exponential of the labels' mean −log p. */
  | "entropy"
  | "perplexity"
  /** Losses of regions: the IoU, precision and recall of each class. */
  | "iou"
  | "precision"
  | "recall"
  /** Losses of a softmax and of linear layers: the class of the greatest logit, and the label's log p, of each position. */
  | "predicted"
  | "log_prob";

/** The options of every call. */
export interface CallOptions {
  /** The operands whose gradients to compute. The default is all given operands that have a gradient. */
  gradients?: string[];
  /** A factor of the gradients: a number, or a tensor of the loss's shape. The default is 1. */
  upstream?: number | Operand;
  /** The denominator of a reduced loss, in place of the reduction's own. An unreduced loss is not divided. */
  divide_by?: number | Operand;
  /** What to compute beside the loss. An observation that the loss does not make is refused. The default is nothing. */
  observe?: Observation[];
  /** Whether a mean over nothing is 0 rather than NaN. */
  empty_is_zero?: boolean;
  /** Whether to refuse NaN and infinities in elements that take part, and targets outside the loss's range. */
  checked?: boolean;
  /** Whether the last axis of the prediction is its class axis, rather than the second. */
  class_axis_last?: boolean;
}

/** The answer to a call. */
export interface Answer {
  /** The loss. An unreduced loss has only `values`. */
  value?: number;
  /** The loss as a tensor. */
  values: Tensor<Float32Array>;
  /** The gradients, by the names of their operands. */
  gradients: Record<string, Tensor<Float32Array>>;
  /**
   * The observations that are numbers, by the loss and the observation, as `"cross_entropy.accuracy"`; those of each class by
   * the class too, as `"dice.iou.0"`. A share of nothing, such as the IoU of a class that is nowhere, is NaN, or 0 with
   * `empty_is_zero`. It has no properties if no number is observed.
   */
  observations: Record<string, number>;
  /**
   * The observations that have a number for each position, by name, in the shape of the unreduced loss:
   * `"cross_entropy.predicted"` is a `Uint32Array`, `"cross_entropy.log_prob"` a `Float32Array`. Where there is no
   * prediction, as for an ignored label, the class is 4294967295. It has no properties if no such tensor is observed.
   */
  observed: Record<string, Tensor<Float32Array | Uint32Array>>;
}

/** Every error of this package. `kind` says which error it is, and so which properties it has. */
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
    | { kind: "no_adapter" | "not_run" | "out_of_memory" | "device_lost" | "gpu" }
  );

export interface Gpu {
  /**
   * The browser's description of its GPU. Texts may be empty. `max_binding_bytes` is the most that a storage binding holds;
   * `timestamps` says whether the GPU can measure time.
   */
  readonly adapter: { name: string; driver: string; max_binding_bytes: number; timestamps: boolean };
  /** Computes the value of a loss, its gradients, and what it observes. Rejects with a `WglossError`. */
  loss<Id extends LossId>(
    id: Id,
    operands: Losses[Id]["operands"],
    options?: Losses[Id]["options"] & CallOptions,
  ): Promise<Answer>;
  /** Prepares a call for a loop: its kernels and memory are made once. Rejects with a `WglossError`. */
  prepare<Id extends LossId>(
    id: Id,
    operands: Losses[Id]["operands"],
    options?: Losses[Id]["options"] & CallOptions,
  ): Promise<Job>;
}

export interface Job {
  /** Writes new elements to an operand. Their number must stay the same. Throws a `WglossError`. */
  write(operand: string, elements: Operand): void;
  /**
   * Computes the loss, its gradients and what it observes, with the present contents of the operands. Rejects with a
   * `WglossError`.
   */
  run(): Promise<Answer>;
  /** Runs the job `runs` times, and waits until the GPU has finished. It reads no tensor, and is for measurements. */
  repeat(runs: number): Promise<void>;
}

/**
 * Computes what `Gpu.loss` does, by the CPU twin: synchronously, in 64-bit floats, and without a GPU. Throws a
 * `WglossError`.
 */
export function twin<Id extends LossId>(
  id: Id,
  operands: Losses[Id]["operands"],
  options?: Losses[Id]["options"] & CallOptions,
): Answer;

/** A loss, as described by its header and its documentation. */
export interface LossDescription {
  id: LossId;
  title: string;
  family: LossFamily;
  /** Its documentation, in Markdown. */
  page: string;
  operands: { name: string; role: string; domain: string; doc: string; optional: boolean; gradient: boolean }[];
  options: {
    name: string;
    doc: string;
    /** The values that the option takes, in words. */
    expected: string;
    kind: "number" | "number_or_none" | "integer" | "integer_or_none" | "flag" | "choice" | "numbers";
    /** The Rust type of the option's values. */
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

/** The tasks, each with the loss that is commonly used for it. `code` is Rust. */
export function tasks(): { name: string; data: string; targets: string; code: string; note: string }[];
