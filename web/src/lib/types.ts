// What the server answers. docs/api.md and alpha/runs/run_rows.h say what each field means.

export type RunStatus = "active" | "completed" | "stale" | "failed";
export type Config = Record<string, unknown>;

export interface Run {
  id: string;
  run_id: string;
  domain: string;
  config_hash: string | null;
  model_config: Config | null;
  train_config: Config | null;
  vocab_size: number | null;
  block_size: number | null;
  n_layer: number | null;
  n_embd: number | null;
  n_head: number | null;
  batch_size: number | null;
  lr: number | null;
  seed: number | null;
  backend: string | null;
  tokenizer: string | null;
  optimizer: string | null;
  total_iters: number;
  status: RunStatus;
  latest_step: number;
  last_loss: number | null;
  last_val_loss: number | null;
  best_val_loss: number | null;
  best_step: number | null;
  tokens_per_sec: number | null;
  ms_per_iter: number | null;
  estimated_params: number | null;
  created_at: number; // ms since 1970
  updated_at: number;
  hostname: string | null;
  checkpoint_count: number;
  latest_checkpoint_step: number | null;
  source: "local" | "ingest" | "checkpoint";
  problem: string | null;
}

/** A line of metrics.jsonl. */
export interface Metric {
  run_id: string;
  step: number;
  loss: number | null;
  val_loss: number | null;
  lr: number | null;
  grad_norm: number | null;
  tokens_per_sec: number | null;
  ms_per_iter: number | null;
  [column: string]: unknown;
}

export interface Column {
  mean: (number | null)[];
  min?: (number | null)[]; // without: a bucket is one row, and the mean is that
  max?: (number | null)[];
}

/** The metrics of a run in buckets of consecutive rows. */
export interface Curves {
  run_id: string;
  n_rows: number; // of the whole file
  first_step: number | null;
  last_step: number | null;
  from: number | null;
  to: number | null;
  rows_per_bucket: number;
  step: number[]; // the last one of each bucket
  columns: Record<string, Column>;
}

export interface Sample {
  run_id: string;
  step: number;
  idx: number;
  prompt: string;
  output: string;
  created_at: number;
}

export interface RunEventRow {
  id: number | string | null;
  run_id: string;
  step: number;
  level: "debug" | "info" | "warn" | "error";
  kind: string;
  message: string;
  payload: unknown;
  created_at: number;
}

export interface Checkpoint {
  run_id: string;
  step: number;
  filename: string;
  file_path: string;
  file_size: number;
  created_at: number;
}

/** A row of /v1/models. */
export interface Model {
  id: string;
  created: number; // s since 1970
  step: number;
  steps: number[];
  best_step: number | null;
  n_params: number;
  max_model_len: number | null;
  is_loaded: boolean;
  is_loading: boolean;
  loaded_steps: number[];
  size_bytes: number;
  loaded_bytes: number | null;
}

export interface SystemModel {
  id: string;
  running: number;
  waiting: number;
  size_bytes: number;
  kv_blocks_used: number;
  kv_blocks_cached: number;
  kv_blocks_free: number;
  preemptions: number;
  prompt_total: number;
  generated_total: number;
}

export interface System {
  version: string;
  started_at: number;
  uptime_seconds: number;
  backend: string;
  n_threads: number;
  is_draining: boolean;
  memory: { resident_bytes: number; models_bytes: number; max_models_bytes: number };
  connections: number;
  requests: {
    running: number;
    waiting: number;
    max_sessions: number;
    max_waiting: number;
    finished_total: number;
  };
  tokens: { prompt_total: number; cached_total: number; generated_total: number };
  models: SystemModel[];
  host: { cpu: string; n_cpus: number; memory_bytes: number; os: string };
  versions: Record<string, string>;
  folders: string[];
}

export interface Piece {
  id: number;
  piece: string;
}

/** What a model thought of a token: its own, and the likeliest instead of it. */
export interface TokenScore {
  text: string;
  logprob: number;
  top: { text: string; logprob: number }[]; // the likeliest first
}
